//! A lab with simulated devices and simulated time, led by commands.
#![allow(dead_code)]

use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::{Lab, LabOptions};
use limbic::present::{Phase, Playlist};
use limbic::signal::{Clock, Emotion, ManualClock, Rating};
use limbic::store::Recording;
use limbic::store::rows::{Consent, Participant};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub const STEP: Duration = Duration::from_millis(50);

/// A lab in a temporary home, with the hands of an experimenter.
pub struct Bench {
    pub lab: Lab,
    pub clock: Arc<ManualClock>,
    pub dir: tempfile::TempDir,
    pub next: u64,
    pub events: Vec<Event>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut LabOptions)) -> Bench {
        let dir = tempfile::tempdir().expect("temporary folder");
        let clock = Arc::new(ManualClock::new(1_790_000_000_000_000_000));
        let mut options = LabOptions::new(dir.path().join("sessions"), clock.clone());
        options.playlist = Playlist::simulated(3, 6.0);
        change(&mut options);
        let lab = Lab::new(options).expect("a fresh home opens");
        Bench { lab, clock, dir, next: 0, events: Vec::new() }
    }

    pub fn step(&mut self) {
        self.clock.wait(STEP);
        self.lab.step();
        self.events.extend(self.lab.take_events());
    }

    pub fn seconds(&mut self, seconds: f64) {
        for _ in 0..(seconds / STEP.as_secs_f64()).round() as usize {
            self.step();
        }
    }

    pub fn until(&mut self, phase: Phase) {
        for _ in 0..2000 {
            if self.snapshot().protocol.phase == phase {
                return;
            }
            self.step();
        }
        panic!("never came to {phase:?}: {:?}", self.snapshot().protocol);
    }

    pub fn snapshot(&mut self) -> Snapshot {
        self.lab.snapshot()
    }

    /// The state once it is so: the recorder works on a thread of its own and in real time, whatever the lab's clock says.
    pub fn sees(&mut self, what: &str, so: impl Fn(&Snapshot) -> bool) -> Snapshot {
        for _ in 0..1000 {
            let snapshot = self.snapshot();
            if so(&snapshot) {
                return snapshot;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let snapshot = self.snapshot();
        panic!("{what}: never seen; lost {}, {:?}", snapshot.lost, snapshot.stored);
    }

    /// Sends a command and waits for its answer.
    pub fn wish(&mut self, action: Action) -> Result<(), String> {
        self.next += 1;
        let id = self.next;
        self.lab.handle(Command { id, action });
        for _ in 0..2000 {
            self.events.extend(self.lab.take_events());
            for event in &self.events {
                match event {
                    Event::Acknowledged { id: answered } if *answered == id => return Ok(()),
                    Event::Refused { id: answered, why } if *answered == id => return Err(why.clone()),
                    _ => {}
                }
            }
            // The recorder's flush takes real time.
            std::thread::sleep(Duration::from_millis(1));
            self.step();
        }
        panic!("command {id} was never answered");
    }

    pub fn done(&mut self, action: Action) {
        let what = format!("{action:?}");
        self.wish(action).unwrap_or_else(|why| panic!("{what} was refused: {why}"));
    }

    pub fn refused(&mut self, action: Action) -> String {
        let what = format!("{action:?}");
        self.wish(action).err().unwrap_or_else(|| panic!("{what} was not refused"))
    }

    pub fn prepare(&mut self) {
        self.done(Action::Prepare { participant: participant(), consent: consent() });
    }

    pub fn connect(&mut self, extra: &str) {
        let path = self.dir.path().join("rig.toml");
        write_rig(&path, extra);
        self.done(Action::Connect { rig: Some(path) });
    }

    /// Prepared, connected, good signal, begun.
    pub fn begun() -> Bench {
        let mut bench = Bench::new();
        bench.prepare();
        bench.connect("");
        bench.seconds(6.0);
        bench.done(Action::Begin);
        bench
    }

    pub fn rate(&mut self, emotion: Emotion) {
        self.until(Phase::Rating);
        let rating = Rating { valence: Some(7.0), arousal: Some(4.0), emotion: Some(emotion) };
        let partial = Rating { arousal: None, ..rating };
        self.done(Action::Rate { rating: partial, by: "participant".into(), done: false, reason: String::new() });
        self.done(Action::Rate { rating, by: "participant".into(), done: true, reason: String::new() });
    }

    /// Until the session is closed.
    pub fn close(&mut self) {
        for _ in 0..200 {
            self.step();
            if !self.snapshot().recording {
                return;
            }
        }
        panic!("the session was never closed");
    }

    /// The last session as it lies on the disk.
    pub fn stored(&mut self) -> Recording {
        let id = self.snapshot().session.expect("a session").id;
        self.lab.home().recording(id).expect("readable")
    }
}

pub fn write_rig(path: &Path, extra: &str) {
    let rig = format!(
        "name = \"bench\"\n[[device]]\nkind = \"simulator\"\nseed = 3\nface_fps = 5.0\n{extra}\n[gate]\nwindow_s = 4.0\n\
         [protocol]\nbaseline_open_s = 2.0\nbaseline_closed_s = 2.0\nfixation_s = 1.0\nrest_s = 1.0\n\
         [stimulus]\nplayer = \"null\"\n"
    );
    std::fs::write(path, rig).expect("written");
}

pub fn participant() -> Participant {
    Participant { code: "P07".into(), ..Participant::default() }
}

pub fn consent() -> Consent {
    Consent { recording: true, face_stored: true, form: "v1".into(), experimenter: "E1".into(), ..Consent::default() }
}
