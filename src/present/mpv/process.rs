//! The child process and its socket: commands out, stamped lines in.

use crate::present::PlayerError;
use crate::signal::{Nanos, SharedClock};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// mpv opens its socket 0.14-0.41 s after its start; a loaded machine gets more.
const START_TRIES: u32 = 100;
/// One try, one wait for a reply.
pub(super) const PATIENCE: Duration = Duration::from_millis(50);
/// Waits of [`PATIENCE`] for an answer or for the first frame to be ready.
pub(super) const ANSWER_TRIES: u32 = 40;
const ARGUMENTS: [&str; 9] = [
    "--idle=yes",
    "--no-config",
    "--no-terminal",
    "--force-window=yes",
    "--keep-open=no",
    "--osc=no",
    "--osd-level=0",
    "--input-default-bindings=no",
    "--pause=yes",
];

/// The child, its socket, and what came over it: each line with the time of its arrival.
pub(super) struct Process {
    pub child: Child,
    folder: PathBuf,
    socket: UnixStream,
    pub lines: Receiver<(Nanos, Value)>,
    /// Lines that came while an answer was waited for.
    pub said: VecDeque<(Nanos, Value)>,
    asked: u64,
}

impl Process {
    /// Starts mpv and waits for its socket.
    pub fn start(args: &[String], clock: &SharedClock) -> Result<Process, PlayerError> {
        let failed = |e: std::io::Error| PlayerError::Start(e.to_string());
        let folder = private_folder().map_err(failed)?;
        let path = folder.join("mpv.sock");
        let mut command = Command::new("mpv");
        command
            .args(ARGUMENTS)
            .arg(format!("--input-ipc-server={}", path.display()))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        end_with_us(&mut command);
        let mut child = command.spawn().map_err(|e| {
            let _ = std::fs::remove_dir_all(&folder);
            failed(e)
        })?;
        match connect(&mut child, &path) {
            Ok(socket) => {
                let lines = socket.try_clone().map(|reader| read_lines(reader, clock.clone())).map_err(failed)?;
                Ok(Process { child, folder, socket, lines, said: VecDeque::new(), asked: 0 })
            }
            Err(why) => {
                let _ = child.kill();
                let _ = child.wait();
                let _ = std::fs::remove_dir_all(&folder);
                Err(PlayerError::Start(why))
            }
        }
    }

    /// Sends one command; returns its answer and when it came.
    pub fn ask(&mut self, command: Value) -> Result<(Nanos, Value), PlayerError> {
        self.asked += 1;
        let mut line = json!({"command": command, "request_id": self.asked}).to_string();
        line.push('\n');
        self.socket.write_all(line.as_bytes()).map_err(|e| PlayerError::Gone(e.to_string()))?;
        for _ in 0..ANSWER_TRIES {
            match self.lines.recv_timeout(PATIENCE) {
                Ok((at, answer)) if answer["request_id"].as_u64() == Some(self.asked) && answer["event"].is_null() => {
                    return Ok((at, answer));
                }
                Ok(other) => self.said.push_back(other),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(PlayerError::Gone("it has ended".into())),
            }
        }
        Err(PlayerError::Gone("no answer for two seconds".into()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A lab that is killed takes mpv with it: otherwise a video goes on over the participant's screen with nobody to stop
/// it. The kernel sends the signal when the thread that started mpv ends, which is the lab's own.
pub(super) fn end_with_us(command: &mut Command) {
    let us = rustix::process::getpid();
    let tie = move || {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // We may have died before the kernel knew about the tie.
        if rustix::process::getppid() == Some(us) { Ok(()) } else { Err(std::io::ErrorKind::NotConnected.into()) }
    };
    // SAFETY: between fork and exec the closure makes two system calls and allocates nothing.
    unsafe { command.pre_exec(tie) };
}

/// A folder that only we may enter: whoever reaches the socket commands mpv.
fn private_folder() -> std::io::Result<PathBuf> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let base = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_dir()).unwrap_or_else(std::env::temp_dir);
    let folder = base.join(format!("limbic-mpv-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

fn connect(child: &mut Child, path: &Path) -> Result<UnixStream, String> {
    for _ in 0..START_TRIES {
        if let Ok(socket) = UnixStream::connect(path) {
            return Ok(socket);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("it ended at once, {status}; check stimulus.mpv_args"));
        }
        std::thread::sleep(PATIENCE);
    }
    Err("it opened no socket within five seconds".into())
}

/// A thread that stamps each line as it arrives; it ends with the socket.
fn read_lines(socket: UnixStream, clock: SharedClock) -> Receiver<(Nanos, Value)> {
    let (to, lines) = crossbeam_channel::unbounded();
    std::thread::spawn(move || {
        for line in BufReader::new(socket).lines().map_while(Result::ok) {
            let at = clock.now();
            if let Ok(value) = serde_json::from_str(&line)
                && to.send((at, value)).is_err()
            {
                break;
            }
        }
    });
    lines
}
