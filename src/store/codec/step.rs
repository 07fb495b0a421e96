//! Finding the step of a converter, and where its zero lies, in samples for which nobody declared them.

/// Fewest samples to look at.
pub(in crate::store) const ENOUGH: usize = 64;
/// The smallest difference between two values may be so many steps.
const MOST_STEPS: u32 = 4;
/// A number is round where one in two to this power would be by chance.
const SURPRISE_BITS: f64 = 8.0;
/// Digits are looked at up to so many.
const MOST_DIGITS: i32 = 40;
/// What a converter's range may have been divided by.
const LARGEST_COUNTS: [f64; 4] = [1.0, 32_767.0, 65_535.0, 8_388_607.0];
/// Each leaves two thirds of the bounds: so many exhaust a double.
const THIRDS: usize = 80;

/// The values that a converter can give: a whole number of steps, and an offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::store) struct Grid {
    pub step: f64,
    pub offset: f64,
}

impl Grid {
    /// Whole multiples of that step.
    pub(in crate::store) fn of(step: f64) -> Grid {
        Grid { step, offset: 0.0 }
    }

    /// Something can be counted in it.
    pub(in crate::store) fn is_usable(&self) -> bool {
        self.step.is_finite() && self.step > 0.0 && self.offset.is_finite()
    }

    fn holds(&self, values: &[f64]) -> bool {
        let back = |v: &f64| (((v - self.offset) / self.step).round() * self.step + self.offset) as f32;
        values.iter().all(|v| back(v) == *v as f32)
    }
}

/// The grid of one channel: of step 1 where all values are whole numbers, else the widest of which all values are
/// exact multiples (each a count times the step, rounded to f32), found from their smallest difference; where there is
/// none, one that does not begin at 0. None where these samples do not settle it.
pub(in crate::store) fn detect(values: &[f32]) -> Option<Grid> {
    if values.len() < ENOUGH || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    if values.iter().all(|v| v.fract() == 0.0 && v.abs() < 2f32.powi(24)) {
        return Some(Grid::of(1.0));
    }
    let mut sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let smallest = sorted.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let largest = sorted.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // Rounding to f32 must be small beside the step, or everything is a multiple of something.
    if !smallest.is_finite() || largest * f64::from(f32::EPSILON) > smallest / 8.0 {
        return None;
    }
    let rounding = largest * f64::from(f32::EPSILON) / 2.0;
    let distances: Vec<(f64, f64)> = sorted[1..].iter().map(|v| (v - sorted[0], 2.0 * rounding)).collect();
    // The distances say roughly what the step is, whatever the values are: between which bounds, for each number of steps
    // that the smallest of them may be.
    let bounds: Vec<(f64, f64)> = (1..=MOST_STEPS)
        .filter_map(|steps| {
            let first = smallest / f64::from(steps);
            narrow(&distances, (first - 2.0 * rounding, first + 2.0 * rounding))
        })
        .collect();
    bounds.iter().find_map(|b| whole(&sorted, *b)).or_else(|| bounds.iter().find_map(|b| shifted(&sorted, *b)))
}

/// A grid that begins at zero, with a step between these bounds.
fn whole(sorted: &[f64], bounds: (f64, f64)) -> Option<Grid> {
    let mut sizes: Vec<(f64, f64)> = sorted.iter().map(|v| (v.abs(), half_ulp(*v))).filter(|(v, _)| *v > 0.0).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (low, high) = narrow(&sizes, bounds)?;
    let middle = Some(0.5 * (low + high));
    // The middle is seldom exactly right: a round one holds for values to come as well.
    [round(low, high), middle].into_iter().flatten().map(Grid::of).find(|grid| grid.holds(sorted))
}

/// A number between these two that is far rounder than chance would have it, as the steps of converters are: of few
/// binary or decimal digits, or such a number divided by the converter's largest count.
fn round(low: f64, high: f64) -> Option<f64> {
    if high <= low {
        return None;
    }
    let surprising = (low / (high - low)).log2() - SURPRISE_BITS;
    let binary = shortest(2.0, low, high);
    let decimal = LARGEST_COUNTS.iter().filter_map(|most| {
        let (digits, range) = shortest(10.0, low * most, high * most)?;
        Some((digits * 10f64.log2(), range / most))
    });
    let roundest = binary.into_iter().chain(decimal).min_by(|a, b| a.0.total_cmp(&b.0));
    roundest.filter(|(bits, step)| *bits < surprising && (low..=high).contains(step)).map(|(_, step)| step)
}

/// The number of the fewest digits between these two, and how many they are.
fn shortest(base: f64, low: f64, high: f64) -> Option<(f64, f64)> {
    let leading = low.log(base).floor() as i32;
    (1..=MOST_DIGITS).find_map(|digits| {
        let places = digits - 1 - leading;
        let unit = base.powi(places.abs());
        let (up, down) = if places >= 0 { (unit, 1.0) } else { (1.0, unit) };
        let number = (low * up / down).ceil() / up * down;
        (number <= high).then_some((f64::from(digits), number))
    })
}

/// A grid with an offset: step and offset together from the interval of which each value is the rounding.
fn shifted(sorted: &[f64], (low, high): (f64, f64)) -> Option<Grid> {
    let lowest = *sorted.first()?;
    let rough = 0.5 * (low + high);
    let points: Vec<(f64, f64)> = sorted.iter().map(|v| (((v - lowest) / rough).round(), *v)).collect();
    let grid = centre(&points, low, high);
    grid.holds(sorted).then_some(grid)
}

