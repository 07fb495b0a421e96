//! The only unsafe corner of LSL: liblsl's C functions, opened at run time, behind safe calls.
//!
//! Function types follow liblsl's lsl_c.h (1.13 and newer). liblsl is configured before its first use: it reads its
//! configuration once a process.

mod found;
mod inlet;

use crate::native;
use libloading::Library;
use std::ffi::{CString, c_char, c_double, c_int, c_ulong, c_void};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

pub use found::{Info, Resolver};
pub use inlet::Inlet;

type Handle = *mut c_void;
type Text = *const c_char;
type PullChunk<T> = unsafe extern "C" fn(Handle, *mut T, *mut c_double, c_ulong, c_ulong, c_double, *mut c_int) -> c_ulong;

/// liblsl's code for a stream whose outlet is gone.
const LOST: c_int = -2;
/// liblsl's code for a call that was over its time.
const TIMEOUT: c_int = -1;
/// Streams that one search may answer.
const MOST_STREAMS: usize = 256;
/// Longest backlog that liblsl keeps for an inlet, s.
const BUFFER_S: c_int = 360;
/// Samples taken by one pull.
const MOST_SAMPLES: usize = 4096;
/// The continuous search forgets a stream that has not answered for so long, s.
const FORGET_S: c_double = 5.0;

/// Why a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the outlet is gone")]
    Lost,
    #[error("no answer in time")]
    Timeout,
    #[error("liblsl's error {0}")]
    Code(i32),
}

impl Fault {
    fn of(code: c_int) -> Result<(), Fault> {
        match code {
            0 => Ok(()),
            LOST => Err(Fault::Lost),
            TIMEOUT => Err(Fault::Timeout),
            other => Err(Fault::Code(other)),
        }
    }
}

/// The opened library and the functions that limbic calls.
pub struct Api {
    library_version: unsafe extern "C" fn() -> c_int,
    local_clock: unsafe extern "C" fn() -> c_double,
    /// Not in versions before 1.17.
    set_config_content: Option<unsafe extern "C" fn(Text)>,
    resolve_all: unsafe extern "C" fn(*mut Handle, u32, c_double) -> c_int,
    resolve_bypred: unsafe extern "C" fn(*mut Handle, u32, Text, c_int, c_double) -> c_int,
    create_resolver: unsafe extern "C" fn(Text, c_double) -> Handle,
    resolver_results: unsafe extern "C" fn(Handle, *mut Handle, u32) -> c_int,
    destroy_resolver: unsafe extern "C" fn(Handle),
    create_inlet: unsafe extern "C" fn(Handle, c_int, c_int, c_int) -> Handle,
    destroy_inlet: unsafe extern "C" fn(Handle),
    open_stream: unsafe extern "C" fn(Handle, c_double, *mut c_int),
    fullinfo: unsafe extern "C" fn(Handle, c_double, *mut c_int) -> Handle,
    time_correction: unsafe extern "C" fn(Handle, *mut c_double, *mut c_double, c_double, *mut c_int) -> c_double,
    pull_doubles: PullChunk<c_double>,
    pull_floats: PullChunk<f32>,
    pull_text: unsafe extern "C" fn(Handle, *mut *mut c_char, c_int, c_double, *mut c_int) -> c_double,
    destroy_info: unsafe extern "C" fn(Handle),
    info_xml: unsafe extern "C" fn(Handle) -> *mut c_char,
    channel_count: unsafe extern "C" fn(Handle) -> c_int,
    uid: unsafe extern "C" fn(Handle) -> Text,
    destroy_string: unsafe extern "C" fn(*mut c_char),
}

impl Api {
    /// Opens liblsl.
    ///
    /// # Errors
    /// The loader's own words, or the name of the function that is not there.
    pub fn open(path: &Path) -> Result<Arc<Self>, String> {
        let library = native::open(path)?;
        // SAFETY: the fields of `Api` give each function the type that liblsl's header gives it.
        unsafe { Api::of(library) }.map(Arc::new)
    }

