//! How often the terminal is drawn: additive increase, multiplicative decrease (Chiu and Jain 1989) on how long the
//! terminal's own answers take.
//!
//! A slow link hides itself: writes go into buffers that hold seconds of frames. So each frame ends in a question, and
//! while its answer is late nothing more is sent but what a key asks for.

use crate::signal::{Nanos, SECOND};
use std::collections::VecDeque;

/// "How are you?" (device status report); every terminal answers `CSI 0 n`.
pub const QUESTION: &[u8] = b"\x1b[5n";

/// Frames a second: at the start, at least, and where the terminal never answers.
const START: f64 = 5.0;
const LEAST: f64 = 1.0;
const UNANSWERED: f64 = 5.0;
/// An answer is late when it takes 1.5 times the shortest and this.
const SLACK: Nanos = 80 * SECOND / 1000;
/// An answer that has not come for so long never comes.
const PATIENCE: Nanos = 2 * SECOND;
/// Frames for keys that may be out beside the others: a held key must not fill the link.
const URGENT: usize = 3;
/// Questions without any answer, ever, after which none is asked any more.
const SILENT: u32 = 2;

/// One terminal's pace.
#[derive(Debug)]
pub struct Pace {
    most: f64,
    fps: f64,
    last: Option<Nanos>,
    shortest: Option<Nanos>,
    latest: Option<Nanos>,
    /// When the questions went that are not answered yet, oldest first.
    out: VecDeque<Nanos>,
    /// The rate was lowered since then; answers to older questions do not lower it again.
    lowered: Nanos,
    /// The rate was raised then; it is raised once a round trip.
    raised: Nanos,
    silent: u32,
}

impl Pace {
    /// At most `most` frames a second. `deaf`: somebody between us and the terminal answers in its place (tmux,
    /// screen), so that its answers tell nothing about the link.
    pub fn new(most: f64, deaf: bool) -> Self {
        let most = if most.is_finite() { most.clamp(0.5, 60.0) } else { 10.0 };
        Pace {
            most,
            fps: START.min(most),
            last: None,
            shortest: None,
            latest: None,
            out: VecDeque::new(),
            lowered: 0,
            raised: 0,
            silent: if deaf { SILENT } else { 0 },
        }
    }

    /// How long the next frame has to wait at `now`. `urgent`: it answers a key.
    pub fn wait(&mut self, now: Nanos, urgent: bool) -> Nanos {
        self.give_up(now);
        if urgent && self.out.len() < URGENT {
            return 0;
        }
        let held = self.out.front().map_or(0, |asked| if now - asked > self.bearable() { PATIENCE - (now - asked) } else { 0 });
        let gap = (SECOND as f64 / self.fps) as Nanos;
        self.last.map_or(0, |last| last + gap - now).max(held).max(0)
    }

    /// A frame is to end in a question.
    pub fn asks(&self) -> bool {
        !self.is_deaf()
    }

    /// A frame has gone, `asked`: with a question.
    pub fn shown(&mut self, now: Nanos, asked: bool) {
        self.last = Some(now);
        if asked {
            self.out.push_back(now);
        }
    }

    /// An answer has come.
    pub fn answered(&mut self, now: Nanos) {
        let Some(asked) = self.out.pop_front() else { return };
        self.silent = 0;
        let took = now - asked;
        let late = took > self.bearable();
        self.latest = Some(took);
        self.shortest = Some(self.shortest.map_or(took, |s| s.min(took)));
        if late {
            self.slower(now, asked);
        } else if now - self.raised >= took {
            (self.fps, self.raised) = ((self.fps + 1.0).min(self.most), now);
        }
    }

    /// The latest way to the terminal and back.
    pub fn round_trip(&self) -> Option<Nanos> {
        self.latest
    }

    /// Frames a second at present.
    pub fn rate(&self) -> f64 {
        self.fps
    }

    /// The terminal answers nothing, or not itself.
    fn is_deaf(&self) -> bool {
        self.silent >= SILENT
    }

    fn bearable(&self) -> Nanos {
        self.shortest.map_or(SECOND, |s| s + s / 2 + SLACK)
    }

    fn slower(&mut self, now: Nanos, asked: Nanos) {
        if asked >= self.lowered {
            self.fps = (self.fps / 2.0).max(LEAST.min(self.most));
            self.lowered = now;
        }
    }

    /// Questions that are too old are no longer waited for.
    fn give_up(&mut self, now: Nanos) {
        while let Some(asked) = self.out.front().copied().filter(|asked| now - asked > PATIENCE) {
            self.out.pop_front();
            if self.shortest.is_none() {
                self.silent += 1;
            }
            self.slower(now, asked);
        }
        if self.is_deaf() {
            self.out.clear();
            self.fps = UNANSWERED.min(self.most);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = SECOND / 1000;

    /// Frames of `bytes` over a link of so many bytes a second and a round trip, 20 s long: (frames, longest answer).
    fn over(bytes: f64, per_second: f64, round_trip: Nanos) -> (usize, Nanos) {
        let mut pace = Pace::new(20.0, false);
        let (mut frames, mut worst, mut free) = (0, 0, 0);
        let mut due: VecDeque<(Nanos, Nanos)> = VecDeque::new();
        for now in (0..20_000).map(|ms| ms * MS) {
            while due.front().is_some_and(|(at, _)| *at <= now) {
                let (_, asked) = due.pop_front().expect("looked at");
                worst = worst.max(now - asked);
                pace.answered(now);
            }
            if pace.wait(now, false) == 0 {
                frames += 1;
                pace.shown(now, true);
                free = free.max(now) + (bytes / per_second * SECOND as f64) as Nanos;
                due.push_back((free + round_trip, now));
            }
        }
        (frames, worst)
    }

    #[test]
    fn a_quick_link_gets_all_and_a_slow_one_what_it_takes_without_a_queue() {
        let (frames, _) = over(1000.0, 10e6, 2 * MS);
        assert!(frames > 380, "{frames}");
        let (frames, worst) = over(1500.0, 12_500.0, 100 * MS);
        assert!((60..=170).contains(&frames), "{frames}");
        assert!(worst < 1_000 * MS, "{} ms", worst / MS);
    }

    #[test]
    fn a_terminal_that_never_answers_is_drawn_five_times_a_second() {
        let mut pace = Pace::new(20.0, false);
        let mut frames = 0;
        for now in (0..20_000).map(|ms| ms * MS) {
            if pace.wait(now, false) == 0 {
                frames += 1;
                let asks = pace.asks();
                pace.shown(now, asks);
            }
        }
        assert!((70..=101).contains(&frames), "{frames}");
        assert!(!pace.asks() && pace.round_trip().is_none());
        assert!(!Pace::new(20.0, true).asks());
    }

    #[test]
    fn keys_are_drawn_at_once_but_not_without_end() {
        let mut pace = Pace::new(20.0, false);
        pace.shown(0, true);
        assert!(pace.wait(MS, false) > 0);
        for at in 1..3 {
            assert_eq!(pace.wait(at * MS, true), 0);
            pace.shown(at * MS, true);
        }
        assert!(pace.wait(3 * MS, true) > 0, "a held key waits");
        pace.answered(50 * MS);
        assert_eq!(pace.wait(50 * MS, true), 0);
    }
}
