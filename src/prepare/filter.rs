//! Butterworth filters as second-order sections: zero phase, as every stored feature is made
//! (algorithms 1.1). The running form for live use is in `causal`.
//!
//! The analogue prototype is moved to the wanted edges, pre-warped with k = tan(pi f / rate), and carried over by
//! the bilinear transform s = (z - 1) / (z + 1).

mod both_ways;

use crate::prepare::PrepareError;
use both_ways::both_ways;
use limbic_fft::num_complex::Complex64;
use limbic_lanes::biquad::SIGNALS;
use rayon::prelude::*;
use std::f64::consts::PI;

/// What a filter lets through; edges in Hz, where one pass attenuates by 3 dB.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pass {
    Low(f64),
    High(f64),
    Band(f64, f64),
}

/// b0 b1 b2 a1 a2 of one section (a0 = 1), and its state in the steady answer to a unit step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    pub b: [f64; 3],
    pub a: [f64; 2],
    pub step_state: [f64; 2],
}

/// A designed filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    sections: Vec<Section>,
}

/// Poles or zeros of one section: a conjugate pair, or one real value.
type Roots = Vec<Complex64>;

impl Filter {
    /// A Butterworth filter. A band-pass of order n has 2 n poles.
    ///
    /// # Errors
    /// Edges that do not rise, are not positive, or reach half the rate; an order outside 1-12.
    pub fn butterworth(pass: Pass, order: usize, rate: f64) -> Result<Filter, PrepareError> {
        let (low, high) = match pass {
            Pass::Low(edge) => (0.0, edge),
            Pass::High(edge) => (edge, rate / 2.0),
            Pass::Band(low, high) => (low, high),
        };
        let inside = match pass {
            Pass::Low(edge) | Pass::High(edge) => edge > 0.0 && edge < rate / 2.0,
            Pass::Band(low, high) => low > 0.0 && low < high && high < rate / 2.0,
        };
        if !inside {
            return Err(PrepareError::Edges { low, high, rate });
        }
        if !(1..=12).contains(&order) {
            return Err(PrepareError::Order(order));
        }
        let warp = |edge: f64| (PI * edge / rate).tan();
        let prototype = (0..order).map(|k| Complex64::from_polar(1.0, PI * (2 * k + order + 1) as f64 / (2 * order) as f64));
        // Analogue poles, the number of zeros at s = 0 (the others lie at infinity), and the gain.
        let (poles, zeros_at_dc, gain): (Vec<Complex64>, usize, f64) = match pass {
            Pass::Low(edge) => (prototype.map(|p| p * warp(edge)).collect(), 0, warp(edge).powi(order as i32)),
            Pass::High(edge) => (prototype.map(|p| p.inv() * warp(edge)).collect(), order, 1.0),
            Pass::Band(low, high) => {
                let (width, centre2) = (warp(high) - warp(low), warp(high) * warp(low));
                let split = |p: Complex64| {
                    let half = p * (width / 2.0);
                    let root = (half * half - centre2).sqrt();
                    [half + root, half - root]
                };
                (prototype.flat_map(split).collect(), order, width.powi(order as i32))
            }
        };
        let one = Complex64::new(1.0, 0.0);
        let scale = poles.iter().fold(one, |product, p| product * (one - p)).re;
        let digital = poles.iter().map(|p| (one + p) / (one - p)).collect::<Vec<_>>();
        Ok(Filter { sections: sections(&digital, zeros_at_dc, gain / scale) })
    }

    /// The sections, in the order in which samples pass them.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Samples of odd extension at each end of a zero-phase pass.
    pub fn padding(&self) -> usize {
        let short = |absent: fn(&Section) -> bool| self.sections.iter().filter(|s| absent(s)).count();
        3 * (2 * self.sections.len() + 1 - short(|s| s.b[2] == 0.0).min(short(|s| s.a[1] == 0.0)))
    }

