//! What the guided session's screens ask of the lab: electrodes, self-test, playlist, preview, moments, segments, drafts.
//! Whole sessions on the simulator with a clock that only moves when told.

use limbic::lab::guided::{Labelling, Outcome};
use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::{Lab, LabOptions};
use limbic::present::{Phase, Playlist};
use limbic::rig::Rig;
use limbic::signal::{Clock, Emotion, ManualClock, Placed, Rating, Segment};
use limbic::store::Home;
use limbic::store::rows::{Consent, Participant, SessionId};
use std::sync::Arc;
use std::time::Duration;

const STEP: Duration = Duration::from_millis(50);

/// Opens what was just closed. Where another test starts a command at that moment, the new process has our locks too
/// until it becomes that command.
fn again<T, E: std::fmt::Debug>(open: impl Fn() -> Result<T, E>) -> T {
    for _ in 0..40 {
        if let Ok(opened) = open() {
            return opened;
        }
        std::thread::sleep(STEP);
    }
    open().expect("opens again")
}

/// A lab in a temporary home; three clips of six seconds.
struct Bench {
    lab: Lab,
    clock: Arc<ManualClock>,
    dir: tempfile::TempDir,
    next: u64,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().expect("temporary folder");
        let clock = Arc::new(ManualClock::new(1_790_000_000_000_000_000));
        let mut options = LabOptions::new(dir.path().join("sessions"), clock.clone());
        options.playlist = Playlist::simulated(4, 6.0);
        Bench { lab: Lab::new(options).expect("a fresh home opens"), clock, dir, next: 0 }
    }

    fn step(&mut self) {
        self.clock.wait(STEP);
        self.lab.step();
    }

    fn seconds(&mut self, seconds: f64) {
        (0..(seconds / STEP.as_secs_f64()).round() as usize).for_each(|_| self.step());
    }

    fn snapshot(&mut self) -> Snapshot {
        self.lab.snapshot()
    }

    fn until(&mut self, phase: Phase) {
        for _ in 0..3000 {
            if self.snapshot().protocol.phase == phase {
                return;
            }
            self.step();
        }
        panic!("never came to {phase:?}");
    }

    fn wish(&mut self, action: Action) -> Result<(), String> {
        self.next += 1;
        let id = self.next;
        self.lab.handle(Command { id, action });
        for _ in 0..2000 {
            for event in self.lab.take_events() {
                match event {
                    Event::Acknowledged { id: answered } if answered == id => return Ok(()),
                    Event::Refused { id: answered, why } if answered == id => return Err(why),
                    _ => {}
                }
            }
            // The recorder's flush takes real time; the experiment's clock stands still meanwhile.
            std::thread::sleep(Duration::from_millis(1));
            self.lab.step();
        }
        panic!("command {id} was never answered");
    }

    fn done(&mut self, action: Action) {
        let what = format!("{action:?}");
        self.wish(action).unwrap_or_else(|why| panic!("{what} was refused: {why}"));
    }

    fn refused(&mut self, action: Action) -> String {
        let what = format!("{action:?}");
        self.wish(action).err().unwrap_or_else(|| panic!("{what} was not refused"))
    }

    fn prepare(&mut self, code: &str, face_stored: bool) {
        let participant = Participant { code: code.into(), ..Participant::default() };
        let consent = Consent { recording: true, face_stored, ..Consent::default() };
        self.done(Action::Prepare { participant, consent });
    }

    /// Prepared and connected to a rig of short phases; `stimulus`: more of its table [stimulus].
    fn connected(face_stored: bool, stimulus: &str) -> Bench {
        let mut bench = Bench::new();
        bench.prepare("P07", face_stored);
        let rig = bench.dir.path().join("rig.toml");
        let text = format!(
            "name = \"bench\"\n[gate]\nwindow_s = 5.0\n[protocol]\nbaseline_open_s = 1.0\nbaseline_closed_s = 1.0\n\
             fixation_s = 1.0\nrest_s = 1.0\n[stimulus]\nplayer = \"null\"\n{stimulus}\n[[device]]\nkind = \"simulator\"\nseed = 5\n"
        );
        std::fs::write(&rig, text).expect("written");
        bench.done(Action::Connect { rig: Some(rig) });
        bench.seconds(9.0);
        bench
    }

    fn begun() -> Bench {
        let mut bench = Bench::connected(true, "");
        bench.done(Action::Begin);
        bench
    }

    fn session(&mut self) -> SessionId {
        self.snapshot().session.expect("prepared").id
    }

    fn place(&mut self, label: &str, state: Placed, note: &str) {
        self.done(Action::Place { label: label.into(), state, note: note.into() });
    }

    fn rate(&mut self) {
        self.until(Phase::Rating);
        let rating = Rating { valence: Some(7.0), arousal: Some(4.0), emotion: Some(Emotion::Fear) };
        self.done(Action::Rate { rating, by: "participant".into(), done: true, reason: String::new() });
    }

    fn abort(&mut self) {
        self.done(Action::Abort { typed: "P07".into() });
        self.seconds(3.0);
        assert!(!self.snapshot().recording);
    }

    /// The timeline of a trial once it is read.
    fn timeline(&mut self, session: SessionId, trial: u32) -> Arc<Labelling> {
        self.done(Action::Label { session, trial });
        for _ in 0..2000 {
            self.lab.step();
            if let Some(open) = self.snapshot().guided.labelling.filter(|l| l.trial.number == trial) {
                return open;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("the timeline was never read");
    }
}

#[test]
fn marked_electrodes_are_stored_and_left_out_of_the_gate() {
    let mut bench = Bench::connected(true, "");
    let before = bench.snapshot();
    assert!(before.guided.electrodes.len() >= 32 && before.guided.electrodes.iter().all(|e| e.mark.state == Placed::Waiting));
    bench.place("Fz", Placed::Placed, "");
    bench.place("T8", Placed::Bad, "cable is loose");
    assert!(
        bench.refused(Action::Place { label: "XX1".into(), state: Placed::Bad, note: String::new() }).contains("no electrode")
    );
    bench.seconds(1.5);
    let after = bench.snapshot();
    let t8 = after.quality.as_ref().and_then(|q| q.channels.iter().find(|c| c.label == "T8")).expect("judged").clone();
    assert!(t8.score == 0.0 && t8.detail.contains("marked bad"), "{t8:?}");
    assert!(after.verdict.as_ref().expect("judged").pass, "one of 32 may be bad: {:?}", after.verdict);
    let id = bench.session();
    bench.done(Action::Begin);
    bench.place("T8", Placed::Placed, "plugged in again");
    bench.place("Oz", Placed::Bad, "");
    bench.abort();
    let recording = bench.lab.home().recording(id).expect("reads");
    assert_eq!(recording.marked_bad(), ["Oz"], "{:?}", recording.placements);
    assert_eq!(recording.placements.iter().find(|p| p.label == "T8").expect("kept").note, "plugged in again");
    // Rebuilding the catalogue from the journals loses none of it.
    drop(bench.lab);
    let home = again(|| Home::open(&bench.dir.path().join("sessions")));
    home.rebuild().expect("rebuilt");
    assert_eq!(home.recording(id).expect("reads").placements.len(), 3);
}

#[test]
fn the_self_test_watches_every_stream_and_runs_again() {
    let mut bench = Bench::connected(true, "");
    bench.seconds(2.0);
    let test = bench.snapshot().guided.test.expect("began by itself");
    assert!(test.is_over() && test.streams.len() >= 2, "{test:?}");
    assert_eq!(test.failures(), 0, "{test:#?}");
    for stream in &test.streams {
        let moving = stream.checks.iter().find(|c| c.what == "moving").expect("looked at");
        assert_eq!(moving.outcome, Outcome::Holds, "{stream:?}");
    }
    bench.done(Action::SelfTest);
    bench.step();
    assert!(!bench.snapshot().guided.test.expect("again").is_over());
    bench.done(Action::Disconnect);
    assert!(bench.snapshot().guided.test.is_none());
    assert!(bench.refused(Action::SelfTest).contains("connect"));
}

#[test]
fn each_session_has_an_order_of_its_own_unless_a_seed_is_named() {
    let seed = |bench: &mut Bench| bench.snapshot().guided.playlist.expect("there").seed.expect("shuffled");
    let mut bench = Bench::connected(true, "");
    let first = seed(&mut bench);
    bench.done(Action::Order { seed: Some(12) });
    bench.prepare("P08", true);
    let second = seed(&mut bench);
    assert!(second != first && second != 12, "{first} {second}");
    bench.prepare("P07", true);
    assert_ne!(seed(&mut bench), first, "the second session of P07");
    assert_eq!(seed(&mut Bench::connected(true, "")), first, "the same again in another home");
    bench.done(Action::Begin);
    let session = bench.snapshot().session.expect("begun");
    assert_eq!(session.order_seed, seed(&mut bench));
    let stored = Rig::parse(&session.rig, "rig".as_ref()).expect("a rig");
    assert_eq!(stored.protocol.order_seed, Some(session.order_seed));
    bench.abort();
    let rig = bench.dir.path().join("rig.toml");
    let text = std::fs::read_to_string(&rig).expect("written").replace("[protocol]", "[protocol]\norder_seed = 5");
    std::fs::write(&rig, text).expect("written");
    for code in ["P07", "P09"] {
        bench.prepare(code, true);
        bench.done(Action::Connect { rig: Some(rig.clone()) });
        assert_eq!(seed(&mut bench), 5, "named by the rig");
    }
}

#[test]
fn the_playlist_is_reshuffled_before_the_start_only_and_a_missing_file_begins_nothing() {
    let mut bench = Bench::connected(true, "");
    let names = |s: &Snapshot| -> Vec<String> {
        s.guided.playlist.as_ref().expect("there").entries.iter().map(|e| e.name.clone()).collect()
    };
    let listed = {
        bench.done(Action::Order { seed: None });
        names(&bench.snapshot())
    };
    bench.done(Action::Order { seed: Some(12) });
    let view = bench.snapshot().guided.playlist.expect("there");
    assert_eq!((view.seed, view.repeats(), view.entries.len()), (Some(12), 0, 4));
    assert!((view.total_s - (4.0 * (6.0 + 2.0) + 2.0)).abs() < 1e-9, "{}", view.total_s);
    let shuffled = names(&bench.snapshot());
    assert!(listed.iter().all(|n| shuffled.contains(n)));
    bench.done(Action::Begin);
    assert_eq!(bench.snapshot().session.expect("begun").order_seed, 12);
    bench.until(Phase::Video);
    assert_eq!(bench.snapshot().protocol.stimulus, shuffled[0]);
    assert!(bench.refused(Action::Order { seed: Some(13) }).contains("being recorded"));
    bench.abort();

    let clips = "name = \"clips\"\n[[video]]\nname = \"sea\"\nfile = \"sea.mp4\"\nintended = \"calm\"\nlength_s = 5\n";
    let mut bench = Bench::new();
    std::fs::write(bench.dir.path().join("clips.toml"), clips).expect("written");
    drop(bench.lab);
    let lab = again(|| Lab::new(LabOptions::new(bench.dir.path().join("sessions"), bench.clock.clone())));
    bench = Bench { lab, ..bench };
    let participant = Participant { code: "P08".into(), ..Participant::default() };
    bench.done(Action::Prepare { participant, consent: Consent { recording: true, ..Consent::default() } });
    let mut rig = Rig::simulated(5);
    rig.stimulus.playlist = Some("clips.toml".into());
    let path = bench.dir.path().join("rig.toml");
    std::fs::write(&path, rig.to_toml()).expect("written");
    bench.done(Action::Connect { rig: Some(path) });
    let entry = bench.snapshot().guided.playlist.expect("there").entries[0].clone();
    assert!(entry.trouble.expect("missing").contains("is not at"));
    bench.done(Action::Override { reason: "trial run".into() });
    let why = bench.refused(Action::Begin);
    assert!(why.contains("sea") && why.contains("copy it there"), "{why}");
    assert!(bench.refused(Action::CheckPlaylist).contains("sea"));
    std::fs::write(bench.dir.path().join("sea.mp4"), "pictures").expect("written");
    bench.done(Action::CheckPlaylist);
    bench.done(Action::Begin);
}

#[test]
fn a_preview_needs_consent_and_ends_with_the_video() {
    let mut bench = Bench::connected(false, "");
    assert!(bench.refused(Action::Preview { on: true }).contains("consent"));
    let camera = bench.snapshot().guided.camera.expect("a camera");
    assert!(camera.height > 0 && camera.sharpness > 0.0 && camera.preview.is_none(), "{camera:?}");
    let mut bench = Bench::connected(true, "");
    bench.done(Action::Preview { on: true });
    bench.seconds(3.0);
    let camera = bench.snapshot().guided.camera.expect("a camera");
    let preview = camera.preview.expect("a picture");
    assert_eq!(preview.grey.len(), preview.width * preview.height);
    bench.done(Action::Begin);
    bench.until(Phase::Video);
    let camera = bench.snapshot().guided.camera.expect("a camera");
    assert!(!camera.wanted && camera.preview.is_none(), "no picture while a video runs");
    assert!(bench.refused(Action::Preview { on: true }).contains("video runs"));
}

#[test]
fn moments_and_segments_are_kept_apart_from_ratings_and_survive() {
    let mut bench = Bench::begun();
    let press = |toggle| Action::Moment { by: "participant".into(), toggle };
    assert!(bench.refused(press(false)).contains("no video is running"));
    bench.until(Phase::Video);
    bench.seconds(1.0);
    // Held for about a second: repeats every 0.1 s.
    for _ in 0..10 {
        bench.done(press(false));
        bench.seconds(0.1);
    }
    assert!(bench.snapshot().guided.held.is_some());
    bench.seconds(1.5);
    let held = bench.snapshot().guided.segments;
    assert_eq!(held.len(), 1, "{held:?}");
    assert!((held[0].from_s - 1.0).abs() < 0.2 && (held[0].to_s - held[0].from_s - 0.9).abs() < 0.2, "{held:?}");
    // Begun by one press and never ended: the video's end ends it.
    bench.done(press(true));
    bench.rate();
    let both = bench.snapshot().guided.segments;
    assert_eq!((both.len(), both[1].live, both[1].number), (2, true, 2), "{both:?}");
    assert!(both[1].to_s > 5.5 && both[1].to_s < 6.3, "{both:?}");

    let id = bench.session();
    bench.rate();
    bench.abort();
    let open = bench.timeline(id, 1);
    assert!((open.length_s - 6.0).abs() < 0.2 && open.segments.len() == 2 && open.trials.len() == 2, "{open:?}");
    let lanes: Vec<&str> = open.lanes.iter().map(|l| l.name.as_str()).collect();
    assert_eq!(lanes, ["EEG", "heart", "face"], "{:?}", open.notes);
    assert!(open.lanes[0].values.iter().filter(|v| v.is_finite()).count() > 20);

    let fresh = Segment { trial: 1, attempt: 1, number: open.next_number(), from_s: 0.5, to_s: 2.0, ..Segment::default() };
    let put = |segment: Segment| Action::Segment { session: id, segment };
    bench.done(put(Segment { emotion: Some(Emotion::Anger), intensity: Some(6), ..fresh.clone() }));
    assert!(bench.refused(put(Segment { to_s: 60.0, ..fresh.clone() })).contains("the video at"));
    assert!(bench.refused(put(Segment { trial: 2, ..fresh.clone() })).contains("open its timeline first"));
    bench.done(put(Segment { removed: true, ..both[0].clone() }));
    let recording = bench.lab.home().recording(id).expect("reads");
    let kept: Vec<(u32, Option<Emotion>)> = recording.segments.iter().map(|s| (s.number, s.emotion)).collect();
    assert_eq!(kept, [(2, None), (3, Some(Emotion::Anger))]);
    assert_eq!(recording.trials[0].rating.emotion, Some(Emotion::Fear), "the rating is as it was");
    drop(bench.lab);
    let home = again(|| Home::open(&bench.dir.path().join("sessions")));
    home.rebuild().expect("rebuilt");
    assert_eq!(home.recording(id).expect("reads").segments.len(), 2);
}

#[test]
fn drafts_outlive_the_terminal_and_the_lab() {
    let mut bench = Bench::new();
    bench.done(Action::Draft { field: "note".into(), text: "slee".into() });
    assert_eq!(bench.snapshot().guided.drafts.get("note").map(String::as_str), Some("slee"));
    let Bench { lab, clock, dir, next } = bench;
    drop(lab);
    let lab = again(|| Lab::new(LabOptions::new(dir.path().join("sessions"), clock.clone())));
    let mut bench = Bench { lab, clock, dir, next };
    assert_eq!(bench.snapshot().guided.drafts.get("note").map(String::as_str), Some("slee"));
    bench.done(Action::Draft { field: "note".into(), text: String::new() });
    assert!(bench.snapshot().guided.drafts.is_empty());
    assert!(bench.refused(Action::Draft { field: "note".into(), text: "x".repeat(5000) }).contains("not kept"));
}

#[test]
fn a_new_session_begins_without_the_drafts_of_another() {
    let mut bench = Bench::new();
    bench.prepare("P01", false);
    let field = format!("note of {}", bench.session());
    bench.done(Action::Draft { field: field.clone(), text: "about P01".into() });
    assert!(bench.snapshot().guided.drafts.contains_key(&field));
    bench.prepare("P04", false);
    assert!(bench.snapshot().guided.drafts.is_empty());
    assert!(bench.lab.home().drafts().is_empty(), "on disk neither");
}

/// Runs `limbic label` on the home; standard output and whether it worked.
fn label(home: &std::path::Path, args: &[&str]) -> (String, bool) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_limbic"));
    let output = command.arg("--home").arg(home).arg("label").args(args).output().expect("runs");
    (String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(), output.status.success())
}

