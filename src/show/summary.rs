//! After the last step: what was recorded, how good it is, what was answered, and what to do next.

mod gaps;

use crate::lab::message::{Action, Snapshot, StoredStream};
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen};
use crate::show::widget::bar::bar;
use crate::show::words;
use crate::signal::{Emotion, SECOND};
use crate::store::Delivery;
use crate::store::rows::{Session, Trial};
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct Summary;

/// Trials that count: the last attempt of each.
fn usable(s: &Snapshot) -> Vec<&Trial> {
    s.trials.iter().filter(|t| t.is_usable()).collect()
}

impl Screen for Summary {
    fn title(&self, _: &Snapshot) -> String {
        "SUMMARY".into()
    }

    fn hints(&self, _: &Snapshot) -> Vec<Hint> {
        vec![
            shows("t", "train"),
            orders("v", "review the trials"),
            orders("l", "label the clips"),
            orders("n", "note"),
            shows("Enter", "home"),
        ]
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        match (key.code, &snapshot.session) {
            (KeyCode::Enter | KeyCode::Esc, _) => Next::Go(Place::Home),
            (KeyCode::Char('t'), _) => Next::Go(Place::Train),
            (KeyCode::Char('l'), Some(session)) => match crate::show::label::first(&snapshot.trials) {
                Some(trial) => Next::DoThen(Action::Label { session: session.id, trial }, Place::Label),
                None => Next::Say("No clip of this session was shown to its end.".into()),
            },
            (KeyCode::Char('v'), Some(session)) => Next::DoThen(Action::Review { session: session.id }, Place::Review),
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let Some(session) = &snapshot.session else {
            pen.text(1, 1, "No session was recorded.", Ink::Plain);
            return;
        };
        let (w, h) = (pen.width(), pen.height());
        headline(&mut pen.part(0, 0, w, 2), session, snapshot);
        let upper = if h >= 30 { 13 } else { 9 };
        let half = w / 2;
        trials(&mut pen.part(0, 2, half.saturating_sub(1), upper), session, snapshot);
        streams(&mut pen.part(half, 2, w - half, upper), snapshot);
        let next = if h >= 30 { 5 } else { 4 };
        let lower = h.saturating_sub(2 + upper + next);
        scales(&mut pen.part(0, 2 + upper, half.saturating_sub(1), lower), snapshot);
        words_histogram(&mut pen.part(half, 2 + upper, w - half, lower), snapshot);
        let mut body = pen.below(2 + upper + lower);
        let mut body = body.panel("Next");
        let pieces = [
            ("t", Ink::Accent),
            (" trains on what is recorded   ", Ink::Plain),
            ("v", Ink::Accent),
            (" reviews the trials   ", Ink::Plain),
            ("Enter", Ink::Accent),
            (" goes home", Ink::Plain),
        ];
        body.line(0, 0, &pieces);
        let rows = body.height().saturating_sub(1);
        body.wrap(
            0,
            1,
            rows,
            "Cap off; thank and debrief the participant; copy the session's folder to a second disk.",
            Ink::Dim,
        );
    }
}

fn headline(pen: &mut Pen, session: &Session, s: &Snapshot) {
    let (word, ink) = words::state(session.state);
    let whole = session.ended.unwrap_or(s.now) - session.started;
    // Between an interruption and going on time passes that is not recorded.
    let between = whole - s.recorded >= 2 * SECOND;
    let over = if between { format!(" of {}", words::clock(whole)) } else { String::new() };
    let length = format!("recorded {}{over}", words::clock(s.recorded));
    let x = pen.line(
        0,
        0,
        &[
            (&format!("{} session {}  ", session.participant, session.number), Ink::Strong),
            (&word.to_uppercase(), ink),
            (&format!("  {} UTC, {length}  ", words::date(session.started_utc)), Ink::Plain),
            (if session.simulated { "SIMULATED" } else { "" }, Ink::Simulated),
        ],
    );
    let id = session.id.to_string();
    if x as usize + id.len() < pen.width() as usize {
        pen.right(0, &id, Ink::Dim);
    }
}

fn trials(pen: &mut Pen, session: &Session, s: &Snapshot) {
    let mut body = pen.panel("Trials and quality");
    let done = words::done_trials(&s.trials);
    let rated = usable(s).iter().filter(|t| t.rating.is_complete()).count();
    let lost = if s.lost > 0 { Ink::Bad } else { Ink::Good };
    let qualities: Vec<f64> = usable(s).iter().filter_map(|t| t.quality).collect();
    let lowest = qualities.iter().copied().reduce(f64::min);
    let rows = [
        ("trials", format!("{done} of {} done", session.trials_planned), Ink::Strong),
        ("", words::outcomes(&s.trials), Ink::Dim),
        ("rated", format!("{rated} of {done} completely"), Ink::Plain),
        (
            "quality",
            format!("{} (lowest trial {})", words::percent(session.quality.as_ref().map(|q| q.overall)), words::percent(lowest)),
            Ink::Plain,
        ),
        ("lost", format!("{} samples and frames", s.lost), lost),
        ("written", words::bytes(s.written), Ink::Plain),
    ];
    for (y, (name, value, ink)) in rows.iter().enumerate() {
        body.line(0, y as u16, &[(&format!("{name:<9}"), Ink::Dim), (value, *ink)]);
    }
    let y = rows.len() as u16;
    body.text(0, y, "gate", Ink::Dim);
    match (&session.override_reason, &session.verdict) {
        (Some(reason), _) => body.wrap(9, y, 2, &format!("OVERRIDDEN: {reason}"), Ink::Fair),
        (None, Some(v)) => body.wrap(9, y, 2, &v.why, if v.pass { Ink::Good } else { Ink::Fair }),
        _ => body.wrap(9, y, 1, "not judged", Ink::Dim),
    };
}

/// Every stream as it lies on the disk, and the verdict that `limbic show` gives.
fn streams(pen: &mut Pen, s: &Snapshot) {
    let mut body = pen.panel("Streams on disk");
    body.text(0, 0, "stream  written/promised missing", Ink::Dim);
    for (y, stream) in s.stored.iter().enumerate() {
        let figures = match &stream.delivery {
            Some(delivery) if delivery.withheld => format!("{:>24} ", "none to be stored"),
            delivery => {
                let about = |d: &Delivery| if d.is_about() { "~" } else { "" };
                let promised = delivery.as_ref().map_or_else(|| "..".into(), |d| format!("{}{}", about(d), d.promised));
                format!("{:>8}/{promised:<8}{:>7} ", stream.written, stream.missing)
            }
        };
        let text = format!("{:<6}{figures}", words::cut(&stream.name, 6));
        let (word, ink) = judged(stream);
        body.line(0, 1 + y as u16, &[(&text, Ink::Plain), (word, ink)]);
    }
    let mut y = 1 + s.stored.len().max(1) as u16;
    if s.stored.is_empty() {
        body.text(0, 1, "nothing was recorded", Ink::Dim);
    }
    if let Some(stopped) = &s.stopped {
        y += body.wrap(0, y, 3, stopped, Ink::Bad);
    }
    for delivery in s.stored.iter().filter_map(|stream| stream.delivery.as_ref()).filter(|d| !d.complete) {
        y += body.wrap(0, y, 2, &format!("{}: {}", delivery.stream, delivery.verdict), Ink::Fair);
    }
    gaps::draw(&mut body.below(y), s);
}

/// The word for a stream that was recorded.
fn judged(stream: &StoredStream) -> (&'static str, Ink) {
    let Some(delivery) = &stream.delivery else { return ("..", Ink::Dim) };
    // Up to one in a hundred is no disaster.
    let few = stream.missing * 100 < stream.written + stream.missing;
    match delivery.complete {
        // Its figures say so already.
        false if delivery.withheld => ("", Ink::Dim),
        true => ("whole", Ink::Good),
        false if stream.written == 0 => ("none", Ink::Dim),
        false if stream.missing == 0 => ("short", Ink::Fair),
        false if few => ("gaps", Ink::Fair),
        false => ("GAPS", Ink::Bad),
    }
}

/// How often each value of the scales was given.
fn scales(pen: &mut Pen, s: &Snapshot) {
    let mut body = pen.panel("Ratings");
    body.text(0, 0, "             1  2  3  4  5  6  7  8  9", Ink::Dim);
    let pick = [("valence", true), ("arousal", false)];
    for (y, (name, valence)) in pick.into_iter().enumerate() {
        let mut counts = [0usize; 9];
        for t in usable(s) {
            let value = if valence { t.rating.valence } else { t.rating.arousal };
            if let Some(slot) = value.and_then(|v| counts.get_mut((v.round() as usize).wrapping_sub(1))) {
                *slot += 1;
            }
        }
        body.text(0, 1 + y as u16, name, Ink::Plain);
        for (i, count) in counts.iter().enumerate() {
            let text = if *count == 0 { format!("{:>3}", '.') } else { format!("{count:>3}") };
            body.text(11 + 3 * i as u16, 1 + y as u16, &text, if *count == 0 { Ink::Dim } else { Ink::Strong });
        }
    }
}

/// How often each word was meant and reported.
fn words_histogram(pen: &mut Pen, s: &Snapshot) {
    let trials = usable(s);
    let mut body = pen.panel("Labels: meant / reported");
    let mut rows: Vec<(Emotion, usize, usize)> = Emotion::ALL
        .into_iter()
        .map(|e| {
            let meant = trials.iter().filter(|t| t.intended == Some(e)).count();
            let said = trials.iter().filter(|t| t.rating.emotion == Some(e)).count();
            (e, meant, said)
        })
        .filter(|(_, meant, said)| meant + said > 0)
        .collect();
    rows.sort_by_key(|(_, meant, said)| std::cmp::Reverse(meant + said));
    let most = rows.iter().map(|r| r.1.max(r.2)).max().unwrap_or(1).max(1);
    let width = body.width().saturating_sub(24).min(16);
    // The last row names those that have none of their own.
    let room = body.height() as usize;
    let own = if rows.len() > room { room.saturating_sub(1) } else { rows.len() };
    if let Some(hidden) = rows.get(own..).filter(|hidden| !hidden.is_empty()) {
        let names: Vec<String> = hidden.iter().map(|(e, meant, said)| format!("{e} {meant} / {said}")).collect();
        let text = format!("and {}", names.join(", "));
        let fits = text.chars().count() <= body.width() as usize;
        body.text(0, own as u16, &if fits { text } else { format!("and {} more", hidden.len()) }, Ink::Plain);
    }
    for (y, (emotion, meant, said)) in rows.iter().take(own).enumerate() {
        let y = y as u16;
        body.text(0, y, &format!("{emotion:<10} {meant:>3} / {said:<3}"), Ink::Plain);
        bar(&mut body, (21, y), width, *said as f64 / most as f64, Some(*meant as f64 / most as f64), Ink::Accent);
    }
    if rows.is_empty() {
        body.text(0, 0, "no trial was finished", Ink::Dim);
    }
}
