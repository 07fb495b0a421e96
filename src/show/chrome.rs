//! What stands on every screen: the top line, the message line, the keys of the screen; and the one line that is
//! left of it all in a window that is too small.

use crate::lab::message::Snapshot;
use crate::show::app::Message;
use crate::show::caps::{Caps, Ink};
use crate::show::command::Line;
use crate::show::hint::{Hint, for_looking_on, shows};
use crate::show::pen::{Pen, cells, wrapped};
use crate::show::popup::Popup;
use crate::show::screen::{Letters, Screen};
use crate::show::words;
use crate::signal::{Nanos, SECOND};
use ratatui::buffer::Buffer;

/// Below this nothing but a line is drawn.
pub const SMALLEST: (u16, u16) = (60, 18);

/// Disk space below which the top line warns: about an hour of 32 channels with face video.
const LITTLE_DISK: u64 = 5_000_000_000;

/// Stands in the footer of every screen.
const HELP: Hint = shows("?", "help");
/// The same where a `?` is a letter of what is typed.
const HELP_TYPING: Hint = shows("F1", "help");

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
    let ways: &[Hint] = match screen.letters() {
        // A box and a typed line take every key until they are left.
        _ if frame.popup.is_some() || frame.line.is_some() => &[],
        Letters::Text => &[HELP_TYPING],
        _ if area.width >= 100 => &[shows(":", "command"), HELP],
        _ => &[HELP],
    };
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

/// What a form of words in the top line is worth: where there is no room for everything the least goes first, whole.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    SessionInFull,
    Link,
    Disk,
    NoneLost,
    Quality,
    TitleInFull,
    Session,
    LowQuality,
    SlowLink,
    LittleDisk,
    TitleShort,
    LookingOn,
    /// Whether it records, what was lost, and that nobody is recorded: never left out.
    Always,
}

/// One piece of the top line: its forms of words, the longest first.
struct Piece {
    ink: Ink,
    forms: Vec<(Worth, String)>,
}

impl Piece {
    fn new(worth: Worth, text: impl Into<String>, ink: Ink) -> Self {
        Piece { ink, forms: vec![(worth, text.into())] }
    }

    fn text(&self) -> &str {
        self.forms.first().map_or("", |(_, text)| text)
    }

    /// Columns, with `gap` blanks.
    fn length(&self, gap: usize) -> usize {
        if self.forms.is_empty() { 0 } else { cells(self.text()) + gap }
    }
}

/// Screen and session at the left; recording clock, quality, disk, lost, SIMULATED at the right. Nothing is cut: a part of
/// a code is another code, and a part of a figure another figure.
fn top(pen: &mut Pen, screen: &dyn Screen, snapshot: &Snapshot, frame: &Frame) {
    let mut left = vec![title(&screen.title(snapshot))];
    if frame.watching {
        left.push(Piece::new(Worth::LookingOn, "LOOKING ON", Ink::Accent));
    }
    left.extend(session(screen, snapshot));
    let mut right = if frame.broken { old_facts(snapshot) } else { facts(snapshot, pen.caps) };
    right.extend(link(frame.link, pen.width()));
    let width = usize::from(pen.width());
    loop {
        let sum = |pieces: &[Piece], gap| pieces.iter().map(|piece| piece.length(gap)).sum::<usize>();
        // A blank before each piece at the left, one around the title, two between those at the right.
        let length = 2 + sum(&left, 1) + sum(&right, 2).saturating_sub(2);
        let worth = |piece: &&mut Piece| piece.forms.first().map_or(Worth::Always, |(worth, _)| *worth);
        let Some(least) = left.iter_mut().chain(&mut right).min_by_key(worth).filter(|p| worth(p) < Worth::Always) else { break };
        // The long name of the session is for wide windows: it leaves the edge free.
        let edge = if worth(&least) == Worth::SessionInFull { 2 } else { 0 };
        if length + edge <= width {
            break;
        }
        least.forms.remove(0);
    }
    let mut x = 0;
    for piece in left.iter().filter(|piece| !piece.forms.is_empty()) {
        let text = if x == 0 { format!(" {} ", piece.text()) } else { piece.text().into() };
        x = pen.text(x, 0, &text, piece.ink) + 1;
    }
    let length: usize = right.iter().map(|piece| piece.length(2)).sum();
    let mut x = (pen.width() as usize).saturating_sub(length).max(x as usize) as u16;
    for piece in right.iter().filter(|piece| !piece.forms.is_empty()) {
        x = pen.text(x, 0, piece.text(), piece.ink) + 2;
    }
}

