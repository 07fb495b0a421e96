//! The bytes of data frames: a fixed header, then samples (lossless, bit for bit) or a JPEG.
//!
//! Header, little-endian: codec u8, n u32, first index u64, device or capture time i64, arrival i64, gap u32. A frame
//! of several packets has their table behind the header (module `packets`), and [`PACKETS`] set in its codec.
//! Samples are stored channel by channel: as counts of the converter's step where that is exact, else as numbers that
//! order as the values do (module `counts`); where that does not pack, split into byte planes and packed by zstd.

mod counts;
mod packets;
mod rice;
mod step;

use crate::signal::{Chunk, Frame, Nanos, StreamId};
pub(super) use packets::Packet;
pub(super) use step::{ENOUGH, Grid, detect};
use zstd::bulk::{Compressor, Decompressor};

/// Bytes of the header.
pub(super) const HEADER: usize = 33;
/// In place of a device time that is not there.
const NO_TIME: Nanos = Nanos::MIN;

/// f32, as they are: what does not become smaller.
const RAW: u8 = 0;
/// i32 counts of one step: difference, zigzag, byte planes, zstd 1. Before the planes stands the step, f64. Read, and
/// no longer written.
const COUNTS: u8 = 1;
/// f32: byte planes, zstd 3.
const FLOATS: u8 = 2;
/// One JPEG.
const JPEG: u8 = 3;
/// Counts of a step a channel, predicted and Rice-coded.
const RICE: u8 = 5;
/// As [`RICE`], and channels may be counts with an offset or whole numbers that stand for floats.
const MIXED: u8 = 6;
/// A float that takes more bytes than this may be packed better by zstd.
const DEAR: f64 = 3.7;
/// More samples (and values) than this in one frame are damage: no writer makes them, and no reader should reserve
/// room for them.
pub(super) const MOST_SAMPLES: usize = 1 << 20;
const MOST_VALUES: usize = 1 << 26;
/// Set in the codec of a frame that was put together from several packets.
const PACKETS: u8 = 0x40;

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

/// Packets of one stream without a hole between them, on their way into one frame. They are kept as they came: what is
/// not copied need not be fetched twice.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    chunks: Vec<Chunk>,
    /// Samples per channel.
    len: u64,
    bytes: usize,
}

impl Gathered {
    /// Samples per channel.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The chunk goes on where these samples end.
    pub(super) fn continues_with(&self, chunk: &Chunk) -> bool {
        chunk.lost_before == 0 && self.chunks.first().is_some_and(|first| first.first_index + self.len == chunk.first_index)
    }

    pub(super) fn push(&mut self, chunk: Chunk) {
        self.len += chunk.len() as u64;
        self.bytes += chunk.rows.len() * size_of::<f32>();
        self.chunks.push(chunk);
    }

    pub(super) fn clear(&mut self) {
        self.chunks.clear();
        (self.len, self.bytes) = (0, 0);
    }

    /// Packet by packet, and in each sample by sample.
    pub(super) fn rows(&self) -> Vec<&[f32]> {
        self.chunks.iter().map(|chunk| chunk.rows.as_slice()).collect()
    }

    fn packets(&self) -> Vec<Packet> {
        let packet = |c: &Chunk| Packet { n: c.len() as u32, device_time: c.device_time, arrived: c.arrived };
        self.chunks.iter().map(packet).collect()
    }
}

/// Packs samples; keeps the compressors' memory between frames.
pub(super) struct Encoder {
    strong: Compressor<'static>,
    scratch: counts::Scratch,
}

impl Encoder {
    pub(super) fn new() -> std::io::Result<Encoder> {
        Ok(Encoder { strong: Compressor::new(3)?, scratch: counts::Scratch::default() })
    }

