//! The smallest window: safety marks, answers and the main key stand in it whole; and text is measured in columns.

use super::*;
use limbic::show::picture;
use limbic::signal::{Emotion, Rating};

fn top(h: &Harness, width: u16, height: u16) -> String {
    h.text(width, height).lines().next().unwrap_or_default().to_string()
}

fn footer(h: &Harness, width: u16, height: u16) -> String {
    h.text(width, height).lines().last().unwrap_or_default().to_string()
}

/// A recording that has lost much and lasts for hours.
fn troubled() -> Snapshot {
    let mut s = example::rating();
    (s.lost, s.recorded) = (22_833, 4_032_000_000_000);
    s
}

#[test]
fn the_participants_scales_are_whole_in_the_smallest_window() {
    for size in [(60, 18), (60, 24), (66, 20)] {
        let mut scene = example::scenes().into_iter().find(|s| s.name == "participant rates").expect("the scene");
        scene.snapshot.rating = Rating { valence: Some(9.0), arousal: Some(1.0), emotion: Some(Emotion::Calm) };
        scene.keys = "";
        let text = lines(&picture::draw(&scene, ASCII, size.0, size.1));
        let numbers = |line: &&str| ["1", "2", "3", "4", "5", "6", "7", "8", "9"].iter().all(|n| line.contains(n));
        assert_eq!(text.lines().filter(numbers).count(), 2, "{size:?}:\n{text}");
        assert!(text.contains("[ 9 ]") && text.contains("[ 1 ]") && text.contains("[c calm]"), "{text}");
        for emotion in Emotion::ALL {
            assert!(text.contains(&format!("{} {emotion}", emotion.key())), "{emotion} at {size:?}:\n{text}");
        }
        assert!(text.contains("Enter") && text.contains("SIMULATED"), "{text}");
    }
}

#[test]
fn the_rating_screen_is_whole_in_the_smallest_window() {
    let text = Harness::at(ASCII, example::rating(), Place::Rating).text(60, 18);
    for emotion in Emotion::ALL {
        assert!(text.contains(&format!("{} {emotion}", emotion.key())), "{emotion}:\n{text}");
    }
    for words in [
        "during the video?",
        "by participant (F2)",
        "1 of 3 answered: saved",
        "[ 3 ] 4   5",
        "Enter goes on",
        "excited, wide awake",
    ] {
        assert!(text.contains(words), "\"{words}\" is missing:\n{text}");
    }
}

#[test]
fn a_complete_rating_names_the_key_that_ends_it() {
    let rating = Rating { valence: Some(3.0), arousal: Some(5.0), emotion: Some(Emotion::Fear) };
    let line = footer(&Harness::at(ASCII, Snapshot { rating, ..example::rating() }, Place::Rating), 60, 18);
    assert!(line.starts_with(" Enter done   "), "{line}");
}

#[test]
fn the_top_line_cuts_neither_a_safety_mark_nor_a_code() {
    for (name, snapshot, place) in scenes() {
        for (width, height) in [(60, 18), (66, 20), (72, 24), (80, 24), (120, 40)] {
            let line = top(&Harness::at(ASCII, snapshot.clone(), place), width, height);
            let records = if snapshot.recording { "REC FACE 04:03" } else { "not recording" };
            assert!(line.contains("SIMULATED") && line.contains(records), "{name} {width}: {line}");
            assert!(snapshot.lost == 0 || line.contains("lost 37!"), "{name} {width}: {line}");
        }
    }
    for caps in [ASCII, COLOUR] {
        let line = top(&Harness::at(caps, troubled(), Place::Rating), 60, 18);
        assert!(line.contains("REC FACE 01:07:12  lost 22833!  SIMULATED") && line.contains("7/7 RATING"), "{line}");
    }
    // Somebody looks on: the code stands whole or not at all.
    for width in 60..140 {
        let mut h = Harness::at(ASCII, example::rating(), Place::Rating);
        h.app.link_mut().standing = Some(Standing::Watching);
        let line = top(&h, width, 24);
        assert!(line.contains("LOOKING ON") && line.contains("REC FACE 04:03"), "{width}: {line}");
        assert!(!line.contains("P0") || line.contains("P07/1 ") || line.contains("P07 session 1 "), "{width}: {line}");
        assert!(width < 80 || line.contains("P07"), "{width}: {line}");
    }
    let little = Snapshot { disk_free: 900_000_000, ..example::recording() };
    let line = top(&Harness::at(ASCII, little, Place::Session), 66, 20);
    assert!(line.contains("disk 900M!") && !line.contains("lost 0"), "a warning outlives what is well: {line}");
}

