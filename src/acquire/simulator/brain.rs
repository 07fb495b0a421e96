//! The EEG: background scaled by the feeling, blinks, muscle bursts, a little mains and sensor noise.

use super::CHANNELS;
use super::background::{Background, FIRST_BAND};
use super::response::Feeling;
use super::scenario::SourceModel;
use crate::signal::{Montage, Position, Seed, position_of};
use std::f64::consts::TAU;

/// White noise of each sensor, uV rms.
const SENSOR_UV: f64 = 0.4;
/// Mains that reaches a well-shielded cap, uV, times 0.3-1 by electrode.
const MAINS_UV: f64 = 0.4;
const MAINS_HZ: f64 = 50.0;
/// A blink lasts so long, s.
const BLINK_S: f64 = 0.32;
/// Shortest time between blinks and mean of the exponential rest, s: 13 a minute.
const BLINK_PAUSE: (f64, f64) = (2.0, 2.3);
/// Blinks come so much more rarely under closed lids.
const BLINK_CLOSED: f64 = 0.15;
/// Shortest time between muscle bursts and mean of the exponential rest, s.
const MUSCLE_PAUSE: (f64, f64) = (8.0, 20.0);

/// Exponentially distributed, with this mean.
fn exponential(seed: &mut Seed, mean: f64) -> f64 {
    -mean * (1.0 - seed.uniform()).ln()
}

/// Weight at every electrode of something around `centre` on the scalp, 1 at `reference`.
fn spread(montage: &Montage, centre: Position, width: f64, reference: &str) -> [f32; CHANNELS] {
    let weight = |p: &Position| (-(p.dot(&centre).clamp(-1.0, 1.0).acos() / width).powi(2) / 2.0).exp();
    let full = position_of(reference).map_or(1.0, |p| weight(&p));
    let positions = montage.positions();
    std::array::from_fn(|ch| positions.get(ch).map_or(0.0, |p| (weight(p) / full) as f32))
}

/// Something that comes now and then for a while.
struct Episode {
    seed: Seed,
    pause: (f64, f64),
    /// Seconds until the next one.
    wait: f64,
    /// Seconds into the present one and its length.
    running: Option<(f64, f64)>,
    level: f64,
}

impl Episode {
    fn new(mut seed: Seed, pause: (f64, f64)) -> Self {
        let wait = pause.0 + exponential(&mut seed, pause.1);
        Episode { seed, pause, wait, running: None, level: 0.0 }
    }

    /// One sample further; `haste` scales how fast the pause passes. Gives the share of the episode that is over,
    /// `begin` draws (length, level) of a new one.
    fn step(&mut self, dt: f64, haste: f64, begin: impl FnOnce(&mut Seed) -> (f64, f64)) -> Option<f64> {
        if let Some((elapsed, length)) = self.running {
            let elapsed = elapsed + dt;
            if elapsed < length {
                self.running = Some((elapsed, length));
                return Some(elapsed / length);
            }
            self.running = None;
            self.wait = self.pause.0 + exponential(&mut self.seed, self.pause.1);
            return None;
        }
        self.wait -= dt * haste;
        if self.wait <= 0.0 {
            let (length, level) = begin(&mut self.seed);
            self.running = Some((0.0, length));
            self.level = level;
        }
        None
    }
}

pub(super) struct Brain {
    dt: f64,
    background: Background,
    gains: [[f32; CHANNELS]; 4],
    eyes_closed: f64,
    blink: Episode,
    blink_weights: [f32; CHANNELS],
    lid: f64,
    muscle: Episode,
    muscle_weights: [[f32; CHANNELS]; 2],
    /// The side of the present burst and its last white value (the burst is their difference: high frequencies).
    muscle_side: usize,
    muscle_last: f64,
    /// Cosine and sine weights of the mains at each electrode.
    mains: [(f32, f32); CHANNELS],
    sensor: Seed,
    count: u64,
}

