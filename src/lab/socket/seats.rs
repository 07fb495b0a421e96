//! Who may do what: one visitor has the keyboard, the others look on; the participant answers questions.

use super::wire::Role;
use crate::lab::message::Action;
use std::collections::BTreeMap;

/// Everybody by number; numbers grow with the order of coming.
#[derive(Debug, Default)]
pub struct Seats {
    roles: BTreeMap<u64, Role>,
    keyboard: Option<u64>,
}

impl Seats {
    /// Somebody comes. Returns who had to leave the keyboard for it.
    pub fn sit(&mut self, number: u64, role: Role) -> Option<u64> {
        self.roles.insert(number, role);
        match (role, self.keyboard) {
            (Role::Keyboard | Role::TakeOver, None) => {
                self.keyboard = Some(number);
                None
            }
            (Role::TakeOver, Some(_)) => self.keyboard.replace(number),
            _ => None,
        }
    }

    /// Somebody leaves. Returns who has the keyboard now, where it has come to somebody else: of those who want it,
    /// the one who came last, since nobody looks at a terminal that was left behind.
    pub fn leave(&mut self, number: u64) -> Option<u64> {
        self.roles.remove(&number);
        if self.keyboard != Some(number) {
            return None;
        }
        let wants = |role: &Role| matches!(role, Role::Keyboard | Role::TakeOver);
        self.keyboard = self.roles.iter().rev().find(|(_, role)| wants(role)).map(|(n, _)| *n);
        self.keyboard
    }

    /// Somebody else's terminal gave commands, or would, if this visitor did not.
    pub fn shared_with_others(&self, number: u64) -> bool {
        self.roles.iter().any(|(n, role)| *n != number && matches!(role, Role::Keyboard | Role::TakeOver))
    }

    pub fn holds(&self, number: u64) -> bool {
        self.keyboard == Some(number)
    }

    /// Why this visitor may not do that; None: it may.
    pub fn refusal(&self, number: u64, action: &Action) -> Option<&'static str> {
        match self.roles.get(&number) {
            _ if self.holds(number) => None,
            Some(Role::Rate) if matches!(action, Action::Rate { .. } | Action::Unrate { .. } | Action::Moment { .. }) => None,
            Some(Role::Rate) => Some("the participant's screen only answers questions; use `limbic attach` for the rest"),
            Some(Role::Watch) => Some("this terminal only looks on (limbic watch); `limbic attach` takes the keyboard"),
            _ => Some("another terminal has the keyboard, so this one looks on; `limbic attach` takes it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Rating;

    #[test]
    fn the_keyboard_is_taken_and_passed_on() {
        let mut seats = Seats::default();
        assert_eq!(seats.sit(1, Role::Watch), None);
        assert!(!seats.holds(1));
        seats.sit(2, Role::Keyboard);
        seats.sit(3, Role::Keyboard);
        assert!(seats.holds(2) && !seats.holds(3), "who comes politely waits");
        assert_eq!(seats.sit(4, Role::TakeOver), Some(2));
        assert_eq!(seats.leave(3), None);
        assert_eq!(seats.leave(4), Some(2), "back to the one from whom it was taken");
        assert_eq!(seats.leave(2), None, "a watcher never gets it");
        seats.sit(5, Role::Keyboard);
        assert!(seats.holds(5));
    }

    #[test]
    fn everybody_may_do_what_the_role_says() {
        let mut seats = Seats::default();
        let roles = [Role::Keyboard, Role::Keyboard, Role::Watch, Role::Rate, Role::Stop];
        roles.into_iter().enumerate().for_each(|(n, role)| _ = seats.sit(n as u64, role));
        let rate = Action::Rate { rating: Rating::default(), by: "p".into(), done: false, reason: String::new() };
        let may = |action: &Action| (0..6).map(|n| seats.refusal(n, action).is_none()).collect::<Vec<_>>();
        assert_eq!(may(&Action::Begin), [true, false, false, false, false, false]);
        assert_eq!(may(&rate), [true, false, false, true, false, false]);
    }
}
