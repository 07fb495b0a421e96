//! The bytes of data frames: a fixed header, then samples (lossless, bit for bit) or a JPEG.
//!
//! Header, little-endian: codec u8, n u32, first index u64, device or capture time i64, arrival i64, gap u32.
//! Samples are stored channel by channel, split into their four byte planes and packed by zstd.

use crate::signal::{Chunk, Frame, Nanos, StreamId};
use zstd::bulk::{Compressor, Decompressor};

/// Bytes of the header.
pub(super) const HEADER: usize = 33;
/// In place of a device time that is not there.
const NO_TIME: Nanos = Nanos::MIN;

/// f32, as they are: what does not become smaller.
const RAW: u8 = 0;
/// i32 counts of a known step: difference, zigzag, byte planes, zstd 1. Before the planes stands the step, f64.
const COUNTS: u8 = 1;
/// f32: byte planes, zstd 3.
const FLOATS: u8 = 2;
/// One JPEG.
const JPEG: u8 = 3;

/// What stands before the data of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub codec: u8,
    /// Samples per channel, or 1 for a video frame.
    pub n: u32,
    pub first: u64,
    pub device_time: Option<Nanos>,
    pub arrived: Nanos,
    /// Samples lost just before; saturates.
    pub gap: u32,
}

impl Head {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.codec);
        out.extend_from_slice(&self.n.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.device_time.unwrap_or(NO_TIME).to_le_bytes());
        out.extend_from_slice(&self.arrived.to_le_bytes());
        out.extend_from_slice(&self.gap.to_le_bytes());
    }

    /// None when these bytes are too few.
    pub(super) fn read(bytes: &[u8]) -> Option<Head> {
        let bytes = bytes.get(..HEADER)?;
        let time = Nanos::from_le_bytes(bytes[13..21].try_into().ok()?);
        Some(Head {
            codec: bytes[0],
            n: u32::from_le_bytes(bytes[1..5].try_into().ok()?),
            first: u64::from_le_bytes(bytes[5..13].try_into().ok()?),
            device_time: (time != NO_TIME).then_some(time),
            arrived: Nanos::from_le_bytes(bytes[21..29].try_into().ok()?),
            gap: u32::from_le_bytes(bytes[29..33].try_into().ok()?),
        })
    }

    /// Index behind the last sample.
    pub(super) fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.n))
    }
}

/// Packs chunks; keeps the compressors' memory between them.
pub(super) struct Encoder {
    fast: Compressor<'static>,
    strong: Compressor<'static>,
}

impl Encoder {
    pub(super) fn new() -> std::io::Result<Encoder> {
        Ok(Encoder { fast: Compressor::new(1)?, strong: Compressor::new(3)? })
    }

    /// The payload of a chunk. `step` is the size of one count where the device gives counts; they are used only
    /// if every value of this chunk comes back exactly.
    pub(super) fn chunk(&mut self, chunk: &Chunk, step: Option<f64>) -> Vec<u8> {
        let n = chunk.len();
        let mut head = Head {
            codec: RAW,
            n: n as u32,
            first: chunk.first_index,
            device_time: chunk.device_time,
            arrived: chunk.arrived,
            gap: u32::try_from(chunk.lost_before).unwrap_or(u32::MAX),
        };
        let planar: Vec<f32> = (0..chunk.channels).flat_map(|c| chunk.channel(c)).collect();
        let mut out = Vec::with_capacity(HEADER + planar.len() * 4);
        let counted = step.and_then(|step| Some((step, counts(&planar, n, step)?)));
        if let Some((step, words)) = counted
            && let Ok(packed) = self.fast.compress(&planes(&words))
        {
            head.codec = COUNTS;
            head.write(&mut out);
            out.extend_from_slice(&step.to_le_bytes());
            out.extend_from_slice(&packed);
            return out;
        }
        let words: Vec<u32> = planar.iter().map(|v| v.to_bits()).collect();
        match self.strong.compress(&planes(&words)) {
            Ok(packed) if packed.len() < planar.len() * 4 => {
                head.codec = FLOATS;
                head.write(&mut out);
                out.extend_from_slice(&packed);
            }
            _ => {
                head.write(&mut out);
                planar.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            }
        }
        out
    }
}

/// The payload of a video frame; `lost` = frames missing before it.
pub(super) fn encode_frame(frame: &Frame, lost: u64) -> Vec<u8> {
    let gap = u32::try_from(lost).unwrap_or(u32::MAX);
    let head = Head { codec: JPEG, n: 1, first: frame.index, device_time: Some(frame.captured), arrived: frame.arrived, gap };
    let mut out = Vec::with_capacity(HEADER + frame.jpeg.len());
    head.write(&mut out);
    out.extend_from_slice(&frame.jpeg);
    out
}

/// The samples of a payload, channel by channel: `channels` x n. None when it is not what its header says.
pub(super) fn decode_chunk(payload: &[u8], channels: usize) -> Option<(Head, Vec<f32>)> {
    let head = Head::read(payload)?;
    let data = &payload[HEADER..];
    let values = (head.n as usize).checked_mul(channels)?;
    let bytes = values.checked_mul(4)?;
    let planar = match head.codec {
        RAW => data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<f32>>(),
        FLOATS => unplanes(&unpack(data, bytes)?).into_iter().map(f32::from_bits).collect(),
        COUNTS => {
            let step = f64::from_le_bytes(data.get(..8)?.try_into().ok()?);
            uncounts(&unplanes(&unpack(&data[8..], bytes)?), head.n as usize, step)
        }
        _ => return None,
    };
    (planar.len() == values).then_some((head, planar))
}

