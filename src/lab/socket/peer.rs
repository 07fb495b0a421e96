//! Who is at the other end of a socket: the kernel's word, which nobody can forge.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// The user of the process that connected, or that listens.
///
/// # Errors
/// The kernel does not say.
pub fn user(stream: &UnixStream) -> std::io::Result<u32> {
    let mut who = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let target = (&raw mut who).cast();
    // SAFETY: `target` points to `length` writable bytes, and the descriptor is open as long as `stream` lives.
    let outcome = unsafe { libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, target, &raw mut length) };
    if outcome == 0 { Ok(who.uid) } else { Err(std::io::Error::last_os_error()) }
}

/// Ourselves.
pub fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_our_own_pair_are_us() {
        let (a, b) = UnixStream::pair().expect("a pair");
        assert_eq!((user(&a).expect("known"), user(&b).expect("known")), (us(), us()));
    }
}
