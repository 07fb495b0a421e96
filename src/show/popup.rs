//! Boxes over a screen: one asks for a line of text, one offers choices.
//!
//! What cannot be undone asks for the participant's code; everything with a reason asks for the reason and offers
//! the usual ones.

use crate::lab::message::{Action, Snapshot};
use crate::present::Phase;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders};
use crate::show::pen::{Pen, wrapped};
use crate::show::screen::{Next, Place};
use crate::show::widget::field::Field;
use crate::signal::{Nanos, Placement, Rating};
use crossterm::event::{KeyCode, KeyEvent};

/// A box over the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Popup {
    Text(Question),
    Choice(Choice),
}

/// What the typed line is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Purpose {
    Note,
    /// When the key was pressed, and in which trial (0: none).
    Mark(Nanos, u32),
    Override,
    /// A note on this electrode.
    Electrode(Placement),
    /// Number and attempt of the trial.
    Redo(u32, u32),
    Skip(u32, u32),
    /// The code that must be typed.
    Abort(String),
    /// Ends the rating with the answers that stand, though some are missing; who answered.
    EndRating(String),
}

/// Asks for one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub purpose: Purpose,
    field: Field,
    /// Which preset was last put in.
    preset: Option<usize>,
    problem: String,
    /// The name under which the lab keeps what stands in the field.
    kept_as: Option<String>,
    /// The text was typed before the box was opened.
    again: bool,
}

/// Offers keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub title: String,
    pub text: String,
    pub options: Vec<(char, &'static str, Next)>,
}

const AGAIN: &str = "Typed before and not saved; Ctrl-U empties the line.";
const REASONS: [&str; 4] = ["participant asked", "artefact or movement", "device trouble", "stimulus did not play well"];
const OVERRIDES: [&str; 3] =
    ["the bad channels are not used in this study", "the cap cannot be improved further", "trial run, not for analysis"];
const CONTACTS: [&str; 4] = ["hair in the way", "gel added", "cable is loose", "electrode is broken"];
const MARKS: [&str; 4] = ["movement", "talking", "noise in the room", "coughed"];

impl Popup {
    pub fn ask(purpose: Purpose) -> Popup {
        Popup::Text(Question {
            purpose,
            field: Field::default(),
            preset: None,
            problem: String::new(),
            kept_as: None,
            again: false,
        })
    }

    /// None: the box stays open. Some: it closes and this happens.
    pub fn handle(&mut self, key: KeyEvent) -> Option<Next> {
        match self {
            Popup::Text(question) => question.handle(key),
            Popup::Choice(choice) => match key.code {
                KeyCode::Esc => Some(Next::Stay),
                KeyCode::Char(c) => choice.options.iter().find(|(k, ..)| *k == c).map(|(.., next)| next.clone()),
                _ => None,
            },
        }
    }

    /// What confirms an end must be typed.
    pub fn paste(&mut self, text: &str) {
        match self {
            Popup::Text(question) if matches!(question.purpose, Purpose::Abort(_)) => {
                question.problem = "Type the code; a paste does not count.".into();
            }
            Popup::Text(question) => question.field.paste(text),
            Popup::Choice(_) => {}
        }
    }

    /// What is typed from now on is about what the snapshot shows.
    pub fn open(&mut self, snapshot: &Snapshot) {
        if let Popup::Text(question) = self {
            question.kept_as = question.purpose.draft_name(snapshot);
        }
    }

    /// The field's name and what stands in it, where it is kept until it is sent.
    pub fn draft(&self) -> Option<(String, String)> {
        let Popup::Text(question) = self else { return None };
        Some((question.kept_as.clone()?, question.field.text()))
    }

    /// Puts a text that was typed before into the field.
    pub fn fill(&mut self, text: &str) {
        if let Popup::Text(question) = self {
            question.field.set(text);
            question.again = true;
        }
    }

    pub fn hints(&self) -> Vec<Hint> {
        match self {
            Popup::Text(Question { purpose: Purpose::Abort(_), .. }) => {
                vec![orders("Enter", "end the session"), orders("Esc", "go on recording")]
            }
            Popup::Text(q) if q.presets().is_empty() => vec![orders("Enter", "save"), orders("Esc", "leave it")],
            Popup::Text(_) => vec![orders("Enter", "save"), orders("Up/Down", "usual words"), orders("Esc", "leave it")],
            Popup::Choice(_) => vec![orders("a key", "choose"), orders("Esc", "close")],
        }
    }

