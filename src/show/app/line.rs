//! The program's part in the line of `:` and `/`: opens it, types into it, does what it says.

use super::App;
use crate::lab::message::Snapshot;
use crate::show::command::{self, Kind, Line, Meaning, Typed};
use crate::show::link::{Input, Link};
use crate::show::popup;
use crate::show::screen::{Letters, Next};
use crossterm::event::{KeyCode, KeyEvent};

impl<L: Link> App<L> {
    /// `:` and `/`; true where one of them has opened the line.
    pub(super) fn opens_line(&mut self, key: KeyEvent, snapshot: &Snapshot) -> bool {
        let Some(screen) = self.screens.get(&self.place).filter(|s| s.letters() != Letters::Text) else { return false };
        let kind = match key.code {
            KeyCode::Char(':') => Kind::Command,
            KeyCode::Char('/') if screen.rows(snapshot).is_empty() => {
                self.message = Some(super::Message::Refused("There is no list to search on this screen.".into()));
                return true;
            }
            KeyCode::Char('/') => Kind::Search,
            _ => return false,
        };
        self.searched_from = screen.selected();
        self.line = Some(Line::new(kind));
        true
    }

    /// What the line may be completed to.
    pub(super) fn names(&self, snapshot: &Snapshot) -> Vec<String> {
        let hints = self.screens.get(&self.place).map(|s| s.hints(snapshot)).unwrap_or_default();
        command::names(&hints, snapshot.recording, snapshot.session.is_some())
    }

    /// A key while a command or a search is typed.
    pub(super) fn type_line(&mut self, key: KeyEvent, snapshot: &Snapshot) {
        let names = self.names(snapshot);
        let Some(line) = &mut self.line else { return };
        let search = line.kind == Kind::Search;
        if search && key.code == KeyCode::Down {
            return self.find(false, snapshot);
        }
        match line.handle(key, &names, if search { &[] } else { &self.history }) {
            Typed::More if search => self.find(true, snapshot),
            Typed::More => {}
            Typed::Closed => self.line = None,
            Typed::Done(text) if search => {
                self.line = None;
                let rows = self.screens.get(&self.place).map(|s| s.rows(snapshot)).unwrap_or_default();
                if !text.is_empty() && command::found(&rows, &text, 0, true).is_none() {
                    self.message = Some(super::Message::Refused(format!("No row holds \"{text}\".")));
                }
            }
            Typed::Done(text) => {
                self.line = None;
                self.command(&text, snapshot);
            }
        }
    }

    /// Selects the next row that contains what is searched.
    fn find(&mut self, itself: bool, snapshot: &Snapshot) {
        let (Some(line), Some(screen)) = (&self.line, self.screens.get_mut(&self.place)) else { return };
        // Each further letter searches from where it began, so that one too many leads back there.
        let from = if itself { self.searched_from } else { screen.selected() };
        match command::found(&screen.rows(snapshot), &line.text(), from, itself) {
            Some(row) => screen.select(row),
            None => screen.select(self.searched_from),
        }
    }

    /// Does what a typed line says.
    fn command(&mut self, text: &str, snapshot: &Snapshot) {
        if text.is_empty() {
            return;
        }
        command::keep(&mut self.history, text);
        let hints = self.screens.get(&self.place).map(|s| s.hints(snapshot)).unwrap_or_default();
        let next = match command::meaning(text, &hints, snapshot.recording, snapshot.session.is_some()) {
            Ok(Meaning::Key(code)) => return self.handle(Input::Key(code.into())),
            Ok(Meaning::Go(place)) => Next::Go(place),
            Ok(Meaning::Do(_)) if self.looks_on() => Next::Say("This terminal looks on; another one has the keyboard.".into()),
            Ok(Meaning::Do(action)) => Next::Do(action),
            Ok(Meaning::Quit) if self.looks_on() => Next::Leave,
            Ok(Meaning::Quit) => Next::Ask(popup::leave_box(snapshot, self.stays())),
            Ok(Meaning::Leave) if self.stays() => Next::Leave,
            Ok(Meaning::Leave) => Next::Say("The lab lives in this terminal: quit ends both.".into()),
            Err(why) => Next::Say(why),
        };
        self.carry_out(next, snapshot);
    }
}
