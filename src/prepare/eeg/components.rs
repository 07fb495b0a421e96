//! Which components are the eyes and which the heart (algorithms 1.2 c, d).

use super::events::Moments;
use super::ica::Decomposition;
use super::shape::{correlation, excess_kurtosis};
use crate::prepare::PrepareError;
use crate::prepare::filter::{Filter, Pass};
use crate::signal::{Montage, Seed};
use serde::{Deserialize, Serialize};

/// What marks a component as ocular.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ocular {
    /// Pass band for component and reference channels alike, Hz.
    pub low_hz: f64,
    pub high_hz: f64,
    /// Least |Pearson r| with any reference: the EOG channels, or Fp1, Fp2 and F7 - F8 where there are none.
    pub least_r: f64,
    /// Least excess kurtosis of the component in that band: eyes move now and then, frontal rhythms go on. Without it a
    /// recording without blinks loses frontal brain activity, since nothing else resembles Fp1 so much. 0 = not asked.
    pub least_kurtosis: f64,
    /// The component is taken out at these moments only; `None` = everywhere.
    pub moments: Option<Moments>,
}

impl Default for Ocular {
    fn default() -> Self {
        Ocular { low_hz: 1.0, high_hz: 10.0, least_r: 0.6, least_kurtosis: 2.0, moments: Some(Moments::default()) }
    }
}

/// What marks a component as cardiac.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cardiac {
    /// The average around the R peaks reaches so far to both sides, s.
    pub half_window_s: f64,
    /// Its energy is more than so many times the mean energy of averages around random moments ...
    pub energy_ratio: f64,
    /// ... and more than so many times the largest of them: components of a narrow band reach three times the mean by
    /// chance in one case of twenty.
    pub beyond_random: f64,
    /// How many random averages.
    pub draws: usize,
    pub seed: u64,
    /// Not the component goes but its average around the R peaks, so far to both sides, s; 0 = all of it.
    pub average_s: f64,
}

impl Default for Cardiac {
    fn default() -> Self {
        Cardiac { half_window_s: 0.1, energy_ratio: 3.0, beyond_random: 1.5, draws: 200, seed: 1, average_s: 0.3 }
    }
}

/// What a component was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Ocular,
    Cardiac,
    /// The caller named it.
    Named,
}

/// One component that the rules, or the caller, point at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Index in the second decomposition.
    pub component: usize,
    pub kind: Kind,
    /// Largest |Pearson r| with an ocular reference.
    pub r: f64,
    /// That reference: "Fp1", "F7-F8", "EOG 1", ...
    pub reference: String,
    /// Energy of the average around R peaks over the mean of random ones; 0 without beats.
    pub cardiac_ratio: f64,
    /// The channel in which the component weighs most.
    pub site: String,
    /// Share of the data's variance that stays when this component goes, 0-1.
    pub retained: f64,
    /// False where the caller wants it kept.
    pub removed: bool,
}

/// The channels that see the eyes, band-passed, with their names.
pub fn ocular_references(
    labels: &[String],
    data: &[Vec<f64>],
    eog: &[Vec<f64>],
    rate: f64,
    options: &Ocular,
) -> Result<Vec<(String, Vec<f64>)>, PrepareError> {
    let filter = ocular_filter(rate, options)?;
    if !eog.is_empty() {
        let named = eog.iter().enumerate().map(|(i, x)| Ok((format!("EOG {}", i + 1), filter.zero_phase(x)?)));
        return named.collect();
    }
    let find =
        |wanted: &str| labels.iter().position(|l| Montage::of(&[l]).is_ok_and(|m| m.labels.iter().any(|found| found == wanted)));
    let mut references = Vec::new();
    for name in ["Fp1", "Fp2"] {
        if let Some(i) = find(name) {
            references.push((name.to_string(), filter.zero_phase(&data[i])?));
        }
    }
    if let (Some(left), Some(right)) = (find("F7"), find("F8")) {
        let across: Vec<f64> = data[left].iter().zip(&data[right]).map(|(l, r)| l - r).collect();
        references.push(("F7-F8".into(), filter.zero_phase(&across)?));
    }
    Ok(references)
}

fn ocular_filter(rate: f64, options: &Ocular) -> Result<Filter, PrepareError> {
    Filter::butterworth(Pass::Band(options.low_hz, options.high_hz), 4, rate)
}

/// The site of the largest weight is frontal: Fp, AF or F (FC and FT are not).
fn is_frontal(label: &str) -> bool {
    let letters: String = label.chars().take_while(char::is_ascii_alphabetic).collect();
    ["FP", "FPZ", "AF", "AFZ", "F", "FZ"].contains(&letters.to_ascii_uppercase().as_str())
}

