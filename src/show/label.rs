//! Labelling: the seconds of a clip in which the emotion was felt, marked on its timeline beside the signals, the face
//! and the predictions. People do not hold an emotion for a whole video.

mod timeline;

use crate::lab::guided::Labelling;
use crate::lab::message::{Action, Snapshot};
use crate::present::Phase;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Letters, Next, Place, Screen};
use crate::show::words;
use crate::signal::{Emotion, Segment};
use crate::store::rows::Trial;
use crossterm::event::{KeyCode, KeyEvent};
use std::collections::BTreeMap;

/// Steps of the cursor, s.
const STEP_S: f64 = 0.5;
const LEAP_S: f64 = 5.0;
/// What was sent is believed for so many snapshots; then the lab's word holds again.
const BELIEVED: u64 = 40;

/// Said to every key that would change a segment while another has no end yet.
const UNENDED: &str = "The segment that was begun has no end yet: Space ends it at the cursor, Esc forgets it.";

/// (trial, attempt, number) of a segment.
type Name = (u32, u32, u32);

#[derive(Default)]
pub struct LabelScreen {
    /// The trial that the rest belongs to: session, number.
    of: Option<(u64, u32)>,
    cursor_s: f64,
    selected: usize,
    /// Where a segment was begun whose end is not set yet.
    begun: Option<f64>,
    /// Sent, and perhaps not in the snapshot yet: with the snapshot's number at the time of sending.
    sent: BTreeMap<Name, (u64, Segment)>,
    taken_back: Vec<Segment>,
}

fn name(s: &Segment) -> Name {
    (s.trial, s.attempt, s.number)
}

impl LabelScreen {
    /// Another trial was opened: cursor and selection begin anew.
    fn settle(&mut self, open: &Labelling) {
        let of = Some((open.session.0, open.trial.number));
        if self.of != of {
            *self = LabelScreen { of, ..LabelScreen::default() };
        }
    }

    /// The segments as they are once the lab has heard everything, by time.
    fn segments(&self, s: &Snapshot, open: &Labelling) -> Vec<Segment> {
        let ours = self.of == Some((open.session.0, open.trial.number));
        let mut all: BTreeMap<Name, Segment> = open.segments.iter().map(|x| (name(x), x.clone())).collect();
        let fresh = self.sent.iter().filter(|(_, (seq, _))| ours && s.seq.saturating_sub(*seq) < BELIEVED);
        all.extend(fresh.map(|(name, (_, segment))| (*name, segment.clone())));
        let mut left: Vec<Segment> = all.into_values().filter(|x| !x.removed).collect();
        left.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
        left
    }

    fn next_number(&self, open: &Labelling) -> u32 {
        let sent = self.sent.keys().map(|(.., number)| *number).max().unwrap_or(0);
        open.next_number().max(sent + 1)
    }

    fn send(&mut self, s: &Snapshot, open: &Labelling, segment: Segment) -> Next {
        if let Some(problem) = segment.problem(open.length_s) {
            return Next::Say(format!("{problem}."));
        }
        self.sent.insert(name(&segment), (s.seq, segment.clone()));
        Next::Do(Action::Segment { session: open.session, segment })
    }

    /// Changes the selected segment; none while one is being made, which is the one that a person would mean.
    fn change(&mut self, s: &Snapshot, open: &Labelling, how: impl FnOnce(&mut Segment)) -> Next {
        if self.begun.is_some() {
            return Next::Say(UNENDED.into());
        }
        let segments = self.segments(s, open);
        let Some(mut segment) = segments.get(self.selected.min(segments.len().saturating_sub(1))).cloned() else {
            return Next::Say("There is no segment yet: Space begins one at the cursor.".into());
        };
        how(&mut segment);
        self.send(s, open, segment)
    }

    /// Begins a segment at the cursor, or ends the one that was begun.
    fn space(&mut self, s: &Snapshot, open: &Labelling) -> Next {
        let Some(from) = self.begun.take() else {
            self.begun = Some(self.cursor_s);
            return Next::Stay;
        };
        let (from_s, to_s) = (from.min(self.cursor_s), from.max(self.cursor_s));
        if to_s - from_s < Segment::SHORTEST_S {
            self.begun = Some(from);
            return Next::Say("Move the cursor first: the segment would have no length. Esc forgets its beginning.".into());
        }
        let trial = &open.trial;
        let number = self.next_number(open);
        let by = "experimenter".into();
        let segment = Segment { trial: trial.number, attempt: trial.attempt, number, from_s, to_s, by, ..Segment::default() };
        let next = self.send(s, open, segment);
        let at = self.segments(s, open).iter().position(|x| x.number == number);
        self.selected = at.unwrap_or(self.selected);
        next
    }

