//! The participant's own screen: one page that waits quietly and, after each video, asks for valence, arousal and a
//! word on the self-assessment scales of Bradley and Lang (1994).
//!
//! It shows nothing about the recording, and its keys do nothing but answer.

mod scales;

use crate::lab::message::{Action, Command, Event, Snapshot};
use crate::present::Phase;
use crate::show::caps::{Caps, Ink};
use crate::show::chrome::SMALLEST;
use crate::show::link::{Input, Left, Link, Program};
use crate::show::pen::Pen;
use crate::show::rating::RatingScreen;
use crate::show::screen::{Next, Screen};
use crate::signal::{Emotion, Question, Rating};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use scales::{AROUSAL, Scale, VALENCE, WIDTH, words};
use std::sync::Arc;

/// Rows of the page with figures.
const ROWS: u16 = 22;

/// The whole program of `limbic rate`.
pub struct RateScreen<L> {
    link: L,
    caps: Caps,
    snapshot: Option<Arc<Snapshot>>,
    answers: RatingScreen,
    /// Answers that are not known to be on disk.
    pending: Vec<u64>,
    message: String,
    next_id: u64,
    left: Option<Left>,
}

impl<L: Link> RateScreen<L> {
    /// `first_id` must be larger than every id of an earlier visit; ids count up from it.
    pub fn new(link: L, caps: Caps, first_id: u64) -> Self {
        let answers = RatingScreen::default();
        RateScreen {
            link,
            caps,
            snapshot: None,
            answers,
            pending: Vec::new(),
            message: String::new(),
            next_id: first_id,
            left: None,
        }
    }

    pub fn link_mut(&mut self) -> &mut L {
        &mut self.link
    }

    /// While a video runs the space bar says that something is felt, for as long as it is held.
    fn felt(&mut self, key: KeyEvent) {
        let runs = self.snapshot.as_ref().is_some_and(|s| s.protocol.phase == Phase::Video);
        if runs && key.code == KeyCode::Char(' ') {
            let action = Action::Moment { by: "participant".into(), toggle: false };
            self.link.send(Command { id: self.next_id, action });
            self.next_id += 1;
        }
    }

    fn key(&mut self, key: KeyEvent) {
        self.felt(key);
        let Some(snapshot) = self.snapshot.clone().filter(|s| s.protocol.phase == Phase::Rating) else { return };
        let answers = match key.code {
            KeyCode::Char(c) => c.is_ascii_digit() || Emotion::ALL.into_iter().any(|e| e.key() == c),
            KeyCode::F(_) | KeyCode::Esc => false,
            _ => true,
        };
        if !answers || key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL) {
            return;
        }
        self.message.clear();
        match self.answers.handle(key, &snapshot) {
            Next::Do(action @ (Action::Rate { .. } | Action::Unrate { .. })) => {
                self.pending.push(self.next_id);
                self.link.send(Command { id: self.next_id, action });
                self.next_id += 1;
            }
            // Only the experimenter may leave a question open, with a reason.
            Next::Ask(_) => self.message = "Please answer all three questions first.".into(),
            Next::Say(_) => self.message = "Please choose a word by its letter; the up key goes back to the scales.".into(),
            _ => {}
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Acknowledged { id } => self.pending.retain(|p| *p != id),
            Event::Refused { id, why } => {
                self.pending.retain(|p| *p != id);
                self.message = format!("This answer was not taken: {why}.");
            }
            Event::News { .. } => {}
        }
        if self.pending.is_empty() {
            self.answers.settled();
        }
    }
}