/// The video frame of a payload.
pub(super) fn decode_frame(payload: &[u8], stream: StreamId) -> Option<Frame> {
    let head = Head::read(payload)?;
    (head.codec == JPEG).then(|| Frame {
        stream,
        index: head.first,
        captured: head.device_time.unwrap_or(head.arrived),
        arrived: head.arrived,
        jpeg: payload[HEADER..].to_vec(),
    })
}

fn unpack(data: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let out = Decompressor::new().ok()?.decompress(data, bytes).ok()?;
    (out.len() == bytes).then_some(out)
}

/// All lowest bytes, then all second bytes, ...: similar bytes side by side pack better.
fn planes(words: &[u32]) -> Vec<u8> {
    let mut out = Vec::with_capacity(words.len() * 4);
    for shift in [0, 8, 16, 24] {
        out.extend(words.iter().map(|w| (w >> shift) as u8));
    }
    out
}

fn unplanes(bytes: &[u8]) -> Vec<u32> {
    let n = bytes.len() / 4;
    (0..n).map(|i| u32::from_le_bytes([bytes[i], bytes[n + i], bytes[2 * n + i], bytes[3 * n + i]])).collect()
}

/// Zigzag differences of counts, each channel of `n` against its previous sample; None if any value is not exact.
fn counts(planar: &[f32], n: usize, step: f64) -> Option<Vec<u32>> {
    if !(step.is_finite() && step > 0.0) {
        return None;
    }
    let mut words = Vec::with_capacity(planar.len());
    for channel in planar.chunks(n.max(1)) {
        let mut previous = 0i32;
        for value in channel {
            // The cast saturates and turns NaN and -0.0 into 0; the way back then does not give the same bits.
            let count = (f64::from(*value) / step).round() as i32;
            if ((f64::from(count) * step) as f32).to_bits() != value.to_bits() {
                return None;
            }
            let difference = count.wrapping_sub(previous);
            words.push(((difference << 1) ^ (difference >> 31)) as u32);
            previous = count;
        }
    }
    Some(words)
}

fn uncounts(words: &[u32], n: usize, step: f64) -> Vec<f32> {
    let mut out = Vec::with_capacity(words.len());
    for channel in words.chunks(n.max(1)) {
        let mut count = 0i32;
        for word in channel {
            count = count.wrapping_add(((word >> 1) as i32) ^ -((word & 1) as i32));
            out.push((f64::from(count) * step) as f32);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    fn chunk(rows: Vec<f32>, channels: usize) -> Chunk {
        Chunk { stream: StreamId(0), first_index: 1 << 40, lost_before: 3, arrived: -5, device_time: None, channels, rows }
    }

    fn round_trip(chunk: &Chunk, step: Option<f64>) -> (u8, usize) {
        let payload = Encoder::new().expect("zstd").chunk(chunk, step);
        let (head, planar) = decode_chunk(&payload, chunk.channels).expect("decodes");
        assert_eq!((head.first, u64::from(head.gap), head.arrived), (chunk.first_index, chunk.lost_before, chunk.arrived));
        assert_eq!(head.device_time, chunk.device_time);
        let want: Vec<u32> = (0..chunk.channels).flat_map(|c| chunk.channel(c)).map(f32::to_bits).collect();
        assert!(planar.iter().map(|v| v.to_bits()).eq(want), "every bit comes back");
        (head.codec, payload.len())
    }

    #[test]
    fn floats_come_back_bit_for_bit_whatever_they_are() {
        let odd = [0.0, -0.0, f32::NAN, f32::from_bits(0xFFC0_1234), f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, 1e-45];
        let mut seed = Seed::new(1);
        let mut rows: Vec<f32> = odd.repeat(8);
        rows.extend((0..512).map(|_| (20.0 * seed.normal()) as f32));
        assert_eq!(round_trip(&chunk(rows, 8), None).0, FLOATS);
        let noise: Vec<f32> = (0..64).map(|_| f32::from_bits(seed.bits() as u32)).collect();
        assert_eq!(round_trip(&chunk(noise, 4), None).0, RAW);
        round_trip(&chunk(Vec::new(), 4), None);
        round_trip(&chunk(vec![1.5], 1), Some(0.5));
    }

    #[test]
    fn counts_are_used_where_they_are_exact_and_only_there() {
        let step = 187_500.0 / 8_388_608.0;
        let mut seed = Seed::new(2);
        let mut level = 0.0;
        let mut rows: Vec<f32> = (0..32 * 256)
            .map(|_| {
                level = 0.95 * level + 300.0 * seed.normal();
                ((level.round() + 0.0) * step) as f32 // no -0.0
            })
            .collect();
        let (codec, counted) = round_trip(&chunk(rows.clone(), 32), Some(step));
        let (_, plain) = round_trip(&chunk(rows.clone(), 32), None);
        assert_eq!(codec, COUNTS);
        assert!(counted < plain, "{counted} bytes as counts, {plain} as floats");
        for odd in [f32::NAN, -0.0, f32::INFINITY, 1e30, (0.4 * step) as f32] {
            rows[77] = odd;
            assert_eq!(round_trip(&chunk(rows.clone(), 32), Some(step)).0, FLOATS, "{odd} is no count");
        }
    }

    #[test]
    fn frames_keep_their_stamps() {
        let frame = Frame { stream: StreamId(2), index: 9, captured: 11, arrived: 12, jpeg: vec![0xFF, 0xD8, 1] };
        assert_eq!(decode_frame(&encode_frame(&frame, 0), StreamId(2)), Some(frame));
        assert_eq!(decode_frame(&[3; 20], StreamId(2)), None);
    }
}
