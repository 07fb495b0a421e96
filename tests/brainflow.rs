//! BrainFlow's real library through the Source trait: its synthetic board, its playback board fed with a real
//! recording, markers, and what it says when something is wrong. Each test says so and ends where the library is not
//! installed (`limbic setup --only brainflow`).

use limbic::acquire::brainflow::{self, playback};
use limbic::acquire::{AcquireError, Packet, Source, Surroundings, brainflow::Board};
use limbic::native::{self, Library};
use limbic::rig::{BoardChoice, BrainFlowRig, Rig};
use limbic::signal::{Chunk, Clock, Cue, CueKind, Role, SECOND, SystemClock, seconds};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

fn here() -> bool {
    let found = native::find(Library::BrainFlow, None).is_some();
    if !found {
        println!("skipped: BrainFlow's library is not installed");
    }
    found
}

fn rig(device: &str) -> BrainFlowRig {
    let text = format!("name = \"test\"\n[[device]]\nkind = \"brainflow\"\n{device}");
    let rig = Rig::parse(&text, Path::new("test.toml")).expect("rig");
    match rig.devices.into_iter().next() {
        Some(limbic::rig::Device::BrainFlow(rig)) => rig,
        other => panic!("not a board: {other:?}"),
    }
}

fn around(log: Option<&Path>) -> Surroundings {
    Surroundings { clock: Arc::new(SystemClock), first_stream: 0, library_dir: None, log_dir: log.map(Into::into) }
}

/// Reads for so many seconds of real time.
fn record(board: &mut Board, length: i64) -> (Vec<Chunk>, Vec<String>) {
    let end = SystemClock.now() + length * SECOND;
    let (mut chunks, mut troubles) = (Vec::new(), Vec::new());
    while SystemClock.now() < end {
        for packet in board.read(Duration::from_millis(100)).expect("read") {
            match packet {
                Packet::Samples(chunk) => chunks.push(chunk),
                Packet::Trouble { message, .. } => troubles.push(message),
                other => panic!("no board sends {other:?}"),
            }
        }
    }
    (chunks, troubles)
}

/// No hole, no step back in the indices; stamps before arrival; answers the samples.
fn unbroken(chunks: &[Chunk]) -> u64 {
    let mut next = 0;
    for chunk in chunks {
        assert_eq!((chunk.first_index, chunk.lost_before), (next, 0));
        let age = seconds(chunk.arrived - chunk.device_time.expect("stamped"));
        assert!((-0.005..2.0).contains(&age), "stamped {age} s before arrival");
        next += chunk.len() as u64;
    }
    next
}

