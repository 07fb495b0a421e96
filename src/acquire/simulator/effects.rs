//! What the simulated participant feels, by known amounts: the truth against which every later stage is checked.
//!
//! The amounts are chosen by us. They follow the direction of commonly reported findings (left-frontal alpha down in
//! pleasant states, frontal-midline theta up in sadness, fast heart in fear), not their size: nobody should read
//! physiology out of them.

use crate::signal::{BANDS, Emotion, Rating, Seed, position_of};

/// A band whose amplitude changes at some electrodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandEffect {
    /// One of [`BANDS`] by name.
    pub band: &'static str,
    pub electrodes: &'static [&'static str],
    /// Amplitude in the state over amplitude at rest, at strength 1; power changes by its square.
    pub factor: f64,
}

/// A drawn expression as differences from the resting face; 0 = rest, each within about -1..1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expression {
    /// Corners of the mouth: 1 = broad smile, -1 = drawn down.
    pub mouth_curve: f64,
    /// 1 = wide open.
    pub mouth_open: f64,
    /// 1 = brows high, -1 = low.
    pub brow_raise: f64,
    /// 1 = inner ends up (grief, fear), -1 = inner ends down (anger).
    pub brow_slant: f64,
    /// 1 = wide eyes, -1 = narrowed.
    pub eye_open: f64,
}

impl Expression {
    /// Each parameter times `share`, plus the other's.
    pub(super) fn scaled_plus(&self, share: f64, other: &Expression) -> Expression {
        Expression {
            mouth_curve: self.mouth_curve * share + other.mouth_curve,
            mouth_open: self.mouth_open * share + other.mouth_open,
            brow_raise: self.brow_raise * share + other.brow_raise,
            brow_slant: self.brow_slant * share + other.brow_slant,
            eye_open: self.eye_open * share + other.eye_open,
        }
    }
}

/// Everything that one emotion changes, at strength 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    pub emotion: Emotion,
    pub bands: &'static [BandEffect],
    /// Change of the heart rate, beats a minute.
    pub heart_rate: f64,
    /// Respiratory rhythm of the intervals: amplitude over amplitude at rest.
    pub respiratory: f64,
    pub face: Expression,
    /// Valence and arousal (1-9) that the participant gives on average.
    pub rating: (f64, f64),
}

const LEFT_FRONTAL: &[&str] = &["Fp1", "AF3", "F3", "F7", "FC5"];
const RIGHT_FRONTAL: &[&str] = &["Fp2", "AF4", "F4", "F8", "FC6"];
const MIDLINE: &[&str] = &["AF3", "AF4", "F3", "Fz", "F4", "FC1", "FC2", "Cz"];
const TEMPORAL: &[&str] = &["T7", "T8", "CP5", "CP6", "P7", "P8"];
const PARIETAL: &[&str] = &["CP1", "CP2", "P3", "Pz", "P4", "PO3", "PO4"];

