//! The background half by its messages alone: whole sessions on the simulator with a clock that only moves when told.

#[path = "lab_support/mod.rs"]
mod lab_support;

use lab_support::*;
use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::lab::{Lab, LabOptions, spawn};
use limbic::present::Phase;
use limbic::signal::{Emotion, MarkerKind, Question, Rating, SystemClock};
use limbic::store::rows::{Consent, Participant, SessionState, TrialState};
use std::sync::Arc;
use std::time::Duration;

/// Every electrode flat.
const BAD_SCENARIO: &str = "[[fault]]\nkind = \"flat\"\nfrom_s = 0.0\nto_s = 1000.0\n";

fn markers(bench: &mut Bench) -> Vec<MarkerKind> {
    bench.stored().markers.iter().map(|m| m.kind).collect()
}

#[test]
fn a_whole_session_is_recorded_rated_and_closed() {
    let mut bench = Bench::begun();
    let live = bench.snapshot();
    assert!(live.recording && live.simulated, "{live:?}");
    for _ in 0..3 {
        bench.rate(Emotion::Happiness);
    }
    let during = bench.snapshot();
    assert!(during.traces.channels.len() >= 32 && during.traces.newest_column > 100);
    assert!(during.heart.is_some_and(|h| h.beats_per_minute.is_some()) && during.face.is_some_and(|f| f.stored && f.fps > 3.0));
    bench.until(Phase::Finished);
    bench.close();
    let end = bench.snapshot();
    let session = end.session.expect("the one that ended");
    assert_eq!((session.state, session.number, session.simulated), (SessionState::Complete, 1, true));
    assert_eq!(end.lost, 0);

    let home = bench.lab.home();
    assert_eq!(home.sessions().expect("readable").len(), 1);
    let stored = home.recording(session.id).expect("readable");
    let trials = &stored.trials;
    assert_eq!(trials.len(), 3);
    for trial in trials {
        assert!(trial.is_usable() && trial.rating.is_complete() && trial.rated_by == "participant", "{trial:?}");
        let length = limbic::signal::seconds(trial.video_off.expect("known") - trial.video_on.expect("known"));
        assert!((length - 6.0).abs() < 0.06, "{length}");
        assert!(trial.quality.is_some_and(|q| q > 50.0), "{trial:?}");
    }
    for stream in &stored.streams {
        assert_eq!((stream.lost, stream.dropped), (0, 0), "{stream:?}");
        assert!(stream.written > 0, "{stream:?}");
    }
    let said = markers(&mut bench);
    for kind in [MarkerKind::Gate, MarkerKind::SessionStart, MarkerKind::EyesClosed, MarkerKind::VideoOff, MarkerKind::SessionEnd]
    {
        assert!(said.contains(&kind), "{kind:?} is missing in {said:?}");
    }
}

#[test]
fn a_command_is_applied_once() {
    let mut bench = Bench::begun();
    bench.next += 1;
    let note = Command { id: bench.next, action: Action::Note { text: "sleepy".into() } };
    bench.lab.handle(note.clone());
    bench.lab.handle(note);
    bench.seconds(0.5);
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    assert_eq!(markers(&mut bench).iter().filter(|k| **k == MarkerKind::Note).count(), 1);
    let answers = bench.events.iter().filter(|e| matches!(e, Event::Acknowledged { id } if *id == 4)).count();
    assert_eq!(answers, 1);
}

