//! Keys sort and do not collide; values come back or say that they are damaged.

use super::*;
use crate::signal::{Marker, MarkerKind};
use crate::store::rows::{ClockPair, Participant};

#[test]
fn values_come_back_and_a_flipped_bit_is_seen() {
    let entry = Entry::Participant(Participant { code: "P07".into(), age_band: "20-29".into(), ..Participant::default() });
    let mut value = seal(&entry).expect("encodes");
    assert!(matches!(open(&value), Ok(Value::Row(row)) if row == entry));
    value[9] ^= 4;
    assert!(open(&value).is_err());
    let later = sealed(SCHEMA + 1, b"\x01");
    assert!(open(&later).expect_err("later").to_string().contains("a later limbic"));
}

#[test]
fn keys_sort_by_time_and_never_collide() {
    let id = SessionId(5);
    let marker = |at| Entry::Marker(id, Marker { at, kind: MarkerKind::Note, text: String::new(), trial: None });
    let key = |at, seq| key_of(&marker(at), 5, seq).expect("short");
    assert!(key(-1, 0) < key(0, 0) && key(0, 0) < key(0, 1) && key(0, 1) < key(i64::MAX, 0));
    let pair = Entry::Clock(id, ClockPair { monotonic: 0, utc: 0, origin: 0 });
    assert_ne!(key_of(&pair, 5, 0).expect("short"), key(0, 0));
    assert_eq!(scope_of(&key(7, 7)), Some(5));
    assert_eq!(parse_data_key(&data_key(id, 3, 9)), Some((id, 3, 9)));
}

#[test]
fn a_large_row_becomes_a_pointer() {
    let place = Place { file: "journal-000.seg".into(), offset: 17 };
    let small = vec![1; LARGEST_VALUE];
    assert_eq!(slim(&small, "x", &place), small);
    let pointer = slim(&vec![1; LARGEST_VALUE + 1], "x", &place);
    assert!(pointer.len() < 200);
    assert!(matches!(open(&pointer), Ok(Value::Elsewhere(p)) if p.file == "x/journal-000.seg" && p.offset == 17));
}
