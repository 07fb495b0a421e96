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
    assert!(!text.contains("left-handed") && !text.contains("[x]") && text.contains("were taken out"), "{text}");
    h.control('u').keys("P01").press(KeyCode::Tab);
    assert!(h.text(80, 24).contains("(25-34)"), "and back: {}", h.text(80, 24));
}

/// As above, of somebody who was never stored: the rows were filled in by hand.
#[test]
fn what_was_filled_in_for_one_code_is_not_stored_for_another() {
    let mut h = Harness::at(ASCII, example::home(), Place::Participant);
    // Before there is a code, the rows are of whoever's code comes.
    h.press(KeyCode::Tab).press(KeyCode::Right).press(KeyCode::Up).keys("A01");
    let text = h.text(80, 24);
    assert!(text.contains("(18-24)") && !text.contains("were taken out"), "{text}");
    h.press(KeyCode::Tab).press(KeyCode::Tab).press(KeyCode::Right).press(KeyCode::Up).press(KeyCode::Up);
    h.press(KeyCode::Backspace).keys("2");
    let text = h.text(80, 24);
    assert!(!text.contains("(18-24)") && text.contains("(not said)") && text.contains("were taken out"), "{text}");
}

#[test]
fn sharing_without_storing_says_what_it_needs() {
    let mut h = Harness::at(ASCII, example::home(), Place::Participant);
    for _ in 0..7 {
        h.press(KeyCode::Tab);
    }
    h.keys(" ");
    let text = h.text(80, 24);
    assert!(!text.contains("[x]") && text.contains("tick face video first"), "{text}");
    h.press(KeyCode::Up).keys(" ").press(KeyCode::Down).keys(" ");
    let text = h.text(80, 24);
    assert!(text.contains("[x] face video may LEAVE") && !text.contains("tick face video first"), "{text}");
}

#[test]
fn what_was_typed_survives_a_killed_terminal() {
    let mut h = Harness::at(ASCII, example::recording(), Place::Session);
    h.keys("nslee");
    let drafts = h.drafts();
    let field = format!("note of {}", example::recording().session.expect("one").id);
    let draft = |text: &str| Action::Draft { field: field.clone(), text: text.into() };
    assert_eq!((drafts.len(), drafts.last()), (4, Some(&draft("slee"))), "every key is kept");
    // Another terminal, with what the lab kept.
    let mut lab = example::recording();
    lab.guided.drafts.insert(field.clone(), "slee".into());
    let mut h = Harness::at(ASCII, lab.clone(), Place::Session);
    h.keys("n");
    assert!(h.text(80, 24).contains("slee") && h.text(80, 24).contains("Typed before and not saved"), "{}", h.text(80, 24));
    h.keys("py").press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Note { text: "sleepy".into() });
    assert_eq!(h.drafts(), [draft("")], "sent: the draft is emptied");
    h.keys("n");
    assert!(!h.text(80, 24).contains("sleepy"));
    // Another person's session, with the same lab.
    let session = lab.session.as_mut().expect("one");
    (session.id.0, session.participant) = (session.id.0 + 1, "P04".into());
    let mut h = Harness::at(ASCII, lab, Place::Session);
    h.keys("n");
    assert!(!h.text(80, 24).contains("slee"), "{}", h.text(80, 24));
}

#[test]
fn what_is_left_on_purpose_never_comes_back() {
    let mut h = Harness::at(ASCII, example::recording(), Place::Session);
    h.keys("nslee").press(KeyCode::Esc);
    assert!(matches!(h.drafts().pop(), Some(Action::Draft { text, .. }) if text.is_empty()), "Esc ends the draft");
    h.keys("n");
    assert!(!h.text(80, 24).contains("slee"), "{}", h.text(80, 24));
    h.press(KeyCode::Esc).keys("kcoughed a lot");
    // The terminal is killed; the session has gone on to the next trial.
    let Some(Action::Draft { field, text }) = h.drafts().pop() else { panic!("a draft") };
    let mut lab = example::recording();
    lab.guided.drafts.insert(field, text);
    let skip = |lab: &Snapshot| Harness::at(ASCII, lab.clone(), Place::Session).keys("k").text(80, 24);
    assert!(skip(&lab).contains("coughed a lot"));
    lab.protocol.trial += 1;
    assert!(!skip(&lab).contains("coughed a lot"), "a reason for another trial");
}

#[test]
fn an_abandoned_form_comes_back_to_nobody_and_consent_is_always_ticked_anew() {
    let mut h = Harness::at(ASCII, example::home(), Place::Participant);
    h.keys("Q77").press(KeyCode::Tab).press(KeyCode::Right);
    let drafts = h.drafts();
    for _ in 0..4 {
        h.press(KeyCode::Tab);
    }
    h.keys(" ");
    assert!(h.text(80, 24).contains("[x] EEG"));
    h.press(KeyCode::Esc);
    assert!(matches!(h.drafts().pop(), Some(Action::Draft { text, .. }) if text.is_empty()), "Esc ends the draft");
    h.keys("n");
    assert!(!h.text(80, 24).contains("Q77") && !h.text(80, 24).contains("[x]"), "{}", h.text(80, 24));
    // Killed instead: what was typed is there, says so, and can be emptied for good.
    let Some(Action::Draft { field, text }) = drafts.last().cloned() else { panic!("a draft") };
    let mut lab = example::home();
    // As earlier versions kept it.
    lab.guided.drafts.insert(field, text.replacen('{', "{\"consents\":[true,true,false],", 1));
    let mut h = Harness::at(ASCII, lab.clone(), Place::Home);
    h.keys("n");
    let text = h.text(80, 24);
    assert!(text.contains("Q77") && text.contains("(18-24)") && text.contains("Typed before"), "{text}");
    assert!(!text.contains("[x]"), "{text}");
    h.control('u');
    h.snapshot(lab);
    assert!(!h.text(80, 24).contains("Q77") && !h.text(80, 24).contains("(18-24)"), "{}", h.text(80, 24));
    assert!(matches!(h.drafts().pop(), Some(Action::Draft { text, .. }) if text.is_empty()));
}

#[test]
fn a_form_follows_the_keyboard_to_another_terminal() {
    let mut lab = example::home();
    let mut h = Harness::at(ASCII, lab.clone(), Place::Participant);
    h.keys("Q77");
    h.app.link_mut().standing = Some(Standing::Watching);
    lab.guided.drafts.insert("participant".into(), "{\"code\":\"P08\"}".into());
    h.snapshot(lab.clone());
    assert!(!h.text(80, 24).contains("Q77") && !h.text(80, 24).contains("P08"), "the other terminal types now");
    h.app.link_mut().standing = Some(Standing::Keyboard);
    h.snapshot(lab);
    assert!(h.text(80, 24).contains("P08"), "and has gone");
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

#[test]
fn a_disk_without_room_is_told_before_anything_begins() {
    let mut s = ready();
    let list = s.guided.playlist.as_mut().expect("a playlist");
    list.no_room = Some("there is room for 1 minute at /data (59 MiB free) and the session needs about 7 minutes".into());
    let mut h = Harness::at(ASCII, s, Place::Playlist);
    let text = h.text(80, 24);
    assert!(text.contains("! there is room for 1 minute at /data") && !text.contains("Everything is there"), "{text}");
    assert!(!text.contains("BEGIN recording"), "{text}");
    h.press(KeyCode::Enter);
    assert!(!begins(&mut h));
}
