//! An autoregressive model of the intervals between beats: fitted robustly, and used from both sides to place beats
//! whose time is not known (Janssen, Veldhuis and Vries 1986).
//!
//! A row of the model is e = x_k - sum_j a_j x_(k-j); the first rows look ahead instead of back, so that each interval
//! has one row, and an interval in the middle appears in the rows of `order` intervals after it as well: what comes
//! later counts as much as what came before.

/// Ridge of the normal equations, as a share of their mean diagonal.
const RIDGE: f64 = 1e-4;
/// Residuals from this many scales on count less and less.
const BEND: f64 = 4.0;
/// From the median absolute deviation to a normal distribution's standard deviation.
const NORMAL: f64 = 1.4826;

/// Intervals in s as x = w - mean, and how each follows from its neighbours.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub mean: f64,
    /// a_1 .. a_p.
    pub weights: Vec<f64>,
    /// Robust standard deviation of the rows, s.
    pub scale: f64,
}

impl Model {
    /// Fits forwards and backwards at once to stretches in which every interval is `usable`; reweighted three times so
    /// that single large residuals do not steer. `floor` is the smallest scale believed, s. `None` where too few
    /// stretches are long enough.
    pub fn fit(intervals: &[f64], usable: &[bool], order: usize, floor: f64) -> Option<Model> {
        let kept: Vec<f64> = intervals.iter().zip(usable).filter(|(_, u)| **u).map(|(w, _)| *w).collect();
        if kept.is_empty() {
            return None;
        }
        let mean = kept.iter().sum::<f64>() / kept.len() as f64;
        let x: Vec<f64> = intervals.iter().map(|w| w - mean).collect();
        let starts: Vec<usize> = (order..x.len()).filter(|k| usable[k - order..=*k].iter().all(|u| *u)).collect();
        if starts.len() < 2 * order {
            return None;
        }
        let mut model = Model { mean, weights: vec![0.0; order], scale: f64::INFINITY };
        for _ in 0..4 {
            model.weights = model.normal_equations(&x, &starts)?;
            let residuals: Vec<f64> = starts.iter().map(|k| model.forward(&x, *k).abs()).collect();
            model.scale = (NORMAL * super::median(&residuals)).max(floor);
        }
        Some(model)
    }

    fn normal_equations(&self, x: &[f64], starts: &[usize]) -> Option<Vec<f64>> {
        let p = self.weights.len();
        let (mut table, mut right) = (vec![0.0; p * p], vec![0.0; p]);
        let mut add = |target: f64, past: &dyn Fn(usize) -> f64, trust: f64| {
            for i in 0..p {
                let weighted = trust * past(i);
                right[i] += weighted * target;
                (0..=i).for_each(|j| table[i * p + j] += weighted * past(j));
            }
        };
        for &k in starts {
            add(x[k], &|i| x[k - 1 - i], trust(self.forward(x, k), self.scale));
            let first = k - p;
            add(x[first], &|i| x[first + 1 + i], trust(self.backward(x, first), self.scale));
        }
        let ridge = RIDGE * (0..p).map(|i| table[i * p + i]).sum::<f64>() / p as f64 + 1e-12;
        (0..p).for_each(|i| table[i * p + i] += ridge);
        solve(&mut table, &mut right).then_some(right)
    }

    fn forward(&self, x: &[f64], k: usize) -> f64 {
        x[k] - self.weights.iter().enumerate().map(|(j, a)| a * x[k - 1 - j]).sum::<f64>()
    }

    fn backward(&self, x: &[f64], k: usize) -> f64 {
        x[k] - self.weights.iter().enumerate().map(|(j, a)| a * x[k + 1 + j]).sum::<f64>()
    }

    /// Row `k` of the model over `x`; needs more than `order` intervals.
    pub fn row(&self, x: &[f64], k: usize) -> f64 {
        if k >= self.weights.len() { self.forward(x, k) } else { self.backward(x, k) }
    }

    /// What interval `k` weighs in row `row`.
    fn coefficient(&self, row: usize, k: usize) -> f64 {
        let p = self.weights.len();
        let away = if row >= p { row.checked_sub(k) } else { k.checked_sub(row) };
        match away {
            Some(0) => 1.0,
            Some(j) if j <= p => -self.weights[j - 1],
            _ => 0.0,
        }
    }

    /// Rows in which any of the intervals `first..=last` of `all` appears.
    pub fn rows_of(&self, first: usize, last: usize, all: usize) -> std::ops::Range<usize> {
        let p = self.weights.len();
        // The rows that look ahead lie before the order; an interval within their reach appears there too.
        let low = if first < 2 * p { 0 } else { first };
        low..(last + p + 1).min(all)
    }

