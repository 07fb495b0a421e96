//! Heart to brain: brain power as an autoregression driven by the heart's power (algorithms 3.1).

/// What one window's regression found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coupling {
    /// k: how much of the last brain power stays.
    pub persistence: f64,
    /// c: how much of the last heart power comes in. The feature.
    pub heart: f64,
    /// Root of the squared errors' sum over (equations - 2).
    pub residual: f64,
}

const NOTHING: Coupling = Coupling { persistence: f64::NAN, heart: f64::NAN, residual: f64::NAN };
/// A determinant below this share of its diagonal has no single answer: brain and heart are proportional.
const DEGENERATE: f64 = 1e-12;

/// Least squares of E[n] = k E[n-1] + c U[n-1] over every window of `window` + 1 samples, one result a window; without
/// numbers where brain and heart are proportional or hold none. With `intercept` a constant is fitted too.
pub fn heart_to_brain(brain: &[f64], heart: &[f64], window: usize, intercept: bool) -> Vec<Coupling> {
    let n = brain.len().min(heart.len());
    (0..n.saturating_sub(window)).map(|i| regress(&brain[i..=i + window], &heart[i..=i + window], intercept)).collect()
}

fn regress(brain: &[f64], heart: &[f64], intercept: bool) -> Coupling {
    let equations = brain.len() - 1;
    let (next, last, input) = (&brain[1..], &brain[..equations], &heart[..equations]);
    let mean = |x: &[f64]| if intercept { x.iter().sum::<f64>() / equations as f64 } else { 0.0 };
    let (mn, ml, mi) = (mean(next), mean(last), mean(input));
    let (mut ll, mut ii, mut li, mut nl, mut ni, mut nn) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for ((next, last), input) in next.iter().zip(last).zip(input) {
        let (next, last, input) = (next - mn, last - ml, input - mi);
        ll += last * last;
        ii += input * input;
        li += last * input;
        nl += next * last;
        ni += next * input;
        nn += next * next;
    }
    let determinant = ll * ii - li * li;
    if determinant.is_nan() || determinant.abs() <= DEGENERATE * ll * ii {
        return NOTHING;
    }
    let persistence = (nl * ii - ni * li) / determinant;
    let heart = (ni * ll - nl * li) / determinant;
    let errors = (nn - persistence * nl - heart * ni).max(0.0);
    let freedom = equations.saturating_sub(2 + usize::from(intercept)).max(1) as f64;
    Coupling { persistence, heart, residual: (errors / freedom).sqrt() }
}
