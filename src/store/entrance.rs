//! What stands at the door of a home: its lock, and which codes may enter.

use super::disk;
use super::error::{Named, StoreError};
use super::home::Home;
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

/// Which codes a new participant may have, in words.
pub const CODE_RULE: &str = "letters, digits, - and _ only, at most 24; never a name";

/// Whether a new participant may have this code: one that can stand in keys, file names, data sets and on a line of a table.
pub fn is_code(code: &str) -> bool {
    (1..=24).contains(&code.len()) && code.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
}

impl Home {
    /// Refuses a code that breaks the rule, unless somebody has it: earlier versions let in more, and whoever is there may
    /// come again.
    pub(super) fn check_code(&self, code: &str) -> Result<(), StoreError> {
        match is_code(code) || self.participants()?.iter().any(|known| known.code == code) {
            true => Ok(()),
            false => Err(StoreError::BadCode { code: code.into() }),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::super::keys;
    use super::super::rows::{Consent, Entry, Participant};
    use super::*;
    use crate::signal::{ManualClock, Seed};

    #[test]
    fn new_people_keep_the_rule_and_whoever_is_there_comes_again() {
        let fits = ["P07", "sub-01", "a_B", "-", "123456789012345678901234"];
        assert!(fits.iter().all(|code| is_code(code)));
        let odd = ["", "P 7", "P/7", "*", "Juergen\"x", "J\u{fc}rgen", "1234567890123456789012345"];
        assert!(!odd.iter().any(|code| is_code(code)));

        let dir = tempfile::tempdir().expect("dir");
        let known = Participant { code: "J\u{fc}rgen\"x".into(), ..Participant::default() };
        // As an earlier version let them in.
        let home = Home::open(dir.path()).expect("opens");
        let row = Entry::Participant(known.clone());
        let (key, value) = (keys::key_of(&row, keys::HOME, 0).expect("key"), keys::seal(&row).expect("sealed"));
        let mut state = home.state();
        let log = state.log.as_mut().expect("open");
        log.put(&key, &value).expect("put");
        log.flush().expect("flushed");
        drop(state);
        home.rebuild().expect("the catalogue follows");
        let record = |code: &str| {
            let person = Participant { code: code.into(), ..Participant::default() };
            let session = home.new_session(code, &ManualClock::new(0), &mut Seed::new(1)).expect("prepared");
            home.create_session(session, person, Consent { recording: true, ..Consent::default() }).map(drop)
        };
        record(&known.code).expect("a further session");
        for code in odd.into_iter().filter(|code| **code != *known.code) {
            let refused = record(code).expect_err("nobody new").to_string();
            assert!(refused.contains(CODE_RULE) && refused.contains(code), "{refused}");
        }
        home.put(Entry::Participant(Participant { note: "left-handed".into(), ..known.clone() })).expect("another note");
        assert!(home.put(Entry::Participant(Participant { code: "*".into(), ..Participant::default() })).is_err());
        assert_eq!(home.participants().expect("reads").len(), 1);
        assert_eq!(home.erase_participant(&known.code, false).expect("erased").search.found_in, Vec::<String>::new());
        assert!(record(&known.code).is_err(), "then they are new again");
    }
}