#[test]
fn the_main_key_stays_in_the_footer() {
    for (name, snapshot, place) in scenes().into_iter().filter(|(_, _, p)| *p != Place::Help) {
        let hints = place.open().hints(&snapshot);
        for width in 60..100 {
            let line = footer(&Harness::at(ASCII, snapshot.clone(), place), width, 24);
            let (first, last) = (hints.first().expect("a hint"), hints.last().expect("a hint"));
            let start = |h: &limbic::show::hint::Hint| format!("{} {}", h.key, h.what.split(' ').next().unwrap_or_default());
            assert!(line.starts_with(&format!(" {}", start(first))), "{name} {width}: {line}");
            assert!(line.contains(&format!("   {}", last.key)), "{name} {width}: {line}");
        }
    }
    let line = footer(&Harness::at(ASCII, example::gate_failing(), Place::Gate), 60, 18);
    assert!(
        line.contains("O go on below") && line.contains("..   Esc back to the montage") && line.contains("? 1 more"),
        "{line}"
    );
}

#[test]
fn help_is_named_by_the_key_that_brings_it() {
    let mut h = Harness::at(ASCII, example::home(), Place::Participant);
    assert!(footer(&h, 80, 24).contains("F1 help") && footer(&h, 120, 40).contains("F1 help"), "{}", footer(&h, 80, 24));
    assert!(!footer(&h, 120, 40).contains("? help") && !footer(&h, 120, 40).contains(": command"));
    h.keys("?");
    assert_eq!(h.app.place(), Place::Participant);
    h.press(KeyCode::F(1));
    assert_eq!(h.app.place(), Place::Help);
    let mut h = Harness::at(ASCII, example::recording(), Place::Session);
    assert!(footer(&h, 120, 40).contains("? "));
    h.keys("n?");
    let line = footer(&h, 120, 40);
    assert!(h.text(80, 24).contains("?") && !line.contains("help") && !line.contains("command"), "{line}");
}

#[test]
fn verdicts_stand_in_narrow_windows() {
    let mut s = example::gate_failing();
    s.streams.iter_mut().for_each(|stream| stream.received = 0);
    for width in [60, 70, 79, 80] {
        let text = Harness::at(ASCII, s.clone(), Place::Devices).text(width, 24);
        assert_eq!(text.matches("WAITING SIM").count(), 3, "{width}:\n{text}");
        assert!(text.contains("  state") && text.contains("mov") && text.contains("255.90"), "{width}:\n{text}");
    }
    let mut dark = example::gate_passing();
    dark.guided.camera.as_mut().expect("a camera").brightness = 230.0;
    let text = Harness::at(ASCII, dark, Place::Camera).text(60, 18);
    assert!(text.contains("TOO BRIGHT") && text.contains("NO DETECTOR") && text.contains("small picture"), "{text}");
}

/// What is typed, and the column of the cursor behind it.
fn typed(text: &str) -> (String, u16) {
    let mut h = Harness::at(COLOUR, example::recording(), Place::Session);
    h.keys("n").keys(text);
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    h.app.draw(&mut buf);
    let cursor = |c: &ratatui::buffer::Cell| c.modifier.contains(ratatui::style::Modifier::REVERSED) && c.symbol() == " ";
    let at = buf.content.iter().rposition(cursor).expect("a cursor");
    (lines(&buf), (at % 80) as u16)
}

#[test]
fn a_field_counts_columns_and_not_characters() {
    let (_, start) = typed("");
    assert_eq!(typed("abc").1 - start, 3);
    let (text, at) = typed("\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}end");
    assert_eq!(at - start, 15, "{text}");
    assert_eq!(typed("\u{5b9f}\u{9a13}").1 - start, 4);
    assert_eq!(typed("e\u{301}").1 - start, 1, "an accent joins its letter");
    // Longer than the field: the end is what is seen, and the cursor stays in it.
    let (text, at) = typed(&format!("{}end", "\u{1f600}".repeat(60)));
    assert!(text.contains("end") && at < 74, "{at}: {text}");
}

