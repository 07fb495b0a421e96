//! The way on: no step is passed over, and a sentence that says it is shown to its end.

use super::{ASCII, Harness};
use crossterm::event::KeyCode;
use limbic::lab::message::{Action, Event};
use limbic::present::Phase;
use limbic::show::{Place, Standing, example};
use limbic::signal::Placed;

#[test]
fn whoever_goes_on_from_home_is_led_past_no_step() {
    let with = |state: Placed| {
        let mut s = example::gate_failing();
        s.guided.electrodes.iter_mut().for_each(|e| e.mark.state = state);
        s
    };
    let mut h = Harness::at(ASCII, with(Placed::Waiting), Place::Home);
    h.press(KeyCode::Home).press(KeyCode::Enter);
    assert_eq!(h.app.place(), Place::Montage, "no electrode was placed yet");
    let mut h = Harness::at(ASCII, with(Placed::Placed), Place::Home);
    h.press(KeyCode::Home).press(KeyCode::Enter);
    assert_eq!(h.app.place(), Place::Gate);
}

#[test]
fn a_long_sentence_is_shown_to_its_end() {
    let mut h = Harness::new(ASCII, example::home());
    let why = "the camera at /dev/video0 is held by another program, so that no picture is shown; end that program, or name \
               another camera in the rig and connect again";
    h.say(Event::News { at: 0, text: why.into() });
    let text = h.text(80, 24);
    let words = |t: &str| t.split_whitespace().map(str::to_string).collect::<Vec<_>>().join(" ");
    assert!(words(&text).contains(&words(why)), "{text}");
}

/// TRAIN says itself what came of a training; the message line repeats it on the other screens only, since it would cover
/// the foot of the curve.
#[test]
fn what_came_of_a_training_covers_no_curve() {
    let outcome = "EEG  seed-a-cnn  0.46\nface patt-lite  0.75\nfused by product of experts: 0.83";
    let mut over = example::training();
    over.job.as_mut().expect("a job").outcome = Some(Ok(outcome.into()));
    let quiet = Harness::at(ASCII, over.clone(), Place::Train).text(80, 24);
    let mut h = Harness::at(ASCII, over, Place::Train);
    h.say(Event::News { at: 0, text: outcome.into() });
    assert_eq!(h.text(80, 24), quiet);
    assert!(quiet.contains("fused by product of experts: 0.83"), "{quiet}");
    h.say(Event::News { at: 0, text: "P08 was erased".into() });
    assert!(h.text(80, 24).contains("P08 was erased"), "other news are told here as well");
    h.say(Event::News { at: 0, text: outcome.into() });
    h.press(KeyCode::Esc);
    assert!(h.text(80, 24).contains("fused by product of experts: 0.83"), "told on another screen");
}

/// A reason and a marker are about what was going on when their key was pressed, not when the last word was typed.
#[test]
fn what_is_typed_is_about_the_trial_and_the_moment_of_its_key() {
    let (early, mut late) = (example::recording(), example::recording());
    let (trial, attempt) = (early.protocol.trial, early.protocol.attempt);
    late.now += 4_000_000_000;
    (late.protocol.trial, late.protocol.attempt) = (trial + 1, 1);
    let said = |key: &str| {
        let mut h = Harness::at(ASCII, early.clone(), Place::Session);
        h.keys(key);
        assert!(key == "m" || h.text(80, 24).contains(&format!("trial {trial}")), "{}", h.text(80, 24));
        h.snapshot(late.clone()).keys("moved").press(KeyCode::Enter);
        h.acknowledged()
    };
    let (reason, trial_then) = (String::from("moved"), Some((trial, attempt)));
    assert_eq!(said("r"), Action::Redo { reason: reason.clone(), trial: trial_then });
    assert_eq!(said("k"), Action::Skip { reason: reason.clone(), trial: trial_then });
    assert_eq!(said("m"), Action::Mark { text: reason, pressed: Some((early.now, trial)) });
}

/// The questions take the place of the video under the experimenter's fingers.
#[test]
fn a_key_that_was_on_its_way_answers_no_question() {
    let mut fresh = example::rating();
    fresh.protocol.phase_started = fresh.now - 500_000_000;
    let mut h = Harness::at(ASCII, fresh.clone(), Place::Rating);
    h.keys("7h").press(KeyCode::Enter);
    assert!(h.sent().is_empty() && h.text(80, 24).contains("only just come"), "{}", h.text(80, 24));
    h.keys("n").keys("sleepy").press(KeyCode::Enter);
    assert_eq!(h.acknowledged(), Action::Note { text: "sleepy".into() });
    h.keys("m").keys("moved").press(KeyCode::Enter);
    assert!(matches!(h.acknowledged(), Action::Mark { .. }));
    h.keys("K");
    assert!(h.text(80, 24).contains("Skip trial"), "orders are orders: {}", h.text(80, 24));
    h.press(KeyCode::Esc).snapshot(example::rating()).keys("7");
    assert!(matches!(h.sent().as_slice(), [Action::Rate { .. }]), "a moment later they are answers");
}

