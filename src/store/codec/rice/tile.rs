//! Writing: sixteen channels side by side, sample by sample, so that one instruction does the same to several of them;
//! only the finished codes are gathered channel by channel.

use super::{BitWriter, CODE, ESCAPE, MOST_BITS, ORDERS, SILENT};

/// Channels that are coded together: one cache line of counts.
pub(in crate::store) const TILE: usize = 16;
/// Counts that the order is judged by.
const JUDGED: usize = 64;
/// Bits of a code of which two fit into one word beside their length.
const SHORT: u32 = MOST_BITS / 2;

/// One number a channel.
type Lanes<T> = [T; TILE];

/// Memory that is kept between tiles.
#[derive(Default)]
pub(in crate::store) struct Room {
    /// Two codes each, the earlier one below, and how many bits they are, from bit 56 on.
    pairs: Vec<Lanes<u64>>,
    /// Two pairs each in the same way, where they fit.
    fours: Vec<Lanes<u64>>,
}

/// How each channel of a tile is coded.
struct Plan {
    order: Lanes<u32>,
    parameter: Lanes<u32>,
    /// The largest residual.
    most: Lanes<u32>,
    /// The first counts, which are written in full.
    lead: [Lanes<i32>; ORDERS - 1],
}

/// Writes the first `width` channels of these counts; the counts are used up.
#[inline(always)]
pub(in crate::store) fn encode(counts: &mut [Lanes<i32>], width: usize, room: &mut Room, out: &mut BitWriter) -> Lanes<usize> {
    let mut lead = [[0; TILE]; ORDERS - 1];
    lead.iter_mut().zip(counts.iter()).for_each(|(to, row)| *to = *row);
    let order = best_orders(counts);
    let (sum, most) = predict(counts, &order);
    let parameter = best_parameters(counts, &sum, &most, &order);
    let plan = Plan { order, parameter, most, lead };
    let longest = |c| plan.longest(c);
    if (0..width).any(|c| plan.parameter[c] != SILENT && longest(c) <= SHORT) {
        pair(counts, &plan, &mut room.pairs);
        four(&room.pairs, &mut room.fours);
    }
    let mut bytes = [0; TILE];
    out.reserve(width * (counts.len() + ORDERS) * 52 / 8);
    for c in 0..width {
        let before = out.len();
        out.put(plan.order[c], 2);
        out.put(plan.parameter[c], 5);
        plan.lead.iter().take(plan.order[c] as usize).for_each(|row| out.put(row[c] as u32, 32));
        if plan.parameter[c] != SILENT {
            if longest(c) <= SHORT {
                out.fours(room.fours.iter().zip(room.pairs.as_chunks::<2>().0).map(|(four, [a, b])| (four[c], [a[c], b[c]])));
            } else {
                out.codes(counts.iter().skip(plan.order[c] as usize).map(|row| row[c] as u32), plan.parameter[c]);
            }
        }
        bytes[c] = out.len() - before;
    }
    bytes
}

impl Plan {
    /// Bits of the longest code of a channel.
    #[inline(always)]
    fn longest(&self, c: usize) -> u32 {
        let high = self.most[c] >> (self.parameter[c] & 31);
        if high < ESCAPE { high + 1 + self.parameter[c] } else { u32::MAX }
    }
}

/// The orders that cost the fewest bits, judged by some counts from the middle.
#[inline(always)]
fn best_orders(counts: &[Lanes<i32>]) -> Lanes<u32> {
    let n = counts.len();
    if n < ORDERS {
        return [0; TILE];
    }
    let judged = n.min(JUDGED);
    let middle = (n - judged) / 2;
    let judged = &counts[middle..middle + judged];
    let mut sums = [[0f32; TILE]; ORDERS];
    let slices = judged[3..].iter().zip(&judged[2..]).zip(&judged[1..]).zip(judged);
    for (((a, b), c), d) in slices {
        for i in 0..TILE {
            let first = [a[i].wrapping_sub(b[i]), b[i].wrapping_sub(c[i]), c[i].wrapping_sub(d[i])];
            let second = [first[0].wrapping_sub(first[1]), first[1].wrapping_sub(first[2])];
            let third = second[0].wrapping_sub(second[1]);
            sums[0][i] += (a[i] as f32).abs();
            sums[1][i] += (first[0] as f32).abs();
            sums[2][i] += (second[0] as f32).abs();
            sums[3][i] += (third as f32).abs();
        }
    }
    let there = (judged.len() - (ORDERS - 1)) as f32;
    let mut best = [0; TILE];
    for i in 0..TILE {
        let mut least = f32::INFINITY;
        for (order, sum) in sums.iter().enumerate() {
            // A residual costs about the logarithm of its mean, a count in full 32 bits.
            let cost = log2(1.0 + sum[i] / there) * (n - order) as f32 + 32.0 * order as f32;
            if cost < least {
                (least, best[i]) = (cost, order as u32);
            }
        }
    }
    best
}

/// The logarithm of a number from 1 on, straight between powers of two: at most 0.09 too low.
#[inline(always)]
fn log2(x: f32) -> f32 {
    x.to_bits() as i32 as f32 / (1 << 23) as f32 - 127.0
}

