//! What was typed and not yet sent, in one small private file of the home: a killed lab shows it again.

use super::disk;
use super::error::{Named, StoreError};
use super::home::Home;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Where drafts lie in a home.
pub(super) fn place(home: &Path) -> PathBuf {
    home.join("drafts.json")
}

/// Removes all drafts: any of them may name the person who is erased.
pub(super) fn forget(home: &Path) -> Result<(), StoreError> {
    let path = place(home);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e).named("remove", &path),
        _ => Ok(()),
    }
}

impl Home {
    /// Text by the name of its field, as it was kept last; none where the file cannot be understood, since what was half
    /// typed must not keep a lab from starting.
    pub fn drafts(&self) -> BTreeMap<String, String> {
        let kept = std::fs::read(place(self.dir())).ok();
        kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Keeps these drafts instead of the last ones; durable when this returns.
    ///
    /// # Errors
    /// The home was opened for reading; the disk.
    pub fn keep_drafts(&self, drafts: &BTreeMap<String, String>) -> Result<(), StoreError> {
        self.must_write()?;
        if drafts.is_empty() {
            return forget(self.dir());
        }
        let text = serde_json::to_vec(drafts).unwrap_or_default();
        disk::write_whole(&place(self.dir()), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_come_back_and_empty_ones_leave_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::open(folder.path()).expect("a home");
        assert!(home.drafts().is_empty());
        let typed = BTreeMap::from([("note".to_owned(), "slee".to_owned())]);
        home.keep_drafts(&typed).expect("kept");
        drop(home);
        let again = Home::open(folder.path()).expect("opened again");
        assert_eq!(again.drafts(), typed);
        again.keep_drafts(&BTreeMap::new()).expect("forgotten");
        assert!(!place(folder.path()).exists());
        std::fs::write(place(folder.path()), b"{\"note\":").expect("a torn file");
        assert!(again.drafts().is_empty());
    }
}
