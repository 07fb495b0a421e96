//! The electrodes' marks: kept in the lab, stored with the session, heeded by the gate.

use crate::lab::Lab;
use crate::lab::guided::Electrode;
use crate::signal::{Nanos, Placed, Placement, Role, StreamInfo};
use crate::store::rows::Entry;

/// Longest note on an electrode, in characters.
const LONGEST_NOTE: usize = 200;

/// The marks of the rig that is connected, by label.
#[derive(Debug, Default)]
pub struct Marks(Vec<Placement>);

impl Marks {
    fn of(&self, label: &str) -> Option<&Placement> {
        self.0.iter().find(|m| m.label == label)
    }

    fn put(&mut self, mark: Placement) {
        self.0.retain(|m| m.label != mark.label);
        self.0.push(mark);
    }

    /// Labels of what is marked as bad.
    pub fn bad(&self) -> Vec<String> {
        self.0.iter().filter(|m| m.state == Placed::Bad).map(|m| m.label.clone()).collect()
    }
}

/// Channels that sit on the participant: (role, stream, label).
fn worn(streams: &[StreamInfo]) -> impl Iterator<Item = (Role, &StreamInfo, &str)> {
    streams.iter().flat_map(|stream| {
        let on_body = |role: Role| matches!(role, Role::Eeg | Role::Ecg | Role::Ppg);
        stream.channels.iter().filter(move |c| on_body(c.role)).map(move |c| (c.role, stream, c.label.as_str()))
    })
}

impl Lab {
    /// Marks one electrode; durable with the session that is prepared.
    pub(super) fn place(&mut self, label: &str, state: Placed, note: String) -> Result<(), String> {
        let streams = self.devices.streams();
        if self.recording.is_none() {
            return Err("nobody is prepared yet; enter the participant first, so that the mark can be stored".into());
        }
        if self.setup.is_none() {
            return Err("no rig is connected, so that there is no electrode to mark; connect one".into());
        }
        let Some((_, _, label)) = worn(&streams).find(|(_, _, l)| l.eq_ignore_ascii_case(label)) else {
            return Err(format!("the rig has no electrode called {label}"));
        };
        if note.chars().count() > LONGEST_NOTE {
            return Err(format!("the note on {label} is longer than {LONGEST_NOTE} characters; shorten it"));
        }
        let now = self.options.clock.now();
        let mark = Placement { label: label.into(), state, note, at: now, contact: self.judge.contact(label, now) };
        self.marks.put(mark.clone());
        self.judge.leave_out(self.marks.bad());
        self.journal(|id| Entry::Placement(id, mark));
        Ok(())
    }

    /// After a rig was connected: marks that were made before hold on for the electrodes that are still there.
    pub(super) fn recall_marks(&mut self) {
        let streams = self.devices.streams();
        self.marks.0.retain(|m| worn(&streams).any(|(_, _, l)| l == m.label));
        self.judge.leave_out(self.marks.bad());
    }

    /// Another participant: nothing is placed any more.
    pub(super) fn forget_marks(&mut self) {
        self.marks = Marks::default();
        self.judge.leave_out(Vec::new());
    }

    /// An interrupted session goes on with the marks that it had.
    pub(super) fn remember_marks(&mut self, marks: Vec<Placement>) {
        self.marks = Marks(marks);
        self.judge.leave_out(self.marks.bad());
    }

    /// Every electrode of the rig with its mark.
    pub(super) fn electrodes(&self, now: Nanos) -> Vec<Electrode> {
        let streams = self.devices.streams();
        let electrode = |(role, stream, label): (Role, &StreamInfo, &str)| {
            let mark = self.marks.of(label).cloned();
            let mark = mark.unwrap_or_else(|| Placement { label: label.into(), ..Placement::default() });
            Electrode { role, stream: stream.id, mark, contact: self.judge.contact(label, now) }
        };
        worn(&streams).map(electrode).collect()
    }
}
