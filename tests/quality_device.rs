//! Faults of whole devices that the simulator knows (lost packets, late packets, a stalled camera, a pulled cable): how
//! often the live gate and the watch over the clocks name them, and how often they name them in a sound minute.

use limbic::acquire::simulator::Simulator;
use limbic::acquire::{Packet, Source, Surroundings};
use limbic::gate::{FaceFrame, LiveGate, Reason, face_frame, face_quality, verdict};
use limbic::lab::clocks::Clocks;
use limbic::rig::{GateRig, SimulatorRig};
use limbic::signal::{Chunk, Clock, ManualClock, Role, StreamId, to_nanos};
use std::sync::Arc;
use std::time::Duration;

const MODELS: [&str; 4] = ["broad", "medium", "focal", "independent"];
/// The clocks are not judged before a minute has come.
const LENGTH_S: f64 = 75.0;
const FRAMES_S: f64 = 2.0;

/// What a minute said, in words that name the trouble; nothing where all is well.
fn said(model: &str, fault: &str, seed: u64) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, format!("sources = \"{model}\"\n{fault}")).expect("the scenario can be written");
    let rig = SimulatorRig { seed, face_fps: FRAMES_S, scenario: Some(path), ..SimulatorRig::default() };
    let clock = Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let mut simulator = Simulator::open(&rig, &around).expect("opens");
    simulator.start().expect("starts");
    clock.wait(Duration::from_secs_f64(LENGTH_S));
    let packets = simulator.read(Duration::ZERO).expect("reads");
    let streams = simulator.streams().to_vec();
    let eeg = streams[0].with_role(Role::Eeg);
    let labels = eeg.iter().map(|c| streams[0].channels[*c].label.clone()).collect();
    let mut gate = LiveGate::new(rig.rate, labels, 50.0, streams[0].channels[0].rail, 60.0).expect("a good rate");
    let (mut clocks, mut words) = (Clocks::new(&streams), Vec::new());
    let (mut looks, mut frames): (Vec<FaceFrame>, u64) = (Vec::new(), 0);
    for packet in &packets {
        match packet {
            Packet::Samples(chunk) => {
                // A device that stamps its samples may send them late: nothing is misplaced. Here it has no stamps.
                words.extend(clocks.samples(&Chunk { device_time: None, ..chunk.clone() }));
                let row = |row: &[f32]| eeg.iter().map(|c| row[*c]).collect::<Vec<f32>>();
                let rows: Vec<f32> = chunk.rows.chunks_exact(chunk.channels).flat_map(row).collect();
                gate.push(&rows, chunk.lost_before);
            }
            Packet::Frame(frame) => {
                frames += 1;
                looks.extend(if frames % 20 == 1 { face_frame(&frame.jpeg).ok() } else { None });
            }
            Packet::Trouble { message, .. } => words.push(message.clone()),
            _ => {}
        }
    }
    let late = clocks.refresh(to_nanos(LENGTH_S));
    words.extend(late.into_iter().filter(|(stream, _)| *stream == StreamId(0)).map(|(_, text)| text));
    let answer = verdict(&gate.report(), &GateRig::default());
    words.extend((!answer.pass).then_some(answer.why));
    words.extend(answer.advice.into_iter().filter(|a| a.contains("never came")));
    let face = face_quality(&looks, frames, (LENGTH_S * FRAMES_S) as u64);
    words.extend((face.score < 80.0 && face.reason == Some(Reason::Missing)).then_some(face.detail));
    words
}

/// Name, scenario, and the words by which it is rightly named.
const FAULTS: [(&str, &str, &str); 5] = [
    ("half the packets lost", "[[fault]]\nkind = \"dropout\"\nfrom_s = 0.0\nto_s = 80.0\namount = 0.5\n", "of the samples came"),
    ("three seconds lost", "[[fault]]\nkind = \"dropout\"\nfrom_s = 40.0\nto_s = 43.0\n", "a gap of 3.0"),
    ("packets 0.4 s late", "[[fault]]\nkind = \"late\"\nfrom_s = 30.0\nto_s = 40.0\namount = 0.4\n", "late or more"),
    ("camera stalled", "[[fault]]\nkind = \"camera-stall\"\nfrom_s = 20.0\nto_s = 50.0\n", "frames came"),
    ("cable pulled", "[[fault]]\nkind = \"disconnect\"\nfrom_s = 20.0\nto_s = 50.0\n", "never came"),
];

/// One simulated person a source model unless LIMBIC_PEOPLE says more.
#[test]
fn device_faults_are_named_and_sound_minutes_are_not() {
    let people: u64 = std::env::var("LIMBIC_PEOPLE").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let minutes = || MODELS.iter().flat_map(|model| (5000..5000 + people).map(move |seed| (*model, seed)));
    let count = minutes().count();
    let alarmed: Vec<String> =
        minutes().flat_map(|(model, seed)| said(model, "", seed).into_iter().map(move |w| format!("{model}: {w}"))).collect();
    println!("sound: {} false alarms in {count} minutes {alarmed:?}", alarmed.len());
    let mut wrong = Vec::new();
    for (name, fault, words) in FAULTS {
        // What a device loses does not depend on the brain: one source model will do where few minutes are asked for.
        let some = || minutes().filter(|(model, _)| people > 1 || *model == MODELS[0]);
        let (heard, count): (Vec<Vec<String>>, usize) = (some().map(|(m, seed)| said(m, fault, seed)).collect(), some().count());
        let caught = heard.iter().filter(|said| said.iter().any(|line| line.contains(words))).count();
        println!("{name}: named in {caught} of {count} minutes, e.g. {:?}", heard[0]);
        if (caught as f64) < 0.98 * count as f64 {
            wrong.push((name, heard));
        }
    }
    assert!(alarmed.is_empty() && wrong.is_empty(), "{alarmed:?} {wrong:?}");
}
