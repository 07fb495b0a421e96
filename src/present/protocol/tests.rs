//! Every input in every phase, and the whole way through.

use super::*;
use crate::present::Playlist;
use crate::signal::Emotion;

const S: Nanos = SECOND;

fn rig() -> ProtocolRig {
    ProtocolRig { baseline_open_s: 10.0, baseline_closed_s: 10.0, fixation_s: 3.0, rest_s: 5.0, ..ProtocolRig::default() }
}

fn protocol(trials: usize) -> Protocol {
    Protocol::new(rig(), Playlist::simulated(trials, 20.0).videos)
}

fn reason() -> String {
    "because".into()
}

fn rated() -> Rating {
    Rating { valence: Some(7.0), arousal: Some(3.0), emotion: Some(Emotion::Happiness) }
}

fn markers(out: &[Output]) -> Vec<MarkerKind> {
    out.iter().filter_map(|o| if let Output::Marker(m) = o { Some(m.kind) } else { None }).collect()
}

fn refused(out: &[Output]) -> bool {
    matches!(out, [Output::Refused(why)] if !why.is_empty())
}

/// A protocol of two trials driven into a phase; the time is 1000 s.
fn driven(phase: Phase) -> Protocol {
    let mut p = protocol(2);
    let t = 1000 * S;
    let mut to = vec![];
    match phase {
        Phase::Waiting => {}
        Phase::EyesOpen => to = vec![Input::Begin],
        Phase::EyesClosed => to = vec![Input::Begin, Input::Next],
        Phase::Fixation => to = vec![Input::Begin, Input::Next, Input::Next],
        Phase::Video | Phase::Rating | Phase::Rest | Phase::Paused => {
            to = vec![Input::Begin, Input::Next, Input::Next];
        }
        Phase::Finished | Phase::Aborted => to = vec![Input::Begin],
    }
    for input in to {
        p.step(t - 3 * S, input);
    }
    if matches!(phase, Phase::Video | Phase::Rating | Phase::Rest | Phase::Paused) {
        p.step(t, Input::Tick);
        p.step(t, Input::PlayerStarted { at: t });
    }
    if matches!(phase, Phase::Rating | Phase::Rest) {
        p.step(t, Input::PlayerEnded { at: t });
    }
    match phase {
        Phase::Rest => drop(p.step(t, Input::RatingDone { reason: reason() })),
        Phase::Paused => drop(p.step(t, Input::Pause { reason: reason() })),
        Phase::Aborted => drop(p.step(t, Input::Abort { reason: reason() })),
        Phase::Finished => {
            p.step(t, Input::Next);
            p.step(t, Input::Next);
            for _ in 0..2 {
                p.step(t, Input::Skip { reason: reason() });
                p.step(t, Input::Next);
            }
        }
        _ => {}
    }
    assert_eq!(p.phase(), phase);
    p
}

#[test]
fn a_whole_session_goes_its_way() {
    let mut p = protocol(2);
    let mut seen = markers(&p.step(0, Input::Begin));
    let mut now = 0;
    let mut play = false;
    while p.phase() != Phase::Finished {
        now += S;
        assert!(now < 200 * S, "stuck in {:?}", p.view());
        let out = p.step(now, Input::Tick);
        seen.extend(markers(&out));
        if out.contains(&Output::Play) {
            play = true;
            seen.extend(markers(&p.step(now, Input::PlayerStarted { at: now + 7 })));
            assert_eq!((p.view().phase_started, p.view().phase_length), (now + 7, Some(20 * S)));
            now += 20 * S;
            seen.extend(markers(&p.step(now, Input::PlayerEnded { at: now })));
            assert!(refused(&p.step(now, Input::RatingDone { reason: String::new() })), "nothing answered yet");
            assert!(refused(
                &p.step(now, Input::Rate { rating: Rating { valence: Some(11.0), ..rated() }, by: "participant".into() })
            ));
            p.step(now, Input::Rate { rating: rated(), by: "participant".into() });
            seen.extend(markers(&p.step(now, Input::RatingDone { reason: String::new() })));
        }
    }
    assert!(play);
    use MarkerKind::*;
    let trial = [Fixation, VideoOn, VideoOff, RatingOn, RatingOff, Rest];
    assert_eq!(seen, [&[SessionStart, EyesOpen, EyesClosed][..], &trial, &trial, &[SessionEnd]].concat());
    assert_eq!(p.trials().len(), 2);
    for trial in p.trials() {
        assert!(trial.is_usable() && trial.rating == rated() && trial.rated_by == "participant", "{trial:?}");
    }
    assert_eq!(now, 20 * S + 2 * 28 * S);
}

