//! Reads `.npy` files of the golden vectors as f64, with their shape.

use std::path::Path;

#[derive(Debug, Clone)]
pub struct Array {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}

impl Array {
    /// Rows of the last axis.
    pub fn rows(&self) -> Vec<Vec<f64>> {
        self.values.chunks_exact(self.shape.last().copied().unwrap_or(1).max(1)).map(<[f64]>::to_vec).collect()
    }
}

/// A sentence about the file where it cannot be read.
pub fn read(path: &Path) -> Result<Array, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    parse(&bytes).ok_or_else(|| format!("{}: no .npy file of f4, f8, i4 or i8 in C order", path.display()))
}

fn parse(bytes: &[u8]) -> Option<Array> {
    if bytes.get(..6)? != b"\x93NUMPY" {
        return None;
    }
    let length = usize::from(u16::from_le_bytes(bytes.get(8..10)?.try_into().ok()?));
    let header = std::str::from_utf8(bytes.get(10..10 + length)?).ok()?;
    let data = &bytes[10 + length..];
    let inside = header.split_once("'shape': (")?.1.split_once(')')?.0;
    let shape =
        inside.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect::<Option<Vec<usize>>>()?;
    let kind = header.split_once("'descr': '")?.1.split_once('\'')?.0;
    if header.contains("'fortran_order': True") {
        return None;
    }
    let values: Vec<f64> = match kind {
        "<f8" => data.chunks_exact(8).filter_map(|b| Some(f64::from_le_bytes(b.try_into().ok()?))).collect(),
        "<f4" => data.chunks_exact(4).filter_map(|b| Some(f64::from(f32::from_le_bytes(b.try_into().ok()?)))).collect(),
        "<i8" => data.chunks_exact(8).filter_map(|b| Some(i64::from_le_bytes(b.try_into().ok()?) as f64)).collect(),
        "<i4" => data.chunks_exact(4).filter_map(|b| Some(f64::from(i32::from_le_bytes(b.try_into().ok()?)))).collect(),
        _ => return None,
    };
    (values.len() == shape.iter().product::<usize>()).then_some(Array { shape, values })
}