    fn take_back(&mut self, s: &Snapshot, open: &Labelling) -> Next {
        let segments = self.segments(s, open);
        let chosen = segments.get(self.selected.min(segments.len().saturating_sub(1)));
        if let Some(segment) = chosen.filter(|_| self.begun.is_none()) {
            self.taken_back.push(segment.clone());
        }
        self.change(s, open, |segment| segment.removed = true)
    }

    fn turn(&mut self, s: &Snapshot, open: &Labelling, on: bool) -> Next {
        let segments = self.segments(s, open);
        let count = segments.len().max(1);
        self.selected = (self.selected.min(count - 1) + if on { 1 } else { count - 1 }) % count;
        if let Some(segment) = segments.get(self.selected) {
            self.cursor_s = segment.from_s;
        }
        Next::Stay
    }

    fn other_trial(&self, open: &Labelling, on: bool) -> Next {
        let at = open.trials.iter().position(|t| t.0 == open.trial.number).unwrap_or(0);
        let other = if on { at + 1 } else { at.wrapping_sub(1) };
        match open.trials.get(other) {
            Some((trial, ..)) => Next::Do(Action::Label { session: open.session, trial: *trial }),
            None => Next::Say("There is no further trial in this direction.".into()),
        }
    }
}

/// The first trial whose clip was shown to its end.
pub(super) fn first(trials: &[Trial]) -> Option<u32> {
    trials.iter().find(|t| t.video_on.is_some() && t.video_off.is_some()).map(|t| t.number)
}

/// Where Esc leads: to the running session, the review, the summary, or home.
fn back(s: &Snapshot) -> Place {
    let session = s.guided.labelling.as_ref().map(|l| l.session);
    if s.recording {
        return if s.protocol.phase == Phase::Rating { Place::Rating } else { Place::Session };
    }
    if s.review.as_ref().is_some_and(|r| Some(r.session.id) == session) {
        return Place::Review;
    }
    if s.session.as_ref().is_some_and(|x| Some(x.id) == session) { Place::Summary } else { Place::Home }
}

impl Screen for LabelScreen {
    fn title(&self, s: &Snapshot) -> String {
        s.guided.labelling.as_ref().map_or_else(|| "LABELLING".into(), |l| format!("LABELLING trial {}", l.trial.number))
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        let mut hints = Vec::new();
        if s.guided.labelling.is_some() {
            hints.push(if self.begun.is_some() { orders("Space", "end it here") } else { orders("Space", "begin a segment") });
            hints.extend([
                shows("Left/Right", "cursor"),
                orders("Tab", "segment"),
                orders("[ ]", "its edges"),
                orders("letter", "emotion"),
                orders("1-9", "intensity"),
                orders("Bksp", "take back"),
                orders("z", "undo that"),
                orders("Up/Down", "trial"),
            ]);
        }
        hints.push(shows("Esc", "back"));
        hints
    }

    /// Letters name emotions here.
    fn letters(&self) -> Letters {
        Letters::Answers
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        let Some(open) = s.guided.labelling.clone() else {
            return if key.code == KeyCode::Esc { Next::Go(back(s)) } else { Next::Pass };
        };
        self.settle(&open);
        let to = |second: f64| ((second / STEP_S).round() * STEP_S).clamp(0.0, open.length_s);
        match key.code {
            KeyCode::Esc if self.begun.is_some() => self.begun = None,
            KeyCode::Esc => return Next::Go(back(s)),
            KeyCode::Left => self.cursor_s = to(self.cursor_s - STEP_S),
            KeyCode::Right => {
                self.cursor_s = if self.cursor_s + STEP_S > open.length_s { open.length_s } else { to(self.cursor_s + STEP_S) }
            }
            KeyCode::PageUp => self.cursor_s = to(self.cursor_s - LEAP_S),
            KeyCode::PageDown => self.cursor_s = to(self.cursor_s + LEAP_S),
            KeyCode::Home => self.cursor_s = 0.0,
            KeyCode::End => self.cursor_s = open.length_s,
            KeyCode::Char(' ') => return self.space(s, &open),
            KeyCode::Tab => return self.turn(s, &open, true),
            KeyCode::BackTab => return self.turn(s, &open, false),
            KeyCode::Char('[') => {
                let at = self.cursor_s;
                return self.change(s, &open, |x| x.from_s = at);
            }
            KeyCode::Char(']') => {
                let at = self.cursor_s;
                return self.change(s, &open, |x| x.to_s = at);
            }
            KeyCode::Backspace | KeyCode::Delete => return self.take_back(s, &open),
            KeyCode::Char('z') => {
                return match self.taken_back.pop() {
                    Some(segment) => self.send(s, &open, segment),
                    None => Next::Say("Nothing was taken back here.".into()),
                };
            }
            KeyCode::Up => return self.other_trial(&open, false),
            KeyCode::Down => return self.other_trial(&open, true),
            KeyCode::Char(c @ '1'..='9') => return self.change(s, &open, |x| x.intensity = Some(c as u8 - b'0')),
            KeyCode::Char(c) => match Emotion::ALL.into_iter().find(|e| e.key() == c) {
                Some(emotion) => return self.change(s, &open, |x| x.emotion = (x.emotion != Some(emotion)).then_some(emotion)),
                None => return Next::Pass,
            },
            _ => return Next::Pass,
        }
        Next::Stay
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let Some(open) = &s.guided.labelling else {
            pen.wrap(1, 1, 3, "Reading the signals of the clip ...", Ink::Plain);
            return;
        };
        let segments = self.segments(s, open);
        let ours = self.of == Some((open.session.0, open.trial.number));
        let cursor = if ours { self.cursor_s } else { 0.0 };
        let selected = if ours { self.selected.min(segments.len().saturating_sub(1)) } else { 0 };
        let begun = self.begun.filter(|_| ours);
        draw_head(&mut pen.part(0, 0, u16::MAX, 2), open);
        let list = if pen.height() >= 30 { 10 } else { 5 };
        let middle = pen.height().saturating_sub(2 + list);
        let marks = timeline::Marks { segments: &segments, selected, cursor, begun };
        timeline::draw(&mut pen.part(0, 2, u16::MAX, middle), open, &marks);
        draw_segments(&mut pen.below(2 + middle), open, &segments, selected);
    }
}