/// "4/7 QUALITY GATE", where there is less room "4/7 QUALITY", at last "4/7".
fn title(whole: &str) -> Piece {
    let words: Vec<&str> = whole.split_whitespace().collect();
    let short = if whole.starts_with(|c: char| c.is_ascii_digit()) { 2 } else { 1 };
    let mut forms = vec![(Worth::TitleInFull, whole.to_string())];
    forms.push((Worth::TitleShort, words[..short.min(words.len())].join(" ")));
    forms.push((Worth::Always, words.first().copied().unwrap_or_default().into()));
    forms.dedup_by(|a, b| a.1 == b.1);
    forms.last_mut().into_iter().for_each(|(worth, _)| *worth = Worth::Always);
    Piece { ink: Ink::Title, forms }
}

/// Whose session it is, where the title does not say so.
fn session(screen: &dyn Screen, snapshot: &Snapshot) -> Option<Piece> {
    let session = snapshot.session.as_ref().filter(|_| screen.of_session())?;
    let (code, number) = (&session.participant, session.number);
    let short = format!("{code}/{number}");
    if screen.title(snapshot).split_whitespace().any(|word| word == short) {
        return None;
    }
    let forms = vec![(Worth::SessionInFull, format!("{code} session {number}")), (Worth::Session, short)];
    Some(Piece { ink: Ink::Strong, forms })
}

/// The link, in steps so coarse that it stands still; on narrow screens only where it is slow.
fn link(round_trip: Option<Nanos>, width: u16) -> Option<Piece> {
    let ms = round_trip? / (SECOND / 1000);
    let slow = ms >= 500;
    let text = match ms {
        ..150 => "link ok".into(),
        150..1000 => format!("link {} ms", (ms + 25) / 50 * 50),
        _ => format!("link {} s!", (ms + 500) / 1000),
    };
    let (worth, ink) = if slow { (Worth::SlowLink, Ink::Fair) } else { (Worth::Link, Ink::Dim) };
    (slow || width >= 100).then(|| Piece::new(worth, text, ink))
}

/// In place of the figures while nothing comes from the lab: nobody knows whether it still records.
const BROKEN: &str = "NO LINE TO THE LAB: figures are old";

fn simulated(s: &Snapshot) -> Option<Piece> {
    s.simulated.then(|| Piece::new(Worth::Always, "SIMULATED", Ink::Simulated))
}

fn old_facts(s: &Snapshot) -> Vec<Piece> {
    std::iter::once(Piece::new(Worth::Always, BROKEN, Ink::Bad)).chain(simulated(s)).collect()
}

