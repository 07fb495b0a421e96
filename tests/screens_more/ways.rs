//! The way on: no step is passed over, and a sentence that says it is shown to its end.

use super::{ASCII, Harness};
use crossterm::event::KeyCode;
use limbic::lab::message::Event;
use limbic::show::{Place, example};
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
