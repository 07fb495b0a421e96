//! The only unsafe corner of BrainFlow: its C functions, opened at run time, behind safe calls.
//!
//! Our own code over the C interface of libBoardController (every function answers an exit code, 0 = done); it is
//! not BrainFlow's Rust binding, which needs the library at build time.

use crate::native;
use libloading::Library;
use std::ffi::{CString, c_char, c_double, c_int};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::board::Descr;
use super::exit::ExitCode;

/// Samples of the default preset: EEG and what comes with it. Auxiliary presets (motion, battery) are not read.
const DEFAULT_PRESET: c_int = 0;
/// Longest text that BrainFlow hands out: the description of a 128-channel board takes 2 kB.
const TEXT: usize = 64 * 1024;
/// spdlog's levels as BrainFlow numbers them.
const LOG_INFO: c_int = 2;
const LOG_OFF: c_int = 6;

type Text = *const c_char;
type Buffer = *mut c_char;
type Count = *mut c_int;

/// The opened library and the functions that limbic calls.
pub struct Api {
    path: PathBuf,
    version_of: unsafe extern "C" fn(Buffer, Count, c_int) -> c_int,
    set_log_level: unsafe extern "C" fn(c_int) -> c_int,
    set_log_file: unsafe extern "C" fn(Text) -> c_int,
    board_descr: unsafe extern "C" fn(c_int, c_int, Buffer, Count, c_int) -> c_int,
    prepare: unsafe extern "C" fn(c_int, Text) -> c_int,
    start: unsafe extern "C" fn(c_int, Text, c_int, Text) -> c_int,
    count: unsafe extern "C" fn(c_int, Count, c_int, Text) -> c_int,
    data: unsafe extern "C" fn(c_int, c_int, *mut c_double, c_int, Text) -> c_int,
    marker: unsafe extern "C" fn(c_double, c_int, c_int, Text) -> c_int,
    config: unsafe extern "C" fn(Text, Buffer, Count, c_int, c_int, Text) -> c_int,
    stop: unsafe extern "C" fn(c_int, Text) -> c_int,
    release: unsafe extern "C" fn(c_int, Text) -> c_int,
}

impl Api {
    /// Opens libBoardController.
    ///
    /// # Errors
    /// The loader's own words, or the name of the function that is not there.
    pub fn open(path: &Path) -> Result<Arc<Self>, String> {
        let library = native::open(path)?;
        // SAFETY: the fields of `Api` give each function the type that BrainFlow's header gives it.
        unsafe { Api::of(path, library) }.map(Arc::new)
    }

    /// # Safety
    /// `library` must be libBoardController with the C interface of BrainFlow 5.
    unsafe fn of(path: &Path, library: &'static Library) -> Result<Self, String> {
        // SAFETY: the caller vouches for the library, the fields of `Api` for the types.
        unsafe {
            Ok(Api {
                path: path.into(),
                version_of: function(library, "get_version_board_controller")?,
                set_log_level: function(library, "set_log_level_board_controller")?,
                set_log_file: function(library, "set_log_file_board_controller")?,
                board_descr: function(library, "get_board_descr")?,
                prepare: function(library, "prepare_session")?,
                start: function(library, "start_stream")?,
                count: function(library, "get_board_data_count")?,
                data: function(library, "get_board_data")?,
                marker: function(library, "insert_marker")?,
                config: function(library, "config_board")?,
                stop: function(library, "stop_stream")?,
                release: function(library, "release_session")?,
            })
        }
    }

    /// Where the library lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// BrainFlow's version, "5.23.0".
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn version(&self) -> Result<String, ExitCode> {
        // SAFETY: the function writes at most `max` bytes and the count that it wrote.
        text(|buffer, length, max| unsafe { (self.version_of)(buffer, length, max) })
    }

    /// Sends BrainFlow's log to a file, or nowhere: by default it goes to stderr and ruins the screen.
    pub fn log_to(&self, file: Option<&Path>) {
        let file = file.and_then(|f| CString::new(f.as_os_str().as_encoded_bytes()).ok());
        // SAFETY: the name is a terminated string that outlives the calls; neither keeps a pointer to it.
        unsafe {
            (self.set_log_level)(LOG_OFF);
            if let Some(file) = file
                && (self.set_log_file)(file.as_ptr()) == 0
            {
                (self.set_log_level)(LOG_INFO);
            }
        }
    }

    /// BrainFlow's description of a board: rows, names, rate.
    ///
    /// # Errors
    /// [`ExitCode`] 14 where no board has this number.
    pub fn descr(&self, board: i32) -> Result<Descr, ExitCode> {
        // SAFETY: the function writes at most `max` bytes and the count that it wrote.
        let json = text(|buffer, length, max| unsafe { (self.board_descr)(board, DEFAULT_PRESET, buffer, length, max) })?;
        serde_json::from_str(&json).map_err(|_| ExitCode::GENERAL)
    }

