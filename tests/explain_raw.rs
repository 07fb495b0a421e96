//! Planted truth through raw signals: the simulated participant's electrodes and bands, as they are recorded, filtered,
//! turned into band powers and learned from, are what the explanation names; and where videos move nobody, it says that
//! nothing can be concluded. All by the program itself, as a user would.

use limbic::acquire::simulator::effects::effect_of;
use limbic::explain::report::ExplanationReport;
use limbic::signal::Emotion;
use std::path::Path;
use std::process::Command;

fn limbic(home: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_limbic")).args(args).arg("--home").arg(home).output().expect("limbic runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Records, trains and explains by probability (recall moves in steps of one window).
fn explained(effect: &str, trials: &str, video_s: &str, hidden: &str, epochs: &str) -> ExplanationReport {
    let home = tempfile::tempdir().expect("a folder");
    let recorded = ["simulate", "--trials", trials, "--video-s", video_s, "--effect", effect, "--face-fps", "0", "--seed", "5"];
    limbic(home.path(), &recorded);
    println!("{}", limbic(home.path(), &["train", "--hidden", hidden, "--epochs", epochs, "--folds", "3"]));
    let said = limbic(home.path(), &["explain", "--metric", "probability", "--samples", "60", "--json"]);
    serde_json::from_str(&said).expect("a report")
}

/// Whether the simulator changes this band at this electrode in any of the classes.
fn planted(report: &ExplanationReport, feature: usize) -> bool {
    let (electrode, band) = (&report.channels[feature / report.bands.len()], &report.bands[feature % report.bands.len()]);
    let emotions = report.classes.iter().filter_map(|c| Emotion::ALL.into_iter().find(|e| e.name() == c.class));
    emotions.flat_map(|e| effect_of(e).bands).any(|b| b.band == band && b.electrodes.contains(&electrode.as_str()))
}

fn found(report: &ExplanationReport) {
    let features = report.channels.len() * report.bands.len();
    let share = (0..features).filter(|f| planted(report, *f)).count() as f64 / features as f64;
    println!("{:.0} % of the features are planted", 100.0 * share);
    // Neutral changes nothing: what speaks for it is the absence of the others' effects.
    for class in report.classes.iter().filter(|c| c.class != "neutral") {
        println!("{}: recall {:.2}; {}; {}", class.class, class.recall, class.verdict, class.words);
        let result = &class.explainers[class.winner.expect("a winner")];
        let mut order: Vec<usize> = (0..features).collect();
        order.sort_by(|a, b| result.map[*b].total_cmp(&result.map[*a]));
        let top = features / 10;
        let hits = order[..top].iter().filter(|f| planted(report, **f)).count();
        println!("  {hits} of {top}; QT {:?} in {:?}, random {:?}", result.qt, result.qt_interval, class.random_interval);
        assert!(hits as f64 >= 0.8 * top as f64, "{}: {hits} of {top}", class.class);
        let (own, random) = (result.qt_interval.expect("interval"), class.random_interval.expect("interval"));
        assert!(own.1 < random.0, "{}: {own:?} {random:?}", class.class);
    }
}

#[test]
#[ignore = "a minute on two cores; tests/explain_truth.rs plants the same in features: -- --ignored --nocapture"]
fn what_the_simulator_planted_is_found_through_raw_signals() {
    found(&explained("2", "24", "10", "16", "14"));
}

#[test]
#[ignore = "a minute on two cores; tests/explain_truth.rs plants nothing in features: -- --ignored --nocapture"]
fn videos_that_move_nobody_give_no_conclusion() {
    let report = explained("0", "16", "6", "16", "6");
    for class in &report.classes {
        println!("{}: recall {:.2}; {}", class.class, class.recall, class.verdict);
        assert_eq!(class.winner, None, "{}: {}", class.class, class.verdict);
    }
    assert!(report.caveats.iter().any(|c| c.starts_with("Nothing can be concluded")), "{:?}", report.caveats);
}

/// With the paper's network: `cargo test --release --test explain_raw -- --ignored --nocapture`.
#[test]
#[ignore = "minutes: the paper's network on a longer session"]
fn the_papers_network_finds_it_too() {
    found(&explained("2", "48", "20", "512", "20"));
}
