//! Rig files that a person may choose from: TOML files beside the home that read as rigs.

use crate::rig::Rig;
use std::path::{Path, PathBuf};

/// Rigs in the folder that holds `home` and in the folder `rigs` beside it: (path, name), by path. A file that calls
/// itself a rig but does not parse is listed too; choosing it says what is wrong.
pub fn beside(home: &Path) -> Vec<(PathBuf, String)> {
    let parent = match home.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut found: Vec<(PathBuf, String)> = [parent.to_path_buf(), parent.join("rigs")]
        .iter()
        .filter_map(|dir| std::fs::read_dir(dir).ok())
        .flatten()
        .filter_map(rig)
        .collect();
    found.sort();
    found
}

fn rig(entry: std::io::Result<std::fs::DirEntry>) -> Option<(PathBuf, String)> {
    let path = entry.ok()?.path();
    if path.extension()? != "toml" {
        return None;
    }
    match Rig::load(&path) {
        Ok(rig) => Some((path, rig.name)),
        Err(_) => {
            let named = path.file_stem()?.to_string_lossy().to_lowercase().contains("rig");
            named.then(|| (path, "does not make sense; choose it to see why".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rigs_are_found_and_other_files_are_not() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("Cargo.toml", "[package]\nname = \"x\"");
        write("notes.txt", "rig");
        write("lab.toml", &Rig::simulated(1).to_toml());
        write("rig-broken.toml", "nonsense = 1");
        let found = beside(&dir.path().join("sessions"));
        let names: Vec<_> = found.iter().filter_map(|(p, _)| p.file_name()?.to_str().map(str::to_string)).collect();
        assert_eq!(names, ["lab.toml", "rig-broken.toml"]);
        assert_eq!(found[0].1, "simulated rig");
    }
}
