//! What stands at the door of a home: its lock, and which codes may enter.

use super::disk;
use super::error::{Named, StoreError};
use rustix::fs::FlockOperation;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

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

/// Takes the home's lock; it is held as long as the file is open.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let cannot = |source| StoreError::NotWritable { home: dir.into(), source };
    let mut file = disk::private_file().create(true).truncate(false).open(&path).map_err(cannot)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
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
