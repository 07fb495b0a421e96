//! Where networks compute: the CPU, or with the feature `gpu` a graphics processor of any vendor, chosen at run time. A wish
//! that cannot be met gets a sentence, not a silent CPU.

mod probe;

use burn::tensor::Device;
pub use probe::{Adapter, check_here, probe};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Names of the choices.
pub const NAMES: [&str; 3] = ["auto", "cpu", "gpu"];

/// Where to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compute {
    #[default]
    Cpu,
    Gpu,
}

impl std::fmt::Display for Compute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if *self == Compute::Gpu { "on the GPU" } else { "on the CPU" })
    }
}

/// A device that cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeviceError {
    #[error("\"{0}\" is no device; use auto, cpu or gpu")]
    Unknown(String),
    #[error(
        "{0}, and this build of limbic trains on the CPU only; build it with --features gpu, use --device cpu, or leave it out"
    )]
    NotBuilt(String),
    #[error("no GPU can be used: {0}; use --device cpu, or leave it out")]
    NoGpu(String),
}

impl Compute {
    /// The framework's handle.
    ///
    /// # Errors
    /// A GPU in a build without them.
    pub(super) fn device(self) -> Result<Device, DeviceError> {
        match self {
            Compute::Cpu => Ok(Device::flex()),
            #[cfg(feature = "gpu")]
            Compute::Gpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(not(feature = "gpu"))]
            Compute::Gpu => Err(not_built()),
        }
    }
}

/// What a choice came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chosen {
    pub compute: Compute,
    /// The GPU.
    pub adapter: Option<Adapter>,
    /// Why "auto" passed a GPU by that the system shows.
    pub passed_by: Option<String>,
}

/// What a choice comes to. "auto" takes a GPU that computes rightly and is none made of software, else the CPU.
///
/// # Errors
/// A GPU that cannot be used; any other word.
pub fn chosen(name: &str) -> Result<Chosen, DeviceError> {
    let built = cfg!(feature = "gpu");
    let gpu = |adapter| Chosen { compute: Compute::Gpu, adapter: Some(adapter), passed_by: None };
    match name {
        "cpu" => Ok(Chosen::default()),
        "auto" => Ok(match graphics().filter(|_| built) {
            Some(found) => match probe() {
                Ok(adapter) if !adapter.software => gpu(adapter),
                Ok(_) => Chosen { passed_by: Some(format!("there is {found}, but its driver is software")), ..Chosen::default() },
                Err(why) => Chosen { passed_by: Some(format!("there is {found}, but {why}")), ..Chosen::default() },
            },
            None => Chosen::default(),
        }),
        "gpu" if built => probe().map(gpu).map_err(DeviceError::NoGpu),
        "gpu" => Err(not_built()),
        other => Err(DeviceError::Unknown(other.into())),
    }
}

fn not_built() -> DeviceError {
    DeviceError::NotBuilt(graphics().map_or("no GPU was found here".into(), |found| format!("there is {found}")))
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
    fn a_device_that_is_not_there_is_refused_in_a_sentence_and_never_replaced_silently() {
        assert_eq!(chosen("cpu"), Ok(Chosen::default()));
        assert!(chosen("tpu").is_err_and(|e| NAMES.iter().all(|name| e.to_string().contains(name))));
        if !cfg!(feature = "gpu") {
            assert_eq!(chosen("auto"), Ok(Chosen::default()));
            assert!(chosen("gpu").is_err_and(|e| e.to_string().contains("CPU only")));
            assert!(Compute::Gpu.device().is_err());
        }
    }
}
