//! Topic 01: Butterworth sections and zero-phase filtering.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::filter::{Filter, Pass};

/// Zero-phase output against SciPy's, relative to the largest input; and the sections and states themselves.
pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let cases = topic.json("cases.json")?;
    let (mut output, mut design, mut gain) = (0.0f64, 0.0f64, 0.0f64);
    for case in cases.as_array().ok_or("cases.json is no list")? {
        let tag = case["tag"].as_str().ok_or("a case has no tag")?;
        let (order, rate) = (case["order"].as_u64().unwrap_or(0) as usize, case["fs"].as_f64().unwrap_or(0.0));
        let pass = match (case["type"].as_str(), case["wn"].as_array()) {
            (Some("bandpass"), Some(edges)) => Pass::Band(edges[0].as_f64().unwrap_or(0.0), edges[1].as_f64().unwrap_or(0.0)),
            (Some("lowpass"), _) => Pass::Low(case["wn"].as_f64().unwrap_or(0.0)),
            (Some("highpass"), _) => Pass::High(case["wn"].as_f64().unwrap_or(0.0)),
            _ => return Err(format!("{tag}: unknown type")),
        };
        let filter = Filter::butterworth(pass, order, rate).map_err(|e| e.to_string())?;
        if Some(filter.padding() as u64) != case["padlen"].as_u64() {
            return Err(format!("{tag}: padding {} instead of {}", filter.padding(), case["padlen"]));
        }
        let array = |kind: &str| topic.array(&format!("{tag}_{kind}.npy"));
        let (x, y) = (array("x")?.values, array("y")?.values);
        let size = x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let found = filter.zero_phase(&x).map_err(|e| e.to_string())?;
        output = output.max(largest_difference(&found, &y) / size);
        let sections: Vec<f64> = filter.sections().iter().flat_map(|s| [s.b[0], s.b[1], s.b[2], 1.0, s.a[0], s.a[1]]).collect();
        let states: Vec<f64> = filter.sections().iter().flat_map(|s| s.step_state).collect();
        design = design.max(largest_difference(&sections, &array("sos")?.values));
        design = design.max(largest_difference(&states, &array("zi")?.values));
        for (frequency, decibel) in case["gain_db_one_pass"].as_object().into_iter().flatten() {
            let magnitude = filter.gain(frequency.parse().map_err(|_| "a frequency is no number")?, rate);
            gain = gain.max((magnitude - 10f64.powf(decibel.as_f64().unwrap_or(0.0) / 20.0)).abs());
        }
    }
    let allowed = topic.tolerance("rtol")?;
    Ok(vec![
        Outcome { of: "output / max|x|", largest: output, allowed },
        Outcome { of: "magnitude", largest: gain, allowed },
        // The order of the sections is free by the manifest; ours happens to be SciPy's, and this notices a change.
        Outcome { of: "sections and states", largest: design, allowed: 1e-6 },
    ])
}
