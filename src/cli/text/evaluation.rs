//! Evaluations as plain text: one table over all, then classes and confusions of each, and every warning.

use super::table;
use crate::prepare::dataset::Target;
use crate::train::evaluate::Evaluation;
use std::fmt::Write;

/// What people read of several evaluations of one command.
pub fn tables(all: &[Evaluation]) -> String {
    let mut text = String::new();
    let Some(first) = all.first() else { return text };
    let alike = all.iter().all(|e| (&e.network, &e.recipe) == (&first.network, &first.recipe));
    if alike {
        let _ = writeln!(text, "{} ({} parameters) on {}, seed {}", first.network, first.parameters, first.recipe, first.seed);
    }
    let head =
        ["target, protocol", "accuracy", "95 % by person", "runs mean (sd)", "balanced", "macro F1", "majority", "p", "of"];
    let mut rows: Vec<Vec<String>> = all.iter().map(row).collect();
    if !alike {
        rows.iter_mut().zip(all).for_each(|(row, e)| row[0] = format!("{}: {}", source(e), row[0]));
    }
    text += &table(&head, &rows);
    if let Some(matrix) = matrix(all, alike) {
        text += &matrix;
    }
    if !alike {
        text += &classwise(all);
    }
    for evaluation in all {
        if !alike {
            let _ = write!(text, "\n{}, seed {}", source(evaluation), evaluation.seed);
        }
        text += &details(evaluation);
    }
    text
}

/// "seed-a-cnn hidden=512 on psd".
fn source(e: &Evaluation) -> String {
    format!("{} on {}", e.network, e.recipe.rsplit_once('-').map_or(e.recipe.as_str(), |(kind, _)| kind))
}

/// Networks down, precision, recall and F1 across: the layout of the second paper's tables.
fn classwise(all: &[Evaluation]) -> String {
    let row = |e: &Evaluation| {
        let number = |v: f64| format!("{:.1}", 100.0 * v);
        let mark = if e.leak.is_some() { "  LEAKS" } else { "" };
        let (m, w) = (&e.macro_average, &e.weighted_average);
        let mut cells = vec![format!("{}: {}, {}{mark}", source(e), target(e.target), e.description), number(e.scores.accuracy)];
        cells.extend([m.precision, m.recall, m.f1, w.precision, w.recall, w.f1].map(number));
        cells
    };
    let head = ["per cent", "accuracy", "macro P", "R", "F1", "weighted P", "R", "F1"];
    format!("\n{}", table(&head, &all.iter().map(row).collect::<Vec<_>>()))
}

fn row(e: &Evaluation) -> Vec<String> {
    let s = &e.scores;
    let interval = e.clustered_interval.map_or("-".into(), |(low, high)| format!("[{low:.2} {high:.2}]"));
    let mark = if e.leak.is_some() { "  LEAKS" } else { "" };
    vec![
        format!("{}, {}{mark}", target(e.target), e.description),
        format!("{:.3}", s.accuracy),
        interval,
        format!("{:.3} ({:.3})", e.mean, e.sd),
        format!("{:.3}", s.balanced_accuracy),
        format!("{:.3}", s.macro_f1),
        format!("{:.3}", s.majority),
        s.permutation_p.map_or("-".into(), |p| format!("{p:.3}")),
        format!("{} {}s", s.trials, e.unit),
    ]
}

/// Features and protocols down, targets across, mean and standard deviation over the runs in per cent: the layout of
/// the first paper's tables. Only where there are several of both.
fn matrix(all: &[Evaluation], alike: bool) -> Option<String> {
    let name = |e: &Evaluation| if alike { e.description.clone() } else { format!("{}: {}", source(e), e.description) };
    let (mut rows, mut columns): (Vec<String>, Vec<Target>) = (Vec::new(), Vec::new());
    for e in all {
        if !rows.contains(&name(e)) {
            rows.push(name(e));
        }
        if !columns.contains(&e.target) {
            columns.push(e.target);
        }
    }
    if rows.len() < 2 || columns.len() < 2 {
        return None;
    }
    let cell = |description: &str, wanted: Target| {
        let found = all.iter().find(|e| name(e) == description && e.target == wanted);
        found.map_or("-".into(), |e| {
            let mark = if e.leak.is_some() { " LEAKS" } else { "" };
            format!("{:.1} +- {:.1}{mark}", 100.0 * e.mean, 100.0 * e.sd)
        })
    };
    let body: Vec<Vec<String>> =
        rows.iter().map(|row| std::iter::once(row.clone()).chain(columns.iter().map(|c| cell(row, *c))).collect()).collect();
    let head: Vec<&str> = std::iter::once("accuracy, %").chain(columns.iter().map(|c| target(*c))).collect();
    Some(format!("\n{}", table(&head, &body)))
}

fn details(e: &Evaluation) -> String {
    let mut text = format!("\n{}, {}: {} trials of {} participants", target(e.target), e.description, e.trials, e.participants);
    let _ = writeln!(text, ", {} windows; single windows {:.3}", e.windows, e.window_accuracy);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in e.per_class.iter().chain([&e.macro_average, &e.weighted_average]) {
        let number = |v: f64| format!("{v:.3}");
        rows.push(vec![
            line.class.clone(),
            number(line.precision),
            number(line.recall),
            number(line.f1),
            line.support.to_string(),
        ]);
    }
    text += &table(&["class", "precision", "recall", "F1", "n"], &rows);
    let names: Vec<String> = e.classes.iter().map(|c| c.chars().take(8).collect()).collect();
    let head: Vec<&str> = std::iter::once("truth \\ said").chain(names.iter().map(String::as_str)).collect();
    let counts =
        |(name, row): (&String, &Vec<usize>)| std::iter::once(name.clone()).chain(row.iter().map(usize::to_string)).collect();
    text += &table(&head, &e.classes.iter().zip(&e.scores.confusion).map(counts).collect::<Vec<_>>());
    let _ = writeln!(text, "expected calibration error {:.3}", e.calibration_error);
    for caveat in e.leak.iter().chain(&e.caveats) {
        let _ = writeln!(text, "! {caveat}");
    }
    text
}

pub fn target(target: Target) -> &'static str {
    match target {
        Target::Intended => "intended",
        Target::Reported => "reported",
        Target::Valence => "valence",
        Target::Arousal => "arousal",
        Target::ValenceLevels => "valence, 9 levels",
        Target::ArousalLevels => "arousal, 9 levels",
    }
}
