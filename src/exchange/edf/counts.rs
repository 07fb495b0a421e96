//! Values as whole numbers of 16 or 24 bits, channel by channel of a record.

use crate::signal::{Channel, Role};

/// Values that are counted at a time.
const TILE: usize = 64;
/// A scale that is off by less than this, in counts, gives every value back.
const EXACT: f64 = 1e-6;
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
    /// The values are words of bits, which go out as they are.
    words: bool,
}

impl Scale {
    /// The converter's own steps where they are known and its 16 or 24 bits hold the `range` of the data, else that range.
    /// Trigger words keep their bits: all that EDF's 16 hold of them, and BDF's 24.
    pub fn new(bdf: bool, range: Option<(f32, f32)>, channel: &Channel) -> Scale {
        let (digital_low, digital_high) = if bdf { (-8_388_608, 8_388_607) } else { (-32_768, 32_767) };
        if channel.role == Role::Trigger {
            let physical = (digital_low.to_string(), digital_high.to_string());
            return Scale { physical, low: f64::from(digital_low), gain: 1.0, digital_low, digital_high, words: true };
        }
        let (low, high) = range.map_or((-1.0, 1.0), |(low, high)| (f64::from(low), f64::from(high)));
        if let Some(by_step) = channel.step.and_then(|step| Scale::by_step(digital_high, (low, high), step, channel.zero)) {
            return by_step;
        }
        // The printed number must not lie inside the data's range.
        let margin = |v: f64| (v.abs() * 1e-5).max((high - low) * 1e-5).max(1e-6);
        Scale::printed((low - margin(low), high + margin(high)), (digital_low, digital_high))
    }

    /// The scale whose counts are the converter's; None where they do not hold the data. Eight characters seldom say the
    /// ends of all counts exactly, and what they miss would move every sample: the widest counts whose ends they do say
    /// are taken, or those where the data comes out nearest.
    fn by_step(most: i32, (low, high): (f64, f64), step: f64, zero: f64) -> Option<Scale> {
        let powers = std::iter::successors(Some(most), |n| (*n > 127).then_some(n / 2));
        // Steps are fractions of powers of two, or of ten.
        let round = |n: i32| n / 10i32.pow(n.ilog10()) * 10i32.pow(n.ilog10());
        let ranges = powers.flat_map(|n| [(-n - 1, n), (-n, n), (-n - 1, n + 1), (-round(n), round(n))]);
        let all = ranges.filter(|(_, last)| *last <= most).filter_map(|(first, last)| {
            let at = |count: i32| f64::from(count) * step + zero;
            let holds = step > 0.0 && at(first) <= low && at(last) >= high;
            let scale = holds.then(|| Scale::printed((at(first), at(last)), (first, last)))?;
            let off = |value: f64| {
                let count = (value - zero) / step - f64::from(first);
                (count * scale.gain + scale.low - value).abs() / step
            };
            let off = off(low).max(off(high));
            Some((scale, off))
        });
        let mut best: Option<(Scale, f64)> = None;
        for (scale, off) in all {
            if best.as_ref().is_none_or(|(_, least)| off < *least) {
                best = Some((scale, off));
            }
            if off < EXACT {
                break;
            }
        }
        best.map(|(scale, _)| scale)
    }

    /// From what stands in the header, since that is what readers go by.
    fn printed((low, high): (f64, f64), (digital_low, digital_high): (i32, i32)) -> Scale {
        let physical = (eight(low), eight(high));
        let (low, high): (f64, f64) = (physical.0.parse().unwrap_or(low), physical.1.parse().unwrap_or(high));
        let gain = (high - low) / (f64::from(digital_high) - f64::from(digital_low));
        let gain = if gain > 0.0 { gain } else { 1.0 };
        Scale { physical, low, gain, digital_low, digital_high, words: false }
    }

    /// The counts of values none of which is NaN.
    #[inline(always)]
    fn count(&self, values: &[f32], counts: &mut [i32; TILE]) {
        if self.words {
            // What reaches above the highest count is a negative one of the same bits.
            counts.iter_mut().zip(values).for_each(|(count, value)| *count = value.round() as i64 as i32);
            return;
        }
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

    /// The value that a reader of the file finds for a value.
    fn back(scale: &Scale, value: f32, bdf: bool) -> (i32, f64) {
        let width = if bdf { 3 } else { 2 };
        let mut bytes = vec![0; width];
        encode(&mut bytes, &[value], bdf, scale, &mut 0.0, &mut Vec::new());
        let word = i32::from_le_bytes(if bdf { [0, bytes[0], bytes[1], bytes[2]] } else { [0, 0, bytes[0], bytes[1]] });
        let count = word >> if bdf { 8 } else { 16 };
        let (low, high): (f64, f64) = (scale.physical.0.parse().expect("a number"), scale.physical.1.parse().expect("a number"));
        let gain = (high - low) / f64::from(scale.digital_high - scale.digital_low);
        (count, (f64::from(count) - f64::from(scale.digital_low)) * gain + low)
    }

    #[test]
    fn trigger_words_keep_their_bits() {
        let status = Channel { role: Role::Trigger, ..Channel::eeg("Status") };
        // BioSemi's status with its highest bit set, and with a code in its lowest ones.
        let idle = 9_961_472f32;
        let scale = Scale::new(true, Some((idle, idle + 128.0)), &status);
        assert_eq!((back(&scale, idle, true).0, back(&scale, idle + 128.0, true).0), (-6_815_744, -6_815_744 + 128));
        assert_eq!(scale.physical, ("-8388608".to_string(), "8388607".to_string()));
        let scale = Scale::new(false, Some((0.0, idle)), &status);
        assert_eq!((back(&scale, 128.0, false).0, back(&scale, 65_535.0, false).0), (128, -1));
        assert_eq!(back(&scale, idle + 7.0, false).0 as u16, (9_961_472u32 + 7) as u16);
    }

    #[test]
    fn values_on_a_converters_step_come_back_exactly() {
        // OpenBCI's, BioSemi's, a tenth of a uV, and one whose highest count takes more than eight characters.
        let cases = [(187_500.0 / 8_388_607.0, 0.0), (0.03125, 0.0), (0.1, 0.0), (0.048_828_125, 0.0), (1.0 / 3.0, 0.0)];
        for (step, zero) in cases {
            let channel = Channel { step: Some(step), zero, ..Channel::eeg("Fz") };
            let of = |count: i32| (f64::from(count) * step + zero) as f32;
            for most in [9_000, 700_000] {
                let range = Some((of(-most), of(most)));
                let bdf = Scale::new(true, range, &channel);
                for value in [-most, -most / 7, -1, 0, 1, 5, most].map(of) {
                    assert_eq!(back(&bdf, value, true).1 as f32, value, "{step}");
                }
            }
        }
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
