//! The 7 x 5 scalp map of seed B: 28 electrodes, one vector each (Thanh and Thinh 2025; algorithms 4).

use crate::prepare::image::ImageError;
use crate::signal::Montage;

/// Rows from front to back, columns from left to right.
pub const ROWS: usize = 7;
pub const COLUMNS: usize = 5;

const GRID: [[&str; COLUMNS]; ROWS] = [
    ["", "Fp1", "", "Fp2", ""],
    ["F7", "F3", "Fz", "F4", "F8"],
    ["FC5", "FC1", "", "FC2", "FC6"],
    ["T7", "C3", "Cz", "C4", "T8"],
    ["CP5", "CP1", "", "CP2", "CP6"],
    ["P7", "P3", "Pz", "P4", "P8"],
    ["", "O1", "Oz", "O2", ""],
];

/// Row and column of an electrode (field's spelling); None where the map has no cell for it.
pub fn cell(label: &str) -> Option<(usize, usize)> {
    GRID.iter().enumerate().find_map(|(row, names)| names.iter().position(|n| *n == label).map(|column| (row, column)))
}

/// Labels of the map's electrodes, front to back, left to right.
pub fn labels() -> Vec<String> {
    GRID.iter().flatten().filter(|l| !l.is_empty()).map(|l| l.to_string()).collect()
}

/// Which channels fill the map, in the order of [`labels`]: matched by label; other channels are left out.
///
/// # Errors
/// The first electrode of the map that no channel has.
pub fn channels<S: AsRef<str>>(recorded: &[S]) -> Result<Vec<usize>, ImageError> {
    let find = |wanted: &String| {
        let is = |l: &S| Montage::of(&[l.as_ref()]).is_ok_and(|m| m.labels.first() == Some(wanted));
        recorded.iter().position(is).ok_or_else(|| ImageError::Missing(wanted.clone()))
    };
    labels().iter().map(find).collect()
}

/// Vectors of `width` values a channel as the 7 x 5 x width map, row-major; cells without an electrode are 0.
///
/// # Errors
/// A label that is no electrode or has no cell; an amount of values that is not channels x width.
pub fn place<S: AsRef<str>, T: Copy + Default>(recorded: &[S], values: &[T], width: usize) -> Result<Vec<T>, ImageError> {
    if width == 0 || values.len() != recorded.len() * width {
        return Err(ImageError::Values { have: values.len(), need: recorded.len() * width });
    }
    let mut map = vec![T::default(); ROWS * COLUMNS * width];
    for (label, vector) in Montage::of(recorded)?.labels.iter().zip(values.chunks_exact(width)) {
        let (row, column) = cell(label).ok_or_else(|| ImageError::NoMapCell(label.clone()))?;
        let start = (row * COLUMNS + column) * width;
        map[start..start + width].copy_from_slice(vector);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_eight_electrodes_each_in_a_cell_of_their_own() {
        let labels = labels();
        assert_eq!(labels.len(), 28);
        let values: Vec<f32> = (1..=56).map(|i| i as f32).collect();
        let map = place(&labels, &values, 2).expect("all have cells");
        assert_eq!(map.iter().filter(|v| **v != 0.0).count(), 56);
        assert_eq!((map[0], map[2], map[3]), (0.0, 1.0, 2.0), "Fp1 stands in the second column");
        assert_eq!(place(&["FT9"], &[1.0], 1), Err(ImageError::NoMapCell("FT9".into())));
        assert_eq!(place(&["Fz"], &[1.0, 2.0], 1), Err(ImageError::Values { have: 2, need: 1 }));
    }

    #[test]
    fn channels_are_found_by_label_and_a_missing_one_is_named() {
        let all = Montage::biosemi32().labels;
        let found = channels(&all).expect("32 sites hold the 28");
        assert_eq!((found.len(), all[found[0]].as_str(), all[found[27]].as_str()), (28, "Fp1", "O2"));
        assert_eq!(channels(&["Fp1", "Fz"]), Err(ImageError::Missing("Fp2".into())));
    }
}
