//! Explanations as plain text: the Quality Test as a table, a class as four heads.

use super::{simulated_mark, table};
use crate::explain::report::{ClassExplanation, ExplanationReport, Lead};
use crate::show::topography;
use std::fmt::Write;

/// The Quality Test of every class and explainer.
pub fn quality_test(report: &ExplanationReport) -> String {
    let mut text = format!("QUALITY TEST (lower is better; metric: {}){}\n", report.metric, simulated_mark(report.simulated));
    let mut rows = Vec::new();
    for class in &report.classes {
        for (i, e) in class.explainers.iter().enumerate() {
            let interval = e.qt_interval.map_or("-".into(), |(a, b)| format!("{a:.3}..{b:.3}"));
            rows.push(vec![
                if i == 0 { class.class.clone() } else { String::new() },
                e.explainer.clone(),
                e.qt.map_or("-".into(), |q| format!("{q:.3}")),
                interval,
                format!("{:.3}", e.audc),
                format!("{:.3}", e.auic),
                e.ausc.map_or("-".into(), |a| format!("{a:.3}")),
                match class.lead().filter(|_| class.winner == Some(i)) {
                    None => String::new(),
                    Some(Lead::Clear) => "<- best".into(),
                    Some(Lead::Overlapping) => "<- lowest QT, not distinguishable".into(),
                    Some(Lead::OneTrial) => "<- lowest QT, one trial".into(),
                },
            ]);
        }
        if let Some((audc, auic, qt)) = class.random {
            rows.push(vec![
                String::new(),
                "random".into(),
                format!("{qt:.3}"),
                "-".into(),
                format!("{audc:.3}"),
                format!("{auic:.3}"),
                class.random_ausc.map_or("-".into(), |a| format!("{a:.3}")),
            ]);
        }
    }
    text += &table(&["class", "explainer", "QT", "95 %", "AUDC", "AUIC", "AUSC", ""], &rows);
    for class in &report.classes {
        let _ = writeln!(
            text,
            "{}: {}{}",
            class.class,
            class.verdict,
            if class.blank_is_this_class { " (a blank image is read as this class)" } else { "" }
        );
    }
    text
}

/// One class as four heads.
pub fn topographies(report: &ExplanationReport, class: &ClassExplanation, width: u16, height: u16) -> String {
    let shown = class.winner.or((!class.explainers.is_empty()).then_some(0));
    let Some(explainer) = shown.and_then(|i| class.explainers.get(i)) else {
        return format!("{}: nothing to draw\n", class.class);
    };
    let maps: Vec<(String, Vec<f64>)> = report.bands.iter().cloned().zip(report.bands_of(&explainer.map)).collect();
    let chosen = if class.winner.is_some() { "" } else { " (no explainer was chosen; this is the first)" };
    let mut text = format!("{} by {}{chosen}: {}\n", class.class.to_uppercase(), explainer.explainer, class.words);
    match topography::bands_text(&maps, &report.channels, usize::from(width), usize::from(height), true) {
        Ok(lines) => lines.iter().for_each(|line| text += &format!("{}\n", line.trim_end())),
        Err(error) => text += &format!("{error}\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::example::explanation;

    #[test]
    fn what_is_not_distinguishable_is_not_called_best() {
        let mut report = explanation();
        report.classes.truncate(1);
        assert!(quality_test(&report).contains("<- best"));
        report.classes[0].explainers[1].qt_interval = Some((0.45, 0.62));
        let text = quality_test(&report);
        assert!(text.contains("<- lowest QT, not distinguishable") && !text.contains("best"), "{text}");
    }
}
