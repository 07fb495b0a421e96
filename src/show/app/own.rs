//! Keys that work on every screen, and what a key leads to.

use super::{App, HASTE, Message};
use crate::lab::message::{Action, Snapshot};
use crate::show::link::{Left, Link};
use crate::show::popup::{self, Popup, Purpose};
use crate::show::screen::{Letters, Next, Place};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Why a box does not open.
const LOOKS_ON: &str = "This terminal only looks on; `limbic attach` takes the keyboard.";

impl<L: Link> App<L> {
    /// Keys that work on every screen.
    pub(super) fn own_key(&self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let letters = self.screens.get(&self.place).map_or(Letters::Keys, |s| s.letters());
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::F(1) => Next::Go(Place::Help),
            KeyCode::Char('?') if letters != Letters::Text => Next::Go(Place::Help),
            KeyCode::Char('n') if snapshot.session.is_some() && (alt || letters == Letters::Keys) => {
                Next::Ask(Popup::ask(Purpose::Note))
            }
            KeyCode::Char('m') if snapshot.recording && (alt || letters == Letters::Keys) => Next::Ask(Popup::ask(Purpose::Mark)),
            KeyCode::Char('q') if letters == Letters::Keys && self.looks_on() => Next::Leave,
            KeyCode::Char('q') if letters == Letters::Keys => Next::Ask(popup::leave_box(snapshot, self.stays())),
            KeyCode::Char('d') if letters == Letters::Keys && self.stays() => Next::Leave,
            _ => Next::Stay,
        }
    }

    /// Ctrl-C: never ends a recording; elsewhere leaves cleanly, and a second one leaves at once.
    pub(super) fn interrupt(&mut self, snapshot: &Snapshot) {
        if self.looks_on() {
            self.left = Some(Left::Detached);
        } else if snapshot.recording && !self.leaving {
            self.popup = Some(popup::pause_box(snapshot, self.stays()));
        } else if self.leaving {
            self.left = Some(Left::Quit);
        } else if self.held && self.stays() {
            self.left = Some(Left::Detached);
        } else {
            self.popup = None;
            self.carry_out(Next::Quit, snapshot);
        }
    }

    pub(super) fn carry_out(&mut self, next: Next, snapshot: &Snapshot) {
        match next {
            Next::Pass | Next::Stay => {}
            Next::Go(Place::Help) if self.place == Place::Help => self.place = self.behind,
            Next::Go(place) => self.go(place),
            Next::Do(action) | Next::DoThen(action, _) if self.haste.forbids(&action) => {
                self.message = Some(Message::Refused(HASTE.into()));
            }
            Next::Do(action) => self.send(action, None),
            Next::DoThen(action, place) => self.send(action, Some(place)),
            Next::All(actions) => actions.into_iter().for_each(|action| self.send(action, None)),
            Next::Ask(_) if self.looks_on() => self.message = Some(Message::Refused(LOOKS_ON.into())),
            Next::Ask(popup) => self.ask(popup, snapshot),
            Next::Say(text) => self.message = Some(Message::Refused(text)),
            Next::Leave => self.left = Some(Left::Detached),
            Next::Quit if self.looks_on() => self.left = Some(Left::Detached),
            Next::Quit if snapshot.recording => self.popup = Some(popup::pause_box(snapshot, self.stays())),
            Next::Quit => {
                self.leave_form(self.place);
                self.leaving = true;
                self.send(Action::Quit, None);
            }
        }
    }
}
