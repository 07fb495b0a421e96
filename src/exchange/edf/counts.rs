//! Values as whole numbers of 16 or 24 bits, channel by channel of a record.

use crate::signal::Channel;

/// Values that are counted at a time.
const TILE: usize = 64;
/// A positive number that this is added to loses its fraction, and its whole stands in the lowest bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// One channel's way from values to counts.
pub(super) struct Scale {
    /// As printed, since that is what readers go by.
    pub physical: (String, String),
    low: f64,
    gain: f64,
    pub digital_low: i32,
    pub digital_high: i32,
}

impl Scale {
    /// The converter's own steps where they are known and its 16 or 24 bits hold the `range` of the data, else that range.
    pub fn new(bdf: bool, range: Option<(f32, f32)>, channel: &Channel) -> Scale {
        let (digital_low, digital_high) = if bdf { (-8_388_608, 8_388_607) } else { (-32_768, 32_767) };
        let (low, high) = range.map_or((-1.0, 1.0), |(low, high)| (f64::from(low), f64::from(high)));
        let counts = f64::from(digital_high) - f64::from(digital_low);
        let at = |count: i32, step: f64| f64::from(count) * step + channel.zero;
        let by_step = channel.step.map(|s| (at(digital_low, s), at(digital_high, s))).filter(|(l, h)| *l <= low && *h >= high);
        // The printed number must not lie inside the data's range.
        let margin = |v: f64| (v.abs() * 1e-5).max((high - low) * 1e-5).max(1e-6);
        let (low, high) = by_step.unwrap_or((low - margin(low), high + margin(high)));
        let physical = (eight(low), eight(high));
        let (printed_low, printed_high): (f64, f64) = (physical.0.parse().unwrap_or(low), physical.1.parse().unwrap_or(high));
        let gain = (printed_high - printed_low) / counts;
        let gain = if gain > 0.0 { gain } else { 1.0 };
        Scale { physical, low: printed_low, gain, digital_low, digital_high }
    }

    /// The counts of values none of which is NaN.
    #[inline(always)]
    fn count(&self, values: &[f32], counts: &mut [i32; TILE]) {
        let most = f64::from(self.digital_high) - f64::from(self.digital_low);
        for (count, value) in counts.iter_mut().zip(values) {
            // Counted from the lowest one: no number is negative, and the whole below a half more is the nearest. Only
            // with what several values at a time can do: comparing, adding, taking bits.
            let exact = (f64::from(*value) - self.low) / self.gain + 0.5;
            let bounded = if exact > 0.0 { exact } else { 0.0 };
            let bounded = if bounded < most { bounded } else { most };
            let nearest = (bounded + WHOLE) - WHOLE;
            let below = nearest - if nearest > bounded { 1.0 } else { 0.0 };
            *count = (below + WHOLE).to_bits() as i32 + self.digital_low;
        }
    }
}

/// Puts one channel of a record into its `place`; behind the last value, as in a gap, the value before is `held`.
/// `whole` is memory for that.
pub(super) fn encode(place: &mut [u8], there: &[f32], bdf: bool, scale: &Scale, held: &mut f32, whole: &mut Vec<f32>) {
    let samples = place.len() / if bdf { 3 } else { 2 };
    let gaps = there.iter().fold(false, |gaps, value| gaps | value.is_nan());
    let values = if there.len() == samples && !gaps {
        *held = there.last().copied().unwrap_or(*held);
        there
    } else {
        whole.clear();
        whole.extend(there.iter().map(|value| {
            *held = if value.is_nan() { *held } else { *value };
            *held
        }));
        whole.resize(samples, *held);
        whole
    };
    let mut counts = [0; TILE];
    if bdf {
        for (place, values) in place.chunks_mut(3 * TILE).zip(values.chunks(TILE)) {
            scale.count(values, &mut counts);
            let (fours, rest) = place.as_chunks_mut::<12>();
            // Four counts are three words.
            for (place, [a, b, c, d]) in fours.iter_mut().zip(counts.as_chunks::<4>().0) {
                let [a, b, c, d] = [a, b, c, d].map(|count| *count as u32 & 0xFF_FFFF);
                place[..4].copy_from_slice(&(a | b << 24).to_le_bytes());
                place[4..8].copy_from_slice(&(b >> 8 | c << 16).to_le_bytes());
                place[8..].copy_from_slice(&(c >> 16 | d << 8).to_le_bytes());
            }
            let behind = &counts[4 * fours.len()..];
            rest.as_chunks_mut::<3>().0.iter_mut().zip(behind).for_each(|(place, count)| {
                let [low, middle, high, _] = count.to_le_bytes();
                *place = [low, middle, high];
            });
        }
    } else {
        for (place, values) in place.chunks_mut(2 * TILE).zip(values.chunks(TILE)) {
            scale.count(values, &mut counts);
            place.as_chunks_mut::<2>().0.iter_mut().zip(&counts).for_each(|(place, count)| {
                *place = (*count as i16).to_le_bytes();
            });
        }
    }
}

/// A number in at most eight characters.
pub(super) fn eight(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() <= 8 && !plain.contains('e') {
        return plain;
    }
    (0..8).rev().map(|digits| format!("{value:.digits$}")).find(|text| text.len() <= 8).unwrap_or_else(|| "0".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_eight_characters() {
        assert_eq!((eight(-187_499.98).as_str(), eight(0.1).as_str(), eight(262143.9).as_str()), ("-187500", "0.1", "262143.9"));
        assert!(eight(-1234567.9).len() <= 8 && eight(1e-7).len() <= 8);
    }

    #[test]
    fn values_stay_within_half_a_count_and_gaps_hold_the_value_before() {
        let mut data: Vec<f32> = (0..1003).map(|i| (i as f32 * 0.37).sin() * 87.3 - 12_345.6).collect();
        let range = data.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
        let wanted = data.clone();
        data.truncate(1000);
        for (bdf, step, zero, hole) in [
            (false, None, 0.0, false),
            (true, None, 0.0, true),
            (true, Some(0.03125), 0.0, false),
            (true, Some(0.03125), 0.0156, false),
            (false, None, 0.0, true),
        ] {
            let scale = Scale::new(bdf, Some(range), &Channel { step, zero, ..Channel::eeg("Fz") });
            let (width, mut there) = (if bdf { 3 } else { 2 }, data.clone());
            there[500..520].fill(if hole { f32::NAN } else { data[499] });
            let mut bytes = vec![0; 1003 * width];
            let mut held = 0.0;
            encode(&mut bytes, &there, bdf, &scale, &mut held, &mut Vec::new());
            assert_eq!(held, data[999]);
            for (i, word) in bytes.chunks_exact(width).enumerate() {
                let count = i32::from_le_bytes(if bdf { [0, word[0], word[1], word[2]] } else { [0, 0, word[0], word[1]] });
                let count = count >> if bdf { 8 } else { 16 };
                let back = (f64::from(count) - f64::from(scale.digital_low)) * scale.gain + scale.low;
                let value = if (500..520).contains(&i) { data[499] } else { wanted[i.min(999)] };
                assert!((back - f64::from(value)).abs() <= 0.501 * scale.gain, "{i}: {back} for {value}");
            }
        }
    }
}
