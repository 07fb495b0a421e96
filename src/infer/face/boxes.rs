//! Boxes around faces: overlap and the choice among overlapping ones.

use serde::{Deserialize, Serialize};

/// A face, in pixels of its picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Face {
    /// Left, top, right, bottom.
    pub bounds: [f32; 4],
    /// How sure the detector is, 0-1.
    pub score: f32,
    /// The eyes first (the one on the left of the picture first), where the detector tells them; empty otherwise.
    pub landmarks: Vec<[f32; 2]>,
}

impl Face {
    pub fn width(&self) -> f32 {
        (self.bounds[2] - self.bounds[0]).max(0.0)
    }

    pub fn height(&self) -> f32 {
        (self.bounds[3] - self.bounds[1]).max(0.0)
    }

    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    pub fn centre(&self) -> [f32; 2] {
        [(self.bounds[0] + self.bounds[2]) / 2.0, (self.bounds[1] + self.bounds[3]) / 2.0]
    }

    /// Keeps the box inside a picture of this size.
    pub fn clip(&mut self, width: usize, height: usize) {
        let most = [width as f32, height as f32, width as f32, height as f32];
        self.bounds.iter_mut().zip(most).for_each(|(v, most)| *v = v.clamp(0.0, most));
    }

    /// The same face in a picture that is `factor` times as large and begins at (left, top) of this one.
    pub fn moved(mut self, left: f32, top: f32, factor: f32) -> Face {
        let [x1, y1, x2, y2] = self.bounds;
        self.bounds = [(x1 - left) * factor, (y1 - top) * factor, (x2 - left) * factor, (y2 - top) * factor];
        self.landmarks.iter_mut().for_each(|[x, y]| (*x, *y) = ((*x - left) * factor, (*y - top) * factor));
        self
    }
}

/// Intersection over union of two boxes; 0 where both are empty.
pub fn overlap(a: &Face, b: &Face) -> f32 {
    let side = |low: usize, high: usize| (a.bounds[high].min(b.bounds[high]) - a.bounds[low].max(b.bounds[low])).max(0.0);
    let both = side(0, 2) * side(1, 3);
    let either = a.area() + b.area() - both;
    if either > 0.0 { both / either } else { 0.0 }
}

/// Greedy non-maximum suppression: by descending score (ties by index), a box that overlaps a kept one by more than
/// `most` goes; at most `limit` stay.
pub fn suppressed(mut faces: Vec<Face>, most: f32, limit: usize) -> Vec<Face> {
    // A stable sort keeps equal scores in the order of their indices.
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in faces {
        if kept.len() == limit {
            break;
        }
        if kept.iter().all(|k| overlap(k, &face) <= most) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(bounds: [f32; 4], score: f32) -> Face {
        Face { bounds, score, landmarks: vec![] }
    }

    #[test]
    fn overlap_is_known_for_known_boxes() {
        let a = face([0.0, 0.0, 2.0, 2.0], 1.0);
        assert_eq!(overlap(&a, &face([1.0, 0.0, 3.0, 2.0], 1.0)), 2.0 / 6.0);
        assert_eq!(overlap(&a, &face([5.0, 5.0, 6.0, 6.0], 1.0)), 0.0);
        assert_eq!(overlap(&face([0.0; 4], 1.0), &face([0.0; 4], 1.0)), 0.0);
    }

    #[test]
    fn the_surest_of_overlapping_boxes_stays_and_equal_ones_keep_their_order() {
        let boxes = vec![
            face([0.0, 0.0, 10.0, 10.0], 0.6),
            face([1.0, 0.0, 11.0, 10.0], 0.9),
            face([50.0, 0.0, 60.0, 10.0], 0.6),
            face([50.0, 1.0, 60.0, 11.0], 0.6),
        ];
        let kept = suppressed(boxes.clone(), 0.45, 9);
        assert_eq!(kept, [boxes[1].clone(), boxes[2].clone()]);
        assert_eq!(suppressed(boxes.clone(), 1.0, 3).len(), 3);
    }
}
