//! Samples as whole counts of a converter's step, where that is exact, bit for bit; other values as the numbers that
//! their bits stand for, which order as they do.
//!
//! Data: runs of channels with one form (u16 channels, f64 step), then the channels as bits (module `rice`). In a
//! frame of counts alone, step 0 says that the values of a channel stand as 32 bits each (read, and no longer
//! written). In a frame of mixed forms a negative step is followed by an offset (f64): values are count x |step| +
//! offset; step 0 says that the bits of the values are coded as whole numbers.

use super::rice::{self, BitReader, BitWriter};
use super::step::Grid;

/// Adding and subtracting this rounds a double to a whole number; its lower half then holds the number.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Channels that are turned into columns together: one cache line of a row.
const TILE: usize = 16;

/// Memory that is kept between frames.
#[derive(Default)]
pub(super) struct Scratch {
    columns: Vec<i32>,
    residuals: Vec<u32>,
    bits: Vec<u8>,
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

/// Appends rows (sample by sample, `grids.len()` channels); None, and nothing is appended, where there are none.
pub(super) fn write(rows: &[f32], grids: &[Option<Grid>], scratch: &mut Scratch, out: &mut Vec<u8>) -> Option<Written> {
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
fn write_wide(rows: &[f32], grids: &[Option<Grid>], scratch: &mut Scratch, out: &mut Vec<u8>) -> Option<Written> {
    write_plain(rows, grids, scratch, out)
}

// What follows must become part of its caller, or it is compiled for the oldest processor.
#[inline(always)]
fn write_plain(rows: &[f32], grids: &[Option<Grid>], scratch: &mut Scratch, out: &mut Vec<u8>) -> Option<Written> {
    let channels = grids.len();
    scratch.used.clear();
    if channels == 0 || channels > usize::from(u16::MAX) || rows.len() < channels {
        return None;
    }
    let n = rows.len() / channels;
    scratch.columns.resize(TILE * n, 0);
    let mut written = Written { plain: true, floats: 0, float_bytes: 0 };
    scratch.bits.clear();
    let mut bits = BitWriter::behind(std::mem::take(&mut scratch.bits));
    for grids in grids.chunks(TILE) {
        // Tile by tile, so that the columns are still in the nearest cache when they are coded.
        let first = scratch.used.len();
        let shifted = grids.iter().flatten().any(|grid| grid.offset != 0.0);
        let exact = if shifted {
            to_counts::<true>(rows, channels, (first, grids), &mut scratch.columns, n)
        } else {
            to_counts::<false>(rows, channels, (first, grids), &mut scratch.columns, n)
        };
        scratch.used.extend(grids.iter().zip(exact).map(|(grid, exact)| grid.filter(|_| exact)));
        written.plain &= !shifted;
        for (c, (column, form)) in (first..).zip(scratch.columns.chunks_mut(n).zip(&scratch.used[first..])) {
            let before = bits.bytes.len();
            if form.is_none() {
                let values = rows.iter().skip(c).step_by(channels);
                column.iter_mut().zip(values).for_each(|(to, value)| *to = ordered(value.to_bits() as i32));
            }
            rice::encode(column, &mut bits, &mut scratch.residuals);
            if form.is_none() {
                written.plain = false;
                written.floats += n;
                written.float_bytes += bits.bytes.len() - before;
            }
        }
    }
    bits.finish();
    write_forms(&scratch.used, out);
    out.extend_from_slice(&bits.bytes);
    scratch.bits = bits.bytes;
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

/// The channels from `first` on as counts, each in a column of `n`; answers which of them are exact. Row by row, so
/// that a cache line is used whole. `SHIFTED` = some of them have an offset.
#[inline(always)]
fn to_counts<const SHIFTED: bool>(
    rows: &[f32],
    channels: usize,
    (first, grids): (usize, &[Option<Grid>]),
    columns: &mut [i32],
    n: usize,
) -> [bool; TILE] {
    let (mut step, mut offset) = ([1.0; TILE], [0.0; TILE]);
    for (c, grid) in grids.iter().enumerate() {
        if let Some(grid) = grid.filter(Grid::is_usable) {
            (step[c], offset[c]) = (grid.step, grid.offset);
        }
    }
    let inverse = step.map(|step| 1.0 / step);
    let mut split = columns.chunks_exact_mut(n);
    let mut places: [&mut [i32]; TILE] = std::array::from_fn(|_| split.next().unwrap_or_default());
    let mut wrong = [0u32; TILE];
    let mut narrow = [0f32; TILE];
    for (i, row) in rows.chunks_exact(channels).enumerate() {
        let row = &row[first..first + grids.len()];
        // A whole tile is read where it stands; only the last one of a row may be narrower.
        let values = if let Some(values) = row.first_chunk::<TILE>() {
            values
        } else {
            narrow[..row.len()].copy_from_slice(row);
            &narrow
        };
        let mut counts = [0i32; TILE];
        for c in 0..TILE {
            let value = if SHIFTED { f64::from(values[c]) - offset[c] } else { f64::from(values[c]) };
            counts[c] = (value * inverse[c] + ROUND).to_bits() as i32;
            let scaled = f64::from(counts[c]) * step[c];
            let back = if SHIFTED { scaled + offset[c] } else { scaled };
            // NaN, -0.0 and what lies between two counts do not give the same bits on the way back.
            wrong[c] |= (back as f32).to_bits() ^ values[c].to_bits();
        }
        for (column, count) in places.iter_mut().zip(&counts) {
            if let Some(place) = column.get_mut(i) {
                *place = *count;
            }
        }
    }
    std::array::from_fn(|c| wrong[c] == 0 && grids.get(c).is_some_and(|grid| grid.as_ref().is_some_and(Grid::is_usable)))
}

/// How a channel stands in the data.
enum Form {
    Counts(Grid),
    /// 32 bits a value.
    Bits,
    Ordered,
}

/// The samples, channel by channel; `mixed` = the frame may hold more than plain counts. None when the data is not
/// what its header says.
pub(super) fn read(mut data: &[u8], n: usize, channels: usize, mixed: bool) -> Option<Vec<f32>> {
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
    let mut planar = Vec::with_capacity(n.checked_mul(channels)?);
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
    bits.is_spent().then_some(planar)
}

fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = data.split_first_chunk::<N>()?;
    *data = rest;
    Some(*first)
}
