//! What stands on every screen: the top line, the message line, the keys of the screen; and the one line that is
//! left of it all in a window that is too small.

use crate::lab::message::Snapshot;
use crate::show::app::Message;
use crate::show::caps::{Caps, Ink};
use crate::show::command::Line;
use crate::show::hint::{Hint, for_looking_on, shows};
use crate::show::pen::{Pen, wrapped};
use crate::show::popup::Popup;
use crate::show::screen::Screen;
use crate::show::words;
use crate::signal::{Nanos, SECOND};
use ratatui::buffer::Buffer;

/// Below this nothing but a line is drawn.
pub const SMALLEST: (u16, u16) = (60, 18);

/// Disk space below which the top line warns: about an hour of 32 channels with face video.
const LITTLE_DISK: u64 = 5_000_000_000;

/// Stands in the footer of every screen.
const HELP: Hint = shows("?", "help");

/// Most rows of one message.
const MESSAGE_ROWS: u16 = 3;

/// What the app knows about itself.
pub struct Frame<'a> {
    pub caps: Caps,
    pub screen: Option<&'a dyn Screen>,
    pub popup: Option<&'a Popup>,
    /// A command that was not yet answered: whether it stores something, and what it is.
    pub waiting: Option<(bool, &'static str)>,
    pub message: Option<&'a Message>,
    /// Another terminal has the keyboard.
    pub watching: bool,
    /// Nothing comes from the lab: what is shown is old.
    pub broken: bool,
    /// How long the way to the terminal and back takes, where it answers.
    pub link: Option<Nanos>,
    /// A command or a search being typed, and what Tab offers.
    pub line: Option<(&'a Line, Vec<String>)>,
}

/// Draws the whole screen.
pub fn draw(frame: &Frame, snapshot: Option<&Snapshot>, buf: &mut Buffer) {
    let area = buf.area;
    let mut pen = Pen::new(buf, area, frame.caps);
    let (Some(snapshot), Some(screen)) = (snapshot, frame.screen) else {
        pen.text(1, 0, "limbic: waiting for the lab ...  (q leaves)", Ink::Plain);
        return;
    };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small(&mut pen, snapshot, frame.broken);
    }
    top(&mut pen.part(0, 0, area.width, 1), screen, snapshot, frame);
    let body_height = area.height - 3;
    screen.draw(&mut pen.part(1, 1, area.width - 2, body_height), snapshot);
    if let Some(popup) = frame.popup {
        popup.draw(&mut pen.part(1, 1, area.width - 2, body_height));
    }
    match &frame.line {
        Some((line, names)) => line.draw(&mut pen.part(0, area.height - 2, area.width, 1), names),
        None => {
            let mut rows = pen.part(0, area.height - 1 - MESSAGE_ROWS, area.width, MESSAGE_ROWS);
            message(&mut rows, frame, |news| screen.tells(news, snapshot));
        }
    }
    let hints = match (&frame.line, frame.popup) {
        (Some((line, _)), _) => line.hints(),
        (None, Some(popup)) => popup.hints(),
        _ if frame.watching => for_looking_on(screen.hints(snapshot)),
        _ => screen.hints(snapshot),
    };
    let ways: &[Hint] = if area.width >= 100 { &[shows(":", "command"), HELP] } else { &[HELP] };
    footer(&mut pen.part(0, area.height - 1, area.width, 1), &hints, ways);
}

fn too_small(pen: &mut Pen, snapshot: &Snapshot, broken: bool) {
    let size = format!("{}x{}; {}x{} needed", pen.width(), pen.height(), SMALLEST.0, SMALLEST.1);
    let text = if broken {
        format!("{BROKEN}; window too small ({size})")
    } else if snapshot.recording {
        format!("REC continues {}; window too small ({size})", words::clock(snapshot.recorded))
    } else {
        format!("Not recording; window too small ({size})")
    };
    pen.wrap(0, 0, 3, &text, Ink::Strong);
}

