//! Matroska with motion JPEG: face video that any player shows, each frame at its own microsecond.
//!
//! One cluster a frame: a block's own stamp has 16 bits, which at a scale of 1 us would reach 33 ms only, and a file
//! that is cut anywhere still plays up to its last whole cluster. The reader takes what the writer writes.

mod read;

pub use read::{Film, read};

use std::io::{Result, Seek, SeekFrom, Write};

/// Ids of the elements that limbic writes and reads (Matroska's specification, RFC 9559).
mod id {
    pub const EBML: u32 = 0x1A45_DFA3;
    pub const SEGMENT: u32 = 0x1853_8067;
    pub const INFO: u32 = 0x1549_A966;
    pub const SCALE: u32 = 0x2A_D7B1;
    pub const DURATION: u32 = 0x4489;
    pub const DATE: u32 = 0x4461;
    pub const TITLE: u32 = 0x7BA9;
    pub const MUXER: u32 = 0x4D80;
    pub const WRITER: u32 = 0x5741;
    pub const TRACKS: u32 = 0x1654_AE6B;
    pub const TRACK: u32 = 0xAE;
    pub const TRACK_NUMBER: u32 = 0xD7;
    pub const TRACK_UID: u32 = 0x73C5;
    pub const TRACK_TYPE: u32 = 0x83;
    pub const LACING: u32 = 0x9C;
    pub const CODEC: u32 = 0x86;
    pub const VIDEO: u32 = 0xE0;
    pub const WIDTH: u32 = 0xB0;
    pub const HEIGHT: u32 = 0xBA;
    pub const CLUSTER: u32 = 0x1F43_B675;
    pub const TIMESTAMP: u32 = 0xE7;
    pub const BLOCK: u32 = 0xA3;
    pub const CUES: u32 = 0x1C53_BB6B;
    pub const CUE: u32 = 0xBB;
    pub const CUE_TIME: u32 = 0xB3;
    pub const CUE_PLACES: u32 = 0xB7;
    pub const CUE_TRACK: u32 = 0xF7;
    pub const CUE_CLUSTER: u32 = 0xF1;
}

/// Nanoseconds of one unit of time.
const SCALE: u64 = 1000;
/// Codec of the track.
const MJPEG: &str = "V_MJPEG";
/// Track 1, no time of its own, a key frame without lacing.
const BLOCK_HEAD: [u8; 4] = [0x81, 0, 0, 0x80];
/// An eight-byte size that says "unknown".
const UNKNOWN: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
/// A place to jump to each so many microseconds.
const CUE_EVERY: u64 = 1_000_000;
/// 2001-01-01 in nanoseconds since 1970: where Matroska's dates begin.
const EPOCH: i64 = 978_307_200_000_000_000;

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub title: String,
    /// Wall time of the first frame, nanoseconds since 1970.
    pub begun_utc: i64,
    pub width: u16,
    pub height: u16,
}