#[test]
fn the_gate_holds_until_it_is_overridden_with_a_reason() {
    let mut bench = Bench::new();
    bench.prepare();
    let scenario = bench.dir.path().join("bad.toml");
    std::fs::write(&scenario, BAD_SCENARIO).expect("written");
    bench.connect("scenario = \"bad.toml\"");
    bench.seconds(6.0);
    assert!(!bench.snapshot().verdict.expect("judged").pass);
    let why = bench.refused(Action::Begin);
    assert!(why.contains("below the gate"), "{why}");
    assert!(bench.refused(Action::Override { reason: "  ".into() }).contains("reason"));
    assert!(!bench.snapshot().recording);
    bench.done(Action::Override { reason: "dry electrodes, pilot".into() });
    assert_eq!(bench.snapshot().overridden.as_deref(), Some("dry electrodes, pilot"), "the screens open the gate by it");
    bench.done(Action::Begin);
    let session = bench.snapshot().session.expect("recorded");
    assert_eq!(session.override_reason.as_deref(), Some("dry electrodes, pilot"));
    assert!(!session.verdict.expect("stored").pass);
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    assert!(markers(&mut bench).contains(&MarkerKind::Override));
    let stored = bench.lab.home().sessions().expect("readable").remove(0);
    assert_eq!(stored.override_reason.as_deref(), Some("dry electrodes, pilot"));
}

#[test]
fn answers_from_two_screens_are_put_together() {
    let mut bench = Bench::begun();
    bench.until(Phase::Rating);
    let answer = |valence: Option<f32>, arousal: Option<f32>, emotion: Option<Emotion>, by: &str| Action::Rate {
        rating: Rating { valence, arousal, emotion },
        by: by.into(),
        done: false,
        reason: String::new(),
    };
    let end = |by: &str| Action::Rate { rating: Rating::default(), by: by.into(), done: true, reason: String::new() };
    bench.done(answer(Some(4.0), None, None, "experimenter"));
    bench.done(answer(Some(8.0), None, None, "participant"));
    bench.done(answer(None, Some(2.0), Some(Emotion::Fear), "participant"));
    bench.done(Action::Unrate { question: Question::Arousal, by: "participant".into() });
    assert_eq!(bench.snapshot().rating, Rating { valence: Some(8.0), arousal: None, emotion: Some(Emotion::Fear) });
    assert!(bench.refused(end("experimenter")).contains("reason"), "one answer is missing");
    bench.done(answer(None, Some(3.0), None, "participant"));
    bench.done(end("experimenter"));
    let trial = bench.snapshot().trials.last().cloned().expect("rated");
    assert_eq!(trial.rating, Rating { valence: Some(8.0), arousal: Some(3.0), emotion: Some(Emotion::Fear) });
    assert_eq!(trial.rated_by, "participant", "whoever ends the questions has not answered them");
}

#[test]
fn an_abort_needs_the_code_and_keeps_what_was_recorded() {
    let mut bench = Bench::begun();
    bench.rate(Emotion::Fear);
    assert!(bench.refused(Action::Abort { typed: "yes".into() }).contains("P07"));
    assert!(bench.refused(Action::Quit).contains("being recorded"));
    bench.until(Phase::Video);
    bench.seconds(2.0);
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    let session = bench.snapshot().session.expect("ended");
    assert_eq!(session.state, SessionState::Aborted);
    let trials = bench.stored().attempts;
    assert_eq!(trials.iter().map(|t| t.state).collect::<Vec<_>>(), [TrialState::Done, TrialState::Skipped]);
    let eeg = bench.stored().streams.remove(0);
    assert!(eeg.written > 10 * 256, "{eeg:?}");
    assert_eq!(bench.snapshot().catalogue.usable.get(&session.id), Some(&1), "one of three planned was finished");
    bench.done(Action::Quit);
    assert!(bench.lab.has_ended());
}