    /// Appends the payload of a frame. `grids` = what each channel can be counted in; a channel is stored as counts
    /// only if every value of this frame comes back exactly.
    pub(super) fn samples(&mut self, gathered: &Gathered, grids: &[Option<Grid>], out: &mut Vec<u8>) {
        let Some(first) = gathered.chunks.first() else { return };
        let head = Head {
            codec: RAW,
            n: gathered.len() as u32,
            first: first.first_index,
            device_time: first.device_time,
            arrived: first.arrived,
            gap: u32::try_from(first.lost_before).unwrap_or(u32::MAX),
        };
        let at = out.len();
        head.write(out);
        let several = if gathered.chunks.len() > 1 { PACKETS } else { 0 };
        if several != 0 {
            packets::write(&gathered.packets(), out);
        }
        let data = out.len();
        let rows = gathered.rows();
        let written = counts::write(&rows, grids, &mut self.scratch, out);
        out[at] = several | if written.is_some_and(|w| w.plain) { RICE } else { MIXED };
        if written.is_some_and(|w| w.float_bytes as f64 <= DEAR * w.floats as f64) {
            return;
        }
        let channel = |c| gathered.chunks.iter().flat_map(move |chunk| chunk.channel(c));
        let words: Vec<u32> = (0..first.channels).flat_map(channel).map(f32::to_bits).collect();
        let packed = self.strong.compress(&planes(&words)).unwrap_or_default();
        let raw = words.len() * 4;
        let least = if packed.is_empty() { raw } else { raw.min(packed.len()) };
        if written.is_some() && out.len() - data < least {
            return;
        }
        out.truncate(data);
        if least < raw {
            out[at] = FLOATS | several;
            out.extend_from_slice(&packed);
        } else {
            out[at] = RAW | several;
            words.iter().for_each(|w| out.extend_from_slice(&w.to_le_bytes()));
        }
    }

    /// What each channel of the last frame was counted in; None where it could not be.
    pub(super) fn used(&self) -> &[Option<Grid>] {
        &self.scratch.used
    }
}

/// Appends the payload of a video frame; `first` = its index in the session, `lost` = frames missing before it.
pub(super) fn encode_frame(frame: &Frame, first: u64, lost: u64, out: &mut Vec<u8>) {
    let gap = u32::try_from(lost).unwrap_or(u32::MAX);
    let head = Head { codec: JPEG, n: 1, first, device_time: Some(frame.captured), arrived: frame.arrived, gap };
    head.write(out);
    out.extend_from_slice(&frame.jpeg);
}

/// Header, packets (at least one) and data of a payload of samples. None when it is not what its header says.
pub(super) fn open(payload: &[u8]) -> Option<(Head, Vec<Packet>, &[u8])> {
    let mut head = Head::read(payload).filter(|head| head.n as usize <= MOST_SAMPLES)?;
    let data = &payload[HEADER..];
    if head.codec & PACKETS == 0 {
        let Head { n, device_time, arrived, .. } = head;
        return Some((head, vec![Packet { n, device_time, arrived }], data));
    }
    head.codec &= !PACKETS;
    let (packets, data) = packets::read(&head, data)?;
    (!packets.is_empty()).then_some((head, packets, data))
}

/// The samples of a payload, channel by channel: `channels` x n. None when it is not what its header says.
pub(super) fn decode_chunk(payload: &[u8], channels: usize) -> Option<(Head, Vec<f32>)> {
    let mut planar = Vec::new();
    Some((decode_into(payload, channels, &mut planar)?, planar))
}

/// As [`decode_chunk`], in memory that is there already.
pub(super) fn decode_into(payload: &[u8], channels: usize, planar: &mut Vec<f32>) -> Option<Head> {
    planar.clear();
    let (head, _, data) = open(payload)?;
    let values = (head.n as usize).checked_mul(channels).filter(|values| *values <= MOST_VALUES)?;
    let bytes = values.checked_mul(4)?;
    match head.codec {
        RAW => planar.extend(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
        FLOATS => planar.extend(unplanes(&unpack(data, bytes)?).into_iter().map(f32::from_bits)),
        COUNTS => {
            let step = f64::from_le_bytes(data.get(..8)?.try_into().ok()?);
            planar.extend(uncounts(&unplanes(&unpack(&data[8..], bytes)?), head.n as usize, step));
        }
        RICE => counts::read(data, head.n as usize, channels, false, planar)?,
        MIXED => counts::read(data, head.n as usize, channels, true, planar)?,
        _ => return None,
    }
    (planar.len() == values).then_some(head)
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
mod tests;
