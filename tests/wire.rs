//! The lab's socket: who is let in and what they may do, messages that make no sense, a fuzzer, and visitors that do
//! not read. The lab records meanwhile and must not lose a sample.

mod visitors;

use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::socket::wire::{self, Hello, LARGEST_SAY, LARGEST_TELL, PROTOCOL, Role, Say, Tell};
use limbic::lab::socket::{Options, Server};
use limbic::lab::{Lab, LabOptions};
use limbic::signal::{MarkerKind, Rating, Seed, SystemClock};
use limbic::store::rows::{Consent, Participant};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use visitors::{LONG, Person, complete, rig, stored, until};

/// A lab that serves on threads of this process.
struct Room {
    dir: tempfile::TempDir,
    stop: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Room {
    fn open() -> Room {
        Room::with(None)
    }

    fn with(idle: Option<Duration>) -> Room {
        let dir = tempfile::tempdir().expect("a folder");
        let stop = Arc::new(AtomicBool::new(false));
        let lab = Lab::new(LabOptions::new(dir.path().join("home"), Arc::new(SystemClock))).expect("opens");
        let server = Server::open(&lab).expect("binds");
        let options = Options { idle, stop: stop.clone(), notice: Box::new(|_| {}) };
        let server = std::thread::spawn(move || server.run(lab, options).expect("serves"));
        Room { dir, stop, server: Some(server) }
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn recording(&self) -> Person {
        let mut person = Person::comes(&self.home(), Role::Keyboard);
        person.records(rig(self.dir.path()));
        person
    }

    /// Ends the lab from outside and waits until the home is free.
    fn close(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.server.take().expect("served").join().expect("no panic");
    }
}

/// A visitor that speaks bytes.
struct Raw(UnixStream);

impl Raw {
    fn knock(home: &Path) -> Raw {
        let stream = UnixStream::connect(home.join("lab/socket")).expect("connects");
        stream.set_read_timeout(Some(LONG)).expect("set");
        Raw(stream)
    }

    fn greeted(home: &Path) -> Raw {
        let mut raw = Raw::knock(home);
        wire::greet(&mut raw.0).expect("writes");
        raw
    }

    fn welcomed(home: &Path, nonce: u64, role: Role) -> Raw {
        let mut raw = Raw::greeted(home);
        raw.say(&Say::Hello(Hello { version: env!("CARGO_PKG_VERSION").into(), nonce, role }));
        wire::greeted(&mut raw.0).expect("greets");
        assert!(matches!(raw.hear(), Tell::Welcome { .. }));
        raw
    }

    fn say(&mut self, say: &Say) {
        wire::write(&mut self.0, say, LARGEST_SAY).expect("writes");
    }

    fn hear(&mut self) -> Tell {
        wire::read(&mut self.0, LARGEST_TELL).expect("hears")
    }

    fn answer(&mut self) -> Event {
        loop {
            match self.hear() {
                Tell::Event(event @ (Event::Acknowledged { .. } | Event::Refused { .. })) => return event,
                Tell::Goodbye { why } => panic!("{why}"),
                _ => {}
            }
        }
    }

    /// What the lab says before it closes the line; None: nothing.
    fn goodbye(&mut self) -> Option<String> {
        loop {
            match wire::read(&mut self.0, LARGEST_TELL) {
                Ok(Tell::Goodbye { why }) => return Some(why),
                Ok(_) => {}
                Err(wire::WireError::Closed) => return None,
                Err(e) => panic!("{e}"),
            }
        }
    }
}

/// A frame around these bytes.
fn frame(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn packed(value: &Value) -> Vec<u8> {
    frame(&rmp_serde::to_vec_named(value).expect("packs"))
}

fn hello(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = json!({"Hello": {"version": env!("CARGO_PKG_VERSION"), "nonce": 7, "role": "Watch"}});
    change(&mut value);
    packed(&value)
}

/// What a newcomer may do wrong after the preamble, and a word of the answer.
fn bad_introductions() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 3].to_vec();
    let trailing = |extra: &[u8]| frame(&[&hello(|_| {})[4..], extra].concat());
    vec![
        ("length 0", vec![0; 4], "not allowed"),
        ("length of 4 GiB", vec![0xff; 4], "not allowed"),
        ("one byte too long", ((LARGEST_SAY + 1) as u32).to_le_bytes().to_vec(), "not allowed"),
        ("half a length", vec![9, 0], ""),
        ("a hello that breaks off", cut(hello(|_| {})), "broke off"),
        ("the byte that means nothing", frame(&[0xc1]), "cannot be understood"),
        ("nil", frame(&[0xc0]), "cannot be understood"),
        ("a number", frame(&[42]), "cannot be understood"),
        ("an array that claims 4 billion items", frame(&[0xdd, 255, 255, 255, 255]), "cannot be understood"),
        ("a string that claims 4 GiB", frame(&[0xdb, 255, 255, 255, 255, b'x']), "cannot be understood"),
        ("60,000 arrays in each other", frame(&[0x91; 60_000]), "cannot be understood"),
        ("a string that is no text", frame(&[0xa2, 0xff, 0xfe]), "cannot be understood"),
        ("an unknown message", packed(&json!({"Shout": {}})), "cannot be understood"),
        ("a role that is none", hello(|h| h["Hello"]["role"] = json!("Owner")), "cannot be understood"),
        ("a nonce below zero", hello(|h| h["Hello"]["nonce"] = json!(-1)), "cannot be understood"),
        ("a hello without a version", hello(|h| h["Hello"] = json!({"nonce": 1, "role": "Watch"})), "cannot be understood"),
        ("something behind the hello", trailing(&[0xc0]), "do not belong"),
        ("a command first", packed(&json!({"Command": {"id": 1, "action": "Begin"}})), "must be a hello"),
        ("another version", hello(|h| h["Hello"]["version"] = json!("9.9.9")), "closes a recording cleanly"),
        ("a version of 60,000 letters", hello(|h| h["Hello"]["version"] = json!("9".repeat(60_000))), "this is limbic 99999"),
    ]
}

/// What a visitor may do wrong later.
fn bad_messages() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let rate = |valence: Value| {
        let rating = json!({"valence": valence, "arousal": null, "emotion": null});
        packed(&json!({"Command": {"id": 1, "action": {"Rate": {"rating": rating, "by": "p", "done": false, "reason": ""}}}}))
    };
    vec![
        ("a second hello", hello(|_| {}), "second hello"),
        ("an action that is none", packed(&json!({"Command": {"id": 1, "action": "Explode"}})), "cannot be understood"),
        ("a command without an id", packed(&json!({"Command": {"action": "Begin"}})), "cannot be understood"),
        ("an id with a fraction", packed(&json!({"Command": {"id": 1.5, "action": "Begin"}})), "cannot be understood"),
        ("a valence in words", rate(json!("high")), "cannot be understood"),
        (
            "a note of 70,000 letters",
            packed(&json!({"Command": {"id": 1, "action": {"Note": {"text": "x".repeat(70_000)}}}})),
            "not allowed",
        ),
        ("seen below zero", packed(&json!({"Seen": {"seq": -1}})), "cannot be understood"),
        ("text instead of a frame", b"quit\n".to_vec(), "not allowed"),
        ("half a frame", frame(&[0x81; 40])[..20].to_vec(), "broke off"),
    ]
}

