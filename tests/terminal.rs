//! The terminal half in a real terminal: a pty whose screen an emulator (vt100) rebuilds.
//!
//! The program under test is this test binary itself, started again as `child`, which runs the real loop on a canned
//! lab; so raw mode, alternate screen, keys, resizing, panics and leaving are the real ones.

mod pty;

use limbic::lab::message::{Command, Event, Snapshot};
use limbic::show::{Link, Options, example, run};
use portable_pty::CommandBuilder;
use pty::Pty;
use std::sync::Arc;
use std::time::Duration;

/// Which situation the child shows.
const SCENE: &str = "LIMBIC_TEST_SCENE";

/// Says yes to everything and shows one scene.
struct Canned {
    snapshot: Option<Arc<Snapshot>>,
    events: Vec<Event>,
    panics: bool,
}

impl Link for Canned {
    fn send(&mut self, command: Command) {
        assert!(!self.panics, "the canned lab panics on purpose");
        self.events.push(Event::Acknowledged { id: command.id });
    }
    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.snapshot.take()
    }
}

/// Not a test by itself: the program that the other tests run in a pty.
#[test]
#[ignore = "started by the other tests in a pty"]
fn child() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let snapshot = if scene == "recording" { example::recording() } else { example::home() };
    let link = Canned { snapshot: Some(Arc::new(snapshot)), events: vec![], panics: scene == "panic" };
    run(link, Options { ascii: true, ..Options::default() }).expect("the screens run");
}

/// This test binary, showing a scene.
fn scene(scene: &str) -> Pty {
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this test"));
    command.args(["child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(SCENE, scene);
    command.env("TERM", "xterm-256color");
    Pty::start(command)
}

#[test]
fn keys_resizing_and_quitting() {
    let mut pty = scene("home");
    pty.shows("new session");
    assert!(pty.entered && pty.text().is_ascii(), "{}", pty.text());
    pty.type_(b"n");
    pty.shows("1/7 PARTICIPANT");
    pty.type_(b"\x1b[200~P07\nsecond line\x1b[201~");
    pty.shows("P07");
    pty.type_(b"\x1b");
    pty.shows("Sessions and models");
    pty.type_(b"?");
    pty.shows("on every screen");
    pty.resize(58, 17);
    pty.shows("too small");
    pty.resize(120, 40);
    pty.shows("on every screen");
    pty.type_(b"?");
    pty.shows("Sessions and models");
    pty.type_(b"q");
    assert_eq!(pty.left(), 0);
}

#[test]
fn ctrl_c_leaves_when_nothing_is_recorded() {
    let mut pty = scene("home");
    pty.shows("new session");
    pty.type_(b"\x03");
    assert_eq!(pty.left(), 0);
}

#[test]
fn ctrl_c_asks_while_something_is_recorded() {
    let mut pty = scene("recording");
    pty.shows("REC FACE");
    pty.type_(b"\x03");
    pty.shows("The recording goes on");
    pty.type_(b"\x03");
    pty.type_(b"\x1b");
    pty.shows("[VIDEO]");
    assert!(pty.child.try_wait().expect("waits").is_none(), "it still runs");
}

#[test]
fn signals_that_end_a_program_put_the_terminal_back() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut pty = scene("recording");
        pty.shows("REC FACE");
        let pid = pty.child.process_id().and_then(|pid| Pid::from_raw(pid as i32)).expect("runs");
        kill_process(pid, signal).expect("is heard");
        assert_eq!(pty.left(), 0, "{signal:?}");
    }
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let mut pty = scene("panic");
    pty.shows("new session");
    pty.type_(b"q");
    assert_ne!(pty.left(), 0);
    assert!(pty.text().contains("panics on purpose"), "the reason is readable:\n{}", pty.text());
}

/// The program itself, by its first screen.
#[test]
fn the_program_opens_on_the_home_screen() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(["--in-process", "--ascii", "--home"]);
    command.arg(home.path());
    command.env("TERM", "xterm-256color");
    let mut pty = Pty::start(command);
    if !pty.until(|s| s.contents().contains("LIMBIC") && s.alternate_screen()) && !pty.entered {
        println!("skipped: `limbic` without a command does not open the screens in this build");
        return;
    }
    pty.shows("new session");
    assert!(pty.text().is_ascii(), "{}", pty.text());
    pty.type_(b"q");
    assert_eq!(pty.left(), 0);
}

