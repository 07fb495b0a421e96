//! Installs pinned packages into the data folder: all of a package or nothing of it, and nothing twice.

use super::fetch::{Transport, fetch};
use super::unpack::{Record, check_installed, check_wheel, sync_folder, unpack};
use super::{Library, NativeError, Pin, data_dir, pins};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// What to install, and from where.
#[derive(Debug, Clone, Default)]
pub struct InstallOptions {
    /// Empty: all that this machine has packages for.
    pub libraries: Vec<Library>,
    /// Folder with the wheels; nothing is fetched then.
    pub from: Option<PathBuf>,
    /// Address of a package index (PEP 503), for pip and for HTTPS.
    pub index: Option<String>,
    pub transport: Transport,
    /// None: the user's data folder.
    pub data_dir: Option<PathBuf>,
}

/// What happened to one library.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Installed {
    pub library: &'static str,
    pub package: &'static str,
    pub version: &'static str,
    pub sha256: &'static str,
    pub folder: PathBuf,
    pub files: usize,
    pub bytes: u64,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Complete and unchanged; nothing was touched.
    AlreadyThere,
    Installed,
    /// It was there, but not whole.
    Repaired,
}

/// Brings the libraries one after another; `say` gets a line for each step. Safe to run again at any time, also after
/// a crash.
///
/// # Errors
/// The first library that cannot be brought; those before it are complete, of that one nothing is left.
pub fn install(options: &InstallOptions, say: &mut dyn FnMut(&str)) -> Result<Vec<Installed>, NativeError> {
    let root = options.data_dir.clone().or_else(data_dir).ok_or(NativeError::NoDataDir)?;
    let chosen = if options.libraries.is_empty() { &Library::ALL[..] } else { &options.libraries[..] };
    let mut wanted = Vec::new();
    for library in chosen {
        match pins().iter().find(|p| p.library == *library) {
            Some(pin) => wanted.push(pin),
            None if options.libraries.is_empty() && !pins().is_empty() => say(&no_package(*library).to_string()),
            None => return Err(no_package(*library)),
        }
    }
    sweep(&root);
    wanted.into_iter().map(|pin| install_pin(pin, &root, options, say)).collect()
}

fn no_package(library: Library) -> NativeError {
    let platform = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    NativeError::Platform { library: library.name(), platform, cost: library.cost_of_absence() }
}

fn install_pin(pin: &Pin, root: &Path, options: &InstallOptions, say: &mut dyn FnMut(&str)) -> Result<Installed, NativeError> {
    let folder = root.join(pin.folder());
    let there = folder.exists();
    let outcome = match check_installed(pin, &folder) {
        Ok(record) => return Ok(installed(pin, folder, &record, Outcome::AlreadyThere)),
        Err(why) if there => {
            say(&format!("{} is not whole ({why}); installing it again", folder.display()));
            Outcome::Repaired
        }
        Err(_) => Outcome::Installed,
    };
    let unwritable = |path: &Path| {
        let path = path.to_path_buf();
        move |cause| NativeError::Write { path, cause }
    };
    fs::create_dir_all(root).map_err(unwritable(root))?;
    let download = Scrap(root.join(format!("{}.download-{}", pin.folder(), std::process::id())));
    let wheel = fetch(pin, options, &download.0, say)?;
    check_wheel(pin, &wheel)?;
    let partial = Scrap(root.join(format!("{}.partial-{}", pin.folder(), std::process::id())));
    let record = unpack(pin, &wheel, &partial.0)?;
    let broken = Scrap(root.join(format!("{}.broken-{}", pin.folder(), std::process::id())));
    if there {
        fs::rename(&folder, &broken.0).map_err(unwritable(&folder))?;
    }
    fs::rename(&partial.0, &folder).map_err(unwritable(&folder))?;
    sync_folder(root).map_err(unwritable(root))?;
    Ok(installed(pin, folder, &record, outcome))
}

fn installed(pin: &Pin, folder: PathBuf, record: &Record, outcome: Outcome) -> Installed {
    Installed {
        library: pin.library.name(),
        package: pin.package,
        version: pin.version,
        sha256: pin.sha256,
        folder,
        files: record.files.len(),
        bytes: record.bytes(),
        outcome,
    }
}

/// A folder that is gone when this is.
pub(super) struct Scrap(pub PathBuf);

impl Drop for Scrap {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what a run that was killed left behind: folders that carry the number of a process that is gone.
fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = [".download-", ".partial-", ".broken-"].iter().find_map(|mark| name.split_once(mark)?.1.parse::<u32>().ok());
        // A process that has ended but was not waited for has an empty command line.
        let lives = |pid: u32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
        if owner.is_some_and(|pid| !lives(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests;
