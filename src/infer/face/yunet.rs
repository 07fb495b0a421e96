//! YuNet (Wu et al. 2023): three strides, scores of class and objectness, five landmarks.

use super::boxes::{Face, suppressed};
use super::{Detector, FaceError, Kind, Picture};
use crate::infer::runtime::{OnnxSession, Output};

const LEAST_SCORE: f32 = 0.6;
const MOST_OVERLAP: f32 = 0.3;
const STRIDES: [usize; 3] = [8, 16, 32];
/// Side of the input where the file leaves it open.
const SIDE: usize = 640;

pub const KIND: Kind = Kind { name: "yunet", fits, open };

fn fits(session: &OnnxSession) -> bool {
    let has = |name: String| session.outputs().iter().any(|o| o.name == name);
    session.input_shape().len() == 4
        && STRIDES.iter().all(|s| ["cls", "obj", "bbox", "kps"].iter().all(|part| has(format!("{part}_{s}"))))
}

fn open(session: OnnxSession) -> Box<dyn Detector> {
    let side = |d: i64| usize::try_from(d).ok().filter(|d| *d > 0).unwrap_or(SIDE);
    let (height, width) = (side(session.input_shape()[2]), side(session.input_shape()[3]));
    Box::new(YuNet { session, width, height })
}

struct YuNet {
    session: OnnxSession,
    width: usize,
    height: usize,
}

impl Detector for YuNet {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Face>, FaceError> {
        let ratio = (self.width as f32 / picture.width as f32).min(self.height as f32 / picture.height as f32);
        let side = |n: usize, most: usize| (((n as f32 * ratio) + 0.5) as usize).clamp(1, most);
        let small = picture.resized(side(picture.width, self.width), side(picture.height, self.height));
        let input = small.on_ground(self.width, self.height, (0, 0), [0; 3]).planes(1.0, 0.0, true);
        let outputs = self.session.run_all(&input, &[1, 3, self.height, self.width])?;
        let found = || outputs.iter().map(|o| format!("{} {:?}", o.name, o.shape)).collect::<Vec<_>>().join(", ");
        let wrong = || FaceError::Shape { model: self.session.name().into(), kind: KIND.name, found: found() };
        let mut faces = Vec::new();
        for stride in STRIDES {
            let (columns, rows) = (self.width / stride, self.height / stride);
            let part = |name: &str, width: usize| {
                let wanted = format!("{name}_{stride}");
                let output = outputs.iter().find(|o: &&Output| o.name == wanted && o.values.len() == width * columns * rows);
                output.map(|o| o.values.as_slice()).ok_or_else(wrong)
            };
            faces.extend(decode([part("cls", 1)?, part("obj", 1)?, part("bbox", 4)?, part("kps", 10)?], columns, stride as f32));
        }
        let undo = |face: Face| {
            let mut face = face.moved(0.0, 0.0, 1.0 / ratio);
            face.clip(picture.width, picture.height);
            face
        };
        Ok(suppressed(faces, MOST_OVERLAP, usize::MAX).into_iter().map(undo).collect())
    }
}

fn decode([class, object, bounds, points]: [&[f32]; 4], columns: usize, stride: f32) -> Vec<Face> {
    let one = |i: usize| {
        let score = (class[i].clamp(0.0, 1.0) * object[i].clamp(0.0, 1.0)).sqrt();
        let (column, row) = ((i % columns) as f32, (i / columns) as f32);
        let point = |x: f32, y: f32| [(column + x) * stride, (row + y) * stride];
        let b = &bounds[4 * i..4 * i + 4];
        let ([x, y], w, h) = (point(b[0], b[1]), b[2].exp() * stride, b[3].exp() * stride);
        (score > LEAST_SCORE).then(|| Face {
            bounds: [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0],
            score,
            landmarks: points[10 * i..10 * i + 10].chunks_exact(2).map(|p| point(p[0], p[1])).collect(),
        })
    };
    (0..class.len()).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_box_around_its_centre() {
        let (mut class, object) = (vec![0.0; 4], vec![0.81; 4]);
        class[3] = 1.0;
        let bounds = [[0.0; 12].as_slice(), &[0.5, 0.25, 2f32.ln(), 4f32.ln()]].concat();
        let faces = decode([&class, &object, &bounds, &[0.0; 40]], 2, 8.0);
        assert_eq!(faces.len(), 1);
        let wanted = [4.0, -6.0, 20.0, 26.0];
        assert!(faces[0].bounds.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-4), "{:?}", faces[0]);
        assert!((faces[0].score - 0.9).abs() < 1e-6 && faces[0].landmarks[0] == [8.0, 8.0]);
    }
}