/// Presses a key as a person does: two Enters within a fifth of a second count as one.
fn press(pty: &mut Pty, keys: &[u8]) {
    std::thread::sleep(Duration::from_millis(300));
    pty.type_(keys);
}

/// Presses and waits for what the screens say next.
fn step(pty: &mut Pty, keys: &[u8], word: &str) {
    press(pty, keys);
    pty.shows(word);
}

/// From the first screen to the explanation with nothing but keys; simulated devices on simulated time.
#[test]
fn a_whole_session_by_keys() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(["--in-process", "--simulated-time", "--ascii", "--home"]);
    command.arg(home.path());
    command.env("TERM", "xterm-256color");
    let mut pty = Pty::start(command);
    pty.patience = Duration::from_secs(600);
    pty.shows("new session");
    consents(&mut pty);
    prepares(&mut pty);
    records(&mut pty);
    explains(&mut pty);
    press(&mut pty, b"q");
    pty.shows("Leave limbic?");
    press(&mut pty, b"q");
    assert_eq!(pty.left(), 0);
}

/// Participant and consent: Enter on a form that lacks something goes where it is missing.
fn consents(pty: &mut Pty) {
    step(pty, b"n", "1/7 PARTICIPANT");
    step(pty, b"P07\r", "without this consent");
    press(pty, b" ");
    step(pty, b"\r", "who witnessed");
    press(pty, b"MK");
    step(pty, b"\r", "2/7 DEVICES");
}

/// Devices, montage, gate, camera, playlist: each Enter is named in the footer of the screen before.
fn prepares(pty: &mut Pty) {
    step(pty, b"\r", "STREAMING");
    step(pty, b"\r", "3/7 MONTAGE");
    step(pty, b"P", "34 of 34 placed");
    step(pty, b"\r", "4/7 QUALITY GATE");
    pty.shows("Enter to the camera");
    step(pty, b"\r", "5/7 CAMERA");
    step(pty, b"\r", "6/7 PLAYLIST");
    pty.shows("BEGIN recording");
    // What comes as fast as a held key begins nothing.
    std::thread::sleep(Duration::from_millis(700));
    step(pty, b"\r", "7/7");
}

/// Eight videos with their ratings, a note and a marker between them.
fn records(pty: &mut Pty) {
    step(pty, b"nthe room is quiet", "the room is quiet");
    step(pty, b"\r", "saved: note");
    let mut rated = 0;
    while rated < 9 {
        let there = pty.until(|s| s.contents().contains("VALENCE") || s.contents().contains("SUMMARY"));
        assert!(there, "neither a rating nor the end:\n{}", pty.text());
        if pty.text().contains("SUMMARY") {
            break;
        }
        // Whoever answers before the questions can have been read is asked to press again.
        loop {
            pty.type_(b"75h");
            assert!(
                pty.until(|s| ["3 of 3 answered", "only just come"].iter().any(|w| s.contents().contains(w))),
                "{}",
                pty.text()
            );
            if pty.text().contains("3 of 3 answered") {
                break;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        press(pty, b"\r");
        rated += 1;
        assert!(pty.until(|s| !s.contents().contains("VALENCE")), "the rating does not end:\n{}", pty.text());
    }
    assert_eq!(rated, 8, "every video was rated");
    // The recorder closes its files first.
    pty.shows("COMPLETE");
    assert!(pty.text().contains("8 of 8 done"), "{}", pty.text());
}

/// Training, review and the explanation of what was recorded.
fn explains(pty: &mut Pty) {
    step(pty, b"t", "seed 0");
    step(pty, b"\r", "FINISHED");
    step(pty, b"\r", "REVIEW P07/1");
    step(pty, b"e", "Quality Test");
    assert!(pty.text().contains("EXPLAIN") && pty.text().contains("SIMULATED"), "{}", pty.text());
}
