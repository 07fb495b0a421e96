//! Writing files that are whole or not there: beside their place first, then moved into it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that appears under its name when it is finished. Only its owner can read it: it holds a person's signals.
pub(super) struct Whole {
    path: PathBuf,
    part: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Whole {
    /// Begins a file; folders on its way are created.
    pub fn create(path: &Path) -> io::Result<Whole> {
        may_become_a_file(path)?;
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        Ok(Whole { path: path.into(), part, file: Some(BufWriter::with_capacity(1 << 18, file)) })
    }

    /// Makes it durable and gives it its name.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.into_inner().map_err(|e| e.into_error())?.sync_all()?;
            std::fs::rename(&self.part, &self.path)?;
        }
        Ok(())
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Err(io::ErrorKind::BrokenPipe.into()), |f| f.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // Not finished: nothing half-written is left behind.
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// What takes its name from the file system takes it from whatever has it: a device or a folder is never to be replaced.
pub(super) fn may_become_a_file(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(there) if !there.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is there already and is no plain file; choose another name"))
        }
        _ => Ok(()),
    }
}

/// Writes a small file wholly or not at all.
pub(super) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = Whole::create(path)?;
    file.write_all(bytes)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileTypeExt;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_a_plain_file_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, socket) = (folder.path().join("file"), folder.path().join("socket"));
        put(&file, b"one").expect("new");
        put(&file, b"two").expect("replaced");
        assert_eq!(std::fs::read(&file).expect("read"), b"two");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        let said = put(&socket, b"three").expect_err("no plain file").to_string();
        assert!(said.contains("no plain file"), "{said}");
        assert!(std::fs::metadata(&socket).expect("still there").file_type().is_socket());
        assert!(put(folder.path(), b"four").is_err());
    }
}
