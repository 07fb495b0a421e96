//! Step 7: the running session as the experimenter sees it: phase, live signals, counters, log.
//!
//! Nothing here is meant for the participant's eyes: the intended emotion is shown.

use crate::lab::message::{Action, LivePrediction, Snapshot};
use crate::present::Phase;
use crate::show::caps::Ink;
use crate::show::devices;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::popup::{Popup, Purpose};
use crate::show::screen::{Next, Place, Screen};
use crate::show::widget::bar::bar;
use crate::show::widget::lanes::{Look, View, lanes};
use crate::show::widget::scalp;
use crate::show::words;
use crate::signal::{SECOND, StreamKind, seconds};
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct SessionScreen {
    view: View,
    look: Look,
}

impl Screen for SessionScreen {
    fn title(&self, snapshot: &Snapshot) -> String {
        let p = &snapshot.protocol;
        if p.trial == 0 { "7/7 SESSION".into() } else { format!("7/7 TRIAL {}/{}", p.trial, p.trials) }
    }

    fn hints(&self, snapshot: &Snapshot) -> Vec<Hint> {
        let phase = snapshot.protocol.phase;
        let mut hints: Vec<Hint> = match phase {
            Phase::Paused => vec![orders("c", "continue")],
            Phase::EyesOpen | Phase::EyesClosed | Phase::Rest => vec![orders("g", "go on now"), orders("p", "pause")],
            _ => vec![orders("p", "pause")],
        };
        if snapshot.protocol.trial > 0 {
            hints.extend([orders("r", "redo"), orders("k", "skip")]);
        }
        hints.extend([orders("n", "note"), orders("m", "marker")]);
        if phase == Phase::Video {
            hints.extend([orders("Space", "felt: hold"), orders("t", "felt: on/off")]);
        }
        if labelled(snapshot).is_some() {
            hints.push(orders("l", "label the last clip"));
        }
        hints.extend([shows("1-5", "views"), shows("[ ]", "page"), shows("+ - 0", "scale"), orders("A", "abort")]);
        hints
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let phase = snapshot.protocol.phase;
        let on_trial = snapshot.protocol.trial > 0;
        match key.code {
            KeyCode::Char('1') => self.show(View::Overview),
            KeyCode::Char('2') => self.show(View::All),
            KeyCode::Char('3') => self.show(View::Worst),
            KeyCode::Char('4') => self.show(View::Heart),
            KeyCode::Char('5') => self.show(View::Maps),
            KeyCode::Char(']') => self.look.page = self.look.page.wrapping_add(1),
            // Pages are counted round; a step back from the first is the last of any usual number of pages.
            KeyCode::Char('[') => self.look.page = self.look.page.checked_sub(1).unwrap_or(ROUND - 1),
            KeyCode::Char('+' | '=') => self.look.gain = (self.look.gain + 1).min(12),
            KeyCode::Char('-') => self.look.gain = (self.look.gain - 1).max(-12),
            KeyCode::Char('0') => self.look = Look { sparing: self.look.sparing, ..Look::default() },
            KeyCode::Char(key @ (' ' | 't')) if phase == Phase::Video => {
                return Next::Do(Action::Moment { by: "experimenter".into(), toggle: key == 't' });
            }
            KeyCode::Char('l') if labelled(snapshot).is_some() => {
                return labelled(snapshot).map_or(Next::Stay, |action| Next::DoThen(action, Place::Label));
            }
            KeyCode::Char('c') if phase == Phase::Paused => return Next::Do(Action::Continue),
            KeyCode::Char('g') if matches!(phase, Phase::EyesOpen | Phase::EyesClosed | Phase::Rest) => {
                return Next::Do(Action::Next);
            }
            _ => return control_key(key, snapshot, on_trial),
        }
        Next::Stay
    }

