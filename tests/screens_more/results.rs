//! What follows a recording: training, review, explanation.

use super::*;

#[test]
fn only_sessions_with_finished_trials_are_chosen_for_training() {
    let mut h = Harness::at(ASCII, example::home(), Place::Train);
    let text = h.text(80, 24);
    let row = |name: &str| text.lines().find(|l| l.contains(name)).unwrap_or_default().to_string();
    assert!(row("P06/1").contains("[x]") && row("P06/1").contains(" 5 trials"), "finished ones, not the planned: {text}");
    assert!(row("P05/1").contains("no finished trial") && !row("P05/1").contains("[x]"), "{text}");
    assert!(text.contains("2 of 3 sessions, 17 finished trials"), "{text}");
    h.keys("jj ");
    assert!(h.text(80, 24).contains("P05/1 has no finished trial"), "{}", h.text(80, 24));
    h.press(KeyCode::Enter);
    let [Action::Train { sessions, .. }] = &h.sent()[..] else { panic!("one command") };
    let catalogue = example::home().catalogue;
    assert_eq!(*sessions, [catalogue.sessions[0].id, catalogue.sessions[1].id]);
}

#[test]
fn a_training_that_failed_before_its_first_epoch_promises_none() {
    let mut failed = example::training();
    if let Some(job) = &mut failed.job {
        (job.curve, job.outcome) = (Vec::new(), Some(Err("session P06/1: it has no EEG stream".into())));
    }
    let text = Harness::at(ASCII, failed, Place::Train).text(80, 24);
    assert!(text.contains("FAILED") && text.contains("no epoch was trained"), "{text}");
    assert!(!text.contains("on its way"), "{text}");
}

#[test]
fn a_stopped_training_is_no_failed_one_and_a_model_says_what_its_run_lacks() {
    let mut stopped = example::training();
    if let Some(job) = &mut stopped.job {
        job.outcome = Some(Err("stopped on request; nothing of it is kept".into()));
        job.stopped = true;
    }
    let text = Harness::at(ASCII, stopped.clone(), Place::Train).text(80, 24);
    assert!(text.contains("STOPPED") && text.contains("nothing of it is kept") && !text.contains("FAILED"), "{text}");
    Arc::make_mut(&mut stopped.catalogue).models[0].lacks = "explanation".into();
    let text = Harness::at(ASCII, stopped, Place::Home).text(120, 40);
    assert!(text.contains("lacks explanation"), "{text}");
}

#[test]
fn a_review_is_headed_by_its_target_and_its_order_and_keeps_the_report() {
    let mut h = Harness::at(ASCII, example::reviewed(), Place::Review);
    let text = h.text(120, 40);
    assert!(text.contains("intended") && text.contains("rows: intended") && !text.contains("truth"), "{text}");
    let row = text.lines().find(|l| l.contains("WRONG")).unwrap_or_default();
    assert_eq!(row.matches("calm").count(), 3, "EEG, fused and the report: {row}");
    assert!(text.contains("Trials, disagreements first"));
    h.keys("o");
    let text = h.text(80, 24);
    assert!(text.contains("Trials, in order") && !text.contains("Trials, disagreements"), "{text}");
}

#[test]
fn what_was_not_explained_is_said_and_an_explanation_names_its_model_and_sessions() {
    let mut s = example::reviewed();
    let review = Arc::make_mut(s.review.as_mut().expect("reviewed"));
    review.explanation = None;
    let mut h = Harness::at(ASCII, s.clone(), Place::Review);
    h.keys("e");
    assert_eq!(h.app.place(), Place::Review);
    let text = h.text(120, 40);
    assert!(text.contains("which answered for P07/1, was not explained"), "{text}");
    Arc::make_mut(s.review.as_mut().expect("reviewed")).predictions.clear();
    let mut h = Harness::at(ASCII, s, Place::Review);
    h.keys("e");
    assert!(h.text(120, 40).contains("No network has answered for P07/1"), "{}", h.text(120, 40));

    let mut s = example::reviewed();
    Arc::make_mut(&mut s.catalogue).models[0].name = example::explanation().model;
    let text = Harness::at(ASCII, s.clone(), Place::Explain).text(80, 24);
    assert!(text.contains("of eeg-20261121-142210, trained on P06/2"), "{text}");
    Arc::make_mut(&mut s.catalogue).sessions.clear();
    let text = Harness::at(ASCII, s, Place::Explain).text(80, 24);
    assert!(text.contains("trained on sessions that are not here"), "{text}");
}

/// The words of a screen in one line, without the breaks that a width makes.
fn flowing(text: &str) -> String {
    text.split_whitespace().filter(|word| !["|", "-"].contains(word)).collect::<Vec<_>>().join(" ")
}

