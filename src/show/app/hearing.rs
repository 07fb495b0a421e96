//! What the lab says, and the screens that follow it.

use super::{App, Message};
use crate::lab::message::{Action, Event};
use crate::present::Phase;
use crate::show::link::{Left, Link, Standing};
use crate::show::screen::Place;
use crate::show::words;

impl<L: Link> App<L> {
    pub(super) fn hear(&mut self, event: Event) {
        self.take_in(event);
        if !self.pending.iter().any(|p| matches!(p.action, Action::Rate { .. } | Action::Unrate { .. })) {
            self.screens.values_mut().for_each(|screen| screen.settled());
        }
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Acknowledged { id } => {
                let Some(at) = self.pending.iter().position(|p| p.id == id) else { return };
                let done = self.pending.remove(at);
                if done.action == Action::Quit {
                    self.left = Some(Left::Quit);
                }
                if !matches!(done.action, Action::Draft { .. } | Action::Moment { .. }) {
                    self.message = Some(Message::Saved(words::done(&done.action)));
                }
                if let Some(field) = done.draft {
                    self.end_draft(field);
                }
                if matches!(done.action, Action::Prepare { .. }) {
                    self.leave_form(Place::Participant);
                }
                if let Some(place) = done.then {
                    self.go(place);
                }
            }
            Event::Refused { id, why } => {
                if let Some(at) = self.pending.iter().position(|p| p.id == id) {
                    let refused = self.pending.remove(at);
                    if refused.action == Action::Quit {
                        (self.leaving, self.held) = (false, true);
                    }
                }
                self.message = Some(Message::Refused(why));
            }
            // A refusal stays until the next key; news may not cover it.
            Event::News { text, .. } => {
                if !matches!(self.message, Some(Message::Refused(_))) {
                    self.message = Some(Message::News(text));
                }
            }
        }
    }

    /// The session moves the screens by itself: trials, ratings, summary.
    pub(super) fn follow(&mut self, first: bool) {
        let Some(snapshot) = &self.snapshot else { return };
        let here = if self.place == Place::Help { self.behind } else { self.place };
        let wanted = match snapshot.protocol.phase {
            Phase::Waiting => return,
            Phase::Finished | Phase::Aborted => Place::Summary,
            Phase::Rating => Place::Rating,
            _ => Place::Session,
        };
        let moves = match here {
            Place::Session | Place::Rating => true,
            Place::Gate | Place::Camera | Place::Playlist => snapshot.recording,
            // Someone who comes back to a running session is taken to it, and so is who looks on.
            _ => (first || self.link.standing() == Standing::Watching) && snapshot.recording,
        };
        if moves && self.place == Place::Help {
            self.behind = wanted;
        } else if moves && here != wanted {
            self.go(wanted);
        }
    }
}
