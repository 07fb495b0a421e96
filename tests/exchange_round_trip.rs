//! Out and in again: a session that leaves as a BIDS data set or as XDF comes back equal.

use limbic::exchange::edf::{self, About};
use limbic::exchange::outgoing::{each_stream, events};
use limbic::exchange::{ExchangeError, ReadOptions, bids, recognise, xdf};
use limbic::gate::Verdict;
use limbic::job::Job;
use limbic::signal::{
    Channel, Emotion, Marker, MarkerKind, Placed, Placement, Rating, Role, SECOND, Seed, Segment, StreamId, StreamInfo,
    StreamKind,
};
use limbic::store::rows::{Consent, Participant, Session, SessionState, Trial, TrialState};
use limbic::store::{Home, Recording, Samples, StoreError, WholeSession, WholeStream};
use limbic::study;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

fn info(id: u16, name: &str, rate: f64, channels: Vec<Channel>) -> StreamInfo {
    StreamInfo {
        id: StreamId(id),
        name: name.into(),
        kind: StreamKind::Signal,
        device: "made for a test".into(),
        rate,
        channels,
        clock: "sample count".into(),
        latency_s: 0.012,
        latency_origin: Default::default(),
        simulated: true,
    }
}

fn channel(label: &str, role: Role, unit: &str) -> Channel {
    Channel { label: label.into(), role, unit: unit.into(), rail: Some(187_500.0), step: Some(0.25), zero: 0.0 }
}

fn trial(number: u32, on_s: f64, off_s: f64) -> Trial {
    Trial {
        number,
        attempt: 1 + number % 2,
        stimulus: format!("clip {number}.mp4"),
        intended: Some(Emotion::Fear),
        video_on: Some((on_s * SECOND as f64) as i64),
        video_off: Some((off_s * SECOND as f64) as i64),
        state: TrialState::Done,
        rating: Rating { valence: Some(2.5), arousal: (number > 1).then_some(8.0), emotion: Some(Emotion::Sadness) },
        rated_by: "participant".into(),
        quality: Some(93.25),
        note: "coughed, once".into(),
    }
}

/// A minute of EEG with a hole, an ECG of another rate that begins later, and everything that can be said of them.
fn whole() -> WholeSession {
    let mut seed = Seed::new(5);
    let mut noise =
        |n: usize, step: f64| (0..n).map(|_| ((seed.normal() * 40.0 / step).round() * step) as f32).collect::<Vec<f32>>();
    let mut eeg: Vec<Vec<f32>> = (0..4).map(|_| noise(60 * 250, 0.25)).collect();
    eeg.iter_mut().for_each(|c| c[5000..5400].fill(f32::NAN));
    let roles = [("Fz", Role::Eeg, "uV"), ("Cz", Role::Eeg, "uV"), ("EOG", Role::Eog, "uV"), ("contact", Role::Contact, "")];
    let eeg_info = info(0, "eeg", 250.0, roles.map(|(l, r, u)| channel(l, r, u)).to_vec());
    let ecg_info = info(1, "ecg", 130.0, vec![channel("ECG", Role::Ecg, "mV")]);
    let stream = |info, data, start| WholeStream { info, samples: Vec::into(data), start, stamps: Vec::new() };
    let marker = |at: f64, kind, text: &str, trial| Marker { at: (at * SECOND as f64) as i64, kind, text: text.into(), trial };
    let segment = |number, live| Segment {
        trial: 2,
        attempt: 1,
        number,
        from_s: 1.5,
        to_s: 4.25,
        emotion: (number == 1).then_some(Emotion::Disgust),
        intensity: Some(7),
        by: "experimenter".into(),
        live,
        marked_utc: 1_790_000_123_456_789_012,
        removed: false,
    };
    WholeSession {
        streams: vec![stream(eeg_info, eeg, 0), stream(ecg_info, vec![noise(50 * 130, 0.25)], SECOND / 2)],
        markers: vec![
            marker(0.0, MarkerKind::SessionStart, "", None),
            marker(10.0, MarkerKind::VideoOn, "clip 1.mp4", Some(1)),
            marker(20.5, MarkerKind::Note, "a bus passed", None),
            marker(41.0, MarkerKind::External, "T1 (lasts 4.2 s)", None),
        ],
        trials: vec![trial(1, 10.0, 18.0), trial(2, 30.0, 38.504)],
        segments: vec![segment(1, true), segment(2, false)],
        placements: vec![Placement {
            label: "Cz".into(),
            state: Placed::Bad,
            note: "no contact".into(),
            at: SECOND / 4,
            contact: Some(3.0),
        }],
    }
}