#[test]
fn the_synthetic_board_for_ten_seconds() {
    if !here() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let mut board = Board::open(&rig("board = \"synthetic\""), &around(Some(folder.path()))).expect("open");
    let info = board.streams()[0].clone();
    assert!(info.simulated && info.device.contains("Synthetic (-1), SIMULATED"), "{}", info.device);
    assert_eq!((info.rate, info.with_role(Role::Eeg).len(), info.with_role(Role::Trigger).len()), (250.0, 16, 1));
    assert_eq!(info.labels()[..3], ["Fz", "C3", "Cz"]);
    board.start().expect("start");
    for trial in 1..=5 {
        board.cue(&Cue { at: 0, kind: CueKind::Video { trial, stimulus: "a".into(), intended: None } });
        std::thread::sleep(Duration::from_millis(50));
    }
    let (chunks, troubles) = record(&mut board, 10);
    board.stop();
    board.stop();
    let samples = unbroken(&chunks);
    assert!((2_500 - 25..=2_575).contains(&samples), "{samples} samples in 10.25 s");
    assert_eq!(troubles, Vec::<String>::new());
    let marker = info.channels.len() - 1;
    let seen: Vec<f32> = chunks.iter().flat_map(|c| c.channel(marker)).filter(|v| *v != 0.0).collect();
    assert_eq!(seen, [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!(folder.path().join("brainflow.log").is_file());
    println!("{}: {samples} samples, {} chunks, lost 0", info.device, chunks.len());
}

#[test]
fn a_board_can_be_opened_again_after_it_was_stopped() {
    if !here() {
        return;
    }
    let rig = rig("board = -1\nparams = { serial_number = \"again\" }");
    let mut board = Board::open(&rig, &around(None)).expect("open");
    for _ in 0..2 {
        board.start().expect("start");
        assert!(unbroken(&record(&mut board, 1).0) > 200);
        board.stop();
    }
    assert!(board.read(Duration::ZERO).expect("stopped").is_empty());
}

/// The real recording of an OpenBCI Cyton: 8 channels in microvolts, 250 Hz.
fn openbci() -> Option<Vec<Vec<f32>>> {
    let file =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/eeg/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"));
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not here", file.display());
        return None;
    };
    let mut channels = vec![Vec::new(); 8];
    for line in text.lines().skip(5) {
        let values: Vec<f32> = line.split(',').skip(1).take(8).filter_map(|v| v.trim().parse().ok()).collect();
        channels.iter_mut().zip(values).for_each(|(channel, value)| channel.push(value));
    }
    Some(channels)
}

#[test]
fn the_playback_board_plays_a_real_recording() {
    let Some(channels) = here().then(openbci).flatten() else {
        return;
    };
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("openbci.tsv");
    let api = brainflow::library(None).expect("library");
    let (master, descr) = playback::master_board_for(&api, 8, 250.0).expect("a board with 8 channels");
    let signals = playback::Signals { rate: 250.0, start_utc: 1_557_936_053.0, channels: channels.clone() };
    let written = playback::write_file(&file, &descr, &signals).expect("written");
    let montage = "montage = [\"Fp1\", \"Fp2\", \"C3\", \"C4\", \"P7\", \"P8\", \"O1\", \"O2\"]";
    let device = format!("board = \"playback\"\n{montage}\nparams = {{ file = {file:?}, master_board = {master} }}");
    let mut board = Board::open(&rig(&device), &around(None)).expect("open");
    let info = board.streams()[0].clone();
    assert!(!info.simulated && info.device.contains("playback of"), "{}", info.device);
    board.start().expect("start");
    let (chunks, troubles) = record(&mut board, 10);
    board.stop();
    let samples = unbroken(&chunks);
    assert!((2_450..=2_525).contains(&samples), "{samples} samples in 10 s");
    assert_eq!(troubles, Vec::<String>::new());
    for (c, channel) in channels.iter().enumerate() {
        let played: Vec<f32> = chunks.iter().flat_map(|chunk| chunk.channel(c)).collect();
        assert_eq!(played, channel[..played.len()], "channel {c}");
    }
    println!("{}: {samples} of {written} samples, equal to the file, lost 0", info.device);
}

#[test]
fn the_end_of_a_playback_file_is_told() {
    if !here() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("short.tsv");
    let descr = brainflow::library(None).expect("library").descr(0).expect("Cyton");
    let signals = playback::Signals { rate: 128.0, start_utc: 1.7e9, channels: vec![vec![1.0; 128]; 8] };
    playback::write_file(&file, &descr, &signals).expect("written");
    let device = format!("board = \"playback\"\nparams = {{ file = {file:?}, master_board = \"Cyton\" }}");
    let mut board = Board::open(&rig(&device), &around(None)).expect("open");
    assert_eq!(board.streams()[0].rate, 128.0, "the file's own rate, not the board's 250");
    board.start().expect("start");
    let (chunks, troubles) = record(&mut board, 4);
    assert_eq!(unbroken(&chunks), 128);
    assert!(troubles.len() == 1 && troubles[0].contains("played to its end"), "{troubles:?}");
}

#[test]
fn mistakes_get_one_sentence_each() {
    if !here() {
        return;
    }
    let open = |device: &str| match Board::open(&rig(device), &around(None)) {
        Ok(mut board) => board.start().expect_err("it must fail").to_string(),
        Err(error) => error.to_string(),
    };
    for (device, wanted) in [
        ("board = 0\nparams = { serial_port = \"/dev/nothing\" }", "Cyton (0): cannot connect: the port cannot be opened"),
        ("board = 0\nparams = { serial_prot = \"x\" }", "no setting is called \"params.serial_prot\""),
        ("board = 999", "BrainFlow has no board with this number"),
        ("board = \"Enigma\"", "BrainFlow has no board called \"Enigma\""),
        ("board = \"playback\"", "params.master_board is missing"),
        ("board = \"playback\"\nparams = { master_board = 0 }", "params.file is missing"),
        (
            "board = \"playback\"\nparams = { master_board = 0, file = \"/no/such/file\" }",
            "cannot open the playback file /no/such/file",
        ),
        ("board = -1\nroles = { Q9 = \"ecg\" }", "no setting is called \"roles.Q9\""),
    ] {
        let error = open(device);
        assert!(error.contains(wanted) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn without_the_library_the_way_out_is_told() {
    let empty = tempfile::tempdir().expect("folder");
    if native::find(Library::BrainFlow, Some(empty.path())).is_some() {
        println!("skipped: BrainFlow is installed");
        return;
    }
    let rig = BrainFlowRig { board: BoardChoice::Number(-1), ..rig("board = -1") };
    let error = Board::open(&rig, &around(None)).err().expect("no library");
    assert!(matches!(error, AcquireError::NoBrainFlow { .. }) && error.to_string().contains("limbic setup"), "{error}");
}
