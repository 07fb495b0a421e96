//! Topic 14: boxes from a YOLOv8 output, out of the letterbox, after suppression.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::infer::face::yolo::{Letterbox, decode};

pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let meta = topic.json("meta.json")?;
    let number = |value: &serde_json::Value| value.as_u64().map(|n| n as usize).ok_or("meta.json lacks a size".to_string());
    let side = number(&meta["input"])?;
    let letterbox = Letterbox::new(number(&meta["image_wh"][0])?, number(&meta["image_wh"][1])?, side, side);
    let raw = topic.array("pred.npy")?;
    let values: Vec<f32> = raw.values.iter().map(|v| *v as f32).collect();
    let faces = decode(&values, &raw.shape, Some(1), &letterbox).ok_or("the output has no known shape")?;
    let boxes: Vec<f64> = faces.iter().flat_map(|f| f.bounds).map(f64::from).collect();
    let scores: Vec<f64> = faces.iter().map(|f| f64::from(f.score)).collect();
    let (wanted, wanted_scores) = (topic.array("boxes.npy")?, topic.array("scores.npy")?);
    if boxes.len() != wanted.values.len() {
        return Err(format!("{} boxes; there are {}", faces.len(), wanted.shape[0]));
    }
    let of_letterbox = [f64::from(letterbox.ratio), letterbox.left as f64, letterbox.top as f64];
    let known: Vec<f64> = [&meta["ratio"], &meta["pad_xy"][0], &meta["pad_xy"][1]].iter().filter_map(|v| v.as_f64()).collect();
    Ok(vec![
        Outcome { of: "boxes", largest: largest_difference(&boxes, &wanted.values), allowed: topic.tolerance("atol")? },
        Outcome { of: "scores", largest: largest_difference(&scores, &wanted_scores.values), allowed: 1e-6 },
        Outcome { of: "letterbox", largest: largest_difference(&of_letterbox, &known), allowed: 1e-6 },
    ])
}
