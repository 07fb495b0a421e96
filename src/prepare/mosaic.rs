//! A picture made unrecognisable: a coarse mosaic of mean colours.

use crate::prepare::PrepareError;
use jpeg_encoder::{ColorType, Encoder};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Tiles along the longer side. A face that fills the picture becomes some six tiles wide, less than half of what
/// people need to recognise even a familiar one (Bachmann 1991: about 18 tiles per face).
const TILES: usize = 12;
/// Quality of the mosaic's JPEG: it has no detail to lose.
const QUALITY: u8 = 80;

/// The picture as a mosaic of the same size, over the whole of it: where the face is, nobody has to know. Nothing else
/// of the old file (thumbnails, comments) is taken over.
///
/// # Errors
/// Bytes that are no JPEG.
pub fn mosaic(jpeg: &[u8]) -> Result<Vec<u8>, PrepareError> {
    let wrong = |e: String| PrepareError::Jpeg(e);
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let mut pixels = decoder.decode().map_err(|e| wrong(e.to_string()))?;
    let info = decoder.info().ok_or_else(|| wrong("it has no header".into()))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if width == 0 || height == 0 || pixels.len() != 3 * width * height {
        return Err(wrong(format!("{} bytes for a picture of {width} x {height}", pixels.len())));
    }
    let side = width.max(height).div_ceil(TILES);
    for top in (0..height).step_by(side) {
        for left in (0..width).step_by(side) {
            tile(&mut pixels, width, (left, width.min(left + side)), (top, height.min(top + side)));
        }
    }
    let mut out = Vec::with_capacity(16 << 10);
    let encoder = Encoder::new(&mut out, QUALITY);
    encoder.encode(&pixels, info.width, info.height, ColorType::Rgb).map_err(|e| wrong(e.to_string()))?;
    Ok(out)
}

/// Gives all pixels of a tile their mean.
fn tile(pixels: &mut [u8], width: usize, (left, right): (usize, usize), (top, bottom): (usize, usize)) {
    let mut sum = [0u64; 3];
    for y in top..bottom {
        for pixel in pixels[3 * (y * width + left)..3 * (y * width + right)].chunks_exact(3) {
            sum.iter_mut().zip(pixel).for_each(|(s, p)| *s += u64::from(*p));
        }
    }
    let count = ((right - left) * (bottom - top)) as u64;
    let mean = sum.map(|s| (s / count.max(1)) as u8);
    for y in top..bottom {
        pixels[3 * (y * width + left)..3 * (y * width + right)].chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&mean));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::faces::decode_grey;

    #[test]
    fn nothing_finer_than_a_tile_is_left_and_the_means_stay() {
        // Stripes four pixels wide on a slope from left to right.
        let (width, height) = (160usize, 120usize);
        let grey = |x: usize| (x / 2 + if (x / 4).is_multiple_of(2) { 70 } else { 0 }) as u8;
        let pixels: Vec<u8> = (0..width * height).map(|i| grey(i % width)).collect();
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, 95).encode(&pixels, width as u16, height as u16, ColorType::Luma).expect("encodes");
        let blurred = decode_grey(&mosaic(&jpeg).expect("a picture")).expect("a picture");
        assert_eq!((blurred.width, blurred.height), (width, height));
        let side = 14;
        for left in (0..width - side).step_by(side) {
            let wanted = (left..left + side).map(|x| f64::from(grey(x))).sum::<f64>() / side as f64;
            for x in left + 2..left + side - 2 {
                let found = f64::from(blurred.pixels[60 * width + x]);
                assert!((found - wanted).abs() < 12.0, "at {x}: {found}, not {wanted}");
            }
        }
        assert!(mosaic(b"no picture").is_err());
    }
}
