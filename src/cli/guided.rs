//! `limbic`: the guided session. Finds the lab, or starts it in the background, and puts the terminal half in front
//! of it.

use crate::cli::{Common, background, visit};
use crate::lab::message::{Action, Command, Event, Snapshot};
use crate::lab::socket::wire::Role;
use crate::lab::socket::{SocketError, Visit};
use crate::lab::{Lab, LabOptions, Link, spawn};
use crate::show::{self, Place};
use crate::signal::{Clock, ManualClock, SharedClock, SystemClock};
use crate::store::rows::SessionId;
use crate::study::{self, Plan};
use std::sync::Arc;
use std::time::Duration;

/// The labelling screen of a stored session.
pub(super) fn label(common: &Common, session: SessionId, trial: u32) -> anyhow::Result<()> {
    screens(common, false, Some((Action::Label { session, trial }, Place::Label)))
}

pub fn run(common: &Common, in_process: bool) -> anyhow::Result<()> {
    screens(common, in_process, None)
}

/// `first`: what is asked of the lab at once, and the screen to begin with.
fn screens(common: &Common, in_process: bool, first: Option<(Action, Place)>) -> anyhow::Result<()> {
    visit::need_a_terminal()?;
    if in_process {
        let link = spawn(Lab::new(options(common))?)?;
        return visit::part(show::run_from(Client(link), visit::looks(common), first)?);
    }
    let visit = match Visit::connect(&common.home, Role::Keyboard) {
        Err(SocketError::NoLab { .. }) => {
            background::start(common)?;
            Visit::connect(&common.home, Role::Keyboard)?
        }
        found => found?,
    };
    visit::part(show::run_from(visit::Line(visit), visit::looks(common), first)?)
}

/// The screens over a lab on simulated time, which passes while they are looked at.
pub fn run_simulated(common: &Common) -> anyhow::Result<()> {
    visit::need_a_terminal()?;
    let clock: SharedClock = Arc::new(ManualClock::new(SystemClock.utc()));
    let lab = Lab::new(LabOptions { clock: clock.clone(), threaded_sources: false, ..options(common) })?;
    visit::part(show::run(Hurried { lab, clock }, visit::looks(common))?)
}

/// What the lab of the guided session can do, in this process or in one of its own.
pub(super) fn options(common: &Common) -> LabOptions {
    let library_dir = common.lib_dir.clone();
    let (train_dir, doctor_dir) = (library_dir.clone(), library_dir.clone());
    LabOptions {
        library_dir,
        threaded_sources: true,
        doctor: Some(Arc::new(move || crate::cli::doctor::lines(doctor_dir.as_deref()))),
        train: Some(Arc::new(move |home, sessions, seed, job, curve| {
            let plan = Plan {
                sessions,
                seed,
                device: crate::train::device::chosen("auto").map(|chosen| chosen.compute).unwrap_or_default(),
                hidden: 64,
                epochs: 20,
                folds: 4,
                created_utc: now_utc(),
                library_dir: train_dir.clone(),
                features_per_step: 4,
                samples_per_class: 40,
                ..Plan::default()
            };
            study::run(&home, &plan, &job, &mut |point| {
                let _ = curve.send(point);
            })
            .map(|outcome| outcome.summary)
            .map_err(|e| e.to_string())
        })),
        review: Some(Arc::new(|home, id| study::review(home, id).map_err(|e| e.to_string()))),
        ..LabOptions::new(common.home.clone(), Arc::new(SystemClock))
    }
}

/// Simulated time that passes at every look: the terminal looks twenty times a second.
const HURRY: Duration = Duration::from_millis(750);
const STEP: Duration = Duration::from_millis(50);

/// A lab on simulated time in this thread.
struct Hurried {
    lab: Lab,
    clock: SharedClock,
}

impl show::Link for Hurried {
    fn send(&mut self, command: Command) {
        self.lab.handle(command);
    }

    fn events(&mut self) -> Vec<Event> {
        for _ in 0..HURRY.as_millis() / STEP.as_millis() {
            self.clock.wait(STEP);
            self.lab.step();
        }
        self.lab.take_events()
    }

    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        Some(Arc::new(self.lab.snapshot()))
    }
}

/// The lab's in-memory link as the screens want it.
pub(super) struct Client(pub Link);

impl show::app::Link for Client {
    fn send(&mut self, command: Command) {
        // A lab that has ended says so in its last snapshot; a command to it has nowhere to go.
        let _ = self.0.send(command);
    }

    fn events(&mut self) -> Vec<Event> {
        self.0.events()
    }

    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.0.snapshot()
    }
}

fn now_utc() -> i64 {
    chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0)
}
