//! Where a lab's socket lies: in the folder `lab` of its home, which only its owner may enter.
//!
//! Not in the runtime folder of the login session by choice: that one goes away with the last login, and a lab whose
//! link was lost would go on with no way back in. It serves where the home's file system knows no sockets.

use super::{SocketError, peer};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Bytes of a path that the kernel takes for a socket, without the closing zero.
const LONGEST: usize = 107;

/// The lab's own folder in a home: socket and log.
pub fn folder(home: &Path) -> PathBuf {
    home.join("lab")
}

/// Opens the socket. Only the holder of the home's lock may call this: whatever lies there is a dead lab's.
///
/// # Errors
/// Neither the home nor the runtime folder takes a socket.
pub fn bind(home: &Path) -> std::result::Result<(UnixListener, PathBuf), SocketError> {
    let inside = folder(home).join("socket");
    let mut why = match bind_at(&inside) {
        Ok(listener) => return Ok((listener, inside)),
        Err(e) => e.to_string(),
    };
    match elsewhere(home).and_then(|path| Ok((bind_at(&path)?, path))) {
        Ok(found) => return Ok(found),
        Err(e) => why = format!("{why}; in the runtime folder {e}"),
    }
    Err(SocketError::Place { home: home.into(), why })
}

fn bind_at(path: &Path) -> Result<UnixListener> {
    private(path.parent().unwrap_or(Path::new("/")))?;
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let (short, _held) = short(path)?;
    let listener = UnixListener::bind(short)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Knocks at a home's lab and makes sure that it is ours.
///
/// # Errors
/// Nobody is in; somebody else's process is.
pub fn connect(home: &Path) -> std::result::Result<UnixStream, SocketError> {
    let inside = folder(home).join("socket");
    let at = |path: &Path| short(path).and_then(|(short, _held)| UnixStream::connect(short));
    let found = at(&inside).or_else(|_| at(&elsewhere(home)?));
    let stream = found.map_err(|_| SocketError::NoLab { home: home.into() })?;
    let ours = peer::us();
    let theirs = peer::user(&stream).map_err(|e| SocketError::Place { home: home.into(), why: e.to_string() })?;
    if theirs == ours { Ok(stream) } else { Err(SocketError::Stranger { theirs, ours }) }
}

/// The place for homes whose file system takes no socket: one name per home.
fn elsewhere(home: &Path) -> Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_dir());
    let folder = match runtime {
        Some(runtime) => runtime.join("limbic"),
        None => std::env::temp_dir().join(format!("limbic-{}", peer::us())),
    };
    private(&folder)?;
    let name = Sha256::digest(home.canonicalize()?.as_os_str().as_encoded_bytes());
    let name: String = name.iter().take(8).map(|b| format!("{b:02x}")).collect();
    Ok(folder.join(format!("{name}.socket")))
}

/// Makes a folder that only we can enter; one that is there must be ours, and is closed to others.
fn private(folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        other => return other,
    }
    let there = std::fs::symlink_metadata(folder)?;
    if !there.is_dir() || there.uid() != peer::us() {
        return Err(Error::new(ErrorKind::PermissionDenied, format!("{} is not a folder of yours", folder.display())));
    }
    if there.mode() & 0o077 == 0 { Ok(()) } else { std::fs::set_permissions(folder, Permissions::from_mode(0o700)) }
}

/// A name of the same place that the kernel takes for a socket: a long one goes through the folder's descriptor, which
/// must stay open meanwhile.
fn short(path: &Path) -> Result<(PathBuf, Option<OwnedFd>)> {
    if path.as_os_str().len() <= LONGEST {
        return Ok((path.into(), None));
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Error::new(ErrorKind::InvalidInput, "the path has no folder"));
    };
    let folder = rustix::fs::open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let through = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
    Ok((through, Some(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).expect("is there").mode() & 0o777
    }

    #[test]
    fn a_home_of_any_depth_gets_a_socket_that_only_its_owner_reaches() {
        let dir = tempfile::tempdir().expect("a folder");
        for depth in [0, 12] {
            let home = (0..depth).fold(dir.path().to_path_buf(), |p, _| p.join("a-folder-of-32-characters-in-all"));
            std::fs::create_dir_all(&home).expect("made");
            assert!(matches!(connect(&home), Err(SocketError::NoLab { .. })));
            let (listener, path) = bind(&home).expect("binds");
            assert_eq!(path, home.join("lab/socket"));
            assert_eq!((mode(&path), mode(&folder(&home))), (0o600, 0o700));
            connect(&home).expect("connects");
            drop(listener);
            assert!(matches!(connect(&home), Err(SocketError::NoLab { .. })), "a dead lab's socket is no lab");
            bind(&home).expect("a dead lab's socket is replaced");
        }
    }

    #[test]
    fn a_folder_that_is_open_to_others_is_closed() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder(dir.path())).expect("made");
        std::fs::set_permissions(folder(dir.path()), Permissions::from_mode(0o777)).expect("opened");
        bind(dir.path()).expect("binds");
        assert_eq!(mode(&folder(dir.path())), 0o700);
    }
}
