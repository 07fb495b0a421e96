//! NumPy's `.npy`: one array, versions 1 to 3, in either order of its axes and of its bytes.

use super::bytes::Kind;

/// One array as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub shape: Vec<usize>,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// C order.
    Numbers(Vec<f64>),
    Singles(Vec<f32>),
    Text(Vec<String>),
}

impl Found {
    pub fn numbers(&self) -> Vec<f64> {
        match &self.content {
            Content::Numbers(values) => values.clone(),
            Content::Singles(values) => values.iter().map(|v| f64::from(*v)).collect(),
            Content::Text(_) => Vec::new(),
        }
    }

    pub fn words(&self) -> Vec<String> {
        if let Content::Text(words) = &self.content { words.clone() } else { Vec::new() }
    }
}

/// What every array begins with.
pub const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads one array.
///
/// # Errors
/// A sentence: it is no array, is damaged, or of a type that is not read.
pub fn parse(bytes: &[u8]) -> Result<Found, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it is no NumPy array")?;
    let (header, data) = split(rest).ok_or("it ends too early or its header is damaged")?;
    let after = |key: &str| header.split_once(&format!("'{key}':")).map(|(_, text)| text.trim_start());
    let kind = after("descr").and_then(|t| t.strip_prefix('\'')?.split('\'').next()).ok_or("its type is compound")?;
    let fortran = after("fortran_order").is_some_and(|t| t.starts_with("True"));
    let sizes = after("shape").and_then(|t| t.strip_prefix('(')?.split(')').next()).ok_or("its header has no shape")?;
    let shape: Vec<usize> = sizes
        .split(',')
        .filter(|d| !d.trim().is_empty())
        .map(|d| d.trim().parse().ok())
        .collect::<Option<_>>()
        .ok_or("its shape is no list of sizes")?;
    let unknown = || format!("its type {} is not read", kind.chars().take(20).collect::<String>());
    let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).ok_or("its shape is too large")?;
    let (order, letter) = (kind.chars().next().ok_or_else(unknown)?, kind.get(1..2).ok_or_else(unknown)?);
    let width: usize = kind.get(2..).and_then(|w| w.parse().ok()).ok_or_else(unknown)?;
    let each = if letter == "U" { width.checked_mul(4).ok_or_else(unknown)? } else { width };
    let stored = number(letter, width);
    if stored.is_none() && !matches!(letter, "S" | "U") {
        return Err(unknown());
    }
    if width > 0 && data.len() / each.max(1) < count {
        return Err(format!("its shape {shape:?} does not fit its {} values", data.len() / each.max(1)));
    }
    if matches!(letter, "S" | "U") {
        // Nothing bounds the number of empty words but good sense.
        let empty = || vec![String::new(); count.min(1 << 20)];
        let words = data.chunks_exact(each.max(1)).take(count).map(|w| word(letter, w, order == '>')).collect();
        return Ok(Found { shape, content: Content::Text(if width == 0 { empty() } else { words }) });
    }
    let stored = stored.ok_or_else(unknown)?;
    let values = data.chunks_exact(width).take(count).map(|w| stored.value(w, order == '>'));
    let content = match stored {
        Kind::F32 => Content::Singles(ordered(values.map(|v| v as f32).collect(), &shape, fortran)?),
        _ => Content::Numbers(ordered(values.collect(), &shape, fortran)?),
    };
    Ok(Found { shape, content })
}

/// The header's text, and the bytes behind it.
fn split(rest: &[u8]) -> Option<(&str, &[u8])> {
    let (length, begin): (usize, usize) = match rest.first()? {
        1 => (usize::from(u16::from_le_bytes([*rest.get(2)?, *rest.get(3)?])), 4),
        _ => (u32::from_le_bytes(rest.get(2..6)?.try_into().ok()?) as usize, 6),
    };
    let end = begin.checked_add(length)?;
    Some((std::str::from_utf8(rest.get(begin..end)?).ok()?, &rest[end..]))
}

/// Byte strings ("S") and four-byte letters ("U"), padded with zeros.
fn word(letter: &str, bytes: &[u8], big: bool) -> String {
    match letter {
        "S" => String::from_utf8_lossy(bytes).trim_end_matches('\0').to_string(),
        _ => bytes
            .chunks_exact(4)
            .map(|c| Kind::U32.value(c, big) as u32)
            .take_while(|c| *c > 0)
            .filter_map(char::from_u32)
            .collect(),
    }
}

fn number(letter: &str, width: usize) -> Option<Kind> {
    Some(match (letter, width) {
        ("f", 4) => Kind::F32,
        ("f", 8) => Kind::F64,
        ("i", 1) => Kind::I8,
        ("i", 2) => Kind::I16,
        ("i", 4) => Kind::I32,
        ("i", 8) => Kind::I64,
        ("u" | "b", 1) => Kind::U8,
        ("u", 2) => Kind::U16,
        ("u", 4) => Kind::U32,
        ("u", 8) => Kind::U64,
        _ => return None,
    })
}

/// C order, from whichever.
fn ordered<T: Copy>(values: Vec<T>, shape: &[usize], fortran: bool) -> Result<Vec<T>, String> {
    match (fortran, shape) {
        (false, _) | (true, [] | [_]) => Ok(values),
        (true, [rows, columns]) => Ok((0..rows * columns).map(|i| values[(i % columns) * rows + i / columns]).collect()),
        _ => Err("it is stored column by column in more than two dimensions".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes()].concat();
        bytes.extend(data);
        bytes
    }

    #[test]
    fn both_orders_of_axes_and_of_bytes_give_the_same() {
        let turned = array("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", &[1, 4, 2, 5, 3, 6]);
        let found = parse(&turned).expect("an array");
        assert_eq!(found.numbers(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let big = array("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", &[0, 7, 0xFF, 0xFF]);
        assert_eq!(parse(&big).expect("an array").numbers(), [7.0, -1.0]);
        let words = array("{'descr': '<U2', 'fortran_order': False, 'shape': (1,), }", &[70, 0, 0, 0, 122, 0, 0, 0]);
        assert_eq!(parse(&words).expect("an array").words(), ["Fz"]);
    }

    #[test]
    fn what_is_no_array_is_said() {
        let of = |text: &str, data: &[u8]| parse(&array(text, data)).expect_err("refused");
        assert!(of("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", &[0; 8]).contains("<c8"));
        assert!(of("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", &[0; 7]).contains("does not fit"));
        assert!(parse(b"nothing").expect_err("refused").contains("no NumPy"));
    }
}
