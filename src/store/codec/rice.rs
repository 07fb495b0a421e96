//! Counts as bits: each channel is predicted by differences of order 0 to 3, and the residuals are written as
//! Rice codes whose parameter is chosen for that channel and frame (the fixed predictors of Shorten, T. Robinson,
//! CUED/F-INFENG/TR.156, 1994).
//!
//! A channel is: order (2 bits), parameter (5 bits), the first `order` counts in full, then one code a sample: the
//! upper bits of the zigzag residual in unary (zeros, then a one), the lower bits as they are. Parameter 31 says that
//! every residual is 0. Bits fill bytes from the lowest.

mod tile;

pub(super) use tile::{Room, TILE, encode};

/// Orders of differences: 0 to 3.
const ORDERS: usize = 4;
/// So many zeros mean that 32 bits follow as they are.
const ESCAPE: u32 = 20;
/// Parameter of a channel without residuals.
const SILENT: u32 = 31;
/// Most bits that are stored at once; seven may wait in the same word.
const MOST_BITS: u32 = 56;
/// Where a code stands beside its length.
const CODE: u64 = (1 << MOST_BITS) - 1;

/// Bits on their way into bytes.
#[derive(Default)]
pub(super) struct BitWriter {
    /// Room that is kept from frame to frame; what is written stands before `at`.
    room: Vec<u8>,
    at: usize,
    /// Bits that wait for their byte to be full: seven at most.
    held: u64,
    used: u32,
}

impl BitWriter {
    /// Begins anew.
    pub(super) fn clear(&mut self) {
        (self.at, self.held, self.used) = (0, 0, 0);
    }

    /// Makes room for so many bytes more, and for the eight that are stored at a time.
    fn reserve(&mut self, bytes: usize) {
        let least = self.at + bytes + 16;
        if self.room.len() < least {
            self.room.resize(least, 0);
        }
    }

    /// Whole bytes so far.
    fn len(&self) -> usize {
        self.at
    }

    /// Appends the lowest `bits` (at most 32) of a value that has none above them.
    pub(super) fn put(&mut self, value: u32, bits: u32) {
        self.reserve(8);
        let mut tail = self.tail();
        tail.store(u64::from(value), bits, &mut self.room);
        self.goes_on(&tail);
    }

    /// Appends codes, each with its length from bit [`MOST_BITS`] on: four together, or, where those are too long, two
    /// and two.
    #[inline(always)]
    fn fours(&mut self, fours: impl Iterator<Item = (u64, [u64; 2])>) {
        let mut tail = self.tail();
        for (four, pairs) in fours {
            let length = (four >> MOST_BITS) as u32;
            if length <= MOST_BITS {
                tail.store(four & CODE, length, &mut self.room);
            } else {
                pairs.iter().for_each(|pair| tail.store(pair & CODE, (pair >> MOST_BITS) as u32, &mut self.room));
            }
        }
        self.goes_on(&tail);
    }

    /// Appends one code a residual, however long.
    #[inline(always)]
    fn codes(&mut self, residuals: impl Iterator<Item = u32>, parameter: u32) {
        let mut tail = self.tail();
        for word in residuals {
            let (value, bits) = code(word, parameter);
            tail.store(value, bits, &mut self.room);
        }
        self.goes_on(&tail);
    }

    fn tail(&self) -> Tail {
        Tail { held: self.held, used: self.used, at: self.at }
    }

    fn goes_on(&mut self, tail: &Tail) {
        (self.held, self.used, self.at) = (tail.held, tail.used, tail.at);
    }

    /// Fills up the last byte and answers all.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.reserve(0);
        let whole = self.used.div_ceil(8) as usize;
        self.room[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        self.at += whole;
        (self.held, self.used) = (0, 0);
        &self.room[..self.at]
    }
}

/// Where the next bits go. A copy, so that it stays in registers.
struct Tail {
    held: u64,
    used: u32,
    at: usize,
}

impl Tail {
    /// Appends at most [`MOST_BITS`] bits. Eight bytes are stored at a time, whatever came of them, so that no branch
    /// depends on where a code ends.
    #[inline(always)]
    fn store(&mut self, value: u64, bits: u32, room: &mut [u8]) {
        let (held, used) = (self.held | value << self.used, self.used + bits);
        if let Some(room) = room.get_mut(self.at..self.at + 8) {
            room.copy_from_slice(&held.to_le_bytes());
        }
        (self.held, self.used, self.at) = (held >> (used & !7), used & 7, self.at + (used / 8) as usize);
    }
}

/// The bits of one residual, and how many they are: at most [`MOST_BITS`].
#[inline(always)]
fn code(word: u32, parameter: u32) -> (u64, u32) {
    let high = word >> parameter;
    if high < ESCAPE {
        let low = u64::from(word) & ((1 << parameter) - 1);
        ((low << 1 | 1) << high, high + 1 + parameter)
    } else {
        (u64::from(word) << ESCAPE, ESCAPE + 32)
    }
}

/// Bits out of bytes.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    held: u64,
    there: u32,
    /// Bits that were read beyond the end.
    beyond: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, held: 0, there: 0, beyond: 0 }
    }

    /// At least 32 bits are held afterwards; zeros stand in for what lies beyond the end.
    fn fill(&mut self) {
        while self.there <= 32 {
            match self.bytes {
                [a, b, c, d, rest @ ..] => {
                    self.held |= u64::from(u32::from_le_bytes([*a, *b, *c, *d])) << self.there;
                    self.there += 32;
                    self.bytes = rest;
                }
                [a, rest @ ..] => {
                    self.held |= u64::from(*a) << self.there;
                    self.there += 8;
                    self.bytes = rest;
                }
                [] => {
                    self.there += 32;
                    self.beyond += 32;
                }
            }
        }
    }

    pub(super) fn take(&mut self, bits: u32) -> u32 {
        self.fill();
        let value = self.held & ((1u64 << bits) - 1);
        self.drop(bits);
        value as u32
    }

    fn drop(&mut self, bits: u32) {
        self.held >>= bits;
        self.there -= bits;
    }

    fn code(&mut self, parameter: u32) -> u32 {
        self.fill();
        let zeros = self.held.trailing_zeros();
        if zeros >= ESCAPE {
            self.drop(ESCAPE);
            return self.take(32);
        }
        self.drop(zeros + 1);
        (zeros << parameter) | self.take(parameter)
    }

    /// Nothing was read that was not there, and nothing but the filling of the last byte is left.
    pub(super) fn is_spent(&self) -> bool {
        let left = self.there - self.beyond.min(self.there) + 8 * self.bytes.len() as u32;
        self.beyond <= self.there && left < 8
    }
}

fn unzigzag(word: u32) -> i32 {
    ((word >> 1) as i32) ^ -((word & 1) as i32)
}

/// Reads one channel of `n` counts.
pub(super) fn decode(bits: &mut BitReader, n: usize, out: &mut Vec<i32>) {
    out.clear();
    let (order, parameter) = (bits.take(2) as usize, bits.take(5));
    for _ in 0..order.min(n) {
        out.push(bits.take(32) as i32);
    }
    for i in out.len()..n {
        let residual = if parameter == SILENT { 0 } else { unzigzag(bits.code(parameter)) };
        let back = |k: usize| out[i - k];
        let predicted = match order {
            0 => 0,
            1 => back(1),
            2 => back(1).wrapping_mul(2).wrapping_sub(back(2)),
            _ => back(1).wrapping_sub(back(2)).wrapping_mul(3).wrapping_add(back(3)),
        };
        out.push(predicted.wrapping_add(residual));
    }
}

#[cfg(test)]
mod tests;
