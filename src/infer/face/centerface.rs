//! CenterFace (Xu et al. 2019): a heat map of face centres at a quarter of the input.

use super::boxes::{Face, suppressed};
use super::{Detector, FaceError, Kind, Picture};
use crate::infer::runtime::{OnnxSession, Output};

const LEAST_SCORE: f32 = 0.35;
const MOST_OVERLAP: f32 = 0.3;
/// The long edge of the network's input; larger pictures are made smaller.
const LONG_EDGE: usize = 640;
/// Both sides of the input are multiples of this.
const MULTIPLE: usize = 32;
/// Pixels of a cell.
const STRIDE: f32 = 4.0;

pub const KIND: Kind = Kind { name: "centerface", fits, open: |session| Box::new(CenterFace { session }) };

/// Four maps: heat, size, offset, landmarks.
fn fits(session: &OnnxSession) -> bool {
    let channels: Vec<i64> = session.outputs().iter().filter_map(|o| o.shape.get(1).copied()).collect();
    session.input_shape().len() == 4 && session.input_shape()[1] == 3 && channels == [1, 2, 2, 10]
}

struct CenterFace {
    session: OnnxSession,
}

impl Detector for CenterFace {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Face>, FaceError> {
        let ratio = (LONG_EDGE as f32 / picture.width.max(picture.height).max(1) as f32).min(1.0);
        let side = |n: usize| (((n as f32 * ratio).ceil() as usize).max(1)).div_ceil(MULTIPLE) * MULTIPLE;
        let (width, height) = (side(picture.width), side(picture.height));
        let input = picture.resized(width, height).planes(1.0, 0.0, false);
        let outputs = self.session.run_all(&input, &[1, 3, height, width])?;
        let cells = width / 4 * (height / 4);
        let fits = outputs.len() == 4 && outputs.iter().zip([1, 2, 2, 10]).all(|(o, n)| o.values.len() == n * cells);
        if !fits {
            let found = outputs.iter().map(|o| format!("{:?}", o.shape)).collect::<Vec<_>>().join(", ");
            return Err(FaceError::Shape { model: self.session.name().into(), kind: KIND.name, found });
        }
        let scale = [picture.width as f32 / width as f32, picture.height as f32 / height as f32];
        let mut faces = decode(&outputs, width / 4, scale);
        faces.iter_mut().for_each(|f| f.clip(picture.width, picture.height));
        Ok(faces)
    }
}

/// Size and offset are y, then x; landmarks (y, x) five times, as shares of the box.
fn decode(outputs: &[Output], columns: usize, scale: [f32; 2]) -> Vec<Face> {
    let [heat, size, offset, points] = [0, 1, 2, 3].map(|i| outputs[i].values.as_slice());
    let cells = heat.len();
    let faces = (0..cells).filter(|i| heat[*i] > LEAST_SCORE).map(|i| {
        let (row, column) = ((i / columns) as f32, (i % columns) as f32);
        let (h, w) = (size[i].exp() * STRIDE, size[cells + i].exp() * STRIDE);
        let (y, x) = ((row + offset[i] + 0.5) * STRIDE, (column + offset[cells + i] + 0.5) * STRIDE);
        let (left, top) = ((x - w / 2.0).max(0.0), (y - h / 2.0).max(0.0));
        let point = |k: usize| {
            [(points[(2 * k + 1) * cells + i] * w + left) * scale[0], (points[2 * k * cells + i] * h + top) * scale[1]]
        };
        Face {
            bounds: [left * scale[0], top * scale[1], (left + w) * scale[0], (top + h) * scale[1]],
            score: heat[i],
            landmarks: (0..5).map(point).collect(),
        }
    });
    suppressed(faces.collect(), MOST_OVERLAP, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hot_cell_is_a_box_of_its_size() {
        let map = |values: Vec<f32>| Output { name: String::new(), shape: vec![], values };
        let mut heat = vec![0.0; 64];
        heat[3 * 8 + 4] = 0.9;
        let log = |v: f32| v.ln();
        let size = [vec![log(2.0); 64], vec![log(4.0); 64]].concat();
        let outputs = [map(heat), map(size), map(vec![0.0; 128]), map(vec![0.5; 640])];
        let faces = decode(&outputs, 8, [2.0, 1.0]);
        assert_eq!(faces.len(), 1);
        // Centre (18, 14), 16 wide, 8 high; twice as wide in the picture.
        let wanted = [20.0, 10.0, 52.0, 18.0];
        assert!(faces[0].bounds.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-3), "{:?}", faces[0]);
        assert!((faces[0].landmarks[0][0] - 36.0).abs() < 1e-3 && (faces[0].landmarks[0][1] - 14.0).abs() < 1e-3);
    }
}
