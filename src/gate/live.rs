//! The gate while samples come in: every second one new window is scored and kept, so that a report costs nothing.
//!
//! A window is filtered together with up to 4 s before it and 1 s after it. It is therefore scored one second late,
//! and its score can differ by a point or so from that of [`crate::gate::judge`], which filters the whole recording.

use crate::gate::judge::{WindowScores, score_window, summarise};
use crate::gate::window::{HOP_S, WINDOW_S, Window, gate_filter};
use crate::gate::{Method, QualityReport};
use crate::prepare::PrepareError;
use crate::prepare::filter::Filter;
use crate::prepare::signals::LONGEST_FILL_S;
use crate::prepare::spectrum::Spectrum;
use std::collections::VecDeque;

/// Context on either side of a window, for the filter, s.
const BEFORE_S: f64 = 4.0;
const AFTER_S: f64 = 1.0;

/// Quality of the last seconds of a running stream.
pub struct LiveGate {
    labels: Vec<String>,
    rate: f64,
    mains_hz: f64,
    rail: Option<f64>,
    method: Method,
    filter: Filter,
    spectrum: Spectrum,
    /// Channel-major samples still needed, the first of which has stream index `first`.
    recent: Vec<Vec<f64>>,
    first: u64,
    /// Stream index of the next window to score.
    next: u64,
    /// (index of the first sample after the window, its scores).
    scored: VecDeque<(u64, WindowScores)>,
    /// (index after the last sample, received, lost) of what came in.
    arrivals: VecDeque<(u64, u64, u64)>,
    /// Samples judged over.
    span: u64,
}

impl LiveGate {
    /// For the EEG channels `labels` of a stream, judged over the last `window_s` seconds.
    ///
    /// # Errors
    /// A rate that leaves no band to judge; no channels.
    pub fn new(
        rate: f64,
        labels: Vec<String>,
        mains_hz: f64,
        rail: Option<f64>,
        window_s: f64,
    ) -> Result<LiveGate, PrepareError> {
        if labels.is_empty() {
            return Err(PrepareError::NoChannels);
        }
        Ok(LiveGate {
            method: Method::default(),
            filter: gate_filter(rate)?,
            spectrum: Spectrum::new((WINDOW_S * rate).round() as usize, rate)?,
            recent: vec![Vec::new(); labels.len()],
            span: (window_s.max(WINDOW_S) * rate).round() as u64,
            labels,
            rate,
            mains_hz,
            rail,
            first: 0,
            next: 0,
            scored: VecDeque::new(),
            arrivals: VecDeque::new(),
        })
    }

    /// The same gate, judging by `method`.
    pub fn by(self, method: Method) -> LiveGate {
        LiveGate { method, ..self }
    }

    /// Stream index after the last sample seen.
    fn end(&self) -> u64 {
        self.first + self.recent.first().map_or(0, Vec::len) as u64
    }

    fn samples(&self, seconds: f64) -> u64 {
        (seconds * self.rate).round() as u64
    }

    /// Takes samples: row-major, as wide as the labels, in uV. `lost_before` samples were lost just before them.
    pub fn push(&mut self, rows: &[f32], lost_before: u64) {
        let width = self.labels.len();
        if lost_before > 0 {
            self.lose(lost_before, rows.get(..width));
        }
        for row in rows.chunks_exact(width) {
            for (channel, value) in self.recent.iter_mut().zip(row) {
                // A value that is no number repeats the last one, so that the flat check sees it.
                let held = channel.last().copied().unwrap_or(0.0);
                channel.push(if value.is_finite() { f64::from(*value) } else { held });
            }
        }
        self.arrivals.push_back((self.end(), (rows.len() / width) as u64, lost_before));
        self.score_due();
        self.forget();
    }

    /// Counts samples that never came, e.g. while a device is silent.
    pub fn push_lost(&mut self, samples: u64) {
        self.push(&[], samples);
    }

    /// Short gaps become straight lines to the next row; after long ones judging starts anew.
    fn lose(&mut self, lost: u64, next_row: Option<&[f32]>) {
        let fill = lost <= self.samples(LONGEST_FILL_S) && !self.recent[0].is_empty();
        match next_row.filter(|_| fill) {
            Some(row) => {
                for (channel, to) in self.recent.iter_mut().zip(row) {
                    let from = channel.last().copied().unwrap_or(0.0);
                    let step = (f64::from(*to) - from) / (lost + 1) as f64;
                    channel.extend((1..=lost).map(|i| from + step * i as f64));
                }
            }
            None => {
                self.first = self.end() + lost;
                self.next = self.first;
                self.recent.iter_mut().for_each(Vec::clear);
            }
        }
    }