#[test]
fn segments_are_listed_added_taken_back_and_exported_by_the_command_line() {
    let mut bench = Bench::begun();
    bench.rate();
    bench.abort();
    drop(bench.lab);
    let home = bench.dir.path().join("sessions");
    let (said, ok) = label(&home, &["last", "--list"]);
    assert!(ok && said.contains("0 felt segments") && said.contains("SIMULATED"), "{said}");
    let (said, ok) = label(&home, &["P07/1", "--add", "1", "0.5", "2.5", "--emotion", "fear", "--intensity", "6"]);
    assert!(ok && said.contains("1/1") && said.contains("fear") && said.contains("timeline"), "{said}");
    let (said, ok) = label(&home, &["last", "--add", "1", "3", "60"]);
    assert!(!ok && said.contains("the video at"), "{said}");
    let (said, ok) = label(&home, &["last", "--add", "9", "3", "4"]);
    assert!(!ok && said.contains("no trial 9"), "{said}");
    let events = bench.dir.path().join("events.tsv");
    let (said, ok) = label(&home, &["last", "--events", events.to_str().expect("UTF-8")]);
    assert!(ok, "{said}");
    let table = std::fs::read_to_string(&events).expect("written");
    assert!(table.starts_with("onset\tduration\ttrial_type\ttrial\temotion\tintensity\tvalue\n"), "{table}");
    let felt = table.lines().find(|l| l.contains("\tfelt\t")).expect("a segment");
    let fields: Vec<&str> = felt.split('\t').collect();
    let on = table.lines().find(|l| l.contains("\tvideo-on\t")).expect("a marker");
    let second = |line: &str| line.split('\t').next().and_then(|t| t.parse::<f64>().ok()).expect("a time");
    assert!((second(felt) - second(on) - 0.5).abs() < 1e-3, "{felt} {on}");
    assert_eq!(fields[1..], ["2.000000", "felt", "1", "fear", "6", "timeline by experimenter"]);
    let (said, ok) = label(&home, &["last", "--remove", "1/1"]);
    assert!(ok && said.contains("0 felt segments"), "{said}");
    let (said, ok) = label(&home, &["last", "--remove", "1/1"]);
    assert!(!ok && said.contains("no segment 1/1"), "{said}");
    assert!(Home::open(&home).expect("opens").find_session("last").is_ok());
}
