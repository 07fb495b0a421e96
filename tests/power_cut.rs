//! A power cut, simulated: a recording process writes down everything that it does to its files; the log is cut at many
//! places, and from what a disk may then hold (unsynced writes dropped or torn) the home must open with everything that
//! had been acknowledged, and its catalogue be made again as it was. The catalogue's own files (sled) are part of it.
//!
//! `LIMBIC_CUTS=300 cargo test --release --test power_cut -- --nocapture` for the long run. Needs a C compiler.

mod store_support;

#[path = "power_cut/replay.rs"]
mod replay;

use limbic::signal::{Marker, MarkerKind, Rating, SECOND, Seed};
use limbic::store::Home;
use limbic::store::rows::{Entry, ModelRow, SessionState, Trial, TrialState};
use replay::Record;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use store_support::*;

const CHILD: &str = "LIMBIC_TEST_POWER";

fn trial(number: u32) -> Trial {
    let rating = Rating { valence: Some(1.0 + (number % 9) as f32), ..Rating::default() };
    Trial {
        number,
        attempt: 1,
        stimulus: "clip".into(),
        intended: None,
        video_on: Some(STARTED),
        video_off: Some(STARTED + SECOND),
        state: TrialState::Done,
        rating,
        rated_by: "participant".into(),
        quality: None,
        note: String::new(),
    }
}

fn model(name: String) -> ModelRow {
    ModelRow {
        file: format!("models/{name}.onnx"),
        name,
        modality: "eeg".into(),
        sha256: String::new(),
        created_utc: 1,
        sessions: Vec::new(),
        participants: Vec::new(),
        simulated: true,
        summary: String::new(),
        lacks: String::new(),
    }
}

/// What the child does: two sessions and some models, saying `ACK what` once each thing is durable.
fn record(dir: &Path) {
    let home = Home::open(dir).expect("opens");
    for seed in 1..=2 {
        let mut writer = writer(&home, "P07", seed);
        let id = writer.session().id;
        println!("\nACK session {id}");
        for k in 0..40u64 {
            writer.samples(&chunk(k)).expect("buffers");
            writer.frame(&frame(k)).expect("buffers");
            if k % 2 == 1 {
                writer.hand_over().expect("writes");
            }
            if k % 3 == 0 {
                let kind = if k % 2 == 0 { MarkerKind::Note } else { MarkerKind::Marker };
                let marker = Marker { at: STARTED + k as i64, kind, text: format!("remark {k}"), trial: None };
                writer.journal(Entry::Marker(id, marker)).expect("buffers");
                writer.journal(Entry::Trial(id, trial(k as u32 + 1))).expect("buffers");
                writer.flush_journal().expect("flushes");
                println!("\nACK remark {id} {k}");
                println!("\nACK trial {id} {}", k + 1);
            }
            if k % 5 == 4 {
                writer.checkpoint().expect("buffers");
                writer.flush().expect("flushes");
                println!("\nACK samples {id} {}", (k + 1) * CHUNK as u64);
            }
        }
        writer.close(SessionState::Complete, STARTED + 4 * SECOND).expect("closes");
        println!("\nACK closed {id} 0");
        home.store_file(&format!("models/m{seed}.onnx"), b"weights").expect("stores");
        home.put(Entry::Model(model(format!("m{seed}")))).expect("stores");
        println!("\nACK model m{seed} 0");
    }
}

/// Compiles the library that writes down what a process does; a reason where that cannot be done.
fn shim(folder: &Path) -> Result<PathBuf, String> {
    let library = folder.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/power_cut/shim.c");
    let made =
        Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).args(["-ldl", "-lpthread"]).output();
    match made {
        Ok(output) if output.status.success() => Ok(library),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(e) => Err(format!("no C compiler: {e}")),
    }
}

/// What had been acknowledged before a record: (what, of which session) -> the largest number, or every number.
fn acknowledged(records: &[Record]) -> Vec<(String, String, u64)> {
    let text: String = records.iter().filter(|r| r.kind == b'A').map(|r| String::from_utf8_lossy(&r.data).into_owned()).collect();
    let ack = |line: &str| {
        let mut words = line.strip_prefix("ACK ")?.split(' ').map(str::to_string);
        Some((words.next()?, words.next()?, words.next().and_then(|n| n.parse().ok()).unwrap_or(0)))
    };
    text.lines().filter_map(ack).collect()
}

