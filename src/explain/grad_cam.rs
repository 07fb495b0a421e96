//! Grad-CAM (Selvaraju et al. 2017) on the last convolution's feature maps.

use crate::explain::{Context, ExplainError, Explainer, batch};
use crate::job::Stopped;
use crate::train::Differentiable;

/// ReLU of the feature maps weighted by the spatial mean of their gradients: never negative, and blind to the sign
/// of an electrode's influence. Values between the electrodes exist; the ranking uses the electrodes' own pixels.
pub struct GradCam;

impl Explainer for GradCam {
    fn name(&self) -> &'static str {
        "Grad-CAM"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        let width = network.input_len();
        let mut maps = Vec::with_capacity(n * width);
        for rows in inputs[..n * width].chunks(batch::ROWS * width) {
            if context.job.is_stopped() {
                return Err(Stopped.into());
            }
            let count = rows.len() / width;
            let (map, h, w) = network.grad_cam(rows, count, class).ok_or(ExplainError::NoConvolution)?;
            let wrong = ExplainError::MapShape { height: h, width: w, input: width };
            if h * w == 0 || map.len() != count * h * w {
                return Err(wrong);
            }
            if h * w == width {
                maps.extend(map);
                continue;
            }
            // A smaller map belongs to a square single-channel input that was pooled on the way.
            let side = width.isqrt();
            if side * side != width || h > side || w > side {
                return Err(wrong);
            }
            map.chunks(h * w).for_each(|one| maps.extend(upsampled(one, h, w, side)));
        }
        Ok(maps)
    }
}

/// Bilinear enlargement to `side` x `side`, pixel areas aligned.
fn upsampled(map: &[f32], h: usize, w: usize, side: usize) -> Vec<f32> {
    let place = |i: usize, small: usize| {
        let at = ((i as f32 + 0.5) * small as f32 / side as f32 - 0.5).clamp(0.0, (small - 1) as f32);
        let low = at.floor() as usize;
        (low, (low + 1).min(small - 1), at - at.floor())
    };
    let mut large = Vec::with_capacity(side * side);
    for row in 0..side {
        let (top, bottom, down) = place(row, h);
        for column in 0..side {
            let (left, right, across) = place(column, w);
            let upper = map[top * w + left] * (1.0 - across) + map[top * w + right] * across;
            let lower = map[bottom * w + left] * (1.0 - across) + map[bottom * w + right] * across;
            large.push(upper * (1.0 - down) + lower * down);
        }
    }
    large
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarging_keeps_constants_corners_and_the_mean() {
        assert!(upsampled(&[2.0; 4], 2, 2, 6).iter().all(|v| (v - 2.0).abs() < 1e-6));
        let large = upsampled(&[0.0, 1.0, 2.0, 3.0], 2, 2, 4);
        assert_eq!((large[0], large[3], large[12], large[15]), (0.0, 1.0, 2.0, 3.0));
        assert!((large.iter().sum::<f32>() / 16.0 - 1.5).abs() < 1e-6);
    }
}