#[test]
fn the_note_on_the_chosen_electrode_is_whole() {
    let mut s = example::gate_failing();
    let long = "the gel ran to its neighbour and was wiped off, the cap sits a finger too far back on this side, and the \
                cable was taped to the chair; look at it again after the third trial, with the lamp switched off";
    let at = s.guided.electrodes.iter().position(|e| e.mark.label == "T8").expect("T8");
    s.guided.electrodes[0].mark.note = "wet".into();
    for note in ["short", long] {
        s.guided.electrodes[at].mark.note = note.into();
        for (width, height) in [(60, 18), (80, 24), (120, 40)] {
            let mut h = Harness::at(ASCII, s.clone(), Place::Montage);
            assert!(h.text(width, height).contains("Fp1: wet"), "{}", h.text(width, height));
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            h.keys("/T8").press(KeyCode::Enter);
            let text = h.text(width, height);
            assert!(words(&text).contains(&words(&format!("T8: {note}"))), "{width}x{height}:\n{text}");
        }
    }
    let text = Harness::at(ASCII, s, Place::Montage).text(80, 24);
    let row = text.lines().find(|l| l.contains("Fp1") && l.contains("placed")).unwrap_or_default();
    assert!(row.ends_with("placed .."), "cut notes say so:\n{text}");
}

#[test]
fn who_marked_a_segment_is_said_to_its_end() {
    let h = Harness::at(ASCII, example::labelling(), Place::Label);
    let text = h.text(80, 24);
    assert!(text.contains("marked by experimenter") && text.contains("marked live by participant"), "{text}");
    let text = h.text(60, 18);
    assert!(text.contains("6/9 experimenter") && text.contains("live: participant"), "{text}");
}

#[test]
fn the_gate_says_to_its_end_why_it_is_closed() {
    let mut s = example::gate_failing();
    let why = "76 % is below 80 %; 12 of 32 channels are bad; at most 10 % may be".to_string();
    s.verdict.as_mut().expect("a verdict").why = why.clone();
    let text = Harness::at(ASCII, s, Place::Gate).text(80, 24);
    assert!(text.contains(&why) && text.contains("last 60 s"), "{text}");
}

#[test]
fn a_review_says_which_of_its_trials_it_shows() {
    let mut h = Harness::at(ASCII, example::reviewed(), Place::Review);
    assert!(h.text(80, 24).contains("disagreements first, 1-5 of 12"), "{}", h.text(80, 24));
    let text = h.text(60, 18);
    assert!(text.contains(", 1-2 of 12") && text.contains("WRONG") && text.contains("fused"), "{text}");
    h.press(KeyCode::End);
    assert!(h.text(80, 24).contains("8-12 of 12") && !h.text(120, 80).contains("of 12 "), "{}", h.text(120, 80));
    let mut plain = example::reviewed();
    let review = Arc::make_mut(plain.review.as_mut().expect("a review"));
    review.predictions.clear();
    review.trials = example::trials(12).into_iter().cycle().take(30).collect();
    let mut h = Harness::at(ASCII, plain, Place::Review);
    assert!(h.text(80, 24).contains(" of 30") && h.text(80, 24).contains(", 1-"), "{}", h.text(80, 24));
    h.press(KeyCode::End);
    assert!(h.text(80, 24).contains("-30 of 30"), "{}", h.text(80, 24));
}

#[test]
fn no_key_changes_another_segment_while_one_is_being_made() {
    let mut none = example::labelling();
    Arc::make_mut(none.guided.labelling.as_mut().expect("a timeline")).segments.clear();
    for snapshot in [example::labelling(), none] {
        let mut h = Harness::at(ASCII, snapshot, Place::Label);
        h.keys(" ");
        for key in [KeyCode::Char('f'), KeyCode::Char('7'), KeyCode::Char(']'), KeyCode::Backspace] {
            h.press(KeyCode::Right).press(key);
            let text = h.text(80, 24);
            assert!(
                h.sent().is_empty() && text.contains("has no end yet") && text.contains("Space end it here"),
                "{key}: {text}"
            );
        }
        h.keys(" ");
        assert!(matches!(&h.sent()[..], [Action::Segment { .. }]));
        h.keys("f");
        assert_eq!(h.sent().len(), 1, "the one that was made");
    }
}
