//! Keys over a bad line in simulated time: the real screens, painter and pace, a real lab on the simulator, and a line
//! with a delay and a rate between them and the terminal. Nothing here waits for a real clock, so that the figures are those
//! of the line and do not depend on how busy the machine is; `tests/link.rs` is the same in real time through a pty.

mod inside;

use crossterm::event::KeyCode;
use inside::Inside;
use limbic::lab::message::{Command, Event, Snapshot};
use limbic::show::pace::{Pace, QUESTION};
use limbic::show::paint::Painter;
use limbic::show::{App, Caps, Depth, Input, Link, Place, Program, example};
use limbic::signal::{Nanos, SECOND};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

const COLOURS: Caps = Caps { ascii: false, depth: Depth::TwoFiftySix, light: false };
const SIZE: (u16, u16) = (120, 40);
const MS: Nanos = SECOND / 1000;
const ONE_WAY: Nanos = 50 * MS;
const TICK: Nanos = 5 * MS;
/// The terminal looks for news and the lab steps so often.
const LOOK: Nanos = 50 * MS;
/// Time in which the pace finds itself.
const SETTLED: Nanos = 6 * SECOND;

/// Where snapshots come from, ten a second.
enum Source<'a> {
    Lab(&'a mut Inside),
    /// Of the example, with time and a training that go on.
    Example(Box<Snapshot>),
}

struct Tenth<'a> {
    source: Source<'a>,
    now: Nanos,
    shown: Nanos,
    events: Vec<Event>,
}

impl Link for Tenth<'_> {
    fn send(&mut self, command: Command) {
        match &mut self.source {
            Source::Lab(inside) => inside.lab.handle(command),
            Source::Example(_) => self.events.push(Event::Acknowledged { id: command.id }),
        }
    }
    fn events(&mut self) -> Vec<Event> {
        match &mut self.source {
            Source::Lab(inside) => inside.lab.take_events(),
            Source::Example(_) => std::mem::take(&mut self.events),
        }
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        if self.now - self.shown < SECOND / 10 {
            return None;
        }
        let spent = self.now - self.shown;
        self.shown = self.now;
        Some(Arc::new(match &mut self.source {
            Source::Lab(inside) => inside.lab.snapshot(),
            Source::Example(s) => {
                s.now += spent;
                if let Some(job) = &mut s.job {
                    job.progress.done = (job.progress.done + 1).min(job.progress.total);
                    let last = *job.curve.last().expect("a curve");
                    if self.now / SECOND != (self.now - spent) / SECOND {
                        job.curve.push((last.0 + 1, last.1 * 0.97, last.2 * 0.99, last.3));
                    }
                }
                s.as_ref().clone()
            }
        }))
    }
}

impl Tenth<'_> {
    fn pass(&mut self) {
        self.now += TICK;
        if let Source::Lab(inside) = &mut self.source {
            inside.clock.wait(Duration::from_nanos(TICK as u64));
            if self.now % LOOK == 0 {
                inside.lab.step();
            }
        }
    }
}

/// What is pressed, again and again: the command line and help, each opened and closed.
const KEYS: [KeyCode; 4] = [KeyCode::Char(':'), KeyCode::Esc, KeyCode::Char('?'), KeyCode::Char('?')];