    fn score_due(&mut self) {
        let (length, after) = (self.spectrum.length() as u64, self.samples(AFTER_S));
        while self.next + length + after <= self.end() {
            let from = self.next.saturating_sub(self.samples(BEFORE_S)).max(self.first);
            let (start, stop) = ((from - self.first) as usize, (self.next + length + after - self.first) as usize);
            let raw: Vec<Vec<f64>> = self.recent.iter().map(|x| x[start..stop].to_vec()).collect();
            // Never too short: a stretch holds at least the window and the second after it.
            let Ok(filtered) = raw.iter().map(|x| self.filter.zero_phase(x)).collect::<Result<Vec<_>, _>>() else { return };
            let place = (self.next - from) as usize;
            let span = place..place + length as usize;
            let window = Window::cut(&raw, &filtered, span, &mut self.spectrum, self.rate, self.mains_hz, self.rail);
            let window = window.by(self.method);
            self.scored.push_back((self.next + length, score_window(&window)));
            self.next += self.samples(HOP_S).max(1);
        }
    }

    /// Drops samples, scores and counts that no later report needs.
    fn forget(&mut self) {
        let oldest = self.end().saturating_sub(self.span);
        self.scored.retain(|(end, _)| end.saturating_sub(self.spectrum.length() as u64) >= oldest);
        self.arrivals.retain(|(end, ..)| *end > oldest);
        let keep_from = self.next.saturating_sub(self.samples(BEFORE_S));
        if keep_from > self.first + self.samples(BEFORE_S) {
            let drop = ((keep_from - self.first) as usize).min(self.recent[0].len());
            self.recent.iter_mut().for_each(|x| drop_front(x, drop));
            self.first += drop as u64;
        }
    }

    /// Received over expected samples of the last seconds, 0-1.
    fn completeness(&self) -> f64 {
        let (received, lost) = self.arrivals.iter().fold((0, 0), |(r, l), (_, received, lost)| (r + received, l + lost));
        if received + lost == 0 { 1.0 } else { received as f64 / (received + lost) as f64 }
    }

    /// The report over the last seconds. Before the first whole window every channel scores 0, as MISSING.
    pub fn report(&self) -> QualityReport {
        let seconds = match (self.scored.front(), self.scored.back()) {
            (Some((first, _)), Some((last, _))) => (last - first) as f64 / self.rate + WINDOW_S,
            _ => 0.0,
        };
        summarise(&self.labels, self.scored.iter().map(|(_, scores)| scores), self.completeness(), seconds, self.mains_hz)
    }
}

fn drop_front(x: &mut Vec<f64>, count: usize) {
    x.drain(..count.min(x.len()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{EegWindow, Reason, judge};
    use crate::signal::Seed;

    /// Eight channels that share most of a 1/f-like background; channel 2 is flat.
    fn rows(seconds: usize) -> Vec<f32> {
        let mut seed = Seed::new(11);
        let (mut common, mut own) = (0.0, [0.0; 8]);
        let mut rows = Vec::new();
        for _ in 0..256 * seconds {
            common = 0.95 * common + 3.0 * seed.normal();
            for (i, own) in own.iter_mut().enumerate() {
                *own = 0.95 * *own + seed.normal();
                rows.push(if i == 2 { 4.0 } else { (common + *own) as f32 });
            }
        }
        rows
    }

    fn labels() -> Vec<String> {
        (0..8).map(|i| format!("E{i}")).collect()
    }

    #[test]
    fn live_and_whole_recording_agree() {
        let rows = rows(20);
        let mut live = LiveGate::new(256.0, labels(), 50.0, None, 60.0).expect("a good rate");
        rows.chunks(8 * 37).for_each(|chunk| live.push(chunk, 0));
        let data = (0..8).map(|c| rows.iter().skip(c).step_by(8).map(|v| f64::from(*v)).collect()).collect();
        let eeg = EegWindow { rate: 256.0, labels: labels(), data, mains_hz: 50.0, rail: None, expected_samples: 5120 };
        let (now, whole) = (live.report(), judge(&eeg));
        assert_eq!((now.seconds, whole.seconds), (19.0, 20.0));
        for (a, b) in now.channels.iter().zip(&whole.channels) {
            assert!((a.score - b.score).abs() < 3.0, "{a:?} {b:?}");
        }
        assert_eq!(now.channels[2].reason, Some(Reason::Flat));
    }

    #[test]
    fn losses_lower_completeness_and_old_seconds_are_forgotten() {
        let rows = rows(8);
        let mut live = LiveGate::new(256.0, labels(), 50.0, None, 5.0).expect("a good rate");
        assert_eq!(live.report().channels[0].reason, Some(Reason::Missing));
        live.push(&rows[..8 * 256], 0);
        live.push(&rows[8 * 256..8 * 512], 256);
        assert!((live.report().completeness - 2.0 / 3.0).abs() < 1e-9);
        live.push(&rows, 0);
        let report = live.report();
        assert!(report.completeness == 1.0 && report.seconds <= 5.0, "{report:?}");
        live.push_lost(2560);
        assert_eq!((live.report().completeness, live.report().seconds), (0.0, 0.0));
    }
}
