//! Redaction and erasure: the old pictures are gone by search, the session verifies, and a crash at any moment leaves
//! all of the old or all of the new.

mod face_support;
mod store_support;

use face_support::*;
use limbic::prepare::mosaic::mosaic;
use limbic::signal::{Seed, StreamInfo};
use limbic::store::rows::{SessionId, SessionState};
use limbic::store::{Home, How, Redacted, StoreError};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use store_support::*;

const NOW: i64 = 1_795_000_000_000_000_000;

fn redact(home: &Home, id: SessionId, how: How) -> Redacted {
    home.redact(id, how, NOW, &|jpeg| mosaic(jpeg).ok(), |_, _| Ok::<(), StoreError>(())).expect("redacts")
}

fn sound(home: &Home) {
    for report in home.verify(None).expect("verifies") {
        assert!(report.is_sound(), "{}: {:?}", report.name, report.problems);
    }
}

/// No picture of the session is left in any file of the home.
fn no_picture_is_left(dir: &Path) {
    for i in (0..FRAMES).step_by(7) {
        assert_eq!(holding(dir, piece(&picture(i))), Vec::<String>::new(), "frame {i}");
    }
}

#[test]
fn removed_pictures_are_gone_and_everything_else_stays() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let (id, other) = (filmed(&home, "P07", 1, false, consent()), filmed(&home, "P08", 2, false, consent()));
    // Bits, because lost samples are NaN.
    let eeg_of = |home: &Home| {
        let data = home.recording(id).expect("opens").whole(EEG).expect("reads").data;
        data.into_iter().flatten().map(f32::to_bits).collect::<Vec<u32>>()
    };
    let eeg = eeg_of(&home);
    let redacted = redact(&home, id, How::Remove);
    assert_eq!((redacted.frames, redacted.kept), (FRAMES - 2, 0));
    // The other session holds the same pictures: the search finds them there, and only there.
    assert_eq!(redacted.search.found_in, [format!("{other}/face-000.seg")]);
    redact(&home, other, How::Remove);
    no_picture_is_left(dir.path());
    assert_eq!(holding(dir.path(), &[0xFF, 0xD8, 0xFF]), Vec::<String>::new());
    let recording = home.recording(id).expect("opens");
    assert!(eeg_of(&home) == eeg, "the samples are untouched");
    assert_eq!((recording.frame_count(FACE), recording.stream("face").expect("declared").written), (0, 0));
    let row = &recording.redactions[0];
    assert_eq!((row.at_utc, row.how.as_str(), row.frames, row.kept), (NOW, "removed", FRAMES - 2, 0));
    sound(&home);
    assert!(home.rebuild().expect("rebuilds").was_equal, "the catalogue followed");
    drop(home);
    let home = Home::open(dir.path()).expect("opens");
    assert!(home.notices().is_empty(), "{:?}", home.notices());
    sound(&home);
}

#[test]
fn blurred_pictures_keep_their_stamps_and_nothing_else() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = filmed(&home, "P07", 1, false, consent());
    let redacted = redact(&home, id, How::Blur);
    assert_eq!((redacted.frames, redacted.kept, redacted.search.found_in.len()), (FRAMES - 2, FRAMES - 2, 0));
    assert!(redacted.search.needles >= 80 && redacted.search.files >= 5, "{:?}", redacted.search);
    no_picture_is_left(dir.path());
    let recording = home.recording(id).expect("opens");
    let frames = recording.frames(FACE, i64::MIN, i64::MAX).expect("reads");
    for (i, frame) in (0..FRAMES).filter(|i| *i != 40 && *i != 41).zip(&frames) {
        let old = picture(i);
        assert_eq!((frame.index, frame.captured, frame.arrived), (old.index, old.captured, old.arrived));
        assert!(frame.jpeg != old.jpeg && limbic::prepare::faces::decode_grey(&frame.jpeg).is_ok());
    }
    sound(&home);
    let (streams, gaps) = (&home.verify(Some(id)).expect("verifies")[0].streams, 1);
    assert_eq!(streams.iter().find(|s| s.name == "face").map(|s| s.gaps), Some(gaps), "what the camera lost is still told");
    // Again, and then for good.
    redact(&home, id, How::Blur);
    redact(&home, id, How::Remove);
    assert_eq!(home.recording(id).expect("opens").redactions.len(), 3);
    sound(&home);
}

#[test]
fn pieces_of_damaged_pictures_go_too() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = filmed(&home, "P07", 1, false, consent());
    let path = home.session_dir(id).join("face-000.seg");
    let mut bytes = std::fs::read(&path).expect("reads");
    let at = bytes.windows(16).position(|w| w == piece(&picture(35))).expect("stored");
    bytes[at + 20] ^= 1; // what the search below looks for stays
    std::fs::write(&path, &bytes).expect("writes");
    assert!(!home.verify(Some(id)).expect("verifies")[0].is_sound());
    let redacted = redact(&home, id, How::Blur);
    assert_eq!(redacted.kept, FRAMES - 3);
    no_picture_is_left(dir.path());
    sound(&home);
}

