//! Kernels that die out as the exponential of a power, by the hundred thousand, with the widest vectors that the processor has.

use std::f64::consts::{LN_2, LOG2_E};

/// `out[k] = exp(-scale (offset + shifts[k])^power)`, to 1e-12 of itself, for shifts of which the sum is not negative and
/// results above 1e-300 (smaller ones are below 1e-300).
///
/// # Panics
/// Fewer `out` than `shifts`.
pub fn decay(scale: f64, power: f64, offset: f64, shifts: &[f64], out: &mut [f64]) {
    let out = &mut out[..shifts.len()];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512.
            return unsafe { wide(scale, power, offset, shifts, out) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { narrow(scale, power, offset, shifts, out) };
        }
    }
    plain(scale, power, offset, shifts, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn wide(scale: f64, power: f64, offset: f64, shifts: &[f64], out: &mut [f64]) {
    plain(scale, power, offset, shifts, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn narrow(scale: f64, power: f64, offset: f64, shifts: &[f64], out: &mut [f64]) {
    plain(scale, power, offset, shifts, out);
}

#[inline(always)]
fn plain(scale: f64, power: f64, offset: f64, shifts: &[f64], out: &mut [f64]) {
    for (out, shift) in out.iter_mut().zip(shifts) {
        *out = exp(-scale * exp(power * ln(offset + shift)));
    }
}

/// The bits of the root of one half: a rest of 0.7 to 1.4 keeps the series short.
const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
/// Adding it puts a whole number into the last bits of a double.
const WHOLE: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, the first with bits to spare for a product by a small whole number.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1 / (2k + 1) and 1 / k!.
const ODD: [f64; 11] = series(false);
const FACTORIALS: [f64; 14] = series(true);

const fn series<const N: usize>(factorials: bool) -> [f64; N] {
    let (mut terms, mut k, mut product) = ([1.0; N], 1, 1.0);
    while k < N {
        product *= k as f64;
        terms[k] = if factorials { 1.0 / product } else { 1.0 / (2 * k + 1) as f64 };
        k += 1;
    }
    terms
}

/// Natural logarithm of a number that is not negative; of zero it is some -700.
#[inline(always)]
fn ln(x: f64) -> f64 {
    let bits = x.to_bits().wrapping_sub(ROOT_HALF);
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(ROOT_HALF));
    // The exponent as a double without a conversion of 64 bits, which few processors have for vectors.
    let exponent = (bits.cast_signed() >> 52).cast_unsigned();
    let exponent = f64::from_bits(exponent.wrapping_add(WHOLE.to_bits())) - WHOLE;
    // ln(m) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1), at most 0.172.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let q = s * s;
    exponent * LN_2 + 2.0 * s * ODD.iter().rev().fold(0.0, |sum, c| sum * q + c)
}

/// The exponential of a number below 700; far below -700 it is 1e-300 or less.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let x = if x > -700.0 { x } else { -700.0 };
    let turned = x * LOG2_E + WHOLE;
    let whole = turned - WHOLE;
    let rest = (x - whole * LN_2_HIGH) - whole * LN_2_LOW;
    let sum = FACTORIALS.iter().rev().fold(0.0, |sum, c| sum * rest + c);
    f64::from_bits(sum.to_bits().wrapping_add(turned.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_librarys_to_the_last_digits() {
        let shifts: Vec<f64> = (0..4000).map(|k| (k as f64 * 0.013).powi(2)).collect();
        let (mut fast, mut simple) = (vec![0.0; shifts.len()], vec![0.0; shifts.len()]);
        for (power, offset) in [(0.6, 0.0), (0.6, 3.7), (1.3, 0.01), (2.0, 0.0)] {
            decay(std::f64::consts::PI, power, offset, &shifts, &mut fast);
            plain(std::f64::consts::PI, power, offset, &shifts, &mut simple);
            for (k, shift) in shifts.iter().enumerate() {
                let known = (-std::f64::consts::PI * (offset + shift).powf(power)).exp();
                for (name, made) in [("fast", fast[k]), ("plain", simple[k])] {
                    let close = if known > 1e-290 { (made / known - 1.0).abs() < 1e-12 } else { made < 1e-280 };
                    assert!(close, "{name}: {offset} + {shift} to {power}: {made} {known}");
                }
            }
        }
    }
}