/// Screen, session, recording clock, quality, disk, lost, SIMULATED. The right part is never cut for the left.
fn top(pen: &mut Pen, screen: &dyn Screen, snapshot: &Snapshot, frame: &Frame) {
    let title = format!(" {} ", screen.title(snapshot));
    let mut x = pen.text(0, 0, &title, Ink::Title);
    if frame.watching {
        x = pen.text(x + 1, 0, "LOOKING ON", Ink::Accent);
    }
    let mut facts = if frame.broken { old_facts(snapshot) } else { facts(snapshot, pen.caps) };
    facts.extend(link(frame.link, pen.width()));
    let length: usize = facts.iter().map(|(text, _)| text.chars().count() + 2).sum();
    let start = (pen.width() as usize).saturating_sub(length).max(x as usize + 1) as u16;
    let short = snapshot.session.as_ref().map(|s| format!("{}/{}", s.participant, s.number)).unwrap_or_default();
    let said = title.split_whitespace().any(|word| word == short);
    if let Some(session) = snapshot.session.as_ref().filter(|_| screen.of_session() && !said) {
        let room = start.saturating_sub(x + 2) as usize;
        let name = format!("{} session {}", session.participant, session.number);
        let name = if name.chars().count() <= room { name } else { words::cut(&short, room) };
        pen.text(x + 1, 0, &name, Ink::Strong);
    }
    let mut x = start;
    for (text, ink) in &facts {
        x = pen.text(x, 0, text, *ink) + 2;
    }
}

/// The link, in steps so coarse that it stands still; on narrow screens only where it is slow.
fn link(round_trip: Option<Nanos>, width: u16) -> Option<(String, Ink)> {
    let ms = round_trip? / (SECOND / 1000);
    let slow = ms >= 500;
    let text = match ms {
        ..150 => "link ok".into(),
        150..1000 => format!("link {} ms", (ms + 25) / 50 * 50),
        _ => format!("link {} s!", (ms + 500) / 1000),
    };
    (slow || width >= 100).then_some((text, if slow { Ink::Fair } else { Ink::Dim }))
}

/// In place of the figures while nothing comes from the lab: nobody knows whether it still records.
const BROKEN: &str = "NO LINE TO THE LAB: figures are old";

fn old_facts(s: &Snapshot) -> Vec<(String, Ink)> {
    let simulated = s.simulated.then(|| ("SIMULATED".into(), Ink::Simulated));
    std::iter::once((BROKEN.into(), Ink::Bad)).chain(simulated).collect()
}

fn facts(s: &Snapshot, caps: Caps) -> Vec<(String, Ink)> {
    let mut facts = Vec::new();
    if s.recording {
        let what = if s.face.as_ref().is_some_and(|f| f.stored) { "REC FACE" } else { "REC" };
        let clock = words::clock(s.recorded);
        // Hours only when there are some: the line is short.
        let clock = clock.strip_prefix("00:").unwrap_or(&clock);
        facts.push((if caps.ascii { format!("{what} {clock}") } else { format!("● {what} {clock}") }, Ink::Bad));
    } else {
        facts.push(("not recording".into(), Ink::Dim));
    }
    if let Some(report) = &s.quality {
        let low = report.overall < words::pass_mark(s);
        let sign = if low { "!" } else { "" };
        facts.push((format!("Q {:.0}%{sign}", report.overall), if low { Ink::Fair } else { Ink::Good }));
    }
    let little = s.disk_free < LITTLE_DISK;
    let sign = if little { "!" } else { "" };
    let lasts = s.disk_minutes.filter(|m| *m < 999.0).map(|m| format!(" ({m:.0} min)")).unwrap_or_default();
    facts.push((format!("disk {}{lasts}{sign}", words::bytes(s.disk_free)), if little { Ink::Bad } else { Ink::Dim }));
    if !s.streams.is_empty() || s.recording || s.lost > 0 {
        let lost = if s.lost == 0 { ("lost 0".into(), Ink::Dim) } else { (format!("lost {}!", s.lost), Ink::Bad) };
        facts.push(lost);
    }
    if s.simulated {
        facts.push(("SIMULATED".into(), Ink::Simulated));
    }
    facts
}

