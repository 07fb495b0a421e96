//! One topic: a folder of vectors with its manifest, and what a comparison found.

use crate::npy::{self, Array};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A folder such as `01_filters`.
pub struct Topic {
    pub folder: PathBuf,
    pub manifest: Value,
    /// Files that the comparison has looked at.
    read: RefCell<BTreeSet<String>>,
}

/// The largest error of a topic beside what its manifest allows.
pub struct Outcome {
    /// What the error is of: "y", "bands", ...
    pub of: &'static str,
    pub largest: f64,
    pub allowed: f64,
}

impl Topic {
    /// Reads the manifest and checks that every file it names is there with its shape.
    pub fn open(folder: PathBuf) -> Result<Topic, String> {
        let topic = Topic { manifest: json(&folder.join("manifest.json"))?, folder, read: RefCell::default() };
        for (name, entry) in topic.manifest["files"].as_object().ok_or("the manifest names no files")? {
            let shape = entry.get("shape").and_then(Value::as_array);
            match shape {
                Some(shape) => {
                    let wanted: Vec<usize> = shape.iter().filter_map(Value::as_u64).map(|n| n as usize).collect();
                    let found = npy::read(&topic.folder.join(name))?.shape;
                    if found != wanted {
                        return Err(format!("{name} has shape {found:?}; the manifest says {wanted:?}"));
                    }
                }
                None if topic.folder.join(name).exists() => {}
                None => return Err(format!("{name} is missing")),
            }
        }
        Ok(topic)
    }

    /// Every file of the manifest must have been read: a vector that nobody compares protects nothing.
    pub fn all_read(&self) -> Result<(), String> {
        let files = self.manifest["files"].as_object().ok_or("the manifest names no files")?;
        match files.keys().find(|name| !self.read.borrow().contains(*name)) {
            Some(name) => Err(format!("{name} was not compared")),
            None => Ok(()),
        }
    }

    /// A file that describes the others and is deliberately left out of the comparison.
    pub fn leave_out(&self, name: &str) {
        self.read.borrow_mut().insert(name.into());
    }

    pub fn array(&self, name: &str) -> Result<Array, String> {
        self.leave_out(name);
        npy::read(&self.folder.join(name))
    }

    pub fn json(&self, name: &str) -> Result<Value, String> {
        self.leave_out(name);
        json(&self.folder.join(name))
    }

    /// The labels in a JSON list of strings.
    pub fn labels(value: &Value) -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
    }

    /// The first tolerance of that name ("rtol", "atol") in the manifest.
    pub fn tolerance(&self, name: &str) -> Result<f64, String> {
        let checks = self.manifest["checks"].as_array().ok_or("the manifest has no checks")?;
        checks.iter().find_map(|check| check[name].as_f64()).ok_or_else(|| format!("the manifest has no {name}"))
    }
}

fn json(path: &std::path::Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// Largest |a - b|; infinite where the lengths differ or a value is no number.
pub fn largest_difference<'a>(a: impl IntoIterator<Item = &'a f64>, b: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (mut a, mut b, mut largest) = (a.into_iter(), b.into_iter(), 0.0f64);
    loop {
        match (a.next(), b.next()) {
            // No number where the reference has none is agreement.
            (Some(x), Some(y)) if x.is_nan() && y.is_nan() => {}
            (Some(x), Some(y)) if (x - y).is_finite() => largest = largest.max((x - y).abs()),
            (None, None) => return largest,
            _ => return f64::INFINITY,
        }
    }
}