    fn spare(&mut self, sparing: bool) {
        self.look.sparing = sparing;
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let (w, h) = (pen.width(), pen.height());
        draw_phase(&mut pen.part(0, 0, w, 2), snapshot);
        let log = if h >= 30 { 8 } else { 4 };
        let side = if w >= 100 { 32 } else { 24 };
        let middle = h.saturating_sub(3 + log);
        lanes(&mut pen.part(0, 3, w.saturating_sub(side + 1), middle), snapshot, self.view, &self.look);
        draw_side(&mut pen.part(w.saturating_sub(side), 3, side, middle), snapshot, self.look.sparing);
        draw_held(&mut pen.part(0, 2, w, 1), snapshot);
        draw_log(&mut pen.part(0, 3 + middle, w, log), snapshot);
        if snapshot.protocol.phase == Phase::Paused {
            draw_paused(pen, snapshot);
        }
    }
}

impl SessionScreen {
    fn show(&mut self, view: View) {
        (self.view, self.look.page) = (view, 0);
    }
}

/// A number that many numbers of pages divide.
const ROUND: usize = 5040;

/// Opens the timeline of the last clip whose video has ended.
fn labelled(s: &Snapshot) -> Option<Action> {
    let session = s.session.as_ref()?.id;
    let ended = |t: &&crate::store::rows::Trial| t.video_on.is_some() && t.video_off.is_some();
    let trial = s.trials.iter().rev().find(ended)?.number;
    (s.protocol.phase != Phase::Video).then_some(Action::Label { session, trial })
}

/// Pause, redo, skip, abort: the keys of the running session, here and (as capitals) on the rating screen.
pub fn control_key(key: KeyEvent, snapshot: &Snapshot, on_trial: bool) -> Next {
    let p = &snapshot.protocol;
    let code = || snapshot.session.as_ref().map_or_else(String::new, |s| s.participant.clone());
    match key.code {
        KeyCode::Char('p' | 'P') if snapshot.protocol.phase != Phase::Paused => {
            Next::Do(Action::Pause { reason: "paused by the experimenter".into() })
        }
        KeyCode::Char('r' | 'R' | 'k' | 'K') if !on_trial => Next::Say("No trial has begun yet.".into()),
        KeyCode::Char('r' | 'R') => Next::Ask(Popup::ask(Purpose::Redo(p.trial, p.attempt))),
        KeyCode::Char('k' | 'K') => Next::Ask(Popup::ask(Purpose::Skip(p.trial, p.attempt))),
        KeyCode::Char('A') => Next::Ask(Popup::ask(Purpose::Abort(code()))),
        _ => Next::Pass,
    }
}

fn draw_phase(pen: &mut Pen, s: &Snapshot) {
    let p = &s.protocol;
    let elapsed = s.now - p.phase_started;
    let arrow = if pen.caps.ascii { ">" } else { "›" };
    let steps: &[Phase] = if p.trial == 0 {
        &[Phase::EyesOpen, Phase::EyesClosed]
    } else {
        &[Phase::Fixation, Phase::Video, Phase::Rating, Phase::Rest]
    };
    let mut x = 0;
    for (i, step) in steps.iter().enumerate() {
        let here = *step == p.phase;
        let name = if here { format!("[{}]", step.name().to_uppercase()) } else { step.name().to_string() };
        x = pen.text(x, 0, &name, if here { Ink::Accent } else { Ink::Dim });
        if i + 1 < steps.len() {
            x = pen.text(x, 0, &format!(" {arrow} "), Ink::Dim);
        }
    }
    if p.phase == Phase::Paused {
        x = pen.text(x + 2, 0, "PAUSED", Ink::Bad);
    }
    if p.trial > 0 {
        let again = if p.attempt > 1 { format!(" (attempt {})", p.attempt) } else { String::new() };
        let meant = p.intended.map_or_else(String::new, |e| format!(" meant: {e}"));
        let text = format!("{}{again}{meant}", p.stimulus);
        let room = pen.width().saturating_sub(x + 3) as usize;
        pen.right(0, &words::cut(&text, room), Ink::Strong);
    }
    let right = match p.phase_length {
        Some(length) => format!("{} / {} s", words::tenths(elapsed.min(length)), words::tenths(length)),
        None => format!("since {}", words::minutes(elapsed)),
    };
    let width = pen.width().saturating_sub(18);
    if let Some(length) = p.phase_length.filter(|l| *l > 0) {
        bar(pen, (0, 1), width, elapsed as f64 / length as f64, None, Ink::Accent);
    } else {
        pen.text(0, 1, "lasts until a key is pressed", Ink::Dim);
    }
    pen.right(1, &right, Ink::Strong);
}

