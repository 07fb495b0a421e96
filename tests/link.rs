//! Keys over a bad line: the real loop and a real lab in a pty, and between it and us a line with a delay and a rate,
//! in user space. What is measured is the time from a key to the screen that answers it, as a person would see it.
//!
//! `cargo test --release --test link -- --ignored --nocapture` measures every live screen (ten minutes);
//! `LIMBIC_LINK_ONLY=gate` those whose name contains the word.

use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::{Lab, LabOptions, spawn};
use limbic::present::{Phase, Playlist};
use limbic::rig::Rig;
use limbic::show::{Link, Options, example, run};
use limbic::signal::{SECOND, SystemClock};
use limbic::store::rows::{Consent, Participant};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the child shows: "gate", "session", "rating", or without a lab "training" or "reviewed".
const SCENE: &str = "LIMBIC_LINK_SCENE";
const ROWS: u16 = 40;
const COLS: u16 = 120;
/// The way there and back takes twice this.
const ONE_WAY: Duration = Duration::from_millis(50);
/// Pieces in which the line carries bytes.
const PIECE: usize = 128;

struct Direct(limbic::lab::Link);

impl Link for Direct {
    fn send(&mut self, command: Command) {
        self.0.send(command);
    }
    fn events(&mut self) -> Vec<Event> {
        self.0.events()
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.0.snapshot()
    }
}

/// A situation of the example in which time passes and a training goes on; every command is acknowledged.
struct Example {
    snapshot: Snapshot,
    began: Instant,
    shown: u64,
    events: Vec<Event>,
}

impl Link for Example {
    fn send(&mut self, command: Command) {
        self.events.push(Event::Acknowledged { id: command.id });
    }
    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    /// Ten a second, an epoch a second.
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        let at = self.began.elapsed().as_millis() as u64 / 100;
        if at <= self.shown {
            return None;
        }
        let s = &mut self.snapshot;
        s.now += (at - self.shown) as i64 * SECOND / 10;
        if let Some(job) = &mut s.job {
            job.progress.done = (144 + at).min(400);
            let last = *job.curve.last().expect("a curve");
            if at / 10 > self.shown / 10 {
                job.curve.push((last.0 + 1, last.1 * 0.97, last.2 * 0.99, last.3));
            }
        }
        self.shown = at;
        Some(Arc::new(s.clone()))
    }
}

fn looks() -> Options {
    let depth = Some(limbic::show::Depth::TwoFiftySix);
    Options { depth, light: Some(false), utf8: true, ..Options::default() }
}

