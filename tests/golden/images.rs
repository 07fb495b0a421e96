//! Topic 09: scalp images from features, channels matched by label.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::image;

pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let map = topic.json("map.json")?;
    let wanted = topic.array("image.npy")?;
    let mut outcomes = Vec::new();
    let sets = [
        ("image", "features.npy", Topic::labels(&map["deap_geneva"])),
        ("image from permuted labels", "features_perm.npy", Topic::labels(&topic.json("labels_perm.json")?)),
    ];
    for (of, file, labels) in sets {
        let features = topic.array(file)?;
        let pixels = image::pixels(&labels, features.shape[2]).map_err(|e| e.to_string())?;
        let size = features.shape[1] * features.shape[2];
        let made = features.values.chunks_exact(size).flat_map(|row| {
            let row: Vec<f32> = row.iter().map(|v| *v as f32).collect();
            image::place(&row, &pixels).into_iter().map(f64::from).collect::<Vec<_>>()
        });
        let made: Vec<f64> = made.collect();
        outcomes.push(Outcome { of, largest: largest_difference(&made, &wanted.values), allowed: topic.tolerance("atol")? });
    }
    Ok(outcomes)
}
