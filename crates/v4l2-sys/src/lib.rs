//! The part of Linux's Video4Linux2 interface that the crate `v4l` 0.14 uses, written by hand: no bindgen, no libclang.
//!
//! Layouts and numbers are the kernel's (user-space interface `linux/videodev2.h`, Linux 6.1; all of it is frozen).
//! The odd names (`v4l2_format__bindgen_ty_1`, `__bindgen_anon_1`) are those that `v4l` asks for. Structures that only
//! give an ioctl number its size are [`opaque`](self) here. The sizes below hold for 64-bit Linux, and the crate does
//! not compile where they do not.

#![allow(non_camel_case_types, non_upper_case_globals)]

mod controls;
mod formats;
mod opaque;

pub use controls::*;
pub use formats::*;
pub use opaque::*;

use std::ffi::{c_long, c_ulong, c_void};

pub type time_t = c_long;

/// Seconds and microseconds; stamps of buffers are CLOCK_MONOTONIC.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct timeval {
    pub tv_sec: time_t,
    pub tv_usec: c_long,
}

/// SMPTE time code of a buffer.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct v4l2_timecode {
    pub type_: u32,
    pub flags: u32,
    pub frames: u8,
    pub seconds: u8,
    pub minutes: u8,
    pub hours: u8,
    pub userbits: [u8; 4],
}

/// What a device is and can do.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct v4l2_capability {
    pub driver: [u8; 16],
    pub card: [u8; 32],
    pub bus_info: [u8; 32],
    pub version: u32,
    pub capabilities: u32,
    pub device_caps: u32,
    pub reserved: [u32; 3],
}

/// Asks the driver for buffers.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct v4l2_requestbuffers {
    pub count: u32,
    pub type_: u32,
    pub memory: u32,
    pub capabilities: u32,
    pub flags: u8,
    pub reserved: [u8; 3],
}

/// One buffer on its way between driver and program.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct v4l2_buffer {
    pub index: u32,
    pub type_: u32,
    pub bytesused: u32,
    pub flags: u32,
    pub field: u32,
    pub timestamp: timeval,
    pub timecode: v4l2_timecode,
    pub sequence: u32,
    pub memory: u32,
    pub m: v4l2_buffer__bindgen_ty_1,
    pub length: u32,
    pub reserved2: u32,
    pub request_fd: i32,
}

/// Where the buffer's memory is.
#[repr(C)]
#[derive(Clone, Copy)]
pub union v4l2_buffer__bindgen_ty_1 {
    pub offset: u32,
    pub userptr: c_ulong,
    pub planes: *mut c_void,
    pub fd: i32,
}

const _: () = {
    assert!(size_of::<v4l2_buffer>() == 88);
    assert!(std::mem::offset_of!(v4l2_buffer, timestamp) == 24);
    assert!(std::mem::offset_of!(v4l2_buffer, m) == 64);
    assert!(std::mem::offset_of!(v4l2_buffer, length) == 72);
    assert!(size_of::<v4l2_capability>() == 104);
    assert!(size_of::<v4l2_requestbuffers>() == 20);
};
