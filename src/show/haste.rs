//! Keys that come too fast to be meant: a held key repeats, and a paste into a terminal that does not announce it comes
//! as keys. Neither may start or end a recording.

use crate::lab::message::Action;
use crate::signal::{Nanos, SECOND};
use crossterm::event::KeyCode;

/// Two keys of a person are further apart.
const PASTED: Nanos = SECOND / 5;
/// A held key repeats sooner, the pause before its first repeat included.
const HELD: Nanos = SECOND * 4 / 5;
/// A held key that marks electrodes.
const MARKING: Nanos = SECOND / 8;

/// When keys came. Where nobody tells the time, nothing is too fast.
#[derive(Debug, Default)]
pub struct Haste {
    now: Option<Nanos>,
    last: Option<(KeyCode, Nanos)>,
    /// Since the key before: how long, and whether it was the same one.
    gap: Option<(Nanos, bool)>,
}

impl Haste {
    pub fn time(&mut self, at: Nanos) {
        self.now = Some(at);
    }

    /// A key came, at the time told last.
    pub fn key(&mut self, code: KeyCode) {
        let Some(now) = self.now else { return };
        self.gap = self.last.map(|(before, at)| (now - at, before == code));
        self.last = Some((code, now));
    }

    /// The last key is a repeat of a held one: marking must not run on by itself.
    pub fn repeats(&self) -> bool {
        self.gap.is_some_and(|(gap, same)| same && gap < MARKING)
    }

    /// What the last key asks for must not happen by such a key.
    pub fn forbids(&self, action: &Action) -> bool {
        let Some((gap, same)) = self.gap else { return false };
        match action {
            Action::Begin | Action::Abort { .. } | Action::Quit | Action::Resume { .. } => gap < PASTED || (same && gap < HELD),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys at these milliseconds; whether the last one may begin a recording.
    fn may_begin(keys: &[(KeyCode, i64)]) -> bool {
        let mut haste = Haste::default();
        for (code, ms) in keys {
            haste.time(ms * 1_000_000);
            haste.key(*code);
        }
        !haste.forbids(&Action::Begin)
    }

    #[test]
    fn held_and_pasted_keys_begin_nothing_and_a_person_does() {
        let enter = KeyCode::Enter;
        assert!(may_begin(&[(enter, 0)]));
        assert!(may_begin(&[(KeyCode::Char('s'), 0), (enter, 400)]));
        assert!(may_begin(&[(enter, 0), (enter, 900)]));
        assert!(!may_begin(&[(enter, 0), (enter, 660)]), "the pause before the first repeat");
        assert!(!may_begin(&[(enter, 0), (enter, 660), (enter, 693)]));
        assert!(!may_begin(&[(KeyCode::Char('7'), 0), (enter, 3)]), "a paste");
        let mut untimed = Haste::default();
        untimed.key(enter);
        untimed.key(enter);
        assert!(!untimed.forbids(&Action::Begin));
    }
}
