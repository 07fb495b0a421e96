//! What is said about an explanation: whose it is, and what may be concluded.

use crate::explain::report::{ClassExplanation, ExplanationReport};
use crate::lab::message::Snapshot;
use crate::show::caps::Ink;
use crate::show::pen::{Pen, wrapped};

/// Most sessions that are named one by one.
const MOST_SESSIONS: usize = 4;

/// The model and the sessions that it was trained on.
pub fn source(report: &ExplanationReport, s: &Snapshot) -> String {
    let Some(model) = s.catalogue.models.iter().find(|m| m.name == report.model) else { return format!("of {}", report.model) };
    let found = s.catalogue.sessions.iter().filter(|x| model.sessions.contains(&x.id));
    let mut names: Vec<String> = found.map(|x| format!("{}/{}", x.participant, x.number)).collect();
    names.truncate(MOST_SESSIONS);
    let on = match (names.len(), model.sessions.len().saturating_sub(names.len())) {
        // Their sessions were erased, or are of another home.
        (0, _) => "sessions that are not here".into(),
        (_, 0) => names.join(", "),
        (_, n) => format!("{} and {n} more", names.join(", ")),
    };
    format!("of {}, trained on {on}", report.model)
}

/// Each statement with how it is written.
fn statements<'a>(report: &'a ExplanationReport, class: &'a ClassExplanation) -> Vec<(&'a str, Ink)> {
    let blank =
        class.blank_is_this_class.then_some("The blank input already counts as this class: deletion and insertion say little.");
    let mut said = vec![(class.words.as_str(), Ink::Strong), (class.verdict.as_str(), Ink::Plain)];
    said.extend(report.simulated.then_some(("SIMULATED data", Ink::Simulated)));
    said.extend(blank.into_iter().chain(report.caveats.iter().map(String::as_str)).map(|note| (note, Ink::Dim)));
    said.retain(|(text, _)| !text.is_empty());
    said
}

/// Rows that all of it takes.
pub fn rows(report: &ExplanationReport, class: &ClassExplanation, width: u16) -> u16 {
    statements(report, class).iter().map(|(text, _)| wrapped(text, usize::from(width)).len() as u16).sum()
}

/// As much of it as there is room for; a last row says that there is more.
pub fn draw(pen: &mut Pen, report: &ExplanationReport, class: &ClassExplanation) {
    let mut body = pen.section("In words");
    let width = body.width();
    let hidden = rows(report, class, width) > body.height();
    let room = body.height().saturating_sub(u16::from(hidden));
    let mut y = 0;
    for (text, ink) in statements(report, class) {
        y += body.wrap(0, y, room.saturating_sub(y), text, ink);
    }
    if hidden {
        body.text(0, room, "w shows the rest", Ink::Accent);
    }
}