/// r with the best reference and its name, and whether the component is ocular; `edge` samples at both ends are not
/// looked at.
pub fn ocular(
    activity: &[f64],
    edge: usize,
    site: &str,
    references: &[(String, Vec<f64>)],
    rate: f64,
    options: &Ocular,
) -> Result<(f64, String, bool), PrepareError> {
    let band = ocular_filter(rate, options)?.zero_phase(activity)?;
    let inner = edge..band.len().saturating_sub(edge).max(edge);
    let band = &band[inner.clone()];
    let within = |x: &Vec<f64>| correlation(band, x.get(inner.clone()).unwrap_or_default()).abs();
    let scored = references.iter().map(|(name, x)| (within(x), name));
    let Some((r, name)) = scored.max_by(|a, b| a.0.total_cmp(&b.0)) else { return Ok((0.0, String::new(), false)) };
    let now_and_then = options.least_kurtosis <= 0.0 || excess_kurtosis(band) >= options.least_kurtosis;
    let is_ocular = r >= options.least_r && is_frontal(site) && now_and_then;
    Ok((r, name.clone(), is_ocular))
}

/// Energy of the average around the beats over the mean energy of averages around as many random moments, and whether
/// the component is cardiac. `beats` in s from the first sample.
pub fn cardiac(activity: &[f64], beats: &[f64], rate: f64, options: &Cardiac) -> (f64, bool) {
    let half = (options.half_window_s * rate).round() as usize;
    let fits = |at: &usize| *at >= half && at + half < activity.len();
    let centres: Vec<usize> = beats.iter().map(|t| (t * rate).round().max(0.0) as usize).filter(fits).collect();
    let room = activity.len().saturating_sub(2 * half + 1);
    if centres.len() < 4 || room == 0 {
        return (0.0, false);
    }
    let locked = energy(activity, &centres, half);
    let mut seed = Seed::new(options.seed).fork("cardiac");
    let random = |_| {
        let moments: Vec<usize> = centres.iter().map(|_| half + seed.below(room)).collect();
        energy(activity, &moments, half)
    };
    let energies: Vec<f64> = (0..options.draws.max(1)).map(random).collect();
    let mean = energies.iter().sum::<f64>() / energies.len() as f64;
    let largest = energies.iter().copied().fold(0.0, f64::max);
    let ratio = if mean > 0.0 { locked / mean } else { 0.0 };
    (ratio, ratio > options.energy_ratio && locked > options.beyond_random * largest)
}

/// The part of a component that follows the beats: its average around them, put at each, with soft ends. `beats` in s
/// from the first sample.
pub fn locked_part(activity: &[f64], beats: &[f64], rate: f64, half_s: f64) -> Vec<f64> {
    let half = (half_s * rate).round() as usize;
    let fits = |at: &usize| *at >= half && at + half < activity.len();
    let centres: Vec<usize> = beats.iter().map(|t| (t * rate).round().max(0.0) as usize).filter(fits).collect();
    let mut average = vec![0.0; 2 * half + 1];
    for centre in &centres {
        average.iter_mut().zip(&activity[centre - half..=centre + half]).for_each(|(a, x)| *a += x / centres.len() as f64);
    }
    for (i, a) in average.iter_mut().enumerate() {
        let inwards = i.min(2 * half - i) as f64 / (0.25 * half as f64).max(1.0);
        *a *= 0.5 - 0.5 * (std::f64::consts::PI * inwards.min(1.0)).cos();
    }
    let mut locked = vec![0.0; activity.len()];
    for centre in &centres {
        locked[centre - half..=centre + half].iter_mut().zip(&average).for_each(|(x, a)| *x = *a);
    }
    locked
}

/// Mean square of the average of the stretches around these moments.
fn energy(activity: &[f64], centres: &[usize], half: usize) -> f64 {
    let mut average = vec![0.0; 2 * half + 1];
    for &centre in centres {
        average.iter_mut().zip(&activity[centre - half..=centre + half]).for_each(|(a, x)| *a += x);
    }
    let n = centres.len() as f64;
    average.iter().map(|a| (a / n).powi(2)).sum::<f64>() / average.len() as f64
}

/// The channel in which a component weighs most.
pub fn site_of(components: &Decomposition, component: usize, labels: &[String]) -> String {
    let weight = |channel: &usize| components.mixing[*channel][component].abs();
    let best = (0..components.mixing.len()).max_by(|a, b| weight(a).total_cmp(&weight(b)));
    best.and_then(|channel| labels.get(channel).cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frontal_sites_are_told_from_fronto_central_ones() {
        assert!(["Fp1", "FPz", "AF4", "F7", "fz"].into_iter().all(is_frontal));
        assert!(["FC1", "FT7", "Cz", "Oz", ""].into_iter().all(|l| !is_frontal(l)));
    }

    #[test]
    fn what_follows_the_beats_is_cardiac_and_noise_is_not() {
        let mut seed = Seed::new(8);
        let (rate, n) = (256.0, 256 * 60);
        let beats: Vec<f64> = (1..70).map(|i| f64::from(i) * 0.83).collect();
        let noise: Vec<f64> = (0..n).map(|_| seed.normal()).collect();
        let (ratio, found) = cardiac(&noise, &beats, rate, &Cardiac::default());
        assert!(ratio < 3.0 && !found, "{ratio}");
        let mut heart = noise;
        for beat in &beats {
            let centre = (beat * rate) as usize;
            (0..10).for_each(|i| heart[centre + i - 5] += 3.0);
        }
        let (ratio, found) = cardiac(&heart, &beats, rate, &Cardiac::default());
        assert!(ratio > 10.0 && found, "{ratio}");
        assert_eq!(cardiac(&heart, &[], rate, &Cardiac::default()), (0.0, false));
    }
}
