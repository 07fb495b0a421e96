//! The heart: beats from integral pulse frequency modulation with known rhythms, as ECG and as PPG.
//!
//! The sinus node fires when the integral of the rate crosses a whole number; the rate carries a respiratory rhythm
//! at 0.25 Hz and a blood-pressure rhythm at 0.1 Hz (the generator behind algorithms 3.2). The R peak follows after
//! the conduction delay, the pulse at the finger after the transit delay, so nothing has to be known in advance.

use super::response::Feeling;
use crate::signal::Seed;
use std::collections::VecDeque;
use std::f64::consts::TAU;

/// Respiratory rhythm of the beats, Hz.
pub const RESPIRATORY_HZ: f64 = 0.25;
/// Blood-pressure rhythm of the beats, Hz.
pub const PRESSURE_HZ: f64 = 0.1;
/// Share of the rate by which each rhythm swings at rest.
const RESPIRATORY_SWING: f64 = 0.04;
const PRESSURE_SWING: f64 = 0.03;
/// From the sinus node's firing to the R peak, s.
const CONDUCTION_S: f64 = 0.22;
/// From the R peak to the pulse's peak at the finger, s.
pub const TRANSIT_S: f64 = 0.30;
/// Beats older than this no longer shape the signals, s.
const SPAN_S: f64 = 1.4;

/// The waves of one beat: (centre relative to the R peak in s, SD in s, mV).
const WAVES: [(f64, f64, f64); 5] =
    [(-0.15, 0.022, 0.12), (-0.030, 0.009, -0.14), (0.0, 0.011, 1.15), (0.031, 0.010, -0.24), (0.27, 0.045, 0.30)];
/// The pulse: its peak and the reflected wave, relative to the pulse's peak.
const PULSE: [(f64, f64, f64); 2] = [(0.0, 0.085, 1.0), (0.26, 0.12, 0.4)];

pub(super) struct Heart {
    dt: f64,
    rest_rate: f64,
    heart_rate: f64,
    respiratory: f64,
    phases: (f64, f64),
    integral: f64,
    noise: Seed,
    /// R peaks that still shape the signals, s since the start.
    recent: VecDeque<f64>,
    truth: Vec<f64>,
}

impl Heart {
    pub fn new(seed: &Seed, rate: f64) -> Self {
        let mut body = seed.fork("heart");
        Heart {
            dt: 1.0 / rate,
            rest_rate: body.between(62.0, 76.0),
            heart_rate: 0.0,
            respiratory: 1.0,
            phases: (TAU * body.uniform(), TAU * body.uniform()),
            integral: body.uniform(),
            noise: seed.fork("heart noise"),
            recent: VecDeque::new(),
            truth: Vec::new(),
        }
    }

    pub fn feel(&mut self, feeling: &Feeling) {
        self.heart_rate = feeling.heart_rate;
        self.respiratory = feeling.respiratory;
    }

    /// Every R peak so far (and the next one, once the sinus node has fired), s since the start.
    pub fn truth(&self) -> &[f64] {
        &self.truth
    }

    /// ECG in mV and PPG in arbitrary units at `t` seconds since the start; `t` grows by one sample a call.
    pub fn next(&mut self, t: f64) -> (f32, f32) {
        let breath = (TAU * RESPIRATORY_HZ * t + self.phases.0).sin();
        let pressure = (TAU * PRESSURE_HZ * t + self.phases.1).sin();
        let swing = 1.0 + RESPIRATORY_SWING * self.respiratory * breath + PRESSURE_SWING * pressure;
        let advance = (self.rest_rate + self.heart_rate) / 60.0 * swing * self.dt;
        self.integral += advance;
        if self.integral >= 1.0 {
            self.integral -= 1.0;
            let fired = t - self.dt * self.integral / advance;
            self.recent.push_back(fired + CONDUCTION_S);
            self.truth.push(fired + CONDUCTION_S);
        }
        while self.recent.front().is_some_and(|r| t - r > SPAN_S) {
            self.recent.pop_front();
        }
        let (mut ecg, mut ppg) = (0.03 * breath + 0.006 * self.noise.normal(), 0.05 * breath + 0.004 * self.noise.normal());
        for beat in &self.recent {
            ecg += waves(t - beat, &WAVES);
            ppg += waves(t - beat - TRANSIT_S, &PULSE);
        }
        (ecg as f32, ppg as f32)
    }
}

fn waves(t: f64, shapes: &[(f64, f64, f64)]) -> f64 {
    let wave = |&(centre, sd, height): &(f64, f64, f64)| {
        let z = (t - centre) / sd;
        if z.abs() > 5.0 { 0.0 } else { height * (-z * z / 2.0).exp() }
    };
    shapes.iter().map(wave).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_peaks_of_the_ecg_stand_where_the_truth_says() {
        let rate = 512.0;
        let mut heart = Heart::new(&Seed::new(5), rate);
        let ecg: Vec<f32> = (0..(60.0 * rate) as usize).map(|i| heart.next(i as f64 / rate).0).collect();
        let inside: Vec<f64> = heart.truth().iter().copied().filter(|t| (0.1..59.9).contains(t)).collect();
        assert!((58..=80).contains(&inside.len()), "{} beats a minute", inside.len());
        for beat in inside {
            let centre = (beat * rate).round() as usize;
            let around = centre.saturating_sub(30)..(centre + 30).min(ecg.len());
            let peak = around.max_by(|a, b| ecg[*a].total_cmp(&ecg[*b])).expect("not empty");
            assert!((peak as f64 / rate - beat).abs() < 0.004, "{beat}: {}", peak as f64 / rate);
        }
    }

    #[test]
    fn intervals_carry_both_rhythms() {
        let rate = 256.0;
        let mut heart = Heart::new(&Seed::new(9), rate);
        (0..(300.0 * rate) as usize).for_each(|i| {
            heart.next(i as f64 / rate);
        });
        let beats = heart.truth();
        let level = |hz: f64| {
            let mean = (beats[beats.len() - 1] - beats[0]) / (beats.len() - 1) as f64;
            let (mut re, mut im) = (0.0, 0.0);
            for pair in beats.windows(2) {
                let (sin, cos) = (TAU * hz * pair[1]).sin_cos();
                re += (pair[1] - pair[0] - mean) * cos;
                im += (pair[1] - pair[0] - mean) * sin;
            }
            2.0 * re.hypot(im) / (beats.len() - 1) as f64 / mean
        };
        assert!((level(RESPIRATORY_HZ) - RESPIRATORY_SWING).abs() < 0.012, "{}", level(RESPIRATORY_HZ));
        assert!((level(PRESSURE_HZ) - PRESSURE_SWING).abs() < 0.006, "{}", level(PRESSURE_HZ));
        assert!(level(0.17) < 0.008, "{}", level(0.17));
    }
}