#[test]
fn every_input_in_every_phase_does_something_defined() {
    use Phase::*;
    // Rows: phases. Columns: where the input leads; None = refused (wishes) or ignored (reports), nothing changes.
    let table: [(Phase, [Option<Phase>; 11]); 10] = [
        // begin, started, ended, rate, done, pause, continue, redo, skip, abort, next
        (Waiting, [Some(EyesOpen), None, None, None, None, None, None, None, None, Some(Aborted), None]),
        (EyesOpen, [None, None, None, None, None, Some(Paused), None, None, None, Some(Aborted), Some(EyesClosed)]),
        (EyesClosed, [None, None, None, None, None, Some(Paused), None, None, None, Some(Aborted), Some(Fixation)]),
        (Fixation, [None, None, None, None, None, Some(Paused), None, Some(Fixation), Some(Rest), Some(Aborted), None]),
        (Video, [None, None, Some(Rating), None, None, Some(Paused), None, Some(Fixation), Some(Rest), Some(Aborted), None]),
        (
            Rating,
            [None, None, None, Some(Rating), Some(Rest), Some(Paused), None, Some(Fixation), Some(Rest), Some(Aborted), None],
        ),
        (Rest, [None, None, None, None, None, Some(Paused), None, Some(Fixation), None, Some(Aborted), Some(Fixation)]),
        (Paused, [None, None, Some(Paused), None, None, None, Some(Video), Some(Fixation), Some(Rest), Some(Aborted), None]),
        (Finished, [None; 11]),
        (Aborted, [None; 11]),
    ];
    for (phase, row) in table {
        let now = 1000 * S;
        let inputs = [
            Input::Begin,
            Input::PlayerStarted { at: now },
            Input::PlayerEnded { at: now },
            Input::Rate { rating: rated(), by: "p".into() },
            Input::RatingDone { reason: reason() },
            Input::Pause { reason: reason() },
            Input::Continue,
            Input::Redo { reason: reason() },
            Input::Skip { reason: reason() },
            Input::Abort { reason: reason() },
            Input::Next,
        ];
        for (input, leads) in inputs.into_iter().zip(row) {
            let mut p = driven(phase);
            let before = (p.view(), p.trials().to_vec());
            let report = matches!(input, Input::PlayerStarted { .. } | Input::PlayerEnded { .. });
            let out = p.step(now, input.clone());
            match leads {
                Some(to) => assert_eq!(p.phase(), to, "{phase:?} {input:?}"),
                None => {
                    assert!(if report { out.is_empty() } else { refused(&out) }, "{phase:?} {input:?}: {out:?}");
                    assert_eq!((p.view(), p.trials().to_vec()), before, "{phase:?} {input:?}");
                }
            }
        }
        // A failure of the player is always marked, and pauses where a stimulus is due.
        let mut p = driven(phase);
        assert!(markers(&p.step(now, Input::PlayerFailed { at: now, why: "mpv died".into() })).contains(&MarkerKind::Trouble));
        assert_eq!(p.phase() == Paused, matches!(phase, Fixation | Video | Paused), "{phase:?}");
        // Time alone ends timed phases and no others.
        let mut p = driven(phase);
        p.step(2000 * S, Input::Tick);
        assert_eq!(p.phase() != phase, matches!(phase, EyesOpen | EyesClosed | Fixation | Video | Rest), "{phase:?}");
    }
}

#[test]
fn a_pause_keeps_the_clock_of_the_phase_and_marks_the_trial() {
    let mut p = driven(Phase::Video);
    let t = 1000 * S;
    assert!(p.step(t + 5 * S, Input::Pause { reason: reason() }).contains(&Output::PausePlayer));
    assert_eq!(p.view().phase_length, None);
    p.step(t + 500 * S, Input::Tick);
    let out = p.step(t + 505 * S, Input::Continue);
    assert!(out.contains(&Output::ResumePlayer));
    assert!(matches!(&out[..], [.., Output::Cue(CueKind::Video { trial: 1, .. })]), "{out:?}");
    assert_eq!(p.view().phase_started, t + 500 * S);
    p.step(t + 520 * S, Input::PlayerEnded { at: t + 520 * S });
    p.step(t + 521 * S, Input::RatingDone { reason: reason() });
    assert_eq!(p.trials()[0].state, TrialState::Interrupted);

    let mut p = driven(Phase::Fixation);
    let t = 997 * S;
    p.step(t + S, Input::Pause { reason: reason() });
    p.step(t + 100 * S, Input::Continue);
    p.step(t + 101 * S, Input::Tick);
    assert_eq!(p.phase(), Phase::Fixation, "two of three seconds spent");
    assert!(p.step(t + 102 * S, Input::Tick).contains(&Output::Play));
}

