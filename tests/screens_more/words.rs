//! Headings, help and counts: words that say what is so.

use super::*;

fn heading(h: &Harness) -> String {
    h.text(120, 40).lines().next().unwrap_or_default().to_string()
}

#[test]
fn the_top_line_names_the_session_once_and_not_where_another_begins() {
    let mut lab = example::reviewed();
    let review = lab.review.as_ref().expect("one").session.clone();
    let name = format!("{}/{}", review.participant, review.number);
    let long = format!("{} session {}", review.participant, review.number);
    lab.session = Some(review);
    let top = heading(&Harness::at(ASCII, lab.clone(), Place::Review));
    assert!(top.contains(&name) && !top.contains(&long), "{top}");
    let top = heading(&Harness::at(ASCII, lab.clone(), Place::Train));
    assert!(top.contains(&long), "{top}");
    let top = heading(&Harness::at(ASCII, lab, Place::Participant));
    assert!(!top.contains(&long) && !top.contains(&name), "{top}");
}

/// The whole help as it is called from this place, in one column.
fn help(lab: &Snapshot, place: Place) -> String {
    let mut h = Harness::at(ASCII, lab.clone(), place);
    h.app.go(Place::Help);
    h.text(80, 200)
}

#[test]
fn help_lists_the_search_where_there_is_something_to_search() {
    let mut h = Harness::at(ASCII, example::gate_passing(), Place::Montage);
    h.keys("/Oz").press(KeyCode::Enter).keys("b");
    let sent = h.sent();
    assert!(matches!(&sent[..], [Action::Place { label, .. }] if label == "Oz"), "{sent:?}");
    let text = help(&example::home(), Place::Home);
    let keys = |title: &str| {
        let below = text.lines().skip_while(|l| l.trim() != title).skip(1);
        below.map(str::trim).take_while(|l| !l.is_empty()).collect::<Vec<_>>()
    };
    assert!(keys("LIMBIC").iter().any(|l| l.starts_with("/ ")), "{text}");
    assert!(keys("on every screen").len() > 5, "{text}");
    for title in ["on every screen", "LABELLING"] {
        assert!(!keys(title).iter().any(|l| l.starts_with("/ ")), "{title}: {text}");
    }
}

#[test]
fn helps_columns_stay_apart_and_its_headings_count_no_trials_that_do_not_run() {
    for (name, lab, place) in scenes().into_iter().filter(|(_, _, p)| *p != Place::Help) {
        let mut h = Harness::at(ASCII, lab, place);
        h.app.go(Place::Help);
        let text = h.text(120, 40);
        for line in text.lines().skip(4).take(34) {
            assert_eq!(line.chars().nth(59).unwrap_or(' '), ' ', "{name}: {line}");
        }
    }
    let text = help(&example::home(), Place::Home);
    assert!(text.contains("7/7 RATING") && !text.contains("RATING 0/0"), "{text}");
}

#[test]
fn one_is_counted_in_the_singular() {
    let mut lab = example::home();
    let catalogue = Arc::make_mut(&mut lab.catalogue);
    catalogue.sessions.truncate(1);
    let code = catalogue.sessions[0].participant.clone();
    catalogue.participants = vec![limbic::store::rows::Participant { code: code.clone(), ..Default::default() }];
    let mut h = Harness::at(ASCII, lab, Place::Participant);
    h.keys(&code);
    assert!(h.text(80, 24).contains("1 session so far"), "{}", h.text(80, 24));
}

#[test]
fn the_form_takes_who_is_there_already_and_names_the_rule_to_others() {
    let mut lab = example::home();
    let known = limbic::store::rows::Participant { code: "J\u{fc}rgen".into(), ..Default::default() };
    Arc::make_mut(&mut lab.catalogue).participants = vec![known];
    let mut h = Harness::at(ASCII, lab, Place::Participant);
    h.keys("J\u{fc}rge").press(KeyCode::Enter);
    assert!(h.text(80, 24).contains(limbic::store::CODE_RULE), "{}", h.text(80, 24));
    h.keys("n").press(KeyCode::Enter);
    assert!(h.text(80, 24).contains("without this consent"), "the code is taken: {}", h.text(80, 24));
}

#[test]
fn a_held_lab_says_what_holds_it_and_can_still_be_left() {
    let mut held = Harness::new(ASCII, example::home());
    held.app.link_mut().standing = Some(Standing::Keyboard);
    held.control('c');
    let id = held.app.link_mut().heard[0].id;
    held.app.link_mut().events.push(Event::Refused { id, why: "another terminal holds the lab".into() });
    held.app.poll();
    assert!(!held.app.left() && held.text(80, 24).contains("holds the lab"), "it says who does");
    held.control('c');
    assert!(held.app.left(), "a second Ctrl-C leaves the terminal");
}
