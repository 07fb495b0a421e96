//! The playlist: which videos are shown and which emotion each was chosen for, from TOML; unknown keys are refused.

use crate::signal::Emotion;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One stimulus video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stimulus {
    /// Short name, unique in the playlist; stored with every trial.
    pub name: String,
    /// The video. May be left out only where the null player is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The emotion that it was chosen for.
    pub intended: Emotion,
    /// Length, s.
    pub length_s: f64,
    /// SHA-256 of the file in hex, where the lab pins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where it comes from, for the lab's records.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}

/// Stimuli in the file's own order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playlist {
    pub name: String,
    #[serde(rename = "video", default)]
    pub videos: Vec<Stimulus>,
}

/// Why a playlist cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaylistError {
    #[error("cannot read the playlist {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("the playlist {path} does not make sense: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("the playlist {path} has no [[video]]; add one with name, file, intended and length_s")]
    Empty { path: PathBuf },
    #[error("the playlist {path} has two videos named \"{name}\"; give each its own name")]
    Twice { path: PathBuf, name: String },
    #[error("the playlist {path}: video \"{name}\" sets length_s = {length_s}; it must be above 0 and at most 7200 seconds")]
    Length { path: PathBuf, name: String, length_s: f64 },
}

/// The emotions that the built-in playlist cycles over.
const SIMULATED: [Emotion; 4] = [Emotion::Happiness, Emotion::Sadness, Emotion::Fear, Emotion::Neutral];

impl Playlist {
    /// Reads a playlist file. Video paths inside it are relative to the file's folder.
    ///
    /// # Errors
    /// Unreadable file, TOML that does not parse, unknown keys or emotions, no video, a name twice, an impossible length.
    pub fn load(path: &Path) -> Result<Playlist, PlaylistError> {
        let text = std::fs::read_to_string(path).map_err(|cause| PlaylistError::Read { path: path.into(), cause })?;
        let mut playlist = Playlist::parse(&text, path)?;
        let base = path.parent().unwrap_or(Path::new("."));
        for file in playlist.videos.iter_mut().filter_map(|v| v.file.as_mut()).filter(|f| f.is_relative()) {
            *file = base.join(&*file);
        }
        Ok(playlist)
    }

    /// Reads a playlist from text; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`Playlist::load`], less the file's own.
    pub fn parse(text: &str, path: &Path) -> Result<Playlist, PlaylistError> {
        let playlist: Playlist = toml::from_str(text)
            .map_err(|e| PlaylistError::Parse { path: path.into(), message: e.to_string().trim().replace('\n', "\n  ") })?;
        if playlist.videos.is_empty() {
            return Err(PlaylistError::Empty { path: path.into() });
        }
        for (i, video) in playlist.videos.iter().enumerate() {
            if playlist.videos[..i].iter().any(|earlier| earlier.name == video.name) {
                return Err(PlaylistError::Twice { path: path.into(), name: video.name.clone() });
            }
            // Written so that NaN is refused too.
            if !(video.length_s > 0.0 && video.length_s <= 7200.0) {
                return Err(PlaylistError::Length { path: path.into(), name: video.name.clone(), length_s: video.length_s });
            }
        }
        Ok(playlist)
    }

    /// The built-in playlist of a simulated session: `trials` stimuli without files, happiness, sadness, fear and
    /// neutral in turn, `length_s` seconds each.
    pub fn simulated(trials: usize, length_s: f64) -> Playlist {
        let videos = SIMULATED
            .into_iter()
            .cycle()
            .take(trials)
            .enumerate()
            .map(|(i, intended)| Stimulus {
                name: format!("simulated-{:02}-{intended}", i + 1),
                file: None,
                intended,
                length_s,
                sha256: None,
                source: String::new(),
            })
            .collect();
        Playlist { name: format!("simulated playlist of {trials} x {length_s} s"), videos }
    }

    /// What would go wrong when it is played: a sentence for every missing or changed file. A stimulus without a file
    /// is trouble only where `needs_files`, that is for every player but the null player.
    pub fn check(&self, needs_files: bool) -> Vec<String> {
        self.videos.iter().filter_map(|v| v.problem(needs_files)).collect()
    }
}

