//! The terminal's end of the line to the lab, and what the terminal's loop needs of whatever it shows.

use crate::lab::message::{Command, Event, Snapshot};
use crate::signal::Nanos;
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use std::sync::Arc;

/// The terminal's end of the line to the lab.
pub trait Link {
    fn send(&mut self, command: Command);
    /// Answers and news since the last call.
    fn events(&mut self) -> Vec<Event>;
    /// The latest snapshot, where one came since the last call.
    fn snapshot(&mut self) -> Option<Arc<Snapshot>>;
    /// How this terminal stands to the lab.
    fn standing(&self) -> Standing {
        Standing::Inside
    }
    /// Nothing comes from the lab: what is known of it is old.
    fn broken(&self) -> bool {
        false
    }
    /// The line is closed for good: why.
    fn ended(&self) -> Option<String> {
        None
    }
}

/// How a terminal stands to its lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// One process: when the terminal goes, the lab goes.
    Inside,
    /// The lab is a process of its own, and this terminal commands it.
    Keyboard,
    /// The lab is a process of its own, and this terminal looks on.
    Watching,
}

/// What a person does at the terminal.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    Key(KeyEvent),
    Paste(String),
}

/// How a person left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Took leave of the lab.
    Quit,
    /// Went away; the lab goes on.
    Detached,
    /// The terminal or the system took us away.
    Signal,
    /// The lab closed the line, for this reason.
    Ended(String),
}

/// Something that the terminal's loop can show: all screens, or the participant's.
pub trait Program {
    /// Takes what the lab sent; true where the screen must be drawn again.
    fn poll(&mut self) -> bool;
    fn handle(&mut self, input: Input);
    /// When the next key came: what must not happen by a held or pasted key asks for it.
    fn time(&mut self, at: Nanos) {
        let _ = at;
    }
    /// Draws from what is known; reads no clock, no disk, no channel.
    fn draw(&self, buf: &mut Buffer);
    /// Set once the person has left.
    fn left(&self) -> Option<Left>;
    /// The lab was asked to let us go.
    fn leaving(&self) -> bool;
    /// How long the way to the terminal and back is, and how many frames a second it is given.
    fn paced(&mut self, round_trip: Option<Nanos>, fps: f64) {
        let _ = (round_trip, fps);
    }
    /// The terminal has a light background.
    fn on_light(&mut self, light: bool) {
        let _ = light;
    }
}
