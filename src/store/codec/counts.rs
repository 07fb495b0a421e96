//! Samples as whole counts of a converter's step, where that is exact, bit for bit; other values as the numbers that
//! their bits stand for, which order as they do.
//!
//! Data: runs of channels with one form (u16 channels, f64 step), then the channels as bits (module `rice`). In a
//! frame of counts alone, step 0 says that the values of a channel stand as 32 bits each (read, and no longer
//! written). In a frame of mixed forms a negative step is followed by an offset (f64): values are count x |step| +
//! offset; step 0 says that the bits of the values are coded as whole numbers.

use super::rice::{self, BitReader, BitWriter, TILE};
use super::step::Grid;

/// Adding and subtracting this rounds a double to a whole number; its lower half then holds the number.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Memory that is kept between frames.
#[derive(Default)]
pub(super) struct Scratch {
    counts: Vec<[i32; TILE]>,
    scales: Vec<Scales>,
    room: rice::Room,
    bits: BitWriter,
    /// The form of each channel of the last frame; None = not whole counts.
    pub used: Vec<Option<Grid>>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Written {
    /// Counts without an offset, and nothing else.
    pub plain: bool,
    /// Values that are not counts, and the bytes that they take.
    pub floats: usize,
    pub float_bytes: usize,
}

/// Appends the rows of several packets (sample by sample, `grids.len()` channels); None, and nothing is appended, where
/// there are none.
pub(super) fn write(rows: &[&[f32]], grids: &[Option<Grid>], scratch: &mut Scratch, out: &mut Vec<u8>) -> Option<Written> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has what `write_wide` was compiled for.
        return unsafe { write_wide(rows, grids, scratch, out) };
    }
    write_plain(rows, grids, scratch, out)
}

/// The same for processors of the last ten years: four values at a time instead of two. The bytes are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi2")]
fn write_wide(rows: &[&[f32]], grids: &[Option<Grid>], scratch: &mut Scratch, out: &mut Vec<u8>) -> Option<Written> {
    write_plain(rows, grids, scratch, out)
}

// What follows must become part of its caller, or it is compiled for the oldest processor.
#[inline(always)]
fn write_plain(rows: &[&[f32]], grids: &[Option<Grid>], scratch: &mut Scratch, out: &mut Vec<u8>) -> Option<Written> {
    let channels = grids.len();
    scratch.used.clear();
    let n: usize = rows.iter().map(|rows| rows.len().checked_div(channels).unwrap_or(0)).sum();
    if n == 0 || channels > usize::from(u16::MAX) {
        return None;
    }
    let mut written = Written { plain: true, floats: 0, float_bytes: 0 };
    scratch.counts.resize(n * channels.div_ceil(TILE), [0; TILE]);
    if grids.iter().flatten().any(|grid| grid.offset != 0.0) {
        written.plain = false;
        to_counts::<true>(rows, grids, scratch, n);
    } else {
        to_counts::<false>(rows, grids, scratch, n);
    }
    scratch.bits.clear();
    for (first, counts) in (0..).step_by(TILE).zip(scratch.counts.chunks_exact_mut(n)) {
        let forms = &scratch.used[first..channels.min(first + TILE)];
        for (c, _) in forms.iter().enumerate().filter(|(_, form)| form.is_none()) {
            let values = rows.iter().flat_map(|rows| rows.iter().skip(first + c).step_by(channels));
            counts.iter_mut().zip(values).for_each(|(to, value)| to[c] = ordered(value.to_bits() as i32));
        }
        let bytes = rice::encode(counts, forms.len(), &mut scratch.room, &mut scratch.bits);
        for (bytes, _) in bytes.iter().zip(forms).filter(|(_, form)| form.is_none()) {
            written.plain = false;
            written.floats += n;
            written.float_bytes += bytes;
        }
    }
    write_forms(&scratch.used, out);
    out.extend_from_slice(scratch.bits.finish());
    Some(written)
}

fn write_forms(forms: &[Option<Grid>], out: &mut Vec<u8>) {
    for run in forms.chunk_by(|a, b| a == b) {
        out.extend_from_slice(&(run.len() as u16).to_le_bytes());
        match run[0] {
            Some(Grid { step, offset }) if offset != 0.0 => {
                out.extend_from_slice(&(-step).to_le_bytes());
                out.extend_from_slice(&offset.to_le_bytes());
            }
            form => out.extend_from_slice(&form.map_or(0.0, |grid| grid.step).to_le_bytes()),
        }
    }
}

/// The bits of a float as a number that orders as the float does, and back.
fn ordered(bits: i32) -> i32 {
    bits ^ (((bits >> 31) as u32) >> 1) as i32
}

