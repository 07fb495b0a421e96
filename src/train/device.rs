//! Where networks compute. This build knows the CPU; a wish for more gets a sentence, not a silent CPU.

use std::path::Path;

/// Names of the choices.
pub const NAMES: [&str; 3] = ["auto", "cpu", "gpu"];

/// A device that this build does not have.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeviceError {
    #[error("\"{0}\" is no device; use auto, cpu or gpu")]
    Unknown(String),
    #[error("{0}, and this build of limbic trains on the CPU only; use --device cpu, or leave it out")]
    NoGpu(String),
}

/// What a choice comes to: "cpu" for "auto" and "cpu".
///
/// # Errors
/// The GPU, which this build cannot use; any other word.
pub fn chosen(name: &str) -> Result<&'static str, DeviceError> {
    match name {
        "auto" | "cpu" => Ok("cpu"),
        "gpu" => Err(DeviceError::NoGpu(graphics().map_or("no GPU was found here".into(), |found| format!("there is {found}")))),
        other => Err(DeviceError::Unknown(other.into())),
    }
}

/// A graphics processor that the system shows: "an NVIDIA GPU", "a GPU (/dev/dri/renderD128)".
pub fn graphics() -> Option<String> {
    if Path::new("/proc/driver/nvidia/version").exists() {
        return Some("an NVIDIA GPU".into());
    }
    let nodes = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten().map(|e| e.path());
    let node = nodes.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("renderD"))).min()?;
    Some(format!("a GPU ({})", node.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gpu_is_refused_in_a_sentence_and_never_replaced_silently() {
        assert_eq!((chosen("auto"), chosen("cpu")), (Ok("cpu"), Ok("cpu")));
        assert!(chosen("gpu").is_err_and(|e| e.to_string().contains("CPU only")));
        assert!(chosen("tpu").is_err_and(|e| NAMES.iter().all(|name| e.to_string().contains(name))));
    }
}
