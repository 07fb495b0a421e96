//! Whether there is a GPU that computes rightly: tried in a process of its own, since a driver may crash the one that
//! opens it.

use serde::{Deserialize, Serialize};
#[cfg(feature = "gpu")]
use std::process::{Command, Stdio};
#[cfg(feature = "gpu")]
use std::time::{Duration, Instant};

/// A graphics adapter that computed rightly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adapter {
    /// As its driver names it.
    pub name: String,
    /// It is the CPU behind a driver's interface.
    pub software: bool,
}

/// A driver that has not answered by then is not waited for.
#[cfg(feature = "gpu")]
const PATIENCE: Duration = Duration::from_secs(20);

/// Tries the adapter in a child process (`limbic probe-gpu`).
///
/// # Errors
/// Why there is none, as the middle of a sentence.
#[cfg(feature = "gpu")]
pub fn probe() -> Result<Adapter, String> {
    if cfg!(target_os = "linux") {
        // SAFETY: Vulkan's loader does nothing when it is loaded but prepare itself.
        unsafe { libloading::Library::new("libvulkan.so.1") }
            .map_err(|_| "Vulkan's loader (libvulkan.so.1) is not installed".to_string())?;
    }
    let program = std::env::current_exe().map_err(|e| format!("this program cannot be found ({e})"))?;
    let mut command = Command::new(program);
    command.arg("probe-gpu").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("it could not be tried ({e})"))?;
    let started = Instant::now();
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if started.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("its driver did not answer within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().map_err(|e| format!("it could not be tried ({e})"))?;
    if !output.status.success() {
        return Err("Vulkan offers none that works (its driver failed when it was tried)".into());
    }
    let answer: Result<Adapter, String> =
        serde_json::from_slice(&output.stdout).map_err(|_| "its trial gave no answer".to_string())?;
    answer
}

/// A build without GPUs has none to try.
///
/// # Errors
/// Always.
#[cfg(not(feature = "gpu"))]
pub fn probe() -> Result<Adapter, String> {
    Err("this build of limbic trains on the CPU only".into())
}

/// The trial itself, in this process: a product of two matrices beside the CPU's. A driver may end the process.
///
/// # Errors
/// A wrong result.
#[cfg(feature = "gpu")]
pub fn check_here() -> Result<Adapter, String> {
    use crate::signal::Seed;
    use crate::train::parameters::{tensor, values};
    use burn::tensor::{Device, DeviceKind};
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    let mut seed = Seed::new(1);
    let mut draw = |shape: [usize; 2]| {
        let drawn = (0..shape[0] * shape[1]).map(|_| seed.normal() as f32).collect();
        tensor(drawn, shape)
    };
    let (a, b) = (draw([48, 70]), draw([70, 33]));
    let wanted = values(a.clone().matmul(b.clone()));
    let found = values(a.to_device(&device).matmul(b.to_device(&device)));
    let off = wanted.iter().zip(&found).fold(0.0_f32, |most, (w, f)| most.max((w - f).abs()));
    if found.len() != wanted.len() || !off.is_finite() || off > 1e-4 {
        return Err(format!("its products are wrong by {off}"));
    }
    let identity = device.identity();
    let software = identity.as_ref().is_none_or(|i| i.physical.is_none());
    Ok(Adapter { name: identity.map_or("a GPU".into(), |i| i.name), software })
}

/// As [`probe`].
///
/// # Errors
/// Always.
#[cfg(not(feature = "gpu"))]
pub fn check_here() -> Result<Adapter, String> {
    probe()
}
