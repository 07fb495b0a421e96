//! Weights as TensorFlow.js stores them: one run of bytes, and a list that says what lies in it.

use serde::Deserialize;
use std::collections::BTreeMap;

/// A stored weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<Quantisation>,
}

#[derive(Debug, Deserialize)]
struct Quantisation {
    dtype: String,
    scale: f64,
    min: f64,
}

#[derive(Debug, Deserialize)]
struct Group {
    weights: Vec<Entry>,
}

/// The weights of a manifest (a list of groups), from the joined bytes of its files.
///
/// # Errors
/// Another type than float32 and 8-bit quantised float32, or lengths that do not fill the bytes exactly.
pub fn weights(manifest: &serde_json::Value, bytes: &[u8]) -> Result<BTreeMap<String, Weight>, String> {
    let groups: Vec<Group> = serde_json::from_value(manifest.clone()).map_err(|e| format!("its list of weights: {e}"))?;
    let mut rest = bytes;
    let mut found = BTreeMap::new();
    for entry in groups.into_iter().flat_map(|g| g.weights) {
        let count: usize = entry.shape.iter().product();
        let width = match entry.quantization.as_ref().map_or(entry.dtype.as_str(), |q| q.dtype.as_str()) {
            "uint8" => 1,
            "float32" => 4,
            other => return Err(format!("its weight {} is of type {other}", entry.name)),
        };
        let (mine, others) =
            rest.split_at_checked(count * width).ok_or_else(|| format!("its weights end within {}", entry.name))?;
        rest = others;
        let values = match &entry.quantization {
            Some(q) => mine.iter().map(|v| (f64::from(*v) * q.scale + q.min) as f32).collect(),
            None => mine.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        };
        found.insert(entry.name, Weight { shape: entry.shape, values });
    }
    if rest.is_empty() { Ok(found) } else { Err(format!("{} bytes of weights are left over", rest.len())) }
}

/// The weight of this name.
pub fn weight<'a>(weights: &'a BTreeMap<String, Weight>, name: &str) -> Result<&'a Weight, String> {
    weights.get(name).ok_or_else(|| format!("it has no weight {name}"))
}

/// A normalisation behind a convolution as what it does to it: a factor and a shift of each channel.
///
/// # Errors
/// Its four weights (scale, shift, mean, variance) are not of one length.
pub fn folded([gamma, beta, mean, variance]: [&[f32]; 4], epsilon: f64) -> Result<(Vec<f32>, Vec<f32>), String> {
    let channels = gamma.len();
    if [beta.len(), mean.len(), variance.len()] != [channels; 3] {
        return Err("a normalisation of unequal weights".into());
    }
    let factor: Vec<f64> = (0..channels).map(|c| f64::from(gamma[c]) / (f64::from(variance[c]) + epsilon).sqrt()).collect();
    let shift = (0..channels).map(|c| (f64::from(beta[c]) - f64::from(mean[c]) * factor[c]) as f32).collect();
    Ok((factor.iter().map(|f| *f as f32).collect(), shift))
}

/// Axes in another order: `order[k]` is the old place of the new axis k.
pub fn transposed(weight: &Weight, order: &[usize]) -> Result<Weight, String> {
    if order.len() != weight.shape.len() {
        return Err(format!("a weight of {} axes where {} are wanted", weight.shape.len(), order.len()));
    }
    let shape: Vec<usize> = order.iter().map(|&axis| weight.shape[axis]).collect();
    let strides: Vec<usize> = order.iter().map(|&axis| weight.shape[axis + 1..].iter().product::<usize>()).collect();
    let place = |mut index: usize| {
        let mut at = 0;
        for (size, stride) in shape.iter().zip(&strides).rev() {
            at += index % size * stride;
            index /= size;
        }
        at
    };
    let values = (0..weight.values.len()).map(|i| weight.values[place(i)]).collect();
    Ok(Weight { shape, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantised_and_plain_weights_fill_the_bytes() {
        let manifest = serde_json::json!([{"weights": [
            {"name": "a", "shape": [2], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
            {"name": "b", "shape": [1], "dtype": "float32"},
        ]}]);
        let bytes = [[0u8, 4].as_slice(), &2.5f32.to_le_bytes()].concat();
        let found = weights(&manifest, &bytes).expect("fits");
        assert_eq!((&found["a"].values[..], &found["b"].values[..]), (&[-1.0, 1.0][..], &[2.5][..]));
        assert!(weights(&manifest, &bytes[..5]).is_err() && weights(&manifest, &[bytes.clone(), vec![0]].concat()).is_err());
    }

    #[test]
    fn axes_change_places() {
        let weight = Weight { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let turned = transposed(&weight, &[1, 0]).expect("two axes");
        assert_eq!((turned.shape, turned.values), (vec![3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        assert!(transposed(&weight, &[0]).is_err());
    }
}
