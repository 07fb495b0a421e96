//! Electrode values as images: the 9 x 9 scalp grid and the 22 x 22 four-band image of seed A (algorithms section 4).
//!
//! Each band block is the 9 x 9 grid with one zero pixel on every side (11 x 11), so that no 3 x 3 window of the
//! first layer covers two bands; the blocks stand theta | alpha over beta | gamma.

use crate::signal::{Montage, UnknownElectrode};

/// Side of the four-band image.
pub const SIDE: usize = 22;
const BLOCK: usize = 11;

const GRID9: [[&str; 9]; 9] = [
    ["", "", "", "Fp1", "", "Fp2", "", "", ""],
    ["", "", "", "AF3", "", "AF4", "", "", ""],
    ["F7", "", "F3", "", "Fz", "", "F4", "", "F8"],
    ["", "FC5", "", "FC1", "", "FC2", "", "FC6", ""],
    ["T7", "", "C3", "", "Cz", "", "C4", "", "T8"],
    ["", "CP5", "", "CP1", "", "CP2", "", "CP6", ""],
    ["P7", "", "P3", "", "Pz", "", "P4", "", "P8"],
    ["", "", "", "PO3", "", "PO4", "", "", ""],
    ["", "", "", "O1", "Oz", "O2", "", "", ""],
];

/// An electrode that the grid has no cell for, or that stands in it twice.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ImageError {
    #[error(transparent)]
    Unknown(#[from] UnknownElectrode),
    #[error("channel \"{0}\" has no cell in the 9 x 9 scalp grid; leave it out or interpolate the 32 standard sites")]
    NoCell(String),
    #[error("channel \"{0}\" has no cell in the 7 x 5 scalp map; leave it out")]
    NoMapCell(String),
    #[error("the 7 x 5 scalp map needs electrode {0}, which was not recorded; interpolate it first or choose other features")]
    Missing(String),
    #[error("{have} values were given for a map of {need}; give one vector a channel")]
    Values { have: usize, need: usize },
    #[error("the scalp image has four band blocks; {0} bands were given")]
    Bands(usize),
}

/// Row and column of an electrode in the 9 x 9 grid.
pub fn cell(label: &str) -> Option<(usize, usize)> {
    GRID9.iter().enumerate().find_map(|(row, names)| names.iter().position(|n| *n == label).map(|column| (row, column)))
}

/// Pixel index (row-major in 22 x 22) of every feature, for features ordered channels x bands.
///
/// # Errors
/// A label that is no electrode or has no cell; other than four bands.
pub fn pixels<S: AsRef<str>>(channels: &[S], bands: usize) -> Result<Vec<usize>, ImageError> {
    if bands != 4 {
        return Err(ImageError::Bands(bands));
    }
    let montage = Montage::of(channels)?;
    let mut pixels = Vec::with_capacity(channels.len() * bands);
    for label in &montage.labels {
        let (row, column) = cell(label).ok_or_else(|| ImageError::NoCell(label.clone()))?;
        for band in 0..bands {
            let (top, left) = (BLOCK * (band / 2), BLOCK * (band % 2));
            pixels.push((top + 1 + row) * SIDE + left + 1 + column);
        }
    }
    Ok(pixels)
}

/// Features (channels x bands, standardised) as one flattened 22 x 22 image; every other pixel is exactly 0.
pub fn place(features: &[f32], pixels: &[usize]) -> Vec<f32> {
    let mut image = vec![0.0; SIDE * SIDE];
    for (value, &pixel) in features.iter().zip(pixels) {
        image[pixel] = *value;
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_electrode_has_its_own_pixels() {
        let pixels = pixels(&Montage::biosemi32().labels, 4).expect("32 standard sites");
        let mut sorted = pixels.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((pixels.len(), sorted.len()), (128, 128));
    }

    #[test]
    fn a_channel_without_a_cell_is_named() {
        assert_eq!(pixels(&["Fz", "PO7"], 4), Err(ImageError::NoCell("PO7".into())));
    }
}
