//! Bytes of keyboards as terminals send them, whole and in pieces.

use super::*;

fn heard(bytes: &[u8]) -> Vec<Heard> {
    let mut decoder = Decoder::default();
    let mut heard = decoder.feed(bytes, 0);
    heard.extend(decoder.settle(SECOND));
    heard
}

fn key(code: KeyCode) -> Heard {
    Heard::Key(code.into())
}

#[test]
fn keys_of_all_kinds() {
    assert_eq!(heard(b"a\r\x7f\t"), [KeyCode::Char('a'), KeyCode::Enter, KeyCode::Backspace, KeyCode::Tab].map(key));
    assert_eq!(heard("\u{e9}".as_bytes()), [key(KeyCode::Char('\u{e9}'))]);
    assert_eq!(heard(b"\x1b[A\x1bOB\x1b[3~\x1b[5~"), [KeyCode::Up, KeyCode::Down, KeyCode::Delete, KeyCode::PageUp].map(key));
    assert_eq!(heard(b"\x1b[Z\x1bOP\x1b[11~\x1b[[A"), [KeyCode::BackTab, KeyCode::F(1), KeyCode::F(1), KeyCode::F(1)].map(key));
    let held = |code, modifiers| Heard::Key(KeyEvent::new(code, modifiers));
    assert_eq!(heard(b"\x03"), [held(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
    assert_eq!(heard(b"\x1bn"), [held(KeyCode::Char('n'), KeyModifiers::ALT)]);
    assert_eq!(heard(b"\x1b[1;5C"), [held(KeyCode::Right, KeyModifiers::CONTROL)]);
    assert_eq!(heard(b"A"), [held(KeyCode::Char('A'), KeyModifiers::SHIFT)]);
}

#[test]
fn escape_alone_is_a_key_after_a_while_and_twice_at_once() {
    let mut decoder = Decoder::default();
    assert!(decoder.feed(b"\x1b", 0).is_empty() && decoder.settle(SECOND / 100).is_empty());
    assert_eq!(decoder.settle(SECOND), [key(KeyCode::Esc)]);
    assert_eq!(decoder.feed(b"\x1b", 0).len() + decoder.feed(b"[A", 1).len(), 1, "cut in two it is one key");
    assert_eq!(heard(b"\x1b\x1b"), [key(KeyCode::Esc), key(KeyCode::Esc)]);
}

#[test]
fn pastes_are_text_also_in_pieces() {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for piece in [&b"x\x1b[200~P0"[..], b"7\rq\x1b[2", b"01~y"] {
        all.extend(decoder.feed(piece, 0));
    }
    assert_eq!(all, [key(KeyCode::Char('x')), Heard::Paste("P07\nq".into()), key(KeyCode::Char('y'))]);
}

#[test]
fn answers_are_no_keys() {
    assert_eq!(heard(b"\x1b[0na"), [Heard::Ready, key(KeyCode::Char('a'))]);
    assert_eq!(heard(b"\x1b]11;rgb:ffff/0000/8080\x1b\\"), [Heard::Background(1.0, 0.0, f64::from(0x8080) / 65535.0)]);
    assert_eq!(heard(b"\x1b[12;40R\x1b[?62;4c\x1b[?2026;2$y"), []);
}
