//! What the terminal half may wish for.

use crate::signal::{Nanos, Placed, Question, Rating, Segment};
use crate::store::rows::{Consent, Participant, SessionId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A wish of the terminal half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Chosen by the sender, unique; a repeated id is applied once.
    pub id: u64,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Step 1: who, and what they agreed to. Durable when acknowledged. Refused without consent to record.
    Prepare {
        participant: Participant,
        consent: Consent,
    },
    /// Instead of step 1: an interrupted session goes on with the trial that it stopped at, under the consent that was
    /// given. Steps 2 and 3 follow; refused at the beginning where rig or playlist are not those of the session.
    Resume {
        session: SessionId,
    },
    /// Step 2: use this rig file, or the simulated rig when None; connects the devices and starts the live view.
    Connect {
        rig: Option<PathBuf>,
    },
    /// Releases the devices (only while nothing is recorded).
    Disconnect,
    /// Marks an electrode of the connected rig; stored with the session that is prepared.
    Place {
        label: String,
        state: Placed,
        note: String,
    },
    /// Watches every stream anew for some seconds and judges it.
    SelfTest,
    /// A small picture of the camera now and then, or no longer. Refused without consent to store the face, and while a
    /// video runs.
    Preview {
        on: bool,
    },
    /// The playlist in another order before the session begins: by this seed, or as listed.
    Order {
        seed: Option<u64>,
    },
    /// Looks at the playlist's files again.
    CheckPlaylist,
    /// The participant, or whoever looks at them, feels something now. Said again within 0.6 s it goes on (a held key
    /// repeats); `toggle` begins or ends a moment that lasts until it is said again.
    Moment {
        by: String,
        toggle: bool,
    },
    /// Opens the timeline of a trial of a stored session, or of the session being recorded, for labelling.
    Label {
        session: SessionId,
        trial: u32,
    },
    /// Adds, changes or takes back a segment of a session; its trial, attempt and number say which.
    Segment {
        session: SessionId,
        segment: Segment,
    },
    /// What stands in a field that was not sent yet; kept until it is sent or emptied.
    Draft {
        field: String,
        text: String,
    },
    /// Go on below the gate, for this reason (never empty).
    Override {
        reason: String,
    },
    /// Starts recording and the protocol. Refused below the gate without an override.
    Begin,
    /// Stops the video and the phase clock; streams go on being written.
    Pause {
        reason: String,
    },
    /// Goes on after a pause; the trial is marked interrupted.
    Continue,
    /// The current (or last) trial again from its fixation; the earlier attempt is kept. `trial`: the number and attempt
    /// that the reason is about; refused where another has begun meanwhile. `None`: whichever it is.
    Redo {
        reason: String,
        #[serde(default)]
        trial: Option<(u32, u32)>,
    },
    /// Leaves out the current trial; `trial` as for [`Action::Redo`].
    Skip {
        reason: String,
        #[serde(default)]
        trial: Option<(u32, u32)>,
    },
    /// Ends the session early, after the participant's code was typed. Nothing is deleted.
    Abort {
        typed: String,
    },
    Note {
        text: String,
    },
    /// `pressed`: when its key was pressed, by the lab's clock, and in which trial (0: none), if the words were typed after
    /// that; `None`: now.
    Mark {
        text: String,
        #[serde(default)]
        pressed: Option<(Nanos, u32)>,
    },
    /// Answers for the trial that is being rated. A question that `rating` does not answer stays as it stands: the
    /// participant and the experimenter may answer from two screens, and neither repeats what it saw earlier. Replaced
    /// answers stay in the journal. `done` ends the rating phase; it may be incomplete with a reason.
    Rate {
        rating: Rating,
        by: String,
        done: bool,
        reason: String,
    },
    /// Takes the answer to one question back.
    Unrate {
        question: Question,
        by: String,
    },
    /// Ends the baseline or rest phase now.
    Next,
    /// Loads a stored session for review (trials, predictions, explanation) into the snapshot.
    Review {
        session: SessionId,
    },
    /// Trains an EEG network and, where faces were stored, a face network on these sessions (all usable ones when
    /// empty), evaluates by grouped folds, predicts held-out, explains. One job at a time.
    Train {
        sessions: Vec<SessionId>,
        seed: u64,
    },
    StopJob,
    /// Leaves the room: in-process, the lab ends when nothing is being recorded.
    Quit,
}
