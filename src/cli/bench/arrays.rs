//! Arrays of an `.npz` file as rows of f64, for the bench.

use anyhow::{Context, bail};
use std::collections::BTreeMap;
use std::io::Read;
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

/// Reads every array of little-endian doubles with at most two axes.
///
/// # Errors
/// No zip file, or an array of another kind.
pub fn read(path: &Path) -> anyhow::Result<Arrays> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut zip = zip::ZipArchive::new(file).with_context(|| format!("{} is no .npz file", path.display()))?;
    let mut rows = BTreeMap::new();
    for i in 0..zip.len() {
        let mut member = zip.by_index(i)?;
        let name = member.name().map(|n| n.trim_end_matches(".npy").to_string())?;
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes)?;
        let Some(array) = parse(&bytes) else { bail!("array \"{name}\" must hold doubles in C order, at most two axes") };
        rows.insert(name, array);
    }
    Ok(Arrays { rows })
}

fn parse(bytes: &[u8]) -> Option<Vec<Vec<f64>>> {
    let length = usize::from(u16::from_le_bytes(bytes.get(8..10)?.try_into().ok()?));
    let header = std::str::from_utf8(bytes.get(10..10 + length)?).ok()?;
    if !header.contains("'<f8'") || header.contains("'fortran_order': True") {
        return None;
    }
    let shape = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let sizes = shape.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok());
    let sizes: Vec<usize> = sizes.collect::<Option<_>>()?;
    let values: Vec<f64> =
        bytes[10 + length..].chunks_exact(8).filter_map(|b| Some(f64::from_le_bytes(b.try_into().ok()?))).collect();
    let width = *sizes.last().unwrap_or(&1);
    let fits = sizes.len() <= 2 && values.len() == sizes.iter().product::<usize>();
    fits.then(|| values.chunks(width.max(1)).map(<[f64]>::to_vec).collect())
}
