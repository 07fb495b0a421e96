//! Keys that work on every screen, and what a key leads to.

use super::{App, HASTE, Message};
use crate::lab::message::{Action, Snapshot};
use crate::present::Phase;
use crate::show::link::{Left, Link};
use crate::show::popup::{self, Popup, Purpose};
use crate::show::screen::{Letters, Next, Place};
use crate::signal::{Nanos, SECOND};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Why a box does not open.
const LOOKS_ON: &str = "This terminal only looks on; `limbic attach` takes the keyboard.";

/// How long the questions of a trial take no answer from this terminal.
const FRESH: Nanos = 3 * SECOND / 2;
const TOO_FRESH: &str = "The questions have only just come, and that key answered nothing; press it again.";
/// What is known of a lab that cannot be reached.
const UNKNOWN: &str = "the line to the lab was broken when this terminal left: the lab may have ended, and the recording with it; \
                       `limbic attach` tries again, and `limbic sessions` lists what is stored";

/// The box of a marker for what happens now.
fn marker(snapshot: &Snapshot) -> Popup {
    Popup::ask(Purpose::Mark(snapshot.now, snapshot.protocol.trial))
}

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
            KeyCode::Char('m') if snapshot.recording && (alt || letters == Letters::Keys) => Next::Ask(marker(snapshot)),
            KeyCode::Char('q') if letters == Letters::Keys && self.looks_on() => Next::Leave,
            KeyCode::Char('q') if letters == Letters::Keys => Next::Ask(popup::leave_box(snapshot, self.stays())),
            KeyCode::Char('d') if letters == Letters::Keys && self.stays() => Next::Leave,
            _ => Next::Stay,
        }
    }

    /// The questions have only just taken the place of the video. A letter that was on its way is no answer to them: those of
    /// notes and markers mean what they meant a moment ago, others nothing. `None`: the key is for the screen.
    pub(super) fn fresh_key(&self, key: KeyEvent, snapshot: &Snapshot) -> Option<Next> {
        let since = snapshot.now - snapshot.protocol.phase_started;
        let fresh = self.place == Place::Rating && snapshot.protocol.phase == Phase::Rating && since < FRESH;
        match key.code {
            _ if !fresh || key.modifiers.contains(KeyModifiers::ALT) => None,
            KeyCode::Char('n') => Some(Next::Ask(Popup::ask(Purpose::Note))),
            KeyCode::Char('m') => Some(Next::Ask(marker(snapshot))),
            // Capitals are orders of the experimenter on this screen, too.
            KeyCode::Char('a'..='z' | '0'..='9' | ' ') | KeyCode::Enter => Some(Next::Say(TOO_FRESH.into())),
            _ => None,
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
            self.left = Some(self.detached());
        } else {
            self.popup = None;
            self.carry_out(Next::Quit, snapshot);
        }
    }

    /// Leaving says that the lab goes on only where that is known.
    fn detached(&self) -> Left {
        if self.link.broken() { Left::Ended(UNKNOWN.into()) } else { Left::Detached }
    }

    pub(super) fn carry_out(&mut self, next: Next, snapshot: &Snapshot) {
        match next {
            Next::Pass | Next::Stay => {}
            Next::Go(Place::Help) if self.place == Place::Help => self.place = self.behind,
            Next::Go(place) => self.go(place),
            Next::Do(_) | Next::DoThen(..) | Next::All(_) if self.looks_on() => {
                self.message = Some(Message::Refused(LOOKS_ON.into()));
            }
            Next::Do(action) | Next::DoThen(action, _) if self.haste.forbids(&action) => {
                self.message = Some(Message::Refused(HASTE.into()));
            }
            Next::Do(action) => self.send(action, None),
            Next::DoThen(action, place) => self.send(action, Some(place)),
            Next::All(actions) => actions.into_iter().for_each(|action| self.send(action, None)),
            Next::Ask(_) if self.looks_on() => self.message = Some(Message::Refused(LOOKS_ON.into())),
            Next::Ask(popup) => self.ask(popup, snapshot),
            Next::Say(text) => self.message = Some(Message::Refused(text)),
            Next::Leave => self.left = Some(self.detached()),
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