    /// Filters forwards, then backwards: no delay, double attenuation.
    ///
    /// # Errors
    /// A recording no longer than [`Filter::padding`] is refused rather than filtered without extension.
    pub fn zero_phase(&self, samples: &[f64]) -> Result<Vec<f64>, PrepareError> {
        let [filtered] = both_ways(self, [samples])?;
        Ok(filtered)
    }

    /// [`Filter::zero_phase`] of every channel, the same bit for bit: eight channels go through the sections side by
    /// side, because one channel alone leaves the processor waiting for its own last output.
    ///
    /// # Errors
    /// As [`Filter::zero_phase`]; channels of unequal length.
    pub fn zero_phase_all(&self, channels: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, PrepareError> {
        let need = channels.first().map_or(0, Vec::len);
        if let Some((i, x)) = channels.iter().enumerate().find(|(_, x)| x.len() != need) {
            return Err(PrepareError::Ragged { label: format!("{}", i + 1), have: x.len(), need });
        }
        let group = |group: &[Vec<f64>]| -> Result<Vec<Vec<f64>>, PrepareError> {
            if let [alone] = group {
                return Ok(vec![self.zero_phase(alone)?]);
            }
            // A group that is not full repeats its last channel.
            let eight: [&[f64]; SIGNALS] = std::array::from_fn(|i| group[i.min(group.len() - 1)].as_slice());
            Ok(both_ways(self, eight)?.into_iter().take(group.len()).collect())
        };
        let groups: Vec<Vec<Vec<f64>>> = channels.par_chunks(SIGNALS).map(group).collect::<Result<_, _>>()?;
        Ok(groups.into_iter().flatten().collect())
    }

    /// Magnitude of one pass at a frequency in Hz.
    pub fn gain(&self, frequency: f64, rate: f64) -> f64 {
        let z = Complex64::from_polar(1.0, -2.0 * PI * frequency / rate);
        self.sections.iter().map(|s| ((s.b[0] + z * (s.b[1] + z * s.b[2])) / (1.0 + z * (s.a[0] + z * s.a[1]))).norm()).product()
    }
}

/// The upper edge that a sampling rate allows: 0.45 x rate where the wanted edge does not fit (algorithms 1.1),
/// with the sentence for the provenance.
pub fn fitting_edge(wanted: f64, rate: f64) -> (f64, Option<String>) {
    if rate > 2.0 * wanted {
        return (wanted, None);
    }
    let edge = 0.45 * rate;
    (edge, Some(format!("the upper filter edge is {edge:.1} Hz instead of {wanted} Hz, since there are {rate} samples a second")))
}

/// Pairs poles with zeros: the poles nearest the unit circle choose their nearest zeros first and come last.
fn sections(poles: &[Complex64], zeros_at_one: usize, gain: f64) -> Vec<Section> {
    let mut groups: Vec<Roots> = Vec::new();
    for pole in poles.iter().filter(|p| p.im > 1e-12) {
        groups.push(vec![*pole, pole.conj()]);
    }
    let mut real: Vec<Complex64> = poles.iter().filter(|p| p.im.abs() <= 1e-12).copied().collect();
    real.sort_by(|p, q| p.re.total_cmp(&q.re));
    groups.extend(real.chunks(2).map(<[Complex64]>::to_vec));
    let distance = |g: &Roots| (1.0 - g[0].norm()).abs();
    groups.sort_by(|g, h| distance(g).total_cmp(&distance(h)));
    // An odd number of poles gets one more pole and one more zero at z = 0, which change nothing.
    let mut zeros = vec![1.0; zeros_at_one];
    zeros.resize(poles.len(), -1.0);
    zeros.resize(2 * groups.len(), 0.0);
    let mut sections: Vec<Section> = Vec::with_capacity(groups.len());
    for group in &groups {
        let (first, second) = (group[0], group.get(1).copied().unwrap_or_default());
        let mut nearest = || {
            let place = (0..zeros.len()).min_by(|i, j| (first - zeros[*i]).norm().total_cmp(&(first - zeros[*j]).norm()));
            place.map_or(0.0, |place| zeros.swap_remove(place))
        };
        let (z1, z2) = (nearest(), nearest());
        let a = [-(first + second).re, (first * second).re];
        sections.push(Section { b: [1.0, -(z1 + z2), z1 * z2], a, step_state: [0.0; 2] });
    }
    sections.reverse();
    if let Some(first) = sections.first_mut() {
        first.b = first.b.map(|b| b * gain);
    }
    settle(&mut sections);
    sections
}

/// States in the steady answer to a unit step: each section sees the step as its forerunners scaled it.
fn settle(sections: &mut [Section]) {
    let mut input = 1.0;
    for s in sections {
        let gain = s.b.iter().sum::<f64>() / (1.0 + s.a[0] + s.a[1]);
        let (late, early) = (s.b[2] - s.a[1] * gain, s.b[1] - s.a[0] * gain);
        s.step_state = [input * (early + late), input * late];
        input *= gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lie_three_decibel_down_and_the_band_is_flat() {
        let filter = Filter::butterworth(Pass::Band(0.5, 45.0), 4, 256.0).expect("edges fit");
        for (frequency, decibel) in [(0.5, -3.0103), (45.0, -3.0103), (10.0, 0.0), (60.0, -13.7801), (0.1, -56.2519)] {
            let found = 20.0 * filter.gain(frequency, 256.0).log10();
            assert!((found - decibel).abs() < 1e-3, "{frequency} Hz: {found} dB instead of {decibel}");
        }
        assert_eq!(filter.padding(), 27);
        assert_eq!(Filter::butterworth(Pass::Low(40.0), 3, 200.0).map(|f| f.padding()), Ok(12));
        assert_eq!(Filter::butterworth(Pass::High(1.0), 2, 200.0).map(|f| f.padding()), Ok(9));
    }

    #[test]
    fn a_sine_in_the_band_keeps_its_phase_and_an_offset_goes() {
        let filter = Filter::butterworth(Pass::Band(0.5, 45.0), 4, 256.0).expect("edges fit");
        let wave: Vec<f64> = (0..2048).map(|i| (2.0 * PI * 10.0 * i as f64 / 256.0).sin()).collect();
        let shifted: Vec<f64> = wave.iter().map(|w| w + 20_000.0).collect();
        let filtered = filter.zero_phase(&shifted).expect("long enough");
        let worst = filtered[512..1536].iter().zip(&wave[512..1536]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        // The ends still ring by under one percent in the middle; a phase error of one degree would make 0.017.
        assert!(worst < 0.01, "{worst}");
    }

    #[test]
    fn what_cannot_be_filtered_is_refused() {
        let filter = Filter::butterworth(Pass::Band(0.5, 45.0), 4, 256.0).expect("edges fit");
        assert_eq!(filter.zero_phase(&[1.0; 27]), Err(PrepareError::TooShort { have: 27, need: 27 }));
        assert!(filter.zero_phase(&[1.0; 28]).is_ok());
        assert!(Filter::butterworth(Pass::Band(0.5, 45.0), 4, 90.0).is_err());
        assert_eq!(Filter::butterworth(Pass::Low(1.0), 0, 90.0), Err(PrepareError::Order(0)));
        assert!(fitting_edge(45.0, 90.0).0 < 45.0 && fitting_edge(45.0, 256.0).1.is_none());
    }

    #[test]
    fn side_by_side_is_the_same_as_alone() {
        let filter = Filter::butterworth(Pass::Band(0.5, 45.0), 4, 256.0).expect("edges fit");
        let wave = |c: usize| (0..500).map(|i| ((i * (c + 3)) % 37) as f64 * 1.3 - c as f64).collect::<Vec<f64>>();
        let channels: Vec<Vec<f64>> = (0..11).map(wave).collect();
        let together = filter.zero_phase_all(&channels).expect("long enough");
        for (channel, found) in channels.iter().zip(&together) {
            assert_eq!(&filter.zero_phase(channel).expect("long enough"), found);
        }
        assert!(filter.zero_phase_all(&[vec![0.0; 50], vec![0.0; 60]]).is_err());
        assert_eq!(filter.zero_phase_all(&[]), Ok(Vec::new()));
    }
}
