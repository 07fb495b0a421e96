//! The elements of a MAT-file ("MAT-File Format", level 5).

use crate::exchange::ExchangeError;
use crate::exchange::bytes::{Cursor, Kind};
use flate2::read::ZlibDecoder;
use std::io::Read;
use std::path::Path;

/// A MATLAB array. Dimensions as MATLAB has them; values with the first dimension fastest.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Singles {
        dims: Vec<usize>,
        values: Vec<f32>,
    },
    Doubles {
        dims: Vec<usize>,
        values: Vec<f64>,
    },
    Text(String),
    Cells(Vec<Value>),
    /// A struct array: names of its fields, and of each element their values.
    Structs {
        fields: Vec<String>,
        elements: Vec<Vec<Value>>,
    },
    /// A class that is not read: objects, functions, sparse matrices.
    Other(&'static str),
}

/// Arrays that stand deeper are taken for damage.
const DEEPEST: usize = 32;
/// What one compressed array may unfold to, beside a thousandfold of its file.
const MOST_UNFOLDED: u64 = 16 << 30;

impl Value {
    /// One number: the only value of an array.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Doubles { values, .. } => values.first().copied(),
            Value::Singles { values, .. } => values.first().map(|v| f64::from(*v)),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    /// Text, or a number as text.
    pub fn word(&self) -> String {
        match self {
            Value::Text(text) => text.trim().to_string(),
            Value::Cells(cells) => cells.first().map(Value::word).unwrap_or_default(),
            other => other.number().map(|n| n.to_string()).unwrap_or_default(),
        }
    }

    /// All numbers.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Value::Doubles { values, .. } => values.clone(),
            Value::Singles { values, .. } => values.iter().map(|v| f64::from(*v)).collect(),
            Value::Cells(cells) => cells.iter().flat_map(Value::numbers).collect(),
            _ => Vec::new(),
        }
    }

    pub fn dims(&self) -> &[usize] {
        match self {
            Value::Doubles { dims, .. } | Value::Singles { dims, .. } => dims,
            _ => &[],
        }
    }

    /// The value of a field of the first element.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.rows().next()?.get(name)
    }

    /// Every element of a struct array.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let (fields, elements): (&[String], &[Vec<Value>]) = match self {
            Value::Structs { fields, elements } => (fields, elements),
            _ => (&[], &[]),
        };
        elements.iter().map(move |values| Row { fields, values })
    }
}

/// One element of a struct array.
pub struct Row<'a> {
    fields: &'a [String],
    values: &'a [Value],
}

impl<'a> Row<'a> {
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.get(self.fields.iter().position(|f| f.eq_ignore_ascii_case(name))?)
    }
}

/// Whether the bytes are those of a MAT-file: its text and byte order.
pub fn looks_like(bytes: &[u8]) -> bool {
    bytes.starts_with(b"MATLAB 5.0") || (bytes.len() >= 128 && matches!(&bytes[126..128], b"IM" | b"MI") && bytes[..4] != [0; 4])
}

/// Hands every variable of a file to `take`, one at a time, so that only one is in memory.
///
/// # Errors
/// The file cannot be read, is no MAT-file of level 5, or is damaged.
pub fn each(path: &Path, mut take: impl FnMut(String, Value) -> Result<(), ExchangeError>) -> Result<(), ExchangeError> {
    let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    if bytes.starts_with(b"\x89HDF") || bytes.starts_with(b"MATLAB 7.3") {
        let (what, way_out) = ("a MAT-file of version 7.3 (HDF5)".into(), "save it in MATLAB with -v7".into());
        return Err(ExchangeError::Unsupported { path: path.into(), what, way_out });
    }
    let wrong = |why: &str| ExchangeError::Malformed { path: path.into(), format: "MAT-file", why: why.into() };
    if !looks_like(&bytes) {
        return Err(wrong("its header is not that of level 5; save it in MATLAB with -v7"));
    }
    let mut cursor = Cursor::new(&bytes);
    cursor.big = &bytes[126..128] == b"MI";
    cursor.at = 128;
    let mut found = 0;
    while cursor.left() >= 8 {
        let at = cursor.at;
        let cut = || ExchangeError::Cut { path: path.into(), why: format!("the variable at byte {at} is not whole") };
        let (kind, body) = element(&mut cursor).ok_or_else(cut)?;
        let damaged = || wrong(&format!("the variable at byte {at} is damaged"));
        let named = match kind {
            14 => array(body, cursor.big, 0).ok_or_else(damaged)?,
            15 => {
                let unfolded = inflate(body).ok_or_else(damaged)?;
                let mut inner = Cursor::new(&unfolded);
                inner.big = cursor.big;
                match element(&mut inner) {
                    Some((14, body)) => array(body, cursor.big, 0).ok_or_else(damaged)?,
                    _ => return Err(damaged()),
                }
            }
            _ => continue,
        };
        found += 1;
        take(named.0, named.1)?;
    }
    if found == 0 { Err(wrong("it holds no variable")) } else { Ok(()) }
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let most = (bytes.len() as u64).saturating_mul(1032).min(MOST_UNFOLDED);
    let mut out = Vec::new();
    ZlibDecoder::new(bytes).take(most).read_to_end(&mut out).ok().map(|_| out)
}

