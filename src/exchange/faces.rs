//! Folders of face pictures with a class each, as RAF-DB (Li et al. 2017) and FER are passed on.

use super::ExchangeError;
use super::imported::file_name;
use super::recognise::names;
use crate::signal::Emotion;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// RAF-DB's codes of its basic emotions, from 1.
const CODES: [Emotion; 7] =
    [Emotion::Surprise, Emotion::Fear, Emotion::Disgust, Emotion::Happiness, Emotion::Sadness, Emotion::Anger, Emotion::Neutral];

/// One picture.
#[derive(Debug, Clone, PartialEq)]
pub struct FacePicture {
    pub path: PathBuf,
    pub emotion: Emotion,
    /// It lies in the test part.
    pub test: bool,
}

/// What a tree held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaceTree {
    /// By path.
    pub pictures: Vec<FacePicture>,
    pub skipped: Vec<String>,
}

/// Every picture of a tree: `train/CLASS/*.jpg` and `test/CLASS/*.jpg` (also one folder above or without the two), with
/// a code of RAF-DB or an emotion's word as CLASS; or RAF-DB's own `Image/aligned` with `EmoLabel/list_patition_label.txt`.
///
/// # Errors
/// A folder that cannot be read; a tree without pictures of a known class.
pub fn tree(root: &Path) -> Result<FaceTree, ExchangeError> {
    let list = ["EmoLabel/list_patition_label.txt", "basic/EmoLabel/list_patition_label.txt"].map(|end| root.join(end));
    let mut found = match list.into_iter().find(|p| p.is_file()) {
        Some(list) => listed(&list)?,
        None => FaceTree::default(),
    };
    if found.pictures.is_empty() {
        for place in [root.to_path_buf(), root.join("DATASET")].into_iter().filter(|p| p.is_dir()) {
            for (part, test) in [("train", false), ("test", true), ("", false)] {
                classes(&if part.is_empty() { place.clone() } else { place.join(part) }, test, &mut found)?;
            }
        }
    }
    if found.pictures.is_empty() {
        let why = "no JPEG lies under train/CLASS, test/CLASS or CLASS, where CLASS is 1 to 7 or an emotion's name".into();
        return Err(ExchangeError::Malformed { path: root.into(), format: "face pictures", why });
    }
    found.pictures.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The emotion that a folder's name means.
fn class(name: &str) -> Option<Emotion> {
    let code = name.parse::<usize>().ok().and_then(|n| CODES.get(n.checked_sub(1)?).copied());
    let word = name.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '_' | '-' | ' ')).to_lowercase();
    code.or_else(|| match word.as_str() {
        "happy" | "joy" => Some(Emotion::Happiness),
        "sad" => Some(Emotion::Sadness),
        "angry" => Some(Emotion::Anger),
        "surprised" => Some(Emotion::Surprise),
        "fearful" => Some(Emotion::Fear),
        "disgusted" => Some(Emotion::Disgust),
        other => other.parse().ok(),
    })
}

fn is_jpeg(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg"))
}

fn classes(place: &Path, test: bool, found: &mut FaceTree) -> Result<(), ExchangeError> {
    if !place.is_dir() {
        return Ok(());
    }
    for folder in names(place)?.into_iter().filter(|p| p.is_dir()) {
        let name = file_name(&folder);
        let pictures: Vec<PathBuf> = names(&folder)?.into_iter().filter(|p| is_jpeg(p)).collect();
        match class(&name) {
            Some(emotion) => found.pictures.extend(pictures.into_iter().map(|path| FacePicture { path, emotion, test })),
            None if pictures.is_empty() => {}
            None => found.skipped.push(format!("{}: its name is no class", folder.display())),
        }
    }
    Ok(())
}

/// RAF-DB's list: "train_00001.jpg 5" a line, the pictures in `Image/aligned` as train_00001_aligned.jpg.
fn listed(list: &Path) -> Result<FaceTree, ExchangeError> {
    let text = std::fs::read_to_string(list).map_err(|cause| ExchangeError::Read { path: list.into(), cause })?;
    let root = list.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = FaceTree::default();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let parsed = line.split_once(' ').and_then(|(name, code)| {
            let emotion = CODES.get(code.trim().parse::<usize>().ok()?.checked_sub(1)?)?;
            Some((name, *emotion))
        });
        let Some((name, emotion)) = parsed else {
            *missing.entry("lines are no \"NAME CODE\"").or_default() += 1;
            continue;
        };
        let aligned = root.join("Image/aligned").join(name.replace(".jpg", "_aligned.jpg"));
        let path = if aligned.is_file() { aligned } else { root.join("Image/original").join(name) };
        if path.is_file() {
            found.pictures.push(FacePicture { path, emotion, test: name.starts_with("test") });
        } else {
            *missing.entry("pictures of the list are not there").or_default() += 1;
        }
    }
    found.skipped = missing.into_iter().map(|(what, n)| format!("{}: {n} {what}", file_name(list))).collect();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, name: &str) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, b"jpeg").expect("written");
    }

    #[test]
    fn codes_and_words_are_classes_and_anything_else_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["train/4/a.jpg", "test/5/b.jpg", "train/Fear/c.JPG", "train/cats/d.jpg", "train/4/notes.txt"] {
            put(folder.path(), name);
        }
        let found = tree(folder.path()).expect("a tree");
        let told: Vec<(Emotion, bool)> = found.pictures.iter().map(|p| (p.emotion, p.test)).collect();
        assert_eq!(told, [(Emotion::Sadness, true), (Emotion::Happiness, false), (Emotion::Fear, false)]);
        assert!(found.skipped.len() == 1 && found.skipped[0].contains("cats"), "{:?}", found.skipped);
    }

    #[test]
    fn raf_dbs_own_list_is_read_and_missing_pictures_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        put(folder.path(), "Image/aligned/train_00001_aligned.jpg");
        put(folder.path(), "EmoLabel/x");
        let list = "train_00001.jpg 7\ntest_0001.jpg 1\n";
        std::fs::write(folder.path().join("EmoLabel/list_patition_label.txt"), list).expect("written");
        let found = tree(folder.path()).expect("a tree");
        assert_eq!((found.pictures.len(), found.pictures[0].emotion), (1, Emotion::Neutral));
        assert!(found.skipped[0].contains("1 pictures"), "{:?}", found.skipped);
        assert!(tree(&folder.path().join("Image")).expect_err("no classes").to_string().contains("CLASS"));
    }
}
