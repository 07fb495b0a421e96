//! Examples of one trial: EEG windows and face frames between video onset and offset.

use crate::prepare::dataset::Example;
use crate::prepare::faces::face_pixels;
use crate::prepare::features::{PsdOptions, prepare, window_features};
use crate::prepare::{PrepareError, Signals};

/// Whose trial it is and what it counts as.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialKey {
    pub participant: String,
    /// Session id as printed.
    pub session: String,
    pub trial: u32,
    /// Index into the data set's classes.
    pub label: usize,
}

impl TrialKey {
    fn example(&self, time: f64, features: Vec<f32>) -> Example {
        Example {
            features,
            label: self.label,
            participant: self.participant.clone(),
            session: self.session.clone(),
            trial: self.trial,
            time,
        }
    }
}

/// Windows of a trial's EEG. `eeg` should include a few seconds before and after the video, so that the filter's
/// ends lie outside it; the video runs from `onset_s` after the first sample for `length_s`.
///
/// # Errors
/// As [`crate::prepare::psd_features`]; a video shorter than one window.
pub fn eeg_examples(
    key: &TrialKey,
    eeg: &Signals,
    onset_s: f64,
    length_s: f64,
    options: &PsdOptions,
) -> Result<Vec<Example>, PrepareError> {
    if onset_s < 0.0 || length_s <= 0.0 {
        let value = format!("{onset_s:.3} s for {length_s:.3} s");
        return Err(PrepareError::Option { name: "the video", value, must: "inside the samples given" });
    }
    let prepared = prepare(eeg, options)?.signals;
    let (from, to) = ((onset_s * eeg.rate).round() as usize, ((onset_s + length_s) * eeg.rate).round() as usize);
    let windows = window_features(&prepared, from, to, options)?;
    Ok(windows.into_iter().map(|(time, features)| key.example(time, features)).collect())
}

/// One example a face frame inside the video, at most one every `hop_s`. `frames` are (s since onset, JPEG) in
/// order of time. Frames that cannot be decoded are left out and counted in the second value.
pub fn face_examples<'a>(
    key: &TrialKey,
    frames: impl IntoIterator<Item = (f64, &'a [u8])>,
    length_s: f64,
    hop_s: f64,
    side: usize,
) -> (Vec<Example>, usize) {
    let (mut examples, mut damaged, mut next) = (Vec::new(), 0, 0.0);
    for (time, jpeg) in frames {
        // Half a millisecond: frames that are due at the hop must not be lost to rounding of their stamps.
        if time < next - 5e-4 || time > length_s {
            continue;
        }
        match face_pixels(jpeg, side) {
            Ok(pixels) => {
                examples.push(key.example(time, pixels));
                next = ((time + 5e-4) / hop_s).floor() * hop_s + hop_s;
            }
            Err(_) => damaged += 1,
        }
    }
    (examples, damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    fn key() -> TrialKey {
        TrialKey { participant: "p1".into(), session: "s1".into(), trial: 3, label: 1 }
    }

    #[test]
    fn windows_stand_inside_the_video_and_carry_the_trial() {
        let mut seed = Seed::new(3);
        let data = (0..3).map(|_| (0..2560).map(|_| 10.0 * seed.normal()).collect()).collect();
        let eeg = Signals { rate: 256.0, labels: vec!["Fz".into(), "Cz".into(), "Pz".into()], data };
        let examples = eeg_examples(&key(), &eeg, 2.0, 5.5, &PsdOptions::default()).expect("long enough");
        assert_eq!(examples.iter().map(|e| e.time).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
        assert!(examples.iter().all(|e| e.trial == 3 && e.label == 1 && e.features.len() == 12));
        assert!(eeg_examples(&key(), &eeg, 2.0, 1.0, &PsdOptions::default()).is_err());
        assert!(eeg_examples(&key(), &eeg, -1.0, 5.0, &PsdOptions::default()).is_err());
    }

    #[test]
    fn one_frame_a_hop_and_damaged_ones_counted() {
        let mut picture = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut picture, 80);
        encoder.encode(&[90; 64], 8, 8, jpeg_encoder::ColorType::Luma).expect("encodes");
        let frames = (0..40).map(|i| (i as f64 * 0.1 - 0.5, if i == 15 { &b"broken"[..] } else { &picture[..] }));
        let (examples, damaged) = face_examples(&key(), frames, 3.0, 1.0, 4);
        let times: Vec<f64> = examples.iter().map(|e| (e.time * 10.0).round() / 10.0).collect();
        assert_eq!((times, damaged), (vec![0.0, 1.1, 2.0, 3.0], 1));
    }
}
