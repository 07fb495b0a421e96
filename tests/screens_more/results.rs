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