fn stored(home: &Home) -> Session {
    stored_as(home, whole())
}

fn stored_as(home: &Home, whole: WholeSession) -> Session {
    let (session, person, consent) = described(home, 1, "recorded");
    home.import_session(session, person, consent, whole, &AtomicBool::new(false)).expect("stored")
}

fn described(home: &Home, number: u32, source: &str) -> (Session, Participant, Consent) {
    let session = Session {
        id: home.new_session_id(1_790_000_000 * SECOND, &mut Seed::new(u64::from(number))),
        participant: "P07".into(),
        number,
        state: SessionState::Prepared,
        started_utc: 1_790_000_000 * SECOND,
        started: 0,
        ended: None,
        rig_name: "rig".into(),
        rig: "mains_hz = 50.0\n".into(),
        playlist: "clips = []\n".into(),
        order_seed: 99,
        player: "mpv".into(),
        simulated: true,
        limbic_version: "0".into(),
        trials_planned: 3,
        verdict: Some(Verdict { pass: false, why: "T8 flat".into(), advice: vec!["gel".into()] }),
        override_reason: Some("the participant had to leave".into()),
        quality: None,
        source: source.into(),
        content: String::new(),
    };
    let person = Participant {
        code: "P07".into(),
        age_band: "20-29".into(),
        sex: "f".into(),
        handedness: "left".into(),
        note: String::new(),
    };
    let consent = Consent { recording: true, face_stored: true, form: "v3".into(), ..Consent::default() };
    (session, person, consent)
}

fn options() -> bids::Options {
    bids::Options {
        eeg: bids::Eeg::BrainVision,
        name: "round trip".into(),
        authors: vec!["n/a".into()],
        license: "n/a".into(),
        face: false,
        bad_below: 50.0,
    }
}

/// What a session holds, apart from names that the store gives.
fn same(a: &Recording, b: &Recording) {
    assert_eq!(a.participant, b.participant);
    assert_eq!(
        (a.consent.recording, a.consent.face_shared, &a.consent.form),
        (b.consent.recording, b.consent.face_shared, &b.consent.form)
    );
    let of = |r: &Recording| {
        let s = &r.session;
        (s.started_utc, s.rig.clone(), s.playlist.clone(), s.order_seed, s.player.clone(), s.simulated, s.trials_planned)
    };
    assert_eq!(of(a), of(b));
    assert_eq!((&a.session.verdict, &a.session.override_reason), (&b.session.verdict, &b.session.override_reason));
    assert_eq!(a.trials, b.trials);
    assert_eq!(a.attempts, b.attempts);
    assert_eq!(a.markers, b.markers);
    assert_eq!(a.placements, b.placements);
    assert_eq!(a.segments.len(), b.segments.len());
    for (x, y) in a.segments.iter().zip(&b.segments) {
        assert!((x.from_s - y.from_s).abs() < 1e-6 && (x.to_s - y.to_s).abs() < 1e-6, "{x:?} {y:?}");
        assert_eq!(Segment { from_s: 0.0, to_s: 0.0, ..x.clone() }, Segment { from_s: 0.0, to_s: 0.0, ..y.clone() });
    }
    same_streams(a, b, true);
}

fn same_streams(a: &Recording, b: &Recording, infos: bool) {
    assert_eq!(a.streams.len(), b.streams.len());
    for (x, y) in a.streams.iter().zip(&b.streams) {
        if infos {
            assert_eq!(x.info, y.info);
        }
        assert_eq!((x.written, x.lost, x.info.labels(), x.info.rate), (y.written, y.lost, y.info.labels(), y.info.rate));
        let (one, two) = (a.whole(x.info.id).expect("read"), b.whole(y.info.id).expect("read"));
        let bits = |d: &[Vec<f32>]| d.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&one.data), bits(&two.data), "{}", x.info.name);
        assert!((one.start - two.start).abs() <= 1000, "{}: {} and {} ns", x.info.name, one.start, two.start);
    }
}

/// Every file below, without what names the session: its id, and when it was exported from which store.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().contains("derivatives") {
                found.insert(path.strip_prefix(root).expect("inside").into(), std::fs::read(&path).expect("read"));
            }
        }
    }
    found
}