fn draw_head(pen: &mut Pen, open: &Labelling) {
    let t = &open.trial;
    let at = open.trials.iter().position(|(n, ..)| *n == t.number).map_or(0, |i| i + 1);
    let meant = t.intended.map_or_else(String::new, |e| format!("meant {e}"));
    let said = t.rating.emotion.map_or_else(|| "not rated".into(), |e| format!("said {e}"));
    let figure = |v: Option<f32>| v.map_or_else(|| "-".into(), |v| format!("{v:.0}"));
    let rating = format!("{meant}, {said}, valence {} arousal {}", figure(t.rating.valence), figure(t.rating.arousal));
    let who = format!("{} session {}  clip {at} of {}: ", open.participant, open.session_number, open.trials.len());
    pen.line(1, 0, &[(&who, Ink::Dim), (&t.stimulus, Ink::Strong), (&format!("  {:.1} s", open.length_s), Ink::Plain)]);
    let end = pen.text(1, 1, &rating, Ink::Plain);
    let labelled = open.trials.iter().filter(|(.., n)| *n > 0).count();
    let all = format!("{labelled} of {} clips labelled ", open.trials.len());
    if usize::from(end) + 2 + all.len() <= usize::from(pen.width()) {
        pen.right(1, &all, Ink::Dim);
    }
}

fn draw_segments(pen: &mut Pen, open: &Labelling, segments: &[Segment], selected: usize) {
    let plural = if segments.len() == 1 { "" } else { "s" };
    let mut body = pen.panel(&format!("{} felt segment{plural}", segments.len()));
    if segments.is_empty() {
        let text =
            "None yet. Space begins one at the cursor, Space again ends it; a letter says the emotion, a digit how strong.";
        body.wrap(1, 0, 3, text, Ink::Dim);
    }
    let rows = body.height() as usize;
    let first = crate::show::screen::scrolled(selected, rows, segments.len());
    for (y, (i, x)) in segments.iter().enumerate().skip(first).take(rows).enumerate() {
        let y = y as u16;
        let felt = match (x.emotion, open.trial.rating.emotion.or(open.trial.intended)) {
            (Some(emotion), _) => emotion.name().to_string(),
            (None, Some(rated)) => format!("as rated ({rated})"),
            (None, None) => "as rated".into(),
        };
        let narrow = body.width() < 78;
        let strong = x.intensity.map_or_else(|| "-".into(), |i| i.to_string());
        let how = match (narrow, x.live) {
            (true, true) => "live: ",
            (true, false) => "",
            (false, true) => "marked live by ",
            (false, false) => "marked by ",
        };
        let text = if narrow {
            format!("{:>5.1}-{:>5.1} s {felt:<20} {strong}/9 ", x.from_s, x.to_s)
        } else {
            format!("{:>6.1} - {:>5.1} s  {felt:<20} intensity {strong} ", x.from_s, x.to_s)
        };
        let end = body.text(1, y, &text, Ink::Plain);
        let room = body.width().saturating_sub(end);
        body.text(end, y, &words::cut(&format!("{how}{}", x.by), room.into()), Ink::Dim);
        if i == selected {
            body.select(y);
        }
    }
    for (i, note) in open.notes.iter().enumerate() {
        body.text(1, (segments.len().max(1) + i) as u16, &format!("! {note}"), Ink::Fair);
    }
}
