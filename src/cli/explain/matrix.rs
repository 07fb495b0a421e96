//! The Quality Test as one table: a row a class, a column an explainer.

use crate::cli::text;
use crate::explain::report::ExplanationReport;

/// Lower is better; "*" marks the winner, "~" explainers whose interval overlaps the winner's.
pub fn text(report: &ExplanationReport) -> String {
    let mut names: Vec<&str> = Vec::new();
    for result in report.classes.iter().flat_map(|c| &c.explainers) {
        if !names.contains(&result.explainer.as_str()) {
            names.push(&result.explainer);
        }
    }
    let mut rows = Vec::with_capacity(report.classes.len());
    for class in &report.classes {
        let best = class.winner.and_then(|w| class.explainers.get(w)).and_then(|w| w.qt_interval);
        let mut row = vec![class.class.clone(), class.samples.to_string(), format!("{:.0} %", 100.0 * class.recall)];
        for name in &names {
            let found = class.explainers.iter().enumerate().find(|(_, e)| e.explainer == *name);
            row.push(match found.and_then(|(i, e)| Some((i, e, e.qt?))) {
                None => "-".into(),
                Some((i, e, qt)) => {
                    let near = best.zip(e.qt_interval).is_some_and(|(a, b)| a.0 <= b.1 && b.0 <= a.1);
                    let mark = if class.winner == Some(i) {
                        "*"
                    } else if near {
                        "~"
                    } else {
                        " "
                    };
                    format!("{qt:.3}{mark}")
                }
            });
        }
        row.push(class.random.map_or("-".into(), |r| format!("{:.3}", r.2)));
        rows.push(row);
    }
    let mut heads = vec!["class", "samples", "recall"];
    heads.extend(&names);
    heads.push("random");
    let simulated = if report.simulated { "  SIMULATED" } else { "" };
    format!("QT by class and explainer: lower is better, * lowest, ~ not told from the lowest{simulated}\n")
        + &text::table(&heads, &rows)
}
