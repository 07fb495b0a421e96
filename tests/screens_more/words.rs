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