fn home(folder: &Path, name: &str) -> Home {
    Home::open(&folder.join(name)).expect("a home")
}

fn imported(home: &Home, path: &Path) -> Recording {
    let found = recognise(path).expect("recognised");
    let [source] = found.sources.as_slice() else { panic!("{} recordings", found.sources.len()) };
    let opened = source.open(ReadOptions::default()).expect("opened");
    let session =
        study::import(home, opened, source, Some("P07"), 1_800_000_000 * SECOND, &AtomicBool::new(false)).expect("imported");
    home.recording(session.id).expect("opened")
}

#[test]
fn a_bids_data_set_comes_back_as_the_session_that_it_was_and_goes_out_as_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (home(folder.path(), "first"), home(folder.path(), "second"));
    let session = stored(&first);
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    bids::export(&first, std::slice::from_ref(&session), &one, &options(), &Job::silent()).expect("exported");
    let before = first.recording(session.id).expect("opened");
    let after = imported(&second, &one);
    same(&before, &after);
    bids::export(&second, std::slice::from_ref(&after.session), &two, &options(), &Job::silent()).expect("exported again");
    let (a, b) = (files(&one), files(&two));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(&b[name]), "{}", name.display());
    }
    // Nothing is written twice, and a fresh export has the same bytes.
    let again = bids::export(&first, std::slice::from_ref(&session), &one, &options(), &Job::silent()).expect("exported");
    assert_eq!((again.written.len(), again.unchanged.len()), (0, 1));
    assert_eq!(files(&one), a);
}

#[test]
fn what_is_here_already_is_not_imported_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (home(folder.path(), "home"), home(folder.path(), "second"));
    // Recorded here, so that nobody took its content.
    let (session, person, consent) = described(&first, 1, "recorded");
    let imported = first.import_session(session, person, consent, whole(), &AtomicBool::new(false)).expect("stored");
    let recorded = Session { content: String::new(), ..imported };
    first.put(limbic::store::rows::Entry::Session(recorded.clone())).expect("stored");
    let again = |home: &Home, path: &Path, code: Option<&str>| {
        let source = recognise(path).expect("recognised").sources.remove(0);
        let opened = source.open(ReadOptions::default()).expect("opened");
        let outcome = study::import(home, opened, &source, code, 1_800_000_000 * SECOND, &AtomicBool::new(false));
        outcome.map(|s| s.name()).map_err(|e| e.to_string())
    };
    let refused = |outcome: Result<String, String>, name: &str| {
        let said = outcome.expect_err("the same recording");
        assert!(said.contains(&format!("already here as {name}")) && said.contains("--home"), "{said}");
    };
    // The same values under another code, and values rounded to another converter's steps under the same one.
    let set = |name: &str, eeg| {
        let root = folder.path().join(name);
        let options = bids::Options { eeg, ..options() };
        bids::export(&first, std::slice::from_ref(&recorded), &root, &options, &Job::silent()).expect("exported");
        root
    };
    let (exact, rounded) = (set("exact", bids::Eeg::BrainVision), set("rounded", bids::Eeg::Bdf));
    refused(again(&first, &exact, None), "P07/1");
    refused(again(&first, &exact, Some("P08")), "P07/1");
    let mut other = whole();
    let Samples::Held(data) = &mut other.streams[0].samples else { panic!("in memory") };
    data[0][77] += 0.25;
    let (session, person, consent) = described(&second, 1, "recorded");
    let changed = second.import_session(session, person, consent, other, &AtomicBool::new(false)).expect("stored");
    second.put(limbic::store::rows::Entry::Session(Session { content: String::new(), ..changed })).expect("stored");
    refused(again(&second, &rounded, None), "P07/1");
    // Of another person it is another recording, once.
    again(&second, &rounded, Some("P08")).expect("other values");
    refused(again(&second, &rounded, Some("P09")), "P08/1");
    assert_eq!((first.sessions().expect("listed").len(), second.sessions().expect("listed").len()), (1, 2));
    drop(first);
    // Alone it is an error; of several recordings it is left out, and said.
    let alone = limbic(folder.path(), &["import", "exact"]);
    assert!(!alone.status.success() && String::from_utf8_lossy(&alone.stderr).contains("already here as P07/1"));
    let both = limbic(folder.path(), &["import", "exact", "rounded"]);
    assert!(both.status.success(), "{}", String::from_utf8_lossy(&both.stderr));
    let said = String::from_utf8_lossy(&both.stdout);
    assert_eq!(said.matches("is already here as P07/1").count(), 2, "{said}");
}

