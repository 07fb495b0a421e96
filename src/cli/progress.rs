//! Progress of a long command: one line on a terminal; where output is collected, nothing, or of what takes hours a line
//! now and then. And the flag that Ctrl-C raises.

use crate::job::{Job, Progress};
use anyhow::Context;
use std::io::{IsTerminal, Write};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often the line is drawn again.
const EVERY: Duration = Duration::from_millis(100);
/// How often a line is written where output is collected, besides one at every step.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// A job whose reports are drawn on stderr when that is a terminal; Ctrl-C ends the program as usual.
pub fn job() -> Job {
    if !std::io::stderr().is_terminal() {
        return Job::silent();
    }
    let last: Mutex<Option<(Instant, String)>> = Mutex::new(None);
    Job::watched(move |progress| {
        let Ok(mut last) = last.lock() else { return };
        let now = Instant::now();
        let fresh = last.as_ref().is_none_or(|(t, stage)| now - *t >= EVERY || *stage != progress.stage);
        if fresh || progress.done >= progress.total {
            *last = Some((now, progress.stage.clone()));
            let _ = write!(std::io::stderr(), "\r\x1b[K{}", line(progress));
            let _ = std::io::stderr().flush();
        }
    })
}

/// A job of hours: as [`job`] on a terminal, elsewhere a line at every step and every half minute. Ctrl-C asks it to stop, so
/// that nothing is left half done; pressed once more it ends the program at once.
///
/// # Errors
/// Signals cannot be listened for.
pub fn stoppable() -> anyhow::Result<Job> {
    let job = if std::io::stderr().is_terminal() { job() } else { lines() };
    Ok(job.stopped_by(stop_flag()?))
}

/// Lines for a file or a pipe.
fn lines() -> Job {
    let last: Mutex<Option<(Instant, String)>> = Mutex::new(None);
    Job::watched(move |progress| {
        let Ok(mut last) = last.lock() else { return };
        let step = progress.stage.split(": ").next().unwrap_or_default();
        if last.as_ref().is_none_or(|(t, before)| t.elapsed() >= LINE_EVERY || before != step) {
            *last = Some((Instant::now(), step.to_string()));
            let Progress { stage, done, total, detail } = progress;
            let _ = writeln!(std::io::stderr(), "{}", format!("{stage} {done}/{total} {detail}").trim_end());
        }
    })
}

/// Raised by Ctrl-C, so that half of something can be taken away again; pressed once more it ends the program at once.
///
/// # Errors
/// Signals cannot be listened for.
pub fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, stop.clone())
            .and_then(|_| signal_hook::flag::register(signal, stop.clone()))
            .context("cannot listen for Ctrl-C")?;
    }
    Ok(stop)
}

/// Removes the line.
pub fn clear() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

fn line(p: &Progress) -> String {
    const WIDTH: u64 = 24;
    let done = (WIDTH * p.done.min(p.total)).checked_div(p.total).unwrap_or(0) as usize;
    let bar = format!("{}{}", "#".repeat(done), ".".repeat(WIDTH as usize - done));
    format!("[{bar}] {} {}/{} {}", p.stage, p.done, p.total, p.detail).chars().take(78).collect()
}
