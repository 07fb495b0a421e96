//! Sampled signals in memory, and how pieces with gaps become them (algorithms 1.1).

use crate::prepare::PrepareError;

/// Gaps up to this are filled linearly; longer ones split the recording.
pub const LONGEST_FILL_S: f64 = 1.0;

/// Some channels of one rate without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Samples a second.
    pub rate: f64,
    pub labels: Vec<String>,
    /// Channel-major, in uV; all channels equally long.
    pub data: Vec<Vec<f64>>,
}

impl Signals {
    /// Samples per channel.
    pub fn samples(&self) -> usize {
        self.data.iter().map(Vec::len).min().unwrap_or(0)
    }

    pub fn seconds(&self) -> f64 {
        self.samples() as f64 / self.rate
    }

    /// These channels in this order.
    pub fn select(&self, channels: &[usize]) -> Signals {
        let take = |i: &usize| (self.labels.get(*i).cloned(), self.data.get(*i).cloned());
        let (labels, data): (Vec<_>, Vec<_>) = channels.iter().map(take).unzip();
        Signals { rate: self.rate, labels: labels.into_iter().flatten().collect(), data: data.into_iter().flatten().collect() }
    }

    /// Stretches without long gaps. A sample at which any channel holds no number is a gap; short gaps are filled
    /// linearly.
    pub fn segments(&self) -> Vec<Segment> {
        let whole = |t: &usize| self.data.iter().all(|x| x[*t].is_finite());
        let longest = (LONGEST_FILL_S * self.rate).round() as usize;
        // (first, last) whole sample of each segment.
        let mut spans: Vec<(usize, usize)> = Vec::new();
        for t in (0..self.samples()).filter(whole) {
            match spans.last_mut() {
                Some((_, last)) if t - *last - 1 <= longest => *last = t,
                _ => spans.push((t, t)),
            }
        }
        let segment = |(first, last): (usize, usize)| {
            let gaps: Vec<usize> = (first..=last).filter(|t| !whole(t)).collect();
            let mut data: Vec<Vec<f64>> = self.data.iter().map(|x| x[first..=last].to_vec()).collect();
            for &gap in &gaps {
                let next = (gap + 1..=last).find(whole).unwrap_or(last);
                // The sample before is whole or already filled, so this walks along the straight line.
                data.iter_mut().for_each(|x| {
                    let (from, to) = (x[gap - first - 1], x[next - first]);
                    x[gap - first] = from + (to - from) / (next - gap + 1) as f64;
                });
            }
            let filled = gaps.len() as f64 / (last - first + 1) as f64;
            let signals = Signals { rate: self.rate, labels: self.labels.clone(), data };
            Segment { first_index: first as u64, signals, filled }
        };
        spans.into_iter().map(segment).collect()
    }

    /// No channels, or channels of unequal length, are refused before anything is computed.
    pub(crate) fn check(&self) -> Result<(), PrepareError> {
        let need = self.data.first().map(Vec::len).ok_or(PrepareError::NoChannels)?;
        match self.data.iter().zip(&self.labels).find(|(d, _)| d.len() != need) {
            Some((d, label)) => Err(PrepareError::Ragged { label: label.clone(), have: d.len(), need }),
            None => Ok(()),
        }
    }

    /// As [`Signals::check`]; values that are no number are refused too: filters and components would spread them over
    /// everything.
    pub(crate) fn check_whole(&self) -> Result<(), PrepareError> {
        self.check()?;
        let hole = |(x, label): (&Vec<f64>, &String)| Some((label.clone(), x.iter().position(|v| !v.is_finite())?));
        match self.data.iter().zip(&self.labels).find_map(hole) {
            Some((label, at)) => Err(PrepareError::NotANumber { what: format!("channel {label}"), at }),
            None => Ok(()),
        }
    }
}

/// A stretch without long gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Index of its first sample in the stream.
    pub first_index: u64,
    pub signals: Signals,
    /// Share of samples that were filled in, 0-1; belongs in the provenance.
    pub filled: f64,
}

