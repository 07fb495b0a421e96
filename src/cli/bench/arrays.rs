//! Arrays of an `.npz` file as rows of f64, for the bench.

use crate::exchange::arrays::{self, Content};
use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// Arrays by name; a vector is one row.
pub struct Arrays {
    rows: BTreeMap<String, Vec<Vec<f64>>>,
}

impl Arrays {
    pub fn has(&self, name: &str) -> bool {
        self.rows.contains_key(name)
    }

    pub fn rows(&self, name: &str) -> anyhow::Result<&[Vec<f64>]> {
        self.rows.get(name).map(Vec::as_slice).with_context(|| format!("the file holds no array \"{name}\""))
    }

    pub fn row(&self, name: &str) -> anyhow::Result<&[f64]> {
        self.rows(name)?.first().map(Vec::as_slice).with_context(|| format!("array \"{name}\" is empty"))
    }

    pub fn number(&self, name: &str) -> anyhow::Result<f64> {
        self.row(name)?.first().copied().with_context(|| format!("array \"{name}\" is empty"))
    }
}

/// Reads every array of numbers.
///
/// # Errors
/// No `.npz` file, or an array of words or of more than two axes.
pub fn read(path: &Path) -> anyhow::Result<Arrays> {
    let mut rows = BTreeMap::new();
    for array in arrays::read(path)? {
        let Content::Numbers(values) = &array.content else { bail!("array \"{}\" holds words", array.name) };
        if array.shape.len() > 2 {
            bail!("array \"{}\" has {} axes; the bench takes rows", array.name, array.shape.len());
        }
        let width = array.shape.last().copied().unwrap_or(1).max(1);
        rows.insert(array.name.clone(), values.chunks(width).map(<[f64]>::to_vec).collect());
    }
    Ok(Arrays { rows })
}
