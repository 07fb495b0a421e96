//! EEG band-power features per window, and the recipe that names every parameter (algorithms 1 and 1.4).

use crate::prepare::dataset::Recipe;
use crate::prepare::filter::{Filter, Pass, fitting_edge};
use crate::prepare::reference::average_reference;
use crate::prepare::spectrum::{Spectrum, band_series, window_starts};
use crate::prepare::{PrepareError, Signals};
use crate::signal::{BANDS, Band, Montage};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What the potentials are measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The mean of all EEG channels.
    Average,
    /// As recorded.
    None,
}

/// Unit of the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// log10 of uV^2, not below log10 of [`FLOOR`].
    Log10,
    /// uV^2.
    Linear,
}

/// Smallest band power before the logarithm, uV^2: a flat channel stays finite.
pub const FLOOR: f64 = 1e-12;

/// Every choice behind the "psd" features.
#[derive(Debug, Clone, PartialEq)]
pub struct PsdOptions {
    pub window_s: f64,
    pub hop_s: f64,
    /// Edges of the zero-phase Butterworth band-pass, Hz, and its order.
    pub low: f64,
    pub high: f64,
    pub order: usize,
    pub reference: Reference,
    pub scale: Scale,
    pub bands: Vec<Band>,
}

impl Default for PsdOptions {
    fn default() -> Self {
        PsdOptions {
            window_s: 2.0,
            hop_s: 1.0,
            low: 0.5,
            high: 45.0,
            order: 4,
            reference: Reference::Average,
            scale: Scale::Log10,
            bands: BANDS.to_vec(),
        }
    }
}

impl PsdOptions {
    /// The recipe of features made with these options from these channels, which may stand in the recording's order:
    /// the recipe names them in feature order ([`feature_channels`]).
    pub fn recipe(&self, channels: &[String]) -> Recipe {
        let (_, channels) = feature_channels(channels);
        let edges = self.bands.iter().map(|b| format!("{}-{}", b.low, b.high)).collect::<Vec<_>>().join(" ");
        let parameters = [
            ("window_s", self.window_s.to_string()),
            ("hop_s", self.hop_s.to_string()),
            ("low_hz", self.low.to_string()),
            ("high_hz", self.high.to_string()),
            ("order", self.order.to_string()),
            ("filter", "butterworth zero-phase".into()),
            ("window", "hann".into()),
            ("reference", if self.reference == Reference::Average { "average" } else { "none" }.into()),
            ("scale", if self.scale == Scale::Log10 { "log10" } else { "linear" }.into()),
            ("bands_hz", edges),
        ];
        Recipe {
            kind: "psd".into(),
            channels,
            bands: self.bands.iter().map(|b| b.name.to_string()).collect(),
            parameters: parameters.into_iter().map(|(key, value)| (key.to_string(), value)).collect::<BTreeMap<_, _>>(),
        }
    }

    fn check(&self) -> Result<(), PrepareError> {
        for (name, value) in [("window_s", self.window_s), ("hop_s", self.hop_s)] {
            if !(0.05..=600.0).contains(&value) {
                return Err(PrepareError::Option { name, value: value.to_string(), must: "0.05 to 600 seconds" });
            }
        }
        Ok(())
    }
}

/// Which channels make features, in which order: the 32 standard sites in BioSemi's order where all are there
/// (matched by label, never by place), otherwise all as they stand. Returns indices and the labels of the features.
pub fn feature_channels(labels: &[String]) -> (Vec<usize>, Vec<String>) {
    let standard = Montage::biosemi32().labels;
    let find = |wanted: &String| labels.iter().position(|l| Montage::of(&[l]).is_ok_and(|m| m.labels.first() == Some(wanted)));
    let places: Option<Vec<usize>> = standard.iter().map(find).collect();
    match places {
        Some(places) => (places, standard),
        None => ((0..labels.len()).collect(), labels.to_vec()),
    }
}

/// Filtered and re-referenced EEG in feature order: what windows are cut from.
pub struct Prepared {
    pub signals: Signals,
    /// Deviations from the options that the data forced, for the provenance.
    pub notes: Vec<String>,
}

