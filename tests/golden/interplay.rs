//! Topic 08: brain-heart interplay in both normalisation modes, and the noiseless oracle.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::interplay::{Family, Mode, SdgOptions, Trial, autonomic_drive, heart_to_brain, interplay};

/// Largest error in units of the tolerance |a - b| <= atol + rtol |b|; no number where the reference has none agrees.
fn scaled(found: &[f64], wanted: &[f64], rtol: f64, atol: f64) -> f64 {
    let scale = |x: &f64, w: &f64| if w.is_nan() { *x } else { x / (atol / rtol + w.abs()) };
    let found: Vec<f64> = found.iter().zip(wanted).map(|(f, w)| scale(f, w)).collect();
    let wanted: Vec<f64> = wanted.iter().map(|w| scale(w, w)).collect();
    largest_difference(&found, &wanted)
}

pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let meta = topic.json("meta.json")?;
    let number = |key: &str| meta[key].as_f64().ok_or_else(|| format!("meta.json has no {key}"));
    let values = |name: &str| Ok::<_, String>(topic.array(name)?.values);
    let rtol = topic.tolerance("rtol")?;
    let (times, beats) = (values("t.npy")?, values("beats_s.npy")?);
    let (brain, lf, hf) = (topic.array("eeg.npy")?.rows(), values("lf.npy")?, values("hf.npy")?);
    let trial = Trial { times: &times, brain: &brain, lf: &lf, hf: &hf, beats: &beats };
    let base = SdgOptions {
        window: number("wlen_s")? as usize,
        interval_window_s: number("win_rr_s")?,
        least_power: number("eps_power")?,
        ..SdgOptions::default()
    };
    let (cs, cp): (Vec<f64>, Vec<f64>) = autonomic_drive(&beats, &times, base.interval_window_s).into_iter().unzip();
    let mut outcomes = Vec::new();
    let mut compare = |of, found: &[f64], file: &str| -> Result<(), String> {
        let wanted = topic.array(file)?.values;
        if found.len() != wanted.len() {
            return Err(format!("{of}: {} values instead of {}", found.len(), wanted.len()));
        }
        outcomes.push(Outcome { of, largest: scaled(found, &wanted, rtol, 1e-9), allowed: rtol });
        Ok(())
    };
    compare("C_s", &cs, "cs_raw.npy")?;
    compare("C_p", &cp, "cp_raw.npy")?;
    for (mode, name) in [(Mode::MinMax, "minmax"), (Mode::SqrtStd, "sqrtstd")] {
        let found = interplay(trial, &SdgOptions { mode, ..base.clone() }).map_err(|e| e.to_string())?;
        for (of, family, file) in [
            ("LF to brain", Family::LfToB, "LFtoB"),
            ("HF to brain", Family::HfToB, "HFtoB"),
            ("brain to LF", Family::BToLf, "BtoLF"),
            ("brain to HF", Family::BToHf, "BtoHF"),
        ] {
            compare(of, &found.family(family).concat(), &format!("{name}_{file}.npy"))?;
        }
        compare("normalised C_s", &found.cs, &format!("{name}_cs.npy"))?;
        compare("normalised C_p", &found.cp, &format!("{name}_cp.npy"))?;
        compare("times, s", &found.times, "t_out.npy")?;
    }
    // The manifest's words: expect k = 0.7, c = 0.35.
    let oracle = heart_to_brain(&values("oracle_y.npy")?, &values("oracle_u.npy")?, base.window, false);
    let error = |c: &limbic::prepare::interplay::Coupling| (c.persistence - 0.7).abs().max((c.heart - 0.35).abs());
    outcomes.push(Outcome { of: "oracle", largest: oracle.iter().map(error).fold(0.0, f64::max), allowed: rtol });
    Ok(outcomes)
}