    /// # Safety
    /// `library` must be liblsl with the C interface of version 1.13 or newer.
    unsafe fn of(library: &'static Library) -> Result<Self, String> {
        // SAFETY: the caller vouches for the library, the fields of `Api` for the types.
        unsafe {
            Ok(Api {
                library_version: function(library, "lsl_library_version")?,
                local_clock: function(library, "lsl_local_clock")?,
                set_config_content: function(library, "lsl_set_config_content").ok(),
                resolve_all: function(library, "lsl_resolve_all")?,
                resolve_bypred: function(library, "lsl_resolve_bypred")?,
                create_resolver: function(library, "lsl_create_continuous_resolver_bypred")?,
                resolver_results: function(library, "lsl_resolver_results")?,
                destroy_resolver: function(library, "lsl_destroy_continuous_resolver")?,
                create_inlet: function(library, "lsl_create_inlet")?,
                destroy_inlet: function(library, "lsl_destroy_inlet")?,
                open_stream: function(library, "lsl_open_stream")?,
                fullinfo: function(library, "lsl_get_fullinfo")?,
                time_correction: function(library, "lsl_time_correction_ex")?,
                pull_doubles: function(library, "lsl_pull_chunk_d")?,
                pull_floats: function(library, "lsl_pull_chunk_f")?,
                pull_text: function(library, "lsl_pull_sample_str")?,
                destroy_info: function(library, "lsl_destroy_streaminfo")?,
                info_xml: function(library, "lsl_get_xml")?,
                channel_count: function(library, "lsl_get_channel_count")?,
                uid: function(library, "lsl_get_uid")?,
                destroy_string: function(library, "lsl_destroy_string")?,
            })
        }
    }

    /// 100 * major + minor.
    pub fn version(&self) -> i32 {
        // SAFETY: takes nothing, answers an int.
        unsafe { (self.library_version)() }
    }

    /// LSL's clock, s.
    pub fn local_clock(&self) -> f64 {
        // SAFETY: takes nothing, answers a double.
        unsafe { (self.local_clock)() }
    }

    /// Hands liblsl its configuration; false where this version cannot take it. Has no effect once liblsl was used.
    pub fn configure(&self, text: &str) -> bool {
        let (Some(set), Ok(text)) = (self.set_config_content, CString::new(text)) else { return false };
        // SAFETY: a terminated string, which liblsl copies.
        unsafe { set(text.as_ptr()) };
        true
    }

    /// Streams that answer within `wait_s`: those that the XPath `predicate` fits, at least `least` or all that came;
    /// without a predicate all on the network.
    pub fn search(self: &Arc<Self>, predicate: Option<&str>, least: usize, wait_s: f64) -> Vec<Info> {
        let mut found = vec![std::ptr::null_mut(); MOST_STREAMS];
        let room = MOST_STREAMS as u32;
        // SAFETY: the buffer has room for `room` handles; the predicate is terminated and only read.
        let n = unsafe {
            match predicate.map(CString::new) {
                None => (self.resolve_all)(found.as_mut_ptr(), room, wait_s),
                Some(Ok(p)) => (self.resolve_bypred)(found.as_mut_ptr(), room, p.as_ptr(), least as c_int, wait_s),
                Some(Err(_)) => 0,
            }
        };
        self.infos(&found, n)
    }

    fn infos(self: &Arc<Self>, found: &[Handle], n: c_int) -> Vec<Info> {
        let n = usize::try_from(n).unwrap_or(0);
        found.iter().take(n).filter_map(|h| Some(Info { api: self.clone(), handle: NonNull::new(*h)? })).collect()
    }

    /// Looks for streams that the predicate fits, in the background.
    pub fn resolver(self: &Arc<Self>, predicate: &str) -> Option<Resolver> {
        let predicate = CString::new(predicate).ok()?;
        // SAFETY: a terminated string, which liblsl copies.
        let handle = NonNull::new(unsafe { (self.create_resolver)(predicate.as_ptr(), FORGET_S) })?;
        Some(Resolver { api: self.clone(), handle })
    }

    /// Prepares a connection to a stream. liblsl's own recovery stays off, so that a loss is told.
    ///
    /// # Errors
    /// liblsl refuses.
    pub fn inlet(self: &Arc<Self>, info: &Info) -> Result<Inlet, Fault> {
        // SAFETY: `info` is a live handle; liblsl copies it.
        let handle = unsafe { (self.create_inlet)(info.handle.as_ptr(), BUFFER_S, 0, 0) };
        let handle = NonNull::new(handle).ok_or(Fault::Code(-4))?;
        Ok(Inlet { api: self.clone(), handle, width: info.channels(), uid: info.uid() })
    }
}

/// # Safety
/// `F` must be the type of the C function with this name.
unsafe fn function<F: Copy>(library: &'static Library, name: &str) -> Result<F, String> {
    // SAFETY: the caller's promise.
    unsafe { library.get::<F>(name.as_bytes()) }.map(|f| *f).map_err(|_| format!("it has no function {name}"))
}