#[test]
fn who_leaves_a_lab_out_of_reach_is_not_told_that_it_goes_on() {
    let left = |broken| {
        let mut h = Harness::at(ASCII, example::recording(), Place::Session);
        (h.app.link_mut().standing, h.app.link_mut().broken) = (Some(Standing::Keyboard), broken);
        h.keys("d");
        limbic::show::Program::left(&h.app)
    };
    assert_eq!(left(false), Some(limbic::show::Left::Detached));
    assert!(matches!(left(true), Some(limbic::show::Left::Ended(why)) if why.contains("may have ended")));
}

#[test]
fn a_search_that_finds_nothing_says_so_and_stays_where_it_began() {
    let mut h = Harness::at(ASCII, example::home(), Place::Home);
    let before = h.text(80, 24);
    let chosen = |text: &str| text.lines().find(|l| l.contains('>')).map(str::to_string);
    h.keys("/P0").keys("zz");
    let text = h.text(80, 24);
    assert_eq!(chosen(&text), chosen(&before), "{text}");
    h.press(KeyCode::Enter);
    assert!(h.text(80, 24).contains("No row holds \"P0zz\""), "{}", h.text(80, 24));
}

#[test]
fn someone_who_comes_back_is_taken_to_the_running_session() {
    assert_eq!(Harness::new(ASCII, example::recording()).app.place(), Place::Session);
    assert_eq!(Harness::new(ASCII, example::rating()).app.place(), Place::Rating);
    assert_eq!(Harness::new(ASCII, example::home()).app.place(), Place::Home);
}

#[test]
fn while_rating_letters_are_answers_and_incomplete_needs_a_reason() {
    let mut h = Harness::at(ASCII, example::rating(), Place::Rating);
    h.keys("n");
    let Some(Action::Rate { rating, by, .. }) = h.sent().pop() else { panic!("n is an answer here") };
    assert_eq!((rating.emotion, by.as_str()), (Some(limbic::signal::Emotion::Neutral), "participant"));
    h.press(KeyCode::Enter).press(KeyCode::Enter);
    assert!(h.sent().is_empty(), "arousal is missing and no reason was given");
    h.keys("did not look").press(KeyCode::Enter);
    assert!(matches!(h.acknowledged(), Action::Rate { done: true, reason, .. } if reason == "did not look"));
    let mut paused = example::rating();
    paused.protocol.phase = Phase::Paused;
    h.snapshot(paused);
    assert_eq!(h.app.place(), Place::Session);
}

/// What stands in the footer of a terminal that looks on says nothing to the lab and is refused nowhere.
#[test]
fn one_who_looks_on_is_offered_only_keys_that_do_something_there() {
    for scene in example::scenes().into_iter().filter(|s| !s.own_screen) {
        let looking = || {
            let mut h = Harness::new(ASCII, scene.snapshot.clone());
            h.app.link_mut().standing = Some(Standing::Watching);
            h.app.go(scene.place);
            h
        };
        let text = looking().text(240, 40);
        let footer = text.lines().last().expect("a footer").to_string();
        assert!(looking().control('c').app.left(), "{}", scene.name);
        assert!(footer.contains("Ctrl-C leave") && !footer.contains("more"), "{}: {footer}", scene.name);
        let hints = footer.trim().split("   ").map(str::trim).filter(|h| !h.is_empty() && !h.starts_with(": "));
        for hint in hints.filter(|h| !h.contains("leave")) {
            let keys: &[KeyCode] = match hint.split_whitespace().next().expect("a key") {
                "Enter" => &[KeyCode::Enter],
                "Esc" => &[KeyCode::Esc],
                "F1" => &[KeyCode::F(1)],
                "Left/Right" => &[KeyCode::Left, KeyCode::Right],
                "j/k" => &[KeyCode::Char('j'), KeyCode::Char('k')],
                "h/l" => &[KeyCode::Char('h'), KeyCode::Char('l')],
                "1-5" => &[KeyCode::Char('1'), KeyCode::Char('5')],
                "[" => &[KeyCode::Char('['), KeyCode::Char(']')],
                "+" => &[KeyCode::Char('+'), KeyCode::Char('-'), KeyCode::Char('0')],
                one if one.len() == 1 => &[KeyCode::Char(one.chars().next().expect("a letter"))],
                other => panic!("{}: the footer names {other}: {footer}", scene.name),
            };
            for key in keys {
                let mut h = looking();
                h.press(*key);
                assert!(h.sent().is_empty(), "{}: {hint} says something to the lab", scene.name);
                assert!(!h.text(240, 40).contains("only looks on"), "{}: {hint} is refused", scene.name);
            }
        }
    }
    let mut h = Harness::new(ASCII, example::recording());
    let with_keyboard = h.text(240, 40);
    assert!(with_keyboard.contains("p pause") && with_keyboard.contains("A abort"), "{with_keyboard}");
    h.app.link_mut().standing = Some(Standing::Watching);
    let footer = h.text(240, 40).lines().last().expect("a footer").to_string();
    assert!(footer.contains("1-5 views") && !footer.contains("pause") && !footer.contains("abort"), "{footer}");
    let help = h.press(KeyCode::Char('?')).text(240, 60);
    assert!(help.contains("views") && help.contains("Ctrl-C"), "{help}");
    for order in ["pause", "abort", "marker", "connect", "BEGIN"] {
        assert!(!help.contains(order), "help offers {order} to one who looks on: {help}");
    }
}