/// The values as counts, tile by tile and in each sample by sample; `used` becomes the grids of those channels of which
/// every value is exact. Rows are read as they stand in memory. `SHIFTED` = some of them have an offset.
#[inline(always)]
fn to_counts<const SHIFTED: bool>(rows: &[&[f32]], grids: &[Option<Grid>], scratch: &mut Scratch, n: usize) {
    let Scratch { counts, used, scales, .. } = scratch;
    scales.clear();
    scales.extend(grids.chunks(TILE).map(Scales::of));
    for (i, row) in rows.iter().flat_map(|rows| rows.chunks_exact(grids.len())).enumerate() {
        let (tiles, rest) = row.as_chunks::<TILE>();
        let mut last = [0.0; TILE];
        last[..rest.len()].copy_from_slice(rest);
        let tiles = tiles.iter().chain((!rest.is_empty()).then_some(&last));
        for ((values, scales), counts) in tiles.zip(scales.iter_mut()).zip(counts.iter_mut().skip(i).step_by(n)) {
            scales.count::<SHIFTED>(values, counts);
        }
    }
    let exact = scales.iter().flat_map(|scales| scales.wrong.map(|wrong| wrong == 0));
    used.extend(grids.iter().zip(exact).map(|(grid, exact)| grid.filter(|grid| exact && grid.is_usable())));
}

/// The grids of a tile, and which bits were wrong on the way back.
struct Scales {
    step: [f64; TILE],
    inverse: [f64; TILE],
    offset: [f64; TILE],
    wrong: [u32; TILE],
}

impl Scales {
    fn of(grids: &[Option<Grid>]) -> Scales {
        let (mut step, mut offset) = ([1.0; TILE], [0.0; TILE]);
        for (c, grid) in grids.iter().enumerate() {
            if let Some(grid) = grid.filter(Grid::is_usable) {
                (step[c], offset[c]) = (grid.step, grid.offset);
            }
        }
        Scales { step, inverse: step.map(|step| 1.0 / step), offset, wrong: [0; TILE] }
    }

    #[inline(always)]
    fn count<const SHIFTED: bool>(&mut self, values: &[f32; TILE], counts: &mut [i32; TILE]) {
        for c in 0..TILE {
            let value = if SHIFTED { f64::from(values[c]) - self.offset[c] } else { f64::from(values[c]) };
            counts[c] = (value * self.inverse[c] + ROUND).to_bits() as i32;
            let scaled = f64::from(counts[c]) * self.step[c];
            let back = if SHIFTED { scaled + self.offset[c] } else { scaled };
            // NaN, -0.0 and what lies between two counts do not give the same bits on the way back.
            self.wrong[c] |= (back as f32).to_bits() ^ values[c].to_bits();
        }
    }
}

/// How a channel stands in the data.
enum Form {
    Counts(Grid),
    /// 32 bits a value.
    Bits,
    Ordered,
}

/// Appends the samples, channel by channel; `mixed` = the frame may hold more than plain counts. None when the data is
/// not what its header says.
pub(super) fn read(data: &[u8], n: usize, channels: usize, mixed: bool, planar: &mut Vec<f32>) -> Option<()> {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi2") {
        // SAFETY: the processor has what `read_wide` was compiled for; every one with BMI2 has BMI1.
        return unsafe { read_wide(data, n, channels, mixed, planar) };
    }
    read_plain(data, n, channels, mixed, planar)
}

/// The same for processors of the last ten years. The values are the same.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn read_wide(data: &[u8], n: usize, channels: usize, mixed: bool, planar: &mut Vec<f32>) -> Option<()> {
    read_plain(data, n, channels, mixed, planar)
}

#[inline(always)]
fn read_plain(mut data: &[u8], n: usize, channels: usize, mixed: bool, planar: &mut Vec<f32>) -> Option<()> {
    let mut forms = Vec::with_capacity(channels);
    while forms.len() < channels {
        let length = usize::from(u16::from_le_bytes(take(&mut data)?));
        let step = f64::from_le_bytes(take(&mut data)?);
        if length == 0 || length > channels - forms.len() {
            return None;
        }
        let offset = if mixed && step < 0.0 { f64::from_le_bytes(take(&mut data)?) } else { 0.0 };
        forms.extend((0..length).map(|_| match (mixed, step == 0.0) {
            (true, true) => Form::Ordered,
            (false, true) => Form::Bits,
            (true, false) => Form::Counts(Grid { step: step.abs(), offset }),
            (false, false) => Form::Counts(Grid { step, offset: 0.0 }),
        }));
    }
    let mut bits = BitReader::new(data);
    planar.reserve(n.checked_mul(channels)?);
    let mut numbers = Vec::new();
    for form in forms {
        if matches!(form, Form::Bits) {
            planar.extend((0..n).map(|_| f32::from_bits(bits.take(32))));
            continue;
        }
        rice::decode(&mut bits, n, &mut numbers);
        match form {
            Form::Counts(Grid { step, offset }) if offset != 0.0 => {
                planar.extend(numbers.iter().map(|count| (f64::from(*count) * step + offset) as f32));
            }
            Form::Counts(Grid { step, .. }) => planar.extend(numbers.iter().map(|count| (f64::from(*count) * step) as f32)),
            _ => planar.extend(numbers.iter().map(|number| f32::from_bits(ordered(*number) as u32))),
        }
    }
    bits.is_spent().then_some(())
}

fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = data.split_first_chunk::<N>()?;
    *data = rest;
    Some(*first)
}
