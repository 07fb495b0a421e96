//! Figures of a session: what is on the disk, where it goes on, and what is known while nothing comes from the lab.

use super::{ASCII, Harness};
use crossterm::event::KeyCode;
use limbic::lab::message::Snapshot;
use limbic::show::{Place, example};
use limbic::store::rows::SessionState;

#[test]
fn the_summary_shows_what_is_on_the_disk_and_where_it_has_gaps() {
    let mut s = example::summary();
    let eeg = s.stored.first_mut().expect("eeg");
    (eeg.written, eeg.missing, eeg.gaps) = (161_072, 70_767, 1);
    let delivery = eeg.delivery.as_mut().expect("judged");
    (delivery.promised, delivery.delivered, delivery.missing) = (231_839, 161_072, 70_767);
    (delivery.complete, delivery.verdict) = (false, "70767 missing (30.52 %) in 1 gaps".into());
    delivery.gaps = vec![limbic::store::Gap { at_s: 300.0, samples: 70_767, seconds: 276.0 }];
    s.lost = 70_767;
    s.recorded -= 276_000_000_000;
    let text = Harness::at(ASCII, s.clone(), Place::Summary).text(80, 24);
    for words in ["161072/231839", "70767 GAPS", "eeg: 70767 missing", "lost     70767", "recorded 00:14:29 of 00:19:05", "!!!!"]
    {
        assert!(text.contains(words), "\"{words}\" is missing:\n{text}");
    }
    assert!(!text.contains("no gaps"), "{text}");
    let mut cut = s.clone();
    cut.stored[0].delivery.as_mut().expect("judged").promised = 400_000;
    let text = Harness::at(ASCII, cut, Place::Summary).text(80, 24);
    assert!(text.contains("161072/~400000 "), "{text}");
    let face = s.stored.iter_mut().find(|stream| stream.name == "face").expect("a camera");
    face.written = 0;
    let delivery = face.delivery.as_mut().expect("judged");
    (delivery.promised, delivery.delivered, delivery.withheld, delivery.complete) = (0, 0, true, false);
    delivery.verdict = "not stored, for lack of consent".into();
    let text = Harness::at(ASCII, s.clone(), Place::Summary).text(80, 24);
    assert!(text.contains("face         none to be stored") && text.contains("face: not stored, for lack"), "{text}");
    // The devices go on delivering; what is shown of the session stands still.
    s.streams.iter_mut().for_each(|stream| stream.received += 5000);
    assert_eq!(Harness::at(ASCII, s, Place::Summary).text(80, 24), text);
}

#[test]
fn a_session_that_goes_on_shows_what_it_has_and_where_it_begins() {
    let goes_on = Snapshot {
        goes_on: Some(3),
        recorded: 567_000_000_000,
        trials: example::trials(2),
        session: Some(example::session("P07", 1, SessionState::Prepared, 91.0)),
        ..example::gate_passing()
    };
    let text = Harness::at(ASCII, goes_on.clone(), Place::Home).text(80, 24);
    for words in ["resume P07/1 goes on with trial 3/12", "00:09:27", "2 of 12 done", "simulated rig"] {
        assert!(text.contains(words), "\"{words}\" is missing:\n{text}");
    }
    let mut whole = goes_on;
    whole.guided.playlist.as_mut().expect("a playlist").entries.iter_mut().for_each(|e| e.trouble = None);
    let mut harness = Harness::at(ASCII, whole, Place::Playlist);
    let text = harness.text(80, 24);
    assert!(text.contains("Enter goes on with trial 3 of 12") && text.contains("GO ON recording"), "{text}");
    assert!(!text.contains("shuffle anew") && !text.contains("as listed") && !text.contains("begins the recording"), "{text}");
    harness.press(KeyCode::Char('s'));
    assert!(harness.text(80, 24).contains("in the order that it was begun with"));
    assert!(harness.app.link_mut().heard.is_empty());
}

#[test]
fn while_the_line_is_broken_the_top_line_calls_its_figures_old() {
    let mut harness = Harness::at(ASCII, example::recording(), Place::Session);
    let top = |harness: &Harness| harness.text(80, 24).lines().next().map(String::from).expect("a top line");
    assert!(top(&harness).contains("REC FACE 04:03"), "{}", top(&harness));
    harness.app.link_mut().broken = true;
    let broken = top(&harness);
    assert!(broken.contains("NO LINE TO THE LAB: figures are old") && broken.contains("SIMULATED"), "{broken}");
    assert!(!broken.contains("REC") && !broken.contains("lost") && !broken.contains("04:03"), "{broken}");
    assert!(harness.text(50, 10).contains("NO LINE TO THE LAB"), "{}", harness.text(50, 10));
    harness.app.link_mut().broken = false;
    assert!(top(&harness).contains("REC FACE 04:03"));
}

#[test]
fn a_small_window_says_whether_the_recording_goes_on() {
    let text = Harness::at(ASCII, example::recording(), Place::Session).text(58, 17);
    assert!(text.starts_with("REC continues 00:04:03") && text.contains("too small"), "{text}");
    let text = Harness::new(ASCII, example::home()).text(58, 17);
    assert!(text.starts_with("Not recording") && text.contains("60x18 needed"), "{text}");
    let text = Harness::new(ASCII, example::home()).text(40, 12);
    assert!(text.contains("60x18") && text.contains("needed"), "also where a row does not hold it: {text}");
}