#[test]
fn a_redo_keeps_attempt_one_and_a_pause_marks_the_trial() {
    let mut bench = Bench::begun();
    bench.until(Phase::Video);
    bench.seconds(1.0);
    bench.done(Action::Pause { reason: "T7 came loose".into() });
    assert_eq!(bench.snapshot().protocol.phase, Phase::Paused);
    // A reason that was about another attempt repeats nothing.
    let why = bench.refused(Action::Redo { reason: "late".into(), trial: Some((1, 2)) });
    assert!(why.contains("nothing was done"), "{why}");
    bench.done(Action::Redo { reason: "T7 came loose".into(), trial: Some((1, 1)) });
    bench.until(Phase::Video);
    let pressed = bench.snapshot().now;
    bench.seconds(2.0);
    bench.done(Action::Mark { text: "coughed".into(), pressed: Some((pressed, 1)) });
    bench.done(Action::Mark { text: "no clock".into(), pressed: Some((pressed - 3_600_000_000_000, 1)) });
    bench.done(Action::Pause { reason: "door".into() });
    bench.seconds(3.0);
    bench.done(Action::Continue);
    bench.rate(Emotion::Sadness);
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    let mut trials = bench.stored().attempts;
    trials.sort_by_key(|t| (t.number, t.attempt));
    let states: Vec<_> = trials.iter().map(|t| (t.number, t.attempt, t.state)).collect();
    assert_eq!(states, [(1, 1, TrialState::Redone), (1, 2, TrialState::Interrupted)]);
    let markers = bench.stored().markers;
    let at = |text: &str| markers.iter().find(|m| m.text == text).map(|m| (m.at, m.trial));
    assert_eq!(at("coughed"), Some((pressed, Some(1))), "where its key was pressed");
    assert!(at("no clock").is_some_and(|(at, _)| at > pressed), "a time that cannot be is not believed");
    let session = bench.snapshot().session.expect("ended").id;
    assert_eq!(bench.snapshot().catalogue.usable.get(&session), None, "nothing of it was finished");
    let plan = limbic::study::Plan { sessions: vec![session], ..Default::default() };
    let refused = limbic::study::run(bench.lab.home(), &plan, &limbic::job::Job::silent(), &mut |_| {});
    let why = refused.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(why.starts_with("session P07/1 (") && why.contains("no finished trial"), "{why}");
}

#[test]
fn nothing_is_prepared_or_begun_without_consent_participant_or_devices() {
    let mut bench = Bench::new();
    let without = Consent { recording: false, ..consent() };
    assert!(bench.refused(Action::Prepare { participant: participant(), consent: without }).contains("consent"));
    assert!(bench.refused(Action::Prepare { participant: Participant::default(), consent: consent() }).contains("code"));
    assert!(bench.refused(Action::Begin).contains("connect the devices"));
    bench.connect("");
    assert!(bench.refused(Action::Begin).contains("participant"));
    assert_eq!(bench.lab.home().sessions().expect("readable").len(), 0);
    let missing = bench.dir.path().join("absent.toml");
    assert!(bench.refused(Action::Connect { rig: Some(missing) }).contains("absent.toml"));
    assert!(bench.refused(Action::StopJob).contains("no job"));
    assert!(bench.refused(Action::Next).contains("no session"));
}

#[test]
fn faces_stay_off_the_disk_without_consent() {
    let mut bench = Bench::new();
    bench.done(Action::Prepare { participant: participant(), consent: Consent { face_stored: false, ..consent() } });
    bench.connect("");
    bench.seconds(6.0);
    bench.done(Action::Begin);
    bench.seconds(3.0);
    assert!(bench.snapshot().face.is_some_and(|f| !f.stored && f.frames > 0));
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    let faces = bench.stored().streams.into_iter().filter(|s| s.info.name == "face");
    assert_eq!(faces.map(|s| s.written).sum::<u64>(), 0);
}

#[test]
fn trouble_of_a_device_is_marked_and_what_is_lost_is_counted() {
    let mut bench = Bench::new();
    bench.prepare();
    let scenario = "[[fault]]\nkind = \"disconnect\"\nfrom_s = 8.0\nto_s = 9.0\n";
    std::fs::write(bench.dir.path().join("bad.toml"), scenario).expect("written");
    bench.connect("scenario = \"bad.toml\"");
    bench.seconds(6.0);
    bench.done(Action::Begin);
    bench.seconds(6.0);
    let shown = bench.sees("a second is lost", |s| s.recording && s.lost >= 256);
    assert!(shown.log.iter().any(|(_, line)| line.contains("eeg")), "{:?}", shown.log);
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    assert!(markers(&mut bench).contains(&MarkerKind::Trouble));
    let eeg = bench.stored().streams.remove(0);
    assert!((250..=260).contains(&eeg.lost), "a second of 256 Hz: {eeg:?}");
}

