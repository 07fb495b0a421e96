//! Erasing models: their rows, every file of theirs, and what they said of sessions.

use super::{Erased, Gone};
use crate::store::disk;
use crate::store::error::{Named, StoreError};
use crate::store::home::Home;
use crate::store::rows::{ModelRow, SessionId};
use std::collections::BTreeSet;

impl Home {
    /// Deletes a model: its weights, card and explanation, and its predictions. One that is not there costs nothing, so that
    /// doing it again finishes what was cut short.
    ///
    /// # Errors
    /// A session is being recorded, the disk.
    pub fn erase_model(&self, name: &str) -> Result<Erased, StoreError> {
        self.must_write()?;
        let gone = Gone { models: [name.to_string()].into(), ..Gone::default() };
        let known = self.models()?;
        let mut state = self.state();
        if let Some(session) = state.live.first() {
            return Err(StoreError::Live { session: *session });
        }
        let bytes = self.remove_files_of(&gone.models, &known)?;
        let predictions = self.forget(&mut state, &gone)?;
        Ok(Erased { bytes, predictions, models_deleted: vec![name.into()], ..Erased::default() })
    }

    /// Names of the models that learnt from a participant or from one of these sessions, newest first.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn trained_on(&self, code: &str, sessions: &BTreeSet<SessionId>) -> Result<Vec<String>, StoreError> {
        let mut models = self.models()?;
        models.retain(|m| m.participants.iter().any(|p| p == code) || m.sessions.iter().any(|s| sessions.contains(s)));
        Ok(models.into_iter().map(|m| m.name).collect())
    }

    /// Removes every file of these models, rows last; answers their bytes. All files of a model begin with its name and a
    /// dot, and none of them with the longer name of another.
    pub(super) fn remove_files_of(&self, models: &BTreeSet<String>, known: &[ModelRow]) -> Result<u64, StoreError> {
        let folder = self.model_dir();
        if models.is_empty() || !folder.is_dir() {
            return Ok(0);
        }
        let mut bytes = 0;
        for name in disk::file_names(&folder)? {
            let names = known.iter().map(|m| &m.name);
            let owner = names.filter(|m| name.strip_prefix(m.as_str()).is_some_and(|rest| rest.starts_with('.')));
            if owner.max_by_key(|m| m.len()).is_some_and(|m| models.contains(m)) {
                let path = folder.join(name);
                bytes += std::fs::metadata(&path).map_or(0, |m| m.len());
                std::fs::remove_file(&path).named("remove", &path)?;
            }
        }
        disk::sync_dir(&folder)?;
        Ok(bytes)
    }
}
