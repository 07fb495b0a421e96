//! The store as its users see it: what goes in comes out, who may open it, what it refuses, what it erases.

mod store_support;

use limbic::gate::{ChannelQuality, QualityReport};
use limbic::signal::{Clock, ManualClock, Marker, MarkerKind, Rating, SECOND, SharedClock};
use limbic::store::rows::{Consent, Entry, ModelRow, PredictionRow, SessionState, Trial, TrialState};
use limbic::store::{Delivery, Gap, Home, Recorder, StoreError, WholeSession, WholeStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use store_support::*;

fn trial(number: u32, attempt: u32, valence: f32) -> Trial {
    let rating = Rating { valence: Some(valence), ..Rating::default() };
    Trial {
        number,
        attempt,
        stimulus: "clip".into(),
        intended: None,
        video_on: Some(STARTED),
        video_off: Some(STARTED + SECOND),
        state: TrialState::Done,
        rating,
        rated_by: "participant".into(),
        quality: None,
        note: String::new(),
    }
}

fn model(name: &str, people: &[&str]) -> ModelRow {
    ModelRow {
        name: name.into(),
        modality: "eeg".into(),
        file: format!("models/{name}.onnx"),
        sha256: String::new(),
        created_utc: 1,
        sessions: Vec::new(),
        participants: people.iter().map(|p| p.to_string()).collect(),
        simulated: true,
        summary: String::new(),
        lacks: String::new(),
    }
}

#[test]
fn what_was_recorded_comes_back_bit_for_bit() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    for k in [0, 1, 2, 5, 6] {
        let mut part = chunk(k);
        part.lost_before = if k == 5 { 2 * CHUNK as u64 } else { 0 };
        writer.samples(&part).expect("buffers");
    }
    for i in [0, 1, 3] {
        writer.frame(&frame(i)).expect("buffers");
    }
    let note = |text: &str| Marker { at: STARTED, kind: MarkerKind::Note, text: text.into(), trial: None };
    for entry in [
        Entry::Marker(id, note("first")),
        Entry::Marker(id, note("second, at the same moment")),
        Entry::Trial(id, trial(1, 1, 3.0)),
        Entry::Trial(id, trial(1, 2, 4.0)),
        Entry::Trial(id, trial(1, 2, 5.0)),
    ] {
        writer.journal(entry).expect("buffers");
    }
    writer.close(SessionState::Complete, STARTED + SECOND).expect("closes");

    let recording = home.recording(id).expect("opens");
    let block = recording.whole(EEG).expect("reads");
    assert_eq!((block.data.len(), block.data[0].len(), block.lost), (CHANNELS, 7 * CHUNK, 2 * CHUNK as u64));
    for (c, channel) in block.data.iter().enumerate() {
        for (i, got) in channel.iter().enumerate() {
            let lost = (3 * CHUNK..5 * CHUNK).contains(&i);
            assert!(if lost { got.is_nan() } else { got.to_bits() == value(c, i as u64).to_bits() }, "channel {c} sample {i}");
        }
    }
    assert_eq!((block.start, block.rate), (STARTED, RATE));
    let second = recording.block(EEG, STARTED + SECOND / 10, STARTED + SECOND / 5).expect("reads");
    assert_eq!((second.start, second.data[3].len()), (STARTED + SECOND / 10, 25));
    assert_eq!(second.data[3][0], value(3, 25));
    let before = recording.block(EEG, 0, STARTED).expect("reads");
    assert_eq!((before.data.len(), before.data[0].len()), (CHANNELS, 0));

    let frames = recording.frames(FACE, STARTED, STARTED + SECOND / 4).expect("reads");
    assert_eq!(frames, [frame(0), frame(1)]);
    let counters: Vec<_> = recording.streams.iter().map(|s| (s.written, s.lost, s.dropped)).collect();
    assert_eq!(counters, [(5 * CHUNK as u64, 2 * CHUNK as u64, 0), (3, 1, 0)]);
    assert_eq!(recording.markers.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), ["first", "second, at the same moment"]);
    assert_eq!((recording.trials.len(), recording.attempts.len(), recording.trials[0].rating.valence), (1, 2, Some(5.0)));
    assert!(recording.recovery.is_clean());
    let report = home.verify(None).expect("verifies");
    assert!(report.iter().all(|r| r.is_sound()), "{report:#?}");
    assert_eq!((report[1].streams[0].gaps, report[1].streams[0].missing), (1, 2 * CHUNK as u64));
}