#[test]
fn malformed_messages_end_that_visitor_with_a_sentence_and_nothing_else() {
    let mut room = Room::open();
    let mut person = room.recording();
    let home = room.home();
    let mut strangers = vec![("a web browser", b"GET / HTTP/1.1\r\n\r\n".to_vec(), "speaks only with limbic")];
    strangers.push((
        "another protocol",
        [b"limbic\0".as_slice(), &[PROTOCOL + 1]].concat(),
        "cannot speak with limbic of protocol",
    ));
    strangers.push(("nothing at all", vec![], ""));
    let mut tried = 0;
    let mut check = |name: &str, mut raw: Raw, bytes: &[u8], word: &str| {
        raw.0.write_all(bytes).expect("writes");
        raw.0.shutdown(Shutdown::Write).expect("shuts");
        let why = raw.goodbye();
        println!("{name}: {}", why.as_deref().unwrap_or("(the line is closed)"));
        assert_eq!(word.is_empty(), why.is_none(), "{name}: {why:?}");
        assert!(why.is_none_or(|why| why.contains(word) && !why.contains('\n') && why.len() < 300), "{name}");
        tried += 1;
    };
    for (name, bytes, word) in strangers {
        let mut raw = Raw::knock(&home);
        wire::greeted(&mut raw.0).expect("the lab greets first");
        check(name, raw, &bytes, word);
    }
    for (name, bytes, word) in bad_introductions() {
        let mut raw = Raw::greeted(&home);
        wire::greeted(&mut raw.0).expect("greets");
        check(name, raw, &bytes, word);
    }
    for (name, bytes, word) in bad_messages() {
        check(name, Raw::welcomed(&home, 5, Role::Watch), &bytes, word);
    }
    println!("{tried} kinds");
    assert!(tried >= 30);
    person.done(Action::Note { text: "still here".into() });
    assert!(person.visit.has_keyboard());
    room.close();
    complete(&home);
}

