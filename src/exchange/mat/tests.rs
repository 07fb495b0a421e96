//! MAT-files written here byte by byte.

use super::*;
use std::io::Write;

/// An element with its padding.
fn element(tag: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = [tag.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
    bytes.extend(body);
    if tag != 15 {
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

fn matrix(class: u32, dims: &[i32], name: &str, rest: &[Vec<u8>]) -> Vec<u8> {
    let mut body = element(6, &[class.to_le_bytes(), [0; 4]].concat());
    body.extend(element(5, &dims.iter().flat_map(|d| d.to_le_bytes()).collect::<Vec<u8>>()));
    body.extend(element(1, name.as_bytes()));
    rest.iter().for_each(|part| body.extend(part));
    element(14, &body)
}

fn doubles(name: &str, dims: &[i32], values: &[f64]) -> Vec<u8> {
    matrix(6, dims, name, &[element(9, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())])
}

fn text(name: &str, value: &str) -> Vec<u8> {
    matrix(4, &[1, value.len() as i32], name, &[element(16, value.as_bytes())])
}

fn file(variables: &[Vec<u8>]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let mut head = b"MATLAB 5.0 MAT-file, made in a test".to_vec();
    head.resize(124, b' ');
    head.extend([0, 1, b'I', b'M']);
    file.write_all(&head).expect("written");
    variables.iter().for_each(|v| file.write_all(v).expect("written"));
    file
}

fn all(file: &tempfile::NamedTempFile) -> Result<Vec<(String, Value)>, String> {
    let mut found = Vec::new();
    each(file.path(), |name, value| {
        found.push((name, value));
        Ok(())
    })
    .map_err(|e| e.to_string())?;
    Ok(found)
}

#[test]
fn numbers_text_structs_and_compression() {
    let fields = [element(5, &8i32.to_le_bytes()), element(1, b"type\0\0\0\0lat\0\0\0\0\0")];
    let parts =
        [fields.to_vec(), vec![text("", "go"), doubles("", &[1, 1], &[5.0]), text("", "stop"), doubles("", &[1, 1], &[9.0])]];
    let events = matrix(2, &[1, 2], "event", &parts.concat());
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&doubles("x", &[2, 2], &[1.0, 2.0, 3.0, 4.0])).expect("packed");
    let file = file(&[events, element(15, &packed.finish().expect("packed"))]);
    let found = all(&file).expect("a good file");
    let rows: Vec<(String, f64)> = found[0]
        .1
        .rows()
        .map(|r| (r.get("type").map(Value::word).unwrap_or_default(), r.get("lat").and_then(Value::number).unwrap_or(0.0)))
        .collect();
    assert_eq!(rows, [("go".to_string(), 5.0), ("stop".to_string(), 9.0)]);
    assert_eq!(found[1], ("x".into(), Value::Doubles { dims: vec![2, 2], values: vec![1.0, 2.0, 3.0, 4.0] }));
}

#[test]
fn cut_and_damaged_files_are_refused() {
    let mut whole = doubles("x", &[4, 1], &[1.0; 4]);
    whole.truncate(60);
    assert!(all(&file(&[whole])).expect_err("cut").contains("ends early"));
    assert!(all(&file(&[doubles("x", &[1000, 1000], &[1.0])])).expect_err("too few values").contains("damaged"));
    let mut hdf = tempfile::NamedTempFile::new().expect("a file");
    hdf.write_all(b"\x89HDF\r\n\x1a\n").expect("written");
    assert!(all(&hdf).expect_err("HDF5").contains("-v7"));
}
