//! Face frames as pixels for the face network: the centre square, grey, area-averaged.

use crate::prepare::PrepareError;
use crate::prepare::dataset::Recipe;
use std::collections::BTreeMap;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Default side of the network's input.
pub const FACE_SIDE: usize = 32;
/// Frames larger than this in either direction are refused before memory is taken for them.
const LARGEST: usize = 8192;

/// A grey picture, rows from the top, 0-255.
#[derive(Debug, Clone, PartialEq)]
pub struct Grey {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

/// Decodes a JPEG to grey (its luma plane).
///
/// # Errors
/// Bytes that are no complete JPEG, or one larger than 8192 pixels a side.
pub fn decode_grey(jpeg: &[u8]) -> Result<Grey, PrepareError> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::Luma)
        .set_max_width(LARGEST)
        .set_max_height(LARGEST)
        .set_strict_mode(true);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let pixels = decoder.decode().map_err(|e| PrepareError::Jpeg(e.to_string()))?;
    let info = decoder.info().ok_or_else(|| PrepareError::Jpeg("it has no header".into()))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if width == 0 || height == 0 || pixels.len() != width * height {
        return Err(PrepareError::Jpeg(format!("{} pixels for a picture of {width} x {height}", pixels.len())));
    }
    Ok(Grey { width, height, pixels })
}

/// The centre square of a picture as `side` x `side` means over areas, row-major, 0..1.
pub fn centre_square(grey: &Grey, side: usize) -> Vec<f32> {
    let square = grey.width.min(grey.height);
    let (left, top) = ((grey.width - square) / 2, (grey.height - square) / 2);
    let spans = overlaps(square, side);
    // Columns first: one pass over the picture, then one over side x square values.
    let mut narrow = vec![0.0; square * side];
    for (y, row) in narrow.chunks_exact_mut(side.max(1)).enumerate() {
        let line = &grey.pixels[(top + y) * grey.width + left..][..square];
        for (value, span) in row.iter_mut().zip(&spans) {
            *value = span.iter().map(|&(x, share)| f64::from(line[x]) * share).sum::<f64>();
        }
    }
    let mean = |v: usize, u: usize| spans[v].iter().map(|&(y, share)| narrow[y * side + u] * share).sum::<f64>();
    (0..side * side).map(|i| (mean(i / side, i % side) / 255.0) as f32).collect()
}

/// For each of `side` equal stretches of 0..`length`: the pixels it covers and their shares of it.
fn overlaps(length: usize, side: usize) -> Vec<Vec<(usize, f64)>> {
    let width = length as f64 / side as f64;
    let stretch = |k: usize| {
        let (from, to) = (k as f64 * width, (k + 1) as f64 * width);
        let pixels = from as usize..(to.ceil() as usize).min(length);
        pixels.map(|p| (p, ((to.min((p + 1) as f64) - from.max(p as f64)) / width).max(0.0))).collect()
    };
    (0..side).map(stretch).collect()
}

/// Pixels of one frame for the face network: `side` x `side`, row-major, standardised within the frame (mean 0,
/// standard deviation 1), so that neither the lamp nor the camera's exposure is something to learn.
///
/// # Errors
/// A frame that cannot be decoded; a side of 0.
pub fn face_pixels(jpeg: &[u8], side: usize) -> Result<Vec<f32>, PrepareError> {
    if side == 0 {
        return Err(PrepareError::Option { name: "side", value: "0".into(), must: "1 pixel or more" });
    }
    Ok(standardised(centre_square(&decode_grey(jpeg)?, side)))
}

/// Contrast below this (of 0..1) is noise of the camera, not a face; it is not blown up.
const LEAST_CONTRAST: f64 = 0.01;

/// Mean 0 and standard deviation 1 within the frame.
pub fn standardised(pixels: Vec<f32>) -> Vec<f32> {
    let count = pixels.len() as f64;
    let mean = pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / count;
    let variance = pixels.iter().map(|p| (f64::from(*p) - mean).powi(2)).sum::<f64>() / count;
    let sd = variance.sqrt().max(LEAST_CONTRAST);
    pixels.into_iter().map(|p| ((f64::from(p) - mean) / sd) as f32).collect()
}

/// The recipe of [`face_pixels`].
pub fn face_recipe(side: usize) -> Recipe {
    let parameters = [
        ("side", side.to_string()),
        ("colour", "grey".into()),
        ("crop", "centre square".into()),
        ("resize", "area mean".into()),
        ("scale", "mean 0, sd 1 within the frame".into()),
    ];
    Recipe {
        kind: "face".into(),
        channels: Vec::new(),
        bands: Vec::new(),
        parameters: parameters.into_iter().map(|(key, value)| (key.to_string(), value)).collect::<BTreeMap<_, _>>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jpeg_encoder::{ColorType, Encoder};

    fn jpeg(width: u16, height: u16, pixel: impl Fn(usize, usize) -> u8) -> Vec<u8> {
        let pixels: Vec<u8> = (0..usize::from(height))
            .flat_map(|y| (0..usize::from(width)).map(move |x| (x, y)))
            .map(|(x, y)| pixel(x, y))
            .collect();
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, 95).encode(&pixels, width, height, ColorType::Luma).expect("encodes");
        bytes
    }

    #[test]
    fn the_centre_square_is_kept_and_the_sides_are_not() {
        let bytes = jpeg(96, 64, |x, _| if (16..48).contains(&x) { 200 } else { 40 });
        let pixels = centre_square(&decode_grey(&bytes).expect("a picture"), 4);
        assert_eq!(pixels.len(), 16);
        assert!((pixels[0] - 200.0 / 255.0).abs() < 0.02 && (pixels[3] - 40.0 / 255.0).abs() < 0.02, "{pixels:?}");
    }

    #[test]
    fn a_brighter_lamp_changes_nothing_and_an_empty_frame_stays_empty() {
        let face = |gain: usize, offset: usize| {
            let bytes = jpeg(64, 64, |x, y| (((x / 16 + y / 16) % 4) * 20 * gain + offset) as u8);
            face_pixels(&bytes, 8).expect("a picture")
        };
        let worst = face(1, 30).iter().zip(face(3, 50)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.05, "{worst}");
        assert!(face_pixels(&jpeg(64, 64, |_, _| 90), 8).expect("a picture").iter().all(|p| p.abs() < 0.5));
    }

    #[test]
    fn areas_that_split_pixels_keep_the_mean() {
        let grey = Grey { width: 5, height: 5, pixels: (0..25).map(|i| i * 10).collect() };
        let mean = centre_square(&grey, 3).iter().sum::<f32>() / 9.0;
        assert!((mean - 120.0 / 255.0).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn damaged_frames_are_refused() {
        let bytes = jpeg(64, 64, |x, y| (x * y) as u8);
        assert!(matches!(face_pixels(&bytes[..40], 8), Err(PrepareError::Jpeg(_))));
        assert!(matches!(face_pixels(b"no picture", 8), Err(PrepareError::Jpeg(_))));
        assert!(face_pixels(&bytes, 0).is_err());
    }
}
