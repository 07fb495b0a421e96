//! A disk that fills up while `limbic record` writes: it stops by itself with a sentence, and all before is whole.
//!
//! A 64 MiB tmpfs, filled by another program in the middle of the recording. Needs the right to mount; skips with a
//! reason without it. `LIMBIC_FULL=10 cargo test --release --test disk_full -- --nocapture` for ten in a row.

#[path = "lab_support/mod.rs"]
mod lab_support;

use lab_support::Bench;
use limbic::lab::message::Action;
use limbic::store::rows::SessionState;
use limbic::store::{Home, STOP_BELOW, free_bytes};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A small disk, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Result<Disk, String> {
        std::fs::create_dir(folder).map_err(|e| e.to_string())?;
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(folder).output();
        match mount {
            Ok(output) if output.status.success() => Ok(Disk(folder.into())),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_string()),
            Err(e) => Err(e.to_string()),
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a thread of the catalogue or a program that the other test starts may hold a file a moment longer.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn limbic(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(arguments).arg("--home").arg(home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn files(folder: &Path) {
    let rig = "name = \"small disk\"\n[[device]]\nkind = \"simulator\"\nrate = 512.0\nface_fps = 30.0\n[gate]\npass = 0.0\nwindow_s = 2.0\n\
               [protocol]\nbaseline_open_s = 0.2\nbaseline_closed_s = 0.2\nfixation_s = 0.1\nrest_s = 0.1\n[stimulus]\n\
               player = \"null\"\nplaylist = \"playlist.toml\"\n";
    std::fs::write(folder.join("rig.toml"), rig).expect("written");
    let playlist = "name = \"one\"\n[[video]]\nname = \"v\"\nintended = \"calm\"\nlength_s = 6.0\n";
    std::fs::write(folder.join("playlist.toml"), playlist).expect("written");
}

/// Fills the disk so that so many bytes stay free.
fn fill(disk: &Path, left: u64) -> PathBuf {
    let path = disk.join("another program's file");
    let free = free_bytes(disk).expect("known");
    std::fs::write(&path, vec![0u8; free.saturating_sub(left) as usize]).expect("writes");
    path
}

#[test]
fn a_full_disk_ends_the_session_cleanly() {
    let measured: Option<u32> = std::env::var("LIMBIC_FULL").ok().and_then(|n| n.parse().ok());
    // The ordinary run shares its machine with whatever else is at work.
    let (rounds, longest) = (measured.unwrap_or(2), Duration::from_secs(if measured.is_some() { 1 } else { 10 }));
    let folder = tempfile::tempdir().expect("dir");
    files(folder.path());
    let disk = match Disk::mount(&folder.path().join("disk")) {
        Ok(disk) => disk,
        Err(why) => return println!("skipped: no tmpfs can be mounted here: {why}"),
    };
    let (home, rig) = (disk.0.join("home"), folder.path().join("rig.toml"));
    let rig = rig.to_str().expect("utf-8");
    let refused = limbic(&["record", "--rig", rig, "--seconds", "7200", "--face"], &home).output().expect("runs");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("room for") && said.contains("minutes"), "{said}");
    assert!(Home::view(&home).map_or(0, |h| h.sessions().expect("reads").len()) == 0, "no empty session is left");
    for round in 0..rounds {
        // In turn: just recording, and the whole protocol through the lab.
        let free: &[&str] = &["record", "--rig", rig, "--seconds", "20", "--face"];
        let whole: &[&str] = &["record", "--rig", rig, "--face", "--override", "a test", "--exercise", "--ratings", "simulated"];
        let child = limbic(if round % 2 == 0 { free } else { whole }, &home).spawn().expect("starts");
        std::thread::sleep(Duration::from_millis(2500));
        let ballast = fill(&disk.0, STOP_BELOW + (256 << 10));
        let mut below = None;
        let began = Instant::now();
        let watcher = std::thread::spawn(move || child.wait_with_output().map(|output| (output, Instant::now())));
        while !watcher.is_finished() && began.elapsed() < Duration::from_secs(30) {
            if below.is_none() && free_bytes(&disk.0).is_some_and(|free| free < STOP_BELOW) {
                below = Some(Instant::now());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let (output, ended) = watcher.join().expect("joins").expect("ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let below = below.unwrap_or_else(|| panic!("never below the limit: {said}"));
        let took = ended.saturating_duration_since(below);
        assert!(!output.status.success() && said.contains("is full") && said.contains("saved"), "{said}");
        assert!(took < longest, "ended {took:?} after the limit");
        let opened = Home::open(&home).expect("the home opens while the disk is still full");
        let session = opened.find_session("last").expect("there");
        assert_eq!(session.state, SessionState::Aborted);
        let written = opened.recording(session.id).expect("opens").streams[0].written;
        assert!(written > 512, "{written} samples");
        let reports = opened.verify(None).expect("verifies");
        assert!(reports.iter().all(|r| r.is_sound()), "{reports:#?}");
        println!("round {}: ended {} ms after the limit; {}", round + 1, took.as_millis(), said.trim());
        std::fs::remove_file(ballast).expect("removes");
    }
}

/// Filled to its last byte at once, so that the session cannot even be closed.
#[test]
fn a_session_that_a_full_disk_does_not_let_close_is_interrupted_and_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().expect("dir");
    let disk = match Disk::mount(&folder.path().join("disk")) {
        Ok(disk) => disk,
        Err(why) => return println!("skipped: no tmpfs can be mounted here: {why}"),
    };
    let mut bench = Bench::with(|options| options.home = disk.0.join("home"));
    bench.prepare();
    bench.connect("");
    bench.seconds(6.0);
    // Said before anybody begins, and in the words of the refusal.
    let no_room = |bench: &mut Bench| bench.snapshot().guided.playlist.expect("a playlist").no_room;
    assert_eq!(no_room(&mut bench), None);
    let ballast = fill(&disk.0, STOP_BELOW + (3 << 19));
    let said = no_room(&mut bench).expect("there is no room");
    assert!(said.starts_with("there is room for 0 minutes at") && said.contains("needs about 2 minutes"), "{said}");
    assert_eq!(bench.refused(Action::Begin), said);
    std::fs::remove_file(ballast).expect("removes");
    bench.done(Action::Begin);
    bench.seconds(12.0);
    let ballast = fill(&disk.0, 0);
    bench.close();
    let shown = bench.snapshot();
    let session = shown.session.clone().expect("the one that was given up");
    assert_eq!((session.state, shown.catalogue.sessions[0].state), (SessionState::Interrupted, SessionState::Interrupted));
    let stopped = shown.stopped.unwrap_or_default();
    assert!(stopped.contains("is full: the session is interrupted; free some space"), "{stopped}");
    assert!(shown.log.iter().any(|(_, line)| line.contains("could not be closed and is interrupted")), "{:?}", shown.log);
    let why = bench.refused(Action::Resume { session: session.id });
    assert!(why.contains("is full") && why.contains("free some space"), "{why}");

    std::fs::remove_file(ballast).expect("removes");
    bench.step();
    let stored = bench.lab.home().recording(session.id).expect("opens");
    assert!(stored.session.state == SessionState::Interrupted && stored.streams[0].written > 512, "{:?}", stored.streams[0]);
    assert!(bench.snapshot().stored.iter().all(|stream| stream.delivery.is_some()), "the summary has its verdict");
    bench.done(Action::Resume { session: session.id });
    bench.seconds(6.0);
    bench.done(Action::Begin);
    bench.seconds(2.0);
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    assert_eq!(bench.stored().session.state, SessionState::Aborted);
    let reports = bench.lab.home().verify(None).expect("verifies");
    assert!(reports.iter().all(|r| r.is_sound()), "{reports:#?}");
}
