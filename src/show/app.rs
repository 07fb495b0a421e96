//! The program between keys and lab: which screen is up, which commands are still waiting, which box is open.
//!
//! Pure but for its link: tests hand it keys and snapshots and read the commands it sends.

mod hearing;
mod line;
mod own;
mod sending;

use crate::lab::message::{Action, Snapshot};
use crate::show::caps::Caps;
use crate::show::chrome;
use crate::show::command::Line;
use crate::show::haste::Haste;
pub use crate::show::link::{Input, Left, Link, Program, Standing};
use crate::show::popup::Popup;
use crate::show::screen::{Next, Place, Screen};
use crate::show::words;
use crate::signal::Nanos;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A command that the lab has not answered yet.
#[derive(Debug, Clone, PartialEq)]
struct Pending {
    id: u64,
    action: Action,
    then: Option<Place>,
    /// The field whose draft this sends.
    draft: Option<String>,
}

/// The line above the footer.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    Saved(String),
    Refused(String),
    News(String),
}

/// The terminal half.
pub struct App<L> {
    link: L,
    caps: Caps,
    snapshot: Option<Arc<Snapshot>>,
    place: Place,
    /// Where Help returns to.
    behind: Place,
    screens: BTreeMap<Place, Box<dyn Screen>>,
    popup: Option<Popup>,
    pending: Vec<Pending>,
    /// Drafts as this terminal left them; they are newer than the snapshot's.
    drafts: BTreeMap<String, String>,
    /// Another terminal had the keyboard at the last snapshot.
    watched: bool,
    haste: Haste,
    message: Option<Message>,
    /// The row that was selected when a search began.
    searched_from: usize,
    /// A command or a search being typed, and the commands before it.
    line: Option<Line>,
    history: Vec<String>,
    /// The way to the terminal and back.
    round_trip: Option<Nanos>,
    /// The frames a second at last, and for how many more the link is spared.
    fps: f64,
    spared: u32,
    sparing: bool,
    next_id: u64,
    leaving: bool,
    /// The lab goes on although it was asked to end.
    held: bool,
    left: Option<Left>,
}

