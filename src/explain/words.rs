//! A map in words: "frontal theta +, left occipital alpha -".
//!
//! The sign says towards or against the class in the network's eyes; it is no rise or fall of brain activity.

/// Effects smaller than this share of the strongest one are not worth a word.
const LEAST: f64 = 0.35;
/// A side whose share of the other side's effect is smaller than this leaves the effect to the other side.
const ONE_SIDED: f64 = 0.4;
/// More effects than this are no summary.
const MOST: usize = 4;

const REGIONS: [&str; 5] = ["frontal", "central", "temporal", "parietal", "occipital"];

/// The scalp region of an electrode by the letters of its name.
pub fn region(label: &str) -> Option<&'static str> {
    let letters: String = label.chars().take_while(|c| c.is_ascii_alphabetic()).collect();
    match letters.trim_end_matches(['z', 'Z']).to_ascii_lowercase().as_str() {
        "fp" | "af" | "f" => Some("frontal"),
        "fc" | "c" | "cp" => Some("central"),
        "ft" | "t" | "tp" => Some("temporal"),
        "p" => Some("parietal"),
        "po" | "o" | "i" => Some("occipital"),
        _ => None,
    }
}

/// -1 left, 0 midline, 1 right: odd numbers are left, even ones right.
fn side(label: &str) -> i8 {
    let digits: String = label.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<u32>().map_or(0, |number| if number % 2 == 0 { 1 } else { -1 })
}

/// The strongest effects of a map (channels x bands, row-major), strongest first; "" for an empty or zero map.
pub fn words(map: &[f32], channels: &[String], bands: &[String]) -> String {
    let mut effects: Vec<(f64, String)> = Vec::new();
    for (b, band) in bands.iter().enumerate() {
        for region_name in REGIONS {
            let mean = |wanted: &dyn Fn(i8) -> bool| {
                let values = channels.iter().enumerate().filter(|(_, c)| region(c) == Some(region_name) && wanted(side(c)));
                let values: Vec<f64> = values.filter_map(|(c, _)| map.get(c * bands.len() + b)).map(|v| f64::from(*v)).collect();
                if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
            };
            if let Some(all) = mean(&|_| true) {
                effects.extend(effect(all, mean(&|s| s < 0), mean(&|s| s > 0), region_name, band));
            }
        }
    }
    let strongest = effects.iter().map(|e| e.0).fold(0.0, f64::max);
    effects.retain(|e| e.0 > 0.0 && e.0 >= LEAST * strongest);
    effects.sort_by(|a, b| b.0.total_cmp(&a.0));
    effects.iter().take(MOST).map(|e| e.1.as_str()).collect::<Vec<_>>().join(", ")
}

/// Right minus left of every band, over the sum of their sizes (-1..1): "alpha -0.40 (left)"; "" without both sides.
pub fn asymmetry(map: &[f32], channels: &[String], bands: &[String]) -> String {
    let mut parts = Vec::new();
    for (b, band) in bands.iter().enumerate() {
        let mean = |wanted: i8| {
            let members = channels.iter().enumerate().filter(|(_, c)| region(c).is_some() && side(c) == wanted);
            let values: Vec<f64> = members.filter_map(|(c, _)| map.get(c * bands.len() + b)).map(|v| f64::from(*v)).collect();
            if values.is_empty() { None } else { Some(values.iter().sum::<f64>() / values.len() as f64) }
        };
        let (Some(left), Some(right)) = (mean(-1), mean(1)) else { return String::new() };
        let size = left.abs() + right.abs();
        let index = if size > 0.0 { (right - left) / size } else { 0.0 };
        parts.push(format!("{band} {index:+.2}"));
    }
    parts.join(", ")
}

/// Size and words of one region's effect in one band, told apart by side where the sides differ.
fn effect(all: f64, left: Option<f64>, right: Option<f64>, region: &str, band: &str) -> Vec<(f64, String)> {
    let sign = |v: f64| if v < 0.0 { '-' } else { '+' };
    let whole = vec![(all.abs(), format!("{region} {band} {}", sign(all)))];
    let (Some(left), Some(right)) = (left, right) else { return whole };
    let one = |value: f64, side: &str| (value.abs(), format!("{side} {region} {band} {}", sign(value)));
    let (larger, smaller) = (left.abs().max(right.abs()), left.abs().min(right.abs()));
    if smaller < ONE_SIDED * larger {
        return vec![if left.abs() > right.abs() { one(left, "left") } else { one(right, "right") }];
    }
    if left * right < 0.0 {
        return vec![one(left, "left"), one(right, "right")];
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Montage;

    fn map(value: impl Fn(&str, &str) -> f32) -> String {
        let channels = Montage::biosemi32().labels;
        let bands: Vec<String> = ["theta", "alpha", "beta", "gamma"].map(String::from).to_vec();
        let map: Vec<f32> = channels.iter().flat_map(|c| bands.iter().map(|b| value(c, b)).collect::<Vec<_>>()).collect();
        words(&map, &channels, &bands)
    }

    #[test]
    fn every_standard_electrode_has_a_region() {
        for label in Montage::biosemi32().labels {
            assert!(region(&label).is_some(), "{label}");
        }
        assert_eq!(
            [region("Fz"), region("PO3"), region("T7"), region("CP1")].map(|r| r.unwrap_or("?")),
            ["frontal", "occipital", "temporal", "central"]
        );
    }

    #[test]
    fn strong_regions_are_named_with_their_sign() {
        let text = map(|c, b| match (region(c), b) {
            (Some("frontal"), "theta") => 1.0,
            (Some("occipital"), "alpha") => -0.8,
            (Some("central"), "beta") => 0.1,
            _ => 0.0,
        });
        assert_eq!(text, "frontal theta +, occipital alpha -");
    }

    #[test]
    fn sides_are_told_apart_where_they_differ() {
        let text = map(|c, b| match (region(c), b, side(c)) {
            (Some("frontal"), "alpha", -1) => -1.0,
            (Some("frontal"), "alpha", 1) => 0.9,
            (Some("temporal"), "gamma", 1) => 0.6,
            _ => 0.0,
        });
        assert_eq!(text, "left frontal alpha -, right frontal alpha +, right temporal gamma +");
    }

    #[test]
    fn asymmetry_is_right_minus_left() {
        let channels: Vec<String> = ["F3", "F4", "Fz"].map(String::from).to_vec();
        let bands: Vec<String> = ["theta", "alpha"].map(String::from).to_vec();
        assert_eq!(asymmetry(&[1.0, 0.2, 3.0, -0.2, 9.0, 9.0], &channels, &bands), "theta +0.50, alpha -1.00");
        assert_eq!(asymmetry(&[1.0, 2.0], &["Fz".to_string()], &bands), "");
    }

    #[test]
    fn a_zero_map_has_no_words() {
        assert_eq!(map(|_, _| 0.0), "");
    }
}
