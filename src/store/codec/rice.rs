//! Counts as bits: each channel is predicted by differences of order 0 to 3, and the residuals are written as
//! Rice codes whose parameter is chosen for that channel and frame (the fixed predictors of Shorten, T. Robinson,
//! CUED/F-INFENG/TR.156, 1994).
//!
//! A channel is: order (2 bits), parameter (5 bits), the first `order` counts in full, then one code a sample: the
//! upper bits of the zigzag residual in unary (zeros, then a one), the lower bits as they are. Parameter 31 says that
//! every residual is 0. Bits fill bytes from the lowest.

mod read;
mod tile;

pub(super) use read::{BitReader, decode};
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

#[cfg(test)]
mod tests;
