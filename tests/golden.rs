//! Reference vectors computed elsewhere (SciPy, MNE, exact rules) against our own results.
//!
//! `LIMBIC_GOLDEN` names a folder of topics; without it the ones in tests/golden are run. To add a topic: write a
//! function from [`topic::Topic`] to its outcomes in a module of tests/golden and name it in [`TOPICS`].

#[path = "golden/heart.rs"]
mod heart;
#[path = "golden/npy.rs"]
mod npy;
#[path = "golden/prepare.rs"]
mod prepare;
#[path = "golden/quality.rs"]
mod quality;
#[path = "golden/topic.rs"]
mod topic;

use std::path::{Path, PathBuf};
use topic::{Outcome, Topic};

type Run = fn(&Topic) -> Result<Vec<Outcome>, String>;

/// Folder name -> what runs it.
const TOPICS: &[(&str, Run)] = &[
    ("01_filters", prepare::filters),
    ("02_psd_series", prepare::spectra),
    ("03_interp_ref", prepare::interpolation),
    ("04_rpeaks", prepare::r_peak_times),
    ("05_beat_correction", heart::beat_correction),
    ("06_hrv4hz", heart::interval_series),
    ("07_spwvd", heart::time_frequency),
    ("09_image", prepare::images),
    ("16_quality", quality::scores),
];

/// Topics that a test of their own runs.
const ELSEWHERE: &[(&str, &str)] = &[
    ("10_cnn_full", "golden_train"),
    ("11_xai_small", "golden_explain"),
    ("13_fusion", "golden_train"),
    ("15_metrics", "golden_train"),
];

fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::env::var_os("LIMBIC_GOLDEN").map_or(own, PathBuf::from)
}

/// Topic folders, in order.
fn folders(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).expect("the folder of golden vectors can be read");
    let is_topic = |entry: &std::fs::DirEntry| entry.path().join("manifest.json").is_file();
    let mut names: Vec<String> =
        entries.flatten().filter(is_topic).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn results_agree_with_the_golden_vectors() {
    let root = root();
    let mut failures = Vec::new();
    let names = folders(&root);
    assert!(!names.is_empty(), "{} holds no topic", root.display());
    for name in &names {
        let Some((_, run)) = TOPICS.iter().find(|(known, _)| known == name) else {
            match ELSEWHERE.iter().find(|(known, _)| known == name) {
                Some((_, test)) => println!("{name}: run by `cargo test --release --test {test}`"),
                None => println!("{name}: not run in this release"),
            }
            continue;
        };
        match Topic::open(root.join(name)).and_then(|topic| run(&topic)) {
            Err(why) => failures.push(format!("{name}: {why}")),
            Ok(outcomes) => {
                for Outcome { of, largest, allowed } in outcomes {
                    println!("{name}: {of}: largest error {largest:.3e}, allowed {allowed:.1e}");
                    if largest.is_nan() || largest > allowed {
                        failures.push(format!("{name}: {of}: {largest:.3e} is more than {allowed:.1e}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