    /// Draws the box in the middle of `pen`.
    pub fn draw(&self, pen: &mut Pen) {
        let width = 66.min(pen.width().saturating_sub(2));
        let inner = width.saturating_sub(6) as usize;
        let (title, text) = match self {
            Popup::Text(q) => (q.title(), q.text()),
            Popup::Choice(c) => (c.title.clone(), c.text.clone()),
        };
        let lines = wrapped(&text, inner).len() as u16;
        let rows = match self {
            Popup::Text(_) => 3,
            Popup::Choice(c) => c.options.len() as u16,
        };
        let height = (lines + rows + 4).min(pen.height());
        let (x, y) = ((pen.width() - width) / 2, (pen.height() - height) / 3);
        let mut boxed = pen.part(x, y, width, height);
        boxed.clear();
        boxed.frame(&title, Ink::Accent);
        let mut body = boxed.part(3, 1, width.saturating_sub(6), height.saturating_sub(2));
        let used = body.wrap(0, 0, lines, &text, Ink::Plain);
        match self {
            Popup::Text(q) => {
                q.field.draw(&mut body, 0, used + 1, inner as u16, true);
                let (text, ink) =
                    if q.again && q.problem.is_empty() { (AGAIN, Ink::Fair) } else { (q.problem.as_str(), Ink::Bad) };
                body.wrap(0, used + 2, 1, text, ink);
            }
            Popup::Choice(c) => {
                for (i, (key, what, _)) in c.options.iter().enumerate() {
                    let row = used + 1 + i as u16;
                    body.line(1, row, &[(&key.to_string(), Ink::Accent), ("  ", Ink::Plain), (what, Ink::Plain)]);
                }
            }
        }
    }
}

impl Purpose {
    /// The name of its draft. A text is about one session, a reason about one trial: in another it would be a lie, and so
    /// the name says which.
    fn draft_name(&self, snapshot: &Snapshot) -> Option<String> {
        let session = snapshot.session.as_ref()?.id;
        let of_trial = |trial: u32| format!("of {session} trial {trial}");
        let (session, trial) = (format!("of {session}"), of_trial(snapshot.protocol.trial));
        Some(match self {
            Purpose::Note => format!("note {session}"),
            Purpose::Mark(_, trial) => format!("marker {}", of_trial(*trial)),
            Purpose::Override => format!("override {session}"),
            Purpose::Electrode(mark) => format!("electrode {} {session}", mark.label),
            Purpose::Redo(trial, _) => format!("redo {}", of_trial(*trial)),
            Purpose::Skip(trial, _) => format!("skip {}", of_trial(*trial)),
            Purpose::EndRating(..) => format!("rating {trial}"),
            Purpose::Abort(_) => return None,
        })
    }
}

impl Question {
    fn title(&self) -> String {
        match &self.purpose {
            Purpose::Note => "Note".into(),
            Purpose::Mark(..) => "Marker".into(),
            Purpose::Override => "Go on below the gate".into(),
            Purpose::Electrode(mark) => format!("Note on {}", mark.label),
            Purpose::Redo(trial, _) => format!("Redo trial {trial}"),
            Purpose::Skip(trial, _) => format!("Skip trial {trial}"),
            Purpose::Abort(_) => "ABORT the session".into(),
            Purpose::EndRating(_) => "Not all questions are answered".into(),
        }
    }

    fn text(&self) -> String {
        match &self.purpose {
            Purpose::Note => "Stored with the time of saving.".into(),
            Purpose::Mark(..) => "A word for what just happened; stored with the moment at which the key was pressed.".into(),
            Purpose::Override => {
                "The recording is below the gate. Your reason is stored and shown wherever this session is shown.".into()
            }
            Purpose::Electrode(_) => "Stored with the electrode's mark.".into(),
            Purpose::Redo(..) => "From its fixation. The attempt so far is kept and left out of training. Why?".into(),
            Purpose::Skip(..) => "The trial is left out; what was recorded stays. Why?".into(),
            Purpose::Abort(code) => {
                format!("The session ends now and is marked ABORTED. Nothing is deleted. Type {code} to confirm.")
            }
            Purpose::EndRating(_) => "Missing answers stay missing. Why?".into(),
        }
    }

