//! Files out of a package: gzipped tar (npm) or zip (Python wheels), read in memory.

use super::pins::Files;
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// No file of a package is larger, bytes.
const LARGEST: u64 = 256 << 20;
const BLOCK: usize = 512;

/// The files whose paths begin with one of `wanted`.
///
/// # Errors
/// No archive of this kind, or one that is cut off, in a few words.
pub fn read(path: &Path, wanted: &[&str]) -> Result<Files, String> {
    let file = BufReader::new(File::open(path).map_err(|e| e.to_string())?);
    let is_wanted = |name: &str| wanted.iter().any(|w| name.starts_with(w));
    match path.extension().and_then(|e| e.to_str()) {
        Some("tgz") => tar(GzDecoder::new(file), is_wanted),
        _ => zip(file, is_wanted),
    }
}

fn zip(file: BufReader<File>, wanted: impl Fn(&str) -> bool) -> Result<Files, String> {
    let mut archive = zip::ZipArchive::new(file).map_err(|e| e.to_string())?;
    let names: Vec<String> = archive.file_names().flatten().map(|n| n.into_owned()).filter(|n| wanted(n)).collect();
    let mut files = Files::new();
    for name in names {
        let mut bytes = Vec::new();
        let entry = archive.by_name(&name).map_err(|e| format!("{name}: {e}"))?;
        entry.take(LARGEST).read_to_end(&mut bytes).map_err(|e| format!("{name}: {e}"))?;
        files.insert(name, bytes);
    }
    Ok(files)
}

/// POSIX tar: a header of 512 bytes (name, size in octal), the contents, filled up to whole blocks.
fn tar(mut stream: impl Read, wanted: impl Fn(&str) -> bool) -> Result<Files, String> {
    let mut files = Files::new();
    let mut header = [0u8; BLOCK];
    loop {
        stream.read_exact(&mut header).map_err(|e| format!("it is cut off: {e}"))?;
        if header.iter().all(|b| *b == 0) {
            return Ok(files);
        }
        let text = |from: usize, to: usize| {
            let field = header[from..to].split(|b| *b == 0).next().unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_string()
        };
        let name = match text(345, 500) {
            prefix if prefix.is_empty() => text(0, 100),
            prefix => format!("{prefix}/{}", text(0, 100)),
        };
        let size = u64::from_str_radix(&text(124, 136), 8).map_err(|_| format!("its entry {name} has no size"))?;
        if size > LARGEST {
            return Err(format!("its entry {name} has {size} bytes"));
        }
        let mut bytes = vec![0; (size as usize).next_multiple_of(BLOCK)];
        stream.read_exact(&mut bytes).map_err(|e| format!("it is cut off within {name}: {e}"))?;
        bytes.truncate(size as usize);
        // '0' or nothing: a plain file.
        if matches!(header[156], b'0' | 0) && wanted(&name) {
            files.insert(name, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tar_is_read_and_a_cut_one_refused() {
        let mut bytes = Vec::new();
        for (name, contents) in [("package/a.txt", "one"), ("package/b.txt", "two")] {
            let mut header = [0u8; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", contents.len()).as_bytes());
            header[156] = b'0';
            bytes.extend(header);
            bytes.extend(contents.bytes().chain(std::iter::repeat_n(0, BLOCK - contents.len())));
        }
        bytes.extend([0; 2 * BLOCK]);
        let files = tar(&bytes[..], |n| n.ends_with("b.txt")).expect("a tar");
        assert_eq!(files.into_iter().collect::<Vec<_>>(), [("package/b.txt".to_string(), b"two".to_vec())]);
        assert!(tar(&bytes[..700], |_| true).is_err());
    }
}