/// One element: its type and its bytes. Small ones carry their data in the tag.
fn element<'a>(cursor: &mut Cursor<'a>) -> Option<(u32, &'a [u8])> {
    let tag = cursor.u32()?;
    let small = tag >> 16;
    if small > 0 {
        let data = cursor.take(4)?;
        return Some((tag & 0xFFFF, data.get(..small as usize)?));
    }
    let length = cursor.u32()? as usize;
    let body = cursor.take(length)?;
    // Elements begin at multiples of eight, except compressed ones.
    if tag != 15 {
        cursor.at += length.next_multiple_of(8) - length;
    }
    Some((tag, body))
}

/// How the numbers of an element's type stand.
fn kind(tag: u32) -> Option<Kind> {
    Some(match tag {
        1 => Kind::I8,
        2 | 16 => Kind::U8,
        3 => Kind::I16,
        4 | 17 => Kind::U16,
        5 => Kind::I32,
        6 | 18 => Kind::U32,
        7 => Kind::F32,
        9 => Kind::F64,
        12 => Kind::I64,
        13 => Kind::U64,
        _ => return None,
    })
}

/// An array: its name and value.
fn array(body: &[u8], big: bool, depth: usize) -> Option<(String, Value)> {
    if depth > DEEPEST {
        return None;
    }
    let mut cursor = Cursor::new(body);
    cursor.big = big;
    if body.is_empty() {
        return Some((String::new(), Value::Doubles { dims: vec![0, 0], values: Vec::new() }));
    }
    let (_, flags) = element(&mut cursor)?;
    let flags = Kind::U32.value(flags.get(..4)?, big) as u32;
    let (class, complex) = (flags & 0xFF, flags & 0x800 != 0);
    if class == 17 {
        return Some((String::new(), Value::Other("object")));
    }
    let (_, dims) = element(&mut cursor)?;
    let dims: Vec<usize> = dims.chunks_exact(4).map(|d| Kind::I32.value(d, big).max(0.0) as usize).collect();
    let (_, name) = element(&mut cursor)?;
    let name = String::from_utf8_lossy(name).trim_end_matches('\0').to_string();
    let count = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d))?;
    let value = match class {
        1 => Value::Cells(children(&mut cursor, count, depth)?),
        2 => structs(&mut cursor, count, depth)?,
        4 => text(&mut cursor)?,
        6..=15 => numbers(&mut cursor, class, dims, count)?,
        3 => Value::Other("object"),
        5 => Value::Other("sparse matrix"),
        _ => Value::Other("function"),
    };
    Some((name, if complex { Value::Other("complex array") } else { value }))
}

fn children(cursor: &mut Cursor, count: usize, depth: usize) -> Option<Vec<Value>> {
    // Every child has a tag of 8 bytes at least.
    if count > cursor.left() / 8 + 1 {
        return None;
    }
    (0..count)
        .map(|_| match element(cursor)? {
            (14, body) => array(body, cursor.big, depth + 1).map(|(_, value)| value),
            _ => None,
        })
        .collect()
}

fn structs(cursor: &mut Cursor, count: usize, depth: usize) -> Option<Value> {
    let (_, width) = element(cursor)?;
    let width = Kind::I32.value(width, cursor.big) as usize;
    let (_, names) = element(cursor)?;
    if width == 0 {
        return Some(Value::Structs { fields: Vec::new(), elements: vec![Vec::new(); count.min(names.len() + 1)] });
    }
    let name = |bytes: &[u8]| String::from_utf8_lossy(bytes.split(|b| *b == 0).next().unwrap_or_default()).into_owned();
    let fields: Vec<String> = names.chunks_exact(width).map(name).collect();
    let all = children(cursor, count.checked_mul(fields.len())?, depth)?;
    let elements = if fields.is_empty() { Vec::new() } else { all.chunks_exact(fields.len()).map(<[Value]>::to_vec).collect() };
    Some(Value::Structs { fields, elements })
}

fn text(cursor: &mut Cursor) -> Option<Value> {
    let big = cursor.big;
    let Some((tag, bytes)) = element(cursor) else { return Some(Value::Text(String::new())) };
    Some(Value::Text(match tag {
        1 | 2 | 16 => String::from_utf8_lossy(bytes).into_owned(),
        _ => {
            let width = kind(tag)?;
            let letters = bytes.chunks_exact(width.width()).map(|c| width.value(c, big) as u32);
            letters.filter_map(char::from_u32).collect()
        }
    }))
}

fn numbers(cursor: &mut Cursor, class: u32, dims: Vec<usize>, count: usize) -> Option<Value> {
    let big = cursor.big;
    if count == 0 {
        return Some(Value::Doubles { dims, values: Vec::new() });
    }
    let (tag, bytes) = element(cursor)?;
    let stored = kind(tag)?;
    if bytes.len() / stored.width() < count {
        return None;
    }
    let words = bytes.chunks_exact(stored.width()).take(count).map(|word| stored.value(word, big));
    // Single precision and small integers are exact in 32 bits.
    Some(match class {
        7..=11 => Value::Singles { dims, values: words.map(|v| v as f32).collect() },
        _ => Value::Doubles { dims, values: words.collect() },
    })
}
