//! Starts `limbic lab` as a process of its own: no terminal, no parent, its words in a log file of the home.
//!
//! The lab reports over its standard output, once, whether it is ready; so whoever starts it hears its sentence when
//! it is not.

use crate::cli::Common;
use crate::lab::socket;
use anyhow::{Context, bail};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a lab says when its door is open.
const READY: &str = "ready";
/// Bytes of the log before it is moved aside; one older file is kept.
const LARGEST_LOG: u64 = 1 << 20;

/// Starts the lab of this home in the background and waits until its door is open.
///
/// # Errors
/// The lab's own sentence when it cannot start, e.g. because another limbic has the home.
pub fn start(common: &Common) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot find the program itself, to start the lab")?;
    let mut command = Command::new(program);
    command.arg("--home").arg(std::path::absolute(&common.home)?);
    if let Some(libraries) = &common.lib_dir {
        command.arg("--lib-dir").arg(std::path::absolute(libraries)?);
    }
    command.args(["lab", "--detached"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // SAFETY: between fork and exec the function makes three system calls and allocates nothing.
    unsafe { command.pre_exec(leave_the_terminal) };
    let mut child = command.spawn().context("cannot start the lab")?;
    let report = child.stdout.take().context("the lab has no standard output")?;
    // The child is only the middle one of the double fork, and has ended.
    child.wait().context("cannot start the lab")?;
    let mut line = String::new();
    BufReader::new(report).read_line(&mut line).context("the lab does not say whether it is ready")?;
    match line.trim() {
        READY => Ok(()),
        "" => bail!("the lab ended without a word; `limbic lab` in this terminal shows why"),
        why => bail!("{why}"),
    }
}

/// A session of its own, so that no terminal's end reaches it; then a second fork, so that it leads no session and a
/// serial amplifier that it opens cannot become its terminal.
fn leave_the_terminal() -> std::io::Result<()> {
    rustix::process::setsid()?;
    // SAFETY: the process has one thread here; the parent only ends, without running anything of ours.
    match unsafe { libc::fork() } {
        0 => Ok(()),
        -1 => Err(std::io::Error::last_os_error()),
        _ => unsafe { libc::_exit(0) },
    }
}

/// Tells whoever started us how it went.
pub fn report(outcome: Result<(), &str>) {
    // Where nobody listens any more the log has it.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{}", outcome.map_or_else(|why| why.replace('\n', " "), |()| READY.into()));
    let _ = out.flush();
}

/// The lab's log: bounded, and readable by its owner only.
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// Turns standard error of this process to the log of a home.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn take_errors(home: &Path) -> anyhow::Result<Log> {
        let path = socket::folder(home).join("log");
        let file = open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        turn(&file, 2)?;
        Ok(Log { path })
    }

    /// Turns standard output there too, once everything was reported.
    pub fn take_output(&self) {
        if let Ok(file) = open(&self.path) {
            // Else it stays with whoever started us, who has gone: writes to it fail, which is harmless.
            let _ = turn(&file, 1);
        }
    }

    /// Moves a log aside that has become too large. Native libraries write into it as well.
    pub fn bound(&self) {
        let large = std::fs::metadata(&self.path).is_ok_and(|m| m.len() > LARGEST_LOG);
        if large && std::fs::rename(&self.path, self.path.with_extension("old")).is_ok() {
            self.take_output();
            if let Ok(file) = open(&self.path) {
                let _ = turn(&file, 2);
            }
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Makes `target` another name of the open file.
fn turn(file: &File, target: i32) -> std::io::Result<()> {
    // SAFETY: both descriptors are open, and nobody in this process owns 1 or 2.
    match unsafe { libc::dup2(file.as_raw_fd(), target) } {
        -1 => Err(std::io::Error::last_os_error()),
        _ => Ok(()),
    }
}
