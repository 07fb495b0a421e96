//! Topic 04: R peaks of synthetic ECG with exact beat times and of MIT-BIH record 208.

use crate::topic::{Outcome, Topic};
use limbic::prepare::heart::r_peaks;

/// Detections matched one to one with the truth within `within` s: (matched differences, false detections).
fn matched(found: &[f64], truth: &[f64], within: f64) -> (Vec<f64>, usize) {
    let mut free = found.to_vec();
    let mut differences = Vec::new();
    for t in truth {
        let nearest = (0..free.len()).min_by(|a, b| (free[*a] - t).abs().total_cmp(&(free[*b] - t).abs()));
        if let Some(i) = nearest.filter(|i| (free[*i] - t).abs() <= within) {
            differences.push(free.swap_remove(i) - t);
        }
    }
    (differences, free.len())
}

/// Beat times of a file, which rise.
fn beats(topic: &Topic, name: &str) -> Result<Vec<f64>, String> {
    let times = topic.array(name)?.values;
    match times.windows(2).find(|pair| pair[1] <= pair[0]) {
        Some(pair) => Err(format!("{name}: beat {} does not come before {}", pair[0], pair[1])),
        None => Ok(times),
    }
}

/// The pass marks are shares, so the outcomes are 1 - sensitivity, 1 - PPV and the SD in s.
pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for (name, rate) in [("syn0", 256.0), ("syn1", 250.0)] {
        let truth = beats(topic, &format!("{name}_true_s.npy"))?;
        let found = r_peaks(&topic.array(&format!("{name}_ecg.npy"))?.values, rate).map_err(|e| e.to_string())?;
        let (differences, wrong) = matched(&found, &truth, 0.05);
        let n = differences.len().max(1) as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let spread = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
        outcomes.push(Outcome {
            of: "1 - sensitivity",
            largest: 1.0 - differences.len() as f64 / truth.len() as f64,
            allowed: 0.01,
        });
        outcomes.push(Outcome { of: "1 - PPV", largest: wrong as f64 / found.len().max(1) as f64, allowed: 0.01 });
        outcomes.push(Outcome { of: "SD, s", largest: spread, allowed: 0.005 });
    }
    // The consensus of nine detectors is doubtful about these beats, so they are not scored.
    beats(topic, "mitbih208_doubt_s.npy")?;
    // What nine other detectors found: the source of the two lists.
    topic.leave_out("detectors.json");
    let sure = beats(topic, "mitbih208_sure_s.npy")?;
    let found = r_peaks(&topic.array("mitbih208_ecg.npy")?.values, 360.0).map_err(|e| e.to_string())?;
    let (differences, _) = matched(&found, &sure, 0.075);
    outcomes.push(Outcome {
        of: "record 208: missed",
        largest: 1.0 - differences.len() as f64 / sure.len() as f64,
        allowed: 0.03,
    });
    Ok(outcomes)
}