/// What the models say of the last seconds; nothing of it is stored.
fn draw_prediction(body: &mut Pen, y: u16, said: &LivePrediction) -> u16 {
    let likeliest = |p: &Option<Vec<f32>>| {
        let p = p.as_ref()?;
        let best = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b]))?;
        Some(format!("{} .{:02.0}", said.classes.get(best)?, (100.0 * p[best]).min(99.0)))
    };
    let (text, ink) = match (&said.trouble, &said.abstain, likeliest(&said.fused)) {
        (Some(why), _, _) => (why.clone(), Ink::Fair),
        (None, Some(_), _) => ("unsure".into(), Ink::Dim),
        (None, None, Some(word)) => (word, Ink::Strong),
        (None, None, None) => ("waiting".into(), Ink::Dim),
    };
    let room = usize::from(body.width()).saturating_sub(6);
    body.line(0, y, &[("says  ", Ink::Dim), (&words::cut(&text, room), ink)]);
    let late = if said.dropped > 0 { format!("late {} of {}", said.dropped, said.asked) } else { String::new() };
    body.line(0, y + 1, &[("      ", Ink::Dim), (&words::cut(&format!("{} {late}", said.source), room), Ink::Dim)]);
    y + 2
}

fn draw_side(pen: &mut Pen, s: &Snapshot, sparing: bool) {
    let mut body = pen.panel("Streams");
    let mut y = 0;
    for stream in &s.streams {
        let (word, ink) = devices::judged(stream);
        let unit = if stream.kind == StreamKind::Face { "fps" } else { "Hz" };
        let rate = format!("{:<5}{:>7.1} {unit:<3} ", words::cut(&stream.name, 4), stream.measured_rate);
        body.line(0, y, &[(&rate, Ink::Plain), (word, ink)]);
        y += 1;
    }
    let lost = if s.lost > 0 { Ink::Bad } else { Ink::Plain };
    let gaps: usize = s.stored.iter().map(|stream| stream.gaps).sum();
    let within = match gaps {
        0 => String::new(),
        1 => " in 1 gap".into(),
        n => format!(" in {n} gaps"),
    };
    body.line(0, y, &[("lost  ", Ink::Dim), (&format!("{}{within}", s.lost), lost)]);
    y += 1;
    if let Some(heart) = &s.heart {
        let rate = heart.beats_per_minute.map_or_else(|| "--".into(), |b| format!("{b:.0}"));
        let beat = !sparing && heart.beats.last().is_some_and(|b| s.now - b < SECOND / 4);
        let sign = if beat { body.caps.pick('♥', '*') } else { ' ' };
        body.line(0, y, &[("heart ", Ink::Dim), (&format!("{rate} /min {sign} "), Ink::Heart), (&heart.from, Ink::Dim)]);
        y += 1;
    }
    if let Some(face) = &s.face {
        let missed = if face.missed > 0 { Ink::Bad } else { Ink::Plain };
        let light = match face.brightness.filter(|_| body.width() > 24) {
            Some(b) if b < 40.0 => "  DARK",
            Some(b) if b > 220.0 => "  BRIGHT",
            Some(_) => "  light ok",
            None => "",
        };
        body.line(0, y, &[("face  ", Ink::Dim), (&format!("{} frames", face.frames), Ink::Plain)]);
        body.line(0, y + 1, &[("      ", Ink::Dim), (&format!("missed {}", face.missed), missed), (light, Ink::Dim)]);
        let (word, ink) = if face.stored { ("STORED on disk", Ink::Bad) } else { ("not stored", Ink::Dim) };
        body.line(0, y + 2, &[("      ", Ink::Dim), (word, ink)]);
        y += 3;
    }
    if let Some(said) = &s.prediction {
        y = draw_prediction(&mut body, y, said);
    }
    if let Some(minutes) = s.disk_minutes {
        let (text, ink) =
            if minutes < 10.0 { (format!("{minutes:.0} min left!"), Ink::Bad) } else { (left(minutes), Ink::Plain) };
        body.line(0, y, &[("disk  ", Ink::Dim), (&text, ink)]);
        y += 1;
    }
    let ago = |at: i64| match seconds(s.now - at).max(0.0) {
        // What is well need not be told ten times a second.
        age if sparing && age < 2.0 => "just now".to_string(),
        age => format!("{age:.1} s ago"),
    };
    let durable = s.durable_at.map_or_else(|| "--".into(), ago);
    body.line(0, y, &[("wrote ", Ink::Dim), (&words::bytes(s.written), Ink::Plain)]);
    body.line(0, y + 1, &[("safe  ", Ink::Dim), (&durable, Ink::Plain)]);
    if s.protocol.trials > 0 {
        let text = format!("{}/{} done, {}", words::done_trials(&s.trials), s.protocol.trials, words::outcomes(&s.trials));
        body.wrap(0, y + 3, 2, &text, Ink::Dim);
    }
    let (top, width) = (y + 6, body.width());
    let room = body.height().saturating_sub(top);
    if let Some(report) = s.quality.as_ref().filter(|_| room >= 9) {
        scalp::quality(&mut body.part(2, top, width.saturating_sub(4), room), report, words::pass_mark(s));
    }
}

