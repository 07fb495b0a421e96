//! Wavelet-enhanced ICA: the large-amplitude part of artefact-like components is taken out of the channels and the
//! rest of the component stays (Castellanos and Makarov 2006; algorithms 1.2).

use super::events::Moments;
use super::ica::Decomposition;
use super::shape::{centre_and_spread, excess_kurtosis};
use super::wavelet::{Threshold, large_part};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Which components are treated, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WaveletIca {
    pub threshold: Threshold,
    /// A component is treated when its kurtosis lies so many SD above the mean of all components ...
    pub kurtosis_sd: f64,
    /// ... and its excess kurtosis is at least this: among components that are all nearly Gaussian one always stands
    /// out by some SD, and it is no artefact. One of twelve simulated people without blinks has a component at 1.0;
    /// blinks have 19 and more (tests/artefacts.rs).
    pub least_kurtosis: f64,
    /// Also treated: a component with a peak of so many robust SD.
    pub peak_sd: f64,
    /// The large part is taken out at these moments only; `None` = wherever it is.
    pub moments: Option<Moments>,
}

impl Default for WaveletIca {
    fn default() -> Self {
        WaveletIca {
            threshold: Threshold::default(),
            kurtosis_sd: 3.0,
            least_kurtosis: 3.0,
            peak_sd: 8.0,
            moments: Some(Moments::default()),
        }
    }
}

/// Why a component was treated, and what that took away.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Treated {
    /// Index in the first decomposition.
    pub component: usize,
    pub excess_kurtosis: f64,
    /// Largest distance from the median in robust SD.
    pub peak_sd: f64,
    /// Share of the component's variance that stayed, 0-1.
    pub retained: f64,
}

/// Components that look like an artefact: (index, excess kurtosis, peak in robust SD).
pub fn artefact_like(activities: &[Vec<f64>], options: &WaveletIca) -> Vec<(usize, f64, f64)> {
    let shapes: Vec<(f64, f64)> = activities
        .par_iter()
        .map(|s| {
            let (centre, spread) = centre_and_spread(s);
            let peak = s.iter().map(|v| (v - centre).abs()).fold(0.0, f64::max);
            (excess_kurtosis(s), if spread > 0.0 { peak / spread } else { 0.0 })
        })
        .collect();
    let n = shapes.len().max(1) as f64;
    let mean = shapes.iter().map(|(k, _)| k).sum::<f64>() / n;
    let sd = (shapes.iter().map(|(k, _)| (k - mean).powi(2)).sum::<f64>() / n).sqrt();
    let stands_out = |kurtosis: f64| kurtosis > mean + options.kurtosis_sd * sd && kurtosis >= options.least_kurtosis;
    let wanted = |(_, (kurtosis, peak)): &(usize, (f64, f64))| stands_out(*kurtosis) || *peak > options.peak_sd;
    shapes.into_iter().enumerate().filter(wanted).map(|(i, (kurtosis, peak))| (i, kurtosis, peak)).collect()
}

/// Takes the large part of every artefact-like component out of `data` (channels x samples, `rate` a second) and says
/// what it did; an activity that `spared` names is left to a later step. `edge` samples at both ends are not judged.
pub fn treat(
    data: &mut [Vec<f64>],
    (rate, edge): (f64, usize),
    components: &Decomposition,
    options: &WaveletIca,
    spared: impl Fn(&[f64]) -> bool,
) -> Vec<Treated> {
    let activities = components.activities(data);
    let inner: Vec<Vec<f64>> = activities.iter().map(|x| x[edge..x.len() - edge].to_vec()).collect();
    let mut found = artefact_like(&inner, options);
    found.retain(|(i, ..)| !spared(&activities[*i]));
    let artefact = |(i, ..): &(usize, f64, f64)| {
        let mut large = large_part(&activities[*i], &options.threshold);
        if let Some(moments) = &options.moments {
            large.iter_mut().zip(moments.weights(&activities[*i], rate, edge)).for_each(|(x, w)| *x *= w);
        }
        large
    };
    let artefacts: Vec<Vec<f64>> = found.par_iter().map(artefact).collect();
    let power = |x: &mut dyn Iterator<Item = f64>| x.map(|v| v * v).sum::<f64>();
    let mut treated = Vec::new();
    for ((component, excess_kurtosis, peak_sd), artefact) in found.into_iter().zip(&artefacts) {
        components.subtract(data, component, artefact);
        let activity = &activities[component];
        let rest = power(&mut activity.iter().zip(artefact).map(|(s, a)| s - a));
        let retained = rest / power(&mut activity.iter().copied()).max(f64::MIN_POSITIVE);
        treated.push(Treated { component, excess_kurtosis, peak_sd, retained });
    }
    treated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn only_what_stands_out_is_artefact_like() {
        let mut seed = Seed::new(5);
        let mut activities: Vec<Vec<f64>> = (0..16).map(|_| (0..4000).map(|_| seed.normal()).collect()).collect();
        assert!(artefact_like(&activities, &WaveletIca::default()).is_empty());
        activities[3][1000..1080].iter_mut().for_each(|x| *x += 12.0);
        let found = artefact_like(&activities, &WaveletIca::default());
        assert_eq!(found.iter().map(|(i, ..)| *i).collect::<Vec<_>>(), [3]);
        assert!(found[0].1 > 10.0 && found[0].2 > 10.0, "{found:?}");
    }
}
