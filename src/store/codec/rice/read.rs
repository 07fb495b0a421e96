//! Reading: codes out of bits, two at a time where two are sure to be at hand, and counts out of differences.

use super::{ESCAPE, SILENT};

/// So many bits are at hand after eight bytes were fetched; two codes are mostly fewer.
const FILLED: u32 = 56;

/// Bits out of bytes.
pub(in crate::store::codec) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits that were read; it may lie beyond the end.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(in crate::store::codec) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// The next bits, 57 of them at least; zeros stand in for what lies beyond the end.
    #[inline(always)]
    fn look(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(whole) => u64::from_le_bytes(*whole),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        word >> (self.at % 8)
    }

    #[inline(always)]
    pub(in crate::store::codec) fn take(&mut self, bits: u32) -> u32 {
        let value = self.look() & ((1 << bits) - 1);
        self.at += bits as usize;
        value as u32
    }

    #[inline(always)]
    fn code(&mut self, parameter: u32) -> u32 {
        let zeros = self.look().trailing_zeros();
        if zeros >= ESCAPE {
            self.at += ESCAPE as usize;
            return self.take(32);
        }
        self.at += zeros as usize + 1;
        (zeros << parameter) | self.take(parameter)
    }

    /// Nothing was read that was not there, and nothing but the filling of the last byte is left.
    pub(in crate::store::codec) fn is_spent(&self) -> bool {
        (8 * self.bytes.len()).checked_sub(self.at).is_some_and(|left| left < 8)
    }
}

#[inline(always)]
fn unzigzag(word: u32) -> i32 {
    ((word >> 1) as i32) ^ -((word & 1) as i32)
}

/// Reads one channel of `n` counts.
#[inline(always)]
pub(in crate::store::codec) fn decode(bits: &mut BitReader, n: usize, out: &mut Vec<i32>) {
    let (order, parameter) = (bits.take(2) as usize, bits.take(5));
    out.clear();
    out.resize(n, 0);
    let (lead, rest) = out.split_at_mut(order.min(n));
    lead.iter_mut().for_each(|place| *place = bits.take(32) as i32);
    // The last count and its differences.
    match *lead {
        [] => residuals::<0>(bits, parameter, rest, [0; 3]),
        [a] => residuals::<1>(bits, parameter, rest, [a, 0, 0]),
        [a, b] => residuals::<2>(bits, parameter, rest, [b, b.wrapping_sub(a), 0]),
        [a, b, c, ..] => {
            let rise = c.wrapping_sub(b);
            residuals::<3>(bits, parameter, rest, [c, rise, rise.wrapping_sub(b.wrapping_sub(a))]);
        }
    }
}

/// The next count and its differences: the residual changes the highest of them. By value, so that they stay in
/// registers.
#[inline(always)]
fn follow<const ORDER: usize>([count, rise, bend]: [i32; 3], word: u32) -> [i32; 3] {
    let residual = unzigzag(word);
    let bend = bend.wrapping_add(residual);
    let rise = rise.wrapping_add(if ORDER == 3 { bend } else { residual });
    match ORDER {
        0 => [residual, 0, 0],
        1 => [count.wrapping_add(residual), 0, 0],
        2 => [count.wrapping_add(rise), rise, 0],
        _ => [count.wrapping_add(rise), rise, bend],
    }
}

/// Reads a residual for each place and makes of it the count that belongs there.
#[inline(always)]
fn residuals<const ORDER: usize>(bits: &mut BitReader, parameter: u32, places: &mut [i32], mut last: [i32; 3]) {
    if parameter == SILENT {
        for place in places {
            last = follow::<ORDER>(last, 0);
            *place = last[0];
        }
        return;
    }
    let mut ahead = Ahead::of(bits);
    let mut left = places.len();
    let mut pairs = places.chunks_exact_mut(2);
    while let Some(word) = ahead.bytes.first_chunk::<8>() {
        let Some(pair) = pairs.next() else { break };
        left -= 2;
        ahead.fill(*word);
        let below = (1u64 << parameter) - 1;
        let zeros = ahead.held.trailing_zeros();
        let first = (ahead.held >> 1).wrapping_shr(zeros);
        let rest = first >> parameter;
        let more = rest.trailing_zeros();
        let length = zeros + more + 2 * (1 + parameter);
        let (first, second) = if zeros < ESCAPE && more < ESCAPE && length <= FILLED {
            let second = (rest >> 1).wrapping_shr(more);
            (ahead.held, ahead.there) = (second >> parameter, ahead.there - length);
            (zeros << parameter | (first & below) as u32, more << parameter | (second & below) as u32)
        } else {
            bits.at = ahead.at(bits);
            let both = (bits.code(parameter), bits.code(parameter));
            ahead = Ahead::of(bits);
            both
        };
        last = follow::<ORDER>(last, first);
        pair[0] = last[0];
        last = follow::<ORDER>(last, second);
        pair[1] = last[0];
    }
    // Beyond the end nothing was fetched.
    if bits.at < 8 * bits.bytes.len() {
        bits.at = ahead.at(bits);
    }
    let behind = places.len() - left;
    for place in &mut places[behind..] {
        last = follow::<ORDER>(last, bits.code(parameter));
        *place = last[0];
    }
}

/// Bits that were fetched before it is known where the codes before them end: fetching waits for nothing.
struct Ahead<'a> {
    held: u64,
    /// How many of them are sure.
    there: u32,
    /// What follows.
    bytes: &'a [u8],
}

impl<'a> Ahead<'a> {
    #[inline(always)]
    fn of(bits: &BitReader<'a>) -> Ahead<'a> {
        let skip = (bits.at % 8) as u32;
        match bits.bytes.get(bits.at / 8..) {
            Some([byte, bytes @ ..]) => Ahead { held: u64::from(*byte) >> skip, there: 8 - skip, bytes },
            _ => Ahead { held: 0, there: 0, bytes: &[] },
        }
    }

    /// At least [`FILLED`] bits are there afterwards.
    #[inline(always)]
    fn fill(&mut self, word: [u8; 8]) {
        self.held |= u64::from_le_bytes(word) << (self.there & 63);
        // Seven at most, of the eight that are there.
        self.bytes = self.bytes.get(((63 - self.there) & 63) as usize / 8..).unwrap_or_default();
        self.there |= FILLED;
    }

    /// Where the first of the bits stands.
    fn at(&self, bits: &BitReader) -> usize {
        8 * (bits.bytes.len() - self.bytes.len()) - self.there as usize
    }
}