#[test]
fn an_xdf_file_comes_back_with_every_value_and_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (first, second) = (home(folder.path(), "first"), home(folder.path(), "second"));
    let session = stored(&first);
    let before = first.recording(session.id).expect("opened");
    let path = folder.path().join("one.xdf");
    assert_eq!(xdf::write(&before, &path).expect("written"), 2);
    let after = imported(&second, &path);
    assert_eq!((before.trials.len(), before.segments.len()), (after.trials.len(), after.segments.len()));
    // Whatever lasted still lasts: trials that end are what a model is learnt from.
    let lasted = |r: &Recording| {
        let trials = r.trials.iter().map(|t| t.video_off.zip(t.video_on).map(|(off, on)| off - on));
        trials.chain(r.segments.iter().map(|s| Some(((s.to_s - s.from_s) * 1e9) as i64))).collect::<Vec<_>>()
    };
    for (a, b) in lasted(&before).into_iter().zip(lasted(&after)) {
        assert!(a.zip(b).is_some_and(|(a, b)| (a - b).abs() < 1000), "{a:?} {b:?}");
    }
    assert!(after.trials.iter().all(Trial::is_usable));
    let said = |r: &Recording| r.markers.iter().map(|m| (m.kind, m.text.clone())).collect::<Vec<_>>();
    assert_eq!(said(&before), said(&after));
    let zero =
        after.whole(after.streams[0].info.id).expect("read").start - before.whole(before.streams[0].info.id).expect("read").start;
    for (x, y) in before.streams.iter().zip(&after.streams) {
        let (a, b) = (before.clock(x.info.id).expect("a clock"), after.clock(y.info.id).expect("a clock"));
        for index in [0, x.written / 2, x.written - 1] {
            // The file knows the times at which samples were taken, and no latency any more.
            let off = b.time_of(index) - zero - a.time_of(index);
            assert!(off.abs() < 1000, "{} {index}: {off} ns", x.info.name);
        }
        let bits = |d: &[Vec<f32>]| d.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&before.whole(x.info.id).expect("read").data), bits(&after.whole(y.info.id).expect("read").data));
    }
}

#[test]
fn counts_that_lie_beside_zero_come_back_from_a_data_set_and_from_a_file_of_their_converter() {
    // BioSemi's range: its counts lie half a step beside 0.
    let gain = (262_143.0 + 262_144.0) / 16_777_215.0;
    let zero = -262_144.0 + 8_388_608.0 * gain;
    let mut seed = Seed::new(9);
    let mut values = |n: usize| (0..n).map(|_| ((seed.normal() * 900.0).round() * gain + zero) as f32).collect::<Vec<f32>>();
    // Neither whole seconds nor, behind the hole, a whole window.
    let mut data: Vec<Vec<f32>> = (0..3).map(|_| values(70 * 512 + 100)).collect();
    data.iter_mut().for_each(|c| c[9000..9700].fill(f32::NAN));
    let channels = ["Fz", "Cz", "Pz"].map(|label| Channel { step: Some(gain), zero, ..channel(label, Role::Eeg, "uV") });
    let stream =
        WholeStream { info: info(0, "eeg", 512.0, channels.to_vec()), samples: data.into(), start: 0, stamps: Vec::new() };
    let folder = tempfile::tempdir().expect("a folder");
    let first = home(folder.path(), "first");
    let session = stored_as(&first, WholeSession { streams: vec![stream], ..WholeSession::default() });
    let before = first.recording(session.id).expect("opened");
    for (name, eeg) in [("brainvision", bids::Eeg::BrainVision), ("bdf", bids::Eeg::Bdf)] {
        let root = folder.path().join(name);
        let options = bids::Options { eeg, ..options() };
        bids::export(&first, std::slice::from_ref(&session), &root, &options, &Job::silent()).expect("exported");
        let after = imported(&home(folder.path(), &format!("from {name}")), &root);
        same(&before, &after);
        let found = &after.streams[0].info.channels[0];
        assert_eq!((found.step, found.zero), (Some(gain), zero), "{name}");
    }
    let file = folder.path().join("one.bdf");
    each_stream(&before, |stream| {
        let about = About { participant: "P07", session: "1", began: session.started_utc, simulated: true };
        edf::write(&file, true, stream, &events(&before, stream), about)
    })
    .map_err(|e: ExchangeError| e)
    .expect("written");
    let after = imported(&home(folder.path(), "from a file"), &file);
    same_streams(&before, &after, false);
    assert_eq!((after.streams[0].info.channels[1].step, after.streams[0].info.channels[1].zero), (Some(gain), zero));
}

