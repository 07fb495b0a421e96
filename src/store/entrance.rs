//! What stands at the door of a home: its lock, and which codes may enter.

use super::disk;
use super::error::{Named, StoreError};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// A code that can stand in keys, file names and on a line of a table.
pub(super) fn check_code(code: &str) -> Result<(), StoreError> {
    let length = code.chars().count();
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/' || c == '\\';
    if length == 0 || length > 32 || code.len() > 64 || code.contains(odd) {
        return Err(StoreError::BadCode { code: code.into() });
    }
    Ok(())
}

/// A suffix for a folder that is moved aside, not taken yet.
pub(super) fn free_stamp(dir: &Path, stamp: &str) -> String {
    let taken = |stamp: &str| dir.join(format!("db.broken-{stamp}")).exists();
    if !taken(stamp) {
        return stamp.into();
    }
    (1..).map(|i: u32| format!("{stamp}-{i}")).find(|s| !taken(s)).unwrap_or_default()
}

/// Looks this often, with a pause between, before a lock counts as somebody's: a child that this process is just
/// starting holds a copy of every open file until its own program begins.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);
/// So often for the database, whose threads may outlive it by what they still write.
const LOOKS_AT_DATABASE: u32 = 500;

/// Locks a file; WOULDBLOCK if it was another's at every look.
fn patiently(file: &File, looks: u32) -> rustix::io::Result<()> {
    for _ in 1..looks {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
}

/// Waits until nobody holds the database's file. Whoever asks has the home's lock, so nobody takes it afterwards.
pub(super) fn wait_until_free(path: &Path) -> Result<(), StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        // What cannot be opened is for the database to say.
        Err(_) => return Ok(()),
    };
    match patiently(&file, LOOKS_AT_DATABASE) {
        Ok(()) => rustix::fs::flock(&file, FlockOperation::Unlock).named("unlock", path),
        Err(Errno::WOULDBLOCK) => Err(StoreError::Held { path: path.into() }),
        Err(e) => Err(e).named("lock", path),
    }
}

/// Takes the home's lock; it is held as long as the file is open.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let cannot = |cause| StoreError::NotWritable { home: dir.into(), cause };
    let mut file = disk::private_file().create(true).truncate(false).open(&path).map_err(cannot)?;
    match patiently(&file, LOOKS) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            let by = text.trim().parse::<u32>().map(|pid| format!(" (process {pid})")).unwrap_or_default();
            return Err(StoreError::Locked { home: dir.into(), by });
        }
        Err(e) => return Err(cannot(e.into())),
    }
    // Only for the sentence above; the lock itself is the kernel's and ends with the process.
    file.set_len(0).and_then(|()| file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0)).named("write", &path)?;
    Ok(file)
}

/// Whether a living process has the home open for writing.
pub(super) fn is_held(dir: &Path) -> bool {
    let file = match File::open(dir.join("lock")) {
        Ok(file) => file,
        // A home without a lock was never opened; one that we may not look at is somebody's.
        Err(e) => return e.kind() != std::io::ErrorKind::NotFound,
    };
    // Shared, so that two who look do not take each other for a writer; it ends with the file.
    matches!(rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK))
}
