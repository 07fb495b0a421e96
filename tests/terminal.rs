//! The terminal half in a real terminal: a pty whose screen an emulator (vt100) rebuilds.
//!
//! The program under test is this test binary itself, started again as `child`, which runs the real loop on a canned
//! lab; so raw mode, alternate screen, keys, resizing, panics and leaving are the real ones.

use limbic::lab::message::{Command, Event, Snapshot};
use limbic::show::{Link, Options, example, run};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

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

/// A program in a pty and the screen it drew.
struct Pty {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// The alternate screen was entered at some time.
    entered: bool,
}

impl Pty {
    fn start(command: CommandBuilder) -> Pty {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let child = pair.slave.spawn_command(command).expect("starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("reads");
        let keys = pair.master.take_writer().expect("writes");
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Pty { child, master: pair.master, keys, bytes, screen: vt100::Parser::new(24, 80, 0), entered: false }
    }

    fn scene(scene: &str) -> Pty {
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this test"));
        command.args(["child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(SCENE, scene);
        command.env("TERM", "xterm-256color");
        Pty::start(command)
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Feeds what arrives to the emulator until `done`, or the program has ended, or ten seconds are over.
    fn until(&mut self, done: impl Fn(&vt100::Screen) -> bool) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            match self.bytes.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return done(self.screen.screen()),
            }
            self.entered |= self.screen.screen().alternate_screen();
            if done(self.screen.screen()) {
                return true;
            }
        }
        false
    }

    fn shows(&mut self, word: &str) {
        let found = self.until(|s| s.contents().contains(word));
        assert!(found, "\"{word}\" does not come; the screen is:\n{}", self.text());
    }

    fn type_(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).and_then(|()| self.keys.flush()).expect("types");
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        self.screen.screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("resizes");
    }

    /// Waits for the end; the terminal must be as it was.
    fn left(&mut self) -> u32 {
        assert!(self.until(|s| !s.alternate_screen()), "still in the alternate screen:\n{}", self.text());
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            self.until(|_| true);
            if let Some(status) = self.child.try_wait().expect("waits") {
                while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
                    self.screen.process(&bytes);
                }
                let screen = self.screen.screen();
                assert!(!screen.hide_cursor() && !screen.bracketed_paste(), "the terminal was not put back");
                return status.exit_code();
            }
        }
        panic!("the program does not end");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Ended already in most tests; errors are of no use here.
        let _ = self.child.kill();
    }
}

#[test]
fn keys_resizing_and_quitting() {
    let mut pty = Pty::scene("home");
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
    let mut pty = Pty::scene("home");
    pty.shows("new session");
    pty.type_(b"\x03");
    assert_eq!(pty.left(), 0);
}

#[test]
fn ctrl_c_asks_while_something_is_recorded() {
    let mut pty = Pty::scene("recording");
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
        let mut pty = Pty::scene("recording");
        pty.shows("REC FACE");
        let pid = pty.child.process_id().and_then(|pid| Pid::from_raw(pid as i32)).expect("runs");
        kill_process(pid, signal).expect("is heard");
        assert_eq!(pty.left(), 0, "{signal:?}");
    }
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let mut pty = Pty::scene("panic");
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
