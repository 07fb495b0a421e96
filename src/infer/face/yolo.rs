//! YOLOv8 detectors of any export (algorithms 8.1): with or without landmarks, with or without suppression inside.

use super::boxes::{Face, suppressed};
use super::{Detector, FaceError, Kind, Picture};
use crate::infer::runtime::OnnxSession;

/// Boxes below this score are no detections.
pub const LEAST_SCORE: f32 = 0.25;
/// Boxes that overlap a surer one by more are the same face.
pub const MOST_OVERLAP: f32 = 0.45;
/// No picture has more faces.
const LIMIT: usize = 300;
/// Side of the network's input where the file leaves it open.
const SIDE: usize = 640;
/// The grey around the picture.
const GREY: [u8; 3] = [114; 3];
/// Values of a row that stand before the landmarks where the export has its own suppression: box, score, class.
const FINISHED: usize = 6;

pub const KIND: Kind = Kind { name: "yolov8", fits, open };

fn fits(session: &OnnxSession) -> bool {
    let input = session.input_shape();
    let outputs = session.outputs();
    input.len() == 4 && input[1] == 3 && outputs.len() == 1 && outputs[0].shape.len() == 3
}

fn open(session: OnnxSession) -> Box<dyn Detector> {
    let side = |d: i64| usize::try_from(d).ok().filter(|d| *d > 0).unwrap_or(SIDE);
    let (height, width) = (side(session.input_shape()[2]), side(session.input_shape()[3]));
    let classes = session.metadata("names").map(|names| names.matches(':').count().max(1));
    Box::new(Yolo { session, width, height, classes })
}

struct Yolo {
    session: OnnxSession,
    width: usize,
    height: usize,
    /// Declared in the file ("{0: 'face'}"); None: told by the number of values.
    classes: Option<usize>,
}

impl Detector for Yolo {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Face>, FaceError> {
        let letterbox = Letterbox::new(picture.width, picture.height, self.width, self.height);
        let input = letterbox.apply(picture).planes(1.0 / 255.0, 0.0, false);
        let output = self.session.run_all(&input, &[1, 3, self.height, self.width])?.into_iter().next();
        let found = output.as_ref().map_or("none".into(), |o| format!("{:?}", o.shape));
        let wrong = || FaceError::Shape { model: self.session.name().into(), kind: KIND.name, found };
        match output {
            Some(o) => decode(&o.values, &o.shape, self.classes, &letterbox).ok_or_else(wrong),
            None => Err(wrong()),
        }
    }
}

/// A picture inside a larger one of fixed size: scaled by one ratio, centred on grey.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// Width and height of the picture.
    pub picture: (usize, usize),
    /// Width and height of the network's input.
    pub input: (usize, usize),
    pub ratio: f32,
    pub left: usize,
    pub top: usize,
}

impl Letterbox {
    pub fn new(width: usize, height: usize, into_width: usize, into_height: usize) -> Letterbox {
        let ratio = (into_width as f32 / width.max(1) as f32).min(into_height as f32 / height.max(1) as f32);
        let mut letterbox = Letterbox { picture: (width, height), input: (into_width, into_height), ratio, left: 0, top: 0 };
        let (w, h) = letterbox.scaled();
        (letterbox.left, letterbox.top) = ((into_width - w) / 2, (into_height - h) / 2);
        letterbox
    }

    /// Size of the picture inside, halves up.
    fn scaled(&self) -> (usize, usize) {
        let side = |n: usize, most: usize| (((n as f32 * self.ratio) + 0.5).floor() as usize).clamp(1, most);
        (side(self.picture.0, self.input.0), side(self.picture.1, self.input.1))
    }

    pub fn apply(&self, picture: &Picture) -> Picture {
        let (width, height) = self.scaled();
        picture.resized(width, height).on_ground(self.input.0, self.input.1, (self.left, self.top), GREY)
    }

    /// A face from the input's pixels to the picture's.
    pub fn undo(&self, face: Face) -> Face {
        let mut face = face.moved(self.left as f32, self.top as f32, 1.0 / self.ratio);
        face.clip(self.picture.0, self.picture.1);
        face
    }
}

