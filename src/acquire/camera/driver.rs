//! What a camera must be able to do, so that watchdog and re-opening can be tested without one.

use crate::signal::Nanos;

/// How the bytes of a shot are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pixels {
    /// One JPEG, perhaps with left-overs behind it.
    Mjpeg,
    /// Two pixels in four bytes: Y0 U Y1 V.
    Yuyv,
    /// A plane of Y, then one of U and V in turn at half the resolution in both directions.
    Nv12,
}

impl Pixels {
    pub(super) fn name(self) -> &'static str {
        match self {
            Pixels::Mjpeg => "MJPEG",
            Pixels::Yuyv => "YUYV",
            Pixels::Nv12 => "NV12",
        }
    }
}

/// What the camera agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub width: u32,
    pub height: u32,
    pub fps: u32,
    pub pixels: Pixels,
}

/// One image as it comes from the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shot {
    pub bytes: Vec<u8>,
    /// When the driver took it, on the wall clock of that moment; None where it does not say.
    pub wall: Option<Nanos>,
}

/// An open camera; it lives and dies in the thread that opened it.
pub(super) trait Driver {
    /// "Integrated Camera".
    fn name(&self) -> String;
    fn mode(&self) -> Mode;
    /// Waits for the next image, for ever if none comes.
    ///
    /// # Errors
    /// The camera is gone or the wait was interrupted; the driver is of no further use.
    fn next(&mut self) -> Result<Shot, String>;
}

/// Opens the camera, each time anew, in the calling thread.
pub(super) trait Opener: Send + Sync {
    /// # Errors
    /// Why it cannot be opened, and what to do.
    fn open(&self) -> Result<Box<dyn Driver>, String>;
}
