//! Apache Parquet out: flat tables of numbers and words, plainly encoded, in one row group (format specification 2.x).
//!
//! Columns are required (no definition levels), pages are not compressed, and nothing depends on the time or the
//! machine: the same table gives the same bytes.

mod thrift;

use super::ExchangeError;
use super::put::Whole;
use std::io::Write;
use std::path::Path;
use thrift::{Struct, list_of_structs};

/// The values of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
    Text(Vec<String>),
}

/// One named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: String,
    pub cells: Cells,
}

impl Column {
    pub fn new(name: &str, cells: Cells) -> Column {
        Column { name: name.into(), cells }
    }

    fn len(&self) -> usize {
        match &self.cells {
            Cells::F32(v) => v.len(),
            Cells::F64(v) => v.len(),
            Cells::I64(v) => v.len(),
            Cells::Bool(v) => v.len(),
            Cells::Text(v) => v.len(),
        }
    }

    /// The format's number of the physical type.
    fn kind(&self) -> i32 {
        match self.cells {
            Cells::Bool(_) => 0,
            Cells::I64(_) => 2,
            Cells::F32(_) => 4,
            Cells::F64(_) => 5,
            Cells::Text(_) => 6,
        }
    }

    /// Some of the values, plainly encoded.
    fn plain(&self, rows: std::ops::Range<usize>) -> Vec<u8> {
        match &self.cells {
            Cells::F32(v) => v[rows].iter().flat_map(|x| x.to_le_bytes()).collect(),
            Cells::F64(v) => v[rows].iter().flat_map(|x| x.to_le_bytes()).collect(),
            Cells::I64(v) => v[rows].iter().flat_map(|x| x.to_le_bytes()).collect(),
            Cells::Bool(v) => v[rows]
                .chunks(8)
                .map(|bits| bits.iter().enumerate().fold(0u8, |byte, (i, bit)| byte | (u8::from(*bit) << i)))
                .collect(),
            Cells::Text(v) => {
                v[rows].iter().flat_map(|text| (text.len() as u32).to_le_bytes().into_iter().chain(text.bytes())).collect()
            }
        }
    }
}

/// Rows of a page: bounds its length, which the format counts in 32 bits.
const PAGE_ROWS: usize = 1 << 16;
const MAGIC: &[u8] = b"PAR1";

/// Where a column's pages lie.
struct Chunk {
    offset: u64,
    bytes: u64,
}

/// Writes a table with notes for readers ("recipe" = ...) beside it.
///
/// # Errors
/// Columns of different lengths; a place that cannot be written.
pub fn write(path: &Path, columns: &[Column], notes: &[(&str, String)]) -> Result<(), ExchangeError> {
    let rows = columns.first().map_or(0, Column::len);
    if let Some(odd) = columns.iter().find(|c| c.len() != rows) {
        return Err(ExchangeError::Shape { name: odd.name.clone(), have: odd.len(), shape: vec![rows] });
    }
    let failed = |cause| ExchangeError::Write { path: path.into(), cause };
    let mut file = Whole::create(path).map_err(failed)?;
    file.write_all(MAGIC).map_err(failed)?;
    let mut at = MAGIC.len() as u64;
    let mut chunks = Vec::with_capacity(columns.len());
    for column in columns {
        let offset = at;
        for first in (0..rows.max(1)).step_by(PAGE_ROWS) {
            let page = first..(first + PAGE_ROWS).min(rows);
            let (count, data) = (page.len(), column.plain(page));
            let head = page_header(count, data.len());
            file.write_all(&head).and_then(|()| file.write_all(&data)).map_err(failed)?;
            at += (head.len() + data.len()) as u64;
        }
        chunks.push(Chunk { offset, bytes: at - offset });
    }
    let footer = footer(columns, rows, &chunks, notes);
    file.write_all(&footer).map_err(failed)?;
    file.write_all(&(footer.len() as u32).to_le_bytes()).map_err(failed)?;
    file.write_all(MAGIC).map_err(failed)?;
    file.finish().map_err(failed)
}

