//! After a process was ended in the middle of writing: what it had not finished is set aside, so that what remains is
//! whole.

use super::disk;
use super::error::{Named, StoreError};
use super::segment::scan;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Moves the bytes behind the last whole frame of every segment of a folder into `NAME.tail-OFFSET`; answers how many
/// bytes that were. The copy is durable before anything is cut.
pub(super) fn set_tails_aside(folder: &Path) -> Result<u64, StoreError> {
    let mut moved = 0;
    for name in disk::file_names(folder)?.into_iter().filter(|name| name.ends_with(".seg")) {
        let path = folder.join(&name);
        let tail = scan(&path, |_, _, _| true)?.tail;
        if tail == 0 {
            continue;
        }
        let file = disk::private_file().open(&path).named("open", &path)?;
        let end = file.metadata().named("look at", &path)?.len() - tail;
        let mut bytes = vec![0; tail as usize];
        file.read_exact_at(&mut bytes, end).named("read", &path)?;
        disk::write_whole(&folder.join(format!("{name}.tail-{end}")), &bytes)?;
        file.set_len(end).and_then(|()| file.sync_all()).named("cut", &path)?;
        moved += tail;
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::super::log::Log;
    use super::*;

    #[test]
    fn only_what_is_not_whole_is_set_aside() {
        let dir = tempfile::tempdir().expect("dir");
        let mut log = Log::behind(dir.path(), "eeg").expect("opens");
        log.put(b"key", b"value").expect("fits");
        log.flush().expect("flushes");
        let path = dir.path().join("eeg-000.seg");
        let whole = std::fs::read(&path).expect("reads");
        assert_eq!(set_tails_aside(dir.path()).expect("works"), 0);
        std::fs::write(&path, [&whole[..], &whole[..9]].concat()).expect("writes");
        assert_eq!(set_tails_aside(dir.path()).expect("works"), 9);
        assert_eq!(std::fs::read(&path).expect("reads"), whole);
        let tail = dir.path().join(format!("eeg-000.seg.tail-{}", whole.len()));
        assert_eq!(std::fs::read(tail).expect("reads"), &whole[..9]);
        assert_eq!(set_tails_aside(dir.path()).expect("works"), 0);
    }
}
