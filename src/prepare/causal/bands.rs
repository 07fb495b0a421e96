//! Band powers while the samples come in. APPROXIMATE: see [`RunningFilter`].

use super::filter::RunningFilter;
use crate::prepare::PrepareError;
use crate::prepare::features::{PsdOptions, Reference};
use crate::prepare::filter::{Filter, Pass, fitting_edge};
use crate::prepare::spectrum::{Spectrum, band_powers};
use crate::signal::Band;

/// One window's band powers.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveBands {
    /// Centre of the window, s since the first sample.
    pub time: f64,
    /// Channels x bands in uV^2, channels as they come in.
    pub powers: Vec<f64>,
    /// [`super::APPROXIMATE`], for whoever shows or sends the values.
    pub label: &'static str,
}

/// Running band-pass, reference and windows over a stream of samples.
pub struct RunningBands {
    filters: Vec<RunningFilter>,
    spectrum: Spectrum,
    bands: Vec<Band>,
    reference: Reference,
    rate: f64,
    hop: usize,
    /// The last window of each channel; sample n stands at n modulo its length.
    rings: Vec<Vec<f64>>,
    count: usize,
}

impl RunningBands {
    /// For `channels` channels at `rate` samples a second, with the offline features' options (their scale is not used).
    ///
    /// # Errors
    /// Impossible edges or windows.
    pub fn new(channels: usize, rate: f64, options: &PsdOptions) -> Result<RunningBands, PrepareError> {
        let (high, _) = fitting_edge(options.high, rate);
        let filter = Filter::butterworth(Pass::Band(options.low, high), options.order, rate)?;
        let length = (options.window_s * rate).round() as usize;
        Ok(RunningBands {
            filters: vec![RunningFilter::new(&filter); channels],
            spectrum: Spectrum::new(length, rate)?,
            bands: options.bands.clone(),
            reference: options.reference,
            rate,
            hop: ((options.hop_s * rate).round() as usize).max(1),
            rings: vec![vec![0.0; length]; channels],
            count: 0,
        })
    }

    /// Takes one sample of every channel, uV; gives the band powers where a window ends with it.
    pub fn push(&mut self, row: &[f64]) -> Option<LiveBands> {
        let length = self.spectrum.length();
        let place = self.count % length;
        let mut sum = 0.0;
        for ((filter, ring), x) in self.filters.iter_mut().zip(&mut self.rings).zip(row) {
            ring[place] = filter.push(*x);
            sum += ring[place];
        }
        if self.reference == Reference::Average && self.rings.len() > 1 {
            let mean = sum / self.rings.len() as f64;
            self.rings.iter_mut().for_each(|ring| ring[place] -= mean);
        }
        self.count += 1;
        if self.count < length || !(self.count - length).is_multiple_of(self.hop) {
            return None;
        }
        let oldest = self.count % length;
        let (spectrum, bands) = (&mut self.spectrum, &self.bands);
        let window = |ring: &Vec<f64>| {
            let samples: Vec<f64> = ring[oldest..].iter().chain(&ring[..oldest]).copied().collect();
            let density = spectrum.density(&samples);
            band_powers(&density, spectrum.step, bands)
        };
        let powers = self.rings.iter().flat_map(window).collect();
        Some(LiveBands { time: (self.count as f64 - length as f64 / 2.0) / self.rate, powers, label: super::APPROXIMATE })
    }
}
