//! The line that `:` and `/` open: commands by the names that the keys' actions have, and search in lists.
//!
//! The commands are made of the screen's own hints, so that whatever a key does has a name and no name is left over.

use crate::lab::message::Action;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, shows};
use crate::show::pen::Pen;
use crate::show::screen::Place;
use crate::show::widget::field::Field;
use crossterm::event::{KeyCode, KeyEvent};

/// Lines that are remembered.
const REMEMBERED: usize = 50;

/// What the line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Command,
    Search,
}

/// A line being typed.
#[derive(Debug, Clone)]
pub struct Line {
    pub kind: Kind,
    field: Field,
    /// What was typed before Tab, and the suggestion that stands there now.
    completing: Option<(String, usize)>,
    /// How far back in the history.
    back: usize,
}

/// What a key in the line leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// Goes on.
    More,
    Closed,
    /// Enter: this line.
    Done(String),
}

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// As if this key were pressed on the screen.
    Key(KeyCode),
    Go(Place),
    Do(Action),
    Quit,
    Leave,
}

impl Line {
    pub fn new(kind: Kind) -> Line {
        Line { kind, field: Field::default(), completing: None, back: 0 }
    }

    pub fn text(&self) -> String {
        self.field.text()
    }

    pub fn paste(&mut self, text: &str) {
        self.field.paste(text);
    }

    /// `names`: what Tab completes; `history`: oldest first.
    pub fn handle(&mut self, key: KeyEvent, names: &[String], history: &[String]) -> Typed {
        match key.code {
            KeyCode::Esc => return Typed::Closed,
            KeyCode::Enter => return Typed::Done(self.text().trim().to_string()),
            KeyCode::Backspace if self.text().is_empty() => return Typed::Closed,
            KeyCode::Tab | KeyCode::BackTab if self.kind == Kind::Command => {
                self.complete(names, key.code == KeyCode::BackTab);
                return Typed::More;
            }
            KeyCode::Up => self.remember(history, self.back + 1),
            KeyCode::Down => self.remember(history, self.back.saturating_sub(1)),
            _ => {
                self.field.handle(key);
            }
        }
        self.completing = None;
        Typed::More
    }

    /// The next name that begins with (else contains) what was typed.
    fn complete(&mut self, names: &[String], back: bool) {
        let (typed, at) = self.completing.clone().unwrap_or_else(|| (self.text(), usize::MAX));
        let found = matching(names, &typed);
        if found.is_empty() {
            return;
        }
        let next = match (at, back) {
            (usize::MAX, false) => 0,
            (usize::MAX, true) => found.len() - 1,
            (at, false) => (at + 1) % found.len(),
            (at, true) => (at + found.len() - 1) % found.len(),
        };
        self.field.set(found[next]);
        self.completing = Some((typed, next));
    }

    fn remember(&mut self, history: &[String], back: usize) {
        self.back = back.min(history.len());
        let text = history.len().checked_sub(self.back).and_then(|at| history.get(at)).map_or("", String::as_str);
        self.field.set(text);
    }

    pub fn hints(&self) -> Vec<Hint> {
        match self.kind {
            Kind::Command => vec![
                shows("Enter", "do it"),
                shows("Tab", "complete"),
                shows("Up/Down", "earlier ones"),
                shows("Esc", "leave it"),
            ],
            Kind::Search => vec![shows("Enter", "stay there"), shows("Down", "next"), shows("Esc", "leave it")],
        }
    }

    /// The line, and right of it what it may become.
    pub fn draw(&self, pen: &mut Pen, names: &[String]) {
        let sign = if self.kind == Kind::Command { ":" } else { "/" };
        let width = pen.width().saturating_sub(3).min(if self.kind == Kind::Command { 34 } else { 60 });
        pen.text(1, 0, sign, Ink::Accent);
        self.field.draw(pen, 2, 0, width, true);
        if self.kind == Kind::Command {
            let typed = self.completing.as_ref().map_or_else(|| self.text(), |(typed, _)| typed.clone());
            let text = matching(names, &typed).join("  ");
            pen.part(width + 4, 0, u16::MAX, 1).text(0, 0, &text, Ink::Dim);
        }
    }
}

