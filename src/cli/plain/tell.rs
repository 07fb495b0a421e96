//! What `limbic --plain` says: a line for everything that changes, and the answers to questions.

use crate::cli::text;
use crate::explain::report::ExplanationReport;
use crate::lab::message::Snapshot;
use crate::present::Phase;
use crate::show::words;
use crate::signal::{SECOND, seconds};

/// What was said already.
#[derive(Default)]
pub struct Teller {
    phase: Option<(Phase, u32, u32)>,
    lost: u64,
    passing: Option<bool>,
    stage: String,
    outcome: bool,
    log: Option<i64>,
}

impl Teller {
    /// The lines that this snapshot adds.
    pub fn lines(&mut self, s: &Snapshot) -> Vec<String> {
        let mut lines = Vec::new();
        for (at, what) in &s.log {
            if self.log.is_none_or(|last| *at > last) {
                lines.push(what.clone());
            }
        }
        self.log = s.log.last().map(|(at, _)| *at).max(self.log);
        let p = &s.protocol;
        let now = (p.phase, p.trial, p.attempt);
        if self.phase != Some(now) && p.phase != Phase::Waiting {
            lines.push(phase(s));
        }
        self.phase = Some(now);
        if s.lost > self.lost {
            lines.push(format!("LOST {} samples and frames so far", s.lost));
        }
        self.lost = s.lost;
        if let Some(verdict) = s.verdict.as_ref().filter(|_| !s.recording) {
            if self.passing != Some(verdict.pass) {
                lines.push(format!("gate {}: {}", if verdict.pass { "PASSES" } else { "does not pass yet" }, verdict.why));
            }
            self.passing = Some(verdict.pass);
        }
        if let Some(job) = &s.job {
            if job.outcome.is_none() && self.stage != job.progress.stage {
                lines.push(format!("{}: {}", job.name, job.progress.stage));
                self.stage.clone_from(&job.progress.stage);
            }
            match &job.outcome {
                Some(Ok(text)) if !self.outcome => lines.push(format!("{} finished\n{text}", job.name)),
                Some(Err(why)) if !self.outcome && job.stopped => lines.push(format!("{} {why}", job.name)),
                Some(Err(why)) if !self.outcome => lines.push(format!("{} FAILED: {why}", job.name)),
                _ => {}
            }
            self.outcome = job.outcome.is_some();
        }
        lines
    }
}

fn phase(s: &Snapshot) -> String {
    let p = &s.protocol;
    let length = p.phase_length.map_or(String::new(), |l| format!(", {:.0} s", seconds(l)));
    let trial = if p.trial > 0 { format!("trial {}/{}: ", p.trial, p.trials) } else { String::new() };
    let shown = match p.phase {
        Phase::Video => format!(" {}{}", p.stimulus, p.intended.map_or(String::new(), |e| format!(", meant: {e}"))),
        _ => String::new(),
    };
    format!("{trial}{}{shown}{length}", p.phase.name())
}

/// One line: where it stands.
pub fn status(s: &Snapshot) -> String {
    let face = if s.face.as_ref().is_some_and(|f| f.stored) { "REC FACE" } else { "REC" };
    let rec = if s.recording { format!("{face} {} s", s.recorded / SECOND) } else { "not recording".into() };
    let quality = s.quality.as_ref().map_or(String::new(), |q| format!(", quality {:.0} %", q.overall));
    let heart = s.heart.as_ref().and_then(|h| h.beats_per_minute).map_or(String::new(), |b| format!(", heart {b:.0} /min"));
    let disk = s.disk_free / 1_000_000_000;
    let simulated = if s.simulated { ", SIMULATED" } else { "" };
    format!("{rec}; {}{quality}{heart}, lost {}, disk {disk} GB free{simulated}", phase(s), s.lost)
}

/// Every stream and every channel that is not good.
pub fn gate(s: &Snapshot) -> Vec<String> {
    let Some(verdict) = &s.verdict else { return vec!["no device is connected: devices".into()] };
    let mut lines = vec![format!("gate {}: {}", if verdict.pass { "PASSES" } else { "does not pass yet" }, verdict.why)];
    for channel in s.quality.iter().flat_map(|q| q.channels.iter().chain(&q.others)).filter(|c| c.score < 80.0) {
        lines.push(format!("  {} {:.0} %", channel.label, channel.score));
    }
    lines.extend(verdict.advice.iter().map(|a| format!("  {a}")));
    lines
}

/// What was recorded.
pub fn summary(s: &Snapshot) -> Vec<String> {
    let Some(session) = &s.session else { return vec!["no session was recorded".into()] };
    let done = s.trials.iter().filter(|t| t.is_usable()).count();
    let mut lines = vec![format!(
        "{} session {} {}{}: {done} of {} trials, quality {}",
        session.participant,
        session.number,
        text::state(session.state),
        text::simulated_mark(session.simulated),
        session.trials_planned,
        text::percent_or_dash(session.quality.as_ref().map(|q| q.overall / 100.0))
    )];
    lines.push(format!("  {} s recorded, {} on disk", s.recorded / SECOND, words::bytes(s.written)));
    for stream in &s.stored {
        lines.push(match &stream.delivery {
            Some(delivery) => format!("  {}", text::delivered(delivery)),
            None => format!("  {}: {} stored, {} missing in {} gaps", stream.name, stream.written, stream.missing, stream.gaps),
        });
    }
    lines
}

/// The Quality Test, then words and maps of one class or of all.
pub fn explanation(report: &ExplanationReport, class: Option<&str>) -> Result<String, String> {
    let chosen: Vec<_> = report.classes.iter().filter(|c| class.is_none_or(|name| c.class.eq_ignore_ascii_case(name))).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = report.classes.iter().map(|c| c.class.as_str()).collect();
        return Err(format!("no class is named {}; there are {}", class.unwrap_or("so"), known.join(", ")));
    }
    let mut out = text::quality_test(report);
    for class in chosen {
        out += &format!("\n{}\n{}\n{}", class.words, class.verdict, text::topographies(report, class, 80, 22));
    }
    for caveat in &report.caveats {
        out += &format!("! {caveat}\n");
    }
    Ok(out)
}
