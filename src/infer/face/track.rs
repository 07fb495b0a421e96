//! Which of several faces is the participant's (algorithms 8.1): the one that goes on from the frame before.

use super::boxes::{Face, overlap};

/// Another face of at least this share of the participant's area is reported: it may be taken for the participant.
const RIVAL_SHARE: f32 = 0.5;
/// Frames without the participant after which whoever is largest is the participant.
const PATIENCE: usize = 10;

/// The participant's face over the frames of one video.
#[derive(Debug, Clone, Default)]
pub struct Tracker {
    last: Option<Face>,
    missed: usize,
}

/// The choice in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Index into the faces of the frame.
    pub index: usize,
    /// Another face is at least half as large.
    pub crowded: bool,
}

impl Tracker {
    /// The participant among the faces of the next frame: the largest overlap with the frame before, else the largest
    /// area. `None` without a face.
    pub fn next(&mut self, faces: &[Face]) -> Option<Chosen> {
        let best = |value: &dyn Fn(&Face) -> f32| {
            let over = faces.iter().enumerate().filter(|(_, f)| value(f) > 0.0);
            // The first of equals: detectors give the surest first.
            over.fold(None, |best: Option<(usize, f32)>, (i, f)| match best {
                Some((_, most)) if most >= value(f) => best,
                _ => Some((i, value(f))),
            })
        };
        let same = self.last.as_ref().and_then(|last| best(&|f| overlap(last, f)));
        let Some((index, _)) = same.or_else(|| best(&Face::area)) else {
            self.missed += 1;
            if self.missed > PATIENCE {
                self.last = None;
            }
            return None;
        };
        self.missed = 0;
        self.last = Some(faces[index].clone());
        let least = RIVAL_SHARE * faces[index].area();
        let crowded = faces.iter().enumerate().any(|(i, f)| i != index && f.area() >= least);
        Some(Chosen { index, crowded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(left: f32, side: f32) -> Face {
        Face { bounds: [left, 0.0, left + side, side], score: 0.9, landmarks: vec![] }
    }

    #[test]
    fn whoever_was_first_stays_the_participant() {
        let mut tracker = Tracker::default();
        assert_eq!(tracker.next(&[face(0.0, 10.0), face(100.0, 20.0)]), Some(Chosen { index: 1, crowded: false }));
        // A larger face comes in; the participant moves a little.
        assert_eq!(tracker.next(&[face(0.0, 60.0), face(104.0, 20.0)]), Some(Chosen { index: 1, crowded: true }));
        assert_eq!(tracker.next(&[]), None);
        assert_eq!(tracker.next(&[face(0.0, 60.0), face(106.0, 20.0)]).map(|c| c.index), Some(1));
        (0..=PATIENCE).for_each(|_| assert_eq!(tracker.next(&[]), None));
        assert_eq!(tracker.next(&[face(0.0, 60.0), face(106.0, 20.0)]).map(|c| c.index), Some(0));
    }
}
