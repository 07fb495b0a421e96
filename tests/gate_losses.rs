//! Samples that are lost or late, on the simulator, by every source model: how often they are noticed with the right
//! reason, and how often where nothing is wrong. `cargo test --release --test gate_losses -- --nocapture` prints the table
//! of docs/quality.md.

use limbic::acquire::simulator::Simulator;
use limbic::acquire::{Packet, Source, Surroundings};
use limbic::gate::{EegWindow, try_judge, verdict};
use limbic::lab::clocks::Clocks;
use limbic::rig::{GateRig, SimulatorRig};
use limbic::signal::{Clock, ManualClock, Role};
use std::sync::Arc;
use std::time::Duration;

const MODELS: [&str; 4] = ["broad", "medium", "focal", "independent"];
/// The clocks are judged from a minute on.
const SECONDS: usize = 80;

/// What was noticed in one recording.
#[derive(Debug, PartialEq, Default)]
struct Noticed {
    lost: bool,
    late: bool,
    /// The gate lets it pass.
    passed: bool,
}

/// A recording with one fault (or none) from its 20th second on.
fn recording(model: &str, fault: &str, seed: u64) -> Noticed {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenario.toml");
    let fault = if fault.is_empty() { String::new() } else { format!("[[fault]]\n{fault}\nfrom_s = 20.0\nto_s = 40.0\n") };
    std::fs::write(&path, format!("sources = \"{model}\"\n{fault}")).expect("written");
    let rig = SimulatorRig { seed, face_fps: 0.0, scenario: Some(path), ..SimulatorRig::default() };
    let clock = Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let mut simulator = Simulator::open(&rig, &around).expect("opens");
    simulator.start().expect("starts");
    let stream = simulator.streams()[0].clone();
    let mut clocks = Clocks::new(simulator.streams());
    let (mut noticed, mut rows) = (Noticed::default(), Vec::new());
    for _ in 0..SECONDS {
        clock.wait(Duration::from_secs(1));
        for packet in simulator.read(Duration::ZERO).expect("reads") {
            if let Packet::Samples(chunk) = packet {
                clocks.samples(&chunk);
                // Lost samples leave a hole of values that are no numbers.
                rows.resize(chunk.first_index as usize, vec![f64::NAN; chunk.channels]);
                rows.extend(chunk.rows.chunks(chunk.channels).map(|row| row.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()));
            }
        }
        noticed.late |= clocks.refresh(clock.now()).iter().any(|(_, said)| said.contains("late"));
    }
    let scalp = stream.with_role(Role::Eeg);
    let eeg = EegWindow {
        rate: rig.rate,
        labels: scalp.iter().map(|c| stream.channels[*c].label.clone()).collect(),
        data: scalp.iter().map(|c| rows.iter().map(|row| row[*c]).collect()).collect(),
        mains_hz: 50.0,
        rail: stream.channels[0].rail,
        expected_samples: rows.len(),
    };
    let verdict = verdict(&try_judge(&eeg).expect("long enough"), &GateRig::default());
    noticed.lost = verdict.advice.iter().any(|said| said.contains("never came"));
    noticed.passed = verdict.pass;
    noticed
}

#[test]
fn lost_and_late_samples_are_noticed_and_nothing_else_is() {
    let people = std::env::var("LIMBIC_PEOPLE").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    println!("| sources | nothing wrong: said lost / late | dropout of 3 s: said lost | packets 0.5 s late: said late |");
    println!("|---|---|---|---|");
    let mut wrong = Vec::new();
    for model in MODELS {
        let all = |fault: &str| (0..people).map(|i| recording(model, fault, 4000 + i)).collect::<Vec<_>>();
        let (clean, lost, late) = (all(""), all("kind = \"dropout\"\namount = 0.15"), all("kind = \"late\""));
        let count = |noticed: &[Noticed], which: fn(&Noticed) -> bool| noticed.iter().filter(|n| which(n)).count();
        println!(
            "| {model} | {} / {} of {people} | {} of {people} | {} of {people} |",
            count(&clean, |n| n.lost),
            count(&clean, |n| n.late),
            count(&lost, |n| n.lost),
            count(&late, |n| n.late)
        );
        let right = clean.iter().all(|n| !n.lost && !n.late && n.passed) && lost.iter().all(|n| n.lost && !n.late);
        if !right || !late.iter().all(|n| n.late && !n.lost) {
            wrong.push((model, clean, lost, late));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
