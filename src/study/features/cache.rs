//! Feature tables on disk, each under the digest of everything that it was made of: samples, beats, the part, and the
//! recipe with every choice. A table that is damaged or of another version of limbic is made again.

use crate::prepare::dataset::Recipe;
use crate::prepare::eeg::{CleaningLog, Companions};
use crate::prepare::recipes::{self, FeatureOptions, FeatureSet, FeatureTable, Material, features};
use crate::prepare::{PrepareError, Signals};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The folder below a home where tables are kept. All in it can be made again; erasing a participant removes it.
pub const FOLDER: &str = "derived/features";

/// Grows when a stage computes something else from the same choices.
const VERSION: u32 = 1;

/// Larger tables are not kept, values: spectrograms of a long recording would fill the disk.
const MOST_VALUES: usize = 16 << 20;

/// Digest of what features are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content([u8; 32]);

impl Content {
    /// Of samples and what was recorded beside them.
    pub fn of(eeg: &Signals, beside: Companions<'_>) -> Content {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&(VERSION, &eeg.labels)).unwrap_or_default());
        numbers(&mut hash, &[eeg.rate]);
        eeg.data.iter().chain(beside.eog).for_each(|x| numbers(&mut hash, x));
        numbers(&mut hash, beside.beats);
        Content(hash.finalize().into())
    }

    /// Of pieces of bytes: a trial's frames, a picture.
    pub fn of_bytes<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Content {
        let mut hash = Sha256::new();
        hash.update(VERSION.to_le_bytes());
        for piece in pieces {
            hash.update((piece.len() as u64).to_le_bytes());
            hash.update(piece);
        }
        Content(hash.finalize().into())
    }

    /// Of a part of it, with the beats around that part and the recipe that its features will carry.
    pub fn part(&self, onset_s: f64, length_s: f64, beats: &[f64], recipe: &Recipe) -> Content {
        let mut hash = Sha256::new();
        hash.update(self.0);
        numbers(&mut hash, &[onset_s, length_s]);
        numbers(&mut hash, beats);
        hash.update(serde_json::to_vec(recipe).unwrap_or_default());
        Content(hash.finalize().into())
    }
}

/// Numbers by their bits, their count before them.
fn numbers(hash: &mut Sha256, values: &[f64]) {
    hash.update((values.len() as u64).to_le_bytes());
    // In pieces: one call a number would cost more than the hash.
    for piece in values.chunks(4096) {
        hash.update(piece.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
    }
}

/// Tables in a folder of a home.
#[derive(Debug, Clone)]
pub struct FeatureCache {
    folder: PathBuf,
}

/// What stands before the numbers in a file.
#[derive(Serialize, Deserialize)]
struct Head {
    recipe: Recipe,
    shape: Vec<usize>,
    rows: usize,
    notes: Vec<String>,
    cleaning: Option<CleaningLog>,
}

impl FeatureCache {
    /// The cache of a home; nothing is written before the first table is.
    pub fn of(home: &Path) -> FeatureCache {
        FeatureCache { folder: home.join(FOLDER) }
    }

    /// The table of the material, or why it has none, and whether it was there already. Where a new table cannot be kept,
    /// its notes say so.
    pub fn table(
        &self,
        set: FeatureSet,
        material: Material<'_>,
        options: &FeatureOptions,
    ) -> (Result<FeatureTable, PrepareError>, bool) {
        let recipe = match recipes::recipe(set, &material.eeg.labels, options) {
            Ok(recipe) => recipe,
            Err(why) => return (Err(why), false),
        };
        let content = Content::of(material.eeg, material.beside);
        let content = content.part(material.onset_s, material.length_s, material.beside.beats, &recipe);
        if let Some(table) = self.find(&content, &recipe) {
            return (Ok(table), true);
        }
        let mut made = features(set, material, options);
        if let Ok(table) = &mut made {
            self.keep(&content, table);
        }
        (made, false)
    }

    /// The table of that content and recipe, where it is there and whole.
    pub fn find(&self, content: &Content, recipe: &Recipe) -> Option<FeatureTable> {
        read(&self.path(content, recipe)).filter(|table| table.recipe == *recipe)
    }

    /// Keeps a table, unless it is too large; where that fails (a home of somebody else), the table's notes say so.
    pub fn keep(&self, content: &Content, table: &mut FeatureTable) {
        let path = self.path(content, &table.recipe);
        if table.rows.len() * table.shape.iter().product::<usize>() <= MOST_VALUES
            && let Err(why) = write(&path, table)
        {
            table.notes.push(format!("these features are not kept for next time: {}: {why}", path.display()));
        }
    }

    fn path(&self, content: &Content, recipe: &Recipe) -> PathBuf {
        let name: String = content.0.iter().take(16).map(|b| format!("{b:02x}")).collect();
        self.folder.join(recipe.id()).join(format!("{name}.zst"))
    }
}

/// zstd over the head's length and JSON, the times (f64) and the values (f32), with zstd's own checksum. The file
/// appears whole or not at all.
fn write(path: &Path, table: &FeatureTable) -> std::io::Result<()> {
    let head = Head {
        recipe: table.recipe.clone(),
        shape: table.shape.clone(),
        rows: table.rows.len(),
        notes: table.notes.clone(),
        cleaning: table.cleaning.clone(),
    };
    let head = serde_json::to_vec(&head)?;
    let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
    bytes.extend(head);
    table.rows.iter().for_each(|(time, _)| bytes.extend(time.to_le_bytes()));
    table.rows.iter().flat_map(|(_, values)| values).for_each(|v| bytes.extend(v.to_le_bytes()));
    let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
    encoder.include_checksum(true)?;
    encoder.write_all(&bytes)?;
    let packed = encoder.finish()?;
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    // Several processes may make the same table: each writes its own file and the last name wins.
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&unfinished, packed)?;
    std::fs::rename(&unfinished, path)
}