#[test]
fn a_job_reports_and_stops_on_request() {
    let mut bench = Bench::with(|options| {
        options.train = Some(Arc::new(|_, sessions, seed, job, curve| {
            for epoch in 0.. {
                // Nobody listening any more is no reason to fail.
                let _ = curve.send((epoch, 1.0, 2.0, 0.5));
                if job.report("train fold 1/1", u64::from(epoch), 100).is_err() {
                    return Err(format!("stopped; {} sessions, seed {seed}", sessions.len()));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Err("counted to the end".into())
        }));
    });
    bench.done(Action::Train { sessions: Vec::new(), seed: 7 });
    assert!(bench.refused(Action::Train { sessions: Vec::new(), seed: 8 }).contains("running already"));
    while bench.snapshot().job.is_some_and(|job| job.curve.len() < 3) {
        std::thread::sleep(Duration::from_millis(1));
        bench.step();
    }
    let job = bench.snapshot().job.expect("runs");
    assert_eq!((job.name.as_str(), job.progress.stage.as_str(), job.outcome), ("train", "train fold 1/1", None));
    bench.done(Action::StopJob);
    while bench.snapshot().job.is_some_and(|job| job.outcome.is_none()) {
        std::thread::sleep(Duration::from_millis(1));
        bench.step();
    }
    let job = bench.snapshot().job.expect("has run");
    assert_eq!((job.outcome, job.stopped), (Some(Err("stopped; 0 sessions, seed 7".into())), true));
    assert!(bench.events.iter().any(|e| matches!(e, Event::News { text, .. } if text.contains("stopped; 0 sessions"))));
    assert!(bench.refused(Action::Review { session: limbic::store::rows::SessionId(1) }).contains("cannot load reviews"));
}

#[test]
fn on_a_thread_and_real_time_a_lost_client_interrupts_the_session_cleanly() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let home = dir.path().join("sessions");
    let rig = dir.path().join("rig.toml");
    write_rig(&rig, "");
    let options = LabOptions::new(home.clone(), Arc::new(SystemClock));
    let link = spawn(Lab::new(options).expect("opens")).expect("a thread");
    let wishes = [
        Action::Prepare { participant: participant(), consent: consent() },
        Action::Connect { rig: Some(rig) },
        Action::Override { reason: "no time".into() },
        Action::Begin,
    ];
    let all = wishes.len();
    for (id, action) in wishes.into_iter().enumerate() {
        assert!(link.send(Command { id: id as u64, action }));
    }
    let (mut answered, mut latest) = (0, None);
    for _ in 0..1000 {
        for event in link.events() {
            match event {
                Event::Acknowledged { .. } => answered += 1,
                Event::Refused { why, .. } => panic!("{why}"),
                Event::News { .. } => {}
            }
        }
        latest = link.snapshot().or(latest);
        let written = |s: &Arc<Snapshot>| s.recording && s.streams.iter().any(|s| s.received > 200) && s.written > 0;
        if answered == all && latest.as_ref().is_some_and(written) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(answered, all);
    assert!(latest.is_some_and(|s| s.recording && s.lost == 0));
    drop(link);
    let home = limbic::store::Home::open(&home).expect("nobody holds it any more");
    let session = home.sessions().expect("readable").remove(0);
    assert_eq!(session.state, SessionState::Interrupted);
    let recording = home.recording(session.id).expect("readable");
    assert!(recording.streams[0].written > 100);
    assert!(recording.markers.iter().any(|m| m.text == "interrupted: the terminal went away"), "{:?}", recording.markers);
    assert!(home.verify(None).expect("verifies").iter().all(|r| r.is_sound()));
}
