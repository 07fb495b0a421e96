//! Two seconds of EEG as the checks see them: raw, filtered, and as a spectrum (algorithms section 10).

use crate::gate::Method;
use crate::gate::check::ramp;
use crate::prepare::PrepareError;
use crate::prepare::filter::{Filter, Pass};
use crate::prepare::spectrum::Spectrum;

/// Length and hop of the judged windows, s.
pub const WINDOW_S: f64 = 2.0;
pub const HOP_S: f64 = 1.0;

/// One window; every table is channel-major.
pub struct Window<'a> {
    /// Samples as recorded, uV.
    pub raw: Vec<&'a [f64]>,
    /// 1 Hz to [`upper_edge`], zero phase, uV.
    pub filtered: Vec<&'a [f64]>,
    /// Spectral density of the raw samples, uV^2/Hz.
    pub density: Vec<Vec<f64>>,
    /// Distance of two bins of the density, Hz.
    pub step: f64,
    pub rate: f64,
    pub mains_hz: f64,
    /// Largest absolute value that the device gives, where known, uV.
    pub rail: Option<f64>,
    pub method: Method,
}

/// Upper edge of the band in which EEG is judged, Hz.
pub fn upper_edge(rate: f64) -> f64 {
    (0.45 * rate).min(45.0)
}

/// The filter of the checks: order 4, 1 Hz to [`upper_edge`].
///
/// # Errors
/// A rate too low to leave a band.
pub fn gate_filter(rate: f64) -> Result<Filter, PrepareError> {
    Filter::butterworth(Pass::Band(1.0, upper_edge(rate)), 4, rate)
}

impl<'a> Window<'a> {
    /// Cuts samples `span` out of all channels; to be judged by the default method.
    pub fn cut(
        raw: &'a [Vec<f64>],
        filtered: &'a [Vec<f64>],
        span: std::ops::Range<usize>,
        spectrum: &mut Spectrum,
        rate: f64,
        mains_hz: f64,
        rail: Option<f64>,
    ) -> Window<'a> {
        let raw: Vec<&[f64]> = raw.iter().map(|x| &x[span.clone()]).collect();
        let density = raw.iter().map(|x| spectrum.density(x)).collect();
        let filtered = filtered.iter().map(|y| &y[span.clone()]).collect();
        Window { raw, filtered, density, step: spectrum.step, rate, mains_hz, rail, method: Method::default() }
    }

    /// The same window, to be judged by `method`.
    pub fn by(self, method: Method) -> Window<'a> {
        Window { method, ..self }
    }

    /// Score of an unwanted component of `power` uV^2 whose ratio to the EEG scores `relative`: where the method allows
    /// it, a component that is small in itself costs nothing.
    pub fn excused(&self, relative: f64, power: f64) -> f64 {
        match self.method.tolerated_uv() {
            Some((tolerated, excuseless)) => relative.max(ramp(power.max(0.0).sqrt(), excuseless, tolerated)),
            None => relative,
        }
    }

    /// Sum of the density's bins from `low` to `high` Hz, both included, that `keep` lets pass; in uV^2.
    pub fn power(&self, channel: usize, low: f64, high: f64, keep: impl Fn(f64) -> bool) -> f64 {
        let bins = self.density[channel].iter().enumerate().map(|(k, p)| (k as f64 * self.step, p));
        bins.filter(|(f, _)| (low..=high).contains(f) && keep(*f)).map(|(_, p)| p * self.step).sum()
    }

    /// Power of the judged band, uV^2; never 0.
    pub fn band_power(&self, channel: usize) -> f64 {
        self.power(channel, 1.0, upper_edge(self.rate), |_| true).max(f64::MIN_POSITIVE)
    }
}