#[test]
fn every_snapshot_crosses_the_wire_unchanged() {
    use limbic::show::example;
    let all = [
        example::home(),
        example::prepared(),
        example::gate_failing(),
        example::recording(),
        example::rating(),
        example::paused(),
        example::summary(),
        example::training(),
        example::reviewed(),
    ];
    let mut longest = 0;
    for snapshot in all {
        let tell = Tell::Snapshot { catalogue: true, review: true, snapshot: Box::new(snapshot) };
        let mut bytes = Vec::new();
        wire::write(&mut bytes, &tell, LARGEST_TELL).expect("fits");
        assert_eq!(wire::read::<Tell>(&mut bytes.as_slice(), LARGEST_TELL).expect("reads"), tell);
        longest = longest.max(bytes.len());
    }
    println!("the longest has {longest} bytes");
}

#[test]
fn a_fuzzer_neither_ends_the_lab_nor_costs_a_sample() {
    let seconds = std::env::var("LIMBIC_FUZZ_S").ok().and_then(|s| s.parse().ok()).unwrap_or(4.0);
    let mut room = Room::open();
    let mut person = room.recording();
    let home = room.home();
    let mut seed = Seed::new(20_261_121).fork("fuzzer");
    let began = Instant::now();
    let (mut visits, mut answered, mut bytes_sent) = (0u32, 0u32, 0usize);
    while began.elapsed().as_secs_f64() < seconds {
        let mut raw = Raw::knock(&home);
        raw.0.set_nonblocking(true).expect("set");
        let bytes = nonsense(&mut seed);
        // The lab may have closed the line before all of it was written.
        let _ = raw.0.write_all(&bytes);
        // Most wait for an answer, so that there is room for the next; some leave at once.
        if seed.below(4) > 0 {
            raw.0.set_nonblocking(false).expect("set");
            raw.0.set_read_timeout(Some(Duration::from_millis(30))).expect("set");
            let mut heard = [0; 512];
            let _ = raw.0.read(&mut heard[..8]);
            let n = raw.0.read(&mut heard).unwrap_or(0);
            answered += u32::from(n > 0 && !heard.windows(8).any(|w| w == b"visitors"));
        }
        (visits, bytes_sent) = (visits + 1, bytes_sent + bytes.len());
        person.look();
    }
    println!("{visits} visits ({answered} heard more than the greeting), {bytes_sent} bytes in {seconds} s");
    person.done(Action::Note { text: "still here".into() });
    let live = person.sees("the recording goes on", |s| s.recording);
    assert_eq!(live.lost, 0);
    room.close();
    complete(&home);
}

/// Anything between noise and a conversation with a flaw in it.
fn nonsense(seed: &mut Seed) -> Vec<u8> {
    let noise = |seed: &mut Seed, most: usize| (0..seed.below(most)).map(|_| seed.bits() as u8).collect::<Vec<u8>>();
    if seed.below(8) == 0 {
        return noise(seed, 300);
    }
    let mut bytes = [b"limbic\0".as_slice(), &[PROTOCOL]].concat();
    let all: Vec<_> = bad_introductions().into_iter().chain(bad_messages()).collect();
    if seed.below(3) > 0 {
        let role = ["Keyboard", "Watch", "Rate"][seed.below(3)];
        let nonce = seed.bits();
        bytes.extend(hello(|h| h["Hello"] = json!({"version": env!("CARGO_PKG_VERSION"), "nonce": nonce, "role": role})));
    }
    for _ in 0..1 + seed.below(6) {
        match seed.below(3) {
            0 => bytes.extend(&all[seed.below(all.len())].1),
            1 => bytes.extend(frame(&noise(seed, 200))),
            _ => bytes.extend(packed(&json!({"Command": {"id": seed.bits(), "action": "StopJob"}}))),
        }
    }
    // Sometimes a few bits are wrong, sometimes the end is missing.
    for _ in 0..seed.below(4) {
        let at = seed.below(bytes.len());
        bytes[at] ^= 1 << seed.below(8);
    }
    if seed.below(3) == 0 {
        bytes.truncate(seed.below(bytes.len()));
    }
    bytes
}

