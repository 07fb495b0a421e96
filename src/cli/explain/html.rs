//! The explanation as one page that needs nothing else: for colleagues without limbic.

use super::{picture, plots};
use crate::explain::report::{ClassExplanation, ExplanationReport};
use crate::explain::words;
use std::fmt::Write;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:980px;margin:2em auto;padding:0 1em;color:#1b1b1f}\
h1{font-size:1.5em}h2{margin-top:2em;border-bottom:1px solid #bbb}table{border-collapse:collapse;margin:.6em 0}\
td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}\
tr.best{font-weight:bold;background:#eef3ff}.note{background:#fff7e0;padding:.4em .9em;border-left:4px solid #e0b000}\
.simulated{background:#ffe3e3;padding:.3em .8em;font-weight:bold}svg{max-width:100%;height:auto}figure{margin:1em 0}\
figcaption{color:#444}@media print{h2{break-before:page}}";

/// The whole page.
pub fn page(report: &ExplanationReport) -> String {
    let title = format!("What {} used", escaped(&report.model));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    if report.simulated {
        out.push_str("<p class=\"simulated\">SIMULATED data: nothing here is about a person.</p>\n");
    }
    let _ = writeln!(
        out,
        "<p>Per class, which inputs speak for it in the network's eyes, by the explainer that deletion, insertion and \
         sensitivity show to be the most faithful and stable (Quality Test, lower is better). Metric: {}; features: {} \
         channels x {} bands; recipe {}; seed {}.</p>",
        escaped(&report.metric),
        report.channels.len(),
        report.bands.len(),
        escaped(&report.recipe),
        report.seed
    );
    summary(&mut out, report);
    out.push_str("<div class=\"note\"><b>Read this first</b><ul>\n");
    items(&mut out, &report.caveats);
    out.push_str("</ul></div>\n");
    if !report.checks.is_empty() {
        out.push_str("<p>Checks:</p><ul>\n");
        items(&mut out, &report.checks);
        out.push_str("</ul>\n");
    }
    (0..report.classes.len()).for_each(|class| one(&mut out, report, class));
    out + "</body></html>\n"
}

fn items(out: &mut String, sentences: &[String]) {
    for sentence in sentences {
        let _ = writeln!(out, "<li>{}</li>", escaped(sentence));
    }
}

/// One line a class.
fn summary(out: &mut String, report: &ExplanationReport) {
    out.push_str(
        "<table><tr><th>class</th><th>samples</th><th>trials</th><th>recall</th><th>explainer</th><th>verdict</th></tr>\n",
    );
    for class in &report.classes {
        let winner = class.winner.and_then(|w| class.explainers.get(w)).map_or("-", |e| e.explainer.as_str());
        let (name, winner, verdict) = (escaped(&class.class), escaped(winner), escaped(&class.verdict));
        let (samples, trials, recall) = (class.samples, class.trials, 100.0 * class.recall);
        let _ = writeln!(
            out,
            "<tr><td>{name}</td><td>{samples}</td><td>{trials}</td><td>{recall:.0} %</td><td>{winner}</td><td>{verdict}</td></tr>"
        );
    }
    out.push_str("</table>\n");
}

fn one(out: &mut String, report: &ExplanationReport, number: usize) {
    let class = &report.classes[number];
    let _ = writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escaped(&class.class), escaped(&class.verdict));
    if class.blank_is_this_class {
        out.push_str("<p class=\"note\">The blank input is read as this class: its deletion and insertion say little.</p>\n");
    }
    table(out, class);
    for (i, result) in picture::first_two(class).into_iter().enumerate() {
        let place = match (i, class.winner) {
            (0, Some(_)) => "the winner",
            (0, None) => "the first; no explainer was chosen",
            _ => "the runner-up",
        };
        let said = words::words(&result.map, &report.channels, &report.bands);
        let asymmetry = words::asymmetry(&result.map, &report.channels, &report.bands);
        let mut caption = format!("{}, {place}. Red speaks for the class, blue against it.", result.explainer);
        if !said.is_empty() {
            let _ = write!(caption, " Strongest: {said}.");
        }
        if !asymmetry.is_empty() {
            let _ = write!(caption, " Right minus left: {asymmetry}.");
        }
        let picture = picture::map(report, number, result);
        let _ = writeln!(out, "<figure>{picture}<figcaption>{}</figcaption></figure>", escaped(&caption));
    }
    if !class.explainers.is_empty() {
        let _ = writeln!(out, "<figure>{}</figure>", plots::svg(class, &escaped(&report.metric)));
    }
}

fn table(out: &mut String, class: &ClassExplanation) {
    out.push_str("<table><tr><th>explainer</th><th>QT</th><th>95 %</th><th>AUDC</th><th>AUIC</th><th>AUSC</th></tr>\n");
    let number = |v: Option<f64>| v.map_or("-".to_string(), |v| format!("{v:.3}"));
    for (i, e) in class.explainers.iter().enumerate() {
        let interval = e.qt_interval.map_or("-".into(), |(a, b)| format!("{a:.3} to {b:.3}"));
        let best = if class.winner == Some(i) { " class=\"best\"" } else { "" };
        let cells = [number(e.qt), interval, number(Some(e.audc)), number(Some(e.auic)), number(e.ausc)];
        let cells: String = cells.iter().map(|c| format!("<td>{c}</td>")).collect();
        let _ = writeln!(out, "<tr{best}><td>{}</td>{cells}</tr>", escaped(&e.explainer));
    }
    if let Some((audc, auic, qt)) = class.random {
        let _ = writeln!(
            out,
            "<tr><td>random rankings</td><td>{qt:.3}</td><td>-</td><td>{audc:.3}</td><td>{auic:.3}</td><td>{}</td></tr>",
            number(class.random_ausc)
        );
    }
    out.push_str("</table>\n");
}

/// Text that may stand between tags.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
