//! Beat series of known truth (integral pulse frequency modulation, algorithms 3.2) and errors as detectors make them.

use limbic::prepare::heart::hrv::hrv_series;
use limbic::signal::Seed;
use std::f64::consts::TAU;

/// A kind of series.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// Range of each rhythm's share of the heart rate.
    pub swing: (f64, f64),
    /// Standard deviation of slow changes of each rhythm's frequency, as a share of it; three times that of its level.
    pub wander: f64,
    /// Standard deviation of every beat's time, s.
    pub jitter: f64,
    /// Beats from one error to the next; None = anywhere, eight apart at least.
    pub apart: Option<usize>,
}

pub const MILD: Kind = Kind { name: "mild HRV", swing: (0.03, 0.04), wander: 0.0, jitter: 0.0, apart: None };
pub const STRONG: Kind = Kind { name: "strong HRV", swing: (0.08, 0.14), ..MILD };
pub const KINDS: [Kind; 7] = [
    MILD,
    Kind { name: "mild, errors 3 beats apart", apart: Some(3), ..MILD },
    STRONG,
    Kind { name: "strong, 15 ms jitter", jitter: 0.015, ..STRONG },
    Kind { name: "strong, errors 3 beats apart", apart: Some(3), ..STRONG },
    Kind { name: "strong, rhythms wander 3 %", wander: 0.03, ..STRONG },
    Kind { name: "strong, rhythms wander 6 %", wander: 0.06, ..STRONG },
];

/// Four minutes of beats.
pub fn truth(kind: &Kind, seed: &mut Seed) -> Vec<f64> {
    const LENGTH_S: f64 = 240.0;
    const STEP_S: f64 = 0.001;
    let rest = 1.0 / seed.between(0.7, 1.0);
    let mut rhythms = [0.1, 0.25].map(|hz| (hz, seed.between(kind.swing.0, kind.swing.1), TAU * seed.uniform()));
    let walks: Vec<Vec<f64>> = (0..4).map(|_| (0..60).map(|_| kind.wander * seed.normal()).collect()).collect();
    let walk = |which: usize, t: f64| {
        let (place, w) = (t / 5.0, &walks[which]);
        w[place as usize] + (w[place as usize + 1] - w[place as usize]) * place.fract()
    };
    let (mut beats, mut integral) = (Vec::new(), 0.0);
    for step in 0..(LENGTH_S / STEP_S) as usize {
        let t = step as f64 * STEP_S;
        let mut rate = 1.0;
        for (which, (hz, swing, phase)) in rhythms.iter_mut().enumerate() {
            *phase += TAU * *hz * (1.0 + walk(which, t)) * STEP_S;
            rate += *swing * (1.0 + 3.0 * walk(which + 2, t)) * phase.sin();
        }
        let advance = rest * rate * STEP_S;
        integral += advance;
        if integral >= 1.0 {
            integral -= 1.0;
            beats.push(t + STEP_S * (1.0 - integral / advance) + kind.jitter * seed.normal());
        }
    }
    beats
}

/// Eight errors: two beats misplaced by a fifth of an interval, two ectopic ones a third early, two extra, two missed.
pub fn spoilt(truth: &[f64], kind: &Kind, seed: &mut Seed) -> Vec<f64> {
    let mut kinds = [0, 0, 1, 1, 2, 2, 3, 3];
    seed.shuffle(&mut kinds);
    let mut beats: Vec<Option<f64>> = truth.iter().copied().map(Some).collect();
    for (place, what) in places(truth.len(), kind.apart, seed).into_iter().zip(kinds) {
        let interval = truth[place] - truth[place - 1];
        match what {
            0 => beats[place] = Some(truth[place] + 0.2 * interval * if seed.uniform() < 0.5 { -1.0 } else { 1.0 }),
            1 => beats[place] = Some(truth[place] - 0.32 * interval),
            2 => beats.push(Some(truth[place] + (truth[place + 1] - truth[place]) * seed.between(0.3, 0.7))),
            _ => beats[place] = None,
        }
    }
    let mut beats: Vec<f64> = beats.into_iter().flatten().collect();
    beats.sort_by(f64::total_cmp);
    beats
}

fn places(beats: usize, apart: Option<usize>, seed: &mut Seed) -> Vec<usize> {
    if let Some(apart) = apart {
        let first = 20 + seed.below(beats - 40 - 8 * apart);
        return (0..8).map(|k| first + k * apart).collect();
    }
    loop {
        let mut places: Vec<usize> = (0..8).map(|_| 10 + seed.below(beats - 20)).collect();
        places.sort_unstable();
        if places.windows(2).all(|pair| pair[1] - pair[0] >= 8) {
            return places;
        }
    }
}

/// Root mean square difference of the interval series at 4 Hz where both are defined, ms.
pub fn hrv_error_ms(found: &[f64], truth: &[f64]) -> f64 {
    let (Ok(a), Ok(b)) = (hrv_series(found), hrv_series(truth)) else { return f64::INFINITY };
    let pairs: Vec<f64> = a
        .times
        .iter()
        .zip(&a.intervals)
        .filter_map(|(t, w)| {
            let place = ((t - b.times[0]) * 4.0).round();
            (place >= 0.0).then(|| b.intervals.get(place as usize)).flatten().map(|v| (v - w).powi(2))
        })
        .collect();
    1000.0 * (pairs.iter().sum::<f64>() / pairs.len().max(1) as f64).sqrt()
}
