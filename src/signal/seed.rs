//! The one source of randomness: SplitMix64 (Steele, Lea and Flood 2014), the same on every machine.
//!
//! We keep our own forty lines because a crate's stream may change with its version, and invariant 6 promises
//! the same session, split, network and explanation for the same seed.

/// A seeded stream of numbers. Cloning it repeats the stream from here.
#[derive(Debug, Clone)]
pub struct Seed {
    state: u64,
    spare: Option<f64>,
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Seed {
    pub fn new(seed: u64) -> Self {
        Seed { state: seed, spare: None }
    }

    /// An independent stream for one purpose, e.g. `seed.fork("blinks")`: adding a draw in one purpose never
    /// shifts another.
    pub fn fork(&self, purpose: &str) -> Seed {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64; // FNV-1a
        for byte in purpose.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Seed::new(mix(self.state ^ hash))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// Uniform integer in 0..n; 0 when n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_repeats_and_forks_differ() {
        let (mut a, mut b) = (Seed::new(7), Seed::new(7));
        assert_eq!((0..9).map(|_| a.bits()).collect::<Vec<_>>(), (0..9).map(|_| b.bits()).collect::<Vec<_>>());
        assert_ne!(Seed::new(7).fork("eeg").bits(), Seed::new(7).fork("ecg").bits());
    }

    #[test]
    fn normal_has_mean_zero_and_variance_one() {
        let mut seed = Seed::new(1);
        let draws: Vec<f64> = (0..20_000).map(|_| seed.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