/// Puts the residuals (zigzag) in place of the counts, 0 where a count is written in full. Answers about half their
/// sum, and the largest.
#[inline(always)]
fn predict(counts: &mut [Lanes<i32>], order: &Lanes<u32>) -> (Lanes<f32>, Lanes<u32>) {
    let at_least = |least: u32| order.map(|order| if order >= least { -1 } else { 0 });
    let (one, two, three): (Lanes<i32>, Lanes<i32>, Lanes<i32>) = (at_least(1), at_least(2), at_least(3));
    // What each stage of differences had for the sample before.
    let (mut was, mut was_first, mut was_second) = ([0i32; TILE], [0i32; TILE], [0i32; TILE]);
    let (mut sum, mut most) = ([0f32; TILE], [0u32; TILE]);
    for (at, row) in counts.iter_mut().enumerate() {
        for i in 0..TILE {
            let count = row[i];
            let first = count.wrapping_sub(was[i] & one[i]);
            let second = first.wrapping_sub(was_first[i] & two[i]);
            let third = second.wrapping_sub(was_second[i] & three[i]);
            (was[i], was_first[i], was_second[i]) = (count, first, second);
            row[i] = (third << 1) ^ (third >> 31);
        }
        if at < ORDERS - 1 {
            for i in 0..TILE {
                if (at as u32) < order[i] {
                    row[i] = 0;
                }
            }
        }
        for i in 0..TILE {
            sum[i] += (row[i] as u32 >> 1) as i32 as f32;
            most[i] = most[i].max(row[i] as u32);
        }
    }
    (sum, most)
}

/// The parameters with the fewest bits, among those around the logarithm of the mean.
#[inline(always)]
fn best_parameters(residuals: &[Lanes<i32>], half: &Lanes<f32>, most: &Lanes<u32>, order: &Lanes<u32>) -> Lanes<u32> {
    let n = residuals.len();
    let mut lowest = [0u32; TILE];
    for i in 0..TILE {
        let mean = 2.0 * half[i] / (n - (order[i] as usize).min(n)).max(1) as f32;
        let middle = if mean >= 2.0 { (mean.to_bits() >> 23) - 127 } else { 0 };
        lowest[i] = middle.min(SILENT - 2).saturating_sub(1);
    }
    // At the lowest parameter the upper bits are 16 on average at most: their sum fits.
    let mut unary = [[0u32; TILE]; 3];
    for row in residuals {
        for i in 0..TILE {
            let high = (row[i] as u32).wrapping_shr(lowest[i]);
            unary[0][i] = unary[0][i].wrapping_add(high);
            unary[1][i] = unary[1][i].wrapping_add(high >> 1);
            unary[2][i] = unary[2][i].wrapping_add(high >> 2);
        }
    }
    let mut best = lowest;
    for i in 0..TILE {
        let codes = n as u64 - u64::from(order[i]).min(n as u64);
        let bits = |more: usize| u64::from(unary[more][i]) + codes * more as u64;
        best[i] = if most[i] == 0 { SILENT } else { lowest[i] + (0..3).min_by_key(|more| bits(*more)).unwrap_or(0) as u32 };
    }
    best
}

/// Puts the codes of two samples each together, where they are short enough.
#[inline(always)]
fn pair(residuals: &[Lanes<i32>], plan: &Plan, pairs: &mut Vec<Lanes<u64>>) {
    let parameter = &plan.parameter;
    let below: Lanes<u32> = std::array::from_fn(|i| 1u32.wrapping_shl(parameter[i]).wrapping_sub(1));
    pairs.clear();
    pairs.resize(residuals.len().div_ceil(4) * 2, [0; TILE]);
    let none = [0; TILE];
    for (p, (to, rows)) in pairs.iter_mut().zip(residuals.chunks(2)).enumerate() {
        let (a, b) = (&rows[0], rows.get(1).unwrap_or(&none));
        // What is written in full has no code, nor has what lies beyond the last sample.
        let mut there = [[u32::MAX; TILE]; 2];
        if 2 * p < ORDERS - 1 || rows.len() < 2 {
            let has = |k: usize, order: u32| if k as u32 >= order && k < residuals.len() { u32::MAX } else { 0 };
            there = [2 * p, 2 * p + 1].map(|k| plan.order.map(|order| has(k, order)));
        }
        for i in 0..TILE {
            let code = |word: i32, there: u32| {
                let word = word as u32;
                let high = word.wrapping_shr(parameter[i]);
                let code = ((word & below[i]) << 1 | 1).wrapping_shl(high);
                (code & there, high.wrapping_add(1 + parameter[i]) & there)
            };
            let ((first, length), (second, more)) = (code(a[i], there[0][i]), code(b[i], there[1][i]));
            to[i] = u64::from(first) | u64::from(second).wrapping_shl(length) | u64::from(length.wrapping_add(more)) << MOST_BITS;
        }
    }
}

/// Puts two pairs each together. Where they are longer than [`MOST_BITS`], only their length is right.
#[inline(always)]
fn four(pairs: &[Lanes<u64>], fours: &mut Vec<Lanes<u64>>) {
    fours.resize(pairs.len() / 2, [0; TILE]);
    for (to, [a, b]) in fours.iter_mut().zip(pairs.as_chunks::<2>().0) {
        for i in 0..TILE {
            let (first, second) = (a[i] & CODE, b[i] & CODE);
            let length = a[i] >> MOST_BITS;
            to[i] = ((first | second.wrapping_shl(length as u32)) & CODE) | (length + (b[i] >> MOST_BITS)) << MOST_BITS;
        }
    }
}