/// Band-pass, then the average reference over all channels given, then the channels in feature order.
///
/// # Errors
/// No or ragged channels, a recording shorter than the filter's extension, impossible edges.
pub fn prepare(eeg: &Signals, options: &PsdOptions) -> Result<Prepared, PrepareError> {
    options.check()?;
    eeg.check_whole()?;
    let (high, note) = fitting_edge(options.high, eeg.rate);
    // Of a band that begins beyond what the rate can hold, nothing but a silent zero would come.
    if let Some(band) = options.bands.iter().find(|b| 2.0 * b.low >= eeg.rate) {
        return Err(PrepareError::Edges { low: band.low, high: band.high, rate: eeg.rate });
    }
    let filter = Filter::butterworth(Pass::Band(options.low, high), options.order, eeg.rate)?;
    let mut data = filter.zero_phase_all(&eeg.data)?;
    if options.reference == Reference::Average && data.len() > 1 {
        average_reference(&mut data);
    }
    let (order, labels) = feature_channels(&eeg.labels);
    let mut signals = Signals { rate: eeg.rate, labels: eeg.labels.clone(), data }.select(&order);
    signals.labels = labels;
    Ok(Prepared { signals, notes: note.into_iter().collect() })
}

/// Features of the windows within `from..to` (samples): centre in s since `from`, and channels x bands.
///
/// # Errors
/// A stretch shorter than one window.
pub fn window_features(
    eeg: &Signals,
    from: usize,
    to: usize,
    options: &PsdOptions,
) -> Result<Vec<(f64, Vec<f32>)>, PrepareError> {
    let to = to.min(eeg.samples());
    let (length, hop) = ((options.window_s * eeg.rate).round() as usize, (options.hop_s * eeg.rate).round() as usize);
    let have = to.saturating_sub(from);
    if have < length {
        return Err(PrepareError::ShorterThanWindow { have: have as f64 / eeg.rate, window: options.window_s });
    }
    let spectrum = Spectrum::new(length, eeg.rate)?;
    let bands = options.bands.len();
    let series: Vec<Vec<f64>> = eeg
        .data
        .par_iter()
        .map_init(|| spectrum.clone(), |spectrum, x| band_series(&x[from..to], spectrum, hop, &options.bands))
        .collect();
    let features = window_starts(have, length, hop).enumerate().map(|(i, start)| {
        let powers = series.iter().flat_map(|row| &row[i * bands..(i + 1) * bands]);
        let scaled = powers.map(|&p| if options.scale == Scale::Log10 { p.max(FLOOR).log10() } else { p } as f32).collect();
        ((start as f64 + length as f64 / 2.0) / eeg.rate, scaled)
    });
    Ok(features.collect())
}

/// Features of a whole recording: per window its centre in s and channels x bands (see [`feature_channels`]).
///
/// Values that are no number are gaps: up to 1 s they are filled linearly; longer ones split the recording, and no
/// window spans them. Windows stand on the recording's own grid on both sides of a gap.
///
/// # Errors
/// As [`prepare`] and [`window_features`].
pub fn psd_features(eeg: &Signals, options: &PsdOptions) -> Result<Vec<(f64, Vec<f32>)>, PrepareError> {
    options.check()?;
    eeg.check()?;
    let (length, hop) = ((options.window_s * eeg.rate).round() as usize, ((options.hop_s * eeg.rate).round() as usize).max(1));
    let mut features = Vec::new();
    let mut longest = 0;
    for segment in eeg.segments() {
        let first = segment.first_index as usize;
        let skipped = first.next_multiple_of(hop) - first;
        let usable = segment.signals.samples().saturating_sub(skipped);
        longest = longest.max(usable);
        if usable >= length {
            let prepared = prepare(&segment.signals, options)?.signals;
            let windows = window_features(&prepared, skipped, prepared.samples(), options)?;
            let start = (first + skipped) as f64 / eeg.rate;
            features.extend(windows.into_iter().map(|(time, values)| (start + time, values)));
        }
    }
    if features.is_empty() {
        return Err(PrepareError::ShorterThanWindow { have: longest as f64 / eeg.rate, window: options.window_s });
    }
    Ok(features)
}