#[test]
fn people_find_their_sessions() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let (a, b, c) = (recorded(&home, "P07", 1, 1), recorded(&home, "P08", 2, 1), recorded(&home, "P07", 3, 1));
    let found = |word: &str| home.find_session(word).map(|s| s.id);
    assert_eq!(home.sessions().expect("reads").iter().map(|s| s.id).collect::<Vec<_>>(), [c, b, a]);
    assert_eq!((found("last").ok(), found("P07/1").ok(), found("P07/2").ok()), (Some(c), Some(a), Some(c)));
    assert_eq!(found(&b.to_string()[..14]).ok(), Some(b));
    let way_out = |e: &StoreError| e.to_string().contains("participant and number, such as P07/1");
    assert!(found(&a.to_string()[..4]).is_err_and(|e| matches!(e, StoreError::Ambiguous { .. }) && way_out(&e)));
    for word in ["P07/3", "P09/1", "zz", "", "P07/x"] {
        assert!(found(word).is_err_and(|e| matches!(e, StoreError::NoSession { .. }) && way_out(&e)), "{word}");
    }
    assert_eq!(home.participants().expect("reads").len(), 2);
    assert_eq!(home.next_number("P07").expect("reads"), 3);
}

#[test]
fn a_second_process_is_refused_and_a_reader_is_not() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut writer = writer(&home, "P07", 1);
    writer.samples(&chunk(0)).expect("buffers");
    writer.flush().expect("flushes");
    let refused = Home::open(dir.path()).err().expect("refused").to_string();
    assert!(refused.contains("another limbic") && refused.contains(&dir.path().display().to_string()), "{refused}");

    let before = contents(dir.path());
    let view = Home::view(dir.path()).expect("opens");
    assert_eq!(view.sessions().expect("reads")[0].state, SessionState::Recording);
    let recording = view.recording(writer.session().id).expect("opens");
    assert_eq!((recording.whole(EEG).expect("reads").data[0].len(), recording.streams[0].written), (CHUNK, CHUNK as u64));
    assert!(view.verify(None).expect("verifies").iter().all(|r| r.is_sound()));
    assert!(matches!(view.put(Entry::Model(model("m", &[]))), Err(StoreError::ReadOnly { .. })));
    assert!(contents(dir.path()) == before, "looking on changes nothing");

    writer.samples(&chunk(1)).expect("buffers");
    writer.flush().expect("flushes");
    let later = view.recording(writer.session().id).expect("opens").whole(EEG).expect("reads");
    assert_eq!(later.data[0].len(), 2 * CHUNK, "the view follows");
    drop(writer);
    drop(home);
    let again = Home::open(dir.path()).expect("the lock ends with its holder");
    assert_eq!(again.sessions().expect("reads")[0].state, SessionState::Interrupted);
    assert_eq!(again.notices().len(), 1, "{:?}", again.notices());
}

#[test]
fn a_home_that_cannot_be_written_is_one_sentence() {
    let dir = tempfile::tempdir().expect("dir");
    let file = dir.path().join("file");
    std::fs::write(&file, b"x").expect("writes");
    for path in [file.join("home"), file.clone(), "/proc/limbic-home".into()] {
        let refused = Home::open(&path).err().expect("refused").to_string();
        assert!(refused.contains("cannot be written") && !refused.contains('\n'), "{refused}");
        assert!(matches!(Home::view(&path), Err(StoreError::NoHome { .. })));
    }
    assert_eq!(contents(dir.path()).len(), 1, "nothing was created");
}