#[test]
fn a_command_that_is_said_again_is_done_once_and_answered_again() {
    let mut room = Room::open();
    let mut person = room.recording();
    let home = room.home();
    drop(person.visit);
    person = Person::comes(&home, Role::Watch);
    let note = Say::Command(Command { id: 77, action: Action::Note { text: "sleepy".into() } });
    let same = Event::Acknowledged { id: 77 };
    let mut first = Raw::welcomed(&home, 1, Role::TakeOver);
    first.say(&note);
    first.say(&note);
    assert_eq!(first.answer(), same);
    first.say(&note);
    assert_eq!(first.answer(), same, "the earlier answer");
    drop(first);
    let mut again = Raw::welcomed(&home, 1, Role::Keyboard);
    again.say(&note);
    assert_eq!(again.answer(), same, "over another line too");
    let mut other = Raw::welcomed(&home, 2, Role::TakeOver);
    other.say(&note);
    assert_eq!(other.answer(), same);
    person.sees("two notes", |_| true);
    room.close();
    let notes = stored(&home).2.into_iter().filter(|m| m.kind == MarkerKind::Note).count();
    assert_eq!(notes, 2, "one of each client");
    complete(&home);
}

#[test]
fn one_has_the_keyboard_and_the_others_look_on() {
    let mut room = Room::open();
    let mut first = room.recording();
    let home = room.home();
    let mut watcher = Person::comes(&home, Role::Watch);
    let mut rater = Person::comes(&home, Role::Rate);
    let mut polite = Person::comes(&home, Role::Keyboard);
    let note = || Action::Note { text: "x".into() };
    assert!(watcher.refused(note()).contains("only looks on"));
    assert!(rater.refused(note()).contains("only answers questions"));
    until("who came second is told why it looks on", || {
        polite.look();
        polite.events.iter().any(|e| matches!(e, Event::News { text, .. } if text.contains("has the keyboard"))).then_some(())
    });
    assert!(polite.refused(note()).contains("limbic attach"));
    let rate = || Action::Rate { rating: Rating::default(), by: "participant".into(), done: false, reason: String::new() };
    // Let through to the lab, which is in a video.
    let refused = rater.refused(rate());
    assert!(!refused.contains("only"), "{refused}");
    let shown = watcher.sees("a picture", |s| !s.traces.channels.is_empty());
    assert!(shown.participant.is_some() && shown.recording);
    let shown = rater.sees("the phase", |s| s.recording);
    assert!(shown.participant.is_none() && shown.traces.channels.is_empty() && shown.protocol.intended.is_none());
    assert!(shown.log.is_empty() && shown.trials.is_empty() && shown.catalogue.participants.is_empty());
    first.done(note());
    let mut attached = Person::comes(&home, Role::TakeOver);
    attached.done(note());
    until("the first is told", || {
        first.look();
        first.events.iter().any(|e| matches!(e, Event::News { text, .. } if text.contains("took the keyboard"))).then_some(())
    });
    assert!(!first.visit.has_keyboard() && first.refused(note()).contains("limbic attach"));
    for mut watcher in [watcher, rater] {
        watcher.done(Action::Quit);
    }
    drop(attached);
    until("the keyboard comes to who waits", || polite.visit.has_keyboard().then_some(()));
    polite.done(note());
    assert!(limbic::lab::socket::stop(&home).expect_err("records").to_string().contains("being recorded"));
    room.close();
    until("everybody hears the end", || first.visit.ended().filter(|why| why.contains("told to stop")));
    complete(&home);
}