impl<L: Link> App<L> {
    /// `first_id` must be larger than every id this lab has heard before; ids count up from it.
    pub fn new(link: L, caps: Caps, first_id: u64) -> Self {
        App {
            link,
            caps,
            snapshot: None,
            place: Place::Home,
            behind: Place::Home,
            screens: Place::ALL.into_iter().map(|p| (p, p.open())).collect(),
            popup: None,
            pending: Vec::new(),
            drafts: BTreeMap::new(),
            watched: false,
            haste: Haste::default(),
            message: None,
            searched_from: 0,
            line: None,
            history: Vec::new(),
            round_trip: None,
            fps: 0.0,
            spared: 0,
            sparing: false,
            next_id: first_id,
            leaving: false,
            held: false,
            left: None,
        }
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// The program is to end.
    pub fn left(&self) -> bool {
        self.left.is_some()
    }

    pub fn link_mut(&mut self) -> &mut L {
        &mut self.link
    }

    /// Takes what the lab sent; true where the screen must be drawn again.
    pub fn poll(&mut self) -> bool {
        let events = self.link.events();
        let mut changed = !events.is_empty();
        for event in events {
            self.hear(event);
        }
        if let Some(snapshot) = self.link.snapshot() {
            let first = self.snapshot.is_none();
            self.screens.values_mut().for_each(|screen| screen.observe(&snapshot));
            let watching = self.looks_on();
            match (self.watched, watching) {
                (_, false) => self.take_up_forms(&snapshot),
                (false, true) => self.give_up_forms(),
                (true, true) => {}
            }
            self.watched = watching;
            let passes = |s: &Snapshot| s.verdict.as_ref().is_some_and(|v| v.pass);
            let turned = self.snapshot.as_ref().is_some_and(|before| passes(before) != passes(&snapshot));
            if turned && self.place == Place::Gate {
                // What was said of the verdict no longer holds.
                self.message = None;
            }
            self.snapshot = Some(snapshot);
            self.follow(first);
            changed = true;
        }
        if self.left.is_none() {
            self.left = self.link.ended().map(Left::Ended);
        }
        changed
    }

    /// Begins with this screen and what it asks of the lab.
    pub fn begin(&mut self, action: Action, place: Place) {
        self.go(place);
        self.send(action, None);
    }

    /// Goes to a screen, as its key would.
    pub fn go(&mut self, place: Place) {
        let here = if self.place == Place::Help { self.behind } else { self.place };
        if place != Place::Help && place != here {
            self.leave_form(here);
        }
        if place == Place::Help && self.place != Place::Help {
            self.behind = self.place;
            self.screens.insert(Place::Help, Box::new(super::help::Help::of(self.place, self.looks_on())));
        }
        self.place = place;
    }

    /// A key or a paste.
    pub fn handle(&mut self, input: Input) {
        let Some(snapshot) = self.snapshot.clone() else {
            if let Input::Key(key) = input
                && (key.code == KeyCode::Char('q') || is_ctrl_c(key))
            {
                self.left = Some(Left::Quit);
            }
            return;
        };
        let key = match input {
            Input::Paste(text) => return self.paste(&text),
            Input::Key(key) => key,
        };
        if is_ctrl_c(key) {
            return self.interrupt(&snapshot);
        }
        if !matches!(self.message, Some(Message::News(_))) {
            self.message = None;
        }
        self.haste.key(key.code);
        if let Some(popup) = &mut self.popup {
            match popup.handle(key) {
                Some(Next::Do(action)) if self.haste.forbids(&action) => self.message = Some(Message::Refused(HASTE.into())),
                Some(next) => {
                    let draft = self.popup.take().and_then(|p| p.draft()).map(|(field, _)| field);
                    match next {
                        Next::Do(action) => self.send_as(action, None, draft),
                        next => {
                            draft.into_iter().for_each(|field| self.end_draft(field));
                            self.carry_out(next, &snapshot);
                        }
                    }
                }
                None => self.keep_draft(),
            }
            return;
        }
        if self.line.is_some() {
            return self.type_line(key, &snapshot);
        }
        if self.place == Place::Montage && matches!(key.code, KeyCode::Char(' ' | 'b')) && self.haste.repeats() {
            return;
        }
        let here = self.place;
        let fresh = self.fresh_key(key, &snapshot);
        let Some(screen) = self.screens.get_mut(&here) else { return };
        let next = match fresh {
            Some(next) => next,
            None => screen.handle(key, &snapshot),
        };
        self.keep_form(here);
        let next = match next {
            Next::Pass if self.opens_line(key, &snapshot) => return,
            Next::Pass => self.own_key(key, &snapshot),
            next => next,
        };
        self.carry_out(next, &snapshot);
    }

    fn paste(&mut self, text: &str) {
        if let Some(popup) = &mut self.popup {
            popup.paste(text);
            self.keep_draft();
        } else if let Some(line) = &mut self.line {
            line.paste(text);
        } else if let Some(screen) = self.screens.get_mut(&self.place) {
            screen.paste(text);
            self.keep_form(self.place);
        }
    }

    /// The lab goes on without this terminal.
    fn stays(&self) -> bool {
        self.link.standing() != Standing::Inside
    }

    fn looks_on(&self) -> bool {
        self.link.standing() == Standing::Watching
    }

    /// Draws everything from what is known; reads no clock, no disk, no channel.
    pub fn draw(&self, buf: &mut Buffer) {
        let frame = chrome::Frame {
            caps: self.caps,
            screen: self.screens.get(&self.place).map(|s| s.as_ref()),
            popup: self.popup.as_ref(),
            waiting: self
                .pending
                .iter()
                .find(|p| !matches!(p.action, Action::Draft { .. } | Action::Moment { .. }))
                .map(|p| (words::saves(&p.action), words::doing(&p.action))),
            message: self.message.as_ref(),
            watching: self.looks_on(),
            broken: self.link.broken(),
            link: self.round_trip,
            line: self.line.as_ref().map(|l| (l, self.snapshot.as_ref().map(|s| self.names(s)).unwrap_or_default())),
        };
        chrome::draw(&frame, self.snapshot.as_deref(), buf);
        self.caps.fold(buf);
    }
}

/// Frames for which the screens spare a link that was too slow for one: a quarter of a minute at twenty a second.
const SPARED: u32 = 300;

/// Why a key did nothing.
const HASTE: &str = "That key came too fast to be meant (a held key, or a paste); press it again.";

impl<L: Link> Program for App<L> {
    fn time(&mut self, at: crate::signal::Nanos) {
        self.haste.time(at);
    }

    fn poll(&mut self) -> bool {
        App::poll(self)
    }

    fn handle(&mut self, input: Input) {
        App::handle(self, input);
    }

    fn draw(&self, buf: &mut Buffer) {
        App::draw(self, buf);
    }

    fn left(&self) -> Option<Left> {
        self.left.clone()
    }

    fn leaving(&self) -> bool {
        self.leaving
    }

    fn paced(&mut self, round_trip: Option<Nanos>, fps: f64) {
        self.round_trip = round_trip;
        // A rate that falls tells of frames too large for the link; what made them so is spared for a good while.
        self.spared = if fps < 0.75 * self.fps { SPARED } else { self.spared.saturating_sub(1) };
        self.fps = fps;
        let sparing = self.spared > 0;
        if sparing != self.sparing {
            self.sparing = sparing;
            self.screens.values_mut().for_each(|screen| screen.spare(sparing));
        }
    }

    fn on_light(&mut self, light: bool) {
        self.caps.light = light;
    }
}

fn is_ctrl_c(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}
