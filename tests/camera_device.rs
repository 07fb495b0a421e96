//! The real program with a Video4Linux2 camera that a shim pretends to be: nokhwa, v4l, our bindings, the watchdog.
//!
//! The shim is compiled with the C compiler that limbic needs anyway; where there is none, these tests say so and
//! are skipped.

use jpeg_encoder::{ColorType, Encoder};
use limbic::signal::{Frame, SECOND, StreamId};
use limbic::store::Home;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The compiled shim; None where it cannot be compiled.
fn shim(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("shim.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/camera_device/shim.c");
    let done = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).args([source, "-ldl"]).output();
    match done {
        Ok(output) if output.status.success() => Some(library),
        Ok(output) => {
            eprintln!("skipped: the shim does not compile here: {}", String::from_utf8_lossy(&output.stderr));
            None
        }
        Err(e) => {
            eprintln!("skipped: there is no C compiler: {e}");
            None
        }
    }
}

fn jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels: Vec<u8> = (0..640 * 480).map(|i| (i % 640 / 3) as u8).collect();
    Encoder::new(&mut bytes, 80).encode(&pixels, 640, 480, ColorType::Luma).expect("encodes");
    bytes
}

/// Records so many seconds of camera 42 behind the shim; the frames, and what was said.
fn record(seconds: f64, keys: &str, settings: &[(&str, &str)]) -> Option<(Vec<Frame>, Output)> {
    let folder = tempfile::tempdir().expect("folder");
    let shim = shim(folder.path())?;
    let picture = folder.path().join("picture.jpg");
    std::fs::write(&picture, jpeg()).expect("written");
    let rig = format!("name = \"camera\"\n[[device]]\nkind = \"camera\"\ndevice = 42\n{keys}\n");
    std::fs::write(folder.path().join("rig.toml"), rig).expect("written");
    let mut limbic = Command::new(env!("CARGO_BIN_EXE_limbic"));
    limbic.args(["record", "--rig", "rig.toml", "--consent", "form v3", "--face", "--participant", "P01", "--seconds"]);
    limbic.arg(seconds.to_string()).current_dir(folder.path()).env("LD_PRELOAD", &shim).env("SHIM_JPEG", &picture);
    let output = limbic.envs(settings.iter().copied()).output().expect("runs");
    if !output.status.success() {
        return Some((Vec::new(), output));
    }
    let home = Home::open(&folder.path().join("sessions")).expect("opens");
    let id = home.find_session("last").expect("recorded").id;
    assert!(home.verify(Some(id)).expect("verifies")[0].is_sound());
    let recording = home.recording(id).expect("opens");
    for marker in &recording.markers {
        println!("{:8.3} s  {}", (marker.at - recording.session.started) as f64 / SECOND as f64, marker.text);
    }
    let frames = recording.frames(StreamId(0), i64::MIN, i64::MAX).expect("reads");
    let said: Vec<String> = recording.markers.iter().map(|m| m.text.clone()).collect();
    Some((frames, Output { stdout: said.join("\n").into_bytes(), ..output }))
}

fn markers(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn mjpeg_frames_arrive_whole_with_the_drivers_stamps() {
    let Some((frames, output)) = record(2.0, "", &[]) else { return };
    assert!((30..=62).contains(&frames.len()), "{} frames of 2 s at 30 Hz: {}", frames.len(), markers(&output));
    let whole = jpeg();
    assert!(frames.iter().all(|f| f.jpeg == whole), "cut where the picture ends, not where the buffer does");
    let mut delays: Vec<i64> = frames.iter().map(|f| f.arrived - f.captured).collect();
    delays.sort_unstable();
    let median = delays[delays.len() / 2];
    assert!((5_000_000..25_000_000).contains(&median), "exposed 5 ms before it came: {median} ns");
}

#[test]
fn yuyv_frames_are_encoded() {
    let keys = "width = 320\nheight = 240\nfps = 15\nformat = \"yuyv\"";
    let Some((frames, output)) = record(1.5, keys, &[]) else { return };
    assert!((10..=24).contains(&frames.len()), "{} frames of 1.5 s at 15 Hz: {}", frames.len(), markers(&output));
    let grey = limbic::prepare::faces::decode_grey(&frames[3].jpeg).expect("a JPEG");
    assert_eq!((grey.width, grey.height), (320, 240));
    let slope = i32::from(grey.pixels[100 * 320 + 200]) - i32::from(grey.pixels[100 * 320 + 40]);
    assert!((slope - 40).abs() < 6, "one grey level every four columns: {slope}");
}

#[test]
fn a_stalled_camera_is_interrupted_and_opened_again() {
    let Some((frames, output)) = record(6.0, "", &[("SHIM_STALL_AT", "30")]) else { return };
    let said = markers(&output);
    assert!(said.contains("the camera has stalled") && said.contains("the camera is back"), "{said}");
    assert!(frames.len() > 40, "{} frames: 1 s, then 2 s of silence, then again: {said}", frames.len());
    let gap = frames.windows(2).map(|p| (p[1].captured - p[0].captured, p[1].index - p[0].index)).max().expect("frames");
    let missing = (gap.0 as f64 * 30.0 / SECOND as f64).round() as u64;
    assert!(gap.0 > 2 * SECOND && gap.0 < 4 * SECOND && gap.1.abs_diff(missing) <= 1, "{gap:?}");
}

#[test]
fn a_camera_that_is_unplugged_is_used_again_when_it_is_back() {
    // It is away for one to two seconds and looked for once a second; what is left of the six shows that frames come.
    let Some((frames, output)) = record(6.0, "", &[("SHIM_UNPLUG_AT", "30")]) else { return };
    let said = markers(&output);
    assert!(said.contains("the camera is gone") && said.contains("the camera is back"), "{said}");
    assert!(frames.len() > 40, "{} frames, 30 of them before it went: {said}", frames.len());
}

#[test]
fn what_the_camera_does_not_offer_is_refused_with_what_it_does() {
    let Some((_, output)) = record(1.0, "width = 1280\nheight = 720", &[]) else { return };
    let said = markers(&output);
    assert!(!output.status.success() && said.contains("does not offer 1280 x 720; it offers 320 x 240 MJPEG"), "{said}");
}
