//! A shot as one complete JPEG file: cut out of what the driver's buffer holds, or encoded from raw pixels.

use super::driver::{Mode, Pixels};
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType};

/// The shot as a JPEG; None where it is torn (a JPEG without its end, too few bytes for its size).
pub(super) fn jpeg_of(bytes: &[u8], mode: Mode, quality: u8) -> Option<Vec<u8>> {
    let (width, height) = (u16::try_from(mode.width).ok()?, u16::try_from(mode.height).ok()?);
    let (w, h) = (usize::from(width), usize::from(height));
    let at = match mode.pixels {
        Pixels::Mjpeg => return whole(bytes).map(<[u8]>::to_vec),
        Pixels::Yuyv if bytes.len() >= 2 * w * h && w.is_multiple_of(2) => yuyv,
        Pixels::Nv12 if 2 * bytes.len() >= 3 * w * h && w.is_multiple_of(2) && h.is_multiple_of(2) => nv12,
        _ => return None,
    };
    let mut jpeg = Vec::with_capacity(w * h / 8);
    Encoder::new(&mut jpeg, quality).encode_image(Raw { bytes, width, height, at }).ok()?;
    Some(jpeg)
}

/// The first JPEG in these bytes, from its start-of-image marker to its end-of-image marker.
///
/// V4L2's buffers are larger than most frames and keep what an earlier frame left behind this one; that must neither
/// be stored nor be taken for the end. Marker segments are skipped by their length, entropy-coded data by the rule
/// that 0xFF in it is followed by 0 or a restart marker (ITU T.81, B.1.1).
pub(super) fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.windows(3).position(|w| w == [0xFF, 0xD8, 0xFF])?;
    let mut at = start + 2;
    let mut scanned = false;
    loop {
        // Fill bytes of 0xFF may stand before a marker.
        let marker = loop {
            match (bytes.get(at)?, bytes.get(at + 1)?) {
                (0xFF, 0xFF) => at += 1,
                (0xFF, marker) => break *marker,
                _ => return None,
            }
        };
        at += 2;
        match marker {
            0xD9 => return scanned.then(|| &bytes[start..at]),
            0x00 | 0x01 | 0xD0..=0xD8 => return None,
            _ => {}
        }
        at += usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]).max(2));
        if marker == 0xDA {
            scanned = true;
            at += bytes.get(at..)?.windows(2).position(|w| w[0] == 0xFF && !matches!(w[1], 0 | 0xD0..=0xD7))?;
        }
    }
}

/// Luma and chroma of a pixel: `bytes`, width, height, x, y.
type At = fn(&[u8], usize, usize, usize, usize) -> [u8; 3];

fn yuyv(bytes: &[u8], width: usize, _: usize, x: usize, y: usize) -> [u8; 3] {
    let pair = 2 * (y * width + (x & !1));
    [bytes[pair + 2 * (x & 1)], bytes[pair + 1], bytes[pair + 3]]
}

fn nv12(bytes: &[u8], width: usize, height: usize, x: usize, y: usize) -> [u8; 3] {
    let chroma = width * height + (y / 2) * width + (x & !1);
    [bytes[y * width + x], bytes[chroma], bytes[chroma + 1]]
}

/// Raw pixels on their way into the encoder, which takes YCbCr as it is.
struct Raw<'a> {
    bytes: &'a [u8],
    width: u16,
    height: u16,
    at: At,
}

impl ImageBuffer for Raw<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (w, h) = (usize::from(self.width), usize::from(self.height));
        for x in 0..w {
            for (buffer, value) in buffers.iter_mut().zip((self.at)(self.bytes, w, h, x, usize::from(y))) {
                buffer.push(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zune_jpeg::JpegDecoder;
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::colorspace::ColorSpace;
    use zune_jpeg::zune_core::options::DecoderOptions;

    const MODE: Mode = Mode { width: 32, height: 16, fps: 30, pixels: Pixels::Yuyv };

    /// Three planes' values of the pixel at (x, y) of a decoded JPEG.
    fn pixel(jpeg: &[u8], x: usize, y: usize) -> [i32; 3] {
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::YCbCr);
        let pixels = JpegDecoder::new_with_options(ZCursor::new(jpeg), options).decode().expect("a JPEG");
        assert_eq!(pixels.len(), 3 * 32 * 16);
        [0, 1, 2].map(|c| i32::from(pixels[3 * (32 * y + x) + c]))
    }

    fn near(found: [i32; 3], wanted: [i32; 3]) {
        assert!(found.iter().zip(wanted).all(|(f, w)| (f - w).abs() <= 3), "{found:?}, not {wanted:?}");
    }

    #[test]
    fn yuyv_and_nv12_keep_their_colours_and_places() {
        // Left half Y 60 U 90 V 200, right half Y 200 U 150 V 100.
        let left = |x: usize| x < 16;
        let yuyv: Vec<u8> =
            (0..16 * 16).flat_map(|i| if left(2 * (i % 16)) { [60, 90, 60, 200] } else { [200, 150, 200, 100] }).collect();
        let luma = (0..32 * 16).map(|i| if left(i % 32) { 60 } else { 200 });
        let chroma = (0..16 * 8).flat_map(|i| if left(2 * (i % 16)) { [90, 200] } else { [150, 100] });
        let nv12: Vec<u8> = luma.chain(chroma).collect();
        for (bytes, pixels) in [(yuyv, Pixels::Yuyv), (nv12, Pixels::Nv12)] {
            let mode = Mode { pixels, ..MODE };
            let jpeg = jpeg_of(&bytes, mode, 95).expect("encodes");
            near(pixel(&jpeg, 4, 8), [60, 90, 200]);
            near(pixel(&jpeg, 28, 8), [200, 150, 100]);
            assert_eq!(jpeg_of(&bytes[..bytes.len() - 1], mode, 95), None, "a short buffer is torn");
        }
    }

    #[test]
    fn a_jpeg_is_cut_out_of_its_buffer_and_a_torn_one_refused() {
        let noise: Vec<u8> = (0..2 * 32 * 16u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let jpeg = jpeg_of(&noise, MODE, 95).expect("encodes");
        let other = jpeg_of(&vec![128; 1024], MODE, 95).expect("encodes");
        let mjpeg = Mode { pixels: Pixels::Mjpeg, ..MODE };
        // Zeros before it, the tail of an older and larger frame behind it.
        let buffer = [&[0, 0][..], &jpeg, &other[5..], &[0; 50]].concat();
        assert_eq!(jpeg_of(&buffer, mjpeg, 0), Some(jpeg.clone()));
        assert_eq!(whole(&jpeg[..jpeg.len() - 2]), None);
        assert_eq!(whole(&jpeg[..40]), None);
        assert_eq!(whole(&[0xFF, 0xD8, 0xFF, 0xD9]), None, "nothing between start and end");
        assert_eq!(whole(b"no picture"), None);
        // A torn frame followed by a whole one must not be glued to it: the scan meets a start-of-image marker.
        let glued = [&jpeg[..jpeg.len() / 2], &other[..]].concat();
        assert_eq!(whole(&glued), None);
    }
}