    /// Cost of rows: half the squared residual in scales for small ones, growing as its logarithm for large ones.
    pub fn cost(&self, x: &[f64], rows: std::ops::Range<usize>) -> f64 {
        rows.map(|k| 0.5 * BEND * BEND * (self.row(x, k) / self.scale / BEND).powi(2).ln_1p()).sum()
    }

    /// Moves the beats `free` (beat i stands between the intervals i - 1 and i of `x`) to where the rows are smallest,
    /// all together; the beats around them stay.
    pub fn place(&self, x: &mut [f64], free: &[usize]) {
        let (Some(first), Some(last)) = (free.iter().min(), free.iter().max()) else { return };
        let rows = self.rows_of(first - 1, *last, x.len());
        let n = free.len();
        for _ in 0..4 {
            let (mut table, mut right) = (vec![0.0; n * n], vec![0.0; n]);
            for row in rows.clone() {
                let residual = self.row(x, row);
                let trust = trust(residual, self.scale);
                let slope: Vec<f64> = free.iter().map(|i| self.coefficient(row, i - 1) - self.coefficient(row, *i)).collect();
                for i in (0..n).filter(|i| slope[*i] != 0.0) {
                    right[i] -= trust * slope[i] * residual;
                    (0..=i).for_each(|j| table[i * n + j] += trust * slope[i] * slope[j]);
                }
            }
            (0..n).for_each(|i| table[i * n + i] += 1e-9);
            if !solve(&mut table, &mut right) {
                return;
            }
            for (i, shift) in free.iter().zip(&right) {
                x[i - 1] += shift;
                x[*i] -= shift;
            }
        }
    }

    /// How far each interval lies from what all others say of it, s.
    pub fn surprises(&self, x: &[f64]) -> Vec<f64> {
        let rows: Vec<f64> = (0..x.len()).map(|k| self.row(x, k)).collect();
        let surprise = |k: usize| {
            let (mut up, mut down) = (0.0, 0.0);
            for row in self.rows_of(k, k, x.len()) {
                let c = self.coefficient(row, k);
                (up, down) = (up + c * rows[row], down + c * c);
            }
            up / down.max(1e-12)
        };
        (0..x.len()).map(surprise).collect()
    }
}

fn trust(residual: f64, scale: f64) -> f64 {
    1.0 / (1.0 + (residual / scale / BEND).powi(2))
}

/// Solves a symmetric positive system (lower triangle given) in place by Cholesky; false where it is not positive.
fn solve(table: &mut [f64], right: &mut [f64]) -> bool {
    let n = right.len();
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| table[i * n + k] * table[j * n + k]).sum();
            let rest = table[i * n + j] - dot;
            if i == j {
                if rest <= 0.0 || !rest.is_finite() {
                    return false;
                }
                table[i * n + i] = rest.sqrt();
            } else {
                table[i * n + j] = rest / table[j * n + j];
            }
        }
    }
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| table[i * n + k] * right[k]).sum();
        right[i] = (right[i] - dot) / table[i * n + i];
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| table[k * n + i] * right[k]).sum();
        right[i] = (right[i] - dot) / table[i * n + i];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(n: usize) -> Vec<f64> {
        (0..n).map(|k| 0.8 + 0.1 * (0.5 * k as f64).sin() + 0.07 * (1.4 * k as f64).cos()).collect()
    }

    #[test]
    fn two_sines_are_predicted_and_a_lost_beat_comes_back() {
        let intervals = wave(200);
        let model = Model::fit(&intervals, &[true; 200], 8, 1e-4).expect("enough");
        assert!(model.scale < 0.002, "{}", model.scale);
        let mut x: Vec<f64> = intervals.iter().map(|w| w - model.mean).collect();
        let whole = x.clone();
        for beat in [2, 90, 91, 198] {
            x[beat - 1] += 0.15;
            x[beat] -= 0.15;
        }
        model.place(&mut x, &[2]);
        model.place(&mut x, &[90, 91]);
        model.place(&mut x, &[198]);
        let worst = x.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 0.003, "{worst}");
    }

    #[test]
    fn one_wrong_interval_surprises_most_and_too_little_has_no_model() {
        let mut intervals = wave(120);
        let model = Model::fit(&intervals, &[true; 120], 6, 1e-3).expect("enough");
        intervals[60] += 0.2;
        let x: Vec<f64> = intervals.iter().map(|w| w - model.mean).collect();
        let surprises = model.surprises(&x);
        let most = (0..120).max_by(|a, b| surprises[*a].abs().total_cmp(&surprises[*b].abs()));
        assert_eq!(most, Some(60));
        assert!((surprises[60] - 0.2).abs() < 0.02, "{}", surprises[60]);
        assert!(Model::fit(&intervals[..10], &[true; 10], 6, 1e-3).is_none());
    }
}
