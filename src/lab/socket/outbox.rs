//! What a visitor has yet to be told: events in order, and one slot for the latest snapshot.
//!
//! A newer snapshot replaces an older one that was not sent; events are few and bounded. So a visitor that does not
//! read costs a fixed amount of memory until it is dropped.

use super::pace::Pace;
use super::sight::Sight;
use super::wire::Tell;
use crate::lab::message::Snapshot;
use crate::signal::{Nanos, SECOND};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Events that may wait; a visitor that is so far behind is dropped.
const MOST_WAITING: usize = 1024;
/// Commands of a visitor that may be without an answer; its further ones are not read meanwhile.
const MOST_UNANSWERED: usize = 32;
/// A visitor that takes up nothing for so long is dropped; it may come back.
const SILENCE: Nanos = 10 * SECOND;
/// How often the writer looks up by itself.
const LOOK: Duration = Duration::from_millis(200);

/// Shared by the server, which fills it, and the visitor's two threads.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    tells: VecDeque<Tell>,
    snapshot: Option<Arc<Snapshot>>,
    pace: Pace,
    unanswered: usize,
    sight: Sight,
    done: bool,
}

/// What the writer does next.
pub enum Step {
    Tell(Tell),
    /// Show of this what the visitor may see.
    Show(Arc<Snapshot>, Sight),
    Look,
    /// Nothing was taken up for too long.
    Overdue,
    Done,
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds something to tell.
    pub fn tell(&self, tell: Tell) {
        let mut state = self.state();
        if state.tells.len() >= MOST_WAITING {
            state.tells.clear();
            state.tells.push_back(Tell::Goodbye { why: "this terminal is too far behind; attach again".into() });
            state.done = true;
        } else if !state.done {
            state.tells.push_back(tell);
        }
        self.bell.notify_one();
    }

    /// Offers a snapshot; it replaces one that was not sent.
    pub fn show(&self, snapshot: &Arc<Snapshot>) {
        let mut state = self.state();
        if !state.done {
            state.snapshot = Some(snapshot.clone());
            self.bell.notify_one();
        }
    }

    /// From now on the visitor sees so much.
    pub fn sees(&self, sight: Sight) {
        self.state().sight = sight;
    }

    /// The visitor took up that snapshot.
    pub fn seen(&self, seq: u64, now: Nanos) {
        self.state().pace.seen(seq, now);
        self.bell.notify_one();
    }

    /// One sentence, then the line is closed.
    pub fn finish(&self, why: Option<String>) {
        let mut state = self.state();
        if let Some(why) = why.filter(|_| !state.done) {
            state.tells.push_back(Tell::Goodbye { why });
        }
        (state.done, state.snapshot) = (true, None);
        self.bell.notify_one();
    }

    /// Takes note of a command that came in; waits while too many have no answer. False when the visitor is leaving.
    pub fn admit(&self) -> bool {
        let mut state = self.state();
        while state.unanswered >= MOST_UNANSWERED && !state.done {
            state = self.bell.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.unanswered += 1;
        !state.done
    }

    /// A command was answered.
    pub fn answered(&self) {
        let mut state = self.state();
        state.unanswered = state.unanswered.saturating_sub(1);
        self.bell.notify_all();
    }

    /// What to do next; waits for something to do, but not long.
    pub fn next(&self, now: impl Fn() -> Nanos) -> Step {
        let mut state = self.state();
        if let Some(tell) = state.tells.pop_front() {
            return Step::Tell(tell);
        }
        if state.done {
            return Step::Done;
        }
        if state.pace.silence(now()) > SILENCE {
            return Step::Overdue;
        }
        let wait = state.pace.wait(now());
        if wait == Some(0)
            && let Some(snapshot) = state.snapshot.take()
        {
            state.pace.shown(snapshot.seq, now());
            return Step::Show(snapshot, state.sight);
        }
        // With nothing to show only the bell matters; with something, the pace does too.
        let due = wait.filter(|_| state.snapshot.is_some()).map_or(LOOK, |w| Duration::from_nanos(w.max(1).unsigned_abs()));
        drop(self.bell.wait_timeout(state, due.min(LOOK)).unwrap_or_else(PoisonError::into_inner));
        Step::Look
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::message::Event;

    fn news(n: i64) -> Tell {
        Tell::Event(Event::News { at: n, text: String::new() })
    }

    #[test]
    fn events_keep_their_order_and_the_end_comes_last() {
        let outbox = Outbox::default();
        (0..3).for_each(|n| outbox.tell(news(n)));
        outbox.finish(Some("bye".into()));
        outbox.tell(news(3));
        let mut told = Vec::new();
        while let Step::Tell(tell) = outbox.next(|| 0) {
            told.push(tell);
        }
        assert_eq!(told, [news(0), news(1), news(2), Tell::Goodbye { why: "bye".into() }]);
        assert!(matches!(outbox.next(|| 0), Step::Done));
    }

    #[test]
    fn a_visitor_that_never_reads_costs_a_bounded_amount() {
        let outbox = Outbox::default();
        (0..10_000).for_each(|n| outbox.tell(news(n)));
        let state = outbox.state();
        assert!(state.done && state.tells.len() == 1);
    }

    #[test]
    fn commands_without_an_answer_are_bounded() {
        let outbox = Arc::new(Outbox::default());
        (0..MOST_UNANSWERED).for_each(|_| assert!(outbox.admit()));
        let theirs = outbox.clone();
        let waits = std::thread::spawn(move || theirs.admit());
        std::thread::sleep(Duration::from_millis(50));
        assert!(!waits.is_finished(), "one more must wait");
        outbox.answered();
        assert!(waits.join().expect("ends"));
    }
}
