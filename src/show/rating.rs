//! Step 4, after each video: valence, arousal and one word. Letters and digits are answers here.
//!
//! Every key press is sent to the lab at once; an earlier answer stays in the journal.

use crate::lab::message::{Action, Snapshot};
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders};
use crate::show::pen::Pen;
use crate::show::popup::{Popup, Purpose};
use crate::show::screen::{Letters, Next, Screen};
use crate::show::session::control_key;
use crate::show::words;
use crate::signal::{Emotion, Question, Rating};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[derive(Default)]
pub struct RatingScreen {
    /// Which question the digits answer.
    pub(super) asked: Question,
    /// What this (trial, attempt) looks like with the keys that the lab has not answered yet.
    hoped: Option<((u32, u32), Rating)>,
    /// The lab has answered them all: the next snapshot has what holds.
    settled: bool,
    /// The experimenter reads the questions aloud and types.
    by_experimenter: bool,
}

impl RatingScreen {
    /// The answers so far, the last key included.
    pub(super) fn current(&self, s: &Snapshot) -> Rating {
        let trial = (s.protocol.trial, s.protocol.attempt);
        self.hoped.filter(|(t, _)| *t == trial).map_or(s.rating, |(_, rating)| rating)
    }

    fn by(&self) -> String {
        if self.by_experimenter { "experimenter".into() } else { "participant".into() }
    }

    fn hope(&mut self, rating: Rating, s: &Snapshot) {
        (self.hoped, self.settled) = (Some(((s.protocol.trial, s.protocol.attempt), rating)), false);
    }

    /// Sends what was answered now and nothing else: other answers may have changed on another screen.
    fn answer(&mut self, given: Rating, s: &Snapshot) -> Next {
        self.hope(self.current(s).with(given), s);
        Next::Do(Action::Rate { rating: given, by: self.by(), done: false, reason: String::new() })
    }

    fn done(&mut self, s: &Snapshot) -> Next {
        if self.current(s).is_complete() {
            self.asked = Question::Valence;
            Next::Do(Action::Rate { rating: Rating::default(), by: self.by(), done: true, reason: String::new() })
        } else {
            Next::Ask(Popup::ask(Purpose::EndRating(self.by())))
        }
    }

    /// Sets the value of the current scale and moves to the next question.
    fn digit(&mut self, value: f32, s: &Snapshot) -> Next {
        let mut given = Rating::default();
        match self.asked {
            Question::Valence => {
                given.valence = Some(value);
                self.asked = Question::Arousal;
            }
            Question::Arousal => {
                given.arousal = Some(value);
                self.asked = Question::Feeling;
            }
            Question::Feeling => return Next::Say("The feeling is answered by a letter; Tab goes back to the scales.".into()),
        }
        self.answer(given, s)
    }

    /// Left and right: one step on a scale (from the middle when nothing is set), the next word for the feeling.
    fn step(&mut self, up: bool, s: &Snapshot) -> Next {
        let (now, mut given) = (self.current(s), Rating::default());
        let moved = |value: Option<f32>| Some(value.map_or(5.0, |v| (if up { v + 1.0 } else { v - 1.0 }).clamp(1.0, 9.0)));
        match self.asked {
            Question::Valence => given.valence = moved(now.valence),
            Question::Arousal => given.arousal = moved(now.arousal),
            Question::Feeling => {
                let count = Emotion::ALL.len();
                let at = now.emotion.and_then(|e| Emotion::ALL.iter().position(|x| *x == e));
                let next = at.map_or(0, |i| if up { (i + 1) % count } else { (i + count - 1) % count });
                given.emotion = Some(Emotion::ALL[next]);
            }
        }
        self.answer(given, s)
    }

    fn clear(&mut self, s: &Snapshot) -> Next {
        self.hope(self.current(s).without(self.asked), s);
        Next::Do(Action::Unrate { question: self.asked, by: self.by() })
    }

    fn turn(&mut self, on: bool) -> Next {
        self.asked = match (self.asked, on) {
            (Question::Valence, true) | (Question::Feeling, false) => Question::Arousal,
            (Question::Arousal, true) | (Question::Valence, false) => Question::Feeling,
            (Question::Feeling, true) | (Question::Arousal, false) => Question::Valence,
        };
        Next::Stay
    }
}

impl Screen for RatingScreen {
    fn title(&self, s: &Snapshot) -> String {
        let p = &s.protocol;
        if p.trial == 0 { "7/7 RATING".into() } else { format!("7/7 RATING {}/{}", p.trial, p.trials) }
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        let answer = if self.asked == Question::Feeling { orders("letter", "feeling") } else { orders("1-9", "value") };
        // The first key is the one that a narrow footer keeps.
        let [first, third] = match self.current(s).is_complete() {
            true => [orders("Enter", "done"), answer],
            false => [answer, orders("Enter", "done (reason)")],
        };
        vec![
            first,
            orders("Tab", "next question"),
            third,
            orders("Bksp", "clear"),
            orders("F2", "who answers"),
            orders("Alt-n", "note"),
            orders("P R K A", "pause redo skip abort"),
        ]
    }

    fn letters(&self) -> Letters {
        Letters::Answers
    }

    fn settled(&mut self) {
        self.settled = true;
    }

