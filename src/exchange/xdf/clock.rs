//! From the stamps of a stream's own computer to the recorder's clock, and to the straight lines beneath their jitter.

/// A stretch between clock resets: indices of its offsets, first and last.
type Range = (usize, usize);

/// Offsets that lie further from the line than this count by their distance only, s (Huber's loss).
const SCATTER_S: f64 = 1e-4;

/// Brings the stamps onto the recorder's clock. Between two offset measurements at which the computer was started
/// again or exchanged, both the interval and the offset jump; every stretch between them has its own line. Answers the
/// number of stretches.
pub(super) fn correct(stamps: &mut [f64], offsets: &[(f64, f64)]) -> usize {
    let ranges = stretches(offsets);
    let lines: Vec<(f64, f64)> = ranges.iter().map(|(first, last)| line(&offsets[*first..=*last])).collect();
    if let [(a, b)] = lines[..] {
        stamps.iter_mut().for_each(|t| *t += a + b * *t);
        return 1;
    }
    // A sample belongs to the next stretch from the first one on that lies nearer to its beginning than to this one's end.
    let mut first = 0;
    for (n, (a, b)) in lines.iter().enumerate() {
        let edge = ranges.get(n + 1).and_then(|next| Some((offsets.get(ranges[n].1)?.0, offsets.get(next.0)?.0)));
        let stays = |t: &f64| edge.is_none_or(|(end, begin)| (t - end).abs() < (t - begin).abs());
        let count = stamps[first..].iter().take_while(|t| stays(t)).count();
        stamps[first..first + count].iter_mut().for_each(|t| *t += a + b * *t);
        first += count;
    }
    lines.len()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 { 0.0 } else { 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]) }
}

/// Splits where the time of measurements goes back, or where both their interval is odd (longer than usual by 5 s and 5
/// deviations) and their offsets differ oddly (by 1 s and 10 deviations more than usual).
fn stretches(offsets: &[(f64, f64)]) -> Vec<Range> {
    let Some(last) = offsets.len().checked_sub(1) else { return Vec::new() };
    let steps: Vec<f64> = offsets.windows(2).map(|p| p[1].0 - p[0].0).collect();
    let jumps: Vec<f64> = offsets.windows(2).map(|p| (p[1].1 - p[0].1).abs()).collect();
    let spread =
        |values: &[f64], middle: f64| median(&values.iter().map(|v| (v - middle).abs()).collect::<Vec<_>>()) + f64::EPSILON;
    let (step, jump) = (median(&steps), median(&jumps));
    let (step_mad, jump_mad) = (spread(&steps, step), spread(&jumps, jump));
    let mut ranges = Vec::new();
    let mut first = 0;
    for i in 0..steps.len() {
        let odd_step = (steps[i] - step) / step_mad > 5.0 && steps[i] - step > 5.0;
        let odd_jump = (jumps[i] - jump) / jump_mad > 10.0 && jumps[i] - jump > 1.0;
        if steps[i] < 0.0 || (odd_step && odd_jump) {
            ranges.push((first, i));
            first = i + 1;
        }
    }
    ranges.push((first, last));
    ranges
}

/// offset = a + b time under Huber's loss, by repeated weighting.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let [(_, only)] = points else { return robust(points) };
    (*only, 0.0)
}

fn robust(points: &[(f64, f64)]) -> (f64, f64) {
    let mut weights = vec![1.0; points.len()];
    let mut found = (0.0, 0.0);
    for _ in 0..100 {
        let sum: f64 = weights.iter().sum();
        let mean = |value: &dyn Fn(&(f64, f64)) -> f64| points.iter().zip(&weights).map(|(p, w)| w * value(p)).sum::<f64>() / sum;
        let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
        let sxx = mean(&|p| (p.0 - mx).powi(2));
        let slope = if sxx > 0.0 { mean(&|p| (p.0 - mx) * (p.1 - my)) / sxx } else { 0.0 };
        let next = (my - slope * mx, slope);
        let settled = (next.0 - found.0).abs() < 1e-12 * (1.0 + next.0.abs()) && (next.1 - found.1).abs() < 1e-18;
        found = next;
        if settled {
            break;
        }
        for (weight, (x, y)) in weights.iter_mut().zip(points) {
            let off = (y - my - slope * (x - mx)).abs();
            *weight = if off <= SCATTER_S { 1.0 } else { SCATTER_S / off };
        }
    }
    found
}

/// Consecutive samples on one line: index of the first, how many, its time and the period, s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub first: usize,
    pub count: usize,
    pub start: f64,
    pub period: f64,
}

/// The straight lines through the stamps: a pause of more than a second and 500 samples, or a step back, begins a new
/// one. None where there are more of them than a recording can have: the stamps are damaged.
pub(super) fn pieces(stamps: &[f64], rate: f64) -> Option<Vec<Piece>> {
    let longest = 1f64.max(500.0 / rate);
    let most = (stamps.len() / 50).max(100);
    let mut pieces = Vec::new();
    let mut first = 0;
    for i in 1..=stamps.len() {
        let broken = i == stamps.len() || stamps[i] - stamps[i - 1] > longest || stamps[i] < stamps[i - 1] - longest;
        if broken {
            if pieces.len() == most {
                return None;
            }
            pieces.push(piece(&stamps[first..i], first, rate));
            first = i;
        }
    }
    Some(pieces)
}

/// All samples evenly from the first one's stamp.
pub(super) fn nominal(stamps: &[f64], rate: f64) -> Vec<Piece> {
    let start = stamps.iter().copied().find(|t| t.is_finite()).unwrap_or(0.0);
    vec![Piece { first: 0, count: stamps.len(), start, period: 1.0 / rate }]
}

