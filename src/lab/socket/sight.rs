//! What a visitor may see of a snapshot: all of it at the keyboard, no face where one only looks on, and next to nothing
//! on the participant's own screen.

use super::wire::Tell;
use crate::lab::guided::Guided;
use crate::lab::message::{Snapshot, Traces};
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sight {
    /// The keyboard's terminal.
    Whole,
    /// Everybody else, and whoever has not said yet who they are.
    #[default]
    LooksOn,
    /// The one who is being recorded.
    Participant,
}

/// The camera's preview is for who frames and lights the picture, not for a class that looks on.
pub fn without_face(snapshot: &mut Snapshot) {
    if let Some(camera) = snapshot.guided.camera.as_mut().filter(|camera| camera.wanted) {
        camera.preview = None;
        camera.refused = "only the terminal with the keyboard is sent the face; `limbic attach` takes the keyboard".into();
    }
}

/// The participant's screen needs the phase and the answers; it gets nothing about others, the signals or the emotion
/// that a video is meant to raise.
pub fn for_participant(snapshot: &Snapshot) -> Tell {
    let mut snapshot = Box::new(snapshot.clone());
    snapshot.protocol.intended = None;
    snapshot.protocol.stimulus = String::new();
    (snapshot.catalogue, snapshot.review, snapshot.job) = (Arc::default(), None, None);
    (snapshot.quality, snapshot.verdict, snapshot.session) = (None, None, None);
    (snapshot.heart, snapshot.face, snapshot.traces) = (None, None, Traces::default());
    (snapshot.participant, snapshot.consent) = (None, None);
    (snapshot.trials, snapshot.log, snapshot.devices) = (Vec::new(), Vec::new(), Vec::new());
    (snapshot.streams, snapshot.device_trouble) = (Vec::new(), Vec::new());
    // The moment that they are marking is theirs; whose emotion it is meant to be is not told.
    snapshot.guided = Guided { held: snapshot.guided.held, ..Guided::default() };
    Tell::Snapshot { catalogue: true, review: true, snapshot }
}
