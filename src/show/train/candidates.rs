//! Which sessions can be trained on, and why there are none.

use crate::lab::message::Snapshot;
use crate::store::rows::{Session, SessionState};

/// Sessions that have something to train on.
pub fn candidates(s: &Snapshot) -> Vec<&Session> {
    s.catalogue.sessions.iter().filter(|x| !matches!(x.state, SessionState::Prepared | SessionState::Recording)).collect()
}

/// Why there are none: a session that goes on or was only prepared is no empty home.
pub fn nothing(s: &Snapshot) -> String {
    let all = &s.catalogue.sessions;
    let which = |x: &Session| match all.len() {
        1 => format!("the only session, {}/{}, is not finished", x.participant, x.number),
        n => format!("none of the {n} sessions is finished; {}/{} is the newest", x.participant, x.number),
    };
    match (all.iter().find(|x| x.state == SessionState::Recording), all.first()) {
        (Some(x), _) => format!("{}: it is being recorded, and can be learnt from once it has ended", which(x)),
        (None, Some(x)) => format!("{}: it was prepared, and nothing of it is recorded yet (Esc, then c on it)", which(x)),
        (None, None) => "nothing was recorded yet: Esc, then n".into(),
    }
}

/// Its trials that can be learnt from.
pub fn usable(s: &Snapshot, session: &Session) -> u32 {
    s.catalogue.usable.get(&session.id).copied().unwrap_or(0)
}
