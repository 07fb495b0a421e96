//! Interrupted sessions: going on with the right trial, in the order, the time and the figures of the session.

#[path = "lab_support/mod.rs"]
mod lab_support;

use lab_support::*;
use limbic::lab::message::{Action, Snapshot};
use limbic::lab::{Lab, LabOptions};
use limbic::present::{Phase, Playlist};
use limbic::signal::{Clock, Emotion, ManualClock};
use limbic::store::Delivery;
use limbic::store::rows::{Consent, SessionId, SessionState, TrialState};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn an_interrupted_session_goes_on_with_its_trial() {
    let mut bench = Bench::begun();
    bench.rate(Emotion::Happiness);
    bench.until(Phase::Fixation);
    bench.until(Phase::Video);
    bench.seconds(2.0);
    let before = bench.stored().session.clone();
    let mut bench = crashed(bench);
    bench.done(Action::Resume { session: before.id });
    let waiting = bench.snapshot();
    assert_eq!((waiting.goes_on, waiting.trials.len(), waiting.recording), (Some(2), 2, false));
    assert_eq!(bench.stored().session.state, SessionState::Prepared, "it does not record yet");
    assert_eq!(bench.snapshot().participant.map(|p| p.code), Some(participant().code));
    bench.connect("");
    bench.seconds(6.0);
    bench.done(Action::Begin);
    let protocol = bench.snapshot().protocol;
    assert_eq!((protocol.phase, protocol.trial, protocol.attempt), (Phase::Fixation, 2, 2), "no baseline, the same trial");
    assert_eq!(bench.snapshot().goes_on, None);
    bench.rate(Emotion::Sadness);
    bench.rate(Emotion::Fear);
    bench.close();
    let stored = bench.stored();
    let told: Vec<_> = stored.attempts.iter().map(|t| (t.number, t.attempt, t.state)).collect();
    use TrialState::{Done, Redone};
    assert_eq!(told, [(1, 1, Done), (2, 1, Redone), (2, 2, Done), (3, 1, Done)]);
    assert_eq!((stored.session.state, stored.session.started), (SessionState::Complete, before.started));
    let eeg = stored.stream("eeg").expect("eeg");
    assert!(eeg.gaps.len() == 1 && eeg.lost >= 30 * eeg.info.rate as u64, "the interruption is one counted gap: {eeg:?}");
    assert!(bench.lab.home().verify(None).expect("verifies").iter().all(|r| r.is_sound()));
}

#[test]
fn an_interrupted_session_goes_on_in_the_order_that_was_chosen_for_it() {
    let mut bench = Bench::new();
    bench.prepare();
    bench.connect("");
    bench.seconds(6.0);
    let names = |bench: &mut Bench| -> Vec<String> {
        bench.snapshot().guided.playlist.expect("there").entries.into_iter().map(|e| e.name).collect()
    };
    let first = names(&mut bench);
    let seed = (0..50).find(|seed| {
        bench.done(Action::Order { seed: Some(*seed) });
        names(&mut bench) != first
    });
    let chosen = names(&mut bench);
    bench.done(Action::Begin);
    bench.rate(Emotion::Happiness);
    bench.until(Phase::Video);
    let id = bench.snapshot().session.expect("a session").id;
    bench = crashed(bench);
    gone_on(&mut bench, id);
    assert_eq!(
        (names(&mut bench), bench.snapshot().session.expect("goes on").order_seed),
        (chosen, seed.expect("another order"))
    );
}

/// The program dies and is started again half a minute later: nothing is closed.
fn crashed(bench: Bench) -> Bench {
    let Bench { lab, clock, dir, .. } = bench;
    drop(lab);
    clock.wait(Duration::from_secs(30));
    let mut options = LabOptions::new(dir.path().join("sessions"), clock.clone());
    options.playlist = Playlist::simulated(3, 6.0);
    let lab = Lab::new(options).expect("opens again");
    Bench { lab, clock, dir, next: 0, events: Vec::new() }
}

/// Goes on with the session that was interrupted; answers how much of it had been recorded by the screen's clock, and when
/// it went on by the lab's, which runs while the beginning is waited for.
fn gone_on(bench: &mut Bench, session: SessionId) -> (f64, i64) {
    bench.done(Action::Resume { session });
    let before = bench.snapshot().recorded;
    bench.connect("");
    bench.seconds(6.0);
    let at = bench.clock.now();
    bench.done(Action::Begin);
    (limbic::signal::seconds(before), at)
}

