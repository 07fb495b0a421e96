//! What the lab says: answers to commands, once what they changed is durable, and news.

use super::{LOG_LINES, Lab};
use crate::lab::message::{Catalogue, Event};
use crate::lab::rigs;
use crate::signal::Marker;
use crate::store::rows::{Entry, SessionId};
use std::sync::Arc;

impl Lab {
    /// Answers and news since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn refuse_waiting(&mut self, why: &str) {
        for (_, id) in std::mem::take(&mut self.waiting) {
            self.events.push(Event::Refused { id, why: format!("not saved: {why}") });
        }
        self.news(format!("something could not be saved: {why}"));
    }

    pub(super) fn answer_until(&mut self, durable: u64) {
        while self.waiting.front().is_some_and(|(ticket, _)| *ticket <= durable) {
            if let Some((_, id)) = self.waiting.pop_front() {
                self.events.push(Event::Acknowledged { id });
            }
        }
    }

    /// Applies a command with this id through `apply`, once. What it writes is waited for before it is acknowledged.
    pub(in crate::lab) fn once(&mut self, id: u64, apply: impl FnOnce(&mut Lab) -> Result<(), String>) {
        if !self.applied.insert(id) {
            return;
        }
        let before = self.tickets;
        match apply(self) {
            Err(why) => self.events.push(Event::Refused { id, why }),
            Ok(()) if self.tickets > before && self.recording.is_some() => self.waiting.push_back((self.tickets, id)),
            Ok(()) if self.is_under_way(id) => {}
            Ok(()) => self.events.push(Event::Acknowledged { id }),
        }
    }

    /// The answer to a command whose errand has ended.
    pub(in crate::lab) fn answer(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes a row of the current session; a command that did so is acknowledged when the row is durable.
    pub(in crate::lab) fn journal(&mut self, entry: impl FnOnce(SessionId) -> Entry) {
        if let Some(recording) = &mut self.recording {
            self.tickets += 1;
            recording.journal(entry, self.tickets);
        }
    }

    pub(in crate::lab) fn journal_marker(&mut self, marker: Marker) {
        self.journal(|id| Entry::Marker(id, marker));
    }

    /// A line for the log of every screen.
    pub(in crate::lab) fn news(&mut self, text: String) {
        let at = self.options.clock.now();
        self.log.push_back((at, text.clone()));
        if self.log.len() > LOG_LINES {
            self.log.pop_front();
        }
        self.events.push(Event::News { at, text });
    }

    pub(in crate::lab) fn refresh_catalogue(&mut self) {
        let sessions = self.home.sessions();
        let catalogue = sessions.and_then(|mut sessions| {
            self.tell_unclosed(&mut sessions);
            Ok(Catalogue {
                participants: self.home.participants()?,
                sessions,
                usable: self.home.usable_trials()?,
                models: self.home.models()?,
                rigs: rigs::beside(&self.options.home),
                doctor: self.options.doctor.as_ref().map(|ask| ask()).unwrap_or_default(),
            })
        });
        match catalogue {
            Ok(catalogue) => self.catalogue = Arc::new(catalogue),
            Err(e) => self.news(e.to_string()),
        }
    }
}