/// Not a test by itself: the program in the pty.
#[test]
#[ignore = "started by the other tests in a pty"]
fn child() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    let canned = match scene.as_str() {
        "training" => Some(example::training()),
        "reviewed" => Some(example::reviewed()),
        _ => None,
    };
    if let Some(snapshot) = canned {
        let link = Example { snapshot, began: Instant::now(), shown: 0, events: Vec::new() };
        run(link, looks()).expect("the screens run");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let lab = Lab::new(LabOptions::new(folder.path().join("home"), Arc::new(SystemClock))).expect("opens");
    let mut link = Direct(spawn(lab).expect("runs"));
    let mut rig = Rig::simulated(7);
    (rig.protocol.baseline_open_s, rig.protocol.baseline_closed_s, rig.protocol.fixation_s) = (0.0, 0.0, 0.5);
    let playlist = folder.path().join("playlist.toml");
    let video_s = if scene == "rating" { 2.0 } else { 600.0 };
    std::fs::write(&playlist, toml::to_string(&Playlist::simulated(2, video_s)).expect("text")).expect("written");
    rig.stimulus.playlist = Some(playlist);
    let path = folder.path().join("rig.toml");
    std::fs::write(&path, rig.to_toml()).expect("written");
    let participant = Participant { code: "P07".into(), ..Participant::default() };
    let consent = Consent { recording: true, form: "v1".into(), experimenter: "E1".into(), ..Consent::default() };
    let mut actions = vec![Action::Prepare { participant, consent }, Action::Connect { rig: Some(path) }];
    if scene != "gate" {
        actions.extend([Action::Override { reason: "a test".into() }, Action::Begin]);
    }
    for (id, action) in (1..).zip(actions) {
        link.send(Command { id, action });
        let done = |e: &Event| matches!(e, Event::Acknowledged { id: done } if *done == id);
        while !link.events().iter().any(done) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let wanted = |s: &Snapshot| scene != "rating" || s.protocol.phase == Phase::Rating;
    while !link.snapshot().is_some_and(|s| wanted(&s)) {
        std::thread::sleep(Duration::from_millis(50));
    }
    run(link, looks()).expect("the screens run");
}

/// Carries bytes with a delay and at most so many bits a second; the queue before it is as deep as it gets.
fn line(bits_per_s: f64) -> (Sender<Vec<u8>>, Receiver<Vec<u8>>) {
    let (into, queue) = channel::<Vec<u8>>();
    let (out, outcome) = channel();
    let (flying, landing) = channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut free = Instant::now();
        while let Ok(bytes) = queue.recv() {
            for piece in bytes.chunks(PIECE) {
                free = free.max(Instant::now()) + Duration::from_secs_f64(piece.len() as f64 * 8.0 / bits_per_s);
                if flying.send((free + ONE_WAY, piece.to_vec())).is_err() {
                    return;
                }
            }
        }
    });
    std::thread::spawn(move || {
        while let Ok((due, bytes)) = landing.recv() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if out.send(bytes).is_err() {
                return;
            }
        }
    });
    (into, outcome)
}

/// The far end of the line: a terminal that shows what arrives and answers what it is asked.
struct Far {
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Sender<Vec<u8>>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    received: Arc<Mutex<usize>>,
}

impl Far {
    fn of(scene: &str, bits_per_s: f64) -> Far {
        let size = PtySize { rows: ROWS, cols: COLS, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let mut command = CommandBuilder::new(std::env::current_exe().expect("this test"));
        command.args(["child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env(SCENE, scene);
        command.env("TERM", "xterm-256color");
        for name in ["TMUX", "STY", "NO_COLOR"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).expect("starts");
        drop(pair.slave);
        let (mut reader, mut writer) =
            (pair.master.try_clone_reader().expect("reads"), pair.master.take_writer().expect("writes"));
        let (down, arrives) = line(bits_per_s);
        let (keys, reaches) = line(bits_per_s);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLS, 0)));
        let received = Arc::new(Mutex::new(0));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if down.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
            drop(pair.master);
        });
        std::thread::spawn(move || {
            while let Ok(bytes) = reaches.recv() {
                if writer.write_all(&bytes).and_then(|()| writer.flush()).is_err() {
                    break;
                }
            }
        });
        let (shown, count, answers) = (screen.clone(), received.clone(), keys.clone());
        std::thread::spawn(move || {
            let mut tail: Vec<u8> = Vec::new();
            while let Ok(bytes) = arrives.recv() {
                shown.lock().expect("whole").process(&bytes);
                *count.lock().expect("whole") += bytes.len();
                tail.extend(&bytes);
                while let Some(at) = tail.windows(4).position(|w| w == b"\x1b[5n") {
                    tail.drain(..at + 4);
                    if answers.send(b"\x1b[0n".to_vec()).is_err() {
                        return;
                    }
                }
                tail.drain(..tail.len().saturating_sub(3));
            }
        });
        Far { screen, keys, child, received }
    }

    fn shows(&self, word: &str) -> bool {
        self.screen.lock().expect("whole").screen().contents().contains(word)
    }

    /// How long until the screen is so; None after half a minute.
    fn until(&self, so: impl Fn(&Far) -> bool) -> Option<Duration> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if so(self) {
                return Some(began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        None
    }

    fn types(&self, keys: &str) {
        self.keys.send(keys.as_bytes().to_vec()).expect("the line holds");
    }

    /// From each key to its answer, seconds; `rounds` of four keys.
    fn measure(&self, word: &str, rounds: usize) -> Vec<f64> {
        let mut took = Vec::new();
        let mut key = |keys: &str, so: &dyn Fn(&Far) -> bool| {
            self.types(keys);
            took.push(self.until(so).map_or(30.0, |t| t.as_secs_f64()));
            std::thread::sleep(Duration::from_millis(350 + 130 * (took.len() as u64 % 5)));
        };
        for _ in 0..rounds {
            key(":", &|far| far.shows("earlier ones"));
            key("\x1b", &|far| !far.shows("earlier ones"));
            key("?", &|far| far.shows("on every screen"));
            key("?", &|far| !far.shows("on every screen") && far.shows(word));
        }
        took.sort_by(f64::total_cmp);
        took
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // Ended already where the test has failed; errors are of no use here.
        let _ = self.child.kill();
    }
}