#[test]
fn figures_are_those_of_the_store_over_interruptions_and_after_the_end() {
    let mut bench = Bench::new();
    bench.done(Action::Prepare { participant: participant(), consent: Consent { face_stored: false, ..consent() } });
    bench.connect("");
    bench.seconds(6.0);
    bench.done(Action::Begin);
    bench.rate(Emotion::Happiness);
    let id = bench.snapshot().session.expect("a session").id;
    let written = |s: &Snapshot, name: &str| s.stored.iter().find(|x| x.name == name).map_or(0, |x| x.written);
    let mut recorded = limbic::signal::seconds(bench.snapshot().recorded);
    for crashes in 1..=2 {
        bench = crashed(bench);
        let (before, since) = gone_on(&mut bench, id);
        assert!((before - recorded).abs() < 0.5, "crash {crashes}: {before} s instead of {recorded} s");
        bench.seconds(3.0);
        let shown = bench.sees("what was recorded is stored, and the gaps are counted", |s| {
            let eeg = written(s, "eeg") as f64 / 256.0;
            (eeg - limbic::signal::seconds(s.recorded)).abs() < 1.0 && s.lost > crashes * 30 * 256
        });
        recorded = limbic::signal::seconds(shown.recorded);
        let passed = limbic::signal::seconds(shown.now - since);
        assert!((recorded - before - passed).abs() < 0.5, "crash {crashes}: {before} s and {passed} s are {recorded} s");
        assert!(shown.stored.iter().any(|s| s.name == "eeg" && s.gaps == crashes as usize), "{:?}", shown.stored);
    }
    bench.done(Action::Abort { typed: "P07".into() });
    bench.close();
    bench.seconds(5.0);
    let (end, stored) = (bench.snapshot(), bench.stored());
    let verdicts: Vec<_> = stored.streams.iter().map(|row| Delivery::of(&stored.session, row, &stored.consent)).collect();
    let shown: Vec<_> = end.stored.iter().filter_map(|s| s.delivery.clone()).collect();
    assert_eq!(shown, verdicts);
    assert_eq!(end.lost, verdicts.iter().map(|d| d.missing).sum::<u64>());
    assert_eq!(end.written, bench.lab.home().session_bytes(id).expect("there"));
    // The store's ends with the last arrival.
    let apart = limbic::signal::seconds(end.recorded - stored.recorded());
    assert!((0.0..0.5).contains(&apart), "{apart} s");
    let face = verdicts.iter().find(|d| d.stream == "face").expect("declared");
    assert!(face.delivered == 0 && face.verdict.contains("lack of consent"), "{face:?}");
}

#[test]
fn a_session_that_was_only_prepared_raises_no_alarm_and_can_begin_later() {
    let mut bench = Bench::new();
    bench.prepare();
    let id = bench.snapshot().session.expect("prepared").id;
    bench.done(Action::Quit);
    for killed in [false, true] {
        bench = crashed(bench);
        let said = bench.snapshot().log;
        assert!(!said.iter().any(|(_, line)| line.contains("interrupted")), "{said:?}");
        assert_eq!(said.iter().any(|(_, line)| line.contains("nothing of it had been recorded")), killed, "{said:?}");
        assert_eq!(bench.snapshot().catalogue.sessions[0].state, SessionState::Prepared);
        // The program dies with it open.
        bench.done(Action::Resume { session: id });
    }
    bench.connect("");
    bench.seconds(6.0);
    bench.done(Action::Begin);
    for _ in 0..3 {
        bench.rate(Emotion::Happiness);
    }
    bench.close();
    let stored = bench.stored();
    assert_eq!((stored.session.id, stored.session.state, stored.session.number), (id, SessionState::Complete, 1));
    assert!(stored.streams.iter().all(|row| row.lost == 0), "what lay before the beginning is no gap: {:?}", stored.streams);
    assert!(bench.lab.home().verify(None).expect("verifies").iter().all(|r| r.is_sound()));
}

