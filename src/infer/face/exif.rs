//! Which way up a photo is: cameras store pixels as the sensor lies and say in the EXIF block how they are to be turned
//! (Exif 2.3, tag 0x0112; TIFF 6.0).

use super::Picture;

/// Bytes of an entry of a TIFF directory.
const ENTRY: usize = 12;
const ORIENTATION: u16 = 0x0112;

/// The orientation of a JPEG, 1 to 8; 1 (as stored) where it says nothing that can be read.
pub fn orientation(jpeg: &[u8]) -> u8 {
    block(jpeg).and_then(tag).filter(|o| (1..=8).contains(o)).map_or(1, |o| o as u8)
}

/// The TIFF part of the first EXIF block before the picture's data.
fn block(jpeg: &[u8]) -> Option<&[u8]> {
    let mut rest = jpeg.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let &[0xFF, marker, high, low, ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = rest.get(4..2 + length)?;
        if let (0xE1, Some(tiff)) = (marker, body.strip_prefix(b"Exif\0\0")) {
            return Some(tiff);
        }
        // The scan itself begins: no blocks follow.
        if marker == 0xDA {
            return None;
        }
        rest = &rest[2 + length..];
    }
}

/// The orientation in the first directory of a TIFF file.
fn tag(tiff: &[u8]) -> Option<u16> {
    let big = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let two = [*tiff.get(at)?, *tiff.get(at + 1)?];
        Some(if big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    };
    let four: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let directory = if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) } as usize;
    let count = usize::from(short(directory)?);
    let places = (0..count).map(|i| directory + 2 + ENTRY * i);
    places.take_while(|at| at + ENTRY <= tiff.len()).find(|at| short(*at) == Some(ORIENTATION)).and_then(|at| short(at + 8))
}

/// A stored picture as it is to be seen.
#[must_use]
pub fn upright(stored: Picture, orientation: u8) -> Picture {
    let (w, h) = (stored.width, stored.height);
    let from: fn(usize, usize, usize, usize) -> (usize, usize) = match orientation {
        2 => |x, y, w, _| (w - 1 - x, y),
        3 => |x, y, w, h| (w - 1 - x, h - 1 - y),
        4 => |x, y, _, h| (x, h - 1 - y),
        5 => |x, y, _, _| (y, x),
        6 => |x, y, _, h| (y, h - 1 - x),
        7 => |x, y, w, h| (w - 1 - y, h - 1 - x),
        8 => |x, y, w, _| (w - 1 - y, x),
        _ => return stored,
    };
    let (width, height) = if orientation >= 5 { (h, w) } else { (w, h) };
    let mut rgb = Vec::with_capacity(stored.rgb.len());
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let (x, y) = from(x, y, w, h);
        rgb.extend_from_slice(&stored.rgb[3 * (y * w + x)..][..3]);
    }
    Picture { width, height, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG with an EXIF block of this orientation in front.
    pub fn marked(jpeg: &[u8], orientation: u8, big: bool) -> Vec<u8> {
        let mut tiff = if big { b"MM\0*\0\0\0\x08\0\x01".to_vec() } else { b"II*\0\x08\0\0\0\x01\0".to_vec() };
        match big {
            true => tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]),
            false => tiff.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]),
        }
        let length = (2 + 6 + tiff.len()) as u16;
        [&jpeg[..2], &[0xFF, 0xE1], &length.to_be_bytes(), b"Exif\0\0", &tiff, &jpeg[2..]].concat()
    }

    #[test]
    fn the_orientation_is_read_in_both_byte_orders() {
        let jpeg = Picture::filled(16, 8, [90; 3]).to_jpeg(90).expect("encodes");
        assert_eq!(orientation(&jpeg), 1);
        for o in 1..=8 {
            assert_eq!((orientation(&marked(&jpeg, o, true)), orientation(&marked(&jpeg, o, false))), (o, o));
        }
        assert!(Picture::from_jpeg(&marked(&jpeg, 6, true)).is_ok());
        let whole = marked(&jpeg, 6, false);
        for end in 0..60 {
            assert!((1..=8).contains(&orientation(&whole[..end])), "cut off at {end}");
        }
        assert_eq!((orientation(&marked(&jpeg, 0, true)), orientation(&marked(&jpeg, 9, true)), orientation(b"text")), (1, 1, 1));
    }

    /// Each picture is stored so that it shows the same once it is turned: 1 2 3 above 4 5 6.
    #[test]
    fn every_orientation_shows_the_same() {
        let stored: [(u8, usize, [u8; 6]); 8] = [
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [3, 6, 2, 5, 1, 4]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [4, 1, 5, 2, 6, 3]),
        ];
        for (orientation, width, pixels) in stored {
            let rgb = pixels.iter().flat_map(|v| [*v; 3]).collect();
            let seen = upright(Picture { width, height: 6 / width, rgb }, orientation);
            let shown: Vec<u8> = seen.rgb.iter().copied().step_by(3).collect();
            assert_eq!((seen.width, shown), (3, vec![1, 2, 3, 4, 5, 6]), "orientation {orientation}");
        }
    }
}
