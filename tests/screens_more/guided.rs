//! Keys that must not act, what survives a killed terminal, and the timeline of labelling.

use super::*;
use limbic::store::rows::Participant;

/// A snapshot whose playlist is whole.
fn ready() -> Snapshot {
    let mut s = example::gate_passing();
    s.guided.playlist.iter_mut().flat_map(|p| &mut p.entries).for_each(|e| e.trouble = None);
    s
}

fn begins(h: &mut Harness) -> bool {
    h.sent().contains(&Action::Begin)
}

#[test]
fn neither_a_held_key_nor_a_paste_begins_or_ends_a_recording() {
    let enter = KeyCode::Enter;
    let mut h = Harness::at(ASCII, ready(), Place::Montage);
    // Held: through gate, camera and playlist, the first repeat after 660 ms.
    for ms in [0, 660, 693, 726, 759, 792] {
        h.press_at(ms, enter);
    }
    assert_eq!(h.app.place(), Place::Playlist);
    assert!(!begins(&mut h) && h.text(80, 24).contains("too fast to be meant"), "{}", h.text(80, 24));
    h.press_at(2500, enter);
    assert!(begins(&mut h), "a person's key does");

    let mut h = Harness::at(ASCII, example::recording(), Place::Session);
    h.press_at(0, KeyCode::Char('A'));
    h.app.handle(Input::Paste("P07".into()));
    assert!(h.text(80, 24).contains("paste does not count"), "{}", h.text(80, 24));
    h.press_at(900, enter);
    assert!(h.sent().is_empty(), "nothing was pasted");
    h.press_at(1000, KeyCode::Esc);
    for (i, c) in "AP07".chars().enumerate() {
        h.press_at(2000 + i as i64, KeyCode::Char(c));
    }
    h.press_at(2005, enter);
    assert!(h.sent().is_empty(), "a paste that comes as keys aborts nothing");
    h.press_at(3000, enter);
    assert_eq!(h.sent(), [Action::Abort { typed: "P07".into() }], "the box stayed open");
}

#[test]
fn nothing_of_one_participant_reaches_another_through_the_form() {
    let mut lab = example::home();
    let known = Participant { code: "P01".into(), age_band: "25-34".into(), sex: "m".into(), ..Participant::default() };
    Arc::make_mut(&mut lab.catalogue).participants = vec![Participant { note: "left-handed at home".into(), ..known }];
    let mut h = Harness::at(ASCII, lab, Place::Participant);
    h.keys("P01").press(KeyCode::Tab);
    assert!(h.text(80, 24).contains("(25-34)") && h.text(80, 24).contains("(m)"), "{}", h.text(80, 24));
    for _ in 0..4 {
        h.press(KeyCode::Tab);
    }
    h.keys(" ");
    assert!(h.text(80, 24).contains("[x] EEG"), "{}", h.text(80, 24));
    for _ in 0..5 {
        h.press(KeyCode::Up);
    }
    h.control('u').keys("P55");
    let text = h.text(80, 24);
    assert!(text.contains("new here") && !text.contains("(25-34)") && !text.contains("(m)"), "{text}");
    assert!(!text.contains("left-handed") && !text.contains("[x]") && text.contains("was taken out"), "{text}");
    h.control('u').keys("P01").press(KeyCode::Tab);
    assert!(h.text(80, 24).contains("(25-34)"), "and back: {}", h.text(80, 24));
}

#[test]
fn what_was_typed_survives_a_closed_box_and_a_killed_terminal() {
    let mut h = Harness::at(ASCII, example::recording(), Place::Session);
    h.keys("nslee");
    let drafts = h.drafts();
    let last = Action::Draft { field: "note".into(), text: "slee".into() };
    assert_eq!((drafts.len(), drafts.last()), (4, Some(&last)), "every key is kept");
    h.press(KeyCode::Esc).keys("n");
    assert!(h.text(80, 24).contains("slee"), "a closed box kept it");
    // Another terminal, with what the lab kept.
    let mut lab = example::recording();
    lab.guided.drafts.insert("note".into(), "slee".into());
    let mut h = Harness::at(ASCII, lab, Place::Session);
    h.keys("npy").press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Note { text: "sleepy".into() });
    assert_eq!(h.drafts(), [Action::Draft { field: "note".into(), text: String::new() }], "sent: the draft is emptied");
    h.keys("n");
    assert!(!h.text(80, 24).contains("sleepy"));
}

#[test]
fn segments_are_marked_on_the_timeline_by_keys() {
    let mut h = Harness::at(ASCII, example::labelling(), Place::Label);
    h.press(KeyCode::Tab).press(KeyCode::End).keys(" ").press(KeyCode::PageUp).keys(" ");
    let Some(Action::Segment { segment, .. }) = h.sent().pop() else { panic!("a segment") };
    assert_eq!((segment.number, segment.from_s, segment.to_s, segment.live), (3, 15.0, 20.0, false));
    assert!(h.text(80, 24).contains("3 felt segments"), "{}", h.text(80, 24));
    h.keys("f7");
    let sent = h.sent();
    let Some(Action::Segment { segment, .. }) = sent.last() else { panic!("{sent:?}") };
    assert_eq!((segment.number, segment.emotion, segment.intensity), (3, Some(limbic::signal::Emotion::Fear), Some(7)));
    h.press(KeyCode::Right).press(KeyCode::Right).keys("[");
    let Some(Action::Segment { segment, .. }) = h.sent().pop() else { panic!("its beginning") };
    assert_eq!((segment.from_s, segment.emotion), (16.0, Some(limbic::signal::Emotion::Fear)), "edits before the answer add up");
    h.press(KeyCode::Backspace);
    assert!(matches!(h.sent().pop(), Some(Action::Segment { segment, .. }) if segment.removed && segment.number == 3));
    assert!(h.text(80, 24).contains("2 felt segments"));
    h.keys("z");
    assert!(matches!(h.sent().pop(), Some(Action::Segment { segment, .. }) if !segment.removed && segment.number == 3));
    h.press(KeyCode::Down);
    assert!(matches!(h.sent().pop(), Some(Action::Label { trial: 4, .. })));
    h.press(KeyCode::Esc);
    assert_eq!(h.app.place(), Place::Summary);
}

#[test]
fn foreign_text_stays_seven_bit_in_ascii() {
    let mut snapshot = example::home();
    let catalogue = Arc::make_mut(&mut snapshot.catalogue);
    catalogue.rigs.push(("r.toml".into(), "J\u{f6}rgs Labor \u{1f600} \u{5b9f}".into()));
    let mut prepared = example::prepared();
    prepared.catalogue = snapshot.catalogue;
    let text = Harness::at(ASCII, prepared, Place::Devices).text(80, 24);
    assert!(text.is_ascii() && text.contains("Jorgs Labor"), "{text}");
}
