//! Small deeds on files: private folders, whole-file writes that survive a power cut, checksums, lists of segments.

use super::error::{Named, StoreError};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Creates a folder (and those above it) that only its owner can enter.
pub(super) fn private_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Options that create files which only their owner can read.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|d| d.sync_all()).named("make durable", path)
}

/// Replaces a file by these bytes: afterwards it holds all of them or is as before, whatever happens.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut file = private_file().create(true).truncate(true).open(&part).named("create", &part)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).named("write", &part)?;
    std::fs::rename(&part, path).named("rename", &part)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// SHA-256 in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file in hex, read in pieces.
pub(super) fn sha256_of(path: &Path) -> Result<String, StoreError> {
    let mut file = File::open(path).named("open", path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut piece).named("read", path)?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&piece[..n]);
    }
}

/// Bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Free bytes at that folder or, if it is not there yet, at the nearest one above; None where that means nothing.
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let there = path.ancestors().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p }).find(|p| p.exists())?;
    let stat = rustix::fs::statvfs(there).ok()?;
    (stat.f_blocks > 0).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Names of all plain files in a folder, sorted.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).named("list", folder)? {
        let entry = entry.named("list", folder)?;
        if entry.file_type().is_ok_and(|t| t.is_file()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Name of a segment: "journal" and 3 make "journal-003.seg".
pub(super) fn segment_name(stem: &str, number: u32) -> String {
    format!("{stem}-{number:03}.seg")
}

/// The parts of a segment's name.
pub(super) fn segment_parts(name: &str) -> Option<(&str, u32)> {
    let (stem, number) = name.strip_suffix(".seg")?.rsplit_once('-')?;
    Some((stem, number.parse().ok()?))
}

/// The segments of that stem in a folder, by number.
pub(super) fn segments(folder: &Path, stem: &str) -> Result<Vec<(u32, String)>, StoreError> {
    let mut found: Vec<(u32, String)> = file_names(folder)?
        .into_iter()
        .filter_map(|name| {
            let (s, number) = segment_parts(&name)?;
            (s == stem).then_some((number, name.clone()))
        })
        .collect();
    found.sort();
    Ok(found)
}

/// Bytes of all segments of that stem.
pub(super) fn segment_bytes(folder: &Path, stem: &str) -> Result<u64, StoreError> {
    segments(folder, stem)?.iter().try_fold(0, |sum, (_, name)| {
        let path = folder.join(name);
        Ok(sum + std::fs::metadata(&path).named("look at", &path)?.len())
    })
}
