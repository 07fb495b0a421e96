//! The inner loop, for the widest vectors that the processor has: 512 bits, 256 bits, or what the compiler makes of it.

use crate::{LANES, Lane, PANEL, Term};

type Sums = [Lane; PANEL];

/// `sums[c] += sum over terms of lanes[from] * weights[weight][c]`.
pub fn add(terms: &[Term], lanes: &[Lane], weights: &[[f32; PANEL]], sums: &mut Sums) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512.
            return unsafe { wide(terms, lanes, weights, sums) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has AVX2 and FMA.
            return unsafe { narrow(terms, lanes, weights, sums) };
        }
    }
    plain(terms, lanes, weights, sums);
}

/// As [`add`], of the first column alone: what the gradient of a single-channel image needs.
pub fn add_one(terms: &[Term], lanes: &[Lane], weights: &[[f32; PANEL]], sum: &mut Lane) {
    // Two running sums: each waits for its own last addition only.
    let mut kept = [*sum, [0.0; LANES]];
    for (i, term) in terms.iter().enumerate() {
        let (lane, weight) = (&lanes[term.from as usize], weights[term.weight as usize][0]);
        kept[i % 2].iter_mut().zip(lane).for_each(|(s, x)| *s += weight * x);
    }
    sum.iter_mut().enumerate().for_each(|(l, s)| *s = kept[0][l] + kept[1][l]);
}

fn plain(terms: &[Term], lanes: &[Lane], weights: &[[f32; PANEL]], sums: &mut Sums) {
    for term in terms {
        let (lane, weight) = (&lanes[term.from as usize], &weights[term.weight as usize]);
        for (sum, w) in sums.iter_mut().zip(weight) {
            sum.iter_mut().zip(lane).for_each(|(s, x)| *s += w * x);
        }
    }
}

/// Sixteen sums of sixteen values fill sixteen of the thirty-two registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn wide(terms: &[Term], lanes: &[Lane], weights: &[[f32; PANEL]], sums: &mut Sums) {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps};
    let mut kept = [_mm512_setzero_ps(); PANEL];
    // SAFETY (all loads and stores): a Lane is sixteen values, and alignment is not asked for.
    kept.iter_mut().zip(sums.iter()).for_each(|(k, s)| *k = unsafe { _mm512_loadu_ps(s.as_ptr()) });
    for term in terms {
        let (lane, weight) = (&lanes[term.from as usize], &weights[term.weight as usize]);
        let x = unsafe { _mm512_loadu_ps(lane.as_ptr()) };
        for c in 0..PANEL {
            kept[c] = _mm512_fmadd_ps(x, _mm512_set1_ps(weight[c]), kept[c]);
        }
    }
    sums.iter_mut().zip(&kept).for_each(|(s, k)| unsafe { _mm512_storeu_ps(s.as_mut_ptr(), *k) });
}

/// Four sums at a time, two registers each: sixteen registers hold no more.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn narrow(terms: &[Term], lanes: &[Lane], weights: &[[f32; PANEL]], sums: &mut Sums) {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps};
    const HALF: usize = LANES / 2;
    for (part, sums) in sums.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let mut kept = [[_mm256_setzero_ps(); 2]; 4];
        for (k, s) in kept.iter_mut().zip(sums.iter()) {
            // SAFETY (all loads and stores): a Lane is two halves of eight values, and alignment is not asked for.
            *k = unsafe { [_mm256_loadu_ps(s.as_ptr()), _mm256_loadu_ps(s[HALF..].as_ptr())] };
        }
        for term in terms {
            let (lane, weight) = (&lanes[term.from as usize], &weights[term.weight as usize]);
            let (low, high) = unsafe { (_mm256_loadu_ps(lane.as_ptr()), _mm256_loadu_ps(lane[HALF..].as_ptr())) };
            for c in 0..4 {
                let w = _mm256_set1_ps(weight[4 * part + c]);
                kept[c] = [_mm256_fmadd_ps(low, w, kept[c][0]), _mm256_fmadd_ps(high, w, kept[c][1])];
            }
        }
        for (s, k) in sums.iter_mut().zip(&kept) {
            unsafe {
                _mm256_storeu_ps(s.as_mut_ptr(), k[0]);
                _mm256_storeu_ps(s[HALF..].as_mut_ptr(), k[1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_the_same_sums() {
        let number = |i: usize| ((i * 29) % 31) as f32 - 15.0;
        let lanes: Vec<Lane> = (0..40).map(|i| std::array::from_fn(|l| number(i * 16 + l))).collect();
        let weights: Vec<[f32; PANEL]> = (0..30).map(|i| std::array::from_fn(|c| number(i * 5 + c))).collect();
        let terms: Vec<Term> = (0..60).map(|i| Term { from: i * 7 % 40, weight: i * 11 % 30 }).collect();
        let mut wanted = [[1.0; LANES]; PANEL];
        let mut got = wanted;
        plain(&terms, &lanes, &weights, &mut wanted);
        add(&terms, &lanes, &weights, &mut got);
        assert_eq!(got, wanted);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let mut got = [[1.0; LANES]; PANEL];
            // SAFETY: asked for just above.
            unsafe { narrow(&terms, &lanes, &weights, &mut got) };
            assert_eq!(got, wanted);
        }
    }
}
