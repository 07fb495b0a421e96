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
            if h * w == 1 {
                return Err(ExplainError::OnePlace);
            }
            // A smaller map belongs to an input that was pooled on the way; every channel of it gets the same map.
            let side = width.isqrt();
            let [channels, height, columns] = network.image().unwrap_or([1, side, side]);
            if channels * height * columns != width || h > height || w > columns {
                return Err(wrong);
            }
            for one in map.chunks(h * w) {
                let large = upsampled(one, [h, w], [height, columns]);
                (0..channels).for_each(|_| maps.extend_from_slice(&large));
            }
        }
        Ok(maps)
    }
}

/// Bilinear enlargement to height x width, pixel areas aligned.
fn upsampled(map: &[f32], [h, w]: [usize; 2], [height, width]: [usize; 2]) -> Vec<f32> {
    let place = |i: usize, small: usize, side: usize| {
        let at = ((i as f32 + 0.5) * small as f32 / side as f32 - 0.5).clamp(0.0, (small - 1) as f32);
        let low = at.floor() as usize;
        (low, (low + 1).min(small - 1), at - at.floor())
    };
    let mut large = Vec::with_capacity(height * width);
    for row in 0..height {
        let (top, bottom, down) = place(row, h, height);
        for column in 0..width {
            let (left, right, across) = place(column, w, width);
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

    /// A wide image whose rows a tall kernel joins is still a map over columns; one place is none.
    #[test]
    fn a_pooled_map_is_enlarged_to_the_image_and_one_place_is_refused() {
        use crate::explain::Options;
        use crate::job::Job;
        use crate::signal::Seed;
        use crate::train::network::{Conv2d, Dense, MapLayer, Network};
        let (options, job, mut seed) = (Options::default(), Job::silent(), Seed::new(3));
        let network = |pool: [usize; 2], places: usize, seed: &mut Seed| {
            let pool = MapLayer::AvgPool2d { size: pool, stride: pool };
            let maps = vec![pool, Conv2d::init(2, 3, 1, 0, seed).into(), MapLayer::Relu];
            Network::new("pooled", [2, 4, 6], maps, vec![Dense::init(3 * places, 2, seed).into()]).expect("fits")
        };
        let context = Context::new(&[], 0, &options, &job);
        let inputs: Vec<f32> = (0..2 * 48).map(|_| seed.normal() as f32).collect();
        let map = GradCam.attribute(&network([4, 2], 3, &mut seed), &inputs, 2, 0, &context).expect("three places");
        assert_eq!(map.len(), inputs.len());
        assert!(map[..6] == map[6..12] && map[..24] == map[24..48], "every row and channel has the same three places");
        let refused = GradCam.attribute(&network([4, 6], 1, &mut seed), &inputs, 2, 0, &context);
        assert_eq!(refused, Err(ExplainError::OnePlace));
    }

    #[test]
    fn enlarging_keeps_constants_corners_and_the_mean() {
        assert!(upsampled(&[2.0; 4], [2, 2], [6, 6]).iter().all(|v| (v - 2.0).abs() < 1e-6));
        let large = upsampled(&[0.0, 1.0, 2.0, 3.0], [2, 2], [4, 4]);
        assert_eq!((large[0], large[3], large[12], large[15]), (0.0, 1.0, 2.0, 3.0));
        assert!((large.iter().sum::<f32>() / 16.0 - 1.5).abs() < 1e-6);
    }
}
