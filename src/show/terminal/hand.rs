//! What comes from the terminal: keys of a person, pastes, and the terminal's own answers.

use crate::show::keys::{Decoder, Heard};
use crate::show::link::{Input, Program};
use crate::show::pace::Pace;
use crate::signal::{Nanos, SECOND};
use crossterm::event::KeyCode;

/// A held Enter must not run through two screens.
const ENTER_GUARD: Nanos = SECOND / 5;

/// What a person does, and what the terminal answers.
#[derive(Default)]
pub struct Hand {
    pub decoder: Decoder,
    last_enter: Nanos,
}

impl Hand {
    /// Hands on what was heard; true where the screen may have changed.
    pub fn take(&mut self, heard: Vec<Heard>, app: &mut impl Program, pace: &mut Pace, now: Nanos) -> bool {
        let mut changed = false;
        for what in heard {
            match what {
                Heard::Key(key) => {
                    app.time(now);
                    if key.code == KeyCode::Enter {
                        let held = now - self.last_enter < ENTER_GUARD;
                        self.last_enter = now;
                        if held {
                            continue;
                        }
                    }
                    app.handle(Input::Key(key));
                    changed = true;
                }
                Heard::Paste(text) => {
                    app.handle(Input::Paste(text));
                    changed = true;
                }
                Heard::Ready => {
                    pace.answered(now);
                    app.paced(pace.round_trip(), pace.rate());
                }
                Heard::Background(r, g, b) => {
                    app.on_light(0.299 * r + 0.587 * g + 0.114 * b > 0.5);
                    changed = true;
                }
            }
        }
        changed
    }
}