#[test]
fn a_redaction_that_is_cut_short_changes_nothing_and_the_next_one_finishes() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = filmed(&home, "P07", 1, false, consent());
    let before = contents(&home.session_dir(id));
    for stop_at in [0, 64, FRAMES - 2] {
        let tell = |done, _| if done >= stop_at { Err(StoreError::Ended) } else { Ok(()) };
        assert!(home.redact(id, How::Blur, NOW, &|jpeg| mosaic(jpeg).ok(), tell).is_err());
        assert_eq!(contents(&home.session_dir(id)), before);
        sound(&home);
    }
    drop(home);
    let home = Home::open(dir.path()).expect("opens");
    assert!(home.notices()[0].contains("before it took effect"), "{:?}", home.notices());
    redact(&home, id, How::Blur);
    no_picture_is_left(dir.path());
    // Cut short between the exchange and the deletion: the old folder still lies beside the new one.
    let beside = dir.path().join(format!("{id}.redact"));
    std::fs::create_dir(&beside).expect("folder");
    before
        .iter()
        .for_each(|(name, bytes)| std::fs::write(beside.join(Path::new(name).file_name().expect("name")), bytes).expect("file"));
    assert!(!holding(dir.path(), piece(&picture(7))).is_empty());
    drop(home);
    let home = Home::open(dir.path()).expect("opens");
    assert!(home.notices()[0].contains("after it took effect"), "{:?}", home.notices());
    no_picture_is_left(dir.path());
    sound(&home);
}

/// kill -9 of the real program at random moments: whatever stands there afterwards verifies, and is all old or all new.
#[test]
fn a_killed_redaction_leaves_all_of_the_old_or_all_of_the_new() {
    let pristine = tempfile::tempdir().expect("dir");
    let id = filmed(&Home::open(pristine.path()).expect("opens"), "P07", 1, false, consent());
    let limbic = |home: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
        command.arg("--home").arg(home).args(["redact", "last", "--blur"]).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let fresh = || {
        let dir = tempfile::tempdir().expect("dir");
        assert!(Command::new("cp").arg("-a").arg(pristine.path().join(".")).arg(dir.path()).status().expect("cp").success());
        dir
    };
    let began = std::time::Instant::now();
    assert!(limbic(fresh().path()).status().expect("runs").success());
    let whole = began.elapsed().as_micros() as usize;
    let mut seed = Seed::new(5);
    let (mut old, mut new, mut left) = (0, 0, 0);
    for _ in 0..40 {
        let dir = fresh();
        let mut child = limbic(dir.path()).spawn().expect("runs");
        std::thread::sleep(Duration::from_micros(seed.below(whole * 11 / 10) as u64));
        child.kill().expect("killed");
        child.wait().expect("ended");
        left += u32::from(dir.path().join(format!("{id}.redact")).exists());
        let home = Home::view(dir.path()).expect("opens");
        assert!(home.verify(Some(id)).expect("verifies")[0].is_sound());
        let frames = home.recording(id).expect("opens").frames(FACE, i64::MIN, i64::MAX).expect("reads");
        assert_eq!(frames.len() as u64, FRAMES - 2);
        let untouched = frames.iter().filter(|f| f.jpeg == picture(f.index).jpeg).count() as u64;
        assert!(untouched == 0 || untouched == FRAMES - 2, "{untouched} frames are the old ones");
        if untouched == 0 {
            new += 1
        } else {
            old += 1
        }
        // The next one finishes.
        assert!(limbic(dir.path()).status().expect("runs").success());
        no_picture_is_left(dir.path());
        sound(&Home::open(dir.path()).expect("opens"));
    }
    println!("40 kills: {old} found the session as it was, {new} found it blurred, {left} left a folder beside it");
}

#[test]
fn erasing_proves_by_search_that_nothing_is_left() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = filmed(&home, "Zaphod", 1, false, consent());
    let samples = std::fs::read(home.session_dir(id).join("eeg-000.seg")).expect("reads");
    let pieces: Vec<&[u8]> = samples.chunks_exact(samples.len() / 9).map(|c| &c[c.len() / 2..][..24]).collect();
    assert!(pieces.iter().all(|p| !holding(dir.path(), p).is_empty()), "the search can find");
    let erased = home.erase_participant("Zaphod", false).expect("erases");
    assert_eq!(erased.search.found_in, Vec::<String>::new());
    assert!(erased.search.needles > 50 && erased.search.files >= 3, "{:?}", erased.search);
    no_picture_is_left(dir.path());
    pieces.iter().for_each(|p| assert_eq!(holding(dir.path(), p), Vec::<String>::new()));
    for name in [b"Zaphod".as_slice(), id.to_string().as_bytes(), &id.0.to_be_bytes()] {
        assert_eq!(holding(dir.path(), name), Vec::<String>::new(), "{name:x?}");
    }
}

#[test]
fn equal_samples_tell_of_a_person_and_not_of_a_simulator() {
    for simulated in [false, true] {
        let dir = tempfile::tempdir().expect("dir");
        let home = Home::open(dir.path()).expect("opens");
        let streams: Vec<StreamInfo> = streams().into_iter().map(|info| StreamInfo { simulated, ..info }).collect();
        let equal = |code: &str, seed: u64| {
            let created = home.create_session(session(&home, code, seed), participant(code), consent());
            let mut writer = created.expect("creates");
            writer.declare_streams(&streams).expect("declares");
            writer.samples(&chunk(0)).expect("buffers");
            writer.frame(&frame(0)).expect("buffers");
            writer.close(SessionState::Complete, STARTED + 60 * limbic::signal::SECOND).expect("closes").id
        };
        equal("Zaphod", 1);
        let other = equal("P08", 2);
        let search = home.erase_participant("Zaphod", false).expect("erases").search;
        assert!(search.needles >= 4, "code and number are looked for in any case: {search:?}");
        let replayed = [format!("{other}/eeg-000.seg"), format!("{other}/face-000.seg")];
        let expected = if simulated { Vec::new() } else { replayed.to_vec() };
        assert_eq!(search.found_in, expected, "simulated: {simulated}");
    }
}