/// `None` where there is no whole table.
fn read(path: &Path) -> Option<FeatureTable> {
    let mut bytes = Vec::new();
    zstd::Decoder::new(std::fs::File::open(path).ok()?).ok()?.read_to_end(&mut bytes).ok()?;
    let length = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?) as usize;
    let head: Head = serde_json::from_slice(bytes.get(8..8 + length)?).ok()?;
    let size: usize = head.shape.iter().product();
    let (times, values) = bytes.get(8 + length..)?.split_at_checked(8 * head.rows)?;
    if values.len() != 4 * head.rows * size {
        return None;
    }
    let times = times.chunks_exact(8).filter_map(|b| Some(f64::from_le_bytes(b.try_into().ok()?)));
    let values: Vec<f32> = values.chunks_exact(4).filter_map(|b| Some(f32::from_le_bytes(b.try_into().ok()?))).collect();
    let rows = times.zip(values.chunks(size.max(1))).map(|(time, row)| (time, row.to_vec())).collect();
    Some(FeatureTable { recipe: head.recipe, shape: head.shape, rows, notes: head.notes, cleaning: head.cleaning })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn a_table_is_kept_until_anything_that_made_it_changes() {
        let mut seed = Seed::new(3);
        let data = (0..3).map(|_| (0..2560).map(|_| seed.normal()).collect()).collect();
        let mut eeg = Signals { rate: 256.0, labels: ["Fz", "Cz", "Pz"].map(String::from).to_vec(), data };
        let home = tempfile::tempdir().expect("a folder");
        let cache = FeatureCache::of(home.path());
        let take = |eeg: &Signals, options: &FeatureOptions| {
            let material = Material::whole(eeg, Companions::default());
            let (table, kept) = cache.table(FeatureSet::Psd, material, options);
            (table.expect("long enough"), kept)
        };
        let options = FeatureOptions::default();
        let (first, kept) = take(&eeg, &options);
        assert!(!kept && take(&eeg, &options) == (first.clone(), true));
        let averaged = FeatureOptions { per_trial_mean: true, ..options.clone() };
        assert!(!take(&eeg, &averaged).1, "another recipe");
        eeg.data[2][1000] += 1e-9;
        assert!(!take(&eeg, &options).1, "another sample");
        eeg.data[2][1000] -= 1e-9;
        // A damaged file is made again.
        for folder in std::fs::read_dir(home.path().join(FOLDER)).expect("kept").flatten() {
            for file in std::fs::read_dir(folder.path()).expect("kept").flatten() {
                let mut bytes = std::fs::read(file.path()).expect("a table");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(file.path(), bytes).expect("written");
            }
        }
        let (again, kept) = take(&eeg, &averaged);
        assert!(!kept && again.rows.len() == 1 && take(&eeg, &averaged).1);
    }
}