    /// Connects to a board. `described_by` is the board whose rows it delivers: itself, or the master board of a
    /// playback or streaming board. `params` is BrainFlow's JSON, which is also the key of the session.
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn prepare(self: &Arc<Self>, board: i32, described_by: i32, params: CString) -> Result<Session, ExitCode> {
        let rows = self.descr(described_by)?.num_rows;
        // SAFETY: a terminated string that the call only reads.
        ExitCode::of(unsafe { (self.prepare)(board, params.as_ptr()) })?;
        Ok(Session { api: self.clone(), board, params, rows, streaming: false })
    }
}

/// # Safety
/// `F` must be the type of the C function with this name.
unsafe fn function<F: Copy>(library: &'static Library, name: &str) -> Result<F, String> {
    // SAFETY: the caller's promise.
    unsafe { library.get::<F>(name.as_bytes()) }.map(|f| *f).map_err(|_| format!("it has no function {name}"))
}

fn text(call: impl FnOnce(Buffer, Count, c_int) -> c_int) -> Result<String, ExitCode> {
    let mut buffer = vec![0_u8; TEXT];
    let mut length: c_int = 0;
    ExitCode::of(call(buffer.as_mut_ptr().cast(), &mut length, TEXT as c_int))?;
    buffer.truncate(usize::try_from(length).unwrap_or(0).min(TEXT));
    Ok(String::from_utf8_lossy(&buffer).trim_end_matches('\0').to_string())
}

/// A connected board. Dropping it stops the stream and releases the board.
pub struct Session {
    api: Arc<Api>,
    board: i32,
    params: CString,
    rows: usize,
    streaming: bool,
}

impl Session {
    /// Begins to fill BrainFlow's ring buffer of `capacity` samples.
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn start(&mut self, capacity: i32) -> Result<(), ExitCode> {
        // SAFETY: both strings are terminated and only read during the call.
        ExitCode::of(unsafe { (self.api.start)(capacity, c"".as_ptr(), self.board, self.params.as_ptr()) })?;
        self.streaming = true;
        Ok(())
    }

    /// Samples that wait in the ring buffer.
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn waiting(&self) -> Result<usize, ExitCode> {
        let mut count: c_int = 0;
        // SAFETY: the function writes one integer.
        ExitCode::of(unsafe { (self.api.count)(DEFAULT_PRESET, &mut count, self.board, self.params.as_ptr()) })?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Takes all waiting samples into `data`, row by row: `data[row * n + sample]`. Answers n.
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn drain(&mut self, data: &mut Vec<f64>) -> Result<usize, ExitCode> {
        let waiting = self.waiting()?;
        data.clear();
        if waiting == 0 {
            return Ok(0);
        }
        data.resize(self.rows * waiting, 0.0);
        // SAFETY: BrainFlow writes `rows * waiting` doubles; `rows` is its own figure for this board, the buffer
        // holds that many, and `&mut self` makes this the only reader, so no fewer than `waiting` are there.
        let code =
            unsafe { (self.api.data)(waiting as c_int, DEFAULT_PRESET, data.as_mut_ptr(), self.board, self.params.as_ptr()) };
        ExitCode::of(code)?;
        Ok(waiting)
    }

    /// Writes a number other than 0 into the marker row of the next sample.
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn marker(&self, value: f64) -> Result<(), ExitCode> {
        // SAFETY: plain values and a terminated string.
        ExitCode::of(unsafe { (self.api.marker)(value, DEFAULT_PRESET, self.board, self.params.as_ptr()) })
    }

    /// Sends the board a command of its own language; answers what it replied.
    ///
    /// # Errors
    /// BrainFlow's exit code.
    pub fn config(&self, command: &str) -> Result<String, ExitCode> {
        let command = CString::new(command).map_err(|_| ExitCode::INVALID_ARGUMENTS)?;
        // SAFETY: the function reads two terminated strings and writes at most `max` bytes and their count.
        text(|buffer, length, max| unsafe {
            (self.api.config)(command.as_ptr(), buffer, length, max, self.board, self.params.as_ptr())
        })
    }

    /// Ends the stream; the session stays prepared. Does nothing where no stream runs.
    pub fn stop(&mut self) {
        if std::mem::take(&mut self.streaming) {
            // SAFETY: a terminated string that the call only reads.
            unsafe { (self.api.stop)(self.board, self.params.as_ptr()) };
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
        // SAFETY: a terminated string that the call only reads; the session was prepared and nobody else holds it.
        unsafe { (self.api.release)(self.board, self.params.as_ptr()) };
    }
}