const fn band(band: &'static str, electrodes: &'static [&'static str], factor: f64) -> BandEffect {
    BandEffect { band, electrodes, factor }
}

const fn face(mouth_curve: f64, mouth_open: f64, brow_raise: f64, brow_slant: f64, eye_open: f64) -> Expression {
    Expression { mouth_curve, mouth_open, brow_raise, brow_slant, eye_open }
}

/// One entry an emotion. Neutral changes nothing.
pub const EFFECTS: [Effect; 10] = [
    Effect {
        emotion: Emotion::Neutral,
        bands: &[],
        heart_rate: 0.0,
        respiratory: 1.0,
        face: face(0.0, 0.0, 0.0, 0.0, 0.0),
        rating: (5.0, 3.0),
    },
    Effect {
        emotion: Emotion::Happiness,
        bands: &[band("alpha", LEFT_FRONTAL, 0.65), band("gamma", TEMPORAL, 1.55)],
        heart_rate: 4.0,
        respiratory: 1.1,
        face: face(0.9, 0.15, 0.1, 0.0, -0.3),
        rating: (7.5, 5.8),
    },
    Effect {
        emotion: Emotion::Sadness,
        bands: &[band("theta", MIDLINE, 1.55), band("alpha", LEFT_FRONTAL, 1.3)],
        heart_rate: -4.0,
        respiratory: 1.2,
        face: face(-0.7, 0.0, 0.1, 0.8, -0.4),
        rating: (2.5, 3.8),
    },
    Effect {
        emotion: Emotion::Anger,
        bands: &[band("beta", LEFT_FRONTAL, 1.5), band("theta", TEMPORAL, 1.3)],
        heart_rate: 8.0,
        respiratory: 0.7,
        face: face(-0.4, 0.0, -0.8, -0.9, 0.2),
        rating: (2.4, 7.0),
    },
    Effect {
        emotion: Emotion::Fear,
        bands: &[band("beta", RIGHT_FRONTAL, 1.55), band("alpha", PARIETAL, 0.65)],
        heart_rate: 10.0,
        respiratory: 0.6,
        face: face(-0.1, 0.6, 0.8, 0.4, 0.9),
        rating: (2.8, 7.2),
    },
    Effect {
        emotion: Emotion::Disgust,
        bands: &[band("gamma", RIGHT_FRONTAL, 1.5), band("theta", PARIETAL, 1.3)],
        heart_rate: -2.0,
        respiratory: 0.9,
        face: face(-0.5, 0.2, -0.6, -0.3, -0.7),
        rating: (2.6, 5.4),
    },
    Effect {
        emotion: Emotion::Surprise,
        bands: &[band("beta", PARIETAL, 1.4), band("theta", MIDLINE, 1.3)],
        heart_rate: 6.0,
        respiratory: 0.8,
        face: face(0.1, 1.0, 1.0, 0.0, 1.0),
        rating: (6.0, 6.8),
    },
    Effect {
        emotion: Emotion::Amusement,
        bands: &[band("gamma", TEMPORAL, 1.4), band("beta", PARIETAL, 0.75)],
        heart_rate: 5.0,
        respiratory: 1.0,
        face: face(1.0, 0.5, 0.2, 0.0, -0.5),
        rating: (7.8, 6.4),
    },
    Effect {
        emotion: Emotion::Anxiety,
        bands: &[band("beta", RIGHT_FRONTAL, 1.35), band("theta", MIDLINE, 1.25)],
        heart_rate: 7.0,
        respiratory: 0.7,
        face: face(-0.3, 0.1, 0.4, 0.6, 0.5),
        rating: (3.4, 6.4),
    },
    Effect {
        emotion: Emotion::Calm,
        bands: &[band("alpha", PARIETAL, 1.4), band("beta", LEFT_FRONTAL, 0.75)],
        heart_rate: -5.0,
        respiratory: 1.3,
        face: face(0.25, 0.0, 0.0, 0.0, -0.2),
        rating: (6.8, 2.2),
    },
];

/// Alpha with closed eyes over alpha with open eyes.
pub const EYES_CLOSED: [BandEffect; 3] = [
    band("alpha", &["O1", "Oz", "O2", "PO3", "PO4"], 2.2),
    band("alpha", &["P7", "P3", "Pz", "P4", "P8"], 1.8),
    band("alpha", &["CP1", "CP2", "CP5", "CP6", "C3", "Cz", "C4"], 1.3),
];

/// Share of trials that hardly move the participant's brain, and, drawn independently, of trials with a masked face.
pub const WEAK_SHARE: f64 = 0.12;
/// As [`WEAK_SHARE`], for the face.
pub const MASKED_SHARE: f64 = 0.15;
/// Standard deviation of a trial's mood: of each of its four numbers a band, in natural logarithms of amplitude.
pub const MOOD_SD: f64 = 0.1;

/// The effects of that emotion; every emotion has one.
pub fn effect_of(emotion: Emotion) -> &'static Effect {
    EFFECTS.iter().find(|e| e.emotion == emotion).unwrap_or(&EFFECTS[0])
}

/// What is drawn anew for every trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialDraw {
    /// Strength of the effects on brain and heart: 0-0.3 in weak trials, else 0.6-1.4. A factor f acts as f^strength.
    pub eeg: f64,
    /// Strength of the expression: 0-0.3 in masked trials, else 0.6-1.2.
    pub face: f64,
    /// Amplitude changes that have nothing to do with the emotion: per band of [`BANDS`] the natural logarithm of
    /// the amplitude as constant + slopes along x, y, z of the unit sphere.
    pub mood: [[f64; 4]; 4],
    /// How the face differs from its usual rest in this trial.
    pub bearing: Expression,
}