/// Names that begin with the text, then those that contain it.
fn matching<'a>(names: &'a [String], text: &str) -> Vec<&'a str> {
    let text = text.trim_start().to_ascii_lowercase();
    let (first, rest): (Vec<&String>, Vec<&String>) = names.iter().partition(|n| n.starts_with(&text));
    first.into_iter().chain(rest.into_iter().filter(|n| n.contains(&text))).map(String::as_str).collect()
}

/// Adds a line to the history, once.
pub fn keep(history: &mut Vec<String>, line: &str) {
    if line.is_empty() {
        return;
    }
    history.retain(|l| l != line);
    history.push(line.into());
    if history.len() > REMEMBERED {
        history.remove(0);
    }
}

/// The screens by the names that commands have.
const PLACES: [(&str, Place); 14] = [
    ("home", Place::Home),
    ("participant", Place::Participant),
    ("devices", Place::Devices),
    ("montage", Place::Montage),
    ("gate", Place::Gate),
    ("camera", Place::Camera),
    ("playlist", Place::Playlist),
    ("session", Place::Session),
    ("summary", Place::Summary),
    ("labelling", Place::Label),
    ("train", Place::Train),
    ("review", Place::Review),
    ("explanation", Place::Explain),
    ("help", Place::Help),
];

/// Every name that is understood now, those of the screen's keys first.
pub fn names(hints: &[Hint], recording: bool, prepared: bool) -> Vec<String> {
    let own = hints.iter().filter(|h| code(h.key).is_some()).map(|h| name(h.what));
    let mut names: Vec<String> = own.collect();
    let places = PLACES.iter().filter(|(_, place)| reachable(*place, recording)).map(|(name, _)| name.to_string());
    names.extend(places);
    names.extend(prepared.then(|| "note".to_string()));
    names.extend(recording.then(|| "marker".to_string()));
    names.extend(["leave", "quit"].map(String::from));
    let mut said = std::collections::BTreeSet::new();
    names.retain(|n| !n.is_empty() && said.insert(n.clone()));
    names
}

/// While something is recorded the ways lead to its screens only.
fn reachable(place: Place, recording: bool) -> bool {
    !recording || matches!(place, Place::Session | Place::Help)
}

/// What a line means.
///
/// # Errors
/// One sentence: no such command here.
pub fn meaning(line: &str, hints: &[Hint], recording: bool, prepared: bool) -> Result<Meaning, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(' ').map_or((line, ""), |(w, r)| (w, r.trim()));
    match word {
        "note" if prepared && !rest.is_empty() => return Ok(Meaning::Do(Action::Note { text: rest.into() })),
        "marker" if recording && !rest.is_empty() => return Ok(Meaning::Do(Action::Mark { text: rest.into(), pressed: None })),
        "redo" if recording && !rest.is_empty() => return Ok(Meaning::Do(Action::Redo { reason: rest.into(), trial: None })),
        "skip" if recording && !rest.is_empty() => return Ok(Meaning::Do(Action::Skip { reason: rest.into(), trial: None })),
        _ => {}
    }
    let all = names(hints, recording, prepared);
    let wanted = line.to_ascii_lowercase();
    // A beginning will do where it can only be one.
    let begins: Vec<&String> = all.iter().filter(|n| n.starts_with(&wanted)).collect();
    let found = match (all.iter().find(|n| **n == wanted), begins.as_slice()) {
        (Some(exact), _) => exact,
        (None, [only]) => *only,
        (None, []) => return Err(format!("\"{line}\" is no command here; : and then Tab shows those that are.")),
        (None, several) => {
            let several: Vec<&str> = several.iter().map(|s| s.as_str()).collect();
            return Err(format!("\"{line}\" may be {}; type a little more.", several.join(" or ")));
        }
    };
    if let Some(code) = hints.iter().find(|h| name(h.what) == *found).and_then(|h| code(h.key)) {
        return Ok(Meaning::Key(code));
    }
    Ok(match found.as_str() {
        "note" => Meaning::Key(KeyCode::Char('n')),
        "marker" => Meaning::Key(KeyCode::Char('m')),
        "leave" => Meaning::Leave,
        "quit" => Meaning::Quit,
        place => PLACES.iter().find(|(n, _)| *n == place).map_or(Meaning::Go(Place::Help), |(_, p)| Meaning::Go(*p)),
    })
}

