//! Signals that lie one after the other brought side by side, and back: what the sections of a filter work on.

/// `rows[i][c] = signals[c][i]`.
///
/// # Panics
/// A signal that is shorter than there are rows.
pub fn beside<const N: usize>(signals: [&[f64]; N], rows: &mut [[f64; N]]) {
    let count = rows.len();
    let signals = signals.map(|x| &x[..count]);
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if N.is_multiple_of(SIDE) && is_x86_feature_detected!("avx") {
        done = count / SIDE * SIDE;
        // SAFETY: the processor has AVX, and every signal and row was measured.
        unsafe { squares_beside(signals.map(<[f64]>::as_ptr), rows.as_mut_ptr(), done) };
    }
    for (i, row) in rows.iter_mut().enumerate().skip(done) {
        *row = signals.map(|x| x[i]);
    }
}

/// `signals[c][i] = rows[i][c]`.
///
/// # Panics
/// A signal that is shorter than there are rows.
pub fn apart<const N: usize>(rows: &[[f64; N]], signals: [&mut [f64]; N]) {
    let count = rows.len();
    let mut signals = signals.map(|x| &mut x[..count]);
    let mut done = 0;
    #[cfg(target_arch = "x86_64")]
    if N.is_multiple_of(SIDE) && is_x86_feature_detected!("avx") {
        done = count / SIDE * SIDE;
        // SAFETY: the processor has AVX, and every signal and row was measured.
        unsafe { squares_apart(rows.as_ptr(), signals.each_mut().map(|x| x.as_mut_ptr()), done) };
    }
    for (c, signal) in signals.iter_mut().enumerate() {
        signal[done..].iter_mut().zip(&rows[done..]).for_each(|(x, row)| *x = row[c]);
    }
}

/// The first `count` rows from as many values of each signal.
///
/// # Safety
/// N and `count` are multiples of [`SIDE`], signals and rows hold so much, and the processor has AVX.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx")]
unsafe fn squares_beside<const N: usize>(signals: [*const f64; N], rows: *mut [f64; N], count: usize) {
    for i in (0..count).step_by(SIDE) {
        for c in (0..N).step_by(SIDE) {
            // SAFETY: as the caller's.
            unsafe {
                let from = [0, 1, 2, 3].map(|k| signals[c + k].add(i));
                turn(from, [0, 1, 2, 3].map(|k| rows.add(i + k).cast::<f64>().add(c)));
            }
        }
    }
}

/// The other way round.
///
/// # Safety
/// As [`squares_beside`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx")]
unsafe fn squares_apart<const N: usize>(rows: *const [f64; N], signals: [*mut f64; N], count: usize) {
    for i in (0..count).step_by(SIDE) {
        for c in (0..N).step_by(SIDE) {
            // SAFETY: as the caller's.
            unsafe {
                let from = [0, 1, 2, 3].map(|k| rows.add(i + k).cast::<f64>().add(c));
                turn(from, [0, 1, 2, 3].map(|k| signals[c + k].add(i)));
            }
        }
    }
}

/// Side of the squares that are turned at once.
const SIDE: usize = 4;

/// `to[k][i] = from[i][k]` of a square.
///
/// # Safety
/// Each place holds [`SIDE`] values, and the processor has AVX.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx")]
#[inline]
unsafe fn turn(from: [*const f64; SIDE], to: [*mut f64; SIDE]) {
    use std::arch::x86_64::{
        _mm_loadu_pd, _mm256_castpd128_pd256, _mm256_insertf128_pd, _mm256_storeu_pd, _mm256_unpackhi_pd, _mm256_unpacklo_pd,
    };
    // SAFETY: as the caller's.
    unsafe {
        for half in [0, 2] {
            // Two values of rows 0 and 2 in one register and of rows 1 and 3 in another: only pairs need be exchanged.
            let pair = |a: *const f64, b: *const f64| {
                _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(_mm_loadu_pd(a.add(half))), _mm_loadu_pd(b.add(half)))
            };
            let (even, odd) = (pair(from[0], from[2]), pair(from[1], from[3]));
            _mm256_storeu_pd(to[half], _mm256_unpacklo_pd(even, odd));
            _mm256_storeu_pd(to[half + 1], _mm256_unpackhi_pd(even, odd));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same() {
        for count in [0, 3, 4, 17] {
            let signals: [Vec<f64>; 8] = std::array::from_fn(|c| (0..count).map(|i| (100 * c + i) as f64).collect());
            let mut rows = vec![[0.0; 8]; count];
            beside(signals.each_ref().map(Vec::as_slice), &mut rows);
            assert!(rows.iter().enumerate().all(|(i, row)| *row == std::array::from_fn(|c| (100 * c + i) as f64)));
            let mut back: [Vec<f64>; 8] = std::array::from_fn(|_| vec![0.0; count]);
            apart(&rows, back.each_mut().map(Vec::as_mut_slice));
            assert_eq!(signals, back);
        }
        let mut single = [[0.0]; 3];
        beside([&[1.0, 2.0, 3.0]], &mut single);
        assert_eq!(single, [[1.0], [2.0], [3.0]]);
    }
}