#[test]
fn without_consent_nothing_is_recorded_and_no_face_stored() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let refused = home.create_session(session(&home, "P07", 1), participant("P07"), Consent::default());
    assert!(matches!(refused, Err(StoreError::NoConsent { .. })));
    let bad = home.create_session(session(&home, "P 7", 1), participant("P 7"), consent());
    assert!(matches!(bad, Err(StoreError::BadCode { .. })));
    assert!(home.participants().expect("reads").is_empty());

    let shy = Consent { face_stored: false, ..consent() };
    let mut writer = home.create_session(session(&home, "P07", 1), participant("P07"), shy).expect("creates");
    writer.declare_streams(&streams()).expect("declares");
    (0..5).for_each(|i| writer.frame(&frame(i)).expect("counted"));
    let id = writer.close(SessionState::Complete, STARTED).expect("closes").id;
    assert!(!home.session_dir(id).join("face-000.seg").exists());
    let recording = home.recording(id).expect("opens");
    assert_eq!((recording.streams[1].written, recording.streams[1].last_arrival), (0, Some(frame(4).arrived)));
    assert!(recording.frames(FACE, 0, i64::MAX).expect("reads").is_empty());
}

#[test]
fn large_rows_survive_beside_the_catalogue() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = recorded(&home, "P07", 1, 1);
    let channel = |i| ChannelQuality { label: format!("E{i}"), score: 90.0, reason: None, detail: "x".repeat(60) };
    let (others, bridged) = (Vec::new(), Vec::new());
    let channels = (0..256).map(channel).collect();
    let quality = QualityReport { channels, others, overall: 90.0, completeness: 1.0, seconds: 60.0, bridged };
    let mut row = home.session(id).expect("there");
    row.quality = Some(quality.clone());
    home.put(Entry::Session(row.clone())).expect("stored");
    let prediction = PredictionRow {
        session: id,
        trial: 1,
        model: "m".into(),
        classes: vec!["a".into(), "b".into()],
        truth: Some(0),
        eeg: Some(vec![0.5, 0.5]),
        face: None,
        fused: None,
        timeline: (0..3000).map(|i| (i as f32, vec![0.25, 0.75])).collect(),
        held_out: true,
        runtime: "test".into(),
        parts: Default::default(),
    };
    home.put(Entry::Prediction(prediction.clone())).expect("stored");
    let check = |home: &Home| {
        assert_eq!(home.session(id).expect("there"), row);
        assert_eq!(home.predictions(id).expect("there"), std::slice::from_ref(&prediction));
        assert_eq!(home.recording(id).expect("opens").quality, Some(quality.clone()));
    };
    check(&home);
    assert!(home.rebuild().expect("rebuilds").was_equal);
    check(&home);
    check(&Home::view(dir.path()).expect("opens"));
    assert!(home.verify(None).expect("verifies").iter().all(|r| r.is_sound()));
}

#[test]
fn erasing_leaves_no_trace_of_a_person_and_all_of_the_others() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let (gone, kept) = (recorded(&home, "Zaphod", 1, 2), recorded(&home, "P08", 2, 2));
    home.put(Entry::Model(model("both", &["Zaphod", "P08"]))).expect("stored");
    home.put(Entry::Model(model("other", &["P08"]))).expect("stored");
    home.put(Entry::Participant(participant("P09"))).expect("stored");
    home.keep_drafts(&[("note".to_owned(), "Zaphod sleeps".to_owned())].into()).expect("kept");
    let erased = home.erase_participant("Zaphod", false).expect("erases");
    assert!(home.drafts().is_empty(), "any draft may name the person");
    assert_eq!((erased.sessions, erased.models), (vec![gone], vec!["both".to_string()]));
    assert!(matches!(home.erase_participant("Zaphod", false), Err(StoreError::NoParticipant { .. })));
    let codes = |home: &Home| home.participants().expect("reads").into_iter().map(|p| p.code).collect::<Vec<_>>();
    assert_eq!(codes(&home), ["P08", "P09"]);
    assert_eq!(home.sessions().expect("reads")[0].id, kept);
    // The model's row names whom it was trained on; nothing else does.
    let holding = |(name, bytes): &(String, Vec<u8>)| {
        !name.contains("/db/") && bytes.windows(6).filter(|w| w == b"Zaphod").count() > usize::from(name.contains("home-"))
    };
    assert_eq!(contents(dir.path()).into_iter().filter(holding).map(|(n, _)| n).collect::<Vec<_>>(), Vec::<String>::new());
    let id = gone.0.to_be_bytes();
    let naming: Vec<_> =
        contents(dir.path()).into_iter().filter(|(_, b)| b.windows(8).any(|w| w == id)).map(|(n, _)| n).collect();
    assert!(naming.is_empty(), "the catalogue's log included: {naming:?}");
    drop(home);
    let home = Home::open(dir.path()).expect("opens");
    assert_eq!(codes(&home), ["P08", "P09"]);
    assert_eq!(home.models().expect("reads").len(), 2);
    assert!(home.verify(None).expect("verifies").iter().all(|r| r.is_sound()));
}

