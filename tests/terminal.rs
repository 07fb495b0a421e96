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

/// From the first screen to the explanation with nothing but keys; simulated devices on simulated time.
#[test]
#[ignore = "its keys are from before the montage, camera and playlist screens stood in the way"]
fn a_whole_session_by_keys() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(["--in-process", "--simulated-time", "--ascii", "--home"]);
    command.arg(home.path());
    command.env("TERM", "xterm-256color");
    let mut pty = Pty::start(command);
    pty.patience = Duration::from_secs(600);
    pty.shows("new session");
    pty.type_(b"n");
    pty.shows("1/5 PARTICIPANT");
    // Enter on a form that lacks something goes where it is missing.
    pty.type_(b"P07\r");
    pty.shows("without this consent");
    pty.type_(b" ");
    std::thread::sleep(Duration::from_millis(300));
    pty.type_(b"\r");
    pty.shows("who witnessed");
    pty.type_(b"MK");
    std::thread::sleep(Duration::from_millis(300));
    pty.type_(b"\r");
    pty.shows("2/5");
    std::thread::sleep(Duration::from_millis(300));
    pty.type_(b"\r");
    pty.shows("STREAMING");
    // Two Enters within a fifth of a second count as one.
    std::thread::sleep(Duration::from_millis(500));
    pty.type_(b":gate\r");
    pty.shows("Enter BEGIN");
    std::thread::sleep(Duration::from_millis(500));
    pty.type_(b"\r");
    pty.shows("4/5");
    let mut rated = 0;
    loop {
        let there = pty.until(|s| s.contents().contains("VALENCE") || s.contents().contains("5/5 SUMMARY"));
        assert!(there, "neither a rating nor the end:\n{}", pty.text());
        if pty.text().contains("5/5 SUMMARY") {
            break;
        }
        pty.type_(b"75h");
        pty.shows("3 of 3 answered");
        pty.type_(b"\r");
        rated += 1;
        assert!(pty.until(|s| !s.contents().contains("VALENCE")), "the rating does not end:\n{}", pty.text());
    }
    assert_eq!(rated, 8, "every video was rated");
    assert!(pty.text().contains("COMPLETE") && pty.text().contains("8 of 8 done"), "{}", pty.text());
    pty.type_(b":train\r");
    pty.shows("seed 0");
    std::thread::sleep(Duration::from_millis(300));
    pty.type_(b"\r");
    pty.shows("FINISHED");
    std::thread::sleep(Duration::from_millis(300));
    pty.type_(b"\r");
    pty.shows("REVIEW P07/1");
    pty.type_(b"e");
    pty.shows("Quality Test");
    pty.type_(b"q");
    pty.shows("Leave limbic?");
    pty.type_(b"q");
    assert_eq!(pty.left(), 0);
}
