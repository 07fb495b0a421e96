//! A few rows of a product, kept in registers over all terms: for 512-bit vectors, 256-bit ones, or whatever there is.

use super::{Left, PANEL, ROWS, VECTOR};

/// What a kernel works on; how much of it was measured by [`add`].
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Tile {
    terms: usize,
    a: *const f32,
    row: usize,
    term: usize,
    b: *const f32,
    c: *mut f32,
    stride: usize,
    /// What c holds is replaced instead of added to.
    fresh: bool,
}

/// `c[r][i] += sum over t of a[r][t] * b[t][i]` for `rows` rows (at most [`ROWS`]) and `columns` columns (a multiple of
/// [`VECTOR`], at most [`PANEL`]); rows of b are [`PANEL`] values apart, those of c `stride`.
///
/// # Panics
/// Slices that are too short for that.
pub fn add(sizes: [usize; 3], a: Left<'_>, b: &[f32], c: &mut [f32], stride: usize) {
    run(sizes, a, b, c, stride, false);
}

/// As [`add`], but what c holds is replaced.
pub fn set(sizes: [usize; 3], a: Left<'_>, b: &[f32], c: &mut [f32], stride: usize) {
    run(sizes, a, b, c, stride, true);
}

fn run([rows, columns, terms]: [usize; 3], a: Left<'_>, b: &[f32], c: &mut [f32], stride: usize, fresh: bool) {
    if rows == 0 || terms == 0 {
        if fresh {
            (0..rows).for_each(|row| c[row * stride..row * stride + columns].fill(0.0));
        }
        return;
    }
    assert!(rows <= ROWS && columns.is_multiple_of(VECTOR) && (1..=PANEL).contains(&columns));
    assert!((rows - 1) * a.row + (terms - 1) * a.term < a.values.len());
    assert!((terms - 1) * PANEL + columns <= b.len() && (rows - 1) * stride + columns <= c.len());
    #[cfg(target_arch = "x86_64")]
    {
        let (a_start, b, c) = (a.values.as_ptr(), b.as_ptr(), c.as_mut_ptr());
        let tile = Tile { terms, a: a_start, row: a.row, term: a.term, b, c, stride, fresh };
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512, and the slices were measured above.
            return unsafe { wide_rows(rows, columns / VECTOR, tile) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has AVX2 and FMA, and the slices were measured above.
            return unsafe { narrow_rows(rows, columns / VECTOR, tile) };
        }
    }
    if fresh {
        (0..rows).for_each(|row| c[row * stride..row * stride + columns].fill(0.0));
    }
    plain([rows, columns, terms], a, b, c, stride);
}