#[test]
fn a_video_that_ends_while_paused_goes_on_to_the_rating() {
    let mut p = driven(Phase::Paused);
    p.step(1001 * S, Input::PlayerEnded { at: 1000 * S });
    assert_eq!(p.phase(), Phase::Paused);
    p.step(1010 * S, Input::Continue);
    assert_eq!(p.phase(), Phase::Rating);
}

#[test]
fn redo_keeps_the_earlier_attempt_and_skip_and_abort_say_what_became_of_the_trial() {
    let mut p = driven(Phase::Video);
    let out = p.step(1004 * S, Input::Redo { reason: "T7 came loose".into() });
    assert!(out.contains(&Output::StopPlayer) && out.iter().any(|o| matches!(o, Output::Prepare(_))), "{out:?}");
    let [first, second] = p.trials() else { panic!("two attempts: {:?}", p.trials()) };
    assert_eq!((first.state, first.attempt, first.note.as_str()), (TrialState::Redone, 1, "T7 came loose"));
    assert_eq!(first.video_off, Some(1004 * S), "when the picture went away");
    assert_eq!((second.number, second.attempt, second.state), (1, 2, TrialState::Running));

    let mut p = driven(Phase::Rest);
    p.step(1001 * S, Input::Redo { reason: reason() });
    assert_eq!(p.trials()[0].state, TrialState::Redone, "the trial just rated");

    let mut p = driven(Phase::Rating);
    p.step(1001 * S, Input::Skip { reason: reason() });
    assert_eq!(p.trials()[0].state, TrialState::Skipped);

    for (phase, state) in [(Phase::Video, TrialState::Skipped), (Phase::Rating, TrialState::Done)] {
        let mut p = driven(phase);
        let out = p.step(1001 * S, Input::Abort { reason: reason() });
        assert_eq!(out.last(), Some(&Output::Finished));
        assert_eq!(p.trials()[0].state, state);
    }
}

#[test]
fn a_stimulus_that_failed_is_loaded_again_and_one_that_never_ends_is_taken_off() {
    let mut p = driven(Phase::Fixation);
    p.step(1000 * S, Input::Tick);
    p.step(1000 * S, Input::PlayerFailed { at: 1000 * S, why: "no such file".into() });
    let out = p.step(1001 * S, Input::Continue);
    assert!(out.iter().any(|o| matches!(o, Output::Prepare(_))) && out.contains(&Output::Play), "{out:?}");

    let mut p = driven(Phase::Video);
    p.step(1024 * S, Input::Tick);
    assert_eq!(p.phase(), Phase::Video);
    let out = p.step(1025 * S, Input::Tick);
    assert!(out.contains(&Output::StopPlayer) && markers(&out).contains(&MarkerKind::Trouble));
    assert_eq!((p.phase(), p.trials()[0].video_off), (Phase::Rating, Some(1025 * S)));
}

#[test]
fn phases_of_length_zero_are_left_out_and_no_stimuli_finish_at_once() {
    let none = ProtocolRig { baseline_open_s: 0.0, baseline_closed_s: 0.0, fixation_s: 0.0, rest_s: 0.0, ..rig() };
    let mut p = Protocol::new(none.clone(), Playlist::simulated(1, 2.0).videos);
    assert!(p.step(0, Input::Begin).contains(&Output::Play));
    p.step(0, Input::PlayerStarted { at: 0 });
    p.step(2 * S, Input::PlayerEnded { at: 2 * S });
    let out = p.step(3 * S, Input::RatingDone { reason: reason() });
    assert_eq!((p.phase(), out.last()), (Phase::Finished, Some(&Output::Finished)));
    assert!(Protocol::new(none, Vec::new()).step(0, Input::Begin).contains(&Output::Finished));
}
