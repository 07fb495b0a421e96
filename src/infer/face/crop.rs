//! The square around a face that expression networks look at (algorithms 8.2): centred, levelled by the eyes, beyond the
//! picture's edge the edge again.

use super::{Face, Picture};

/// How a face is cut out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// Side of the square in pixels of the result.
    pub side: usize,
    /// Side of the square over the longer side of the box.
    pub margin: f32,
    /// Turned so that the eyes are level, where the detector tells them.
    pub level: bool,
}

/// For training crops and networks of limbic's own (algorithms 8.2).
pub const TRAINING: Cut = Cut { side: 112, margin: 1.2, level: true };

/// Eyes further apart in height than this are a profile or a mistake; then nothing is turned, radians.
const MOST_TILT: f32 = std::f32::consts::FRAC_PI_4;
/// No pixel of the result is the mean of more than this many by this many.
const MOST_SAMPLES: usize = 8;

/// Cuts a face out: bilinear, means where the square becomes smaller.
pub fn crop(picture: &Picture, face: &Face, cut: &Cut) -> Picture {
    let longer = face.width().max(face.height()).max(1.0) * cut.margin;
    let tilt = if cut.level { tilt(face) } else { 0.0 };
    let step = longer / cut.side.max(1) as f32;
    let samples = (step.ceil() as usize).clamp(1, MOST_SAMPLES);
    let (sine, cosine) = tilt.sin_cos();
    let [cx, cy] = face.centre();
    let mut out = Picture::filled(cut.side, cut.side, [0; 3]);
    let half = cut.side as f32 / 2.0;
    for (i, pixel) in out.rgb.chunks_exact_mut(3).enumerate() {
        let (u, v) = ((i % cut.side) as f32, (i / cut.side) as f32);
        let mut sum = [0f32; 3];
        for k in 0..samples * samples {
            let within = |k: usize| (k as f32 + 0.5) / samples as f32;
            let (x, y) = ((u + within(k % samples) - half) * step, (v + within(k / samples) - half) * step);
            let at = bilinear(picture, cx + x * cosine - y * sine - 0.5, cy + x * sine + y * cosine - 0.5);
            sum.iter_mut().zip(at).for_each(|(s, v)| *s += v);
        }
        let count = (samples * samples) as f32;
        pixel.iter_mut().zip(sum).for_each(|(p, s)| *p = (s / count + 0.5) as u8);
    }
    out
}

/// Angle of the line between the eyes, radians, clockwise.
fn tilt(face: &Face) -> f32 {
    match face.landmarks[..] {
        [left, right, ..] if right[0] > left[0] => {
            let angle = (right[1] - left[1]).atan2(right[0] - left[0]);
            if angle.abs() <= MOST_TILT { angle } else { 0.0 }
        }
        _ => 0.0,
    }
}

fn bilinear(picture: &Picture, x: f32, y: f32) -> [f32; 3] {
    let inside = |v: f32, n: usize| v.clamp(0.0, n.saturating_sub(1) as f32);
    let (x, y) = (inside(x, picture.width), inside(y, picture.height));
    let (left, top) = (x as usize, y as usize);
    let (right_share, lower_share) = (x - left as f32, y - top as f32);
    let at = |dx: usize, dy: usize| picture.pixel(left + dx, top + dy).map(f32::from);
    let [a, b, c, d] = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
    std::array::from_fn(|k| {
        let (upper, lower) = (a[k] + (b[k] - a[k]) * right_share, c[k] + (d[k] - c[k]) * right_share);
        upper + (lower - upper) * lower_share
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(bounds: [f32; 4], landmarks: Vec<[f32; 2]>) -> Face {
        Face { bounds, score: 1.0, landmarks }
    }

    #[test]
    fn the_square_is_centred_and_goes_on_beyond_the_edge() {
        let mut picture = Picture::filled(40, 40, [10; 3]);
        (0..40).for_each(|y| (0..10).for_each(|x| picture.set(x, y, [200; 3])));
        let cut = Cut { side: 20, margin: 1.0, level: true };
        let out = crop(&picture, &face([0.0, 10.0, 20.0, 30.0], vec![]), &cut);
        assert_eq!((out.pixel(0, 0), out.pixel(9, 5), out.pixel(11, 5)), ([200; 3], [200; 3], [10; 3]));
        let beyond = crop(&picture, &face([-20.0, 10.0, 0.0, 30.0], vec![]), &cut);
        assert!(beyond.rgb.iter().all(|v| *v == 200));
    }

    #[test]
    fn tilted_eyes_come_out_level() {
        let mut picture = Picture::filled(100, 100, [0; 3]);
        for (x, y) in [(40, 60), (60, 40)] {
            (0..5).for_each(|dy| (0..5).for_each(|dx| picture.set(x - 2 + dx, y - 2 + dy, [255; 3])));
        }
        let eyes = vec![[40.0, 60.0], [60.0, 40.0]];
        let out = crop(&picture, &face([20.0, 20.0, 80.0, 80.0], eyes), &Cut { side: 60, margin: 1.0, level: true });
        let bright: Vec<usize> = (0..3600).filter(|i| out.rgb[3 * i] > 128).map(|i| i / 60).collect();
        assert!(!bright.is_empty() && bright.iter().all(|row| (26..=33).contains(row)), "{bright:?}");
    }
}