#[test]
fn only_the_owner_can_read_a_home() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("new/home");
    let home = Home::open(&path).expect("opens");
    recorded(&home, "P07", 1, 1);
    home.store_file("models/m.onnx", b"weights").expect("stored");
    assert!(home.store_file("../m.onnx", b"weights").is_err());
    for (name, _) in contents(&path) {
        let mode = std::fs::metadata(&name).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

#[test]
fn the_recorder_acknowledges_what_is_durable_and_counts_what_it_drops() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let clock: SharedClock = Arc::new(ManualClock::new(0));
    let writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    let recorder = Recorder::spawn(writer, 2, clock.clone(), false).expect("spawns");
    let marker = Marker { at: STARTED, kind: MarkerKind::Marker, text: "m".into(), trial: None };
    recorder.journal(Entry::Marker(id, marker), 42);
    let ack = recorder.acks().recv_timeout(Duration::from_secs(20)).expect("answers");
    assert_eq!(ack, Ok(42));
    assert_eq!(
        Home::view(dir.path()).and_then(|v| v.recording(id)).expect("opens").markers.len(),
        1,
        "durable when acknowledged"
    );
    recorder.journal(Entry::Model(model("m", &[])), 43);
    let refused = recorder.acks().recv_timeout(Duration::from_secs(20)).expect("answers").expect_err("foreign");
    assert!(refused.contains("43"), "{refused}");

    let total = 3000;
    (0..total).for_each(|k| recorder.samples(chunk(k)));
    clock.wait(Duration::from_secs(20));
    let session = recorder.close(SessionState::Complete, clock.now()).expect("closes");
    assert_eq!(session.state, SessionState::Complete);
    let recording = home.recording(id).expect("opens");
    let row = &recording.streams[0];
    assert_eq!(row.written + row.dropped, total * CHUNK as u64, "every sample is written or counted as dropped");
    assert!(row.written > 0);
    let first = recording.clock_pairs.first().expect("clock pairs are kept");
    assert_eq!(first.utc, first.monotonic);
}

#[test]
fn a_blocking_recorder_drops_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let clock: SharedClock = Arc::new(ManualClock::new(0));
    let writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    let recorder = Recorder::spawn(writer, 2, clock.clone(), true).expect("spawns");
    let input = recorder.input();
    for k in 0..500 {
        clock.wait(Duration::from_millis(100));
        input.samples(chunk(k));
        input.frame(frame(k));
    }
    recorder.close(SessionState::Complete, clock.now()).expect("closes");
    let recording = home.recording(id).expect("opens");
    let counters: Vec<_> = recording.streams.iter().map(|s| (s.written, s.lost, s.dropped)).collect();
    assert_eq!(counters, [(500 * CHUNK as u64, 0, 0), (500, 0, 0)]);
    assert_eq!(recording.whole(EEG).expect("reads").lost, 0);
    input.samples(chunk(0)); // after the end: no panic, nothing written
}

#[test]
fn counters_come_to_the_end_while_a_simulated_clock_stands() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let clock: SharedClock = Arc::new(ManualClock::new(0));
    let recorder = Recorder::spawn(writer(&home, "P07", 1), 8, clock.clone(), true).expect("spawns");
    (0..200).for_each(|k| recorder.samples(chunk(k)));
    let written = || recorder.status().streams.iter().map(|s| s.written).sum::<u64>();
    for _ in 0..1000 {
        if written() == 200 * CHUNK as u64 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} samples are told of {}", written(), 200 * CHUNK);
}

