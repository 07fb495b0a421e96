//! sled 0.34.7 behind a fence: small rows only, really flushed, repaired or replaced when it does not open.
//!
//! The database is a view of the journals. Whatever is wrong with it is answered by making it again, so its
//! failures cost time, never data. What the fence is for: sled's flush calls no fsync; its `conf` file is written
//! without one and may be torn; a leftover `snap.*.generating` keeps it from opening; values above some 14 KiB are
//! not safe from a power cut; damaged files make it panic or lose keys silently.

mod idle;

use super::disk;
use super::entrance;
use super::error::{Named, StoreError};
use super::keys::{self, LARGEST_VALUE, Pair, SCHEMA, Tag};
use idle::Idle;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// What sled writes into `conf` for our settings, less the checksum behind it.
const CONF: &str = "segment_size: 524288\nuse_compression: false\nversion: 0.34\n";
const VERSION_KEY: &[u8] = b"schema_version";
const HEAD_KEY: &[u8] = b"head";

/// What the catalogue should hold of one scope: compared with the journal's size and with the rows found, it turns
/// a silent loss into a reported one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    /// Bytes of all the journal's segments.
    pub bytes: u64,
    /// Rows of that scope.
    pub rows: u64,
}

/// Rows of one scope as counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    pub rows: u64,
    /// Rows whose checksum does not hold.
    pub bad: u64,
}

/// The open database.
pub(super) struct Catalogue {
    dir: PathBuf,
    db: sled::Db,
    rows: sled::Tree,
    meta: sled::Tree,
    /// Our own descriptor of the file `db`: sled's flush does not fsync.
    file: File,
    /// Last: what sled writes while it is closed, as its snapshot, is private too.
    _private: Private,
}

/// Makes the files of a folder private when it is dropped.
struct Private(PathBuf);

impl Drop for Private {
    fn drop(&mut self) {
        // The folder itself is closed to others; a file that cannot be changed is none of ours.
        for name in disk::file_names(&self.0).unwrap_or_default() {
            let _ = protect(&self.0.join(name), 0o600);
        }
    }
}

impl Catalogue {
    /// Opens the database of a home, or a fresh one if that fails; the old one is moved aside and a sentence says
    /// so. An empty catalogue is filled by whoever compares it with the journals.
    pub(super) fn open(home: &Path, stamp: &str) -> Result<(Catalogue, Option<String>), StoreError> {
        let dir = home.join("db");
        if dir.exists() && !dir.is_dir() {
            std::fs::rename(&dir, home.join(format!("db.broken-{stamp}"))).named("move aside", &dir)?;
        }
        let fresh = !dir.exists();
        disk::private_dir(&dir).named("create", &dir)?;
        // Before anything is mended or judged: what another still holds is not broken.
        entrance::wait_until_free(&dir.join("db"))?;
        mend(&dir)?;
        let first = Catalogue::try_open(&dir, fresh);
        let failure = match first {
            Ok(catalogue) => return Ok((catalogue, None)),
            Err(e) if fresh => return Err(e),
            Err(e) => e,
        };
        let aside = home.join(format!("db.broken-{stamp}"));
        std::fs::rename(&dir, &aside).named("move aside", &dir)?;
        disk::private_dir(&dir).named("create", &dir)?;
        let notice =
            format!("the catalogue did not open ({failure}); made again from the journals, the old one is {}", aside.display());
        Ok((Catalogue::try_open(&dir, true)?, Some(notice)))
    }

    fn try_open(dir: &Path, fresh: bool) -> Result<Catalogue, StoreError> {
        let (db, rows, meta) = guarded(dir, || {
            let db = sled::Config::new().path(dir).flush_every_ms(None).cache_capacity(16 << 20).open()?;
            let (rows, meta) = (db.open_tree("rows")?, db.open_tree("meta")?);
            Ok((db, rows, meta))
        })?;
        let path = dir.join("db");
        let file = File::open(&path).named("open", &path)?;
        let catalogue = Catalogue { dir: dir.into(), db, rows, meta, file, _private: Private(dir.into()) };
        let version = guarded(dir, || catalogue.meta.get(VERSION_KEY))?;
        if version.as_deref() != Some(&[SCHEMA]) {
            // A view of another schema is not converted but made again.
            guarded(dir, || catalogue.rows.clear().and_then(|()| catalogue.meta.clear()))?;
            guarded(dir, || catalogue.meta.insert(VERSION_KEY, &[SCHEMA]))?;
            catalogue.flush()?;
        }
        if fresh {
            catalogue.settle()?;
        }
        Ok(catalogue)
    }

    /// After creation: private files, everything durable (sled itself syncs neither `conf` nor the folder).
    fn settle(&self) -> Result<(), StoreError> {
        for name in disk::file_names(&self.dir)? {
            let path = self.dir.join(name);
            protect(&path, 0o600)?;
            File::open(&path).and_then(|f| f.sync_all()).named("make durable", &path)?;
        }
        let blobs = self.dir.join("blobs");
        if blobs.exists() {
            protect(&blobs, 0o700)?;
            disk::sync_dir(&blobs)?;
        }
        disk::sync_dir(&self.dir)?;
        disk::sync_dir(self.dir.parent().unwrap_or(Path::new(".")))
    }