/// 45 min, 7 h, 3 d.
fn left(minutes: f64) -> String {
    match minutes {
        m if m < 120.0 => format!("{m:.0} min left"),
        m if m < 2880.0 => format!("{:.0} h left", m / 60.0),
        m => format!("{:.0} d left", m / 1440.0),
    }
}

/// The moment that is being marked, over the phase's bar.
fn draw_held(pen: &mut Pen, s: &Snapshot) {
    let Some(held) = &s.guided.held else { return };
    let how = if held.toggled { "t ends it" } else { "while the key is held" };
    let text = format!(" FELT since {:.1} s, {how} ", held.from_s);
    pen.right(0, &text, Ink::Title);
}

fn draw_log(pen: &mut Pen, s: &Snapshot) {
    let mut body = pen.panel("Log");
    let rows = body.height() as usize;
    let first = s.log.len().saturating_sub(rows);
    for (y, (at, what)) in s.log.iter().skip(first).enumerate() {
        body.line(0, y as u16, &[(&format!("{}  ", words::time_of_day(*at, s)), Ink::Dim), (what, Ink::Plain)]);
    }
}

fn draw_paused(pen: &mut Pen, s: &Snapshot) {
    let p = &s.protocol;
    let width = 62.min(pen.width());
    let mut boxed = pen.part((pen.width() - width) / 2, 4, width, 11);
    boxed.clear();
    boxed.frame("PAUSED", Ink::Fair);
    let mut body = boxed.part(3, 1, width.saturating_sub(6), 9);
    let since = words::minutes(s.now - p.phase_started);
    let where_ = if p.trial > 0 { format!("in trial {}/{}", p.trial, p.trials) } else { "in the baseline".into() };
    body.line(0, 0, &[(&format!("{where_} for {since}.  "), Ink::Plain), ("SAMPLES GO ON BEING WRITTEN.", Ink::Strong)]);
    let on_trial = p.trial > 0;
    let ways = [
        (true, "c", "continue          a cut clip is marked interrupted"),
        (on_trial, "r", "redo the trial    from its fixation"),
        (on_trial, "k", "skip the trial    a reason is asked"),
        (true, "n", "note              what happened"),
        (true, "A", "abort             asks for the participant's code"),
    ];
    for (i, (_, key, what)) in ways.iter().filter(|(offered, ..)| *offered).enumerate() {
        body.line(1, 2 + i as u16, &[(key, Ink::Accent), ("   ", Ink::Plain), (what, Ink::Plain)]);
    }
}