impl<L: Link> Program for RateScreen<L> {
    fn poll(&mut self) -> bool {
        let events = self.link.events();
        let mut changed = !events.is_empty();
        events.into_iter().for_each(|event| self.hear(event));
        if let Some(snapshot) = self.link.snapshot() {
            self.answers.observe(&snapshot);
            self.snapshot = Some(snapshot);
            changed = true;
        }
        if self.left.is_none() {
            self.left = self.link.ended().map(Left::Ended);
        }
        changed
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::Key(key) if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.left = Some(Left::Detached);
            }
            Input::Key(key) => self.key(key),
            Input::Paste(_) => {}
        }
    }

    fn draw(&self, buf: &mut Buffer) {
        let area = buf.area;
        let mut pen = Pen::new(buf, area, self.caps);
        match &self.snapshot {
            _ if area.width < SMALLEST.0 || area.height < SMALLEST.1 => {
                pen.text(0, 0, "Please make this window larger.", Ink::Plain);
            }
            None => pen.centred(area.height / 2, "One moment, please.", Ink::Plain),
            Some(s) => {
                if s.protocol.phase == Phase::Rating {
                    self.questions(&mut pen, s);
                } else {
                    quiet(&mut pen, s);
                }
                if s.simulated {
                    pen.right(0, "SIMULATED ", Ink::Simulated);
                }
            }
        }
        self.caps.fold(buf);
    }

    fn left(&self) -> Option<Left> {
        self.left.clone()
    }

    fn leaving(&self) -> bool {
        false
    }
}

impl<L: Link> RateScreen<L> {
    fn questions(&self, pen: &mut Pen, s: &Snapshot) {
        let rating = self.answers.current(s);
        let asked = self.answers.asked;
        let figures = pen.height() >= ROWS;
        let rows = if figures { 7 } else { 4 };
        let width = WIDTH.min(pen.width());
        let (left, top) = ((pen.width() - width) / 2, pen.height().saturating_sub(ROWS) / 2);
        let mut page = pen.part(left, top, width, u16::MAX);
        page.text(0, 0, "How did you feel during the video?", Ink::Strong);
        let pleasant = Scale { title: "PLEASANT?", ends: ["unpleasant", "pleasant"], figures: figures.then_some(&VALENCE) };
        pleasant.draw(&mut page.part(0, 2, width, rows), rating.valence, asked == Question::Valence);
        let awake = Scale { title: "EXCITED?", ends: ["calm, sleepy", "excited, awake"], figures: figures.then_some(&AROUSAL) };
        awake.draw(&mut page.part(0, 2 + rows, width, rows), rating.arousal, asked == Question::Arousal);
        words(&mut page.part(0, 2 + 2 * rows, width, 4), rating.emotion, asked == Question::Feeling);
        let (word, ink) = self.state(&rating);
        page.line(0, 4 + 2 * rows + 2, &[(&word, ink)]);
        let hints = [("1-9", "choose"), ("Left Right", "move"), ("Up Down", "question"), ("Enter", "done")];
        let mut x = 0;
        for (key, what) in hints {
            x = page.line(x, 4 + 2 * rows + 3, &[(key, Ink::Accent), (" ", Ink::Plain), (what, Ink::Dim)]) + 3;
        }
    }

    /// The line that says how far it is.
    fn state(&self, rating: &Rating) -> (String, Ink) {
        let answered = [rating.valence.is_some(), rating.arousal.is_some(), rating.emotion.is_some()];
        let count = answered.iter().filter(|x| **x).count();
        if !self.message.is_empty() {
            (self.message.clone(), Ink::Fair)
        } else if !self.pending.is_empty() {
            (format!("{count} of 3 answered, saving ..."), Ink::Fair)
        } else if count == 3 {
            ("All answered and saved. Enter goes on.".into(), Ink::Good)
        } else {
            (format!("{count} of 3 answered"), Ink::Dim)
        }
    }
}

/// Between the questions: one calm line.
fn quiet(pen: &mut Pen, s: &Snapshot) {
    let text = match s.protocol.phase {
        Phase::Waiting => "Welcome. We begin soon.",
        Phase::EyesOpen => "Please sit still and keep your eyes open.",
        Phase::EyesClosed => "Please close your eyes until you are told to open them.",
        Phase::Fixation => "Please watch. Hold the space bar for as long as you feel something strongly.",
        Phase::Video if s.guided.held.is_some() => "Please watch.  (felt)",
        Phase::Video => "Please watch.",
        Phase::Rest => "Please rest for a moment.",
        Phase::Paused => "A short break. Please wait.",
        _ => "That was all. Thank you.",
    };
    pen.centred(pen.height() / 2, text, Ink::Plain);
}

#[cfg(test)]
mod tests;
