//! Topics 04 to 07: R peaks, beat correction, the interval series and its power over time.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::heart::correct::{BeatMethod, correct};
use limbic::prepare::heart::hrv::hrv_series;
use limbic::prepare::heart::spwvd::{SpwvdOptions, spwvd};

/// Root mean square difference of two beat series' intervals at 4 Hz where both are defined, s; infinite where one has
/// no series.
fn hrv_error(found: &[f64], truth: &[f64]) -> f64 {
    let (Ok(a), Ok(b)) = (hrv_series(found), hrv_series(truth)) else { return f64::INFINITY };
    let (mut sum, mut count) = (0.0, 0usize);
    for (t, w) in a.times.iter().zip(&a.intervals) {
        let place = ((t - b.times[0]) * 4.0).round();
        if let Some(v) = (place >= 0.0).then(|| b.intervals.get(place as usize)).flatten() {
            (sum, count) = (sum + (v - w).powi(2), count + 1);
        }
    }
    if count == 0 { f64::INFINITY } else { (sum / count as f64).sqrt() }
}

fn nearest(beats: &[f64], t: f64) -> f64 {
    beats.iter().map(|b| (b - t).abs()).fold(f64::INFINITY, f64::min)
}

/// The default by the manifest's pass mark, and the reference against the vectors that it made.
pub fn beat_correction(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let array = |name: &str| topic.array(name).map(|a| a.values);
    let (truth, bad) = (array("true_s.npy")?, array("bad_s.npy")?);
    let mut outcomes = Vec::new();
    for (method, error, far, clean) in [
        (BeatMethod::TwoSided, "two-sided: HRV, s rms", "two-sided: true beat to the nearest, s", "two-sided: clean series"),
        (BeatMethod::InverseGaussian, "reference: HRV, s rms", "reference: true beat to the nearest, s", "reference: clean"),
    ] {
        let made = correct(&bad, method);
        outcomes.push(Outcome { of: error, largest: hrv_error(&made.beats, &truth), allowed: 0.008 });
        let farthest = truth.iter().map(|t| nearest(&made.beats, *t)).fold(0.0, f64::max);
        outcomes.push(Outcome { of: far, largest: farthest, allowed: 0.1 });
        let untouched = correct(&truth, method);
        outcomes.push(Outcome { of: clean, largest: largest_difference(&untouched.beats, &truth), allowed: 0.0 });
    }
    let reference = correct(&bad, BeatMethod::InverseGaussian);
    let wanted = array("ppref_s.npy")?;
    outcomes.push(Outcome { of: "reference: beats, s", largest: largest_difference(&reference.beats, &wanted), allowed: 1e-6 });
    Ok(outcomes)
}

/// Every pair of beats and series that the topic holds.
pub fn interval_series(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let allowed = topic.tolerance("atol")?;
    let mut outcomes = Vec::new();
    for prefix in ["", "short_"] {
        let array = |name: &str| topic.array(&format!("{prefix}{name}.npy")).map(|a| a.values);
        let made = hrv_series(&array("beats_s")?).map_err(|e| e.to_string())?;
        outcomes.push(Outcome { of: "times, s", largest: largest_difference(&made.times, &array("t")?), allowed });
        outcomes.push(Outcome { of: "intervals, s", largest: largest_difference(&made.intervals, &array("ibi")?), allowed });
    }
    Ok(outcomes)
}

/// Density, LF and HF, each relative to its largest value.
pub fn time_frequency(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let (meta, allowed) = (topic.json("meta.json")?, topic.tolerance("rtol")?);
    let number = |key: &str| meta[key].as_f64().ok_or_else(|| format!("meta.json has no {key}"));
    let options = SpwvdOptions {
        tau_s: number("tau0_s")?,
        nu_hz: number("nu0_hz")?,
        lambda: number("lambda")?,
        bins: number("nfft")? as usize,
    };
    let mut outcomes = Vec::new();
    for case in ["chirp", "two"] {
        let array = |kind: &str| topic.array(&format!("{case}_{kind}.npy"));
        let made = spwvd(&array("x")?.values, number("fs")?, &options).map_err(|e| e.to_string())?;
        let wanted = array("S")?.rows();
        let rows = made.density.get(..wanted.len()).ok_or("too few frequencies")?;
        let relative =
            |found: &[f64], wanted: &[f64]| largest_difference(found, wanted) / wanted.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        outcomes.push(Outcome { of: "density", largest: relative(&rows.concat(), &wanted.concat()), allowed });
        outcomes.push(Outcome { of: "LF", largest: relative(&made.lf, &array("lf")?.values), allowed });
        outcomes.push(Outcome { of: "HF", largest: relative(&made.hf, &array("hf")?.values), allowed });
        outcomes.push(Outcome { of: "step, Hz", largest: (made.step - number("df")?).abs(), allowed: 1e-12 });
    }
    Ok(outcomes)
}
