//! Bytes from a terminal as keys, pastes and answers to our questions.
//!
//! Our own reader instead of crossterm's, which keeps the terminal's answers to itself: how long one takes is the only
//! measure of a slow link, since writes block far too late.

use crate::signal::{Nanos, SECOND};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A lone escape is the key of that name when nothing follows for so long.
const ESCAPE_WAIT: Nanos = SECOND / 20;
/// Longer orders than any terminal sends are not waited for.
const LONGEST: usize = 64;
/// A paste beyond this is cut: fields are short.
const LONGEST_PASTE: usize = 1 << 16;

/// What a terminal sends.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Key(KeyEvent),
    Paste(String),
    /// "Ready": the answer to a device-status query (`CSI 5 n`).
    Ready,
    /// The background's colour, red, green and blue in 0..1 (the answer to OSC 11).
    Background(f64, f64, f64),
}

/// Turns bytes into what they mean; keeps what is not complete.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    since: Nanos,
    pasting: bool,
    pasted: Vec<u8>,
}

/// What the front of the bytes is.
enum Front {
    /// So many bytes mean this (or nothing that we know).
    Whole(usize, Option<Heard>),
    More,
}

impl Decoder {
    /// Takes bytes that were read at `now`.
    pub fn feed(&mut self, bytes: &[u8], now: Nanos) -> Vec<Heard> {
        self.bytes.extend_from_slice(bytes);
        self.since = now;
        self.drain(false)
    }

    /// What the waiting bytes are when nothing more comes: an escape on its own.
    pub fn settle(&mut self, now: Nanos) -> Vec<Heard> {
        if self.bytes.is_empty() || self.pasting || now - self.since < ESCAPE_WAIT { Vec::new() } else { self.drain(true) }
    }

    /// Bytes wait for their rest.
    pub fn waits(&self) -> bool {
        !self.bytes.is_empty() && !self.pasting
    }

    fn drain(&mut self, last: bool) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            if self.pasting && !self.paste(&mut heard) {
                return heard;
            }
            match front(&self.bytes) {
                Front::Whole(0, _) => return heard,
                Front::Whole(count, what) => {
                    self.bytes.drain(..count);
                    heard.extend(what);
                }
                Front::More if self.bytes.starts_with(b"\x1b[200~") => {
                    self.bytes.drain(..6);
                    self.pasting = true;
                }
                Front::More if last || self.bytes.len() > LONGEST => {
                    // Not an order after all: the escape alone, the rest as it comes.
                    let first = self.bytes.remove(0);
                    heard.extend(single(first).map(Heard::Key));
                }
                Front::More => return heard,
            }
        }
    }

    /// Moves what was pasted aside; true once its end has come.
    fn paste(&mut self, heard: &mut Vec<Heard>) -> bool {
        const END: &[u8] = b"\x1b[201~";
        let end = self.bytes.windows(END.len()).position(|w| w == END);
        let Some(end) = end else {
            // The end may be cut in two.
            let safe = self.bytes.len().saturating_sub(END.len() - 1);
            self.pasted.extend(self.bytes.drain(..safe));
            self.pasted.truncate(LONGEST_PASTE);
            return false;
        };
        self.pasted.extend(self.bytes.drain(..end));
        self.bytes.drain(..END.len());
        self.pasting = false;
        // Terminals send line ends of a paste as returns.
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.pasted)).replace('\r', "\n");
        heard.push(Heard::Paste(text));
        true
    }
}

fn front(bytes: &[u8]) -> Front {
    match bytes {
        [] => Front::Whole(0, None),
        [0x1b] => Front::More,
        [0x1b, b'[', b'[', rest @ ..] => match rest {
            // The Linux console's function keys.
            [letter @ b'A'..=b'E', ..] => Front::Whole(4, Some(plain(KeyCode::F(letter - b'A' + 1)))),
            [] => Front::More,
            _ => Front::Whole(4, None),
        },
        [0x1b, b'[', rest @ ..] => csi(rest),
        [0x1b, b'O', letter, ..] => Front::Whole(3, application(*letter).map(plain)),
        [0x1b, b'O'] => Front::More,
        [0x1b, b']', rest @ ..] => osc(rest),
        [0x1b, 0x1b, ..] => Front::Whole(1, Some(plain(KeyCode::Esc))),
        [0x1b, rest @ ..] => match letter(rest) {
            Some((count, Some(mut key))) => {
                key.modifiers |= KeyModifiers::ALT;
                Front::Whole(1 + count, Some(Heard::Key(key)))
            }
            Some((count, None)) => Front::Whole(1 + count, None),
            None => Front::More,
        },
        _ => letter(bytes).map_or(Front::More, |(count, key)| Front::Whole(count, key.map(Heard::Key))),
    }
}