/// What waits for the lab, else the last answer or news that the screen has not `told` itself, on the last row of `pen`; a long one takes the rows above as well.
fn message(pen: &mut Pen, frame: &Frame, told: impl Fn(&str) -> bool) {
    let waits = frame.waiting.map(|(saves, what)| format!("{} ... {what}", if saves { "saving" } else { "waiting" }));
    let tick = if frame.caps.ascii { "ok " } else { "✓ " };
    let (sign, text, ink) = match (frame.message, &waits) {
        (Some(Message::Refused(why)), _) => (("! ", Ink::Bad), why, Ink::Bad),
        (_, Some(waits)) => (("", Ink::Fair), waits, Ink::Fair),
        (Some(Message::Saved(text)), _) => ((tick, Ink::Good), text, Ink::Plain),
        (Some(Message::News(text)), _) if !told(text) => (("", Ink::Dim), text, Ink::Dim),
        _ => return,
    };
    let column = 1 + sign.0.chars().count() as u16;
    let rows = (wrapped(text, pen.width().saturating_sub(column) as usize).len() as u16).clamp(1, pen.height());
    let mut pen = pen.below(pen.height() - rows);
    if rows > 1 {
        pen.clear();
    }
    pen.text(1, 0, sign.0, sign.1);
    pen.wrap(column, 0, rows, text, ink);
}

/// The keys, as many as fit, and always the last one, which leads out; help stands at the right and says how many keys
/// found no room.
fn footer(pen: &mut Pen, hints: &[Hint], ways: &[Hint]) {
    let length = |h: &Hint| h.key.chars().count() + h.what.chars().count() + 1;
    let right: usize = ways.iter().map(|h| length(h) + 2).sum();
    let width = pen.width() as usize;
    let all = hints.iter().map(|h| length(h) + 3).sum::<usize>().saturating_sub(3);
    let shown = if all <= width.saturating_sub(right + 2) {
        hints.to_vec()
    } else {
        // Room for "12 more" instead of "help".
        fitting(hints, width.saturating_sub(right + 5))
    };
    let mut x = 1;
    for hint in &shown {
        x = pen.line(x, 0, &[(hint.key, Ink::Accent), (" ", Ink::Plain), (hint.what, Ink::Plain)]) + 3;
    }
    let more = format!("{} more", hints.len() - shown.len());
    let ways = ways.iter().map(|way| (way.key, if *way == HELP && shown.len() < hints.len() { &more } else { way.what }));
    let ways: Vec<(&str, &str)> = ways.collect();
    let right: usize = ways.iter().map(|h| h.0.len() + h.1.len() + 3).sum();
    let mut x = pen.width().saturating_sub(right as u16).saturating_add(1);
    for (key, what) in ways {
        x = pen.line(x, 0, &[(key, Ink::Accent), (" ", Ink::Plain), (what, Ink::Plain)]) + 2;
    }
}

/// As many as fit, the first ones first, and the last, in `room` columns.
fn fitting(hints: &[Hint], room: usize) -> Vec<Hint> {
    let length = |h: &Hint| h.key.chars().count() + h.what.chars().count() + 4;
    let Some((last, others)) = hints.split_last() else { return Vec::new() };
    let mut left = (room + 3).saturating_sub(length(last));
    let fits = |hint: &&Hint| {
        let fits = length(hint) <= left;
        left -= if fits { length(hint) } else { 0 };
        fits
    };
    let mut shown: Vec<Hint> = others.iter().filter(fits).copied().collect();
    shown.push(*last);
    shown
}
