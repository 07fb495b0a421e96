//! The lab and its terminals as real processes: a terminal that is killed, hung up or closed costs nothing, and the
//! next one shows the same trial.

mod visitors;

use limbic::lab::message::Action;
use limbic::lab::socket::wire::Role;
use limbic::present::Phase;
use limbic::store::rows::SessionState;
use portable_pty::{Child as PtyChild, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use visitors::{Person, complete, rig, stored, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_limbic");

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid as i32).expect("a process");
    kill_process(pid, signal).expect("it runs");
}

/// `limbic lab` as a process; killed at the end where it still runs.
struct Lab(Child);

impl Lab {
    fn start(home: &Path, environment: &[(&str, String)]) -> Lab {
        let mut command = Command::new(PROGRAM);
        command.arg("--home").arg(home).args(["lab", "--idle-s", "60"]).envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Lab(command.spawn().expect("starts"))
    }

    /// SIGTERM; returns how long it took to end.
    fn stops(self) -> Duration {
        self.ends_on(Signal::TERM)
    }

    fn ends_on(mut self, how: Signal) -> Duration {
        let began = Instant::now();
        signal(self.0.id(), how);
        let status = until("the lab ends", || self.0.try_wait().expect("waits"));
        assert!(status.success(), "{status}");
        began.elapsed()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `limbic` in a terminal, and the screen that it drew.
struct Terminal {
    child: Box<dyn PtyChild + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    fn start(home: &Path, arguments: &[&str]) -> Terminal {
        let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).expect("a pty");
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(["--ascii", "--home"]);
        command.arg(home);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("starts");
        drop(pair.slave);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(24, 80, 0)));
        let (mut reader, theirs) = (pair.master.try_clone_reader().expect("reads"), screen.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                theirs.lock().expect("no panic").process(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer().expect("writes");
        Terminal { child, master: Some(pair.master), keys: Some(keys), screen }
    }

    fn text(&self) -> String {
        self.screen.lock().expect("no panic").screen().contents()
    }

    fn shows(&self, word: &str) {
        until(&format!("\"{word}\" on the screen"), || self.text().contains(word).then_some(()));
    }

    /// The last bytes may be read after the program's end.
    fn is_put_back(&self) {
        let alternate = || self.screen.lock().expect("no panic").screen().alternate_screen();
        until("the terminal is put back", || (!alternate()).then_some(()));
    }

    fn type_(&mut self, keys: &[u8]) {
        self.keys.as_mut().expect("open").write_all(keys).expect("types");
    }

    fn pid(&self) -> u32 {
        self.child.process_id().expect("runs")
    }

    /// Waits for the end; returns the exit code.
    fn ends(&mut self) -> u32 {
        until("the terminal's program ends", || self.child.try_wait().expect("waits")).exit_code()
    }

    /// Closes the window.
    fn close(&mut self) {
        (self.keys, self.master) = (None, None);
    }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let home = dir.path().join("home");
    (dir, home)
}

#[test]
fn a_terminal_that_goes_in_any_way_costs_nothing() {
    let (dir, home) = folder();
    let lab = Lab::start(&home, &[]);
    Person::comes(&home, Role::Keyboard).records(rig_with_videos(dir.path(), 3, 60.0));
    let attached = |how: &str| {
        let began = Instant::now();
        let terminal = Terminal::start(&home, &["attach"]);
        terminal.shows("TRIAL 1/3");
        println!("attached, to be {how}: the trial is on the screen after {} ms", began.elapsed().as_millis());
        std::thread::sleep(Duration::from_millis(500));
        terminal
    };
    let mut killed = attached("killed (-9)");
    signal(killed.pid(), Signal::KILL);
    killed.ends();
    let mut hung = attached("hung up");
    signal(hung.pid(), Signal::HUP);
    assert_eq!(hung.ends(), 0);
    hung.is_put_back();
    let mut ended = attached("ended (SIGTERM)");
    signal(ended.pid(), Signal::TERM);
    assert_eq!(ended.ends(), 0);
    ended.is_put_back();
    // How a program finds its terminal closed depends on what it is doing; some rounds find more ways.
    for _ in 0..5 {
        let mut closed = attached("closed");
        closed.close();
        assert_eq!(closed.ends(), 0);
    }
    signal(lab.0.id(), Signal::HUP);
    let mut left = attached("left with d");
    left.type_(b"d");
    assert_eq!(left.ends(), 0);
    left.shows("The lab goes on without this terminal");
    let live = Person::comes(&home, Role::Watch).sees("it still records", |s| s.recording);
    assert_eq!(live.lost, 0);
    println!("clean stop while recording: {} ms", lab.stops().as_millis());
    complete(&home);
    assert_eq!(stored(&home).0.state, SessionState::Interrupted);
}

#[test]
fn a_session_that_a_signal_interrupts_goes_on_with_its_trial() {
    let (dir, home) = folder();
    let path = rig_with_videos(dir.path(), 2, 60.0);
    let mut lab = Lab::start(&home, &[]);
    Person::comes(&home, Role::Keyboard).records(path.clone());
    for (attempt, how) in [(2, Signal::INT), (3, Signal::TERM)] {
        println!("{how:?}: ended after {} ms", lab.ends_on(how).as_millis());
        let (session, streams, markers) = stored(&home);
        assert_eq!(session.state, SessionState::Interrupted);
        assert!(streams.iter().all(|row| row.dropped == 0), "{streams:?}");
        assert!(markers.iter().any(|m| m.text == "interrupted: the lab was told to stop"), "{markers:?}");
        let sound = limbic::store::Home::view(&home).expect("opens").verify(None).expect("verifies");
        assert!(sound.iter().all(|report| report.is_sound()), "{sound:#?}");
        lab = Lab::start(&home, &[]);
        let mut person = Person::comes(&home, Role::Keyboard);
        person.done(Action::Resume { session: session.id });
        person.done(Action::Connect { rig: Some(path.clone()) });
        person.done(Action::Override { reason: "a test".into() });
        person.done(Action::Begin);
        let again = move |p: &limbic::present::ProtocolView| (p.phase, p.trial, p.attempt) == (Phase::Video, 1, attempt);
        person.sees("the same trial again", |s| s.recording && again(&s.protocol));
    }
}

/// The test rig with its own playlist, so that the phase is known however slow the machine is.
fn rig_with_videos(folder: &Path, videos: usize, length_s: f64) -> PathBuf {
    let playlist = limbic::present::Playlist::simulated(videos, length_s);
    std::fs::write(folder.join("playlist.toml"), toml::to_string(&playlist).expect("is written")).expect("written");
    let path = rig(folder);
    let with = std::fs::read_to_string(&path).expect("read") + "playlist = \"playlist.toml\"\n";
    std::fs::write(&path, with).expect("written");
    path
}

#[test]
fn the_questions_are_answered_on_the_participants_own_screen() {
    let (dir, home) = folder();
    let path = rig_with_videos(dir.path(), 1, 2.0);
    let lab = Lab::start(&home, &[]);
    let mut person = Person::comes(&home, Role::Keyboard);
    let mut screen = Terminal::start(&home, &["rate"]);
    screen.shows("Welcome. We begin soon.");
    person.records(path);
    screen.shows("Please watch.");
    screen.shows("How did you feel");
    screen.type_(b"73");
    screen.shows("2 of 3 answered");
    screen.type_(b"c");
    screen.shows("All answered and saved");
    screen.type_(b"\r");
    screen.shows("Please rest");
    person.sees("the end", |s| s.protocol.phase == Phase::Finished && !s.recording);
    screen.shows("Thank you");
    screen.type_(b"\x03");
    assert_eq!(screen.ends(), 0);
    lab.stops();
    let home = limbic::store::Home::open(&home).expect("free");
    let id = home.sessions().expect("readable")[0].id;
    let trial = home.recording(id).expect("readable").trials.remove(0);
    assert!(trial.rating.is_complete() && trial.rating.valence == Some(7.0) && trial.rated_by == "participant", "{trial:?}");
}

#[test]
fn limbic_starts_its_lab_in_the_background_and_finds_it_again() {
    let (_dir, home) = folder();
    let mut first = Terminal::start(&home, &[]);
    first.shows("new session");
    let lab = std::fs::read_to_string(home.join("lock")).expect("is there").trim().to_string();
    let stat = std::fs::read_to_string(format!("/proc/{lab}/stat")).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    assert_eq!(fields[4], "0", "it has no terminal");
    assert_ne!(fields[3], lab, "it leads no session");
    signal(first.pid(), Signal::KILL);
    first.close();
    first.ends();
    let mut second = Terminal::start(&home, &[]);
    second.shows("new session");
    let mut third = Terminal::start(&home, &["watch"]);
    third.shows("LOOKING ON");
    assert_eq!(std::fs::read_to_string(home.join("lock")).expect("is there").trim(), lab, "the same lab");
    third.type_(b"q");
    assert_eq!(third.ends(), 0);
    second.type_(b"q");
    assert_eq!(second.ends(), 0);
    limbic::store::Home::open(&home).expect("the last one took the lab along, and the home is free");
    let log = std::fs::read_to_string(home.join("lab/log")).expect("a log");
    assert!(log.contains("opens the lab") && log.contains("came (Watch)"), "{log}");
}

#[test]
fn a_home_that_is_being_recorded_to_is_refused_in_a_sentence() {
    let (_dir, home) = folder();
    let mut record = Command::new(PROGRAM)
        .arg("--home")
        .arg(&home)
        .args(["record", "--seconds", "60"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let pid = record.id().to_string();
    until("it records", || std::fs::read_to_string(home.join("lock")).ok().filter(|text| text.trim() == pid));
    let mut terminal = Terminal::start(&home, &[]);
    assert_eq!(terminal.ends(), 1);
    terminal.shows("has the home");
    terminal.shows(&pid);
    signal(record.id(), Signal::TERM);
    record.wait().expect("ends");
}

#[test]
fn a_terminal_whose_lab_was_killed_says_so_and_nothing_is_left_behind() {
    let (dir, home) = folder();
    // A player that never opens its socket: only the lab's end can end it.
    let (bin, pid_file) = (dir.path().join("bin"), dir.path().join("pid"));
    std::fs::create_dir(&bin).expect("made");
    std::fs::write(bin.join("mpv"), format!("#!/bin/sh\necho $$ > {}\nexec sleep 100\n", pid_file.display())).expect("written");
    std::fs::set_permissions(bin.join("mpv"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let lab = Lab::start(&home, &[("PATH", path)]);
    let mut terminal = {
        drop(Person::comes(&home, Role::Keyboard));
        Terminal::start(&home, &["attach"])
    };
    terminal.shows("new session");
    let rig = rig(dir.path());
    let text = std::fs::read_to_string(&rig).expect("read").replace("\"null\"", "\"mpv\"");
    std::fs::write(&rig, text).expect("written");
    let person = Person::comes(&home, Role::TakeOver);
    person.visit.send(limbic::lab::message::Command { id: 1, action: Action::Connect { rig: Some(rig) } });
    let player = until("the player runs", || std::fs::read_to_string(&pid_file).ok().filter(|text| text.ends_with('\n')));
    let status = format!("/proc/{}/status", player.trim());
    assert!(Path::new(&status).exists());
    signal(lab.0.id(), Signal::KILL);
    terminal.shows("NO LINE TO THE LAB: figures are old");
    let gone = |text: &str| text.lines().any(|l| l.starts_with("State:") && l.contains('Z'));
    until("the player is gone too", || std::fs::read_to_string(&status).map_or(true, |text| gone(&text)).then_some(()));
    assert_eq!(terminal.ends(), 1);
    terminal.shows("the lab is gone");
}
