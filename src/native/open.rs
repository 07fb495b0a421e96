//! Opens a native library. Never closes one: they keep threads, logs and destructors of their own, and what was once
//! handed out of them stays valid.

use libloading::Library;
use std::error::Error;
use std::path::Path;

/// The opened library, for the life of the process.
///
/// # Errors
/// The loader's own words.
pub fn open(path: &Path) -> Result<&'static Library, String> {
    // SAFETY: dlopen runs the library's constructors, which is code of others. The file was chosen by the user or
    // installed by `limbic setup`, which checks its sha256.
    let library = unsafe { Library::new(path) };
    library.map(|l| &*Box::leak(Box::new(l))).map_err(|e| e.source().map_or_else(|| e.to_string(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_words_name_the_file() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let message = open(file.path()).map(|_| ()).expect_err("no library");
        assert!(message.contains(&file.path().display().to_string()), "{message}");
    }
}
