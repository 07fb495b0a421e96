//! Face video from consent to film: what is not agreed to is not stored and does not leave, what is stored comes out
//! to the microsecond, a damaged session gives what is good.

mod face_support;
mod store_support;

use face_support::*;
use limbic::acquire::replay::load;
use limbic::exchange::film::film;
use limbic::exchange::{ExchangeError, bids, mkv};
use limbic::job::Job;
use limbic::signal::SECOND;
use limbic::store::Home;
use limbic::store::rows::Consent;
use std::process::Command;
use store_support::*;

fn shared() -> Consent {
    Consent { face_shared: true, ..consent() }
}

#[test]
fn without_consent_no_picture_reaches_the_disk() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = filmed(&home, "P07", 1, false, Consent { face_stored: false, ..consent() });
    let start_of_image = &picture(0).jpeg[..20];
    for bytes in [start_of_image, &[0xFF, 0xD8, 0xFF], b"JFIF"] {
        assert_eq!(holding(dir.path(), bytes), Vec::<String>::new(), "{bytes:x?}");
    }
    for i in [0, 17, 89] {
        assert_eq!(holding(dir.path(), piece(&picture(i))), Vec::<String>::new(), "frame {i}");
        // A start and an end of image might be split off by some packing: the last bytes before the end, too.
        let jpeg = picture(i).jpeg;
        assert_eq!(holding(dir.path(), &jpeg[jpeg.len() - 12..]), Vec::<String>::new(), "end of frame {i}");
    }
    let recording = home.recording(id).expect("opens");
    let row = recording.stream("face").expect("declared");
    assert_eq!((row.written, recording.frame_count(FACE)), (0, 0));
    assert!(home.verify(Some(id)).expect("verifies")[0].is_sound());
    // The same search finds them where storing was agreed to: it can find.
    let id = filmed(&home, "P08", 2, false, consent());
    assert!(holding(dir.path(), piece(&picture(17))).iter().all(|name| name.contains(&id.to_string())));
    assert_eq!(holding(dir.path(), piece(&picture(17))).len(), 1);
}

#[test]
fn the_program_stores_no_picture_that_was_not_asked_for() {
    let dir = tempfile::tempdir().expect("dir");
    let record = |participant: &str, face: &[&str]| {
        let mut limbic = Command::new(env!("CARGO_BIN_EXE_limbic"));
        limbic.args(["record", "--seconds", "2", "--participant", participant]).args(face).current_dir(dir.path());
        assert!(limbic.output().expect("runs").status.success());
    };
    record("P01", &[]);
    for bytes in [&[0xFF, 0xD8, 0xFF][..], b"JFIF"] {
        assert_eq!(holding(dir.path(), bytes), Vec::<String>::new());
    }
    record("P02", &["--face"]);
    assert_eq!(holding(dir.path(), b"JFIF").len(), 1, "the same search finds them where they are stored");
}

#[test]
fn pictures_leave_the_lab_only_with_consent() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let out = dir.path().join("film.mkv");
    let open = |id| home.recording(id).expect("opens");
    let stored_only = open(filmed(&home, "P07", 1, false, consent()));
    assert!(matches!(film(&stored_only, None, &out, false), Err(ExchangeError::NotShared { .. })));
    assert!(!out.exists());
    film(&stored_only, None, &out, true).expect("stays inside the lab");
    film(&open(filmed(&home, "P08", 2, false, shared())), None, &out, false).expect("agreed");
    film(&open(filmed(&home, "P09", 3, true, consent())), None, &out, false).expect("nobody was filmed");
    // A data set lets the same pictures pass.
    let options = bids::Options {
        eeg: bids::Eeg::BrainVision,
        name: "faces".into(),
        authors: Vec::new(),
        license: "n/a".into(),
        face: true,
        bad_below: 50.0,
    };
    let root = dir.path().join("bids");
    bids::export(&home, &home.sessions().expect("listed"), &root, &options, &Job::silent()).expect("exported");
    let films = |code: &str| holding(&root.join("sourcedata").join(format!("sub-{code}")), &[0x1A, 0x45, 0xDF, 0xA3]).len();
    assert!(!root.join("sourcedata/sub-P07").exists());
    assert_eq!((films("P08"), films("P09")), (1, 1));
    let nothing = open(filmed(&home, "P10", 4, false, Consent { face_stored: false, ..consent() }));
    assert!(matches!(film(&nothing, None, &out, true), Err(ExchangeError::NoFrames { .. })));
}

