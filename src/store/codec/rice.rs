//! Counts as bits: each channel is predicted by differences of order 0 to 3, and the residuals are written as
//! Rice codes whose parameter is chosen for that channel and frame (the fixed predictors of Shorten, T. Robinson,
//! CUED/F-INFENG/TR.156, 1994).
//!
//! A channel is: order (2 bits), parameter (5 bits), the first `order` counts in full, then one code a sample: the
//! upper bits of the zigzag residual in unary (zeros, then a one), the lower bits as they are. Parameter 31 says that
//! every residual is 0. Bits fill bytes from the lowest.

/// Highest order of differences.
const ORDERS: usize = 4;
/// Counts that the order is judged by.
const JUDGED: usize = 64;
/// So many zeros mean that 32 bits follow as they are.
const ESCAPE: u32 = 20;
/// Parameter of a channel without residuals.
const SILENT: u32 = 31;
/// Residuals whose bits are put together before they go behind the others.
const BLOCK: usize = 128;
/// Most bits that are stored at once; seven may wait in the same word.
const MOST_BITS: u32 = 56;
/// Bytes that a block may take (52 bits a residual at most), what waited before it, and the last word's rest.
const ROOM: usize = BLOCK * 52 / 8 + 16;

/// Bits on their way into bytes.
#[derive(Default)]
pub(super) struct BitWriter {
    pub bytes: Vec<u8>,
    held: u64,
    used: u32,
}

impl BitWriter {
    /// Goes on behind these bytes.
    pub(super) fn behind(bytes: Vec<u8>) -> Self {
        BitWriter { bytes, ..BitWriter::default() }
    }

    /// Appends the lowest `bits` (at most 32) of a value that has none above them.
    pub(super) fn put(&mut self, value: u32, bits: u32) {
        self.held |= u64::from(value) << self.used;
        self.used += bits;
        if self.used >= 32 {
            self.bytes.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.used -= 32;
        }
    }

    /// Appends one code a residual. The bits of a block are put together beside the bytes: eight bytes are stored at a
    /// time, whatever came of them, so that no branch depends on where a code ends.
    #[inline(always)]
    fn codes(&mut self, residuals: &[u32], parameter: u32) {
        let mut block = [0; ROOM];
        let mut tail = Tail { held: self.held, used: self.used, at: 0 };
        for words in residuals.chunks(BLOCK) {
            tail = Tail { at: 0, ..tail }.store(0, 0, &mut block);
            let (pairs, last) = words.as_chunks::<2>();
            for [a, b] in pairs {
                let ((first, length), (second, more)) = (code(*a, parameter), code(*b, parameter));
                tail = if length + more <= MOST_BITS {
                    tail.store(first | second << length, length + more, &mut block)
                } else {
                    tail.store(first, length, &mut block).store(second, more, &mut block)
                };
            }
            for word in last {
                let (value, bits) = code(*word, parameter);
                tail = tail.store(value, bits, &mut block);
            }
            self.bytes.extend_from_slice(&block[..tail.at]);
        }
        (self.held, self.used) = (tail.held, tail.used);
    }

    /// Fills up the last byte.
    pub(super) fn finish(&mut self) {
        let whole = self.used.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.held.to_le_bytes()[..whole]);
        (self.held, self.used) = (0, 0);
    }
}

/// Bits that wait for their byte to be full, and where that byte stands in a block. By value: it stays in registers.
#[derive(Clone, Copy)]
struct Tail {
    held: u64,
    used: u32,
    at: usize,
}