    /// Writes rows of one scope together with the size that its journal now has.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for a value above 8 KiB; nothing is written then.
    pub(super) fn put(&self, scope: u64, rows: &[Pair], journal_bytes: u64) -> Result<(), StoreError> {
        if let Some((_, value)) = rows.iter().find(|(_, value)| value.len() > LARGEST_VALUE) {
            return Err(StoreError::TooLarge { what: "a row".into(), bytes: value.len(), limit: LARGEST_VALUE });
        }
        let mut head = self.head(scope)?;
        for (key, value) in rows {
            let before = guarded(&self.dir, || self.rows.insert(key.as_slice(), value.as_slice()))?;
            head.rows += u64::from(before.is_none());
        }
        head.bytes = journal_bytes;
        self.set_head(scope, head)
    }

    /// Removes all rows of one scope.
    pub(super) fn forget(&self, scope: u64) -> Result<(), StoreError> {
        for tag in keys::TAGS {
            let prefix = keys::prefix(tag, scope);
            let found: Vec<sled::IVec> = guarded(&self.dir, || self.rows.scan_prefix(&prefix).keys().collect())?;
            for key in found {
                guarded(&self.dir, || self.rows.remove(&key))?;
            }
        }
        guarded(&self.dir, || self.meta.remove(head_key(scope)))?;
        Ok(())
    }

    /// Keys and values of one kind, in every scope.
    pub(super) fn scan(&self, tag: Tag) -> Result<Vec<Pair>, StoreError> {
        self.collect(&[tag as u8])
    }

    /// Every row of one scope, in the order of the keys.
    pub(super) fn scope(&self, scope: u64) -> Result<Vec<Pair>, StoreError> {
        let mut rows = Vec::new();
        for tag in keys::TAGS {
            rows.extend(self.collect(&keys::prefix(tag, scope))?);
        }
        Ok(rows)
    }

    /// Every row.
    pub(super) fn all(&self) -> Result<Vec<Pair>, StoreError> {
        self.collect(&[])
    }

    fn collect(&self, prefix: &[u8]) -> Result<Vec<Pair>, StoreError> {
        guarded(&self.dir, || self.rows.scan_prefix(prefix).map(|row| row.map(|(k, v)| (k.to_vec(), v.to_vec()))).collect())
    }

    /// What should be there of a scope; zeros if nothing is known.
    pub(super) fn head(&self, scope: u64) -> Result<Head, StoreError> {
        let value = guarded(&self.dir, || self.meta.get(head_key(scope)))?;
        let read = |value: sled::IVec| {
            let (_, body) = keys::checked(&value)?;
            let word = |i: usize| Some(u64::from_be_bytes(body.get(i..i + 8)?.try_into().ok()?));
            Some(Head { bytes: word(0)?, rows: word(8)? })
        };
        Ok(value.and_then(read).unwrap_or_default())
    }

    pub(super) fn set_head(&self, scope: u64, head: Head) -> Result<(), StoreError> {
        let body = [head.bytes.to_be_bytes(), head.rows.to_be_bytes()].concat();
        guarded(&self.dir, || self.meta.insert(head_key(scope), keys::sealed(SCHEMA, &body)))?;
        Ok(())
    }

    /// What is there, by scope. Rows without a readable scope are counted under none and found by their head.
    pub(super) fn counts(&self) -> Result<BTreeMap<u64, Count>, StoreError> {
        let mut counts: BTreeMap<u64, Count> = BTreeMap::new();
        for (key, value) in self.all()? {
            if let Some(scope) = keys::scope_of(&key) {
                let count = counts.entry(scope).or_default();
                count.rows += 1;
                count.bad += u64::from(keys::checked(&value).is_none());
            }
        }
        Ok(counts)
    }

    /// Makes everything that was put durable.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        guarded(&self.dir, || self.db.flush())?;
        self.file.sync_data().named("make durable", &self.dir)
    }
}

/// Removes what a failed opening left and rewrites a torn settings file.
fn mend(dir: &Path) -> Result<(), StoreError> {
    for name in disk::file_names(dir)? {
        if name.starts_with("snap.") && name.ends_with(".generating") {
            // Renamed once complete: what still has this name was never in use.
            let path = dir.join(name);
            std::fs::remove_file(&path).named("remove", &path)?;
        }
    }
    let conf = dir.join("conf");
    let wanted = [CONF.as_bytes(), &crc32fast::hash(CONF.as_bytes()).to_le_bytes()].concat();
    if dir.join("db").exists() && std::fs::read(&conf).ok().as_deref() != Some(&wanted) {
        disk::write_whole(&conf, &wanted)?;
    }
    Ok(())
}

fn protect(path: &Path, mode: u32) -> Result<(), StoreError> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).named("protect", path)
}

fn head_key(scope: u64) -> Vec<u8> {
    [HEAD_KEY, &scope.to_be_bytes()].concat()
}

/// Runs one call into sled; a panic of its becomes an error.
fn guarded<T>(dir: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    let failed = |message: String| StoreError::Catalogue { home: dir.parent().unwrap_or(dir).into(), message };
    let _quiet = Idle::begin();
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(failed(e.to_string())),
        Err(_) => Err(failed("sled panicked on damaged files".into())),
    }
}

#[cfg(test)]
mod tests;
