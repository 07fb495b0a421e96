//! Pictures for training: the participant's face of every frame, cut out, in folders by class as RAF-DB and FER have them
//! (train/happy/0001.jpg).

use crate::cli::files;
use crate::infer::face::crop::{TRAINING, crop};
use crate::infer::face::{Picture, Seen};
use anyhow::Context;
use std::path::{Path, PathBuf};

/// Quality of the crops' JPEG.
const QUALITY: u8 = 95;

/// A file to look at, and the path below which its crops go: its place inside the folder that was named.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub path: PathBuf,
    pub below: PathBuf,
}

/// Files as they are, folders as all the pictures in them, sorted.
///
/// # Errors
/// A folder that cannot be read, or one without a picture.
pub fn expand(arguments: &[PathBuf]) -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    for argument in arguments {
        if !argument.is_dir() {
            items.push(Item { path: argument.clone(), below: PathBuf::new() });
            continue;
        }
        let before = items.len();
        walk(argument, Path::new(""), &mut items)?;
        anyhow::ensure!(items.len() > before, "{} holds no JPEG or PNG picture", argument.display());
    }
    Ok(items)
}

fn walk(folder: &Path, below: &Path, items: &mut Vec<Item>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        if path.is_dir() {
            walk(&path, &below.join(path.file_name().unwrap_or_default()), items)?;
        } else if ["jpg", "jpeg", "png"].contains(&ending.as_str()) {
            items.push(Item { path, below: below.into() });
        }
    }
    Ok(())
}

/// Writes the participant's face of one frame, where there is one; true if so.
///
/// # Errors
/// The folder cannot be written.
pub fn write(out: &Path, item: &Item, number: usize, picture: &Picture, seen: &Seen) -> anyhow::Result<bool> {
    let Some(face) = seen.participant.and_then(|i| seen.faces.get(i)) else { return Ok(false) };
    let folder = out.join(&item.below);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let stem = item.path.file_stem().unwrap_or_default().to_string_lossy();
    let name = if number == 0 { format!("{stem}.jpg") } else { format!("{stem}-{number:05}.jpg") };
    let jpeg = crop(picture, face, &TRAINING).to_jpeg(QUALITY).map_err(anyhow::Error::msg)?;
    let path = folder.join(name);
    files::write(&path, jpeg)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_keep_their_classes() {
        let room = tempfile::tempdir().expect("folder");
        for name in ["train/happy/b.jpg", "train/happy/a.JPG", "train/sad/c.png", "train/notes.txt"] {
            let path = room.path().join(name);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(path, b"x").expect("file");
        }
        let items = expand(&[room.path().join("train"), "single.mp4".into()]).expect("pictures");
        let below: Vec<String> = items.iter().map(|i| i.below.display().to_string()).collect();
        assert_eq!(below, ["happy", "happy", "sad", ""]);
        assert!(items[0].path.ends_with("a.JPG") && items[3].path.ends_with("single.mp4"));
        assert!(expand(&[room.path().join("train/happy/..").join("..").join("empty")]).is_ok(), "a file that is not there");
        std::fs::create_dir(room.path().join("empty")).expect("folder");
        assert!(expand(&[room.path().join("empty")]).is_err());
    }
}
