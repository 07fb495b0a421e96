//! Reference vectors computed elsewhere (SciPy, MNE, NeuroKit2, exact rules) against our own results.
//!
//! `LIMBIC_GOLDEN` names a folder of topics; without it the ones in tests/golden are run. Sizes, rates, channels and
//! tolerances come from the topic's files. To add a topic: one file in tests/golden with a function `run` from
//! [`topic::Topic`] to its outcomes, and one line in [`TOPICS`].

#[path = "golden/detection.rs"]
mod detection;
#[path = "golden/filters.rs"]
mod filters;
#[path = "golden/heart.rs"]
mod heart;
#[path = "golden/images.rs"]
mod images;
#[path = "golden/interplay.rs"]
mod interplay;
#[path = "golden/interpolation.rs"]
mod interpolation;
#[path = "golden/known.rs"]
mod known;
#[path = "golden/npy.rs"]
mod npy;
#[path = "golden/quality.rs"]
mod quality;
#[path = "golden/r_peaks.rs"]
mod r_peaks;
#[path = "golden/spectra.rs"]
mod spectra;
#[path = "golden/spectrogram.rs"]
mod spectrogram;
#[path = "golden/tamper.rs"]
mod tamper;
#[path = "golden/topic.rs"]
mod topic;

use std::path::{Path, PathBuf};
use topic::{Outcome, Topic};

type Run = fn(&Topic) -> Result<Vec<Outcome>, String>;

/// Folder name -> what runs it.
const TOPICS: &[(&str, Run)] = &[
    ("01_filters", filters::run),
    ("02_psd_series", spectra::run),
    ("03_interp_ref", interpolation::run),
    ("04_rpeaks", r_peaks::run),
    ("05_beat_correction", heart::beat_correction),
    ("06_hrv4hz", heart::interval_series),
    ("07_spwvd", heart::time_frequency),
    ("08_sdg", interplay::run),
    ("09_image", images::run),
    ("12_seedb_spectrogram", spectrogram::run),
    ("14_yolo", detection::run),
    ("16_quality", quality::run),
];

/// Topics that this test knows and does not run, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("10_cnn_full", "run by the test golden_train"),
    ("11_xai_small", "run by the test golden_explain"),
    ("13_fusion", "run by the test golden_train"),
    ("15_metrics", "run by the test golden_train"),
];

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::env::var_os("LIMBIC_GOLDEN").map_or(own, PathBuf::from)
}

/// Folders of the root, in order: each must be a topic that we know.
fn folders(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap_or_else(|e| panic!("the golden vectors at {}: {e}", root.display()));
    let mut names: Vec<String> =
        entries.flatten().filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What is wrong with a topic (nothing where all is well), and the lines to print about it.
fn judge(folder: &Path, run: Run) -> (Vec<String>, Vec<String>) {
    let (mut wrong, lines) = judge_results(folder, run);
    wrong.extend(known::changed(folder));
    (wrong, lines)
}

/// [`judge`] by our results alone.
fn judge_results(folder: &Path, run: Run) -> (Vec<String>, Vec<String>) {
    let compared = Topic::open(folder.to_path_buf()).and_then(|topic| {
        let outcomes = run(&topic)?;
        topic.all_read()?;
        Ok(outcomes)
    });
    match compared {
        Err(why) => (vec![why], Vec::new()),
        Ok(outcomes) if outcomes.is_empty() => (vec!["nothing was compared".into()], Vec::new()),
        Ok(outcomes) => {
            let (mut wrong, mut lines) = (Vec::new(), Vec::new());
            for Outcome { of, largest, allowed } in outcomes {
                lines.push(format!("  {of}: largest error {largest:.3e}, allowed {allowed:.1e}"));
                if largest.is_nan() || largest > allowed {
                    wrong.push(format!("{of}: {largest:.3e} is more than {allowed:.1e}"));
                }
            }
            (wrong, lines)
        }
    }
}

#[test]
fn results_agree_with_the_golden_vectors() {
    let root = root();
    let (names, mut failures, mut ran) = (folders(&root), Vec::new(), 0);
    for name in &names {
        if let Some((_, why)) = NOT_RUN.iter().find(|(known, _)| known == name) {
            println!("{name}: {why}");
            continue;
        }
        let Some((_, run)) = TOPICS.iter().find(|(known, _)| known == name) else {
            failures.push(format!("{name}: nothing is known about this topic; add it to TOPICS in tests/golden.rs"));
            continue;
        };
        let (wrong, lines) = judge(&root.join(name), *run);
        ran += 1;
        println!("{name}: {}", if wrong.is_empty() { "agrees" } else { "DIFFERS" });
        lines.iter().for_each(|line| println!("{line}"));
        failures.extend(wrong.into_iter().map(|why| format!("{name}: {why}")));
    }
    for (name, _) in TOPICS.iter().filter(|(known, _)| !names.iter().any(|n| n == known)) {
        println!("{name}: its vectors are not in {}", root.display());
    }
    assert!(ran > 0, "{} holds no topic that is run here", root.display());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
