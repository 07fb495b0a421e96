//! NumPy's `.npz`: an uncompressed zip of `.npy` version 1.0 arrays.

mod read;
mod session;

pub use crate::exchange::npy::{Content, Found};
pub use read::{arrays, read};
pub use session::session;

use crate::exchange::ExchangeError;
use crate::exchange::put::put;
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Values in C order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    /// Byte strings, padded to the longest (NumPy's `S`): labels.
    Text(Vec<String>),
}

/// One named array.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Values,
}

impl Array {
    pub fn new(name: &str, shape: &[usize], values: Values) -> Array {
        Array { name: name.into(), shape: shape.into(), values }
    }

    /// A one-dimensional array of labels.
    pub fn labels(name: &str, labels: &[String]) -> Array {
        Array::new(name, &[labels.len()], Values::Text(labels.to_vec()))
    }

    /// The bytes of a `.npy` file.
    fn npy(&self) -> Result<Vec<u8>, ExchangeError> {
        let (kind, have, data): (String, usize, Vec<u8>) = match &self.values {
            Values::F32(v) => ("<f4".into(), v.len(), v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Values::F64(v) => ("<f8".into(), v.len(), v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Values::I64(v) => ("<i8".into(), v.len(), v.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Values::Text(v) => {
                let width = v.iter().map(String::len).max().unwrap_or(0).max(1);
                let padded = |s: &String| s.bytes().chain(std::iter::repeat(0)).take(width).collect::<Vec<_>>();
                (format!("|S{width}"), v.len(), v.iter().flat_map(padded).collect())
            }
        };
        if have != self.shape.iter().product::<usize>() {
            return Err(ExchangeError::Shape { name: self.name.clone(), have, shape: self.shape.clone() });
        }
        let shape: String = self.shape.iter().map(|n| format!("{n}, ")).collect();
        let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}", shape.trim_end());
        // Magic, version and length take 10 bytes; the data begins at a multiple of 64.
        let padding = (64 - (10 + header.len() + 1) % 64) % 64;
        header.extend(std::iter::repeat_n(' ', padding));
        header.push('\n');
        let mut npy = b"\x93NUMPY\x01\x00".to_vec();
        npy.extend((header.len() as u16).to_le_bytes());
        npy.extend(header.bytes());
        npy.extend(data);
        Ok(npy)
    }
}

/// Writes the arrays into one file: whole beside it first, then moved into place.
///
/// # Errors
/// A shape that does not fit its values; a place that cannot be written.
pub fn write(path: &Path, arrays: &[Array]) -> Result<(), ExchangeError> {
    let failed = |cause: std::io::Error| ExchangeError::Write { path: path.into(), cause };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // A fixed date: the same arrays give the same bytes.
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored).last_modified_time(DateTime::default());
    for array in arrays {
        let npy = array.npy()?;
        zip.start_file(format!("{}.npy", array.name), options).map_err(|e| failed(e.into()))?;
        zip.write_all(&npy).map_err(failed)?;
    }
    let bytes = zip.finish().map_err(|e| failed(e.into()))?.into_inner();
    put(path, &bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn arrays_come_back_with_aligned_data() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.npz");
        let arrays = [
            Array::new("x", &[2, 2], Values::F32(vec![1.0, 2.0, 3.0, 4.0])),
            Array::labels("names", &["Fz".into(), "AF3".into()]),
        ];
        write(&path, &arrays).expect("written");
        let mut zip = zip::ZipArchive::new(std::fs::File::open(&path).expect("there")).expect("a zip");
        let mut bytes = Vec::new();
        zip.by_name("x.npy").expect("x").read_to_end(&mut bytes).expect("read");
        assert_eq!(bytes.len(), 128 + 16);
        assert!(String::from_utf8_lossy(&bytes[..128]).contains("'<f4', 'fortran_order': False, 'shape': (2, 2,)"));
        assert_eq!(&bytes[132..136], &2.0f32.to_le_bytes());
        bytes.clear();
        zip.by_name("names.npy").expect("names").read_to_end(&mut bytes).expect("read");
        assert!(bytes.ends_with(b"Fz\0AF3") && String::from_utf8_lossy(&bytes[..80]).contains("'|S3'"));
    }

    #[test]
    fn a_wrong_shape_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.npz");
        assert!(write(&path, &[Array::new("x", &[3], Values::I64(vec![1]))]).is_err());
        assert!(std::fs::read_dir(folder.path()).expect("there").next().is_none());
    }
}
