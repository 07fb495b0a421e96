//! Logarithms by the million, for spectrograms.

/// 10 log10 of a positive normal number, to 1e-5 dB between 1e-10 and 1e3: the exponent, and a polynomial for the rest (least
/// largest error, 1e-6 dB). Without a branch or a division, so that a vector of values goes through it side by side.
#[inline(always)]
pub fn decibel(power: f32) -> f32 {
    // A rest of 0.7 to 1.4 keeps the polynomial short.
    let bits = power.to_bits().wrapping_sub(ROOT_HALF);
    let exponent = (bits.cast_signed() >> 23) as f32;
    let t = f32::from_bits((bits & 0x007f_ffff).wrapping_add(ROOT_HALF)) - 1.0;
    let (t2, [c0, c1, c2, c3, c4, c5, c6]) = (t * t, SERIES);
    let high = (c3 + c4 * t) + (c5 + c6 * t) * t2;
    exponent * OCTAVE + t * (c0 + (c1 + c2 * t) * t + high * (t2 * t))
}

/// dB of a factor of two.
const OCTAVE: f32 = 3.010_3;
/// 10 log10(1 + t) = t (c0 + c1 t + ...).
const SERIES: [f32; 7] = [4.342_959, -2.171_557_7, 1.446_343_9, -1.080_582_9, 0.894_849_6, -0.820_902_5, 0.513_660_85];
/// The bits of the root of one half.
const ROOT_HALF: u32 = 0x3f35_04f3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_decibel_is_the_librarys() {
        let mut x = 1e-10;
        while x < 1e3 {
            let known = 10.0 * f64::from(x as f32).log10();
            assert!((f64::from(decibel(x as f32)) - known).abs() < 1e-5, "{x}");
            x *= 1.0137;
        }
    }
}