/// A file that is being written.
pub struct Writer<W: Write + Seek> {
    out: W,
    /// Where the segment's contents begin.
    segment: u64,
    /// Where the duration's eight bytes stand.
    duration: u64,
    at: u64,
    /// (time, place of the cluster within the segment).
    cues: Vec<(u64, u64)>,
    end: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Writes the head.
    ///
    /// # Errors
    /// Writing fails.
    pub fn create(mut out: W, about: &About) -> Result<Writer<W>> {
        let mut head = Vec::new();
        let ebml = [
            uint(0x4286, 1),
            uint(0x42F7, 1),
            uint(0x42F2, 4),
            uint(0x42F3, 8),
            text(0x4282, "matroska"),
            uint(0x4287, 4),
            uint(0x4285, 2),
        ];
        head.extend(element(id::EBML, &ebml.concat()));
        head.extend(id_bytes(id::SEGMENT));
        head.extend(UNKNOWN);
        let segment = head.len() as u64;
        let program = concat!("limbic ", env!("CARGO_PKG_VERSION"));
        let duration = element(id::DURATION, &0f64.to_be_bytes());
        let others = [
            uint(id::SCALE, SCALE),
            element(id::DATE, &(about.begun_utc - EPOCH).to_be_bytes()),
            text(id::TITLE, &about.title),
            text(id::MUXER, program),
            text(id::WRITER, program),
        ]
        .concat();
        // The duration comes last, so that its place is known.
        head.extend(element(id::INFO, &[others, duration].concat()));
        let duration = head.len() as u64 - 8;
        let video = [uint(id::WIDTH, about.width.into()), uint(id::HEIGHT, about.height.into())].concat();
        let track = [
            uint(id::TRACK_NUMBER, 1),
            uint(id::TRACK_UID, 1),
            uint(id::TRACK_TYPE, 1),
            uint(id::LACING, 0),
            text(id::CODEC, MJPEG),
            element(id::VIDEO, &video),
        ]
        .concat();
        head.extend(element(id::TRACKS, &element(id::TRACK, &track)));
        out.write_all(&head)?;
        Ok(Writer { out, segment, duration, at: head.len() as u64, cues: Vec::new(), end: 0 })
    }

    /// Appends a frame that is shown from `at` on, us since the first frame; until the next one comes.
    ///
    /// # Errors
    /// Writing fails.
    pub fn frame(&mut self, at: u64, jpeg: &[u8]) -> Result<()> {
        if self.cues.last().is_none_or(|(last, _)| at >= last + CUE_EVERY) {
            self.cues.push((at, self.at - self.segment));
        }
        let stamp = uint(id::TIMESTAMP, at);
        let block = [&id_bytes(id::BLOCK)[..], &size((BLOCK_HEAD.len() + jpeg.len()) as u64), &BLOCK_HEAD].concat();
        let head = [id_bytes(id::CLUSTER), size((stamp.len() + block.len() + jpeg.len()) as u64), stamp, block].concat();
        self.out.write_all(&head)?;
        self.out.write_all(jpeg)?;
        self.at += (head.len() + jpeg.len()) as u64;
        self.end = self.end.max(at);
        Ok(())
    }

