//! What people have typed and not yet sent. The lab keeps it in the home, so that neither a killed terminal nor a killed
//! lab loses it.

use crate::lab::Lab;
use crate::store::rows::{SessionId, SessionState};
use std::collections::BTreeMap;

/// Fields that are kept, and the longest text of one, in characters.
const MOST_FIELDS: usize = 64;
const LONGEST: usize = 2000;

/// Text by the name of its field.
#[derive(Debug, Default)]
pub struct Drafts(BTreeMap<String, String>);

impl Drafts {
    /// As they were kept last.
    pub fn kept(kept: BTreeMap<String, String>) -> Self {
        Drafts(kept)
    }

    /// Keeps the latest text of a field; an empty one forgets it.
    ///
    /// # Errors
    /// A text or a name that is too long, too many fields.
    pub fn put(&mut self, field: String, text: String) -> Result<(), String> {
        if text.is_empty() {
            self.0.remove(&field);
            return Ok(());
        }
        let full = self.0.len() >= MOST_FIELDS && !self.0.contains_key(&field);
        if full || field.chars().count() > 100 || text.chars().count() > LONGEST {
            return Err(format!("a draft of more than {LONGEST} characters, or of too many fields, is not kept; send it"));
        }
        self.0.insert(field, text);
        Ok(())
    }

    /// Forgets everything but what belongs to these sessions.
    fn keep_only(&mut self, sessions: &[SessionId]) {
        let names: Vec<String> = sessions.iter().map(SessionId::to_string).collect();
        self.0.retain(|field, _| names.iter().any(|name| field.contains(name)));
    }

    pub fn all(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }
}

impl Lab {
    /// Keeps what was typed, in the home too; said when that cannot be.
    pub(super) fn draft(&mut self, field: String, text: String) -> Result<(), String> {
        self.drafts.put(field, text)?;
        self.store_drafts()
    }

    /// A new session begins with nothing that was typed for another; only one that was interrupted can go on and want it.
    pub(super) fn forget_drafts(&mut self) -> Result<(), String> {
        let interrupted = self.catalogue.sessions.iter().filter(|s| s.state == SessionState::Interrupted);
        let interrupted: Vec<SessionId> = interrupted.map(|s| s.id).collect();
        self.drafts.keep_only(&interrupted);
        self.store_drafts()
    }

    fn store_drafts(&self) -> Result<(), String> {
        let kept = self.home.keep_drafts(&self.drafts.0);
        kept.map_err(|why| format!("what is typed is kept until the lab ends, not on disk: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_text_is_kept_until_it_is_emptied() {
        let mut drafts = Drafts::default();
        drafts.put("note".into(), "slee".into()).expect("kept");
        drafts.put("note".into(), "sleepy".into()).expect("kept");
        assert_eq!(drafts.all().get("note").map(String::as_str), Some("sleepy"));
        drafts.put("note".into(), String::new()).expect("forgotten");
        assert!(drafts.all().is_empty());
        assert!(drafts.put("note".into(), "x".repeat(LONGEST + 1)).is_err());
        let [first, second] = [SessionId(1), SessionId(2)];
        [first, second].into_iter().for_each(|id| drafts.put(format!("note of {id}"), "sleepy".into()).expect("kept"));
        drafts.keep_only(&[second]);
        assert_eq!(drafts.all().into_keys().collect::<Vec<_>>(), [format!("note of {second}")]);
    }
}
