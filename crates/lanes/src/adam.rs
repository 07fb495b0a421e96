//! One step of Adam (Kingma and Ba 2015) on a few parameters, with the widest vectors that the processor has.

/// Moves `weights` by their `gradient`: the first and second of `moments` are mixed by `betas`, and the step is `rate`
/// times the first over the root of the second (plus `epsilon`); the corrections for the first steps are in `rate` and
/// `epsilon` already.
pub fn update(weights: &mut [f32], gradient: &[f32], moments: [&mut [f32]; 2], betas: [f32; 2], rate: f32, epsilon: f32) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512.
            return unsafe { wide(weights, gradient, moments, betas, rate, epsilon) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { narrow(weights, gradient, moments, betas, rate, epsilon) };
        }
    }
    plain(weights, gradient, moments, betas, rate, epsilon);
}

/// Every width computes each value alone and without fused operations, so that all give the same bits.
#[inline(always)]
fn plain(weights: &mut [f32], gradient: &[f32], [first, second]: [&mut [f32]; 2], betas: [f32; 2], rate: f32, epsilon: f32) {
    let rest = betas.map(|beta| 1.0 - beta);
    for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
        *m = betas[0] * *m + rest[0] * g;
        *v = betas[1] * *v + rest[1] * g * g;
        *w -= rate * *m / (v.sqrt() + epsilon);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn wide(weights: &mut [f32], gradient: &[f32], moments: [&mut [f32]; 2], betas: [f32; 2], rate: f32, epsilon: f32) {
    plain(weights, gradient, moments, betas, rate, epsilon);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn narrow(weights: &mut [f32], gradient: &[f32], moments: [&mut [f32]; 2], betas: [f32; 2], rate: f32, epsilon: f32) {
    plain(weights, gradient, moments, betas, rate, epsilon);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_the_same_bits() {
        let number = |i: usize| ((i * 29) % 31) as f32 / 7.0 - 2.0;
        let gradient: Vec<f32> = (0..77).map(number).collect();
        let mut all = [(); 2].map(|()| [1.0, 0.5, 0.25].map(|v| vec![v; 77]));
        for (i, [w, m, v]) in all.iter_mut().enumerate() {
            for _ in 0..3 {
                let step = if i == 0 { plain } else { update };
                step(w, &gradient, [m, v], [0.9, 0.999], 0.01, 1e-8);
            }
        }
        assert_eq!(all[0], all[1]);
        assert!((all[0][0][0] - 1.0).abs() > 1e-3);
    }
}