fn limbic(folder: &Path, arguments: &[&str]) -> Output {
    let home = folder.join("home");
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.arg("--home").arg(home).args(arguments).current_dir(folder).output().expect("limbic runs")
}

#[test]
fn an_import_that_was_stopped_or_killed_leaves_nothing_and_keeps_nothing_else_from_being_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let lab = home(folder.path(), "home");
    stored(&lab);
    let (session, person, consent) = described(&lab, 2, "import:edf");
    let outcome = lab.import_session(session.clone(), person.clone(), consent.clone(), whole(), &AtomicBool::new(true));
    assert!(matches!(outcome, Err(StoreError::Stopped)), "{outcome:?}");
    assert!(!lab.session_dir(session.id).exists());
    assert_eq!(lab.sessions().expect("listed").len(), 1);
    // As kill -9 leaves an import, and a recording that never got a sample.
    drop(lab.create_session(session, person, consent).expect("begun"));
    let (empty, person, consent) = described(&lab, 3, "recorded");
    drop(lab.create_session(empty, person, consent).expect("begun"));
    drop(lab);
    let exported = limbic(folder.path(), &["export", "all", "--to", "edf", "out"]);
    let said = String::from_utf8_lossy(&exported.stderr);
    assert!(exported.status.success(), "{said}");
    assert!(said.contains("P07/2 is left out: its import was not finished"), "{said}");
    assert!(said.contains("P07/3 is left out") && said.contains("holds no samples"), "{said}");
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path().join("out")).expect("written").flatten().map(|e| e.file_name()).collect();
    names.sort();
    assert_eq!(names, ["P07_1.edf", "P07_1_ecg.edf"]);
    let alone = limbic(folder.path(), &["export", "P07/3", "--to", "xdf", "empty.xdf"]);
    assert!(!alone.status.success() && !folder.path().join("empty.xdf").exists());
    let again = home(folder.path(), "home");
    let left: Vec<_> = again.sessions().expect("listed").iter().map(|s| s.number).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(!left.contains(&2), "{left:?}");
    assert!(again.notices().iter().any(|n| n.contains("P07/2") && n.contains("import it again")), "{:?}", again.notices());
}

#[test]
fn leads_of_an_ecg_come_back_from_a_file_as_leads_of_an_ecg() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = home(folder.path(), "first");
    let channels = vec![channel("MLII", Role::Ecg, "mV"), channel("V5", Role::Ecg, "mV"), channel("Resp", Role::Misc, "mV")];
    let data: Vec<Vec<f32>> = (0..3).map(|c| (0..720).map(|t| ((t * (c + 1)) % 40) as f32 * 0.25).collect()).collect();
    let stream = WholeStream { info: info(0, "ecg", 360.0, channels), samples: data.into(), start: 0, stamps: Vec::new() };
    let session = stored_as(&first, WholeSession { streams: vec![stream], ..WholeSession::default() });
    let before = first.recording(session.id).expect("opened");
    for bdf in [false, true] {
        let file = folder.path().join(if bdf { "leads.bdf" } else { "leads.edf" });
        each_stream(&before, |stream| {
            let about = About { participant: "P07", session: "1", began: session.started_utc, simulated: true };
            edf::write(&file, bdf, stream, &events(&before, stream), about)
        })
        .map_err(|e: ExchangeError| e)
        .expect("written");
        let read = edf::read(&file).expect("read");
        assert!(read.notes.is_empty(), "{:?}", read.notes);
        let told = |c: &Channel| (c.label.clone(), c.role, c.unit.clone());
        let found: Vec<_> = read.streams[0].info.channels.iter().map(told).collect();
        let wanted: Vec<_> = before.streams[0].info.channels.iter().map(told).collect();
        assert_eq!(found[..2], wanted[..2]);
        assert_eq!(found[2].1, Role::Misc);
    }
}