#[test]
fn a_recorder_that_is_dropped_leaves_an_interrupted_session() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let clock: SharedClock = Arc::new(ManualClock::new(0));
    let recorder = Recorder::spawn(writer(&home, "P07", 1), 8, clock, true).expect("spawns");
    recorder.samples(chunk(0));
    drop(recorder);
    let session = home.find_session("last").expect("there");
    assert_eq!(session.state, SessionState::Interrupted);
    assert_eq!(home.recording(session.id).expect("opens").streams[0].written, CHUNK as u64);
}

#[test]
fn an_import_is_a_session_like_any_other() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let data: Vec<Vec<f32>> =
        (0..CHANNELS).map(|c| (0..1333).map(|i| if i == 700 { f32::NAN } else { value(c, i) }).collect()).collect();
    let row = limbic::store::rows::Session { source: "import:edf".into(), ..session(&home, "sub-01", 1) };
    let info = streams().remove(0);
    let stream = WholeStream { info, samples: data.clone().into(), start: STARTED, stamps: Vec::new() };
    let whole = WholeSession { streams: vec![stream], ..WholeSession::default() };
    let stored = home.import_session(row, participant("sub-01"), consent(), whole, &AtomicBool::new(false)).expect("imports");
    let block = home.recording(stored.id).expect("opens").whole(EEG).expect("reads");
    assert!(block.data.iter().flatten().map(|v| v.to_bits()).eq(data.iter().flatten().map(|v| v.to_bits())));
    assert_eq!((block.start, stored.state, stored.ended), (STARTED, SessionState::Complete, Some(STARTED + 5_332_000_000)));
}

/// A clock whose wall time somebody sets.
struct SetClock {
    now: std::sync::atomic::AtomicI64,
    offset: std::sync::atomic::AtomicI64,
}

