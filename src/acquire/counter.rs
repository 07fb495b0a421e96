//! Counts lost samples from the board's package number, which counts a few bits only and wraps around.
//!
//! How a board counts is learnt from its own data, because BrainFlow does not say: the step between packets, the
//! samples that share a number, and the number at which it starts again. Host stamps only decide what the numbers
//! leave open.

/// Samples that [`Counter::learn`] wants to see.
pub const LEARN_FROM: usize = 32;
/// Sizes that counters usually have.
const PERIODS: [i64; 4] = [256, 65_536, 1 << 24, 1 << 32];
/// A gap may look this much longer by numbers than by host stamps before the stamps win, s: a device's packets arrive
/// in bursts.
pub const DEVICE_BURST_S: f64 = 0.1;
/// The same for a file, whose stamps are even.
pub const FILE_BURST_S: f64 = 0.01;

/// What one sample's number says about what came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Samples that are missing just before this one.
    pub lost: u64,
    /// The number jumped although no time passed: the board or the file began anew.
    pub restarted: bool,
}

/// The counter of one board.
#[derive(Debug, Clone)]
pub struct Counter {
    rate: f64,
    burst_s: f64,
    /// From packet to packet.
    step: i64,
    /// Samples that share a number.
    repeat: u64,
    period: Option<i64>,
    highest: i64,
    last: Option<(i64, f64)>,
}

impl Counter {
    /// Learns step and repeat from the first package numbers; None where they do not count.
    pub fn learn(rate: f64, burst_s: f64, numbers: &[f64]) -> Option<Counter> {
        let numbers: Vec<i64> = numbers.iter().map(|n| n.round() as i64).collect();
        let step = most_common(numbers.windows(2).map(|w| w[1] - w[0]).filter(|d| *d > 0))?;
        // The first and the last run may be cut; they are left out where there are others.
        let runs: Vec<i64> = numbers.chunk_by(|a, b| a == b).map(|run| run.len() as i64).collect();
        let whole = if runs.len() > 2 { &runs[1..runs.len() - 1] } else { &runs[..] };
        let repeat = most_common(whole.iter().copied())?.unsigned_abs();
        Some(Counter { rate, burst_s, step, repeat, period: None, highest: 0, last: None })
    }

    /// A counter that goes up by one each sample.
    pub fn by_one(rate: f64, burst_s: f64) -> Counter {
        Counter { rate, burst_s, step: 1, repeat: 1, period: None, highest: 0, last: None }
    }

    /// Judges the next sample: its package number and its host stamp in seconds.
    pub fn next(&mut self, number: f64, stamp: f64) -> Verdict {
        let number = number.round() as i64;
        let Some((last, last_stamp)) = self.last.replace((number, stamp)) else {
            self.highest = number;
            return Verdict::default();
        };
        self.highest = self.highest.max(number);
        if self.period.is_some_and(|p| number >= p) {
            self.period = None; // it was learnt from a restart, not from a wrap
        }
        let elapsed = (stamp - last_stamp).max(0.0);
        if number >= last { self.judge(number - last, elapsed) } else { self.wrapped(number, last, elapsed) }
    }

    /// Samples after which the number repeats, once known.
    pub fn period_samples(&self) -> Option<u64> {
        Some(self.period?.unsigned_abs() / self.step.unsigned_abs().max(1) * self.repeat)
    }

    fn judge(&self, difference: i64, elapsed: f64) -> Verdict {
        let lost = (difference / self.step - 1).max(0).unsigned_abs() * self.repeat;
        if lost > 0 && lost as f64 / self.rate > 2.0 * elapsed + self.burst_s {
            return Verdict { lost: 0, restarted: true };
        }
        Verdict { lost, restarted: false }
    }

    fn wrapped(&mut self, number: i64, last: i64, elapsed: f64) -> Verdict {
        if let Some(period) = self.period {
            return self.judge(number + period - last, elapsed);
        }
        let usual = PERIODS.into_iter().find(|p| *p > self.highest);
        if let Some(period) = usual {
            let verdict = self.judge(number + period - last, elapsed);
            if !verdict.restarted {
                self.period = Some(period);
                return verdict;
            }
        }
        // No usual size fits the time that passed: this board starts again after `last`.
        if number <= self.step {
            self.period = Some(last + self.step - number);
            return Verdict::default();
        }
        Verdict { lost: 0, restarted: true }
    }
}

