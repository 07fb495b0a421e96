//! What a spectrogram does to each value before and after the products, with the widest vectors that the processor has.

use super::Scale;
use crate::decibel::decibel;

/// The weighted sum and difference of what lies after and before the middles of some windows.
///
/// # Panics
/// Slices of unequal length.
pub fn fold(after: &[f32], before: &[f32], weights: [f32; 2], sum: &mut [f32], difference: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { fold_wide(after, before, weights, sum, difference) };
    }
    fold_plain(after, before, weights, sum, difference);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn fold_wide(after: &[f32], before: &[f32], weights: [f32; 2], sum: &mut [f32], difference: &mut [f32]) {
    fold_plain(after, before, weights, sum, difference);
}

#[inline(always)]
fn fold_plain(after: &[f32], before: &[f32], weights: [f32; 2], sum: &mut [f32], difference: &mut [f32]) {
    let count = after.len();
    let (before, sum, difference) = (&before[..count], &mut sum[..count], &mut difference[..count]);
    for i in 0..count {
        let (a, b) = (weights[0] * after[i], weights[1] * before[i]);
        sum[i] = a + b;
        difference[i] = a - b;
    }
}

/// From sums over cosines of even and of odd places, and over sines of both, `width` of each frequency: the levels of the
/// frequency into the first and of its mirror into the second. `constant` holds what a constant 1 gives at each frequency,
/// which comes on top `mean` times; `least` is the power of the floor.
///
/// # Panics
/// Fewer sums than that.
pub fn levels<const N: usize>(
    sums: &mut [[f32; N]; 4],
    width: usize,
    constant: &[[f32; 4]],
    mean: f32,
    least: f32,
    scale: Scale,
) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512.
            return unsafe { levels_wide(sums, width, constant, mean, least, scale) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { levels_narrow(sums, width, constant, mean, least, scale) };
        }
    }
    levels_plain(sums, width, constant, mean, least, scale);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn levels_wide<const N: usize>(
    sums: &mut [[f32; N]; 4],
    width: usize,
    constant: &[[f32; 4]],
    mean: f32,
    least: f32,
    scale: Scale,
) {
    levels_plain(sums, width, constant, mean, least, scale);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn levels_narrow<const N: usize>(
    sums: &mut [[f32; N]; 4],
    width: usize,
    constant: &[[f32; 4]],
    mean: f32,
    least: f32,
    scale: Scale,
) {
    levels_plain(sums, width, constant, mean, least, scale);
}

#[inline(always)]
fn levels_plain<const N: usize>(
    sums: &mut [[f32; N]; 4],
    width: usize,
    constant: &[[f32; 4]],
    mean: f32,
    least: f32,
    scale: Scale,
) {
    let Scale { floor, factor, offset } = scale;
    let level = |re: f32, im: f32| {
        let power = re * re + im * im;
        // What is no number is not above the least either. Each choice is one instruction, which `max` and `min` are not.
        let level = decibel(if power > least { power } else { least });
        let level = if level > floor { level } else { floor };
        factor * if level < 0.0 { level } else { 0.0 } + offset
    };
    let [a, b, c, d] = sums;
    for (r, constant) in constant.iter().enumerate() {
        let line = r * width..(r + 1) * width;
        let (a, b) = (&mut a[line.clone()], &mut b[line.clone()]);
        let (c, d) = (&c[line.clone()], &d[line]);
        let [re, im, mirrored_re, mirrored_im] = constant.map(|v| v * mean);
        for i in 0..width {
            let (even, odd) = (a[i], b[i]);
            a[i] = level(even + odd + re, c[i] + d[i] + im);
            b[i] = level(even - odd + mirrored_re, c[i] - d[i] + mirrored_im);
        }
    }
}
