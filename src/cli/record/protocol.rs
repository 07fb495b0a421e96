//! The rig's whole protocol, driven without a screen.

use super::{Args, consent, finish, stop_flag};
use crate::acquire::simulator::participant_rating;
use crate::cli::Common;
use crate::cli::driver::{self, Script};
use crate::lab::message::{Action, LivePrediction};
use crate::lab::{Lab, LabOptions};
use crate::rig::Rig;
use crate::signal::{Rating, SECOND, SharedClock, SystemClock};
use crate::store::Home;
use crate::store::rows::{Participant, SessionId};
use anyhow::bail;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The rig's protocol through the lab, in real time.
pub(super) fn protocol(args: &Args, rig: &Rig, common: &Common) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let consent = consent(args, rig.is_simulated(), &clock)?;
    let scratch = tempfile::tempdir()?;
    let rig_path = match &args.rig {
        Some(path) => path.clone(),
        None => {
            let path = scratch.path().join("rig.toml");
            std::fs::write(&path, rig.to_toml())?;
            path
        }
    };
    let options = LabOptions { library_dir: common.lib_dir.clone(), ..LabOptions::new(common.home.clone(), clock.clone()) };
    let mut lab = Lab::new(options)?;
    let job = crate::cli::progress::job();
    let stop = stop_flag()?;
    let simulated = args.ratings == "simulated";
    let mut foreseen = None;
    let mut remarks = Remarks { clock: clock.clone(), next: clock.now(), count: 0 };
    let script = Script {
        rig: rig_path,
        participant: Participant { code: args.participant.clone(), ..Participant::default() },
        consent,
        override_reason: args.override_reason.clone(),
        rate: &mut |view| match simulated {
            true => (
                participant_rating(rig.protocol.order_seed.unwrap_or(1), view.trial, view.intended),
                "simulated participant".into(),
                String::new(),
            ),
            false => (Rating::default(), "nobody".into(), "recorded without ratings".into()),
        },
        watch: &mut |snapshot| {
            if stop.load(Ordering::Relaxed) {
                bail!("stopped on request; what was recorded is kept");
            }
            foreseen = snapshot.prediction.clone().or(foreseen.take());
            let p = &snapshot.protocol;
            Ok(job.report_with("record", u64::from(p.trial), u64::from(p.trials), &driver::describe(snapshot))?)
        },
        gate_patience_s: if args.exercise { 0.5 } else { rig.gate.window_s + 30.0 },
        saved: &mut |action, id| {
            if args.events {
                tell(action, id);
            }
        },
        remark: &mut |_| if args.exercise { remarks.next() } else { None },
    };
    let id = driver::drive(&mut lab, &clock, script);
    drop(lab);
    crate::cli::progress::clear();
    let id = id?;
    if let Some(said) = foreseen {
        let trouble = said.trouble.map(|why| format!("; {why}")).unwrap_or_default();
        let LivePrediction { asked, dropped, took_ms, .. } = said;
        eprintln!("live prediction: {asked} epochs asked for, {dropped} dropped, the last took {took_ms:.0} ms{trouble}");
    }
    let home = Home::open(&common.home)?;
    finish(&home, id, common)
}

/// Numbered notes and marks in turn.
struct Remarks {
    clock: SharedClock,
    next: i64,
    count: u64,
}

impl Remarks {
    fn next(&mut self) -> Option<Action> {
        if self.clock.now() < self.next {
            return None;
        }
        self.next = self.clock.now() + SECOND / 8;
        self.count += 1;
        let text = format!("remark {}", self.count);
        Some(if self.count.is_multiple_of(2) { Action::Note { text } } else { Action::Mark { text, pressed: None } })
    }
}

/// A line for whoever reads along; it is written at once, for the next moment may be the last.
fn tell(action: &Action, id: SessionId) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", serde_json::json!({ "saved": action, "session": id.to_string() })).and_then(|()| out.flush());
}