impl Tail {
    /// Appends at most [`MOST_BITS`] bits.
    #[inline(always)]
    fn store(self, value: u64, bits: u32, block: &mut [u8; ROOM]) -> Tail {
        let (held, used) = (self.held | value << self.used, self.used + bits);
        if let Some(room) = block.get_mut(self.at..self.at + 8) {
            room.copy_from_slice(&held.to_le_bytes());
        }
        Tail { held: held >> (used & !7), used: used & 7, at: self.at + (used / 8) as usize }
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

fn zigzag(difference: i32) -> u32 {
    ((difference << 1) ^ (difference >> 31)) as u32
}

fn unzigzag(word: u32) -> i32 {
    ((word >> 1) as i32) ^ -((word & 1) as i32)
}

/// Writes one channel.
#[inline(always)]
pub(super) fn encode(counts: &[i32], out: &mut BitWriter, residuals: &mut Vec<u32>) {
    let order = best_order(counts).min(counts.len());
    residuals.clear();
    predict(counts, order, residuals);
    let parameter = best_parameter(residuals);
    out.put(order as u32, 2);
    out.put(parameter, 5);
    counts[..order].iter().for_each(|count| out.put(*count as u32, 32));
    if parameter == SILENT {
        return;
    }
    out.codes(residuals, parameter);
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

/// The order that costs the fewest bits, judged by some counts from the middle.
#[inline(always)]
fn best_order(counts: &[i32]) -> usize {
    let middle = counts.len().saturating_sub(JUDGED) / 2;
    let judged = &counts[middle..(middle + JUDGED).min(counts.len())];
    let mut differences = [0; JUDGED];
    differences[..judged.len()].copy_from_slice(judged);
    let mut costs = [f32::INFINITY; ORDERS];
    for (order, cost) in costs.iter_mut().enumerate().take(ORDERS.min(counts.len() + 1)) {
        let there = judged.len().saturating_sub(order);
        if order > 0 {
            (0..there).for_each(|i| differences[i] = differences[i + 1].wrapping_sub(differences[i]));
        }
        let sum: u64 = differences[..there].iter().map(|d| u64::from(d.unsigned_abs())).sum();
        // A residual costs about the logarithm of its mean, a count in full 32 bits.
        let mean = sum as f32 / there.max(1) as f32;
        *cost = log2(1.0 + mean) * (counts.len() - order) as f32 + 32.0 * order as f32;
    }
    (0..ORDERS).min_by(|a, b| costs[*a].total_cmp(&costs[*b])).unwrap_or(0)
}

/// The logarithm of a number from 1 on, straight between powers of two: at most 0.09 too low.
fn log2(x: f32) -> f32 {
    x.to_bits() as f32 / (1 << 23) as f32 - 127.0
}

#[inline(always)]
fn predict(counts: &[i32], order: usize, out: &mut Vec<u32>) {
    // Slices that begin one count later each: the loops over them have no bounds to check.
    let from = |k: usize| counts.get(k..).unwrap_or(&[]);
    match order {
        0 => out.extend(counts.iter().map(|a| zigzag(*a))),
        1 => out.extend(from(1).iter().zip(counts).map(|(b, a)| zigzag(b.wrapping_sub(*a)))),
        2 => out.extend(
            from(2).iter().zip(from(1)).zip(counts).map(|((c, b), a)| zigzag(c.wrapping_sub(b.wrapping_mul(2)).wrapping_add(*a))),
        ),
        _ => out.extend(
            from(3)
                .iter()
                .zip(from(2))
                .zip(from(1))
                .zip(counts)
                .map(|(((d, c), b), a)| zigzag(d.wrapping_sub(*a).wrapping_sub(c.wrapping_sub(*b).wrapping_mul(3)))),
        ),
    }
}

/// The parameter with the fewest bits, among those around the logarithm of the mean.
#[inline(always)]
fn best_parameter(residuals: &[u32]) -> u32 {
    let sum: u64 = residuals.iter().map(|w| u64::from(*w)).sum();
    if sum == 0 {
        return SILENT;
    }
    let middle = (sum / residuals.len() as u64).checked_ilog2().unwrap_or(0).min(SILENT - 2);
    let lowest = middle.saturating_sub(1);
    // At the lowest parameter the upper bits are 16 on average at most: their sum fits.
    let unary = residuals.iter().fold([0u32; 3], |[a, b, c], w| {
        [a.wrapping_add(w >> lowest), b.wrapping_add(w >> (lowest + 1)), c.wrapping_add(w >> (lowest + 2))]
    });
    let bits = |at: &u32| u64::from(unary[*at as usize]) + residuals.len() as u64 * u64::from(lowest + at + 1);
    lowest + (0..3).min_by_key(bits).unwrap_or(0)
}

#[cfg(test)]
mod tests;
