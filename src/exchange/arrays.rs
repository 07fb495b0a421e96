//! NumPy arrays in: `.npz` (zip of `.npy`, compressed or not) and single `.npy` files, versions 1 to 3.

use super::npy;
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
    #[error("array \"{name}\" in {path}: {why}; save it with numpy.savez as numbers or words")]
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
    if bytes.starts_with(npy::MAGIC) {
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

fn parse(bytes: &[u8]) -> Result<(Vec<usize>, Content), String> {
    let found = npy::parse(bytes)?;
    let content = match found.content {
        npy::Content::Text(words) => Content::Words(words),
        npy::Content::Numbers(values) => Content::Numbers(values),
        npy::Content::Singles(values) => Content::Numbers(values.into_iter().map(f64::from).collect()),
    };
    Ok((found.shape, content))
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
