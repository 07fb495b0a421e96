//! What is done value by value between the products.

/// max(v, 0) of every value.
pub fn relu(values: &mut [f32]) {
    values.iter_mut().for_each(|v| *v = v.max(0.0));
}

/// Sets to 0 what belongs to an output of a ReLU that is 0.
pub fn gate(gradient: &mut [f32], output: &[f32]) {
    gradient.iter_mut().zip(output).for_each(|(g, y)| *g = if *y > 0.0 { *g } else { 0.0 });
}

/// `values *= by`, value by value.
pub fn times(values: &mut [f32], by: &[f32]) {
    values.iter_mut().zip(by).for_each(|(v, b)| *v *= b);
}

/// `sums += row` for every row of as many values.
pub fn add_rows(sums: &mut [f32], rows: &[f32]) {
    for row in rows.chunks_exact(sums.len().max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
    }
}

/// `to[c][r] = from[r][c]` for rows that are `strides[0]` values apart in `from` and `strides[1]` in `to`.
///
/// # Panics
/// Slices that are too short for that.
pub fn turn(from: &[f32], [rows, columns]: [usize; 2], to: &mut [f32], strides: [usize; 2]) {
    for row in 0..rows {
        let some = &from[row * strides[0]..row * strides[0] + columns];
        some.iter().enumerate().for_each(|(column, v)| to[column * strides[1] + row] = *v);
    }
}

/// The largest value of every window of `size`, windows lying side by side, in maps [row, column, channel] of `width`
/// columns and `channels`; and where each stands. `wide` is how many windows a row has.
///
/// # Panics
/// Slices that are too short for that.
pub fn pool(x: &[f32], [width, channels]: [usize; 2], size: [usize; 2], wide: usize, to: (&mut [f32], &mut [u32])) {
    for (i, (y, most)) in to.0.iter_mut().zip(to.1).enumerate() {
        let (place, channel) = (i / channels, i % channels);
        let (row, column) = (place / wide * size[0], place % wide * size[1]);
        *y = f32::NEG_INFINITY;
        for r in row..row + size[0] {
            for c in column..column + size[1] {
                let at = (r * width + c) * channels + channel;
                if x[at] > *y {
                    (*y, *most) = (x[at], at as u32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_turned_twice_is_as_before() {
        let from: Vec<f32> = (0..35).map(|i| i as f32).collect();
        let (mut to, mut again) = (vec![0.0; 24], vec![0.0; 35]);
        turn(&from, [4, 5], &mut to, [7, 4]);
        assert_eq!(to[..6], [0.0, 7.0, 14.0, 21.0, 1.0, 8.0]);
        turn(&to, [5, 4], &mut again, [4, 7]);
        assert!((0..28).filter(|i| i % 7 < 5).all(|i| again[i] == from[i]));
    }

    #[test]
    fn pools_keep_the_largest_and_its_place() {
        // Two channels of 2 x 4 places.
        let x = [1.0, 0.0, 5.0, 0.0, 2.0, -1.0, 3.0, -2.0, 4.0, 9.0, 0.0, 0.0, 2.5, -3.0, 1.0, -0.5];
        let (mut y, mut most) = (vec![0.0; 4], vec![0; 4]);
        pool(&x, [4, 2], [2, 2], 2, (&mut y, &mut most));
        assert_eq!((y, most), (vec![5.0, 9.0, 3.0, -0.5], vec![2, 9, 6, 15]));
    }
}
