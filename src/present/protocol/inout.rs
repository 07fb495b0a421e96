//! What the protocol hears, and what it says.

use crate::present::Stimulus;
use crate::signal::{CueKind, Marker, Nanos, Rating};
use crate::store::rows::Trial;

/// What happens to the protocol. Reasons and notes are the experimenter's own words.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Time has passed. Call it often: phases end at the first tick after their length.
    Tick,
    Begin,
    /// The first frame was shown.
    PlayerStarted {
        at: Nanos,
    },
    /// The last frame was shown.
    PlayerEnded {
        at: Nanos,
    },
    /// The stimulus could not be loaded or broke off. The protocol pauses, so that someone may redo or skip.
    PlayerFailed {
        at: Nanos,
        why: String,
    },
    /// Answers so far; replaces earlier ones.
    Rate {
        rating: Rating,
        by: String,
    },
    /// Ends the rating; unanswered questions need a reason.
    RatingDone {
        reason: String,
    },
    Pause {
        reason: String,
    },
    Continue,
    /// The current trial (in the rest: the one just rated) again from its fixation.
    Redo {
        reason: String,
    },
    Skip {
        reason: String,
    },
    Abort {
        reason: String,
    },
    /// Ends the baseline or rest phase now.
    Next,
}

/// What is to be done about it, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Marker(Marker),
    /// Load this stimulus, paused.
    Prepare(Stimulus),
    /// Release it, and answer with [`Input::PlayerStarted`] or [`Input::PlayerFailed`].
    Play,
    PausePlayer,
    ResumePlayer,
    StopPlayer,
    Cue(CueKind),
    TrialBegun(Trial),
    TrialUpdated(Trial),
    /// The input changes nothing here; the sentence says what would.
    Refused(String),
    /// Finished or aborted: recording may end.
    Finished,
}