/// The screen over the line: from each key to the end of the frame that answers it, seconds, sorted; and bytes a second.
fn over(source: Source, place: Place, view: &str, bits_per_s: f64, keys: usize) -> (Vec<f64>, f64) {
    let mut app = App::new(Tenth { source, now: 0, shown: -SECOND, events: Vec::new() }, COLOURS, 1 << 40);
    app.poll();
    app.go(place);
    view.chars().for_each(|c| app.handle(Input::Key(KeyCode::Char(c).into())));
    let mut painter = Painter::new(std::io::sink(), SIZE.0, SIZE.1);
    let mut pace = Pace::new(20.0, false);
    let (mut changed, mut urgent, mut free) = (true, true, 0);
    let mut answers: VecDeque<Nanos> = VecDeque::new();
    // When the next key is typed, and the key that waits for its answer.
    let (mut typed, mut waiting) = (Some(SETTLED), None);
    let (mut took, mut bytes, mut pressed) = (Vec::new(), 0, 0);
    while took.len() < keys {
        app.link_mut().pass();
        let now = app.link_mut().now;
        assert!(now < 600 * SECOND, "keys are not answered");
        while answers.front().is_some_and(|at| *at <= now) {
            answers.pop_front();
            pace.answered(now);
            app.paced(pace.round_trip(), pace.rate());
        }
        if let Some(at) = typed.filter(|at| at + ONE_WAY <= now) {
            app.time(now);
            app.handle(Input::Key(KEYS[pressed % KEYS.len()].into()));
            (typed, waiting, urgent) = (None, Some(at), true);
            pressed += 1;
        }
        if now % LOOK == 0 || urgent {
            changed |= app.poll();
        }
        if !(changed || urgent) || pace.wait(now, urgent) > 0 {
            continue;
        }
        let sent = painter.paint(|buffer| app.draw(buffer), QUESTION).expect("a sink takes all");
        (changed, urgent) = (false, false);
        if sent > 0 {
            pace.shown(now, true);
            free = free.max(now) + (sent as f64 * 8.0 / bits_per_s * SECOND as f64) as Nanos;
            answers.push_back(free + 2 * ONE_WAY);
            bytes += sent;
        }
        if let Some(at) = waiting.take() {
            let arrives = free.max(now) + ONE_WAY;
            took.push((arrives - at) as f64 / SECOND as f64);
            typed = Some(arrives + (350 + 130 * (took.len() as i64 % 5)) * MS);
        }
    }
    assert!(app.place() == place || pressed % 4 == 3, "the screen stays");
    took.sort_by(f64::total_cmp);
    let rate = bytes as f64 / (app.link_mut().now as f64 / SECOND as f64);
    (took, rate)
}

/// Both lines of the budget: 100 ms there and back, at 100 kbit/s and at 1 Mbit/s.
fn held(name: &str, slow: &mut Vec<String>, mut measure: impl FnMut(f64, usize) -> (Vec<f64>, f64)) {
    let keys = std::env::var("LIMBIC_LINK_KEYS").ok().and_then(|k| k.parse().ok()).unwrap_or(16);
    for (bits_per_s, median_s, most_s) in [(100e3, 0.4, 1.5), (1e6, 0.2, 1.5)] {
        let (took, rate) = measure(bits_per_s, keys);
        let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
        let (median, most) = (at(0.5), at(0.95));
        println!("{name:<20} {:>5.0} kbit/s: median {median:.3} s, 95 % {most:.3} s; {rate:.0} B/s", bits_per_s / 1e3);
        if median > median_s || most > most_s {
            slow.push(format!("{name} at {:.0} kbit/s: {median:.3} s, {most:.3} s", bits_per_s / 1e3));
        }
    }
}

#[test]
fn every_live_screen_answers_keys_over_a_bad_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut lab = Inside::new(folder.path());
    lab.connects(folder.path(), true);
    lab.run(Duration::from_secs(12));
    let mut slow = Vec::new();
    for (name, place) in [("devices", Place::Devices), ("gate", Place::Gate)] {
        held(name, &mut slow, |bits, keys| over(Source::Lab(&mut lab), place, "", bits, keys));
    }
    lab.records();
    for (name, view) in [("band maps", "5"), ("overview", "1"), ("32 traces", "2"), ("heart", "4")] {
        held(&format!("session, {name}"), &mut slow, |bits, keys| over(Source::Lab(&mut lab), Place::Session, view, bits, keys));
    }
    let stills = [
        ("train", Place::Train, example::training()),
        ("review", Place::Review, example::reviewed()),
        ("explain", Place::Explain, example::reviewed()),
    ];
    for (name, place, snapshot) in stills {
        held(name, &mut slow, |bits, keys| over(Source::Example(Box::new(snapshot.clone())), place, "", bits, keys));
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