fn plain([rows, columns, terms]: [usize; 3], a: Left<'_>, b: &[f32], c: &mut [f32], stride: usize) {
    for row in 0..rows {
        let sums = &mut c[row * stride..row * stride + columns];
        for term in 0..terms {
            let factor = a.values[row * a.row + term * a.term];
            sums.iter_mut().zip(&b[term * PANEL..]).for_each(|(s, b)| *s += factor * b);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn wide_rows(rows: usize, vectors: usize, tile: Tile) {
    // SAFETY: as the caller's.
    unsafe {
        match rows {
            1 => wide_vectors::<1>(vectors, tile),
            2 => wide_vectors::<2>(vectors, tile),
            3 => wide_vectors::<3>(vectors, tile),
            4 => wide_vectors::<4>(vectors, tile),
            5 => wide_vectors::<5>(vectors, tile),
            _ => wide_vectors::<6>(vectors, tile),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn wide_vectors<const R: usize>(vectors: usize, tile: Tile) {
    // SAFETY: as the caller's.
    unsafe {
        match vectors {
            1 => wide::<R, 1>(tile),
            2 => wide::<R, 2>(tile),
            3 => wide::<R, 3>(tile),
            _ => wide::<R, 4>(tile),
        }
    }
}

/// Six rows of four vectors fill twenty-four of the thirty-two registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn wide<const R: usize, const Z: usize>(tile: Tile) {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps};
    // SAFETY: `add` measured that all rows and terms lie inside the slices.
    unsafe {
        let mut kept = [[_mm512_setzero_ps(); Z]; R];
        for (r, row) in kept.iter_mut().enumerate().filter(|_| !tile.fresh) {
            for (z, sum) in row.iter_mut().enumerate() {
                *sum = _mm512_loadu_ps(tile.c.add(r * tile.stride + z * VECTOR));
            }
        }
        for t in 0..tile.terms {
            let (a, b) = (tile.a.add(t * tile.term), tile.b.add(t * PANEL));
            let mut right = [_mm512_setzero_ps(); Z];
            right.iter_mut().enumerate().for_each(|(z, v)| *v = _mm512_loadu_ps(b.add(z * VECTOR)));
            for (r, row) in kept.iter_mut().enumerate() {
                let left = _mm512_set1_ps(*a.add(r * tile.row));
                for (sum, right) in row.iter_mut().zip(&right) {
                    *sum = _mm512_fmadd_ps(left, *right, *sum);
                }
            }
        }
        for (r, row) in kept.iter().enumerate() {
            row.iter().enumerate().for_each(|(z, v)| _mm512_storeu_ps(tile.c.add(r * tile.stride + z * VECTOR), *v));
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn narrow_rows(rows: usize, vectors: usize, tile: Tile) {
    for z in 0..vectors {
        // SAFETY: as the caller's; the columns of each part lie inside those that were measured.
        unsafe {
            let part = Tile { b: tile.b.add(z * VECTOR), c: tile.c.add(z * VECTOR), ..tile };
            match rows {
                1 => narrow::<1>(part),
                2 => narrow::<2>(part),
                3 => narrow::<3>(part),
                4 => narrow::<4>(part),
                5 => narrow::<5>(part),
                _ => narrow::<6>(part),
            }
        }
    }
}

/// Six rows of two vectors fill twelve of the sixteen registers.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn narrow<const R: usize>(tile: Tile) {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_storeu_ps};
    const HALF: usize = VECTOR / 2;
    // SAFETY: `add` measured that all rows and terms lie inside the slices.
    unsafe {
        let mut kept = [[_mm256_setzero_ps(); 2]; R];
        for (r, row) in kept.iter_mut().enumerate().filter(|_| !tile.fresh) {
            row.iter_mut().enumerate().for_each(|(z, v)| *v = _mm256_loadu_ps(tile.c.add(r * tile.stride + z * HALF)));
        }
        for t in 0..tile.terms {
            let (a, b) = (tile.a.add(t * tile.term), tile.b.add(t * PANEL));
            let right = [_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(HALF))];
            for (r, row) in kept.iter_mut().enumerate() {
                let left = _mm256_set1_ps(*a.add(r * tile.row));
                row.iter_mut().zip(&right).for_each(|(sum, right)| *sum = _mm256_fmadd_ps(left, *right, *sum));
            }
        }
        for (r, row) in kept.iter().enumerate() {
            row.iter().enumerate().for_each(|(z, v)| _mm256_storeu_ps(tile.c.add(r * tile.stride + z * HALF), *v));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_the_same_sums() {
        let number = |i: usize| ((i * 29) % 31) as f32 - 15.0;
        let (left, b): (Vec<f32>, Vec<f32>) = ((0..400).map(number).collect(), (0..50 * PANEL).map(|i| number(i * 7)).collect());
        for (rows, columns) in (1..=ROWS).flat_map(|r| (1..=4).map(move |z| (r, z * VECTOR))) {
            let a = Left { values: &left, row: 3, term: 7 };
            let mut wanted = vec![1.0; ROWS * 70];
            let mut got = wanted.clone();
            plain([rows, columns, 50], a, &b, &mut wanted, 70);
            add([rows, columns, 50], a, &b, &mut got, 70);
            assert_eq!(got, wanted, "{rows} x {columns}");
            let mut again = vec![1.0; ROWS * 70];
            set([rows, columns, 50], a, &b, &mut again, 70);
            let less = |c: usize| if c % 70 < columns && c / 70 < rows { 1.0 } else { 0.0 };
            assert!(again.iter().zip(&wanted).enumerate().all(|(c, (a, w))| *a == w - less(c)), "{rows} x {columns}");
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                let mut got = vec![1.0; ROWS * 70];
                let (a, b, c) = (left.as_ptr(), b.as_ptr(), got.as_mut_ptr());
                // SAFETY: asked for just above; the sizes are those of the call before.
                unsafe {
                    narrow_rows(rows, columns / VECTOR, Tile { terms: 50, a, row: 3, term: 7, b, c, stride: 70, fresh: false })
                };
                assert_eq!(got, wanted, "{rows} x {columns}");
            }
        }
    }
}