/// The name of an action: its words, small, joined by hyphens.
fn name(what: &str) -> String {
    let words = what.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// The one key of a hint; None for ranges such as "j/k".
pub fn code(key: &str) -> Option<KeyCode> {
    Some(match key {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Space" => KeyCode::Char(' '),
        _ => {
            let mut letters = key.chars();
            let first = letters.next()?;
            letters.next().is_none().then_some(KeyCode::Char(first))?
        }
    })
}

/// The row after `from` (round the end) that contains the text, whatever its case.
pub fn found(rows: &[String], text: &str, from: usize, itself: bool) -> Option<usize> {
    let text = text.to_lowercase();
    let first = if itself { from } else { from + 1 };
    (0..rows.len()).map(|i| (first + i) % rows.len()).find(|i| rows[*i].to_lowercase().contains(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HINTS: [Hint; 4] = [shows("Enter", "new session"), shows("t", "train"), shows("j/k", "move"), shows("q", "quit")];

    #[test]
    fn commands_have_the_names_of_the_keys_actions() {
        let mean = |line: &str| meaning(line, &HINTS, false, false);
        assert_eq!(mean("new-session"), Ok(Meaning::Key(KeyCode::Enter)));
        assert_eq!(mean("tr"), Ok(Meaning::Key(KeyCode::Char('t'))), "a beginning will do");
        assert_eq!(mean("quit"), Ok(Meaning::Key(KeyCode::Char('q'))), "the screen's own quit comes first");
        assert_eq!(mean("gate"), Ok(Meaning::Go(Place::Gate)));
        assert!(mean("move").is_err_and(|e| e.contains("no command here")));
        assert!(mean("h").is_err_and(|e| e.contains("home or help")));
        assert_eq!(meaning("note T7 is loose", &HINTS, true, true), Ok(Meaning::Do(Action::Note { text: "T7 is loose".into() })));
        assert!(meaning("gate", &HINTS, true, true).is_err(), "no way leads away from a recording");
    }

    #[test]
    fn tab_completes_and_the_arrows_remember() {
        let names = names(&HINTS, false, false);
        let mut line = Line::new(Kind::Command);
        let history = ["train".to_string(), "gate".to_string()];
        let mut press = |code: KeyCode| {
            line.handle(KeyEvent::from(code), &names, &history);
            line.text()
        };
        press(KeyCode::Char('h'));
        assert_eq!([press(KeyCode::Tab), press(KeyCode::Tab), press(KeyCode::Tab)], ["home", "help", "home"]);
        assert_eq!(
            [press(KeyCode::Up), press(KeyCode::Up), press(KeyCode::Down), press(KeyCode::Down)],
            ["gate", "train", "gate", ""]
        );
    }

    #[test]
    fn search_goes_round() {
        let rows = ["P06/2".to_string(), "P05/1".into(), "p06/1".into()];
        assert_eq!(found(&rows, "P06", 0, true), Some(0));
        assert_eq!(found(&rows, "P06", 0, false), Some(2));
        assert_eq!(found(&rows, "P06", 2, false), Some(0));
        assert_eq!(found(&rows, "x", 0, true), None);
        assert_eq!(found(&[], "x", 0, true), None);
    }
}
