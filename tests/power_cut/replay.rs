//! What a disk may hold after a power cut, from the log of what a process did to its files.
//!
//! All that an fsync of a file covered is there. Later writes survive with a chance that is drawn once a cut, in pieces
//! of 4 KiB (torn). `sync_file_range` keeps data within the durable size and not the growth of a file, as its man page
//! warns, or counts as an fsync, drawn once a cut. Names that were made, changed or removed are there after any later
//! fsync of any file, else with one chance in two.

use limbic::signal::Seed;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const PIECE: usize = 4096;

#[derive(Debug, Clone)]
pub struct Record {
    pub kind: u8,
    path: PathBuf,
    offset: usize,
    pub data: Vec<u8>,
}

impl Record {
    /// A journal was made durable.
    pub fn syncs_a_journal(&self) -> bool {
        self.kind == b'S' && self.path.to_string_lossy().contains("journal-")
    }
}

pub fn parse(log: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut at = 0;
    let word = |i: usize| u64::from_le_bytes(log[i..i + 8].try_into().expect("eight bytes")) as usize;
    while at + 19 <= log.len() {
        let kind = log[at];
        let named = usize::from(u16::from_le_bytes([log[at + 1], log[at + 2]]));
        let (offset, length) = (word(at + 3), if matches!(kind, b'W' | b'A' | b'N') { word(at + 11) } else { 0 });
        let path = PathBuf::from(String::from_utf8_lossy(&log[at + 19..at + 19 + named]).into_owned());
        let data = log[at + 19 + named..at + 19 + named + length].to_vec();
        at += 19 + named + length;
        records.push(Record { kind, path, offset, data });
    }
    records
}

enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Change>,
}

impl File {
    fn apply(content: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Length(n) => content.resize(*n, 0),
            Change::Write(at, data) => {
                content.resize(content.len().max(at + data.len()), 0);
                content[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            File::apply(&mut self.durable, &change);
        }
    }

    /// Data within the durable size is kept; what makes the file grow is not.
    fn sync_weakly(&mut self) {
        for change in &self.pending {
            if let Change::Write(at, data) = change {
                let n = self.durable.len().saturating_sub(*at).min(data.len());
                self.durable[*at..at + n].copy_from_slice(&data[..n]);
            }
        }
    }

    fn after_the_cut(&self, kept: f64, seed: &mut Seed) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::Length(_) if seed.uniform() < kept => File::apply(&mut content, change),
                Change::Length(_) => {}
                Change::Write(at, data) => {
                    for (i, piece) in data.chunks(PIECE).enumerate().filter(|_| seed.uniform() < kept) {
                        File::apply(&mut content, &Change::Write(at + i * PIECE, piece.to_vec()));
                    }
                }
            }
        }
        content
    }
}

/// None = a folder.
type Names = BTreeMap<PathBuf, Option<usize>>;

enum Naming {
    Add(PathBuf, Option<usize>),
    Move(PathBuf, PathBuf),
    Remove(PathBuf),
}

fn rename(names: &mut Names, change: &Naming) {
    match change {
        Naming::Add(path, node) => drop(names.insert(path.clone(), *node)),
        Naming::Move(from, to) => {
            let moved: Vec<PathBuf> = names.keys().filter(|k| k.starts_with(from)).cloned().collect();
            for old in moved {
                let node = names.remove(&old).flatten();
                let rest = old.strip_prefix(from).expect("below");
                names.insert(if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) }, node);
            }
        }
        Naming::Remove(path) => drop(names.remove(path)),
    }
}

/// Builds in `target` what is left of `root` when the power goes before record number `cut`.
pub fn play(records: &[Record], cut: usize, root: &Path, target: &Path, seed: &mut Seed) {
    let kept = [0.0, 0.0, 0.3, 0.7, 1.0][seed.below(5)];
    let weak = seed.below(2) == 0;
    let mut files: Vec<File> = Vec::new();
    let (mut now, mut durable, mut pending): (Names, Names, Vec<Naming>) = Default::default();
    for record in &records[..cut] {
        let file = now.get(&record.path).copied().flatten();
        let naming = match record.kind {
            b'C' => {
                files.push(File::default());
                Some(Naming::Add(record.path.clone(), Some(files.len() - 1)))
            }
            b'D' => Some(Naming::Add(record.path.clone(), None)),
            b'U' => Some(Naming::Remove(record.path.clone())),
            b'N' => Some(Naming::Move(record.path.clone(), String::from_utf8_lossy(&record.data).into_owned().into())),
            _ => None,
        };
        if let Some(naming) = naming {
            rename(&mut now, &naming);
            pending.push(naming);
            continue;
        }
        let Some(file) = file.and_then(|id| files.get_mut(id)) else {
            if record.kind == b'd' {
                pending.drain(..).for_each(|naming| rename(&mut durable, &naming));
            }
            continue;
        };
        match record.kind {
            b'W' => file.pending.push(Change::Write(record.offset, record.data.clone())),
            b'T' => file.pending.push(Change::Length(record.offset)),
            b'r' if weak => file.sync_weakly(),
            b'S' | b'r' => {
                file.sync();
                pending.drain(..).for_each(|naming| rename(&mut durable, &naming));
            }
            _ => {}
        }
    }
    for naming in &pending {
        if seed.below(2) == 0 {
            rename(&mut durable, naming);
        }
    }
    for (path, node) in &durable {
        let place = target.join(path.strip_prefix(root).expect("below the root"));
        std::fs::create_dir_all(place.parent().expect("has one")).expect("makes");
        match node {
            None => std::fs::create_dir_all(&place).expect("makes"),
            Some(id) => std::fs::write(&place, files[*id].after_the_cut(kept, seed)).expect("writes"),
        }
    }
}
