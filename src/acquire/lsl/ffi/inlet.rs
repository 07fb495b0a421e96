//! A connection to one outlet: its description, its samples or texts, its clock.

use super::super::values::Values;
use super::{Api, Fault, Info, MOST_SAMPLES, PullChunk, TIMEOUT};
use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

/// A connection to an outlet.
pub struct Inlet {
    pub(super) api: Arc<Api>,
    pub(super) handle: NonNull<c_void>,
    pub(super) width: usize,
    pub(super) uid: String,
}

// SAFETY: liblsl's inlets may be used from any thread, one at a time.
unsafe impl Send for Inlet {}

impl Inlet {
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Begins to receive.
    ///
    /// # Errors
    /// The outlet does not answer within `wait_s`.
    pub fn open(&self, wait_s: f64) -> Result<(), Fault> {
        let mut code = 0;
        // SAFETY: a live inlet and a place for the code.
        unsafe { (self.api.open_stream)(self.handle.as_ptr(), wait_s, &mut code) };
        Fault::of(code)
    }

    /// The description with everything that the outlet's program wrote into it.
    ///
    /// # Errors
    /// The outlet does not answer within `wait_s`.
    pub fn description(&self, wait_s: f64) -> Result<String, Fault> {
        let mut code = 0;
        // SAFETY: a live inlet and a place for the code.
        let handle = unsafe { (self.api.fullinfo)(self.handle.as_ptr(), wait_s, &mut code) };
        Fault::of(code)?;
        let handle = NonNull::new(handle).ok_or(Fault::Timeout)?;
        Ok(Info { api: self.api.clone(), handle }.xml())
    }

    /// What must be added to the outlet's stamps to read them on this machine's LSL clock, and how uncertain that is,
    /// both in s. liblsl measures it anew every few seconds.
    ///
    /// # Errors
    /// The outlet does not answer within `wait_s`.
    pub fn time_correction(&self, wait_s: f64) -> Result<(f64, f64), Fault> {
        let (mut remote, mut uncertainty, mut code) = (0.0, 0.0, 0);
        // SAFETY: a live inlet and places for two doubles and the code.
        let correction =
            unsafe { (self.api.time_correction)(self.handle.as_ptr(), &mut remote, &mut uncertainty, wait_s, &mut code) };
        Fault::of(code).map(|()| (correction, uncertainty))
    }

    /// Takes what has come, without waiting: samples into `rows` (row-major), their stamps into `stamps` (s, on the
    /// outlet's clock). Both are overwritten.
    ///
    /// # Errors
    /// The outlet is gone.
    pub fn pull(&self, rows: &mut Values, stamps: &mut Vec<f64>) -> Result<(), Fault> {
        match rows {
            Values::Single(rows) => self.pull_by(self.api.pull_floats, rows, stamps),
            Values::Double(rows) => self.pull_by(self.api.pull_doubles, rows, stamps),
        }
    }

    fn pull_by<T>(&self, pull_chunk: PullChunk<T>, rows: &mut Vec<T>, stamps: &mut Vec<f64>) -> Result<(), Fault> {
        let (values, times) = (MOST_SAMPLES * self.width, MOST_SAMPLES);
        // Not filled with zeros first: several times a second that costs more than receiving.
        rows.clear();
        rows.reserve(values);
        stamps.clear();
        stamps.reserve(times);
        let mut code = 0;
        // SAFETY: the buffers have room for as many elements as is said (`values` is a multiple of the stream's width), and
        // are said to hold no more than liblsl wrote.
        unsafe {
            let (to, stamped, wait) = (rows.as_mut_ptr(), stamps.as_mut_ptr(), 0.0);
            let n = pull_chunk(self.handle.as_ptr(), to, stamped, values as c_ulong, times as c_ulong, wait, &mut code);
            if code == 0 || code == TIMEOUT {
                let samples = (n as usize / self.width.max(1)).min(times);
                rows.set_len(samples * self.width);
                stamps.set_len(samples);
            }
        }
        if code == TIMEOUT { Ok(()) } else { Fault::of(code) }
    }

    /// The next sample of a stream of text, if one has come: its stamp and its channels.
    ///
    /// # Errors
    /// The outlet is gone.
    pub fn pull_text(&self) -> Result<Option<(f64, Vec<String>)>, Fault> {
        let mut texts = vec![std::ptr::null_mut(); self.width];
        let mut code = 0;
        // SAFETY: room for as many pointers as the stream has channels; each string is given back to liblsl.
        unsafe {
            let stamp = (self.api.pull_text)(self.handle.as_ptr(), texts.as_mut_ptr(), self.width as c_int, 0.0, &mut code);
            if code != TIMEOUT {
                Fault::of(code)?;
            }
            if stamp == 0.0 {
                return Ok(None);
            }
            let take = |text: *mut c_char| {
                if text.is_null() {
                    return String::new();
                }
                let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
                (self.api.destroy_string)(text);
                copy
            };
            Ok(Some((stamp, texts.into_iter().map(take).collect())))
        }
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        // SAFETY: nobody else holds this handle.
        unsafe { (self.api.destroy_inlet)(self.handle.as_ptr()) };
    }
}