    /// Writes the table of places, the length of the whole and its duration: the last frame is shown for `last` us.
    ///
    /// # Errors
    /// Writing fails.
    pub fn finish(mut self, last: u64) -> Result<W> {
        let cue = |(time, place): &(u64, u64)| {
            let places = [uint(id::CUE_TRACK, 1), uint(id::CUE_CLUSTER, *place)].concat();
            element(id::CUE, &[uint(id::CUE_TIME, *time), element(id::CUE_PLACES, &places)].concat())
        };
        let cues = element(id::CUES, &self.cues.iter().flat_map(cue).collect::<Vec<u8>>());
        self.out.write_all(&cues)?;
        let length = self.at + cues.len() as u64 - self.segment;
        self.out.seek(SeekFrom::Start(self.segment - 8))?;
        self.out.write_all(&((1 << 56) | length).to_be_bytes())?;
        self.out.seek(SeekFrom::Start(self.duration))?;
        self.out.write_all(&((self.end + last) as f64).to_be_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn id_bytes(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect()
}

/// A size in as few bytes as it needs: the number of leading zero bits is the number of bytes that follow.
fn size(n: u64) -> Vec<u8> {
    // All ones would mean "unknown".
    let bytes = (1..8).find(|b| n < (1 << (7 * b)) - 1).unwrap_or(8);
    ((1 << (7 * bytes)) | n).to_be_bytes()[8 - bytes..].to_vec()
}

fn element(id: u32, contents: &[u8]) -> Vec<u8> {
    [id_bytes(id), size(contents.len() as u64), contents.to_vec()].concat()
}

fn uint(id: u32, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let zeros = bytes.iter().take(7).take_while(|b| **b == 0).count();
    element(id, &bytes[zeros..])
}

fn text(id: u32, value: &str) -> Vec<u8> {
    element(id, value.as_bytes())
}

/// Width and height that a JPEG's frame header states (ITU T.81, B.2.2); None where it has none.
pub fn jpeg_size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut at = 2;
    loop {
        let (lead, marker) = (*jpeg.get(at)?, *jpeg.get(at + 1)?);
        let number = |i: usize| Some(u16::from_be_bytes([*jpeg.get(at + i)?, *jpeg.get(at + i + 1)?]));
        match marker {
            _ if lead != 0xFF => return None,
            0xFF => at += 1,
            // Start of frame of any kind; 0xC4, 0xC8 and 0xCC are tables.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => return Some((number(7)?, number(5)?)),
            0xD8..=0xDA => return None,
            _ => at += 2 + usize::from(number(2)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn frames() -> Vec<(u64, Vec<u8>)> {
        // Jittered stamps, sizes around the borders of one- and two-byte sizes.
        (0..60u64).map(|i| (i * 33_333 + (i * i * 7) % 900, vec![i as u8; 115 + 40 * i as usize])).collect()
    }

    fn file() -> Vec<u8> {
        let about = About { title: "SIMULATED face".into(), begun_utc: 1_790_000_000_000_000_000, width: 160, height: 120 };
        let mut writer = Writer::create(Cursor::new(Vec::new()), &about).expect("memory");
        frames().iter().for_each(|(at, jpeg)| writer.frame(*at, jpeg).expect("memory"));
        writer.finish(33_333).expect("memory").into_inner()
    }

    #[test]
    fn what_is_written_is_read_to_the_microsecond() {
        let film = read::parse(&file()).expect("our own");
        assert_eq!((film.title.as_str(), film.clean), ("SIMULATED face", true));
        let wanted: Vec<(i64, Vec<u8>)> = frames().into_iter().map(|(at, jpeg)| (1000 * at as i64, jpeg)).collect();
        assert_eq!(film.frames, wanted);
    }

    #[test]
    fn a_file_that_is_cut_gives_every_whole_frame() {
        let whole = file();
        let full = read::parse(&whole).expect("our own").frames;
        for cut in (300..whole.len()).step_by(997) {
            let film = read::parse(&whole[..cut]).expect("the head is there");
            assert!(!film.clean && film.frames.len() <= full.len() && film.frames[..] == full[..film.frames.len()], "{cut}");
            let bytes: usize = film.frames.iter().map(|(_, jpeg)| jpeg.len() + 20).sum();
            let next = full.get(film.frames.len()).map_or(0, |(_, jpeg)| jpeg.len() + 20);
            assert!(bytes + next + 400 >= cut || film.frames.len() == full.len(), "cut at {cut} lost whole frames");
        }
        assert!(read::parse(b"RIFF....AVI ").is_err());
        assert!(read::parse(&whole[..40]).is_err(), "no track");
    }

    #[test]
    fn sizes_are_as_short_as_they_may_be() {
        assert_eq!(size(0), [0x80]);
        assert_eq!(size(126), [0xFE]);
        assert_eq!(size(127), [0x40, 127]);
        assert_eq!(size(16_383), [0x20, 0x3F, 0xFF]);
        assert_eq!(uint(id::TIMESTAMP, 0), [0xE7, 0x81, 0]);
        assert_eq!(uint(id::TIMESTAMP, 256), [0xE7, 0x82, 1, 0]);
    }

    #[test]
    fn a_jpeg_says_how_large_it_is() {
        let mut jpeg = Vec::new();
        jpeg_encoder::Encoder::new(&mut jpeg, 80).encode(&[0; 40 * 24], 40, 24, jpeg_encoder::ColorType::Luma).expect("encodes");
        assert_eq!(jpeg_size(&jpeg), Some((40, 24)));
        assert_eq!(jpeg_size(&jpeg[..20]), None);
        assert_eq!(jpeg_size(b""), None);
    }
}
