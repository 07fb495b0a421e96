//! A wheel becomes a folder: checksum, the needed files, a record of what was written.

use super::{NativeError, Pin};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use zip::ZipArchive;

/// The record's file name.
pub const RECORD: &str = "installed.json";

/// What was installed, kept beside the files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub package: String,
    pub version: String,
    pub wheel: String,
    pub wheel_sha256: String,
    pub licence: String,
    /// File name -> what it holds.
    pub files: BTreeMap<String, FileRecord>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileRecord {
    pub bytes: u64,
    pub sha256: String,
}

impl Record {
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|f| f.bytes).sum()
    }
}

/// Refuses a wheel that is not the pinned one.
pub fn check_wheel(pin: &Pin, wheel: &Path) -> Result<(), NativeError> {
    let found = sha256_of(wheel).map_err(|e| NativeError::Unpack { wheel: pin.wheel.into(), message: e.to_string() })?;
    if found.sha256 == pin.sha256 {
        return Ok(());
    }
    Err(NativeError::Checksum { wheel: wheel.display().to_string(), found: found.sha256, wanted: pin.sha256 })
}

/// Writes the needed files of a checked wheel and their record into the new folder `into`, durably.
pub fn unpack(pin: &Pin, wheel: &Path, into: &Path) -> Result<Record, NativeError> {
    let unreadable = |message: String| NativeError::Unpack { wheel: pin.wheel.into(), message };
    let unwritable = |path: &Path| {
        let path = path.to_path_buf();
        move |cause| NativeError::Write { path, cause }
    };
    let file = File::open(wheel).map_err(|e| unreadable(e.to_string()))?;
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(|e| unreadable(e.to_string()))?;
    fs::create_dir_all(into).map_err(unwritable(into))?;
    let mut files = BTreeMap::new();
    for member in pin.files {
        let name = member.rsplit('/').next().unwrap_or(member);
        let mut entry = archive.by_name(member).map_err(|e| unreadable(format!("{member}: {e}")))?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|e| unreadable(format!("{member}: {e}")))?;
        let path = into.join(name);
        write_durably(&path, &content).map_err(unwritable(&path))?;
        files.insert(name.to_string(), FileRecord { bytes: content.len() as u64, sha256: hex(&Sha256::digest(&content)) });
    }
    let record = Record {
        package: pin.package.into(),
        version: pin.version.into(),
        wheel: pin.wheel.into(),
        wheel_sha256: pin.sha256.into(),
        licence: pin.licence.into(),
        files,
    };
    let path = into.join(RECORD);
    let json = serde_json::to_vec_pretty(&record).map_err(|e| unreadable(e.to_string()))?;
    write_durably(&path, &json).map_err(unwritable(&path))?;
    sync_folder(into).map_err(unwritable(into))?;
    Ok(record)
}

/// Compares an installed folder with its record and the record with the pin.
///
/// # Errors
/// What does not fit, in a few words.
pub fn check_installed(pin: &Pin, folder: &Path) -> Result<Record, String> {
    let text = fs::read(folder.join(RECORD)).map_err(|_| format!("{RECORD} is missing"))?;
    let record: Record = serde_json::from_slice(&text).map_err(|_| format!("{RECORD} cannot be read"))?;
    if record.wheel_sha256 != pin.sha256 {
        return Err("it comes from another package".into());
    }
    for member in pin.files {
        let name = member.rsplit('/').next().unwrap_or(member);
        let wanted = record.files.get(name).ok_or_else(|| format!("{name} is missing"))?;
        match sha256_of(&folder.join(name)) {
            Ok(found) if found == *wanted => {}
            Ok(_) => return Err(format!("{name} was changed")),
            Err(_) => return Err(format!("{name} is missing")),
        }
    }
    Ok(record)
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

pub(super) fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

pub(super) fn sha256_of(path: &Path) -> io::Result<FileRecord> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0_u8; 1 << 16];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut block)?;
        if n == 0 {
            return Ok(FileRecord { bytes, sha256: hex(&hash.finalize()) });
        }
        hash.update(&block[..n]);
        bytes += n as u64;
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