/// One key of the letters' part of the keyboard and the bytes that it takes; None: more must come.
fn letter(bytes: &[u8]) -> Option<(usize, Option<KeyEvent>)> {
    let first = *bytes.first()?;
    if first < 0x80 {
        return Some((1, single(first)));
    }
    let length = match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => return Some((1, None)),
    };
    let whole = bytes.get(..length)?;
    let read = std::str::from_utf8(whole).ok().and_then(|t| t.chars().next());
    Some(read.map_or((1, None), |c| (length, Some(KeyEvent::from(KeyCode::Char(c))))))
}

fn single(byte: u8) -> Option<KeyEvent> {
    let control = |c: u8| KeyEvent::new(KeyCode::Char(char::from(c)), KeyModifiers::CONTROL);
    Some(match byte {
        b'\r' | b'\n' => KeyCode::Enter.into(),
        b'\t' => KeyCode::Tab.into(),
        0x7f | 0x08 => KeyCode::Backspace.into(),
        0x1b => KeyCode::Esc.into(),
        0x00 => control(b' '),
        0x01..=0x1a => control(byte - 1 + b'a'),
        0x1c..=0x1f => control(byte - 0x1c + b'4'),
        b'A'..=b'Z' => KeyEvent::new(KeyCode::Char(char::from(byte)), KeyModifiers::SHIFT),
        _ => KeyCode::Char(char::from(byte)).into(),
    })
}

fn plain(code: KeyCode) -> Heard {
    Heard::Key(code.into())
}

/// After `ESC O`, and the last letter of `CSI` keys.
fn application(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        _ => return None,
    })
}

fn csi(rest: &[u8]) -> Front {
    let Some(end) = rest.iter().position(|b| (0x40..0x7f).contains(b)) else { return Front::More };
    let (parameters, last) = (&rest[..end], rest[end]);
    if (parameters, last) == (b"200", b'~') {
        return Front::More;
    }
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    let mut numbers = text.split(';').map(|n| n.parse::<u16>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let code = match last {
        b'n' => return Front::Whole(end + 3, (first == Some(0)).then_some(Heard::Ready)),
        b'Z' => Some(KeyCode::BackTab),
        b'~' => first.and_then(numbered),
        // `CSI row ; column R` is the cursor's place, not a key.
        b'R' if second.is_some() => None,
        other => application(other),
    };
    let key = code.map(|code| KeyEvent::new(code, modifiers(second.unwrap_or(1))));
    Front::Whole(end + 3, key.map(Heard::Key))
}

/// Keys of the form `CSI number ~`.
fn numbered(number: u16) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => KeyCode::F((number - 10) as u8),
        17..=21 => KeyCode::F((number - 11) as u8),
        23 | 24 => KeyCode::F((number - 12) as u8),
        _ => return None,
    })
}

/// xterm's number for the keys that are held: one more than a sum of 1 shift, 2 alt, 4 control.
fn modifiers(number: u16) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    let held = [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)];
    held.into_iter().filter(|(bit, _)| bits & bit != 0).fold(KeyModifiers::NONE, |all, (_, key)| all | key)
}

/// Answers that end in BEL or `ESC \`.
fn osc(rest: &[u8]) -> Front {
    let bell = rest.iter().position(|b| *b == 0x07).map(|at| (at, 1));
    let string = rest.windows(2).position(|w| w == b"\x1b\\").map(|at| (at, 2));
    let Some((end, tail)) = bell.into_iter().chain(string).min() else { return Front::More };
    let text = std::str::from_utf8(&rest[..end]).unwrap_or_default();
    Front::Whole(2 + end + tail, text.strip_prefix("11;rgb:").and_then(background))
}

/// "ffff/ffff/ffff" or with two digits each.
fn background(text: &str) -> Option<Heard> {
    let mut parts = text.split('/').map(|hex| {
        let most = 16f64.powi(hex.len() as i32) - 1.0;
        u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() <= 4).map(|v| f64::from(v) / most)
    });
    Some(Heard::Background(parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests;
