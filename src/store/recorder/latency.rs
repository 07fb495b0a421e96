//! How long samples and frames take from their arrival to the disk.

use crate::signal::{Nanos, SECOND};

/// Width of a bucket.
const GRAIN: Nanos = SECOND / 1000;
/// Buckets; what takes longer counts in the last one.
const BUCKETS: usize = 4096;

/// Counts by milliseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Latencies {
    counts: Vec<u64>,
    total: u64,
    largest: Nanos,
}

/// From arrival to durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct LatencySummary {
    /// Packets and frames counted.
    pub packets: u64,
    pub median_ms: u64,
    pub p99_ms: u64,
    pub max_ms: u64,
}

impl Latencies {
    pub(super) fn add(&mut self, latency: Nanos) {
        self.counts.resize(BUCKETS, 0);
        let bucket = usize::try_from(latency.max(0) / GRAIN).unwrap_or(BUCKETS).min(BUCKETS - 1);
        self.counts[bucket] += 1;
        self.total += 1;
        self.largest = self.largest.max(latency);
    }

    /// Rounded up to whole milliseconds.
    pub(super) fn summary(&self) -> LatencySummary {
        let max_ms = u64::try_from((self.largest + GRAIN - 1) / GRAIN).unwrap_or(0);
        let wanted = [0.5, 0.99].map(|share| (share * self.total as f64).ceil() as u64);
        let mut quantiles = [max_ms; 2];
        // One pass for both, which ends where the higher one is: this is done after every flush.
        let (mut seen, mut found) = (0, 0);
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            while found < 2 && seen >= wanted[found] {
                quantiles[found] = max_ms.min(bucket as u64 + 1);
                found += 1;
            }
            if found == 2 {
                break;
            }
        }
        LatencySummary { packets: self.total, median_ms: quantiles[0], p99_ms: quantiles[1], max_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.summary(), LatencySummary::default());
        (1..=1000).for_each(|i| latencies.add(i * GRAIN / 10));
        let LatencySummary { packets, median_ms, p99_ms, max_ms } = latencies.summary();
        assert_eq!((packets, max_ms), (1000, 100));
        assert!((50..=51).contains(&median_ms) && (99..=100).contains(&p99_ms), "{median_ms} {p99_ms}");
        latencies.add(3600 * SECOND);
        assert_eq!(latencies.summary().max_ms, 3_600_000);
    }
}