/// Checks one home after the cut against what had been acknowledged.
fn judge(dir: &Path, acked: &[(String, String, u64)]) {
    let home = Home::open(dir).expect("opens");
    let models = home.models().expect("reads");
    let mut recordings = BTreeMap::new();
    for row in home.sessions().expect("reads") {
        recordings.insert(row.id.to_string(), home.recording(row.id).expect("opens"));
    }
    for (what, whose, n) in acked {
        if what == "model" {
            assert!(models.iter().any(|m| m.name == *whose), "model {whose} was acknowledged");
            assert_eq!(std::fs::read(dir.join(format!("models/{whose}.onnx"))).expect("its file"), b"weights");
            continue;
        }
        let recording = recordings.get(whose).unwrap_or_else(|| panic!("session {whose} was acknowledged"));
        match what.as_str() {
            "remark" => assert!(recording.markers.iter().any(|m| m.text == format!("remark {n}")), "remark {n}"),
            "trial" => assert!(recording.trials.contains(&trial(*n as u32)), "trial {n}"),
            "samples" => {
                let block = recording.whole(EEG).expect("reads");
                let row = recording.stream("eeg").expect("there");
                assert!(row.first_index == 0 && block.data[0].len() as u64 >= *n, "{n} samples were durable");
                for i in 0..*n {
                    assert_eq!(block.data[2][i as usize].to_bits(), value(2, i).to_bits(), "sample {i}");
                }
            }
            "closed" => assert_eq!(recording.session.state, SessionState::Complete),
            _ => {}
        }
    }
    assert!(home.rebuild().expect("rebuilds").was_equal, "the catalogue deleted altogether comes back equal");
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_acknowledged() {
    if let Ok(dir) = std::env::var(CHILD) {
        return record(Path::new(&dir));
    }
    let cuts: usize = std::env::var("LIMBIC_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(25);
    let folder = tempfile::tempdir().expect("dir");
    let library = match shim(folder.path()) {
        Ok(library) => library,
        Err(why) => return println!("skipped: {why}"),
    };
    let (root, log) = (folder.path().join("home"), folder.path().join("log"));
    let mut child = Command::new(std::env::current_exe().expect("known"));
    child.args(["--exact", "a_power_cut_at_any_moment_loses_nothing_acknowledged", "--nocapture", "--test-threads=1"]);
    child.env(CHILD, &root).env("POWER_ROOT", &root).env("POWER_LOG", &log).env("LD_PRELOAD", library);
    let output = child.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let records = replay::parse(&std::fs::read(&log).expect("a log"));
    let syncs = records.iter().filter(|r| matches!(r.kind, b'S' | b'd' | b'r')).count();
    let acks: Vec<usize> = (0..records.len()).filter(|i| records[*i].kind == b'A').collect();
    assert!(syncs > 50 && acks.len() > 50, "{syncs} syncs, {} acknowledgements: the log is not whole", acks.len());
    let mut seed = Seed::new(300);
    for number in 0..cuts {
        // Half of them anywhere, half just after something was acknowledged.
        let cut = match number % 2 {
            0 => 1 + seed.below(records.len()),
            _ => (acks[seed.below(acks.len())] + 1 + seed.below(3)).min(records.len()),
        };
        let target = folder.path().join(format!("cut-{number}"));
        replay::play(&records, cut, &root, &target, &mut seed);
        std::fs::create_dir_all(&target).expect("makes");
        judge(&target, &acknowledged(&records[..cut]));
        std::fs::remove_dir_all(&target).expect("removes");
    }
    // The model has teeth: had the journals never been synced, it would show.
    let careless: Vec<Record> = records.iter().filter(|r| !r.syncs_a_journal()).cloned().collect();
    let caught = (0..10).any(|number| {
        let target = folder.path().join(format!("careless-{number}"));
        replay::play(&careless, careless.len(), &root, &target, &mut seed);
        std::fs::create_dir_all(&target).expect("makes");
        std::panic::catch_unwind(|| judge(&target, &acknowledged(&careless))).is_err()
    });
    assert!(caught, "a recorder that never syncs its journal must be found out");
    println!("{cuts} cuts in {} operations with {syncs} syncs and {} acknowledgements: nothing lost", records.len(), acks.len());
}