#[test]
fn only_an_interrupted_session_goes_on_and_only_with_its_own_videos() {
    let mut bench = Bench::begun();
    let id = bench.snapshot().session.expect("session").id;
    assert!(bench.refused(Action::Resume { session: id }).contains("being recorded"));
    let Bench { lab, clock, dir, .. } = bench;
    drop(lab);
    clock.wait(Duration::from_secs(1));
    let mut options = LabOptions::new(dir.path().join("sessions"), clock.clone());
    options.playlist = Playlist::simulated(5, 6.0);
    let lab = Lab::new(options).expect("opens again");
    let mut bench = Bench { lab, clock, dir, next: 0, events: Vec::new() };
    bench.done(Action::Resume { session: id });
    bench.connect("");
    bench.seconds(6.0);
    let why = bench.refused(Action::Begin);
    assert!(why.contains("its videos are others"), "{why}");
    // Left alone, it stays what it was.
    bench.prepare();
    let state = |bench: &Bench| bench.lab.home().recording(id).expect("opens").session.state;
    assert_eq!(state(&bench), SessionState::Interrupted);
}

#[test]
fn after_a_restart_of_the_computer_a_session_goes_on_in_its_own_time() {
    const UTC: i64 = 1_790_000_000_000_000_000;
    let dir = tempfile::tempdir().expect("temporary folder");
    let lab = |clock: &Arc<ManualClock>| {
        let mut options = LabOptions::new(dir.path().join("sessions"), clock.clone());
        options.playlist = Playlist::simulated(2, 6.0);
        Lab::new(options).expect("opens")
    };
    let rig = dir.path().join("rig.toml");
    write_rig(&rig, "");
    let connect = Action::Connect { rig: Some(rig) };
    let before = Arc::new(ManualClock::of_origin(UTC, 0xB001));
    before.wait(Duration::from_secs(5000));
    let mut bench =
        Bench { lab: lab(&before), clock: before, dir: tempfile::tempdir().expect("dir"), next: 0, events: Vec::new() };
    bench.prepare();
    bench.done(connect.clone());
    bench.seconds(6.0);
    bench.done(Action::Begin);
    bench.rate(Emotion::Happiness);
    bench.until(Phase::Video);
    bench.seconds(2.0);
    let (interrupted, utc) = (bench.stored().session.clone(), bench.clock.utc());
    drop(bench);
    // Ten minutes later by the wall clock the computer has run for twenty seconds.
    let after = Arc::new(ManualClock::of_origin(utc + 580_000_000_000, 0xB002));
    after.wait(Duration::from_secs(20));
    let mut bench = Bench { lab: lab(&after), clock: after, dir: tempfile::tempdir().expect("dir"), next: 0, events: Vec::new() };
    bench.done(Action::Resume { session: interrupted.id });
    bench.done(connect);
    bench.seconds(6.0);
    bench.done(Action::Begin);
    assert_eq!(bench.snapshot().protocol.trial, 2, "the same trial");
    bench.rate(Emotion::Sadness);
    bench.close();
    let stored = bench.stored();
    let eeg = stored.stream("eeg").expect("eeg");
    let gap = eeg.gaps[0].1 as f64 / eeg.info.rate;
    assert!(eeg.gaps.len() == 1 && (600.0..615.0).contains(&gap), "{gap} s: {:?}", eeg.gaps);
    let named = stored.markers.iter().find(|m| m.text.starts_with("estimated gap: ")).expect("the gap is named so");
    assert!(named.at > 5_600_000_000_000, "on the session's clock: {named:?}");
    let times: Vec<_> = stored.attempts.iter().filter_map(|t| t.video_on).collect();
    assert!(times.windows(2).all(|w| w[0] < w[1]) && times[times.len() - 1] - times[0] > 600_000_000_000, "{times:?}");
    assert_eq!(stored.session.state, SessionState::Complete);
    let reports = bench.lab.home().verify(None).expect("verifies");
    assert!(reports.iter().all(|r| r.is_sound()), "{reports:#?}");
    // A session that ended under the moved clock is taken up under it, or moved again: never by the raw one.
    let origins: std::collections::BTreeSet<u64> = stored.clock_pairs.iter().map(|p| p.origin).collect();
    assert!(origins.len() == 2 && origins.contains(&0xB001) && !origins.contains(&0xB002), "{origins:?}");
}