/// (screen, scene, keys that lead there, a word of it)
const SCREENS: [(&str, &str, &str, &str); 10] = [
    ("devices", "gate", ":devices\r", "2/7"),
    ("gate", "gate", ":gate\r", "4/7"),
    ("session, overview", "session", "1", "overview"),
    ("session, 32 traces", "session", "2", "all channels"),
    ("session, heart", "session", "4", "heart and others"),
    ("session, band maps", "session", "5", "band maps"),
    ("rating", "rating", "", "VALENCE"),
    ("train", "training", ":train\r", "Learning"),
    ("review", "reviewed", ":review\r", "By trial and second"),
    ("explain", "reviewed", ":review\re", "Quality Test"),
];

/// Median and 95th percentile of a screen over a line.
fn measured(name: &str, bits_per_s: f64, rounds: usize) -> (f64, f64) {
    let (_, scene, keys, word) = SCREENS.iter().find(|s| s.0 == name).expect("a screen");
    let far = Far::of(scene, bits_per_s);
    // Every screen offers this; "help" gives way where keys are many.
    far.until(|f| f.shows("command")).expect("the program starts");
    std::thread::sleep(Duration::from_secs(3));
    for key in keys.split_inclusive(|_| true) {
        far.types(key);
        std::thread::sleep(Duration::from_millis(300));
    }
    far.until(|f| f.shows(word)).unwrap_or_else(|| {
        let screen = far.screen.lock().expect("whole").screen().contents();
        panic!("{name} does not come:\n{screen}")
    });
    // The pace finds itself.
    std::thread::sleep(Duration::from_secs(4));
    let (before, began) = (*far.received.lock().expect("whole"), Instant::now());
    let took = far.measure(word, rounds);
    let rate = (*far.received.lock().expect("whole") - before) as f64 / began.elapsed().as_secs_f64();
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
    println!(
        "{name:<20} {:>5.0} kbit/s, {} ms: median {:.3} s, 95 % {:.3} s, longest {:.3} s of {} keys; {rate:.0} B/s",
        bits_per_s / 1e3,
        2 * ONE_WAY.as_millis(),
        at(0.5),
        at(0.95),
        at(1.0),
        took.len()
    );
    (at(0.5), at(0.95))
}

#[test]
#[ignore = "measures for some minutes; wants a quiet machine"]
fn every_live_screen_answers_keys_over_a_bad_line() {
    let mut slow = Vec::new();
    let only = std::env::var("LIMBIC_LINK_ONLY").unwrap_or_default();
    for (name, ..) in SCREENS.iter().filter(|s| s.0.contains(&only)) {
        let (median, most) = measured(name, 100e3, 8);
        if median > 0.4 || most > 1.5 {
            slow.push(format!("{name} at 100 kbit/s: {median:.3} s, {most:.3} s"));
        }
        let (median, _) = measured(name, 1e6, 8);
        if median > 0.2 {
            slow.push(format!("{name} at 1 Mbit/s: {median:.3} s"));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

/// The same in short, with room for a busy machine: without a pace the answer would take half a minute.
#[test]
fn a_recording_answers_keys_over_a_hundred_kilobits() {
    let (median, most) = measured("session, 32 traces", 100e3, 2);
    assert!(median < 2.0 && most < 6.0, "{median:.2} s, {most:.2} s");
}
