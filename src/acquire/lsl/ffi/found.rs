//! Streams that were found: what each says about itself, and the search that goes on in the background.

use super::Api;
use std::ffi::{CStr, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

/// What an outlet says about its stream.
pub struct Info {
    pub(super) api: Arc<Api>,
    pub(super) handle: NonNull<c_void>,
}

// SAFETY: liblsl's stream descriptions are plain objects; one thread at a time uses them.
unsafe impl Send for Info {}

impl Info {
    /// The whole description, as far as this handle has it.
    pub fn xml(&self) -> String {
        // SAFETY: a live handle; the string is liblsl's own and given back to it.
        unsafe {
            let text = (self.api.info_xml)(self.handle.as_ptr());
            if text.is_null() {
                return String::new();
            }
            let copy = CStr::from_ptr(text).to_string_lossy().into_owned();
            (self.api.destroy_string)(text);
            copy
        }
    }

    pub fn channels(&self) -> usize {
        // SAFETY: a live handle.
        usize::try_from(unsafe { (self.api.channel_count)(self.handle.as_ptr()) }).unwrap_or(0)
    }

    /// Another one each time that an outlet is made.
    pub fn uid(&self) -> String {
        // SAFETY: a live handle; the string lives as long as it.
        unsafe {
            let text = (self.api.uid)(self.handle.as_ptr());
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        }
    }
}

impl Drop for Info {
    fn drop(&mut self) {
        // SAFETY: nobody else holds this handle.
        unsafe { (self.api.destroy_info)(self.handle.as_ptr()) };
    }
}

/// A search that goes on in the background.
pub struct Resolver {
    pub(super) api: Arc<Api>,
    pub(super) handle: NonNull<c_void>,
}

// SAFETY: liblsl guards the resolver's results by a lock of its own.
unsafe impl Send for Resolver {}

impl Resolver {
    /// What answers at present.
    pub fn results(&self) -> Vec<Info> {
        let mut found = [std::ptr::null_mut(); 16];
        // SAFETY: a live handle and a buffer of the length that is named.
        let n = unsafe { (self.api.resolver_results)(self.handle.as_ptr(), found.as_mut_ptr(), found.len() as u32) };
        self.api.infos(&found, n)
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        // SAFETY: nobody else holds this handle.
        unsafe { (self.api.destroy_resolver)(self.handle.as_ptr()) };
    }
}