impl Stimulus {
    /// A sentence about this video's file, if something is wrong with it.
    pub fn problem(&self, needs_files: bool) -> Option<String> {
        let name = &self.name;
        let Some(file) = &self.file else {
            return needs_files.then(|| {
                format!("video \"{name}\" names no file; add file = \"...\" or set stimulus.player = \"null\" in the rig")
            });
        };
        if !file.is_file() {
            return Some(format!("video \"{name}\" is not at {}; copy it there or mend the playlist", file.display()));
        }
        let wanted = self.sha256.as_ref()?;
        match checksum(file) {
            Ok(found) if found.eq_ignore_ascii_case(wanted.trim()) => None,
            Ok(found) => Some(format!(
                "video \"{name}\" is not the file the playlist means: its sha256 is {found}, not {}; bring the right file or mend the playlist",
                wanted.trim()
            )),
            Err(e) => Some(format!("video \"{name}\" at {} cannot be read: {e}", file.display())),
        }
    }
}

fn checksum(file: &Path) -> std::io::Result<String> {
    let mut reader = std::fs::File::open(file)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        name = "clips"
        [[video]]
        name = "sea"
        file = "sea.mp4"
        intended = "calm"
        length_s = 12.5
        sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        [[video]]
        name = "storm"
        intended = "fear"
        length_s = 9
    "#;

    #[test]
    fn a_playlist_file_is_read_and_its_paths_are_beside_it() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("clips.toml");
        std::fs::write(&path, GOOD).expect("written");
        let playlist = Playlist::load(&path).expect("loads");
        assert_eq!(playlist.videos.len(), 2);
        assert_eq!(playlist.videos[0].intended, Emotion::Calm);
        assert_eq!(playlist.videos[0].file.as_deref(), Some(dir.path().join("sea.mp4").as_path()));
    }

    #[test]
    fn missing_and_changed_files_each_get_a_sentence() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("clips.toml");
        std::fs::write(&path, GOOD).expect("written");
        let playlist = Playlist::load(&path).expect("loads");
        let said = playlist.check(true);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("sea") && said[0].contains("is not at"), "{said:?}");
        assert!(said[1].contains("storm") && said[1].contains("names no file"), "{said:?}");
        std::fs::write(dir.path().join("sea.mp4"), "abc").expect("written");
        assert_eq!(playlist.check(false), Vec::<String>::new(), "\"abc\" has the pinned sha256");
        std::fs::write(dir.path().join("sea.mp4"), "abd").expect("written");
        assert!(playlist.check(false)[0].contains("not the file the playlist means"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_name() {
        let refuse = |text: &str| Playlist::parse(text, Path::new("p.toml")).expect_err("refused").to_string();
        assert!(refuse(&GOOD.replace("length_s = 9", "length = 9")).contains("length"), "unknown key");
        assert!(refuse(&GOOD.replace("\"fear\"", "\"joy\"")).contains("joy"), "unknown emotion");
        assert!(refuse(&GOOD.replace("\"storm\"", "\"sea\"")).contains("two videos named \"sea\""));
        assert!(refuse(&GOOD.replace("length_s = 9", "length_s = 0")).contains("length_s = 0"));
        assert!(refuse(&GOOD.replace("length_s = 9", "length_s = nan")).contains("NaN"));
        assert!(refuse("name = \"empty\"").contains("no [[video]]"));
        assert!(Playlist::load(Path::new("no/such.toml")).expect_err("absent").to_string().contains("no/such.toml"));
    }

    #[test]
    fn the_simulated_playlist_cycles_over_four_emotions() {
        let playlist = Playlist::simulated(6, 4.0);
        let emotions: Vec<&str> = playlist.videos.iter().map(|v| v.intended.name()).collect();
        assert_eq!(emotions, ["happiness", "sadness", "fear", "neutral", "happiness", "sadness"]);
        assert!(playlist.check(false).is_empty());
        assert_eq!(playlist.check(true).len(), 6);
    }
}
