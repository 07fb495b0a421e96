//! Leads the lab through a whole session without screens: the demo on simulated time, `limbic record` on real time.

use crate::lab::Lab;
use crate::lab::message::{Action, Command, Event, Snapshot};
use crate::present::{Phase, ProtocolView};
use crate::signal::{Rating, SECOND, SharedClock, seconds};
use crate::store::rows::{Consent, Participant, SessionId};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::time::Duration;

/// The lab's step; device chunks and phases are due at this grain.
const STEP: Duration = Duration::from_millis(50);

/// Steps between two looks at the lab.
const LOOK_EVERY: u64 = 10;

/// How long an acknowledgement may take, in waits of 5 ms.
const ACK_WAITS: usize = 6000;

/// A session from consent to the last rating.
pub struct Script<'a> {
    pub rig: PathBuf,
    pub participant: Participant,
    pub consent: Consent,
    /// Go on below the gate for this reason.
    pub override_reason: Option<String>,
    /// What is answered after each video; an incomplete answer needs its reason.
    pub rate: &'a mut dyn FnMut(&ProtocolView) -> (Rating, String, String),
    /// Looks on; its error stops the session.
    pub watch: &'a mut dyn FnMut(&Snapshot) -> anyhow::Result<()>,
    /// Give up when the gate has not passed after so many seconds.
    pub gate_patience_s: f64,
    /// Hears of every action that is durable.
    pub saved: &'a mut dyn FnMut(&Action, SessionId),
    /// Notes and marks of its own, asked for at every step.
    pub remark: &'a mut dyn FnMut(&Lab) -> Option<Action>,
}

/// Runs the script; returns the recorded session.
///
/// # Errors
/// Whatever the lab refuses, in its own words; a gate that does not pass; a device that is missing.
pub fn drive(lab: &mut Lab, clock: &SharedClock, script: Script<'_>) -> anyhow::Result<SessionId> {
    let Script { rig, participant, consent, override_reason, rate, watch, gate_patience_s, saved, remark } = script;
    let mut sender = Sender { next: 1 };
    // Devices and videos before the participant: a missing one leaves no empty session behind.
    sender.act(lab, Action::Connect { rig: Some(rig) })?;
    lab.showable().map_err(anyhow::Error::msg)?;
    sender.act(lab, Action::Prepare { participant, consent })?;
    let connected = clock.now();
    let mut begun = false;
    let mut answered = (0, 0);
    let mut step = 0u64;
    loop {
        clock.wait(STEP);
        lab.step();
        step += 1;
        if let Some(why) = lab.stopped().filter(|_| !lab.is_recording()) {
            bail!("{why}");
        }
        if let Some(action) = remark(lab).filter(|_| lab.is_recording()) {
            sender.act(lab, action.clone())?;
            lab.session_id().into_iter().for_each(|id| saved(&action, id));
        }
        if !step.is_multiple_of(LOOK_EVERY) {
            continue;
        }
        let snapshot = lab.snapshot();
        if let Some(sentence) = snapshot.device_trouble.first() {
            bail!("{sentence}");
        }
        watch(&snapshot)?;
        match snapshot.protocol.phase {
            Phase::Waiting if !begun => {
                let waited = seconds(clock.now() - connected);
                begun = begin(lab, &mut sender, &snapshot, override_reason.as_deref(), waited, gate_patience_s)?;
                snapshot.session.iter().filter(|_| begun).for_each(|s| saved(&Action::Begin, s.id));
            }
            Phase::Rating if answered != (snapshot.protocol.trial, snapshot.protocol.attempt) => {
                let view = &snapshot.protocol;
                let (rating, by, reason) = rate(view);
                let action = Action::Rate { rating, by, done: true, reason };
                sender.act(lab, action.clone())?;
                snapshot.session.iter().for_each(|s| saved(&action, s.id));
                answered = (view.trial, view.attempt);
            }
            Phase::Finished | Phase::Aborted if !snapshot.recording => {
                return snapshot.session.map(|s| s.id).context("the lab finished without a session");
            }
            _ => {}
        }
    }
}

/// Begins when the gate lets us, or when its patience is over and a reason to override it was given.
fn begin(
    lab: &mut Lab,
    sender: &mut Sender,
    snapshot: &Snapshot,
    reason: Option<&str>,
    waited_s: f64,
    patience_s: f64,
) -> anyhow::Result<bool> {
    let verdict = snapshot.verdict.as_ref();
    if verdict.is_some_and(|v| v.pass) {
        sender.act(lab, Action::Begin)?;
        return Ok(true);
    }
    if waited_s < patience_s {
        return Ok(false);
    }
    let why = verdict.map_or("no signal has arrived".to_string(), |v| v.why.clone());
    let Some(reason) = reason else {
        bail!("the quality gate did not pass within {patience_s:.0} s: {why}; mend it, or go on with --override \"REASON\"");
    };
    sender.act(lab, Action::Override { reason: reason.into() })?;
    sender.act(lab, Action::Begin)?;
    Ok(true)
}

/// Sends commands and waits for their acknowledgement: the script goes on only from what is durable.
struct Sender {
    next: u64,
}

impl Sender {
    fn act(&mut self, lab: &mut Lab, action: Action) -> anyhow::Result<()> {
        let id = self.next;
        self.next += 1;
        lab.handle(Command { id, action });
        // The recorder acknowledges from its own thread, in real time even when the session's time is simulated.
        for _ in 0..ACK_WAITS {
            lab.step();
            for event in lab.take_events() {
                match event {
                    Event::Acknowledged { id: done } if done == id => return Ok(()),
                    Event::Refused { id: refused, why } if refused == id => bail!("{why}"),
                    _ => {}
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("the recorder did not acknowledge within {} s; is the disk full or very slow?", ACK_WAITS * 5 / 1000)
    }
}

/// "trial 3, video; 84 s recorded".
pub fn describe(snapshot: &Snapshot) -> String {
    let p = &snapshot.protocol;
    let recorded = snapshot.recorded / SECOND;
    format!("trial {}, {}; {recorded} s recorded, lost {}", p.trial, p.phase.name(), snapshot.lost)
}
