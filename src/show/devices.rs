//! Step 2: which rig, and whether its devices deliver: every stream under its self-test, each failure with its way out.

use crate::lab::guided::{Check, Outcome, SelfTest};
use crate::lab::message::{Action, Snapshot, StreamView};
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen, move_in, scrolled};
use crate::show::widget::lanes::{Look, View, lanes};
use crate::show::words;
use crate::signal::StreamKind;
use crossterm::event::{KeyCode, KeyEvent};

/// A stream that was silent for so long is called late.
const LATE_S: f64 = 1.5;

#[derive(Default)]
pub struct Devices {
    selected: usize,
    /// Lines of the self-test that were scrolled past.
    skipped: usize,
}

fn connected(snapshot: &Snapshot) -> bool {
    !snapshot.streams.is_empty()
}

impl Screen for Devices {
    fn title(&self, _: &Snapshot) -> String {
        "2/7 DEVICES".into()
    }

    fn hints(&self, snapshot: &Snapshot) -> Vec<Hint> {
        if connected(snapshot) {
            vec![
                shows("Enter", "to the montage"),
                orders("t", "test again"),
                orders("r", "release, another rig"),
                shows("j/k", "scroll the test"),
                shows("Esc", "back"),
            ]
        } else {
            vec![orders("Enter", "connect"), shows("j/k", "choose a rig"), shows("Esc", "back")]
        }
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let rigs = &snapshot.catalogue.rigs;
        match key.code {
            KeyCode::Esc => Next::Go(Place::Home),
            KeyCode::Enter if connected(snapshot) => Next::Go(Place::Montage),
            KeyCode::Char('t') if connected(snapshot) => {
                self.skipped = 0;
                Next::Do(Action::SelfTest)
            }
            KeyCode::Char('r') if connected(snapshot) => Next::Do(Action::Disconnect),
            KeyCode::Enter => {
                let rig = self.selected.checked_sub(1).and_then(|i| rigs.get(i)).map(|(path, _)| path.clone());
                Next::Do(Action::Connect { rig })
            }
            _ if !connected(snapshot) && move_in(&mut self.selected, rigs.len() + 1, key) => Next::Stay,
            _ if connected(snapshot) => {
                let checks = snapshot.guided.test.iter().flat_map(|t| &t.streams).map(|s| s.checks.len()).sum();
                if move_in(&mut self.skipped, checks, key) { Next::Stay } else { Next::Pass }
            }
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let h = pen.height();
        let on = connected(snapshot);
        let framed = u16::from(h >= 30 && pen.width() >= 98);
        // What is lower than this gets no frame, and its neighbours have one.
        let least = if framed > 0 { 5 } else { 0 };
        let count = snapshot.catalogue.rigs.len() as u16;
        // Once a rig is connected the list of the others may be short: what its devices deliver counts.
        let rigs = if on { 2.max((count + 2).min(h / 6)) } else { (count + 2).clamp(4, (h / 3).max(4)) } + 2 * framed;
        let rigs = rigs.max(least);
        self.draw_rigs(&mut pen.part(0, 0, u16::MAX, rigs), snapshot);
        let devices = (snapshot.devices.len() as u16 + 1).clamp(2, (h / 4).max(2)) + 2 * framed;
        let devices = devices.max(least);
        draw_devices(&mut pen.part(0, rigs, u16::MAX, devices), snapshot);
        let trouble = if snapshot.device_trouble.is_empty() { 0 } else { 5 };
        let left = h.saturating_sub(rigs + devices + trouble);
        let streams = if on { (snapshot.streams.len() as u16 + 2 + 2 * framed).min(left) } else { left };
        draw_streams(&mut pen.part(0, rigs + devices, u16::MAX, streams), snapshot);
        let rest = left - streams;
        if let Some(test) = snapshot.guided.test.as_ref().filter(|_| on) {
            let live = if rest >= 26 { rest / 2 } else { 0 };
            draw_test(&mut pen.part(0, rigs + devices + streams, u16::MAX, rest - live), test, self.skipped);
            if live > 0 {
                let mut below = pen.part(0, rigs + devices + left - live, u16::MAX, live);
                lanes(&mut below, snapshot, View::Overview, &Look::default());
            }
        }
        if trouble > 0 {
            let mut body = pen.below(h.saturating_sub(trouble));
            let mut body = body.section("Trouble");
            let mut y = 0;
            for sentence in &snapshot.device_trouble {
                y += body.wrap(0, y, 2, &format!("! {sentence}"), Ink::Bad);
            }
        }
    }
}

impl Devices {
    fn draw_rigs(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let mut body = pen.panel("Rig");
        let chosen = Some(snapshot.guided.rig.as_str()).filter(|_| connected(snapshot));
        let mut lines = vec![("simulated rig".to_string(), "no device needed; everything is marked SIMULATED".to_string())];
        lines.extend(snapshot.catalogue.rigs.iter().map(|(path, name)| (name.clone(), path.display().to_string())));
        let rows = body.height() as usize;
        let chosen_line = lines.iter().position(|(name, _)| chosen == Some(name.as_str()));
        let selected = chosen_line.unwrap_or(self.selected).min(lines.len() - 1);
        let first = scrolled(selected, rows, lines.len());
        for (y, (i, (name, what))) in lines.iter().enumerate().skip(first).take(rows).enumerate() {
            let y = y as u16;
            let sign = if chosen == Some(name.as_str()) { "(*) " } else { "( ) " };
            body.line(1, y, &[(sign, Ink::Plain), (&format!("{:<24} ", words::cut(name, 24)), Ink::Strong), (what, Ink::Dim)]);
            if i == selected && !connected(snapshot) {
                body.select(y);
            }
        }
    }
}

fn draw_devices(pen: &mut Pen, snapshot: &Snapshot) {
    let mut body = pen.panel("Devices");
    if snapshot.devices.is_empty() {
        body.text(1, 0, "none connected; Enter connects the chosen rig", Ink::Dim);
    }
    for (y, device) in snapshot.devices.iter().enumerate() {
        let ink = match device.state.as_str() {
            "streaming" => Ink::Good,
            "connecting" => Ink::Fair,
            _ => Ink::Bad,
        };
        body.line(
            1,
            y as u16,
            &[
                (&format!("{:<11} ", words::cut(&device.state.to_uppercase(), 11)), ink),
                (&device.name, Ink::Strong),
                ("  ", Ink::Plain),
                (&device.detail, Ink::Dim),
            ],
        );
    }
}

/// One line a stream: what is measured, and whether it is well.
fn draw_streams(pen: &mut Pen, s: &Snapshot) {
    let mut body = pen.panel("Streams");
    if s.streams.is_empty() {
        body.text(1, 0, "nothing arrives yet", Ink::Dim);
        return;
    }
    // The state stands in every window; the nominal rate and the latency, which the self-test says as well, give way.
    let narrow = body.width() < 78;
    let (nominal, moving, latency) = if narrow { ("  ", "move", "") } else { (" of nominal", "moving", "latency  ") };
    let moving_width = moving.len() + 1;
    body.text(1, 0, &format!("stream   ch  measured{nominal}     lost  last  {moving}  {latency}state"), Ink::Dim);
    let rows = body.height().saturating_sub(1) as usize;
    for (y, stream) in s.streams.iter().take(rows).enumerate() {
        let test = s.guided.test.iter().flat_map(|t| &t.streams).find(|t| t.stream == stream.id);
        let found = |what: &str| test.and_then(|t| t.checks.iter().find(|c| c.what == what));
        let (word, ink) = judged(stream);
        let unit = if stream.kind == StreamKind::Face { "fps" } else { "Hz" };
        let lost = if stream.lost + stream.dropped > 0 { Ink::Bad } else { Ink::Plain };
        let moving = match found("moving").map(|c| c.outcome) {
            Some(Outcome::Holds) => ("yes", Ink::Good),
            Some(Outcome::Warns) => ("some", Ink::Fair),
            Some(Outcome::Fails) => ("NO", Ink::Bad),
            _ => ("..", Ink::Dim),
        };
        let nominal = if narrow { String::new() } else { format!("of {:>5.0} ", stream.rate) };
        let latency = match found("latency") {
            _ if narrow => String::new(),
            Some(c) if c.outcome == Outcome::Warns => format!("{:<8} ", "assumed"),
            Some(c) => format!("{:<8} ", words::cut(c.found.split(',').next().unwrap_or_default(), 8)),
            None => format!("{:<8} ", ".."),
        };
        body.line(
            1,
            1 + y as u16,
            &[
                (&format!("{:<8} {:>2} ", words::cut(&stream.name, 8), stream.channels), Ink::Strong),
                (&format!("{:>8.2} {nominal}{unit:<3} ", stream.measured_rate), Ink::Plain),
                (&format!("{:>6} ", stream.lost + stream.dropped), lost),
                (&format!("{:>5.1}s  ", stream.age_s.min(999.0)), Ink::Dim),
                (&format!("{:<moving_width$} ", moving.0), moving.1),
                (&latency, Ink::Plain),
                (word, ink),
                (if stream.simulated { " SIM" } else { "" }, Ink::Simulated),
            ],
        );
    }
}

/// The word of an outcome: it says what its colour says.
fn outcome(outcome: Outcome) -> (&'static str, Ink) {
    match outcome {
        Outcome::Waits => ("wait", Ink::Dim),
        Outcome::Holds => ("ok", Ink::Good),
        Outcome::Warns => ("warn", Ink::Fair),
        Outcome::Fails => ("FAIL", Ink::Bad),
    }
}

/// The self-test: its verdict, then what is wrong with its way out, worst first, then the rest.
fn draw_test(pen: &mut Pen, test: &SelfTest, skip: usize) {
    let (failures, over) = (test.failures(), test.is_over());
    let warned = test.streams.iter().flat_map(|s| &s.checks).filter(|c| c.outcome == Outcome::Warns).count();
    let title = match (over, failures) {
        (false, _) => format!("Self-test: {:.0} of {:.0} s", test.watched_s, test.of_s),
        (true, 0) => format!("Self-test: passed, {warned} warnings"),
        (true, n) => format!("Self-test: {n} FAILED, {warned} warnings"),
    };
    let mut body = pen.panel(&title);
    let mut lines: Vec<(&str, &Check)> =
        test.streams.iter().flat_map(|s| s.checks.iter().map(move |c| (s.name.as_str(), c))).collect();
    let weight = |c: &Check| match c.outcome {
        Outcome::Fails => 0,
        Outcome::Warns => 1,
        Outcome::Waits => 2,
        Outcome::Holds => 3,
    };
    lines.sort_by_key(|(_, c)| weight(c));
    let mut y = 0;
    for (name, c) in lines.into_iter().skip(skip) {
        if y >= body.height() {
            break;
        }
        let (word, ink) = outcome(c.outcome);
        let head = format!("{:<5} {:<8} {:<10} ", word, words::cut(name, 8), c.what);
        let x = body.text(1, y, &head[..6], ink);
        body.text(x, y, &head[6..], Ink::Strong);
        body.text(1 + head.len() as u16, y, &c.found, Ink::Plain);
        y += 1;
        if !c.way_out.is_empty() {
            y += body.wrap(16, y, 2, &c.way_out, Ink::Dim);
        }
    }
}

/// The word for a stream: silent, off its rate, losing samples, or fine.
pub fn judged(s: &StreamView) -> (&'static str, Ink) {
    if s.received == 0 {
        ("WAITING", Ink::Fair)
    } else if s.age_s > LATE_S {
        ("SILENT", Ink::Bad)
    } else if s.lost + s.dropped > 0 {
        ("LOSING", Ink::Bad)
    } else if (s.measured_rate - s.rate).abs() > s.rate * 0.02 {
        ("RATE", Ink::Fair)
    } else {
        ("ok", Ink::Good)
    }
}