#[test]
fn long_sentences_are_wrapped_into_the_room_there_is() {
    let verdict = "nothing can be concluded: it is not shown that the network tells this class from the others: its 3 trials are \
                   called so by 62 %, the 9 others by 23 %, and the 90 % interval of that difference, -5 to 83 points, does not \
                   exclude chance";
    let last = "The smallest class has 3 trials: intervals over so few are rough.";
    let mut s = example::reviewed();
    let review = Arc::make_mut(s.review.as_mut().expect("reviewed"));
    if let Some(report) = &mut review.explanation {
        (report.classes[0].winner, report.classes[0].verdict) = (None, verdict.into());
        report
            .caveats
            .extend(["At most 40 test samples of a class, drawn evenly over its trials; 321 were left out.".into(), last.into()]);
    }
    review.cards[0]
        .caveats
        .push("The scores stand on a frozen network of somebody else, whose licence says research only.".into());
    let mut h = Harness::at(ASCII, s.clone(), Place::Explain);
    let text = flowing(&h.text(120, 40));
    assert!(text.contains(verdict) && text.contains(last), "{text}");
    let small = h.text(80, 24);
    assert!(small.contains("w shows the rest"), "{small}");
    h.keys("w");
    let text = flowing(&h.text(80, 24));
    assert!(text.contains(verdict) && text.contains(last), "{text}");
    let text = flowing(&Harness::at(ASCII, s, Place::Review).text(80, 24));
    assert!(text.contains("whose licence says research only."), "{text}");
}

#[test]
fn no_label_is_dropped_from_the_summary_without_a_sign() {
    let mut s = example::summary();
    let felt = ["fear", "disgust", "surprise"];
    for (trial, word) in s.trials.iter_mut().filter(|t| t.rating.emotion.is_some()).zip(felt) {
        trial.rating.emotion = word.parse().ok();
    }
    let text = Harness::at(ASCII, s.clone(), Place::Summary).text(80, 24);
    let rows = Harness::at(ASCII, s, Place::Summary).text(120, 40);
    assert!(felt.iter().all(|word| rows.contains(word)), "{rows}");
    let named = felt.iter().all(|word| text.contains(word));
    assert!(named || (2..7).any(|n| text.contains(&format!("and {n} more"))), "{text}");
}

#[test]
fn sentences_and_frames_of_the_preparation_are_whole() {
    let camera = flowing(&Harness::at(COLOUR, example::gate_passing(), Place::Camera).text(80, 24));
    assert!(camera.contains("a third of") && camera.contains("centred") && camera.contains("written to disk."), "{camera}");
    let mut s = example::gate_passing();
    if let Some(list) = &mut s.guided.playlist {
        (list.shows, list.player) = (false, "null player: nothing is shown".into());
    }
    let text = Harness::at(ASCII, s, Place::Playlist).text(80, 24);
    assert!(text.contains("null player: NOTHING IS SHOWN, phases run by the clock"), "{text}");
    for snapshot in [example::prepared(), example::gate_failing()] {
        let text = Harness::at(ASCII, snapshot, Place::Devices).text(120, 40);
        for panel in ["+- Rig -", "+- Devices -", "+- Streams -"] {
            assert!(text.contains(panel), "{panel}: {text}");
        }
    }
}

#[test]
fn a_models_row_shows_its_score_where_the_whole_summary_has_no_room() {
    let mut s = example::home();
    Arc::make_mut(&mut s.catalogue).models[0].summary =
        "grouped 4-fold by trial: 0.75 [0.58 0.88] (chance 0.25, most frequent 0.25), 24 trials".into();
    let text = Harness::at(ASCII, s, Place::Home).text(80, 24);
    let row = text.lines().find(|l| l.contains("eeg-20261120-140210")).unwrap_or_default();
    assert!(row.contains("0.75 [0.58 0.88]") && !row.contains("4-fo.."), "{text}");
}

#[test]
fn a_session_that_is_not_finished_is_no_empty_home() {
    use limbic::store::rows::SessionState;
    let mut s = example::home();
    s.session = None;
    let only = s.catalogue.sessions[0].clone();
    let name = format!("{}/{}", only.participant, only.number);
    let mut said = |state: Option<SessionState>| {
        let one = state.map(|state| limbic::store::rows::Session { state, ..only.clone() });
        Arc::make_mut(&mut s.catalogue).sessions = one.into_iter().collect();
        let text = Harness::at(ASCII, s.clone(), Place::Train).text(120, 40);
        text.split(|c: char| c.is_whitespace() || c == '|').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    };
    let going = said(Some(SessionState::Recording));
    assert!(going.contains(&format!("the only session, {name}, is not finished: it is being recorded")), "{going}");
    let prepared = said(Some(SessionState::Prepared));
    assert!(prepared.contains(&format!("{name}, is not finished: it was prepared")), "{prepared}");
    assert!(!prepared.contains("nothing was recorded yet"), "{prepared}");
    let empty = said(None);
    assert!(empty.contains("nothing was recorded yet: Esc, then n"), "{empty}");
}
