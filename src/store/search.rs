//! Looking for bytes in all files of a home: the proof that what was erased is gone.

use super::error::{Named, StoreError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Shorter bytes occur by chance.
const SHORTEST: usize = 4;
/// How much of a picture or a block of samples is looked for: no chance hit, and found wherever a copy lies.
const PROBE: usize = 32;
/// How much of a file is read at once.
const PIECE: usize = 1 << 20;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Search {
    /// Different byte strings that were looked for.
    pub needles: usize,
    pub files: usize,
    pub bytes: u64,
    /// Files, relative to the home, in which one was found.
    pub found_in: Vec<String>,
}

/// What to look for.
#[derive(Debug, Default)]
pub(super) struct Needles(BTreeSet<Vec<u8>>);

impl Needles {
    /// Exactly these bytes; fewer than four are not looked for.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        if bytes.len() >= SHORTEST {
            self.0.insert(bytes.to_vec());
        }
    }

    /// A piece out of the middle of these contents, where nothing stands that all of its kind have in common.
    pub(super) fn probe(&mut self, contents: &[u8]) {
        if let Some(piece) = piece(contents) {
            // A piece of one value (a black border, silence) says nothing.
            let values: BTreeSet<u8> = piece.iter().copied().collect();
            if values.len() >= PROBE / 4 {
                self.add(piece);
            }
        }
    }

    /// Looks through every file below a folder.
    pub(super) fn search(&self, dir: &Path) -> Result<Search, StoreError> {
        let mut by_start: BTreeMap<[u8; SHORTEST], Vec<&[u8]>> = BTreeMap::new();
        for needle in &self.0 {
            if let Some(start) = needle.first_chunk() {
                by_start.entry(*start).or_default().push(needle);
            }
        }
        // Most places begin no needle, and two bytes tell.
        let mut begins = vec![false; 1 << 16];
        by_start.keys().for_each(|start| begins[usize::from(u16::from_be_bytes([start[0], start[1]]))] = true);
        let longest = self.0.iter().map(Vec::len).max().unwrap_or(0);
        let mut search = Search { needles: self.0.len(), ..Search::default() };
        let mut folders = vec![dir.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).named("list", &folder)? {
                let path = entry.named("list", &folder)?.path();
                if path.is_symlink() {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let (bytes, hit) = look(&path, longest, &|at: &[u8]| {
                    begins[usize::from(u16::from_be_bytes([at[0], at[1]]))]
                        && at
                            .first_chunk()
                            .and_then(|start| by_start.get(start))
                            .is_some_and(|n| n.iter().any(|n| at.starts_with(n)))
                })?;
                search.files += 1;
                search.bytes += bytes;
                if hit {
                    let name = path.strip_prefix(dir).unwrap_or(&path);
                    search.found_in.push(name.display().to_string());
                }
            }
        }
        search.found_in.sort();
        Ok(search)
    }
}

/// The piece of these contents that [`Needles::probe`] takes.
pub(super) fn piece(contents: &[u8]) -> Option<&[u8]> {
    let from = contents.len() / 2;
    contents.get(from..from + PROBE)
}

/// Bytes of a file, and whether `here` answers true at any place of it. Pieces overlap by the longest needle.
fn look(path: &Path, longest: usize, here: &dyn Fn(&[u8]) -> bool) -> Result<(u64, bool), StoreError> {
    let mut file = File::open(path).named("open", path)?;
    let (mut window, mut total) = (Vec::new(), 0);
    loop {
        let n = Read::by_ref(&mut file).take(PIECE as u64).read_to_end(&mut window).named("read", path)?;
        total += n as u64;
        if (0..window.len().saturating_sub(SHORTEST - 1)).any(|i| here(&window[i..])) {
            return Ok((total, true));
        }
        if n == 0 {
            return Ok((total, false));
        }
        window.drain(..window.len().saturating_sub(longest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_wherever_they_lie_and_not_where_they_do_not() {
        let dir = tempfile::tempdir().expect("dir");
        std::fs::create_dir(dir.path().join("deep")).expect("folder");
        let mut needles = Needles::default();
        let picture: Vec<u8> = (0..200u32).map(|i| (i * i * 7 + 13) as u8).collect();
        needles.probe(&picture);
        needles.probe(&[9; 500]); // says nothing
        needles.add(b"P1"); // too short
        needles.add(b"\xA3P07");
        assert_eq!(needles.0.len(), 2);
        // Across the border between two pieces, and at the very end.
        let mut large = vec![1u8; PIECE - 50];
        large.extend(&picture);
        std::fs::write(dir.path().join("deep/large"), &large).expect("file");
        std::fs::write(dir.path().join("end"), b"....\xA3P07").expect("file");
        std::fs::write(dir.path().join("none"), [b"P07 \xA3P08".to_vec(), picture[..110].to_vec()].concat()).expect("file");
        let search = needles.search(dir.path()).expect("reads");
        assert_eq!((search.found_in, search.files), (vec!["deep/large".to_string(), "end".into()], 3));
    }
}
