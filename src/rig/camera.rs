//! A camera of the rig: which one, what it should deliver, in which form.

use serde::{Deserialize, Serialize};

/// A camera that films the participant's face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CameraRig {
    /// 0 for /dev/video0, or a path; those in /dev/v4l/by-id stay the same when cameras are plugged in another order.
    pub device: CameraChoice,
    /// Pixels; the camera must offer exactly this size.
    pub width: u32,
    pub height: u32,
    /// Frames a second; the nearest that the camera offers at this size is taken.
    pub fps: u32,
    pub format: CameraFormat,
    /// Quality of our own JPEG, 1-100, where the camera delivers none (YUYV, NV12).
    pub jpeg_quality: u8,
    /// Fixed delay between light and stamp, s; measured, not guessed.
    pub latency_s: f64,
}

impl Default for CameraRig {
    fn default() -> Self {
        CameraRig {
            device: CameraChoice::Number(0),
            width: 640,
            height: 480,
            fps: 30,
            format: CameraFormat::Auto,
            jpeg_quality: 85,
            latency_s: 0.0,
        }
    }
}

/// Which camera.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CameraChoice {
    Number(u32),
    Path(String),
}

impl std::fmt::Display for CameraChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CameraChoice::Number(n) => write!(f, "{n}"),
            CameraChoice::Path(path) => f.write_str(path),
        }
    }
}

/// How pixels come out of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CameraFormat {
    /// MJPEG where the camera has it, else YUYV, else NV12.
    Auto,
    Mjpeg,
    Yuyv,
    Nv12,
}