/// The step between these bounds that leaves the offset the most room, and the middle of that room. The room is a
/// concave function of the step (a least of straight lines less a greatest), so that thirds find its top.
fn centre(points: &[(f64, f64)], mut low: f64, mut high: f64) -> Grid {
    let room = |step: f64| {
        points.iter().fold((f64::NEG_INFINITY, f64::INFINITY), |(least, most), (count, value)| {
            let (rest, half) = (value - count * step, half_ulp(*value));
            (least.max(rest - half), most.min(rest + half))
        })
    };
    let width = |step: f64| {
        let (least, most) = room(step);
        most - least
    };
    for _ in 0..THIRDS {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if width(a) < width(b) { low = a } else { high = b }
    }
    let step = 0.5 * (low + high);
    let (least, most) = room(step);
    Grid { step, offset: 0.5 * (least + most) }
}

/// Half the distance to the next f32 away from zero.
fn half_ulp(value: f64) -> f64 {
    let bits = (value.abs() as f32).to_bits();
    0.5 * (f64::from(f32::from_bits(bits + 1)) - f64::from(f32::from_bits(bits)))
}

/// Narrows the bounds of a step from the smallest sizes to the largest: each, known up to its error, says between which
/// the step lies.
fn narrow(sizes: &[(f64, f64)], (mut low, mut high): (f64, f64)) -> Option<(f64, f64)> {
    for (size, error) in sizes {
        let (fewest, most) = ((size - error) / high, (size + error) / low);
        let count = (size / (0.5 * (low + high))).round();
        if most - fewest > 1.0 || count < fewest.floor() || count > most.ceil() || count < 1.0 {
            return None;
        }
        low = low.max((size - error) / count);
        high = high.min((size + error) / count);
        if low > high {
            return None;
        }
    }
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    fn noise(seed: u64, n: usize, sd: f64, step: f64) -> Vec<f32> {
        let mut seed = Seed::new(seed);
        (0..n).map(|_| ((sd * seed.normal()).round() * step) as f32 + 0.0).collect()
    }

    #[test]
    fn the_step_of_a_converter_is_found() {
        for (sd, step) in [(40.0, 4.5e6 / 24.0 / 8_388_607.0), (300.0, 0.03125), (15.0, 0.1), (2000.0, 0.5)] {
            let values = noise(7, 512, sd, step);
            let Grid { step: found, offset } = detect(&values).expect("found");
            assert_eq!(offset, 0.0);
            assert!((found / step - 1.0).abs() < 1e-6, "{found} for {step}");
            assert!(values.iter().all(|v| ((f64::from(*v) / found).round() * found) as f32 == *v));
        }
        assert_eq!(detect(&noise(8, 64, 5.0, 1.0)), Some(Grid::of(1.0)));
        assert_eq!(detect(&[0.0; 64]), Some(Grid::of(1.0)));
    }

    /// A frame of a signal that wanders far from zero: the steps of real converters are found as they are, so that they
    /// hold for every frame to come.
    #[test]
    fn a_round_step_is_found_exactly() {
        for step in [187_500.0 / 8_388_608.0, 4.5e6 / 24.0 / 8_388_607.0, 1000.0 / 65_535.0, 0.1, 0.512_82, 0.031_25] {
            for seed in 0..20 {
                let (mut seed, mut at) = (Seed::new(seed), 0.0);
                let start = 100.0 * seed.normal();
                let mut next = || {
                    at += 2.0 * seed.normal();
                    (((start + at) / step).round() * step) as f32
                };
                let frame: Vec<f32> = (0..73).map(|_| next()).collect();
                assert_eq!(detect(&frame), Some(Grid::of(step)), "{step} from {start}");
            }
        }
    }

    #[test]
    fn a_grid_that_does_not_begin_at_zero_is_found() {
        for (sd, step, offset) in [(40.0, 0.031_25, 0.0131), (300.0, 0.09, -17.3), (900.0, 0.3, 123.456)] {
            let mut seed = Seed::new(11);
            let values: Vec<f32> = (0..256).map(|_| ((sd * seed.normal()).round() * step + offset) as f32).collect();
            let grid = detect(&values).expect("found");
            assert!((grid.step / step - 1.0).abs() < 1e-4 && grid.offset != 0.0, "{grid:?} for {step} {offset}");
            let back = |v: f32| ((f64::from(v) - grid.offset) / grid.step).round() * grid.step + grid.offset;
            assert!(values.iter().all(|v| back(*v) as f32 == *v));
        }
    }

    #[test]
    fn what_has_no_step_has_none() {
        let mut seed = Seed::new(9);
        let smooth: Vec<f32> = (0..512).map(|_| (20.0 * seed.normal()) as f32).collect();
        assert_eq!(detect(&smooth), None);
        assert_eq!(detect(&[0.5; 10]), None, "too few");
        let mut odd = noise(1, 512, 40.0, 0.1);
        odd[100] = 0.234;
        assert_eq!(detect(&odd), None);
        odd[100] = f32::NAN;
        assert_eq!(detect(&odd), None);
    }
}
