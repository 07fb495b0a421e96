//! liblsl, opened at run time: so far its version, for `limbic doctor`. Streams over LSL come with a source of their own.

use super::AcquireError;
use crate::native::{self, Library};
use std::ffi::c_int;
use std::path::Path;

/// liblsl's version, "1.18"; None where no liblsl is found.
///
/// # Errors
/// [`AcquireError::BadLibrary`] when the file that is found cannot be used.
pub fn version(library_dir: Option<&Path>) -> Result<Option<String>, AcquireError> {
    let Some(path) = native::find(Library::Lsl, library_dir) else {
        return Ok(None);
    };
    number(&path)
        .map(|n| Some(format!("{}.{}", n / 100, n % 100)))
        .map_err(|message| AcquireError::BadLibrary { library: path.display().to_string(), message })
}

/// 100 * major + minor.
fn number(path: &Path) -> Result<c_int, String> {
    let library = native::open(path)?;
    // SAFETY: `lsl_library_version` takes nothing and answers an int (lsl/common.h).
    unsafe {
        let version = library
            .get::<unsafe extern "C" fn() -> c_int>(b"lsl_library_version")
            .map_err(|_| "it has no function lsl_library_version".to_string())?;
        Ok(version())
    }
}
