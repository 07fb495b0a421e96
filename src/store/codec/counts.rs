//! Samples as whole counts of a converter's step, where that is exact, bit for bit.
//!
//! Data: runs of channels with one step (u16 channels, f64 step; step 0 = this channel is not counts and its values
//! stand as 32 bits each), then the channels as bits (module `rice`).

use super::rice::{self, BitReader, BitWriter};

/// Adding and subtracting this rounds a double to a whole number; its lower half then holds the number.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// Channels that are turned into columns together: one cache line of a row.
const TILE: usize = 16;
/// With more channels than one in so many not in counts, the whole frame is better packed as floats.
const MOST_FLOATS: usize = 4;

/// Memory that is kept between frames.
#[derive(Default)]
pub(super) struct Scratch {
    columns: Vec<i32>,
    residuals: Vec<u32>,
}

/// Appends rows (sample by sample, `steps.len()` channels) as counts; false, and nothing is appended, where too many
/// channels are not exact multiples of their step.
pub(super) fn write(rows: &[f32], steps: &[Option<f64>], scratch: &mut Scratch, out: &mut Vec<u8>) -> bool {
    let channels = steps.len();
    if channels == 0 || channels > usize::from(u16::MAX) {
        return false;
    }
    let n = rows.len() / channels;
    scratch.columns.resize(rows.len(), 0);
    let mut used: Vec<f64> = Vec::with_capacity(channels);
    for (tile, steps) in scratch.columns.chunks_mut(TILE * n.max(1)).zip(steps.chunks(TILE)) {
        let exact = to_counts(rows, channels, (used.len(), steps), tile, n);
        used.extend(steps.iter().zip(exact).map(|(step, exact)| step.filter(|_| exact).unwrap_or(0.0)));
    }
    if n == 0 || used.iter().filter(|s| **s == 0.0).count() * MOST_FLOATS > channels {
        return false;
    }
    for run in used.chunk_by(|a, b| a == b) {
        out.extend_from_slice(&(run.len() as u16).to_le_bytes());
        out.extend_from_slice(&run[0].to_le_bytes());
    }
    let mut bits = BitWriter::behind(std::mem::take(out));
    for (c, (column, step)) in scratch.columns.chunks(n).zip(&used).enumerate() {
        if *step == 0.0 {
            (0..n).for_each(|i| bits.put(rows[i * channels + c].to_bits(), 32));
        } else {
            rice::encode(column, &mut bits, &mut scratch.residuals);
        }
    }
    bits.finish();
    *out = bits.bytes;
    true
}

/// The channels from `first` on as counts, each in a column of `n`; answers which of them are exact. Row by row, so
/// that a cache line is used whole.
fn to_counts(
    rows: &[f32],
    channels: usize,
    (first, steps): (usize, &[Option<f64>]),
    columns: &mut [i32],
    n: usize,
) -> [bool; TILE] {
    let usable = |step: &f64| step.is_finite() && *step > 0.0;
    let mut step = [1.0; TILE];
    step.iter_mut().zip(steps).for_each(|(to, from)| *to = from.filter(usable).unwrap_or(1.0));
    let inverse = step.map(|step| 1.0 / step);
    let mut wrong = [0u32; TILE];
    let (mut values, mut counts) = ([0f32; TILE], [0i32; TILE]);
    for (i, row) in rows.chunks_exact(channels).enumerate() {
        values[..steps.len()].copy_from_slice(&row[first..first + steps.len()]);
        for c in 0..TILE {
            counts[c] = (f64::from(values[c]) * inverse[c] + ROUND).to_bits() as i32;
            // NaN, -0.0 and what lies between two counts do not give the same bits on the way back.
            wrong[c] |= ((f64::from(counts[c]) * step[c]) as f32).to_bits() ^ values[c].to_bits();
        }
        for (column, count) in columns.chunks_exact_mut(n).zip(&counts) {
            column[i] = *count;
        }
    }
    std::array::from_fn(|c| wrong[c] == 0 && steps.get(c).is_some_and(|step| step.as_ref().is_some_and(usable)))
}

/// The samples, channel by channel. None when the data is not what its header says.
pub(super) fn read(mut data: &[u8], n: usize, channels: usize) -> Option<Vec<f32>> {
    let mut steps = Vec::with_capacity(channels);
    while steps.len() < channels {
        let (run, rest) = data.split_at_checked(10)?;
        let step = f64::from_le_bytes(run[2..].try_into().ok()?);
        let length = usize::from(u16::from_le_bytes([run[0], run[1]]));
        if length == 0 || length > channels - steps.len() {
            return None;
        }
        steps.resize(steps.len() + length, step);
        data = rest;
    }
    let mut bits = BitReader::new(data);
    let mut planar = Vec::with_capacity(n.checked_mul(channels)?);
    let mut counts = Vec::new();
    for step in steps {
        if step == 0.0 {
            planar.extend((0..n).map(|_| f32::from_bits(bits.take(32))));
        } else {
            rice::decode(&mut bits, n, &mut counts);
            planar.extend(counts.iter().map(|count| (f64::from(*count) * step) as f32));
        }
    }
    bits.is_spent().then_some(planar)
}