/// The draw of that trial of that participant. The same trial repeats its draw.
pub fn trial_draw(seed: u64, trial: u32) -> TrialDraw {
    let mut draw = Seed::new(seed).fork(&format!("trial {trial}"));
    let weak = draw.uniform() < WEAK_SHARE;
    let eeg = if weak { draw.between(0.0, 0.3) } else { draw.between(0.6, 1.4) };
    let masked = draw.uniform() < MASKED_SHARE;
    let face = if masked { draw.between(0.0, 0.3) } else { draw.between(0.6, 1.2) };
    let mut mood = [[0.0; 4]; 4];
    mood.iter_mut().flatten().for_each(|m| *m = MOOD_SD * draw.normal());
    let bearing = Expression {
        mouth_curve: 0.15 * draw.normal(),
        mouth_open: (0.08 * draw.normal()).max(0.0),
        brow_raise: 0.15 * draw.normal(),
        brow_slant: 0.15 * draw.normal(),
        eye_open: 0.15 * draw.normal(),
    };
    TrialDraw { eeg, face, mood, bearing }
}

/// Amplitude factor of a band (index in [`BANDS`]) at an electrode by these effects, at strength 1.
pub fn factor(effects: &[BandEffect], band: usize, electrode: &str) -> f64 {
    let acts = |e: &&BandEffect| BANDS.get(band).is_some_and(|b| b.name == e.band) && e.electrodes.contains(&electrode);
    effects.iter().filter(acts).map(|e| e.factor).product()
}

impl TrialDraw {
    /// Amplitude factor against rest that this trial really has: band (index in [`BANDS`]), electrode.
    pub fn factor(&self, emotion: Option<Emotion>, band: usize, electrode: &str) -> f64 {
        let stated = emotion.map_or(1.0, |e| factor(effect_of(e).bands, band, electrode));
        let mood = match (self.mood.get(band), position_of(electrode)) {
            (Some(m), Some(p)) => m[0] + m[1] * p.x + m[2] * p.y + m[3] * p.z,
            _ => 0.0,
        };
        stated.powf(self.eeg) * mood.exp()
    }
}

/// What the simulated participant answers after a trial: whole numbers 1-9 scattered (SD 1) around the emotion's
/// typical valence and arousal, and the intended word in nine trials of ten. `None` counts as neutral.
pub fn participant_rating(seed: u64, trial: u32, intended: Option<Emotion>) -> Rating {
    let mut draw = Seed::new(seed).fork(&format!("rating {trial}"));
    let meant = intended.unwrap_or(Emotion::Neutral);
    let others: Vec<Emotion> = EFFECTS.iter().map(|e| e.emotion).filter(|e| *e != meant).collect();
    let felt = if draw.uniform() < 0.9 { meant } else { others[draw.below(others.len())] };
    let (valence, arousal) = effect_of(felt).rating;
    let mut scale = |mean: f64| Some((mean + draw.normal()).round().clamp(1.0, 9.0) as f32);
    Rating { valence: scale(valence), arousal: scale(arousal), emotion: Some(felt) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Montage, band_named};

    #[test]
    fn the_table_names_every_emotion_once_and_only_real_bands_and_electrodes() {
        let montage = Montage::biosemi32();
        for emotion in Emotion::ALL {
            assert_eq!(EFFECTS.iter().filter(|e| e.emotion == emotion).count(), 1, "{emotion}");
        }
        for effect in EFFECTS.iter().flat_map(|e| e.bands).chain(&EYES_CLOSED) {
            assert!(band_named(effect.band).is_some(), "{}", effect.band);
            for electrode in effect.electrodes {
                assert!(montage.labels.iter().any(|l| l == electrode), "{electrode}");
            }
        }
    }

    #[test]
    fn ratings_are_complete_typical_and_mostly_the_intended_word() {
        let answers: Vec<Rating> = (1..=400).map(|t| participant_rating(7, t, Some(Emotion::Fear))).collect();
        assert!(answers.iter().all(|r| r.is_complete() && r.problem().is_none()));
        let hits = answers.iter().filter(|r| r.emotion == Some(Emotion::Fear)).count();
        assert!((340..=380).contains(&hits), "{hits}");
        let arousal = answers.iter().filter_map(|r| r.arousal).sum::<f32>() / 400.0;
        assert!((6.3..7.5).contains(&arousal), "{arousal}");
        assert_eq!(participant_rating(7, 3, None), participant_rating(7, 3, None));
    }
}
