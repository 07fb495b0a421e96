//! Commands once each: which client's command has which number in the lab, and how it was answered.
//!
//! A client that lost its line repeats what was not answered. The lab must neither do it twice nor leave it without
//! an answer, whichever connection it comes over.

use crate::lab::message::Event;
use std::collections::{HashMap, VecDeque};

/// Answered commands that are remembered. A client repeats only what it has no answer to, a handful at most.
const REMEMBERED: usize = 4096;

/// A client's name and its own number of a command.
pub type Key = (u64, u64);

/// What is known about a command that comes in.
#[derive(Debug, PartialEq)]
pub enum Known {
    /// Never heard: give it to the lab under this number.
    New(u64),
    /// The lab has it; its answer will come.
    Waiting,
    /// It was answered so.
    Answered(Event),
}

#[derive(Debug, Default)]
pub struct Ledger {
    /// None: not answered yet.
    answers: HashMap<Key, Option<Event>>,
    /// Answered ones, oldest first.
    order: VecDeque<Key>,
    /// By the lab's number.
    waiting: HashMap<u64, Key>,
    last: u64,
}

impl Ledger {
    /// The command has come before.
    pub fn knows(&self, key: Key) -> bool {
        self.answers.contains_key(&key)
    }

    /// A command comes in.
    pub fn hear(&mut self, key: Key) -> Known {
        match self.answers.get(&key) {
            Some(Some(answer)) => Known::Answered(answer.clone()),
            Some(None) => Known::Waiting,
            None => {
                self.last += 1;
                self.answers.insert(key, None);
                self.waiting.insert(self.last, key);
                Known::New(self.last)
            }
        }
    }

    /// A number for a command of the server itself.
    pub fn own(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The lab's event in the words of the client whom it concerns, or as it is where it concerns everybody. None for
    /// the server's own commands.
    pub fn answered(&mut self, event: Event) -> Option<(Option<Key>, Event)> {
        let inner = match &event {
            Event::News { .. } => return Some((None, event)),
            Event::Acknowledged { id } | Event::Refused { id, .. } => *id,
        };
        let key = self.waiting.remove(&inner)?;
        let answer = match event {
            Event::Refused { why, .. } => Event::Refused { id: key.1, why },
            _ => Event::Acknowledged { id: key.1 },
        };
        self.answers.insert(key, Some(answer.clone()));
        self.order.push_back(key);
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
        Some((Some(key), answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_new_once_and_its_answer_is_kept() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.hear((7, 1)), Known::New(1));
        assert_eq!(ledger.hear((7, 1)), Known::Waiting);
        assert_eq!(ledger.hear((8, 1)), Known::New(2), "another client's command of the same number");
        let refused = |id| Event::Refused { id, why: "no".into() };
        assert_eq!(ledger.answered(refused(2)), Some((Some((8, 1)), refused(1))));
        assert_eq!(ledger.hear((8, 1)), Known::Answered(refused(1)));
        assert_eq!(ledger.answered(refused(2)), None, "the lab answers once");
        let news = Event::News { at: 0, text: "x".into() };
        assert_eq!(ledger.answered(news.clone()), Some((None, news)));
        assert_eq!(ledger.own(), 3);
    }

    #[test]
    fn it_forgets_only_what_was_answered_long_ago() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.hear((1, u64::MAX)), Known::New(1));
        for id in 0..2 * REMEMBERED as u64 {
            let Known::New(inner) = ledger.hear((1, id)) else { panic!("new") };
            ledger.answered(Event::Acknowledged { id: inner });
        }
        assert_eq!(ledger.answers.len(), REMEMBERED + 1);
        assert_eq!(ledger.hear((1, u64::MAX)), Known::Waiting);
        let last = 2 * REMEMBERED as u64 - 1;
        assert_eq!(ledger.hear((1, last)), Known::Answered(Event::Acknowledged { id: last }));
    }
}