/// The mean rate of pieces, and over how many steps from sample to sample; `otherwise` where there are none.
pub(super) fn rate(pieces: &[Piece], otherwise: f64) -> (f64, usize) {
    let (span, steps) = pieces.iter().fold((0.0, 0), |(s, n), p| (s + p.period * (p.count - 1) as f64, n + p.count - 1));
    (if span > 0.0 { steps as f64 / span } else { otherwise }, steps)
}

/// Runs of pieces that one rate fits. A piece begins another run where its own rate is further from that of the run
/// than a crystal can be off (`most`, relative), so far that samples would be moved by more than half a period.
pub(super) fn even(pieces: &[Piece], nominal: f64, most: f64) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (i, piece) in pieces.iter().enumerate() {
        let long = |p: &&Piece| p.count > 100;
        let fits = runs.last().is_none_or(|run| {
            let known: Vec<Piece> = pieces[run.clone()].iter().filter(long).copied().collect();
            let off = (piece.period * rate(&known, nominal).0 - 1.0).abs();
            known.is_empty() || !long(&piece) || off <= most || off * piece.count as f64 <= 0.5
        });
        match runs.last_mut().filter(|_| fits) {
            Some(run) => run.end = i + 1,
            None => runs.push(i..i + 1),
        }
    }
    runs
}

/// Parts of a run between which the pauses are too long to be filled: the longest are taken out until the rest is `most`
/// samples or fewer. A damaged stamp may tell of days.
pub(super) fn near(pieces: &[Piece], run: std::ops::Range<usize>, rate: f64, most: f64) -> Vec<std::ops::Range<usize>> {
    let pause = |i: usize| (pieces[i].start - pieces[i - 1].start) * rate - pieces[i - 1].count as f64;
    let mut pauses: Vec<(usize, f64)> = (run.start + 1..run.end).map(|i| (i, pause(i).max(0.0))).collect();
    pauses.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut rest: f64 = pauses.iter().map(|p| p.1).sum();
    let mut edges = vec![run.start, run.end];
    for (i, length) in pauses {
        if rest <= most {
            break;
        }
        rest -= length;
        edges.push(i);
    }
    edges.sort_unstable();
    edges.windows(2).map(|edge| edge[0]..edge[1]).collect()
}

fn piece(stamps: &[f64], first: usize, rate: f64) -> Piece {
    let n = stamps.len();
    let middle = (n as f64 - 1.0) / 2.0;
    let origin = stamps[0];
    let mean = stamps.iter().map(|t| t - origin).sum::<f64>() / n as f64;
    let (mut sxy, mut sxx) = (0.0, 0.0);
    for (i, t) in stamps.iter().enumerate() {
        let x = i as f64 - middle;
        sxy += x * (t - origin - mean);
        sxx += x * x;
    }
    let period = if sxx > 0.0 { sxy / sxx } else { 1.0 / rate };
    Piece { first, count: n, start: origin + mean - period * middle, period }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_and_a_reset() {
        let steady: Vec<(f64, f64)> = (0..20).map(|i| (100.0 + 5.0 * f64::from(i), 2.0 + 1e-5 * f64::from(i))).collect();
        let mut stamps = vec![100.0, 150.0];
        assert_eq!(correct(&mut stamps, &steady), 1);
        assert!((stamps[0] - 102.0).abs() < 1e-9 && (stamps[1] - 152.0001).abs() < 1e-9, "{stamps:?}");
        let mut reset = steady.clone();
        reset.extend((0..20).map(|i| (5.0 * f64::from(i), 250.0)));
        let mut stamps = vec![194.0, 195.0, 0.0, 1.0];
        assert_eq!(correct(&mut stamps, &reset), 2);
        assert!((stamps[2] - 250.0).abs() < 1e-6 && (stamps[1] - 197.0).abs() < 1e-3, "{stamps:?}");
        let mut alone = vec![1.0];
        correct(&mut alone, &[]);
        assert_eq!(alone, [1.0]);
    }

    #[test]
    fn an_outlier_does_not_pull_the_line() {
        let mut points: Vec<(f64, f64)> = (0..50).map(|i| (f64::from(i), 1.0)).collect();
        points[25].1 = 3.0;
        let (a, b) = robust(&points);
        assert!((a - 1.0).abs() < 1e-4 && b.abs() < 1e-6, "{a} {b}");
    }

    #[test]
    fn jitter_is_taken_out_and_pauses_stay() {
        let mut stamps: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01 + if i % 2 == 0 { 1e-3 } else { -1e-3 }).collect();
        stamps.extend((0..100).map(|i| 20.0 + f64::from(i) * 0.01));
        let pieces = pieces(&stamps, 100.0).expect("two lines");
        assert_eq!(pieces.iter().map(|p| (p.first, p.count)).collect::<Vec<_>>(), [(0, 1000), (1000, 100)]);
        assert_eq!(even(&pieces, 100.0, 2e-4), std::iter::once(0..2).collect::<Vec<_>>(), "a pause is a gap");
        let torn: Vec<f64> = (0..1000).map(|i| f64::from(i % 2) * 1e6).collect();
        assert!(super::pieces(&torn, 100.0).is_none(), "no recording is like that");
        assert_eq!(near(&pieces, 0..2, 100.0, 1000.0), std::iter::once(0..2).collect::<Vec<_>>());
        assert_eq!(near(&pieces, 0..2, 100.0, 999.0), [0..1, 1..2], "a pause longer than that is not filled");
        let other = Piece { first: 1100, count: 1000, start: 30.0, period: 0.0107 };
        let three = [pieces[0], pieces[1], other];
        assert_eq!(even(&three, 100.0, 2e-4), [0..2, 2..3], "another rate is another stream");
        assert!((pieces[0].period - 0.01).abs() < 1e-8 && (pieces[1].start - 20.0).abs() < 1e-9);
    }
}
