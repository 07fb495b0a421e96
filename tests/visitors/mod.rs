//! What the tests of the lab's socket share: a rig, a person at the keyboard, and a look at what was stored.
#![allow(dead_code, reason = "each test program uses a part")]

use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::socket::wire::Role;
use limbic::lab::socket::{SocketError, Visit};
use limbic::present::Phase;
use limbic::store::rows::{Consent, Participant, StreamRow};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub const LONG: Duration = Duration::from_secs(30);

/// A simulated rig with a short gate and phases that wait for nobody.
pub fn rig(folder: &Path) -> PathBuf {
    let path = folder.join("rig.toml");
    let text = "name = \"bench\"\n[[device]]\nkind = \"simulator\"\nseed = 3\nrate = 512.0\nface_fps = 5.0\n\
                [gate]\nwindow_s = 4.0\n[protocol]\nbaseline_open_s = 0.0\nbaseline_closed_s = 0.0\nfixation_s = 1.0\n\
                rest_s = 1.0\n[stimulus]\nplayer = \"null\"\n";
    std::fs::write(&path, text).expect("written");
    path
}

/// Waits for something, at most [`LONG`].
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < LONG {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never: {what}");
}

/// A person at a terminal of a lab.
pub struct Person {
    pub visit: Visit,
    next: u64,
    pub events: Vec<Event>,
    pub latest: Option<Arc<Snapshot>>,
}

impl Person {
    /// Comes as soon as the lab is there.
    pub fn comes(home: &Path, role: Role) -> Person {
        let visit = until("the lab lets us in", || match Visit::connect(home, role) {
            Err(SocketError::NoLab { .. }) => None,
            visit => Some(visit.expect("lets us in")),
        });
        Person { visit, next: 0, events: Vec::new(), latest: None }
    }

    pub fn look(&mut self) {
        self.events.extend(self.visit.events());
        self.latest = self.visit.snapshot().or(self.latest.take());
    }

    /// Waits until the latest snapshot is so.
    pub fn sees(&mut self, what: &str, so: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        until(what, || {
            self.look();
            self.latest.clone().filter(|s| so(s))
        })
    }

    pub fn wish(&mut self, action: Action) -> Result<(), String> {
        self.next += 1;
        let id = self.next;
        self.visit.send(Command { id, action });
        until("an answer", || {
            self.look();
            self.events.iter().find_map(|event| match event {
                Event::Acknowledged { id: answered } if *answered == id => Some(Ok(())),
                Event::Refused { id: answered, why } if *answered == id => Some(Err(why.clone())),
                _ => None,
            })
        })
    }

    pub fn done(&mut self, action: Action) {
        let what = format!("{action:?}");
        self.wish(action).unwrap_or_else(|why| panic!("{what} was refused: {why}"));
    }

    pub fn refused(&mut self, action: Action) -> String {
        let what = format!("{action:?}");
        self.wish(action).err().unwrap_or_else(|| panic!("{what} was not refused"))
    }

    /// From nothing to a recording in its first video.
    pub fn records(&mut self, rig: PathBuf) {
        let participant = Participant { code: "P07".into(), ..Participant::default() };
        let consent = Consent { recording: true, form: "v1".into(), experimenter: "E1".into(), ..Consent::default() };
        self.done(Action::Prepare { participant, consent });
        self.done(Action::Connect { rig: Some(rig) });
        self.done(Action::Override { reason: "a test".into() });
        self.done(Action::Begin);
        self.sees("the first video", |s| s.recording && s.protocol.phase == Phase::Video);
    }
}

/// The streams of the only session of a home, which nobody may have open.
pub fn stored(home: &Path) -> (limbic::store::rows::Session, Vec<StreamRow>, Vec<limbic::signal::Marker>) {
    let home = limbic::store::Home::open(home).expect("nobody holds it");
    let mut sessions = home.sessions().expect("readable");
    assert_eq!(sessions.len(), 1, "one session");
    let session = sessions.remove(0);
    let recording = home.recording(session.id).expect("readable");
    (session, recording.streams.clone(), recording.markers.clone())
}

/// Nothing lost, nothing dropped, and as many samples as the session's length asks for. Prints the figures.
pub fn complete(home: &Path) {
    let (session, streams, _) = stored(home);
    let length = limbic::signal::seconds(session.ended.expect("ended") - session.started);
    for row in &streams {
        let expected = length * row.info.rate;
        println!(
            "{}: {} written in {length:.2} s at {} Hz ({expected:.0} expected), lost {}, dropped {}",
            row.info.name, row.written, row.info.rate, row.lost, row.dropped
        );
        assert_eq!((row.lost, row.dropped), (0, 0), "{row:?}");
        let withheld = row.info.name == "face";
        // A source is read every 50 ms and sends packets of 63 ms; a busy machine gets some more.
        assert!(withheld || row.written as f64 > expected - 0.5 * row.info.rate, "{row:?}");
    }
}
