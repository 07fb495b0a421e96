//! Topic 03: spherical-spline interpolation and the average reference.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::reference::average_reference;
use limbic::prepare::{Signals, interpolate};
use limbic::signal::Montage;

pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let names = topic.json("labels.json")?;
    let (labels, bads) = (Topic::labels(&names["channels"]), Topic::labels(&names["bads"]));
    let montage = Montage::of(&labels).map_err(|e| e.to_string())?;
    let positions = montage.positions();
    let flat: Vec<f64> = positions.iter().flat_map(|p| [p.x, p.y, p.z]).collect();
    let bad: Vec<usize> = bads.iter().filter_map(|b| montage.index_of(b)).collect();
    let good: Vec<_> = (0..labels.len()).filter(|i| !bad.contains(i)).map(|i| positions[i]).collect();
    let wanted: Vec<_> = bad.iter().map(|i| positions[*i]).collect();
    let matrix = interpolate::weights(&good, &wanted).map_err(|e| e.to_string())?;
    let mut signals = Signals { rate: 256.0, labels, data: topic.array("X.npy")?.rows() };
    interpolate::interpolate(&mut signals, &bad).map_err(|e| e.to_string())?;
    let repaired = signals.data.concat();
    average_reference(&mut signals.data);
    let allowed = topic.tolerance("atol")?;
    let outcome = |of, found: &[f64], file: &str| -> Result<Outcome, String> {
        Ok(Outcome { of, largest: largest_difference(found, &topic.array(file)?.values), allowed })
    };
    Ok(vec![
        outcome("positions", &flat, "pos.npy")?,
        outcome("weights", &matrix.concat(), "M.npy")?,
        outcome("interpolated, uV", &repaired, "Y.npy")?,
        outcome("referenced, uV", &signals.data.concat(), "R.npy")?,
    ])
}