#[test]
fn only_the_terminal_with_the_keyboard_is_sent_the_face() {
    let mut room = Room::open();
    let home = room.home();
    let mut first = Person::comes(&home, Role::Keyboard);
    let participant = Participant { code: "P07".into(), ..Participant::default() };
    let consent = Consent { recording: true, face_stored: true, form: "v1".into(), ..Consent::default() };
    first.done(Action::Prepare { participant, consent });
    first.done(Action::Connect { rig: Some(rig(room.dir.path())) });
    let mut watcher = Person::comes(&home, Role::Watch);
    first.done(Action::Preview { on: true });
    let pixels = |s: &Snapshot| s.guided.camera.as_ref().is_some_and(|c| c.preview.is_some());
    let shown = first.sees("the face", pixels);
    let shown = watcher.sees("a later picture", |s| s.seq > shown.seq);
    let camera = shown.guided.camera.as_ref().expect("its figures are for all");
    assert!(!pixels(&shown) && camera.wanted && camera.refused.contains("limbic attach") && camera.brightness > 0.0);
    let mut attached = Person::comes(&home, Role::TakeOver);
    let shown = attached.sees("the face", pixels);
    first.sees("no face any more", |s| s.seq > shown.seq && !pixels(s));
    room.close();
}

#[test]
fn a_visitor_that_does_not_read_holds_up_nobody_and_is_dropped() {
    let mut room = Room::open();
    let home = room.home();
    let stuck = Raw::welcomed(&home, 9, Role::Keyboard);
    let mut person = Person::comes(&home, Role::TakeOver);
    person.records(rig(room.dir.path()));
    drop(person.visit);
    let _also_stuck: Vec<Raw> = (20..30).map(|n| Raw::welcomed(&home, n, Role::Watch)).collect();
    let before = resident_kib();
    let mut person = Person::comes(&home, Role::TakeOver);
    let mut newest = person.sees("a picture", |s| s.recording);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(12) {
        person.look();
        let Some(latest) = person.latest.clone().filter(|s| s.seq != newest.seq) else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let gap = limbic::signal::seconds(latest.now - newest.now);
        assert!(gap < 5.0, "the others' pictures stood still for {gap} s");
        newest = latest;
    }
    let grown = resident_kib().saturating_sub(before);
    println!("11 visitors did not read for 12 s: memory grew by {grown} KiB, lost {}", newest.lost);
    // What the other tests of this process take meanwhile is in it too.
    assert!(grown < 100_000, "{grown} KiB");
    let mut dropped = stuck;
    assert!(dropped.0.write_all(&frame(&[0])).is_err() || dropped.goodbye().is_none());
    room.close();
    complete(&home);
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn a_lab_ends_when_it_is_idle_and_alone_or_asked_to() {
    let mut room = Room::with(Some(Duration::from_millis(300)));
    let home = room.home();
    let mut person = Person::comes(&home, Role::Keyboard);
    std::thread::sleep(Duration::from_millis(800));
    person.sees("it stays while it is visited", |_| true);
    drop(person);
    room.server.take().expect("served").join().expect("ends by itself");
    assert!(!home.join("lab/socket").exists(), "it takes its socket along");

    let mut room = Room::open();
    let (home, mut person) = (room.home(), Person::comes(&room.home(), Role::Keyboard));
    person.sees("a picture", |_| true);
    limbic::lab::socket::stop(&home).expect("nothing is recorded");
    limbic::store::Home::open(&home).expect("the home is free");
    until("the visitor hears it", || person.visit.ended());
    room.close();

    let mut room = Room::open();
    let home = room.home();
    let mut person = Person::comes(&home, Role::Keyboard);
    person.sees("a picture", |_| true);
    let rater = Person::comes(&home, Role::Rate);
    let mut other = Person::comes(&home, Role::Keyboard);
    other.sees("a picture", |_| true);
    let why = person.refused(Action::Quit);
    assert!(why.contains("another terminal is attached"), "{why}");
    other.done(Action::Quit);
    drop(other);
    until("the other has left", || person.wish(Action::Quit).is_ok().then_some(()));
    limbic::store::Home::open(&home).expect("the last one at the keyboard took the lab along");
    until("the participant's screen is told", || rater.visit.ended());
    room.close();
}