fn most_common(values: impl Iterator<Item = i64>) -> Option<i64> {
    let mut counts = std::collections::BTreeMap::new();
    values.for_each(|v| *counts.entry(v).or_insert(0) += 1);
    counts.into_iter().max_by_key(|(value, count)| (*count, -*value)).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds numbers at 250 Hz; answers (sum of lost, restarts).
    fn run(numbers: &[i64], seconds_at: impl Fn(usize) -> f64) -> (u64, usize, Option<u64>) {
        run_with(DEVICE_BURST_S, numbers, seconds_at)
    }

    fn run_with(burst_s: f64, numbers: &[i64], seconds_at: impl Fn(usize) -> f64) -> (u64, usize, Option<u64>) {
        let floats: Vec<f64> = numbers.iter().map(|n| *n as f64).collect();
        let mut counter = Counter::learn(250.0, burst_s, &floats[..LEARN_FROM.min(floats.len())]).expect("it counts");
        let verdicts: Vec<Verdict> = floats.iter().enumerate().map(|(i, n)| counter.next(*n, seconds_at(i))).collect();
        let restarts = verdicts.iter().filter(|v| v.restarted).count();
        (verdicts.iter().map(|v| v.lost).sum(), restarts, counter.period_samples())
    }

    #[test]
    fn eight_bits_wrap_without_loss() {
        let numbers: Vec<i64> = (0..1000).map(|i| (i + 200) % 256).collect();
        assert_eq!(run(&numbers, |i| i as f64 / 250.0), (0, 0, Some(256)));
    }

    #[test]
    fn holes_are_counted_also_across_the_wrap() {
        let kept: Vec<i64> = (0..1000).filter(|i| !(300..307).contains(i) && !(510..520).contains(i)).collect();
        let numbers: Vec<i64> = kept.iter().map(|i| i % 256).collect();
        assert_eq!(run(&numbers, |i| kept[i] as f64 / 250.0), (17, 0, Some(256)));
    }

    #[test]
    fn twelve_samples_in_a_packet_and_a_lost_packet() {
        let kept: Vec<i64> = (0..2400).filter(|i| i / 12 != 70).collect();
        let numbers: Vec<i64> = kept.iter().map(|i| (i / 12) % 256).collect();
        assert_eq!(run(&numbers, |i| kept[i] as f64 / 250.0).0, 12);
    }

    #[test]
    fn a_step_of_two_is_no_loss() {
        let numbers: Vec<i64> = (0..600).map(|i| (2 * i) % 256).collect();
        assert_eq!(run(&numbers, |i| i as f64 / 250.0), (0, 0, Some(128)));
    }

    #[test]
    fn an_unusual_size_is_found_by_the_stamps() {
        let numbers: Vec<i64> = (0..900).map(|i| i % 201).collect();
        assert_eq!(run(&numbers, |i| i as f64 / 250.0), (0, 0, Some(201)));
    }

    #[test]
    fn a_file_that_loops_is_a_restart_and_no_loss() {
        let numbers: Vec<i64> = (0..1200).map(|i| (i % 700) % 256).collect();
        assert_eq!(run(&numbers, |i| i as f64 / 250.0), (0, 1, Some(256)));
        // 24 numbers are missing at this seam: a device could have lost them in a burst, a file could not.
        let numbers: Vec<i64> = (0..1800).map(|i| (i % 1000) % 256).collect();
        assert_eq!(run(&numbers, |i| i as f64 / 250.0), (24, 0, Some(256)));
        assert_eq!(run_with(FILE_BURST_S, &numbers, |i| i as f64 / 250.0), (0, 1, Some(256)));
    }

    #[test]
    fn a_row_that_never_changes_counts_nothing() {
        assert!(Counter::learn(250.0, DEVICE_BURST_S, &[0.0; 40]).is_none());
    }
}
