//! What goes to the lab: commands, each kind once at a time, and drafts of what is being typed.

use super::{App, Pending};
use crate::lab::message::{Action, Command, Snapshot};
use crate::show::link::Link;
use crate::show::popup::Popup;
use crate::show::screen::Place;

impl<L: Link> App<L> {
    /// Sends a command, unless one of its kind still waits (a held key must not act twice). Notes, markers and
    /// answers always go.
    pub(super) fn send(&mut self, action: Action, then: Option<Place>) {
        self.send_as(action, then, None);
    }

    /// The same for what was typed into a field with a draft.
    pub(super) fn send_as(&mut self, action: Action, then: Option<Place>, draft: Option<String>) {
        use Action::{Draft, Mark, Moment, Note, Place as Electrode, Rate, Segment, Unrate};
        let repeatable = match &action {
            Note { .. } | Mark { .. } | Rate { .. } | Unrate { .. } | Draft { .. } | Segment { .. } | Electrode { .. } => true,
            // A held key says the same thing again and again; a second press of the other key does not.
            Moment { toggle, .. } => *toggle,
            _ => false,
        };
        let kind = std::mem::discriminant(&action);
        if !repeatable && self.pending.iter().any(|p| std::mem::discriminant(&p.action) == kind) {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.pending.push(Pending { id, action: action.clone(), then, draft });
        self.link.send(Command { id, action });
    }

    /// Opens a box; one that asks for text begins with what was typed into it and lost with a terminal or a lab.
    pub(super) fn ask(&mut self, mut popup: Popup, snapshot: &Snapshot) {
        popup.open(snapshot);
        if let Some((field, _)) = popup.draft() {
            let kept = self.drafts.get(&field).or_else(|| snapshot.guided.drafts.get(&field)).filter(|text| !text.is_empty());
            kept.into_iter().for_each(|text| popup.fill(text));
        }
        self.popup = Some(popup);
    }

    /// What stands in the open box goes to the lab, where it outlives this terminal.
    pub(super) fn keep_draft(&mut self) {
        if let Some((field, text)) = self.popup.as_ref().and_then(Popup::draft) {
            self.put_draft(field, text);
        }
    }

    pub(super) fn put_draft(&mut self, field: String, text: String) {
        if text.is_empty() {
            self.end_draft(field);
        } else if self.drafts.get(&field) != Some(&text) {
            self.drafts.insert(field.clone(), text.clone());
            self.send(Action::Draft { field, text }, None);
        }
    }

    /// The text was sent, emptied or left on purpose: nobody meets it again.
    pub(super) fn end_draft(&mut self, field: String) {
        // It is the draft of whoever has the keyboard.
        if self.looks_on() {
            return;
        }
        let kept = self.snapshot.as_ref().is_some_and(|s| s.guided.drafts.contains_key(&field));
        if self.drafts.get(&field).map_or(kept, |text| !text.is_empty()) {
            self.send(Action::Draft { field: field.clone(), text: String::new() }, None);
        }
        self.drafts.insert(field, String::new());
    }

    /// The form on this screen is left on purpose: it opens empty next time.
    pub(super) fn leave_form(&mut self, place: Place) {
        if let Some((field, _)) = self.screens.get(&place).and_then(|s| s.draft()) {
            self.screens.insert(place, place.open());
            self.end_draft(field.into());
        }
    }

    /// The keyboard went to another terminal, which has taken up what was typed here.
    pub(super) fn give_up_forms(&mut self) {
        self.drafts.clear();
        for (place, screen) in &mut self.screens {
            if screen.draft().is_some() {
                *screen = place.open();
            }
        }
    }

    /// What stands in the fields of a screen, likewise.
    pub(super) fn keep_form(&mut self, place: Place) {
        if let Some((field, text)) = self.screens.get(&place).and_then(|s| s.draft()) {
            self.put_draft(field.into(), text);
        }
    }

    /// Untouched screens take up what was typed into them in a terminal that is gone.
    pub(super) fn take_up_forms(&mut self, snapshot: &Snapshot) {
        for screen in self.screens.values_mut() {
            let untouched = screen.draft().filter(|(_, text)| text.is_empty());
            let Some((field, _)) = untouched.filter(|(field, _)| !self.drafts.contains_key(*field)) else { continue };
            if let Some(text) = snapshot.guided.drafts.get(field) {
                screen.take_up(text);
            }
        }
    }
}