/// Faces of one raw output of `shape`, in pixels of the picture. Shapes: [1, 4 + classes + landmarks, boxes], the same
/// transposed, or [1, boxes, 6 + landmarks] where the export has its own suppression (at most 300 boxes, corners).
/// `None`: a shape of none of these.
pub fn decode(values: &[f32], shape: &[usize], classes: Option<usize>, letterbox: &Letterbox) -> Option<Vec<Face>> {
    let &[1, a, b] = shape else { return None };
    if values.len() != a * b || a.min(b) < 5 {
        return None;
    }
    let finished = a <= LIMIT && b >= FINISHED && (b < a || b == FINISHED);
    // Rows of one box each, whichever way the output lies.
    let (boxes, width, transposed) = if finished || b < a { (a, b, false) } else { (b, a, true) };
    let at = |row: usize, column: usize| if transposed { values[column * b + row] } else { values[row * b + column] };
    let faces = (0..boxes).filter_map(|row| if finished { whole(row, width, &at) } else { raw(row, width, classes, &at) });
    // An export with its own suppression has done this; doing it again changes nothing.
    let kept = suppressed(faces.collect(), if finished { 1.0 } else { MOST_OVERLAP }, LIMIT);
    Some(kept.into_iter().map(|face| letterbox.undo(face)).collect())
}

/// Corners, score, class.
fn whole(row: usize, width: usize, at: &impl Fn(usize, usize) -> f32) -> Option<Face> {
    let score = at(row, 4);
    let bounds = [at(row, 0), at(row, 1), at(row, 2), at(row, 3)];
    (score >= LEAST_SCORE).then(|| Face { bounds, score, landmarks: landmarks(row, FINISHED, width, at) })
}

/// Centre, size, one score a class (already between 0 and 1; there is no objectness).
fn raw(row: usize, width: usize, classes: Option<usize>, at: &impl Fn(usize, usize) -> f32) -> Option<Face> {
    // Face models with five landmarks of three numbers have one class.
    let classes = classes.filter(|n| 4 + n <= width).unwrap_or(if width >= 4 + 1 + 15 { 1 } else { width - 4 });
    let score = (4..4 + classes).map(|c| at(row, c)).fold(0.0, f32::max);
    let (x, y, w, h) = (at(row, 0), at(row, 1), at(row, 2), at(row, 3));
    let bounds = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
    (score >= LEAST_SCORE).then(|| Face { bounds, score, landmarks: landmarks(row, 4 + classes, width, at) })
}

/// Five points of x, y and visibility where the row goes on that far.
fn landmarks(row: usize, from: usize, width: usize, at: &impl Fn(usize, usize) -> f32) -> Vec<[f32; 2]> {
    if width < from + 15 {
        return Vec::new();
    }
    (0..5).map(|k| [at(row, from + 3 * k), at(row, from + 3 * k + 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: [f32; 5] = [320.0, 320.0, 100.0, 50.0, 0.9];

    /// The same box in every shape that exports have, on a picture of 1280 x 720.
    #[test]
    fn every_shape_gives_the_same_box() {
        let letterbox = Letterbox::new(1280, 720, 640, 640);
        assert_eq!((letterbox.ratio, letterbox.left, letterbox.top), (0.5, 0, 140));
        let boxes = 400;
        let columns = |extra: usize| -> Vec<f32> {
            (0..5 + extra).flat_map(|c| (0..boxes).map(move |i| if i == 7 && c < 5 { BOX[c] } else { 0.0 })).collect()
        };
        let rows: Vec<f32> = (0..boxes).flat_map(|i| (0..5).map(move |c| if i == 7 { BOX[c] } else { 0.0 })).collect();
        let mut finished = vec![0.0; 300 * 6];
        finished[..6].copy_from_slice(&[270.0, 295.0, 370.0, 345.0, 0.9, 0.0]);
        let cases = [
            (columns(0), vec![1, 5, boxes]),
            (columns(15), vec![1, 20, boxes]),
            (rows, vec![1, boxes, 5]),
            (finished, vec![1, 300, 6]),
        ];
        for (values, shape) in cases {
            let faces = decode(&values, &shape, None, &letterbox).expect("a shape of its kind");
            assert_eq!(faces.len(), 1, "{shape:?}");
            assert_eq!((faces[0].bounds, faces[0].score), ([540.0, 310.0, 740.0, 410.0], 0.9), "{shape:?}");
        }
        assert_eq!(decode(&[0.0; 12], &[1, 3, 4], None, &letterbox), None);
        assert_eq!(decode(&[0.0; 12], &[3, 4], None, &letterbox), None);
    }

    #[test]
    fn boxes_beyond_the_picture_are_cut() {
        let letterbox = Letterbox::new(640, 640, 640, 640);
        let values = [630.0, 10.0, 60.0, 60.0, 0.5];
        let shape = [1, 5, 7];
        let all: Vec<f32> = values.iter().flat_map(|v| [*v, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).collect();
        let faces = decode(&all, &shape, Some(1), &letterbox).expect("fits");
        assert_eq!(faces[0].bounds, [600.0, 0.0, 640.0, 40.0]);
    }
}