/// Joins pieces of one stream (index of the first sample, row-major samples), in order of their indices, into
/// segments. A row that is absent or holds a value that is no number is a gap.
pub fn join(rate: f64, labels: &[String], pieces: &[(u64, &[f32])]) -> Vec<Segment> {
    let width = labels.len();
    let longest = (LONGEST_FILL_S * rate).round() as u64;
    let mut segments: Vec<Segment> = Vec::new();
    let mut filled = 0u64;
    if width == 0 {
        return segments;
    }
    for (first, rows) in pieces {
        for (index, row) in (*first..).zip(rows.chunks_exact(width)).filter(|(_, row)| row.iter().all(|v| v.is_finite())) {
            let gap = segments.last().map(|s| index as i64 - (s.first_index + s.signals.samples() as u64) as i64);
            match (segments.last_mut(), gap) {
                // Seen before: a piece that overlaps the last one adds nothing.
                (_, Some(gap)) if gap < 0 => continue,
                (Some(segment), Some(gap)) if gap as u64 <= longest => {
                    bridge(&mut segment.signals.data, row, gap as usize);
                    filled += gap as u64;
                    segment.filled = filled as f64;
                }
                _ => {
                    let data = row.iter().map(|v| vec![f64::from(*v)]).collect();
                    segments.push(Segment {
                        first_index: index,
                        signals: Signals { rate, labels: labels.to_vec(), data },
                        filled: 0.0,
                    });
                    filled = 0;
                }
            }
        }
    }
    for segment in &mut segments {
        segment.filled /= segment.signals.samples().max(1) as f64;
    }
    segments
}

/// Appends `row` after `gap` samples on the straight line from the last sample to it.
fn bridge(data: &mut [Vec<f64>], row: &[f32], gap: usize) {
    for (channel, value) in data.iter_mut().zip(row) {
        let (from, to) = (channel.last().copied().unwrap_or_default(), f64::from(*value));
        channel.extend((1..=gap).map(|i| from + (to - from) * i as f64 / (gap + 1) as f64));
        channel.push(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_gaps_are_filled_and_long_ones_split() {
        let labels = ["Fz".to_string()];
        let late = [7.0, 8.0];
        let pieces: [(u64, &[f32]); 3] = [(0, &[0.0, 1.0]), (4, &[4.0, f32::NAN, 6.0]), (40, &late)];
        let segments = join(10.0, &labels, &pieces);
        assert_eq!(segments.len(), 2);
        assert_eq!(segments[0].signals.data, [[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
        assert!((segments[0].filled - 3.0 / 7.0).abs() < 1e-12);
        assert_eq!((segments[1].first_index, segments[1].signals.samples(), segments[1].filled), (40, 2, 0.0));
    }

    #[test]
    fn gaps_in_memory_are_treated_alike() {
        let nan = f64::NAN;
        let eeg = |x: Vec<f64>| Signals { rate: 2.0, labels: vec!["Fz".into()], data: vec![x] };
        let segments = eeg(vec![nan, 1.0, nan, nan, 4.0, nan, nan, nan, 8.0, nan]).segments();
        assert_eq!(segments.len(), 2);
        assert_eq!((segments[0].first_index, &segments[0].signals.data[0][..]), (1, &[1.0, 2.0, 3.0, 4.0][..]));
        assert_eq!((segments[0].filled, segments[1].first_index, segments[1].signals.samples()), (0.5, 8, 1));
    }

    #[test]
    fn overlapping_pieces_do_not_repeat_samples() {
        let labels = ["Fz".to_string()];
        let pieces: [(u64, &[f32]); 2] = [(0, &[0.0, 1.0, 2.0]), (1, &[1.0, 2.0, 3.0])];
        assert_eq!(join(10.0, &labels, &pieces)[0].signals.data, [[0.0, 1.0, 2.0, 3.0]]);
    }
}
