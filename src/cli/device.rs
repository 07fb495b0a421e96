//! `--device`: what the choice comes to, said once where it is a GPU.

use crate::train::device::{self, Adapter, Chosen, Compute, DeviceError};

/// The device of that name; a GPU is named on stderr.
///
/// # Errors
/// One that cannot be had.
pub fn chosen(name: &str) -> Result<Compute, DeviceError> {
    let Chosen { compute, adapter, passed_by } = device::chosen(name)?;
    if let Some(Adapter { name, software }) = adapter {
        let made_of = if software { ", which is software on the CPU" } else { "" };
        eprintln!("training on {name}{made_of}");
    }
    if let Some(why) = passed_by {
        eprintln!("training on the CPU: {why}");
    }
    Ok(compute)
}

/// Tries the GPU and prints what came of it, for the process that waits for this one.
///
/// # Errors
/// Standard output is gone.
pub fn probe() -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(&device::check_here())?);
    Ok(())
}
