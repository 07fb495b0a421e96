//! The program between keys and lab: which screen is up, which commands are still waiting, which box is open.
//!
//! Pure but for its link: tests hand it keys and snapshots and read the commands it sends.

mod line;

use crate::lab::message::{Action, Command, Event, Snapshot};
use crate::present::Phase;
use crate::show::caps::Caps;
use crate::show::chrome;
use crate::show::command::Line;
use crate::show::haste::Haste;
pub use crate::show::link::{Input, Left, Link, Program, Standing};
use crate::show::popup::{self, Popup, Purpose};
use crate::show::screen::{Letters, Next, Place, Screen};
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
    haste: Haste,
    message: Option<Message>,
    /// A command or a search being typed, and the commands before it.
    line: Option<Line>,
    history: Vec<String>,
    /// The way to the terminal and back.
    round_trip: Option<Nanos>,
    next_id: u64,
    leaving: bool,
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
            haste: Haste::default(),
            message: None,
            line: None,
            history: Vec::new(),
            round_trip: None,
            next_id: first_id,
            leaving: false,
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
            self.snapshot = Some(snapshot);
            self.follow(first);
            changed = true;
        }
        if self.left.is_none() {
            self.left = self.link.ended().map(Left::Ended);
        }
        changed
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::Acknowledged { id } => {
                let Some(at) = self.pending.iter().position(|p| p.id == id) else { return };
                let done = self.pending.remove(at);
                if done.action == Action::Quit {
                    self.left = Some(Left::Quit);
                }
                if !matches!(done.action, Action::Draft { .. } | Action::Moment { .. }) {
                    self.message = Some(Message::Saved(words::done(&done.action)));
                }
                if let Some(field) = done.draft {
                    self.put_draft(field, String::new());
                }
                if matches!(done.action, Action::Prepare { .. }) {
                    self.screens.insert(Place::Participant, Place::Participant.open());
                }
                if let Some(place) = done.then {
                    self.go(place);
                }
            }
            Event::Refused { id, why } => {
                if let Some(at) = self.pending.iter().position(|p| p.id == id) {
                    let refused = self.pending.remove(at);
                    self.leaving &= refused.action != Action::Quit;
                }
                self.message = Some(Message::Refused(why));
            }
            // A refusal stays until the next key; news may not cover it.
            Event::News { text, .. } => {
                if !matches!(self.message, Some(Message::Refused(_))) {
                    self.message = Some(Message::News(text));
                }
            }
        }
    }

    /// The session moves the screens by itself: trials, ratings, summary.
    fn follow(&mut self, first: bool) {
        let Some(snapshot) = &self.snapshot else { return };
        let here = if self.place == Place::Help { self.behind } else { self.place };
        let wanted = match snapshot.protocol.phase {
            Phase::Waiting => return,
            Phase::Finished | Phase::Aborted => Place::Summary,
            Phase::Rating => Place::Rating,
            _ => Place::Session,
        };
        let moves = match here {
            Place::Session | Place::Rating => true,
            Place::Gate | Place::Camera | Place::Playlist => snapshot.recording,
            // Someone who comes back to a running session is taken to it, and so is who looks on.
            _ => (first || self.link.standing() == Standing::Watching) && snapshot.recording,
        };
        if moves && self.place == Place::Help {
            self.behind = wanted;
        } else if moves && here != wanted {
            self.go(wanted);
        }
    }

    /// Begins with this screen and what it asks of the lab.
    pub fn begin(&mut self, action: Action, place: Place) {
        self.go(place);
        self.send(action, None);
    }

    /// Goes to a screen, as its key would.
    pub fn go(&mut self, place: Place) {
        if place == Place::Help && self.place != Place::Help {
            self.behind = self.place;
            self.screens.insert(Place::Help, Box::new(super::help::Help::of(self.place)));
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
                        next => self.carry_out(next, &snapshot),
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
        let Some(screen) = self.screens.get_mut(&self.place) else { return };
        let next = match screen.handle(key, &snapshot) {
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
        }
    }

    /// Keys that work on every screen.
    fn own_key(&self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let letters = self.screens.get(&self.place).map_or(Letters::Keys, |s| s.letters());
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::F(1) => Next::Go(Place::Help),
            KeyCode::Char('?') if letters != Letters::Text => Next::Go(Place::Help),
            KeyCode::Char('n') if snapshot.session.is_some() && (alt || letters == Letters::Keys) => {
                Next::Ask(Popup::ask(Purpose::Note))
            }
            KeyCode::Char('m') if snapshot.recording && (alt || letters == Letters::Keys) => Next::Ask(Popup::ask(Purpose::Mark)),
            KeyCode::Char('q') if letters == Letters::Keys && self.looks_on() => Next::Leave,
            KeyCode::Char('q') if letters == Letters::Keys => Next::Ask(popup::leave_box(snapshot, self.stays())),
            KeyCode::Char('d') if letters == Letters::Keys && self.stays() => Next::Leave,
            _ => Next::Stay,
        }
    }

    /// Ctrl-C: never ends a recording; elsewhere leaves cleanly, and a second one leaves at once.
    fn interrupt(&mut self, snapshot: &Snapshot) {
        if self.looks_on() {
            self.left = Some(Left::Detached);
        } else if snapshot.recording && !self.leaving {
            self.popup = Some(popup::pause_box(snapshot, self.stays()));
        } else if self.leaving {
            self.left = Some(Left::Quit);
        } else {
            self.popup = None;
            self.carry_out(Next::Quit, snapshot);
        }
    }

    fn carry_out(&mut self, next: Next, snapshot: &Snapshot) {
        match next {
            Next::Pass | Next::Stay => {}
            Next::Go(Place::Help) if self.place == Place::Help => self.place = self.behind,
            Next::Go(place) => self.go(place),
            Next::Do(action) | Next::DoThen(action, _) if self.haste.forbids(&action) => {
                self.message = Some(Message::Refused(HASTE.into()));
            }
            Next::Do(action) => self.send(action, None),
            Next::DoThen(action, place) => self.send(action, Some(place)),
            Next::All(actions) => actions.into_iter().for_each(|action| self.send(action, None)),
            Next::Ask(popup) => self.ask(popup, snapshot),
            Next::Say(text) => self.message = Some(Message::Refused(text)),
            Next::Leave => self.left = Some(Left::Detached),
            Next::Quit if self.looks_on() => self.left = Some(Left::Detached),
            Next::Quit if snapshot.recording => self.popup = Some(popup::pause_box(snapshot, self.stays())),
            Next::Quit => {
                self.leaving = true;
                self.send(Action::Quit, None);
            }
        }
    }

    /// The lab goes on without this terminal.
    fn stays(&self) -> bool {
        self.link.standing() != Standing::Inside
    }

    fn looks_on(&self) -> bool {
        self.link.standing() == Standing::Watching
    }

    /// Sends a command, unless one of its kind still waits (a held key must not act twice). Notes, markers and
    /// answers always go.
    fn send(&mut self, action: Action, then: Option<Place>) {
        self.send_as(action, then, None);
    }

    /// The same for what was typed into a field with a draft.
    fn send_as(&mut self, action: Action, then: Option<Place>, draft: Option<String>) {
        use Action::{Draft, Mark, Moment, Note, Place as Electrode, Rate, Segment};
        let repeatable = match &action {
            Note { .. } | Mark { .. } | Rate { .. } | Draft { .. } | Segment { .. } | Electrode { .. } => true,
            // A held key says the same thing again and again; a second press of the other key does not.
            Moment { toggle, .. } => *toggle,
            _ => false,
        };
        let kind = std::mem::discriminant(&action);
        if !repeatable && self.pending.iter().any(|p| std::mem::discriminant(&p.action) == kind) {
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.pending.push(Pending { id, action: action.clone(), then, draft });
        self.link.send(Command { id, action });
    }

    /// Opens a box; one that asks for text begins with what was typed into it before.
    fn ask(&mut self, mut popup: Popup, snapshot: &Snapshot) {
        if let Some((field, _)) = popup.draft() {
            let kept = self.drafts.get(&field).or_else(|| snapshot.guided.drafts.get(&field)).filter(|text| !text.is_empty());
            kept.into_iter().for_each(|text| popup.fill(text));
        }
        self.popup = Some(popup);
    }

    /// What stands in the open box goes to the lab, where it outlives this terminal.
    fn keep_draft(&mut self) {
        if let Some((field, text)) = self.popup.as_ref().and_then(Popup::draft) {
            self.put_draft(field, text);
        }
    }

    fn put_draft(&mut self, field: String, text: String) {
        if self.drafts.get(&field).map_or("", String::as_str) != text {
            self.drafts.insert(field.clone(), text.clone());
            self.send(Action::Draft { field, text }, None);
        }
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
            link: self.round_trip,
            line: self.line.as_ref().map(|l| (l, self.snapshot.as_ref().map(|s| self.names(s)).unwrap_or_default())),
        };
        chrome::draw(&frame, self.snapshot.as_deref(), buf);
        self.caps.fold(buf);
    }
}

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

    fn paced(&mut self, round_trip: Option<Nanos>, _: f64) {
        self.round_trip = round_trip;
    }

    fn on_light(&mut self, light: bool) {
        self.caps.light = light;
    }
}

fn is_ctrl_c(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}