#[test]
fn a_film_holds_every_frame_at_its_own_microsecond() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(&dir.path().join("home")).expect("opens");
    let recording = home.recording(filmed(&home, "P07", 1, true, consent())).expect("opens");
    let out = dir.path().join("film.mkv");
    let report = film(&recording, Some("face"), &out, false).expect("writes");
    assert_eq!((report.frames, report.missing, report.gaps, report.damaged), (FRAMES - 2, 2, 1, 0));
    let wanted: Vec<_> = (0..FRAMES).filter(|i| *i != 40 && *i != 41).map(picture).collect();
    let read = mkv::read(&out).expect("our own");
    assert!(read.clean && read.title.starts_with("SIMULATED"));
    assert_eq!(read.frames.len(), wanted.len());
    for ((at, jpeg), frame) in read.frames.iter().zip(&wanted) {
        assert_eq!(jpeg, &frame.jpeg);
        assert!((at - (frame.captured - wanted[0].captured)).abs() <= 500, "within half a microsecond");
    }
    let table = std::fs::read_to_string(&report.stamps).expect("table");
    let line = format!("17\t{}\t{}\t", wanted[17].captured, wanted[17].arrived);
    assert!(table.lines().count() == wanted.len() + 1 && table.contains(&line), "the stamps as they were stored");
    // As a camera that is replayed.
    let replayed = load(&out).expect("plays");
    assert_eq!((replayed.frames.len(), replayed.streams[0].simulated), (wanted.len(), true));
    assert!((replayed.streams[0].rate - 30.0).abs() < 3.0, "{}", replayed.streams[0].rate);
    assert_eq!(replayed.frames.last().expect("some").index, FRAMES - 1, "the hole is still there");
    probe(&out, &read.frames.iter().map(|(at, _)| at / 1000).collect::<Vec<_>>());
}

/// What ffprobe makes of it, where there is one.
fn probe(film: &std::path::Path, stamps: &[i64]) {
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"]).arg(film);
    let Ok(output) = ffprobe.output() else {
        eprintln!("skipped: ffprobe is not installed");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Vec<i64> =
        text.lines().filter_map(|l| l.trim_end_matches(',').parse::<f64>().ok()).map(|s| (s * 1e6).round() as i64).collect();
    assert_eq!(found, stamps, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_damaged_session_gives_what_is_good_and_says_what_is_missing() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(&dir.path().join("home")).expect("opens");
    let id = filmed(&home, "P07", 1, true, consent());
    let path = home.session_dir(id).join("face-000.seg");
    let mut bytes = std::fs::read(&path).expect("reads");
    for i in [10, 11, 60] {
        let wanted = picture(i);
        let at = bytes.windows(16).position(|w| w == piece(&wanted)).expect("stored");
        bytes[at] ^= 1;
    }
    bytes.truncate(bytes.len() - 700); // and the last frame is cut
    std::fs::write(&path, &bytes).expect("writes");
    let out = dir.path().join("film.mkv");
    let report = film(&home.recording(id).expect("opens"), None, &out, false).expect("writes");
    assert_eq!((report.frames, report.damaged), (FRAMES - 2 - 4, 4));
    assert_eq!((report.missing, report.gaps), (5, 3), "two lost by the camera, three damaged in between");
    assert_eq!(mkv::read(&out).expect("our own").frames.len() as u64, report.frames);
}

#[test]
fn a_replayed_camera_delivers_the_stored_frames_in_time() {
    use limbic::acquire::{Packet, Source, Surroundings, replay::Replay};
    use limbic::rig::ReplayRig;
    use limbic::signal::{Clock, ManualClock};
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(&dir.path().join("home")).expect("opens");
    let id = filmed(&home, "P07", 1, true, consent());
    let clock = std::sync::Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let rig = ReplayRig { path: home.session_dir(id), speed: 1.0, repeat: false };
    let mut camera = Replay::open(&rig, &around).expect("opens");
    camera.start().expect("starts");
    let mut frames = Vec::new();
    for _ in 0..400 {
        clock.wait(std::time::Duration::from_millis(10));
        let packets = camera.read(std::time::Duration::ZERO).expect("reads");
        frames.extend(packets.into_iter().filter_map(|p| if let Packet::Frame(f) = p { Some(f) } else { None }));
    }
    assert_eq!(frames.len() as u64, FRAMES - 2);
    for (i, frame) in (0..FRAMES).filter(|i| *i != 40 && *i != 41).zip(&frames) {
        let wanted = picture(i);
        assert_eq!((frame.index, &frame.jpeg), (i, &wanted.jpeg));
        let away = (frame.captured - frames[0].captured) - (wanted.captured - picture(0).captured);
        assert!(away.abs() < SECOND / 1000, "frame {i} is {away} ns away from its time");
    }
}
