//! NumPy arrays in: `.npz` (zip of `.npy`, compressed or not) and single `.npy` files, versions 1 to 3.

use std::io::Read;
use std::path::{Path, PathBuf};

/// Numbers or words in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The name inside an `.npz`; "" in an `.npy`.
    pub name: String,
    pub shape: Vec<usize>,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    Numbers(Vec<f64>),
    Words(Vec<String>),
}

/// Arrays that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArrayError {
    #[error("cannot read {path}: {error}")]
    File { path: PathBuf, error: std::io::Error },
    #[error("{path} is no .npz file: {error}")]
    Zip { path: PathBuf, error: zip::result::ZipError },
    #[error("array \"{name}\" in {path}: {why}; save it with numpy.savez as numbers or words in C order")]
    Array { path: PathBuf, name: String, why: String },
}

/// Most bytes of one array: beyond it the file is taken for damaged.
const MOST: u64 = 8 << 30;

/// Every array of the file.
///
/// # Errors
/// What the file system says, a file of another kind, an array of a type or order that is not read.
pub fn read(path: &Path) -> Result<Vec<Stored>, ArrayError> {
    let failed = |error| ArrayError::File { path: path.into(), error };
    let bad = |name: &str, why: String| ArrayError::Array { path: path.into(), name: name.into(), why };
    let bytes = std::fs::read(path).map_err(failed)?;
    if bytes.starts_with(MAGIC) {
        let (shape, content) = parse(&bytes).map_err(|why| bad("", why))?;
        return Ok(vec![Stored { name: String::new(), shape, content }]);
    }
    let not_zip = |error| ArrayError::Zip { path: path.into(), error };
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).map_err(not_zip)?;
    let mut arrays = Vec::with_capacity(archive.len());
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).map_err(not_zip)?;
        let name = file.name().map_err(not_zip)?.trim_end_matches(".npy").to_string();
        let mut bytes = Vec::new();
        file.by_ref().take(MOST).read_to_end(&mut bytes).map_err(failed)?;
        let (shape, content) = parse(&bytes).map_err(|why| bad(&name, why))?;
        arrays.push(Stored { name, shape, content });
    }
    Ok(arrays)
}

const MAGIC: &[u8] = b"\x93NUMPY";

fn parse(bytes: &[u8]) -> Result<(Vec<usize>, Content), String> {
    let short = || "it ends too early".to_string();
    if !bytes.starts_with(MAGIC) {
        return Err("it is no NumPy array".into());
    }
    let wide = *bytes.get(6).ok_or_else(short)? > 1;
    let length = |at: usize, n: usize| -> Option<usize> {
        Some(bytes.get(at..at + n)?.iter().rev().fold(0usize, |sum, b| sum << 8 | usize::from(*b)))
    };
    let (start, size) = if wide { (12, length(8, 4)) } else { (10, length(8, 2)) };
    let end = start + size.ok_or_else(short)?;
    let header = String::from_utf8_lossy(bytes.get(start..end).ok_or_else(short)?).into_owned();
    let part = |from: &str, to: &str| Some(header.split_once(from)?.1.split_once(to)?.0.to_string());
    if header.contains("'fortran_order': True") {
        return Err("it is stored column by column".into());
    }
    let shape = part("'shape': (", ")").ok_or("its header has no shape")?;
    let shape: Result<Vec<usize>, _> = shape.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::parse).collect();
    let shape = shape.map_err(|_| "its shape is no list of sizes")?;
    let kind = part("'descr': '", "'").ok_or("its type is compound")?;
    let content = content(&kind, &bytes[end..])?;
    let count = match &content {
        Content::Numbers(v) => v.len(),
        Content::Words(v) => v.len(),
    };
    let wanted = shape.iter().try_fold(1usize, |product, d| product.checked_mul(*d));
    if wanted != Some(count) {
        return Err(format!("its shape {shape:?} does not fit its {count} values"));
    }
    Ok((shape, content))
}

fn content(kind: &str, data: &[u8]) -> Result<Content, String> {
    fn numbers<const N: usize>(data: &[u8], of: impl Fn([u8; N]) -> f64) -> Content {
        Content::Numbers(data.as_chunks::<N>().0.iter().map(|b| of(*b)).collect())
    }
    Ok(match kind {
        "<f4" => numbers(data, |b| f64::from(f32::from_le_bytes(b))),
        "<f8" => numbers(data, f64::from_le_bytes),
        "<i8" => numbers(data, |b| i64::from_le_bytes(b) as f64),
        "<i4" => numbers(data, |b| f64::from(i32::from_le_bytes(b))),
        "<i2" => numbers(data, |b| f64::from(i16::from_le_bytes(b))),
        "<u4" => numbers(data, |b| f64::from(u32::from_le_bytes(b))),
        "<u8" => numbers(data, |b| u64::from_le_bytes(b) as f64),
        "|u1" | "|b1" => numbers(data, |[b]| f64::from(b)),
        "|i1" => numbers(data, |b| f64::from(i8::from_le_bytes(b))),
        other => return words(other, data),
    })
}

/// Byte strings ("|S3") and four-byte letters ("<U3"), padded with zeros.
fn words(kind: &str, data: &[u8]) -> Result<Content, String> {
    let unknown = || format!("its type {kind} is not read");
    let (letters, width): (usize, usize) = match kind.get(..2) {
        Some("|S") => (1, kind[2..].parse().map_err(|_| unknown())?),
        Some("<U") => (4, kind[2..].parse().map_err(|_| unknown())?),
        _ => return Err(unknown()),
    };
    let word = |bytes: &[u8]| -> String {
        let codes = bytes.chunks(letters).map(|b| b.iter().rev().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)));
        codes.take_while(|c| *c != 0).map(|c| char::from_u32(c).unwrap_or('?')).collect()
    };
    Ok(Content::Words(data.chunks_exact((letters * width).max(1)).map(word).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::npz::{Array, Values, write};

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.npz");
        let arrays = [
            Array::new("x", &[2, 2], Values::F32(vec![1.0, -2.5, 3.0, 4.0])),
            Array::new("y", &[2], Values::I64(vec![7, -1])),
            Array::labels("names", &["Fz".into(), "AF3".into()]),
        ];
        write(&path, &arrays).expect("written");
        let read = read(&path).expect("read");
        assert_eq!((read[0].name.as_str(), read[0].shape.as_slice()), ("x", &[2, 2][..]));
        assert_eq!(read[0].content, Content::Numbers(vec![1.0, -2.5, 3.0, 4.0]));
        assert_eq!(read[1].content, Content::Numbers(vec![7.0, -1.0]));
        assert_eq!(read[2].content, Content::Words(vec!["Fz".into(), "AF3".into()]));
    }

    #[test]
    fn what_is_no_array_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.npz");
        std::fs::write(&path, b"nothing of that kind").expect("written");
        assert!(read(&path).err().map(|e| e.to_string()).unwrap_or_default().contains("is no .npz file"));
        let header = b"\x93NUMPY\x01\x00\x3a\x00{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }   ";
        std::fs::write(&path, header).expect("written");
        assert!(read(&path).err().map(|e| e.to_string()).unwrap_or_default().contains("<c8"));
    }
}
