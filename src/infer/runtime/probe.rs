//! Looks whether a file is an ONNX Runtime that ort can use, before ort touches it: in ort 2.0.0-rc.14 a failed
//! `init_from` leaves uninitialised memory behind that the next call takes for a library.

use crate::native;
use std::ffi::CStr;
use std::path::Path;

/// The library's version ("1.31.1") when it can be opened and offers the API that ort was built for. The library stays
/// loaded.
pub fn version(path: &Path) -> Result<String, String> {
    let library = native::open(path)?;
    // SAFETY: OrtGetApiBase takes nothing and answers a static table of two functions (onnxruntime_c_api.h); pointers
    // are checked for null before use.
    unsafe {
        let base = library
            .get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase")
            .map_err(|_| "it is no ONNX Runtime (it has no function OrtGetApiBase)".to_string())?;
        let base = base().as_ref().ok_or("OrtGetApiBase answers nothing")?;
        let text = (base.GetVersionString)();
        if text.is_null() {
            return Err("it does not tell its version".into());
        }
        let version = CStr::from_ptr(text).to_string_lossy().into_owned();
        if (base.GetApi)(ort::MINOR_VERSION).is_null() || minor(&version) < ort::MINOR_VERSION {
            return Err(format!("ONNX Runtime {version} is too old; 1.{} or newer is needed", ort::MINOR_VERSION));
        }
        Ok(version)
    }
}

fn minor(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|m| m.parse().ok()).unwrap_or(0)
}
