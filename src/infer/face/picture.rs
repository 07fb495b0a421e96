//! A colour picture: decoding, scaling, and the tensors that networks want.

use jpeg_encoder::{ColorType, Encoder};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Pictures larger than this in either direction are refused before memory is taken for them.
const LARGEST: usize = 8192;

/// Red, green and blue by turns, rows from the top.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Of one colour.
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Picture {
        Picture { width, height, rgb: colour.repeat(width * height) }
    }

    /// A JPEG.
    ///
    /// # Errors
    /// Bytes that are no complete JPEG, or one larger than 8192 pixels a side; in a few words.
    pub fn from_jpeg(bytes: &[u8]) -> Result<Picture, String> {
        let options = DecoderOptions::default()
            .jpeg_set_out_colorspace(ColorSpace::RGB)
            .set_max_width(LARGEST)
            .set_max_height(LARGEST)
            .set_strict_mode(true);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        // Its messages may end in a new line; ours are one sentence.
        let rgb = decoder.decode().map_err(|e| e.to_string().split_whitespace().collect::<Vec<_>>().join(" "))?;
        let info = decoder.info().ok_or("it has no header")?;
        let (width, height) = (usize::from(info.width), usize::from(info.height));
        if width == 0 || height == 0 || rgb.len() != 3 * width * height {
            return Err(format!("{} bytes for a picture of {width} x {height}", rgb.len()));
        }
        Ok(Picture { width, height, rgb })
    }

    /// A JPEG of this quality (1-100).
    ///
    /// # Errors
    /// A side of 0 or above 65535.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, String> {
        let side = |n: usize| u16::try_from(n).map_err(|_| format!("a side of {n} pixels is too long for a JPEG"));
        let mut out = Vec::new();
        let encoder = Encoder::new(&mut out, quality);
        encoder.encode(&self.rgb, side(self.width)?, side(self.height)?, ColorType::Rgb).map_err(|e| e.to_string())?;
        Ok(out)
    }

    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        let at = 3 * (y.min(self.height - 1) * self.width + x.min(self.width - 1));
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// Sets a pixel; nothing where it lies outside.
    pub fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            let at = 3 * (y * self.width + x);
            self.rgb[at..at + 3].copy_from_slice(&colour);
        }
    }

    /// Another size: bilinear, and where it becomes smaller a triangle over all the pixels that a new one covers, so
    /// that nothing falls between them.
    #[must_use]
    pub fn resized(&self, width: usize, height: usize) -> Picture {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let (across, down) = (taps(self.width, width), taps(self.height, height));
        let mut rgb = vec![0u8; 3 * width * height];
        let mut sums = vec![0f32; 3 * self.width];
        for (row, (first, weights)) in rgb.chunks_exact_mut(3 * width.max(1)).zip(&down) {
            // Whole lines first, value by value side by side; then along the line.
            sums.fill(0.0);
            for (line, weight) in self.rgb[3 * first * self.width..].chunks_exact(3 * self.width).zip(weights) {
                sums.iter_mut().zip(line).for_each(|(sum, v)| *sum += weight * f32::from(*v));
            }
            for (pixel, (first, weights)) in row.as_chunks_mut::<3>().0.iter_mut().zip(&across) {
                let mut mean = [0.5f32; 3];
                for (source, weight) in sums[3 * first..].as_chunks::<3>().0.iter().zip(weights) {
                    (0..3).for_each(|c| mean[c] += weight * source[c]);
                }
                (0..3).for_each(|c| pixel[c] = mean[c] as u8);
            }
        }
        Picture { width, height, rgb }
    }

    /// This picture on a ground of one colour, its upper left corner at (left, top); what does not fit is cut off.
    #[must_use]
    pub fn on_ground(&self, width: usize, height: usize, (left, top): (usize, usize), colour: [u8; 3]) -> Picture {
        let mut ground = Picture::filled(width, height, colour);
        ground.put(self, left, top);
        ground
    }

    /// Copies another picture into this one.
    pub fn put(&mut self, other: &Picture, left: usize, top: usize) {
        let columns = other.width.min(self.width.saturating_sub(left));
        for y in 0..other.height.min(self.height.saturating_sub(top)) {
            let to = 3 * ((top + y) * self.width + left);
            self.rgb[to..to + 3 * columns].copy_from_slice(&other.rgb[3 * y * other.width..][..3 * columns]);
        }
    }

    /// Values as 3 x height x width, each `scale * v + offset`; blue first with `bgr`.
    pub fn planes(&self, scale: f32, offset: f32, bgr: bool) -> Vec<f32> {
        let count = self.width * self.height;
        let mut planes = vec![0f32; 3 * count];
        for c in 0..3 {
            let source = if bgr { 2 - c } else { c };
            let plane = &mut planes[c * count..(c + 1) * count];
            plane.iter_mut().zip(self.rgb.chunks_exact(3)).for_each(|(v, p)| *v = scale * f32::from(p[source]) + offset);
        }
        planes
    }

    /// Values as height x width x 3, each `scale * v + offset`.
    pub fn interleaved(&self, scale: f32, offset: f32) -> Vec<f32> {
        self.rgb.iter().map(|v| scale * f32::from(*v) + offset).collect()
    }
}

/// For each of `to` new pixels: the first old one it takes from, and the weights from there on.
fn taps(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let step = from as f32 / to.max(1) as f32;
    let reach = step.max(1.0);
    let one = |i: usize| {
        let centre = (i as f32 + 0.5) * step - 0.5;
        let (low, high) = ((centre - reach).ceil().max(0.0) as usize, (centre + reach).floor().min(from as f32 - 1.0) as usize);
        let mut weights: Vec<f32> = (low..=high.max(low)).map(|k| (1.0 - (k as f32 - centre).abs() / reach).max(0.0)).collect();
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|w| *w /= sum.max(1e-6));
        (low.min(from.saturating_sub(1)), weights)
    };
    (0..to).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resizing_keeps_means_and_corners() {
        let mut picture = Picture::filled(40, 20, [100, 0, 200]);
        (0..20).for_each(|y| (0..20).for_each(|x| picture.set(x, y, [0, 0, 200])));
        let small = picture.resized(4, 2);
        assert_eq!((small.pixel(0, 0), small.pixel(3, 1)), ([0, 0, 200], [100, 0, 200]));
        let sum: u32 = (0..4).map(|x| u32::from(small.pixel(x, 0)[0])).sum();
        assert!((195..=205).contains(&sum), "{sum}");
        let large = picture.resized(80, 40);
        assert_eq!((large.pixel(0, 0), large.pixel(79, 39)), ([0, 0, 200], [100, 0, 200]));
    }

    #[test]
    fn tensors_have_the_order_that_networks_want() {
        let picture = Picture { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(picture.planes(1.0, 0.0, false), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(picture.planes(2.0, -1.0, true), [5.0, 11.0, 3.0, 9.0, 1.0, 7.0]);
        assert_eq!(picture.interleaved(0.5, 0.0), [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]);
        assert_eq!(picture.on_ground(3, 2, (1, 1), [9; 3]).rgb[12..], [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn what_is_no_jpeg_is_refused() {
        let jpeg = Picture::filled(64, 48, [10, 200, 30]).to_jpeg(90).expect("encodes");
        let back = Picture::from_jpeg(&jpeg).expect("decodes");
        assert!(back.pixel(5, 5)[1] > 190 && (back.width, back.height) == (64, 48));
        assert!(Picture::from_jpeg(b"no picture").is_err());
        assert!(Picture::from_jpeg(&jpeg[..jpeg.len() / 2]).is_err());
    }
}
