//! Beats with where they come from: what was done to them, and how each edit is taken back.

use super::correct::{Edit, EditKind};

/// A beat as it stands now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beat {
    pub time: f64,
    /// Which of the given beats it is; None where it was put in.
    pub found: Option<usize>,
    pub free: bool,
}

/// What was done to the `given` beats, in order of time.
pub(super) fn log(beats: &[Beat], given: &[f64]) -> Vec<Edit> {
    let (mut edits, mut expected, mut put_in) = (Vec::new(), 0, 0);
    for beat in beats {
        let Some(found) = beat.found else {
            put_in += 1;
            continue;
        };
        let at = given[found];
        if put_in > 0 {
            edits.push(Edit { at, kind: EditKind::Missed { beats: put_in } });
        }
        edits.extend(given[expected..found].iter().map(|at| Edit { at: *at, kind: EditKind::Extra }));
        if beat.free {
            edits.push(Edit { at, kind: EditKind::Moved { by: beat.time - at } });
        }
        (expected, put_in) = (found + 1, 0);
    }
    edits.extend(given[expected..].iter().map(|at| Edit { at: *at, kind: EditKind::Extra }));
    edits
}

/// Every edit as the beats that it concerns and what stood there before it.
pub(super) fn undoings(beats: &[Beat], given: &[f64]) -> Vec<(std::ops::Range<usize>, Vec<Beat>)> {
    let original = |i: usize| Beat { time: given[i], found: Some(i), free: false };
    let mut all = Vec::new();
    let mut expected = 0;
    let mut put_in = 0;
    for (i, beat) in beats.iter().enumerate() {
        let Some(found) = beat.found else {
            put_in += 1;
            continue;
        };
        if put_in > 0 {
            all.push((i - put_in..i, Vec::new()));
        }
        all.extend((expected..found).map(|lost| (i..i, vec![original(lost)])));
        if beat.free {
            all.push((i..i + 1, vec![original(found)]));
        }
        (expected, put_in) = (found + 1, 0);
    }
    all
}