impl Clock for SetClock {
    fn now(&self) -> i64 {
        self.now.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn utc(&self) -> i64 {
        self.now() + self.offset.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn wait(&self, duration: Duration) {
        self.now.fetch_add(duration.as_nanos() as i64, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn a_clock_that_is_set_is_noted_and_changes_no_time() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let clock = Arc::new(SetClock { now: 0.into(), offset: (1_790_000_000 * SECOND).into() });
    let writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    let recorder = Recorder::spawn(writer, 64, clock.clone(), false).expect("spawns");
    for k in 0..30 {
        recorder.samples(chunk(k));
        if k == 15 {
            clock.offset.fetch_sub(3600 * SECOND, std::sync::atomic::Ordering::SeqCst);
        }
        clock.wait(Duration::from_millis(100));
        std::thread::sleep(Duration::from_millis(10));
    }
    recorder.close(SessionState::Complete, clock.now()).expect("closes");
    let recording = home.recording(id).expect("opens");
    // This clock goes in steps of 0.1 s that another thread may take between the two readings of a pair.
    let of_a_step = |text: &&str| !text.contains(" by 0.1");
    let said: Vec<&str> = recording.markers.iter().map(|m| m.text.as_str()).filter(of_a_step).collect();
    let [said] = said[..] else { panic!("{said:?}") };
    let rest = said.strip_prefix("the computer's clock was set back by ").expect("what happened");
    let by: f64 = rest.strip_suffix(" s; recorded times do not follow it").expect("what it means").parse().expect("seconds");
    // This clock is moved by another thread, maybe between the two readings of a pair.
    assert!((by - 3600.0).abs() < 0.25, "{said}");
    let offsets: Vec<i64> = recording.clock_pairs.iter().map(|p| (p.utc - p.monotonic) / SECOND).collect();
    assert!(offsets.contains(&(1_790_000_000 - 3600)), "{offsets:?}");
    let block = recording.whole(EEG).expect("reads");
    assert_eq!((block.start, block.data[0].len(), block.lost), (STARTED, 30 * CHUNK, 0));
}

#[test]
fn a_session_says_what_each_stream_promised_and_delivered() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut writer = writer(&home, "P07", 1);
    for k in [0, 1, 2, 5, 6, 7, 8, 9] {
        let mut part = chunk(k);
        part.lost_before = if k == 5 { 2 * CHUNK as u64 } else { 0 };
        writer.samples(&part).expect("buffers");
    }
    (0..10).for_each(|i| writer.frame(&frame(i)).expect("buffers"));
    let id = writer.close(SessionState::Complete, STARTED + SECOND).expect("closes").id;
    let recording = home.recording(id).expect("opens");
    let judged: Vec<Delivery> =
        recording.streams.iter().map(|row| Delivery::of(&recording.session, row, &recording.consent)).collect();
    let eeg = &judged[0];
    assert_eq!((eeg.promised, eeg.delivered, eeg.missing, eeg.complete), (250, 200, 50, false));
    assert_eq!(eeg.gaps, [Gap { at_s: 0.3, samples: 50, seconds: 0.2 }]);
    assert!(eeg.verdict.contains("50 missing (20.00 %) in 1 gaps"), "{}", eeg.verdict);
    assert!(judged[1].complete && judged[1].verdict == "delivered what it promised", "{}", judged[1].verdict);
    let mut late = recording.session.clone();
    (late.started, late.ended) = (STARTED - 5 * SECOND, Some(STARTED + 60 * SECOND));
    let verdict = Delivery::of(&late, &recording.streams[1], &recording.consent).verdict;
    assert!(verdict.contains("began 5.0 s late") && verdict.contains("fell silent 59.1 s before the end"), "{verdict}");
    // Faces that were stored and are gone were not refused.
    std::fs::write(home.session_dir(id).join("face-000.seg"), b"").expect("destroyed");
    let broken = home.recording(id).expect("opens");
    let of = |consent: &Consent| Delivery::of(&broken.session, &broken.streams[1], consent).verdict;
    let (given, refused) = (of(&home.consent(id).expect("reads")), of(&Consent { face_stored: false, ..consent() }));
    assert!(given.contains("none of it is left; 10 missing (100.00 %)") && !given.contains("consent"), "{given}");
    assert!(refused.contains("lack of consent"), "{refused}");
}

#[test]
fn an_interrupted_session_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().expect("dir");
    let id = {
        let home = Home::open(dir.path()).expect("opens");
        let mut writer = writer(&home, "P07", 1);
        (0..4).for_each(|k| writer.samples(&chunk(k)).expect("buffers"));
        (0..4).for_each(|i| writer.frame(&frame(i)).expect("buffers"));
        writer.journal(Entry::Trial(writer.session().id, trial(1, 1, 3.0))).expect("buffers");
        let running = Trial { state: TrialState::Running, ..trial(2, 1, 3.0) };
        writer.journal(Entry::Trial(writer.session().id, running)).expect("buffers");
        writer.flush().expect("flushes");
        writer.session().id
    };
    let home = Home::open(dir.path()).expect("opens");
    assert_eq!(home.recording(id).expect("opens").next_trial(), 2, "the second trial was not finished");
    assert!(matches!(home.resume_session(id, 1), Err(StoreError::OtherClock { .. })));
    let mut writer = home.resume_session(id, STARTED + SECOND).expect("goes on");
    // The device counts from 0 again; its first packet arrives one second (ten packets) after the last.
    for k in 0..3 {
        let late = chunk(k + 13);
        writer.samples(&limbic::signal::Chunk { first_index: k * CHUNK as u64, ..late }).expect("buffers");
        let late = frame(k + 13);
        writer.frame(&limbic::signal::Frame { index: k, ..late }).expect("buffers");
    }
    writer.close(SessionState::Complete, STARTED + 2 * SECOND).expect("closes");
    assert!(matches!(home.resume_session(id, STARTED + 9 * SECOND), Err(StoreError::NotInterrupted { .. })));
    let recording = home.recording(id).expect("opens");
    let row = &recording.streams[0];
    assert_eq!((row.written, row.lost, row.gaps.clone()), (7 * CHUNK as u64, 9 * CHUNK as u64, vec![(100, 225)]));
    let block = recording.whole(EEG).expect("reads");
    assert_eq!((block.start, block.data[0].len(), block.lost), (STARTED, 16 * CHUNK, 9 * CHUNK as u64));
    assert_eq!(block.data[2][15 * CHUNK].to_bits(), value(2, 15 * CHUNK as u64).to_bits(), "samples stand at their time");
    assert_eq!(recording.frames(FACE, 0, i64::MAX).expect("reads").len(), 7);
    let reports = home.verify(None).expect("verifies");
    assert!(reports.iter().all(|r| r.is_sound()), "{reports:#?}");
}