fn facts(s: &Snapshot, caps: Caps) -> Vec<Piece> {
    let mut facts = Vec::new();
    if s.recording {
        let what = if s.face.as_ref().is_some_and(|f| f.stored) { "REC FACE" } else { "REC" };
        let clock = words::clock(s.recorded);
        // Hours only when there are some: the line is short.
        let clock = clock.strip_prefix("00:").unwrap_or(&clock);
        let text = if caps.ascii { format!("{what} {clock}") } else { format!("● {what} {clock}") };
        facts.push(Piece::new(Worth::Always, text, Ink::Bad));
    } else {
        facts.push(Piece::new(Worth::Always, "not recording", Ink::Dim));
    }
    if let Some(report) = &s.quality {
        let low = report.overall < words::pass_mark(s);
        let sign = if low { "!" } else { "" };
        let (worth, ink) = if low { (Worth::LowQuality, Ink::Fair) } else { (Worth::Quality, Ink::Good) };
        facts.push(Piece::new(worth, format!("Q {:.0}%{sign}", report.overall), ink));
    }
    let little = s.disk_free < LITTLE_DISK;
    let sign = if little { "!" } else { "" };
    let lasts = s.disk_minutes.filter(|m| *m < 999.0).map(|m| format!(" ({m:.0} min)")).unwrap_or_default();
    let (worth, ink) = if little { (Worth::LittleDisk, Ink::Bad) } else { (Worth::Disk, Ink::Dim) };
    facts.push(Piece::new(worth, format!("disk {}{lasts}{sign}", words::bytes(s.disk_free)), ink));
    if s.lost > 0 {
        facts.push(Piece::new(Worth::Always, format!("lost {}!", s.lost), Ink::Bad));
    } else if !s.streams.is_empty() || s.recording {
        facts.push(Piece::new(Worth::NoneLost, "lost 0", Ink::Dim));
    }
    facts.extend(simulated(s));
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

/// The keys, as many as fit, and always the first one, which leads on, and the last one, which leads out; help stands at the
/// right and says how many keys found no room.
fn footer(pen: &mut Pen, hints: &[Hint], ways: &[Hint]) {
    let length = |h: &Hint| cells(h.key) + cells(h.what) + 1;
    let right: usize = ways.iter().map(|h| length(h) + 2).sum();
    let width = pen.width() as usize;
    let all = hints.iter().map(|h| length(h) + 3).sum::<usize>().saturating_sub(3);
    let shown = if all <= width.saturating_sub(right + 2) {
        hints.iter().map(|h| (h.key, h.what.to_string())).collect()
    } else {
        // Room for "12 more" instead of "help".
        fitting(hints, width.saturating_sub(right + 5))
    };
    let mut x = 1;
    for (key, what) in &shown {
        x = pen.line(x, 0, &[(key, Ink::Accent), (" ", Ink::Plain), (what, Ink::Plain)]) + 3;
    }
    let more = format!("{} more", hints.len() - shown.len());
    let ways =
        ways.iter().map(|way| (way.key, if way.what == HELP.what && shown.len() < hints.len() { &more } else { way.what }));
    let ways: Vec<(&str, &str)> = ways.collect();
    let right: usize = ways.iter().map(|h| h.0.len() + h.1.len() + 3).sum();
    let mut x = pen.width().saturating_sub(right as u16).saturating_add(1);
    for (key, what) in ways {
        x = pen.line(x, 0, &[(key, Ink::Accent), (" ", Ink::Plain), (what, Ink::Plain)]) + 2;
    }
}

/// As many as fit in `room` columns: the first and the last, shortened where they must be, then the others in their order.
fn fitting(hints: &[Hint], room: usize) -> Vec<(&'static str, String)> {
    /// Columns that the first keeps, however long the last is.
    const FIRST: usize = 24;
    let length = |(key, what): &(&str, String)| cells(key) + cells(what) + 4;
    let within = |h: &Hint, room: usize| (h.key, words::cut(h.what, room.saturating_sub(cells(h.key) + 1)));
    let whole = |h: &Hint| within(h, usize::MAX);
    let [first, others @ .., last] = hints else { return hints.iter().map(|h| within(h, room)).collect() };
    let last = within(last, room.saturating_sub(length(&whole(first)).min(FIRST)));
    let first = within(first, room.saturating_sub(length(&last)));
    let mut left = (room + 3).saturating_sub(length(&first) + length(&last));
    let mut shown = vec![first];
    for hint in others.iter().map(whole) {
        if length(&hint) <= left {
            left -= length(&hint);
            shown.push(hint);
        }
    }
    shown.push(last);
    shown
}
