//! What the doctor looks at beside libraries: mpv, a display, disk space, the terminal.

use super::{Finding, State};
use crate::train::device;
use std::env;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A session of an hour with 32 channels at 512 Hz and a camera takes about 3 GB.
const ROOM: u64 = 10_000_000_000;

/// The cameras that are plugged in, as (number, name).
pub fn cameras(plugged: &[(u32, String)]) -> Finding {
    let Some((first, _)) = plugged.first() else {
        let cost = "no face video; EEG and heart are recorded without it";
        return Finding::bad("camera", State::Missing, cost, "plug in a USB camera (kind = \"camera\" in the rig)");
    };
    let path = PathBuf::from(format!("/dev/video{first}"));
    let names = plugged.iter().map(|(n, name)| format!("{n}: {name}")).collect::<Vec<_>>().join(", ");
    let may = rustix::fs::access(&path, rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK);
    if may.is_err() {
        let cost = format!("{names} may not be opened by you: no face video");
        let mend = "sudo usermod -aG video $USER  (then log in again)";
        return Finding { path: Some(path), ..Finding::bad("camera", State::Broken, cost, mend) };
    }
    Finding { path: Some(path), ..Finding::ok("camera", names) }
}

/// Which device networks train on.
pub fn gpu() -> Finding {
    let weak = |cost, mend| Finding { version: "on the CPU".into(), ..Finding::bad("training", State::Weak, cost, mend) };
    match (device::graphics(), cfg!(feature = "gpu").then(device::probe)) {
        (_, Some(Ok(adapter))) if !adapter.software => Finding::ok("training", format!("on the GPU: {}", adapter.name)),
        (_, Some(Ok(adapter))) => {
            Finding::ok("training", format!("on the CPU; --device gpu would use {}, which is software", adapter.name))
        }
        (Some(found), Some(Err(why))) => weak(format!("there is {found}, but {why}"), "install the driver's Vulkan part"),
        (Some(found), None) => {
            let cost = format!("there is {found}, and this build of limbic trains on the CPU only");
            weak(cost, "cargo build --release --features gpu")
        }
        (None, _) => Finding::ok("training", "on the CPU; no GPU found"),
    }
}

pub fn mpv() -> Finding {
    let cost = "stimulus videos are not shown; phases run by the clock alone (null player)";
    let missing = || Finding::bad("mpv", State::Missing, cost, "sudo apt install mpv");
    let Some(path) = in_path("mpv") else {
        return missing();
    };
    let output = Command::new(&path).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            let version = text.split_whitespace().nth(1).unwrap_or("?").trim_start_matches('v').to_string();
            Finding { path: Some(path), ..Finding::ok("mpv", version) }
        }
        _ => Finding { state: State::Broken, path: Some(path), ..missing() },
    }
}

pub fn display() -> Finding {
    let set = |name: &str| env::var(name).is_ok_and(|v| !v.is_empty());
    let console = || {
        let cards = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
        cards.map(|e| e.path()).find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("card")))
    };
    if set("WAYLAND_DISPLAY") {
        Finding::ok("display", "Wayland")
    } else if set("DISPLAY") {
        Finding::ok("display", "X11")
    } else if let Some(card) = console() {
        Finding { path: Some(card), ..Finding::ok("display", "console (DRM)") }
    } else {
        let cost = "mpv cannot show videos from here (an SSH session without a display)";
        Finding::bad("display", State::Missing, cost, "export DISPLAY=:0  (on a machine with a screen)")
    }
}

/// Room where sessions go; the nearest folder that exists decides.
pub fn disk(home: &Path) -> Finding {
    let absolute = env::current_dir().unwrap_or_default().join(home);
    let Some(folder) = absolute.ancestors().find(|p| p.is_dir()) else {
        return Finding::bad(
            "disk space",
            State::Broken,
            format!("{} cannot be reached", home.display()),
            "limbic doctor --home DIR",
        );
    };
    match rustix::fs::statvfs(folder) {
        Ok(disk) => room(disk.f_bavail.saturating_mul(disk.f_frsize), folder),
        Err(e) => Finding::bad("disk space", State::Broken, format!("{}: {e}", folder.display()), "limbic doctor --home DIR"),
    }
}

fn room(bytes: u64, folder: &Path) -> Finding {
    let version = format!("{:.1} GB free", bytes as f64 / 1e9);
    let finding = if bytes >= ROOM {
        Finding::ok("disk space", version)
    } else {
        let cost = "an hour of 32 channels and a camera takes about 3 GB";
        Finding { version, ..Finding::bad("disk space", State::Weak, cost, format!("df -h {}", folder.display())) }
    };
    Finding { path: Some(folder.into()), ..finding }
}

pub fn terminal() -> Finding {
    let variable = |name: &str| env::var(name).unwrap_or_default();
    colours(std::io::stdout().is_terminal(), &variable("TERM"), &variable("COLORTERM"), env::var_os("NO_COLOR").is_some())
}

fn colours(is_terminal: bool, term: &str, colorterm: &str, no_color: bool) -> Finding {
    let weak = |version: &str, cost: &str, mend: &str| Finding {
        version: version.into(),
        ..Finding::bad("terminal", State::Weak, cost, mend)
    };
    if !is_terminal {
        return weak("none here", "screens need a terminal; commands with --json do not", "run limbic in a terminal");
    }
    if term.is_empty() || term == "dumb" {
        return weak("dumb", "screens need a terminal that knows cursor movement", "export TERM=xterm-256color");
    }
    if no_color {
        return weak("monochrome", "screens are drawn without colour (NO_COLOR is set)", "unset NO_COLOR");
    }
    if matches!(colorterm, "truecolor" | "24bit") || term.ends_with("-direct") {
        return Finding::ok("terminal", format!("{term}, true colour"));
    }
    if term.contains("256color") {
        return Finding::ok("terminal", format!("{term}, 256 colours"));
    }
    weak(&format!("{term}, 16 colours"), "topographies have few shades", "export TERM=xterm-256color  (where the terminal can)")
}

/// A program on the search path.
fn in_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|p| p.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_variables() {
        assert_eq!(colours(true, "xterm-256color", "truecolor", false).version, "xterm-256color, true colour");
        assert_eq!(colours(true, "screen-256color", "", false).state, State::Ok);
        assert_eq!(colours(true, "xterm-256color", "truecolor", true).version, "monochrome");
        assert_eq!(colours(true, "dumb", "", false).state, State::Weak);
        assert_eq!(colours(true, "linux", "", false).version, "linux, 16 colours");
        assert_eq!(colours(false, "xterm", "", false).version, "none here");
    }

    #[test]
    fn little_room_is_told() {
        assert_eq!(room(50_000_000_000, Path::new("/")).version, "50.0 GB free");
        assert_eq!(room(1_000_000_000, Path::new("/")).state, State::Weak);
    }

    #[test]
    fn a_home_that_does_not_exist_yet_is_judged_by_its_parent() {
        let folder = tempfile::tempdir().expect("folder");
        assert_eq!(disk(&folder.path().join("a/b")).path.as_deref(), Some(folder.path()));
    }
}
