//! BlazeFace (Bazarevsky et al. 2019), full and short range: anchors on fixed grids, six landmarks.

use super::boxes::{Face, suppressed};
use super::{Detector, FaceError, Kind, Picture};
use crate::infer::runtime::OnnxSession;

/// Scores below this are no faces.
const LEAST_SCORE: f32 = 0.5;
/// Boxes that overlap a surer one by more are the same face.
const MOST_OVERLAP: f32 = 0.3;
/// Scores are clipped here before the sigmoid.
const MOST_LOGIT: f32 = 50.0;
/// Numbers of one box: centre, size, six landmarks.
const NUMBERS: usize = 16;

/// Faces up to some 5 m from the camera.
pub const FULL_RANGE: Kind = Kind { name: "blazeface-full-range", fits: |s| fits(s, 192), open: |s| open(s, 192) };
/// One face at arm's length.
pub const SHORT_RANGE: Kind = Kind { name: "blazeface-short-range", fits: |s| fits(s, 128), open: |s| open(s, 128) };

fn fits(session: &OnnxSession, side: i64) -> bool {
    let last = |n: i64| session.outputs().iter().any(|o| o.shape.len() == 3 && o.shape[2] == n);
    session.input_shape() == [1, side, side, 3] && last(NUMBERS as i64) && last(1)
}

fn open(session: OnnxSession, side: usize) -> Box<dyn Detector> {
    Box::new(BlazeFace { session, side, anchors: anchors(side) })
}

/// Cell centres in 0-1: the full range has one on each of 48 x 48 cells, the short range two on 16 x 16 and six on 8 x 8.
fn anchors(side: usize) -> Vec<[f32; 2]> {
    let grids: &[(usize, usize)] = if side == 192 { &[(48, 1)] } else { &[(16, 2), (8, 6)] };
    let grid = |&(cells, times): &(usize, usize)| {
        let centre = move |i: usize| (i as f32 + 0.5) / cells as f32;
        (0..cells * cells).flat_map(move |i| std::iter::repeat_n([centre(i % cells), centre(i / cells)], times))
    };
    grids.iter().flat_map(grid).collect()
}

struct BlazeFace {
    session: OnnxSession,
    side: usize,
    anchors: Vec<[f32; 2]>,
}

impl Detector for BlazeFace {
    fn kind(&self) -> &'static str {
        if self.side == 192 { FULL_RANGE.name } else { SHORT_RANGE.name }
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Face>, FaceError> {
        let edge = picture.width.max(picture.height);
        // The picture in the upper left of a black square, then the square at the network's size.
        let part = |n: usize| ((n * self.side + edge / 2) / edge.max(1)).clamp(1, self.side);
        let small = picture.resized(part(picture.width), part(picture.height));
        let input = small.on_ground(self.side, self.side, (0, 0), [0; 3]).interleaved(1.0 / 127.5, -1.0);
        let outputs = self.session.run_all(&input, &[1, self.side, self.side, 3])?;
        let of =
            |last: usize| outputs.iter().find(|o| o.shape.last() == Some(&last) && o.values.len() == last * self.anchors.len());
        let (Some(boxes), Some(scores)) = (of(NUMBERS), of(1)) else {
            let found = outputs.iter().map(|o| format!("{:?}", o.shape)).collect::<Vec<_>>().join(", ");
            return Err(FaceError::Shape { model: self.session.name().into(), kind: self.kind(), found });
        };
        let mut faces = decode(&boxes.values, &scores.values, &self.anchors, self.side as f32, edge as f32);
        faces.iter_mut().for_each(|f| f.clip(picture.width, picture.height));
        Ok(faces)
    }
}

/// Boxes times `edge`, from rows of 16 in pixels of an input of `side`.
fn decode(rows: &[f32], scores: &[f32], anchors: &[[f32; 2]], side: f32, edge: f32) -> Vec<Face> {
    let face = |((row, score), [ax, ay]): ((&[f32], &f32), &[f32; 2])| {
        let score = 1.0 / (1.0 + (-score.clamp(-MOST_LOGIT, MOST_LOGIT)).exp());
        let point = |i: usize| [(row[i] / side + ax) * edge, (row[i + 1] / side + ay) * edge];
        let ([x, y], w, h) = (point(0), row[2] / side * edge, row[3] / side * edge);
        (score > LEAST_SCORE).then(|| Face {
            bounds: [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0],
            score,
            landmarks: (2..8).map(|k| point(2 * k)).collect(),
        })
    };
    let faces = rows.chunks_exact(NUMBERS).zip(scores).zip(anchors).filter_map(face).collect();
    suppressed(faces, MOST_OVERLAP, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_as_many_as_the_outputs() {
        assert_eq!((anchors(192).len(), anchors(128).len()), (2304, 896));
        assert_eq!(anchors(192)[49], [1.5 / 48.0, 1.5 / 48.0]);
        assert_eq!((anchors(128)[1], anchors(128)[512]), ([0.5 / 16.0, 0.5 / 16.0], [0.5 / 8.0, 0.5 / 8.0]));
    }

    #[test]
    fn a_box_comes_from_its_anchor() {
        let anchors = [[0.5, 0.25], [0.9, 0.9]];
        let mut rows = vec![0.0; 32];
        rows[..6].copy_from_slice(&[19.2, 0.0, 38.4, 38.4, 19.2, 19.2]);
        let faces = decode(&rows, &[2.0, -60.0], &anchors, 192.0, 1000.0);
        assert_eq!(faces.len(), 1);
        let wanted = [500.0, 150.0, 700.0, 350.0];
        assert!(faces[0].bounds.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-3), "{:?}", faces[0]);
        assert!((faces[0].score - 0.880_797).abs() < 1e-5 && faces[0].landmarks.len() == 6);
        assert!((faces[0].landmarks[0][0] - 600.0).abs() < 1e-3 && (faces[0].landmarks[0][1] - 350.0).abs() < 1e-3);
    }
}