/// Mean band power of every channel over a recording in uV^2, bands x channels in the recording's own order: what a
/// topography draws. A recording of less than two seconds is one shorter window.
///
/// # Errors
/// As [`psd_features`].
pub fn band_map(eeg: &Signals) -> Result<Vec<Vec<f64>>, PrepareError> {
    let window_s = eeg.seconds().min(PsdOptions::default().window_s);
    let options = PsdOptions { scale: Scale::Linear, window_s, ..PsdOptions::default() };
    // Numbered labels keep the recording's order; the caller has the names.
    let plain = Signals { labels: (0..eeg.labels.len()).map(|i| i.to_string()).collect(), ..eeg.clone() };
    let windows = psd_features(&plain, &options)?;
    let bands = options.bands.len();
    let mean = |band: usize, channel: usize| {
        windows.iter().map(|(_, powers)| f64::from(powers[channel * bands + band])).sum::<f64>() / windows.len().max(1) as f64
    };
    Ok((0..bands).map(|band| (0..eeg.labels.len()).map(|channel| mean(band, channel)).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// 32 sites with sines of 10 Hz whose amplitude grows with the channel's number.
    fn alpha(labels: Vec<String>, seconds: usize) -> Signals {
        let wave = |c: usize| (0..256 * seconds).map(|i| (c + 1) as f64 * (TAU * 10.0 * i as f64 / 256.0).sin()).collect();
        Signals { rate: 256.0, data: (0..labels.len()).map(wave).collect(), labels }
    }

    #[test]
    fn features_are_channels_by_bands_at_window_centres() {
        let options = PsdOptions { scale: Scale::Linear, reference: Reference::None, ..PsdOptions::default() };
        let features = psd_features(&alpha(vec!["A1".into(), "A2".into()], 6), &options).expect("long enough");
        let times: Vec<f64> = features.iter().map(|(t, _)| *t).collect();
        assert_eq!(times, [1.0, 2.0, 3.0, 4.0, 5.0]);
        let middle = &features[2].1;
        assert_eq!(middle.len(), 8);
        assert!((middle[1] - 0.5).abs() < 1e-3 && (middle[5] - 2.0).abs() < 4e-3, "{middle:?}");
    }

    #[test]
    fn channels_are_found_by_label_whatever_their_order() {
        let mut labels = Montage::biosemi32().labels;
        labels.reverse();
        labels.push("EXG1".into());
        let (order, names) = feature_channels(&labels);
        assert_eq!((order[0], names[0].as_str(), order.len()), (31, "Fp1", 32));
        let recipe = PsdOptions::default().recipe(&names);
        assert_eq!(recipe, PsdOptions::default().recipe(&labels), "the recording's order does not matter");
        assert_ne!(recipe.id(), PsdOptions { window_s: 1.0, ..PsdOptions::default() }.recipe(&names).id());
    }

    #[test]
    fn a_long_gap_costs_its_windows_and_nothing_else() {
        let options = PsdOptions { scale: Scale::Linear, reference: Reference::None, ..PsdOptions::default() };
        let mut eeg = alpha(vec!["A1".into()], 12);
        eeg.data[0][256 * 2 + 100..256 * 5].fill(f64::NAN);
        eeg.data[0][256 * 8..256 * 8 + 3].fill(f64::NAN);
        let features = psd_features(&eeg, &options).expect("both sides are long enough");
        let times: Vec<f64> = features.iter().map(|(t, _)| *t).collect();
        assert_eq!(times, [1.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert!(features.iter().all(|(_, f)| (f[1] - 0.5).abs() < 0.05), "{features:?}");
    }

    #[test]
    fn a_short_recording_says_so_and_still_has_a_map() {
        let short = alpha(vec!["Fz".into(), "Cz".into(), "Pz".into()], 1);
        let error = psd_features(&short, &PsdOptions::default()).expect_err("one second");
        assert_eq!(error, PrepareError::ShorterThanWindow { have: 1.0, window: 2.0 });
        let map = band_map(&short).expect("one window of one second");
        assert_eq!((map.len(), map[0].len()), (4, 3));
    }
}