    fn observe(&mut self, _: &Snapshot) {
        if std::mem::take(&mut self.settled) {
            self.hoped = None;
        }
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL) {
            return Next::Pass;
        }
        match key.code {
            KeyCode::Enter => self.done(s),
            KeyCode::Tab | KeyCode::Down => self.turn(true),
            KeyCode::BackTab | KeyCode::Up => self.turn(false),
            KeyCode::Left => self.step(false, s),
            KeyCode::Right => self.step(true, s),
            KeyCode::Backspace => self.clear(s),
            KeyCode::F(2) => {
                self.by_experimenter = !self.by_experimenter;
                Next::Stay
            }
            KeyCode::Char(c @ '1'..='9') => self.digit(f32::from(c as u8 - b'0'), s),
            KeyCode::Char(c) => match Emotion::ALL.into_iter().find(|e| e.key() == c) {
                Some(emotion) => {
                    self.asked = Question::Feeling;
                    self.answer(Rating { emotion: Some(emotion), ..Rating::default() }, s)
                }
                None if c.is_ascii_uppercase() => control_key(key, s, true),
                None => Next::Pass,
            },
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let rating = self.current(s);
        let roomy = pen.height() >= 30;
        let gap = match pen.height() {
            30.. => 6,
            18.. => 4,
            _ => 3,
        };
        let narrow = pen.width() < 66;
        let width = 74.min(pen.width());
        let (left, height) = ((pen.width() - width) / 2, pen.height());
        let mut body = pen.part(left, if roomy { 3 } else { 0 }, width, height);
        body.text(0, 0, "How did you feel during the video?", Ink::Strong);
        let by = if narrow { "by" } else { "answered by:" };
        body.right(0, &format!("{by} {} (F2)", self.by()), Ink::Dim);
        let (v, a, f) = (self.asked == Question::Valence, self.asked == Question::Arousal, self.asked == Question::Feeling);
        scale(&mut body.part(0, 2, width, 3), "VALENCE", ["unpleasant", "neutral", "pleasant"], rating.valence, v);
        scale(&mut body.part(0, 2 + gap, width, 3), "AROUSAL", ["calm, sleepy", "", "excited, wide awake"], rating.arousal, a);
        feelings(&mut body.part(0, 2 + 2 * gap, width, 6), rating.emotion, f);
        let saved = rating == s.rating;
        let answered = [rating.valence.is_some(), rating.arousal.is_some(), rating.emotion.is_some()];
        let count = answered.iter().filter(|x| **x).count();
        let (word, ink) = match (count, saved) {
            (0, true) => ("nothing answered yet", Ink::Dim),
            (_, true) => ("saved", Ink::Good),
            _ => ("saving ...", Ink::Fair),
        };
        let y = 2 + 2 * gap + if gap > 3 { 6 } else { 5 };
        body.line(0, y, &[(&format!("{count} of 3 answered: "), Ink::Plain), (word, ink)]);
        let waiting = format!("rating for {}", words::minutes(s.now - s.protocol.phase_started));
        body.right(y, &waiting, Ink::Dim);
        let enter = "Enter goes on when all three stand.";
        if height >= y + 4 {
            let text = format!("Each answer is saved the moment its key is pressed; {enter}");
            body.wrap(0, y + 2, 2, &text, Ink::Dim);
        } else {
            body.text(0, y + 1, enter, Ink::Dim);
        }
    }
}

fn name(pen: &mut Pen, text: &str, here: bool) {
    let sign = if here { "> " } else { "  " };
    pen.line(0, 0, &[(sign, Ink::Accent), (text, if here { Ink::Accent } else { Ink::Strong })]);
}

fn scale(pen: &mut Pen, title: &str, ends: [&str; 3], value: Option<f32>, here: bool) {
    name(pen, title, here);
    let left = 14;
    let step = (pen.width().saturating_sub(left) / 9).clamp(4, 6);
    let width = 8 * step + 5;
    let mut words_row = pen.part(left, 0, width, 1);
    words_row.text(0, 0, ends[0], Ink::Dim);
    words_row.centred(0, ends[1], Ink::Dim);
    words_row.right(0, ends[2], Ink::Dim);
    for i in 1..=9u16 {
        let on = value.is_some_and(|v| (v - f32::from(i)).abs() < 0.5);
        let x = left + (i - 1) * step;
        // Narrow columns share blanks: only the bare number leaves the brackets of its neighbour.
        if on {
            pen.text(x, 1, &format!("[ {i} ]"), Ink::Title);
        } else {
            pen.text(x + 2, 1, &i.to_string(), Ink::Plain);
        }
    }
}

fn feelings(pen: &mut Pen, chosen: Option<Emotion>, here: bool) {
    name(pen, "FEELING", here);
    // Three columns at every width: two letters of a word are no word.
    let column = (pen.width().saturating_sub(14) / 3).min(20);
    for (i, emotion) in Emotion::ALL.into_iter().enumerate() {
        let (x, y) = (14 + (i as u16 % 3) * column, i as u16 / 3);
        let on = chosen == Some(emotion);
        let (open, close) = if on { ("[", "]") } else { (" ", " ") };
        let key = emotion.key().to_string();
        let text = format!(" {emotion}");
        pen.line(
            x,
            y,
            &[
                (open, Ink::Strong),
                (&key, if on { Ink::Title } else { Ink::Accent }),
                (&text, if on { Ink::Title } else { Ink::Plain }),
                (close, Ink::Strong),
            ],
        );
    }
}
