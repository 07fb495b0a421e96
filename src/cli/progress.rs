//! Progress of a long command: one line on a terminal, nothing where output is collected.

use crate::job::{Job, Progress};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the line is drawn again.
const EVERY: Duration = Duration::from_millis(100);

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
