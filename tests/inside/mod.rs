//! A real lab on simulated time in the test's own thread, and a screen's end of it.
#![allow(dead_code, reason = "each test program uses a part")]

use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::{Lab, LabOptions};
use limbic::present::{Phase, Playlist};
use limbic::rig::{Device, Rig};
use limbic::show::Link;
use limbic::signal::{ManualClock, SECOND, SharedClock};
use limbic::store::rows::{Consent, Participant};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A lab, and a screen's end of it: commands go in, a new snapshot is there for every frame.
pub struct Inside {
    pub lab: Lab,
    pub clock: SharedClock,
    next: u64,
    events: Vec<Event>,
}

impl Link for &mut Inside {
    fn send(&mut self, command: Command) {
        self.lab.handle(command);
    }
    fn events(&mut self) -> Vec<Event> {
        self.lab.take_events()
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        Some(Arc::new(self.lab.snapshot()))
    }
}

impl Inside {
    pub fn new(folder: &std::path::Path) -> Inside {
        let clock: SharedClock = Arc::new(ManualClock::new(1_795_269_720 * SECOND));
        let options = LabOptions { threaded_sources: false, ..LabOptions::new(folder.join("home"), clock.clone()) };
        Inside { lab: Lab::new(options).expect("opens"), clock, next: 0, events: Vec::new() }
    }

    pub fn run(&mut self, time: Duration) {
        for _ in 0..time.as_millis() / 50 {
            self.clock.wait(Duration::from_millis(50));
            self.lab.step();
        }
    }

    /// Sends a command and waits until it is durable.
    pub fn done(&mut self, action: Action) {
        self.next += 1;
        let id = self.next;
        let what = format!("{action:?}");
        self.lab.handle(Command { id, action });
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            self.lab.step();
            self.events.extend(self.lab.take_events());
            if self.events.iter().any(|e| matches!(e, Event::Acknowledged { id: done } if *done == id)) {
                return;
            }
            let refused = self.events.iter().find(|e| matches!(e, Event::Refused { id: no, .. } if *no == id));
            assert!(refused.is_none(), "{what}: {refused:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("{what} was not acknowledged");
    }

    pub fn connects(&mut self, folder: &std::path::Path, face: bool) {
        let mut rig = Rig::simulated(7);
        if let Some(Device::Simulator(simulator)) = rig.devices.first_mut() {
            simulator.face_fps = if face { 5.0 } else { 0.0 };
        }
        (rig.protocol.baseline_open_s, rig.protocol.baseline_closed_s, rig.protocol.fixation_s) = (0.0, 0.0, 1.0);
        let playlist = folder.join("playlist.toml");
        std::fs::write(&playlist, toml::to_string(&Playlist::simulated(2, 400.0)).expect("text")).expect("written");
        rig.stimulus.playlist = Some(playlist);
        let path = folder.join("rig.toml");
        std::fs::write(&path, rig.to_toml()).expect("written");
        let participant = Participant { code: "P07".into(), ..Participant::default() };
        let consent = Consent { recording: true, form: "v1".into(), experimenter: "E1".into(), ..Consent::default() };
        self.done(Action::Prepare { participant, consent });
        self.done(Action::Connect { rig: Some(path) });
    }

    pub fn records(&mut self) {
        self.done(Action::Override { reason: "a test".into() });
        self.done(Action::Begin);
        self.run(Duration::from_secs(12));
        assert_eq!(self.lab.snapshot().protocol.phase, Phase::Video);
    }
}
