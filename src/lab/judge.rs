//! The gate on live data: EEG by its own live gate, heart and face beside it, and the quality of each trial.

mod eeg;
mod others;

use crate::gate::{ChannelQuality, Contact, QualityReport, Reason, Verdict};
use crate::rig::{GateRig, Rig};
use crate::signal::{Chunk, Frame, Nanos, Role, SECOND, StreamId, StreamInfo, StreamKind};
use eeg::Eeg;
use others::{Face, Heart};

/// The gate does not answer before it has seen so much, s.
const ENOUGH_S: f64 = 10.0;
/// The live gate needs this much context behind its newest window, s.
const LATE_S: f64 = 2.0;
/// Longer than any video: a trial's windows are all kept.
const TRIAL_WINDOW_S: f64 = 7200.0;

/// Judges what has come in.
#[derive(Default)]
pub struct Judge {
    rig: GateRig,
    eeg: Vec<Eeg>,
    hearts: Vec<Heart>,
    faces: Vec<Face>,
    contacts: Vec<Grades>,
    /// Electrodes that the experimenter marked as bad.
    marked: Vec<String>,
    refreshed: Option<Nanos>,
    report: Option<QualityReport>,
    /// Sentences about streams that cannot be judged.
    pub trouble: Vec<String>,
}

/// A stream in which the device grades its electrodes.
struct Grades {
    stream: StreamId,
    /// Column and electrode.
    electrodes: Vec<(usize, String)>,
    contact: Contact,
}

impl Judge {
    /// For these streams, by the rig's thresholds.
    pub fn new(streams: &[StreamInfo], rig: &Rig) -> Judge {
        let mut judge = Judge { rig: rig.gate.clone(), ..Judge::default() };
        for info in streams {
            if info.kind == StreamKind::Face {
                judge.faces.push(Face::of(info));
                continue;
            }
            let graded = info.with_role(Role::Contact);
            if !graded.is_empty() {
                let electrodes = graded.into_iter().map(|i| (i, info.channels[i].label.clone())).collect();
                judge.contacts.push(Grades { stream: info.id, electrodes, contact: Contact::default() });
            }
            match Eeg::of(info, rig) {
                Some(Ok(eeg)) => judge.eeg.push(eeg),
                Some(Err(e)) => judge.trouble.push(format!("{}: {e}", info.name)),
                None => {}
            }
            judge.hearts.extend(Heart::all_of(info));
        }
        judge
    }

    /// Takes in samples.
    pub fn samples(&mut self, chunk: &Chunk) {
        self.eeg.iter_mut().filter(|e| e.stream == chunk.stream).for_each(|e| e.push(chunk));
        for grades in self.contacts.iter_mut().filter(|g| g.stream == chunk.stream) {
            for (column, label) in &grades.electrodes {
                chunk.channel(*column).for_each(|grade| grades.contact.push(label, chunk.arrived, f64::from(grade)));
            }
        }
        self.hearts.iter_mut().filter(|h| h.stream == chunk.stream).for_each(|h| h.push(chunk));
    }

    /// Takes in a video frame.
    pub fn frame(&mut self, frame: &Frame) {
        self.faces.iter_mut().filter(|f| f.stream == frame.stream).for_each(|f| f.push(frame));
    }

    /// Judges anew, at most once a second.
    pub fn refresh(&mut self, now: Nanos) {
        if self.refreshed.is_some_and(|at| now - at < SECOND) {
            return;
        }
        self.refreshed = Some(now);
        self.eeg.iter_mut().for_each(|e| e.presume(now));
        let others: Vec<ChannelQuality> =
            self.hearts.iter().map(Heart::quality).chain(self.faces.iter_mut().map(|f| f.quality(now))).collect();
        let mut eeg = merge(self.eeg.iter().map(|e| e.gate.report()).collect());
        self.contacts.iter().for_each(|grades| grades.contact.apply(&mut eeg, now));
        leave_out(&mut eeg, &self.marked);
        self.report = (!self.eeg.is_empty() || !others.is_empty()).then_some(QualityReport { others, ..eeg });
    }

    /// These electrodes count as bad from now on, whatever they deliver.
    pub fn leave_out(&mut self, labels: Vec<String>) {
        self.marked = labels;
        self.refreshed = None;
    }

    /// What the device says of an electrode's contact: 0 to 4, or a percentage above 4.
    pub fn contact(&self, label: &str, now: Nanos) -> Option<f64> {
        self.contacts.iter().find_map(|grades| grades.contact.mean(label, now))
    }

    /// The last report, if there is something to judge.
    pub fn report(&self) -> Option<QualityReport> {
        self.report.clone()
    }

    /// The gate's answer to the last report.
    pub fn verdict(&self) -> Verdict {
        let judged = self.report.as_ref().map_or(0.0, |r| r.seconds);
        let enough = ENOUGH_S.min(self.rig.window_s) - LATE_S;
        if judged > 0.0 && judged < enough {
            let why = format!("{judged:.0} of {enough:.0} s judged so far; wait");
            return Verdict { pass: false, why, advice: Vec::new() };
        }
        crate::gate::verdict(self.report.as_ref().unwrap_or(&merge(Vec::new())), &self.rig)
    }

    /// A video begins: its EEG is judged by itself.
    pub fn begin_trial(&mut self) {
        // A gate over this stream could be made before.
        self.eeg.iter_mut().for_each(|e| e.trial = e.fresh(TRIAL_WINDOW_S).ok());
    }

    /// The video has ended: mean EEG quality over it, 0-100; None where it was too short to be judged.
    pub fn end_trial(&mut self) -> Option<f64> {
        let reports = self.eeg.iter_mut().filter_map(|e| e.trial.take()).map(|gate| gate.report());
        let reports: Vec<QualityReport> = reports.filter(|r| r.seconds > 0.0).collect();
        (!reports.is_empty()).then(|| {
            let mut report = merge(reports);
            leave_out(&mut report, &self.marked);
            report.overall
        })
    }
}

/// Marked electrodes score nothing and count among the bad ones; the session's score is that of the others.
fn leave_out(report: &mut QualityReport, marked: &[String]) {
    if marked.is_empty() {
        return;
    }
    for channel in report.channels.iter_mut().filter(|c| marked.contains(&c.label)) {
        channel.detail = format!("marked bad by the experimenter (its own score: {:.0})", channel.score);
        (channel.score, channel.reason) = (0.0, Some(Reason::Marked));
    }
    let used: Vec<f64> = report.channels.iter().filter(|c| c.reason != Some(Reason::Marked)).map(|c| c.score).collect();
    report.overall = used.iter().sum::<f64>() / used.len().max(1) as f64 * report.completeness;
}

/// One report over several streams: channels side by side, each stream weighing as many as it has.
fn merge(reports: Vec<QualityReport>) -> QualityReport {
    let all: usize = reports.iter().map(|r| r.channels.len()).sum();
    let weighted = |f: &dyn Fn(&QualityReport) -> f64| {
        reports.iter().map(|r| f(r) * r.channels.len() as f64).sum::<f64>() / all.max(1) as f64
    };
    QualityReport {
        overall: weighted(&|r| r.overall),
        completeness: if all == 0 { 1.0 } else { weighted(&|r| r.completeness) },
        seconds: reports.iter().map(|r| r.seconds).fold(f64::INFINITY, f64::min).min(1e9) * f64::from(all > 0),
        channels: reports.iter().flat_map(|r| r.channels.clone()).collect(),
        others: Vec::new(),
        bridged: reports.iter().flat_map(|r| r.bridged.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
