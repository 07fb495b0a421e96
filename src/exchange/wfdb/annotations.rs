//! Annotations in the MIT format: 16-bit words of a code and the time since the last one (annot(5) of the manual).

use crate::exchange::bytes::Cursor;
use std::path::Path;

/// What the codes 0 to 41 are called by PhysioNet's programs.
const SYMBOLS: [&str; 42] = [
    "", "N", "L", "R", "a", "V", "F", "J", "A", "S", "E", "j", "/", "Q", "~", "", "|", "", "s", "T", "*", "D", "\"", "=", "p",
    "B", "^", "t", "+", "u", "?", "!", "[", "]", "e", "n", "@", "x", "f", "(", ")", "r",
];
const SKIP: u16 = 59;
const AUX: u16 = 63;

/// The annotations in the `.atr` file beside a header: (s, 0, symbol and text).
pub(super) fn beside(path: &Path, rate: f64, notes: &mut Vec<String>) -> Vec<(f64, f64, String)> {
    let Ok(bytes) = std::fs::read(path.with_extension("atr")) else { return Vec::new() };
    let (found, whole) = parse(&bytes);
    if !whole {
        notes.push("the annotations (.atr) end early; those before are kept".into());
    }
    found.into_iter().map(|(sample, text)| (sample as f64 / rate, 0.0, text)).collect()
}

/// (sample, text) of each, and whether the list has its end.
pub(super) fn parse(bytes: &[u8]) -> (Vec<(i64, String)>, bool) {
    let mut cursor = Cursor::new(bytes);
    let mut found: Vec<(i64, String)> = Vec::new();
    let mut time = 0i64;
    while let Some(word) = cursor.u16() {
        let (code, low) = (word >> 10, word & 0x3FF);
        match code {
            0 if low == 0 => return (found, true),
            SKIP => {
                // The high half comes first.
                let Some((high, low)) = cursor.u16().zip(cursor.u16()) else { return (found, false) };
                time += i64::from((u32::from(high) << 16 | u32::from(low)) as i32);
            }
            AUX => {
                let length = usize::from(low);
                let Some(text) = cursor.take(length + length % 2) else { return (found, false) };
                let text = String::from_utf8_lossy(&text[..length]).trim_end_matches('\0').to_string();
                if let Some((_, before)) = found.last_mut() {
                    *before = format!("{before} {text}").trim().to_string();
                }
            }
            // Number, subtype and channel of the annotation before.
            60..=62 => {}
            _ => {
                time += i64::from(low);
                let symbol = SYMBOLS.get(usize::from(code)).copied().unwrap_or("");
                found.push((time, if symbol.is_empty() { format!("code {code}") } else { symbol.into() }));
            }
        }
    }
    (found, false)
}