impl Brain {
    pub fn new(seed: &Seed, rate: f64, montage: &Montage, model: SourceModel) -> Self {
        let eyes = Position { x: 0.0, y: 0.954, z: -0.3 };
        let ear = |label| position_of(label).unwrap_or(Position { x: 1.0, y: 0.0, z: 0.0 });
        let mut wiring = seed.fork("mains");
        Brain {
            dt: 1.0 / rate,
            background: Background::new(seed, rate, montage, model),
            gains: [[1.0; CHANNELS]; 4],
            eyes_closed: 0.0,
            blink: Episode::new(seed.fork("blinks"), BLINK_PAUSE),
            blink_weights: spread(montage, eyes, 0.42, "Fp1"),
            lid: 0.0,
            muscle: Episode::new(seed.fork("muscle"), MUSCLE_PAUSE),
            muscle_weights: [spread(montage, ear("T7"), 0.4, "T7"), spread(montage, ear("T8"), 0.4, "T8")],
            muscle_side: 0,
            muscle_last: 0.0,
            mains: std::array::from_fn(|_| {
                let (level, phase) = (MAINS_UV * wiring.between(0.3, 1.0), TAU * wiring.uniform());
                ((level * phase.cos()) as f32, (level * phase.sin()) as f32)
            }),
            sensor: seed.fork("sensors"),
            count: 0,
        }
    }

    /// Takes over a changed feeling.
    pub fn feel(&mut self, feeling: &Feeling) {
        for (gain, log) in self.gains.iter_mut().flatten().zip(feeling.log_gain.iter().flatten()) {
            *gain = log.exp() as f32;
        }
        self.eyes_closed = feeling.eyes_closed;
    }

    /// How far the lids cover the eyes by a blink, 0-1.
    pub fn lid(&self) -> f64 {
        self.lid
    }

    /// The next sample of every electrode, uV.
    pub fn next(&mut self, out: &mut [f32]) {
        let parts = self.background.next();
        for (ch, value) in out.iter_mut().enumerate().take(CHANNELS) {
            *value = parts[0][ch] + parts[parts.len() - 1][ch];
        }
        for (part, gains) in parts[FIRST_BAND..].iter().zip(&self.gains) {
            for ((value, x), gain) in out.iter_mut().zip(part).zip(gains) {
                *value += gain * x;
            }
        }
        self.add_blink(out);
        self.add_muscle(out);
        let turn = TAU * MAINS_HZ * self.count as f64 * self.dt;
        let (sin, cos) = (turn.sin() as f32, turn.cos() as f32);
        let scale = SENSOR_UV * 6f64.sqrt() / f64::from(u32::MAX);
        for (value, (a, b)) in out.iter_mut().zip(&self.mains) {
            let bits = self.sensor.bits(); // the sum of two uniform numbers is near enough to normal here
            let noise = (bits >> 32) as f64 + (bits & 0xFFFF_FFFF) as f64 - f64::from(u32::MAX);
            *value += a * cos + b * sin + (noise * scale) as f32;
        }
        self.count += 1;
    }

    fn add_blink(&mut self, out: &mut [f32]) {
        let haste = 1.0 + (BLINK_CLOSED - 1.0) * self.eyes_closed;
        let share = self.blink.step(self.dt, haste, |seed| (BLINK_S, 100.0 + 15.0 * seed.normal()));
        self.lid = share.map_or(0.0, |s| (std::f64::consts::PI * s).sin().powi(2));
        if share.is_some() {
            let wave = (self.blink.level * self.lid) as f32;
            out.iter_mut().zip(&self.blink_weights).for_each(|(value, w)| *value += w * wave);
        }
    }

    fn add_muscle(&mut self, out: &mut [f32]) {
        let begin = |seed: &mut Seed| (seed.between(0.3, 0.9), seed.between(3.0, 8.0));
        let Some(share) = self.muscle.step(self.dt, 1.0, begin) else {
            self.muscle_side = usize::from(self.muscle.level.fract() < 0.5);
            return;
        };
        let white = self.muscle.seed.normal();
        let wave = self.muscle.level * (std::f64::consts::PI * share).sin() * (white - self.muscle_last);
        self.muscle_last = white;
        let weights = &self.muscle_weights[self.muscle_side];
        out.iter_mut().zip(weights).for_each(|(value, w)| *value += w * wave as f32);
    }
}
