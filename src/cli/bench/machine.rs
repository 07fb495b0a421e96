//! What the operating system says about this process: CPU time and memory.

use crate::signal::{Nanos, SECOND};
use rustix::time::ClockId;
use std::path::Path;

/// CPU time of the process, user and system.
pub fn cpu() -> Nanos {
    spent(ClockId::ProcessCPUTime)
}

/// CPU time of the calling thread.
pub fn thread_cpu() -> Nanos {
    spent(ClockId::ThreadCPUTime)
}

fn spent(clock: ClockId) -> Nanos {
    let t = rustix::time::clock_gettime(clock);
    t.tv_sec * SECOND + t.tv_nsec
}

/// Memory in use now, kB; 0 where the system does not say.
pub fn resident_kb() -> u64 {
    status("VmRSS:")
}

/// The most memory in use since the last [`forget_peak`], kB.
pub fn peak_kb() -> u64 {
    status("VmHWM:")
}

/// Begins to look for the peak anew, where the system allows it.
pub fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn status(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// Bytes that may still be written at that folder.
pub fn free_bytes(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(0, |s| s.f_bavail * s.f_frsize)
}
