//! Step 4: is the signal good enough? Every channel with its score and the reason, what to do, and the verdict.

use crate::gate::{ChannelQuality, QualityReport};
use crate::lab::message::Snapshot;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::{Pen, cells};
use crate::show::popup::{Popup, Purpose};
use crate::show::screen::{Next, Place, Screen};
use crate::show::widget::{bar::bar, scalp};
use crate::show::words;
use crossterm::event::{KeyCode, KeyEvent};

const BELOW: &str = "Below the gate: mend what is listed, or press O and give a reason to go on anyway.";

#[derive(Default)]
pub struct Gate;

/// Passed, or overridden with a reason.
pub(super) fn is_open(snapshot: &Snapshot) -> bool {
    snapshot.overridden.is_some() || snapshot.verdict.as_ref().is_some_and(|v| v.pass)
}

impl Screen for Gate {
    fn title(&self, _: &Snapshot) -> String {
        "4/7 QUALITY GATE".into()
    }

    fn hints(&self, snapshot: &Snapshot) -> Vec<Hint> {
        let mut hints = Vec::new();
        if is_open(snapshot) {
            hints.push(shows("Enter", "to the camera"));
        } else {
            hints.push(orders("O", "go on below the gate (reason asked)"));
        }
        hints.extend([orders("n", "note"), shows("Esc", "back to the montage")]);
        hints
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        match key.code {
            KeyCode::Esc => Next::Go(Place::Montage),
            KeyCode::Enter if is_open(snapshot) => Next::Go(Place::Camera),
            KeyCode::Enter => {
                // Without advice there is nothing to mend yet: too little was judged.
                let early = snapshot.verdict.as_ref().filter(|v| v.advice.is_empty());
                Next::Say(early.map_or_else(|| BELOW.into(), |v| format!("Not yet: {}, or press O and give a reason.", v.why)))
            }
            KeyCode::Char('O') if !is_open(snapshot) => Next::Ask(Popup::ask(Purpose::Override)),
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let Some(report) = &snapshot.quality else {
            pen.wrap(1, 1, 3, "The first seconds are being judged ...", Ink::Plain);
            return;
        };
        let pass = words::pass_mark(snapshot);
        verdict(&mut pen.part(0, 0, u16::MAX, 2), report, pass, snapshot);
        let advice = if pen.height() >= 30 { 7 } else { 2 };
        let middle = pen.height().saturating_sub(2 + advice);
        let head = if pen.width() >= 100 { 40 } else { 24 };
        let table = pen.width().saturating_sub(head + 1);
        channels(&mut pen.part(0, 2, table, middle), report, pass);
        side(&mut pen.part(table + 1, 2, head, middle), report, pass);
        let top = 2 + middle;
        draw_advice(&mut pen.below(top), snapshot, advice > 2);
    }
}

fn verdict(pen: &mut Pen, report: &QualityReport, pass: f64, snapshot: &Snapshot) {
    let passed = snapshot.verdict.as_ref().is_some_and(|v| v.pass);
    let (word, ink) = match (passed, &snapshot.overridden) {
        (true, _) => ("PASS", Ink::Good),
        (_, Some(_)) => ("OVERRIDDEN", Ink::Fair),
        _ => ("NOT YET", Ink::Bad),
    };
    let width = pen.width().saturating_sub(36);
    pen.text(0, 0, "quality", Ink::Strong);
    bar(pen, (8, 0), width, report.overall / 100.0, Some(pass / 100.0), if passed { Ink::Good } else { Ink::Fair });
    let score = format!(" {:>3.0}% ", report.overall);
    pen.line(8 + width, 0, &[(&score, Ink::Strong), (&format!("gate {pass:.0}%  "), Ink::Dim), (word, ink)]);
    let why = match (&snapshot.overridden, &snapshot.verdict) {
        (Some(reason), _) if !passed => format!("going on because: {reason}"),
        (_, Some(v)) => v.why.clone(),
        _ => "not judged yet".into(),
    };
    // Why it is not good enough is said to its end; what it was judged by stands where there is room for it.
    let last = format!("last {:.0} s", report.seconds);
    let judged = format!("{last}, {:.1}% complete", 100.0 * report.completeness);
    let left = usize::from(pen.width()).saturating_sub(cells(&why) + 2);
    pen.text(0, 1, &words::cut(&why, pen.width().into()), Ink::Plain);
    if let Some(judged) = [judged, last].into_iter().find(|text| cells(text) <= left) {
        pen.right(1, &judged, Ink::Dim);
    }
}

/// Score bars, two columns; the right part of each says what limits the score.
fn channels(pen: &mut Pen, report: &QualityReport, pass: f64) {
    let mut body = pen.section("channels");
    let rows = (report.channels.len() as u16).div_ceil(2).max(1);
    let width = body.width() / 2;
    let bar_width = (width.saturating_sub(24)).clamp(4, 14);
    let rows = if rows > body.height() { body.height().max(1) } else { rows };
    // With more channels than rows the worst must not be the hidden ones.
    let mut shown: Vec<&ChannelQuality> = report.channels.iter().collect();
    if shown.len() > 2 * rows as usize {
        shown.sort_by(|a, b| a.score.total_cmp(&b.score));
    }
    for (i, c) in shown.iter().enumerate().take(2 * rows as usize) {
        let (x, y) = (i as u16 / rows * width, i as u16 % rows);
        let (word, ink) = words::judged(c.score, pass);
        body.text(x, y, &format!("{:<5}", words::cut(&c.label, 4)), Ink::Strong);
        bar(&mut body, (x + 5, y), bar_width, c.score / 100.0, None, ink);
        let reason = c.reason.map_or("", |r| r.name());
        let said = if reason.is_empty() { word } else { reason };
        let end = x + 5 + bar_width;
        let mut cell = body.part(end, y, width.saturating_sub(bar_width + 6), 1);
        cell.line(0, 0, &[(&format!("{:>4.0}% ", c.score), Ink::Plain), (said, ink)]);
    }
    if body.height() >= rows + 4 {
        let y = rows + 1;
        let mut below = body.below(y);
        limits(&mut below, report, pass);
    }
}

/// The figures behind the reasons, worst first.
fn limits(pen: &mut Pen, report: &QualityReport, pass: f64) {
    let mut limited: Vec<&ChannelQuality> = report.channels.iter().filter(|c| c.reason.is_some()).collect();
    limited.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut body = pen.section("what limits them");
    if limited.is_empty() {
        body.text(0, 0, "nothing", Ink::Good);
    }
    for (y, c) in limited.iter().take(body.height() as usize).enumerate() {
        let (_, ink) = words::judged(c.score, pass);
        let reason = c.reason.map_or("", |r| r.name());
        let text = format!("{:<5}{:>3.0}% ", words::cut(&c.label, 4), c.score);
        body.line(0, y as u16, &[(&text, Ink::Strong), (&format!("{reason:<11} "), ink), (&c.detail, Ink::Dim)]);
    }
}

/// The head with signs, then heart and face.
fn side(pen: &mut Pen, report: &QualityReport, pass: f64) {
    let others = report.others.len() as u16;
    let height = pen.height().saturating_sub(others + 3).min(pen.width() / 2 + 2);
    let width = pen.width();
    scalp::quality(&mut pen.part(1, 0, width.saturating_sub(2), height), report, pass);
    pen.line(1, height, &[("o ok  ", Ink::Good), ("! fair  ", Ink::Fair), ("X BAD", Ink::Bad)]);
    for (i, other) in report.others.iter().enumerate() {
        let y = height + 2 + i as u16;
        let (word, ink) = words::judged(other.score, pass);
        let said = other.reason.map_or(word, |r| r.name());
        pen.text(1, y, &format!("{:<5}", words::cut(&other.label, 4)), Ink::Strong);
        bar(pen, (6, y), 6, other.score / 100.0, None, ink);
        pen.line(12, y, &[(&format!("{:>4.0}% ", other.score), Ink::Plain), (said, ink)]);
    }
}

/// What is said where no channel asks for anything.
fn nothing_to_mend(snapshot: &Snapshot) -> &'static str {
    if is_open(snapshot) {
        "nothing to mend: Enter goes on to the camera"
    } else {
        "nothing to mend so far: a little more is being judged"
    }
}

fn draw_advice(pen: &mut Pen, snapshot: &Snapshot, roomy: bool) {
    let advice = snapshot.verdict.as_ref().map(|v| v.advice.as_slice()).unwrap_or_default();
    let bridged = snapshot.quality.iter().flat_map(|q| &q.bridged).map(|(a, b)| format!("{a} and {b} are bridged by gel"));
    let lines: Vec<String> = advice.iter().cloned().chain(bridged).collect();
    if roomy {
        let mut body = pen.panel("What to do");
        if lines.is_empty() {
            body.text(0, 0, nothing_to_mend(snapshot), Ink::Good);
        }
        let rows = body.height() as usize;
        for (y, line) in lines.iter().take(rows).enumerate() {
            body.line(0, y as u16, &[(&format!("{}. ", y + 1), Ink::Accent), (line, Ink::Plain)]);
        }
        return;
    }
    let text: Vec<String> = lines.iter().enumerate().map(|(i, line)| format!("{}. {line}", i + 1)).collect();
    let text = if text.is_empty() { nothing_to_mend(snapshot).into() } else { text.join("  ") };
    pen.wrap(0, 0, 2, &text, if lines.is_empty() { Ink::Good } else { Ink::Plain });
}