    fn presets(&self) -> &'static [&'static str] {
        match self.purpose {
            Purpose::Note | Purpose::Abort(_) => &[],
            Purpose::Mark(..) => &MARKS,
            Purpose::Override => &OVERRIDES,
            Purpose::Electrode(_) => &CONTACTS,
            Purpose::Redo(..) | Purpose::Skip(..) | Purpose::EndRating(_) => &REASONS,
        }
    }

    fn handle(&mut self, key: KeyEvent) -> Option<Next> {
        let presets = self.presets();
        match key.code {
            KeyCode::Esc => return Some(Next::Stay),
            KeyCode::Enter => match self.action() {
                Ok(action) => return Some(Next::Do(action)),
                Err(problem) => self.problem = problem,
            },
            KeyCode::Down if !presets.is_empty() => self.put(self.preset.map_or(0, |p| (p + 1) % presets.len())),
            KeyCode::Up if !presets.is_empty() => {
                self.put(self.preset.map_or(presets.len() - 1, |p| (p + presets.len() - 1) % presets.len()));
            }
            _ => {
                self.problem.clear();
                self.field.handle(key);
            }
        }
        None
    }

    fn put(&mut self, preset: usize) {
        self.preset = Some(preset);
        self.problem.clear();
        self.field.set(self.presets().get(preset).copied().unwrap_or_default());
    }

    /// The command, or what is wrong with the line.
    fn action(&self) -> Result<Action, String> {
        let text = self.field.text().trim().to_string();
        if let Purpose::Abort(code) = &self.purpose {
            return if text == *code {
                Ok(Action::Abort { typed: text })
            } else {
                Err(format!("That is not {code}; the session goes on."))
            };
        }
        if text.is_empty() {
            return Err("A few words are needed; Esc leaves it.".into());
        }
        Ok(match self.purpose.clone() {
            Purpose::Note => Action::Note { text },
            Purpose::Mark(at, trial) => Action::Mark { text, pressed: Some((at, trial)) },
            Purpose::Override => Action::Override { reason: text },
            Purpose::Electrode(mark) => Action::Place { label: mark.label, state: mark.state, note: text },
            Purpose::Redo(number, attempt) => Action::Redo { reason: text, trial: Some((number, attempt)) },
            Purpose::Skip(number, attempt) => Action::Skip { reason: text, trial: Some((number, attempt)) },
            Purpose::Abort(_) => Action::Abort { typed: text },
            Purpose::EndRating(by) => Action::Rate { rating: Rating::default(), by, done: true, reason: text },
        })
    }
}

/// The box that Ctrl-C opens while something is recorded: whatever is chosen, samples go on being written.
/// `stays`: the lab is a process of its own, so that the terminal can be left.
pub fn pause_box(snapshot: &Snapshot, stays: bool) -> Popup {
    let code = snapshot.session.as_ref().map_or_else(String::new, |s| s.participant.clone());
    let mut options = Vec::new();
    if snapshot.protocol.phase == Phase::Paused {
        options.push(('c', "continue", Next::Do(Action::Continue)));
    } else {
        options.push(('p', "pause now", Next::Do(Action::Pause { reason: "paused by the experimenter".into() })));
    }
    if stays {
        options.push(('d', "leave this terminal; `limbic attach` comes back", Next::Leave));
    }
    options.push(('A', "abort the session (asks for the participant's code)", Next::Ask(Popup::ask(Purpose::Abort(code)))));
    Popup::Choice(Choice {
        title: "The recording goes on".into(),
        text: "A recording does not end by Ctrl-C or q. Esc closes this box.".into(),
        options,
    })
}

/// The box that q opens away from Home.
pub fn leave_box(snapshot: &Snapshot, stays: bool) -> Popup {
    if snapshot.recording {
        return pause_box(snapshot, stays);
    }
    Popup::Choice(Choice {
        title: "Leave limbic?".into(),
        text: "Nothing is being recorded. What was saved stays.".into(),
        options: vec![('q', "leave", Next::Quit), ('h', "go to the home screen", Next::Go(Place::Home))],
    })
}