/// A data page of version 1: plain values, no levels (they are named as run lengths all the same).
fn page_header(count: usize, bytes: usize) -> Vec<u8> {
    let data = Struct::new().i32(1, count as i32).i32(2, 0).i32(3, 3).i32(4, 3);
    Struct::new().i32(1, 0).i32(2, bytes as i32).i32(3, bytes as i32).inner(5, data).bytes()
}

fn footer(columns: &[Column], rows: usize, chunks: &[Chunk], notes: &[(&str, String)]) -> Vec<u8> {
    let root = Struct::new().text(4, "table").i32(5, columns.len() as i32);
    let schema = std::iter::once(root).chain(columns.iter().map(|column| {
        let leaf = Struct::new().i32(1, column.kind()).i32(3, 0).text(4, &column.name);
        // Bytes that are text in UTF-8.
        if matches!(column.cells, Cells::Text(_)) { leaf.i32(6, 0) } else { leaf }
    }));
    let parts = columns.iter().zip(chunks).map(|(column, chunk)| {
        let about = Struct::new()
            .i32(1, column.kind())
            .list_i32(2, &[0])
            .list_text(3, &[&column.name])
            .i32(4, 0)
            .i64(5, rows as i64)
            .i64(6, chunk.bytes as i64)
            .i64(7, chunk.bytes as i64)
            .i64(9, chunk.offset as i64);
        Struct::new().i64(2, chunk.offset as i64).inner(3, about)
    });
    let total: u64 = chunks.iter().map(|c| c.bytes).sum();
    let group = Struct::new().list(1, list_of_structs(parts.collect())).i64(2, total as i64).i64(3, rows as i64);
    let notes = notes.iter().map(|(key, value)| Struct::new().text(1, key).text(2, value)).collect();
    Struct::new()
        .i32(1, 1)
        .list(2, list_of_structs(schema.collect()))
        .i64(3, rows as i64)
        .list(4, list_of_structs(vec![group]))
        .list(5, list_of_structs(notes))
        .text(6, &format!("limbic version {}", env!("CARGO_PKG_VERSION")))
        .bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_framed_and_its_footer_names_every_column() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.parquet");
        let columns = [
            Column::new("x", Cells::F32(vec![1.0, -2.5])),
            Column::new("who", Cells::Text(vec!["P1".into(), "é".into()])),
            Column::new("held_out", Cells::Bool(vec![true, false])),
        ];
        write(&path, &columns, &[("recipe", "psd".into())]).expect("written");
        let bytes = std::fs::read(&path).expect("read");
        assert!(bytes.starts_with(MAGIC) && bytes.ends_with(MAGIC));
        let n = bytes.len();
        let footer = u32::from_le_bytes(bytes[n - 8..n - 4].try_into().expect("four")) as usize;
        let text = String::from_utf8_lossy(&bytes[n - 8 - footer..n - 8]).into_owned();
        assert!(["x", "who", "held_out", "recipe", "psd"].iter().all(|word| text.contains(word)), "{text:?}");
        // A page of two floats: its header, then 1 and -2.5.
        let head = page_header(2, 8);
        assert_eq!(&bytes[4..4 + head.len()], head);
        assert_eq!(bytes[4 + head.len()..][..8], [1.0f32.to_le_bytes(), (-2.5f32).to_le_bytes()].concat());
        write(&path, &columns, &[("recipe", "psd".into())]).expect("written again");
        assert_eq!(std::fs::read(&path).expect("read"), bytes);
    }

    #[test]
    fn columns_of_different_lengths_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let columns = [Column::new("x", Cells::I64(vec![1])), Column::new("y", Cells::F64(vec![]))];
        assert!(write(&folder.path().join("t.parquet"), &columns, &[]).is_err());
        assert!(std::fs::read_dir(folder.path()).expect("there").next().is_none());
    }
}
