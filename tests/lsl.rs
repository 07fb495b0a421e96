//! The real liblsl against an outlet in another process whose every sample is known (tests/lsl_outlet.py). Each test
//! says so and ends where liblsl (`limbic setup --only lsl`) or Python's pylsl is not installed; LIMBIC_TEST_PYTHON names
//! another Python than python3. `LIMBIC_LSL_SECONDS=600 cargo test --release --test lsl program -- --nocapture` records for
//! so long instead of some seconds, and prints what it found.

use limbic::acquire::{self, Packet, Source, Surroundings};
use limbic::native::{self, Library};
use limbic::rig::Rig;
use limbic::signal::{Chunk, Clock, ClockOffset, Marker, Role, SECOND, StreamId, SystemClock};
use limbic::store::Home;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

fn python() -> String {
    std::env::var("LIMBIC_TEST_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn here() -> bool {
    if native::find(Library::Lsl, None).is_none() {
        println!("skipped: liblsl is not installed");
        return false;
    }
    let pylsl = Command::new(python()).args(["-c", "import pylsl"]).stderr(Stdio::null()).status();
    let found = pylsl.is_ok_and(|s| s.success());
    if !found {
        println!("skipped: {} has no pylsl", python());
    }
    found
}

/// An outlet in a process of its own; killed when dropped.
struct Outlet(Child);

impl Outlet {
    fn start(arguments: &[&str]) -> Outlet {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lsl_outlet.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), "ready");
        Outlet(child)
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Default)]
struct Got {
    chunks: Vec<Chunk>,
    troubles: Vec<String>,
    markers: Vec<Marker>,
    offsets: Vec<ClockOffset>,
}

fn open(device: &str) -> Result<Box<dyn Source>, acquire::AcquireError> {
    let text = format!("name = \"test\"\n[[device]]\nkind = \"lsl\"\nsimulated = true\n{device}");
    let rig = Rig::parse(&text, Path::new("test.toml")).expect("rig");
    let around = Surroundings { clock: Arc::new(SystemClock), first_stream: 0, library_dir: None, log_dir: None };
    acquire::open(&rig.devices[0], &around)
}

fn read(source: &mut dyn Source, got: &mut Got, length: f64) {
    let end = SystemClock.now() + (length * SECOND as f64) as i64;
    while SystemClock.now() < end {
        for packet in source.read(Duration::from_millis(100)).expect("read") {
            match packet {
                Packet::Samples(chunk) => got.chunks.push(chunk),
                Packet::Trouble { message, .. } => got.troubles.push(message),
                Packet::Marker(marker) => got.markers.push(marker),
                Packet::Offset(offset) => got.offsets.push(offset),
                Packet::Frame(_) => panic!("a frame from LSL"),
            }
        }
    }
}

/// The outlet numbers its samples in the channel `column`: indices must follow that number, holes included. Answers
/// samples received and lost.
fn numbered(chunks: &[Chunk], column: usize) -> (u64, u64) {
    let chunks: Vec<&Chunk> = chunks.iter().filter(|c| c.stream == StreamId(0)).collect();
    let zero = chunks[0].rows[column] as u64 - chunks[0].first_index;
    let (mut received, mut lost) = (0, 0);
    for (i, chunk) in chunks.iter().enumerate() {
        lost += if i == 0 { 0 } else { chunk.lost_before };
        for (k, value) in chunk.channel(column).enumerate() {
            assert_eq!(value as u64 - zero, chunk.first_index + k as u64, "chunk {i}");
            received += 1;
        }
    }
    (received, lost)
}

#[test]
fn nothing_is_lost_and_stamps_come_before_arrival() {
    if !here() {
        return;
    }
    let _outlet = Outlet::start(&["--name", "t-plain", "--source-id", "t-plain", "--markers"]);
    let mut source = open("name = \"t-plain\"\nmarkers = [\"t-plain-markers\"]").expect("found");
    let info = source.streams()[0].clone();
    assert_eq!((info.channels.len(), info.rate), (32, 256.0));
    assert!(info.channels[0].label == "Fp1" && info.channels[0].unit == "uV" && info.with_role(Role::Eeg).len() == 32);
    source.start().expect("starts");
    let mut got = Got::default();
    read(&mut *source, &mut got, 5.0);
    source.stop();
    let (received, lost) = numbered(&got.chunks, 0);
    assert!(received > 1000 && lost == 0, "{received} received, {lost} lost");
    for chunk in &got.chunks {
        let age = chunk.arrived - chunk.device_time.expect("stamped");
        assert!((-SECOND / 100..2 * SECOND).contains(&age), "stamped {age} ns before arrival");
    }
    // One machine, one clock: the correction is below a millisecond.
    assert!(!got.offsets.is_empty() && got.offsets.iter().all(|o| o.offset.abs() < 1_000_000), "{:?}", got.offsets);
    assert!(got.markers.len() >= 3 && got.markers[0].text.starts_with("t-plain-markers: beat "), "{:?}", got.markers);
    assert_eq!(got.troubles, Vec::<String>::new());
}

#[test]
fn an_outlet_that_dies_and_returns_leaves_one_gap_of_the_right_length() {
    if !here() {
        return;
    }
    let zero = (SystemClock.now() as f64 / 1e9).to_string();
    let arguments = ["--name", "t-back", "--source-id", "t-back", "--from-monotonic", &zero, "--channels", "4"];
    let first = Outlet::start(&arguments);
    let mut source = open("name = \"t-back\"").expect("found");
    source.start().expect("starts");
    let mut got = Got::default();
    read(&mut *source, &mut got, 3.0);
    drop(first);
    read(&mut *source, &mut got, 1.5);
    let _second = Outlet::start(&arguments);
    read(&mut *source, &mut got, 6.0);
    source.stop();
    // The device counts on while the outlet is gone, so that the number in its samples is the truth.
    let (received, lost) = numbered(&got.chunks, 0);
    let gaps = got.chunks.iter().filter(|c| c.lost_before > 0).count();
    assert!(gaps == 1 && lost > 300 && received > 1000, "{gaps} gaps, {lost} lost, {received} received");
    let (begin, end) = (got.chunks[0].rows[0], got.chunks.last().expect("some").channel(0).last().expect("one"));
    assert_eq!(lost, (end - begin) as u64 + 1 - received, "the gap is as long as the sender's numbers say");
    assert!(got.troubles.iter().any(|t| t.contains("is gone")), "{:?}", got.troubles);
    assert!(got.troubles.iter().any(|t| t.contains("is back")), "{:?}", got.troubles);
}

#[test]
fn emotivpros_counter_tells_losses_and_its_contact_stream_comes_along() {
    if !here() {
        return;
    }
    let arguments = ["--layout", "emotivpro", "--channels", "14", "--rate", "128", "--source-id", "t-emotiv", "--contact"];
    let losses = ["--lose", "500:17", "--lose", "700:1", "--interpolate", "600:3"];
    let _outlet = Outlet::start(&[&arguments[..], &losses[..]].concat());
    let mut source = open("source_id = \"t-emotiv\"").expect("found");
    let labels = source.streams()[0].labels();
    assert!(labels.len() == 16 && labels[0] == "Fp1" && labels[14] == "HardwareMarker", "{labels:?}");
    let contact = source.streams()[1].clone();
    assert_eq!((contact.name.as_str(), contact.with_role(Role::Contact).len()), ("contact", 14));
    source.start().expect("starts");
    let mut got = Got::default();
    read(&mut *source, &mut got, 7.0);
    source.stop();
    let (_, lost) = numbered(&got.chunks, 0);
    assert_eq!(lost, 17 + 1 + 3, "the counter's holes and the samples that were made up");
    let grade = contact.with_role(Role::Contact)[1];
    let grades: Vec<f32> =
        got.chunks.iter().filter(|c| c.stream == contact.id).flat_map(|c| c.channel(grade).collect::<Vec<_>>()).collect();
    assert!(grades.len() >= 8 && grades.iter().all(|g| *g == 1.0), "{grades:?}");
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    if !here() {
        return;
    }
    let _outlet = Outlet::start(&["--name", "t-other", "--source-id", "t-other", "--channels", "2"]);
    let error = open("name = \"t-absent\"\nwait_s = 0.5").map(|_| ()).expect_err("absent").to_string();
    assert!(error.contains("name='t-absent'") && error.contains("t-other"), "{error}");
    let error = open("").map(|_| ()).expect_err("no query").to_string();
    assert!(error.contains("name, type, source_id or predicate"), "{error}");
}

/// A home with a rig for the outlet of that name, and limbic in it.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(outlet: &str) -> Bench {
        let folder = tempfile::tempdir().expect("folder");
        let text = format!(
            "name = \"lan\"\n[[device]]\nkind = \"lsl\"\nname = \"{outlet}\"\nmulticast = false\nknown_peers = [\"127.0.0.1\"]\n\
             simulated = true\nlatency_s = 0.03\nlatency_sd_s = 0.002\nlatency_source = \"photodiode\"\n"
        );
        std::fs::write(folder.path().join("rig.toml"), text).expect("rig");
        Bench { folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
        command.current_dir(&self.folder).args(["--home", "home"]).args(arguments);
        command
    }

    fn limbic(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn record(&self, length: f64) -> Child {
        let child =
            self.command(&["record", "--rig", "rig.toml", "--seconds", &length.to_string()]).stdout(Stdio::null()).spawn();
        child.expect("runs")
    }

    /// What is stored, against the numbers that the sender put into its first channel: samples received, samples
    /// missing, holes.
    fn numbers(&self) -> (u64, u64, usize) {
        let home = Home::open(&self.folder.path().join("home")).expect("opens");
        let id = home.sessions().expect("listed").last().expect("one").id;
        let recording = home.recording(id).expect("opens");
        let block = recording.whole(StreamId(0)).expect("reads");
        let numbers: Vec<(usize, u64)> =
            block.data[0].iter().enumerate().filter(|(_, v)| !v.is_nan()).map(|(i, v)| (i, *v as u64)).collect();
        let zero = numbers[0].1;
        assert!(numbers.iter().all(|(i, number)| *number == zero + *i as u64), "an index that is not the sender's number");
        let holes = numbers.windows(2).filter(|pair| pair[1].0 > pair[0].0 + 1).count();
        let (received, last) = (numbers.len() as u64, numbers[numbers.len() - 1].1);
        let row = recording.stream("eeg").or(recording.streams.first()).expect("a stream");
        assert_eq!((row.written, row.lost), (received, last - zero + 1 - received), "counters and numbers agree");
        (received, row.lost, holes)
    }
}

#[test]
fn the_program_records_through_an_outlets_restart_with_a_gap_of_the_senders_length() {
    if !here() {
        return;
    }
    let zero = (SystemClock.now() as f64 / 1e9).to_string();
    let arguments = ["--name", "t-again", "--source-id", "t-again", "--from-monotonic", &zero];
    let first = Outlet::start(&arguments);
    let bench = Bench::new("t-again");
    let mut recording = bench.record(14.0);
    std::thread::sleep(Duration::from_secs(6));
    drop(first);
    std::thread::sleep(Duration::from_secs(2));
    let _second = Outlet::start(&arguments);
    assert!(recording.wait().expect("ends").success());
    let (received, lost, holes) = bench.numbers();
    println!("outlet killed and started again: {received} samples received, one gap of {lost} by the sender's own numbers");
    assert!(holes == 1 && (400..2500).contains(&lost) && received > 1000, "{received} received, {lost} lost, {holes} holes");
    let shown: serde_json::Value = serde_json::from_str(&bench.limbic(&["show", "last", "--json"])).expect("json");
    let gaps = shown["deliveries"][0]["gaps"].as_array().expect("listed");
    assert!(gaps.len() == 1, "{gaps:?}");
}

#[test]
fn the_program_records_without_multicast_and_shows_the_clock() {
    if !here() {
        return;
    }
    let length = std::env::var("LIMBIC_LSL_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(15.0);
    let _outlet = Outlet::start(&["--name", "t-cli", "--source-id", "t-cli", "--ppm", "80"]);
    let bench = Bench::new("t-cli");
    assert!(bench.record(length).wait().expect("ends").success());
    let (received, lost, holes) = bench.numbers();
    assert_eq!((lost, holes), (0, 0));
    let shown: serde_json::Value = serde_json::from_str(&bench.limbic(&["show", "last", "--json"])).expect("json");
    let clock = &shown["clocks"][0];
    assert_eq!((clock["stamps"].as_str(), clock["latency_source"].as_str()), (Some("device"), Some("photodiode")));
    assert_eq!(shown["deliveries"][0]["gaps"].as_array().map(Vec::len), Some(0));
    // Fifteen seconds tell a rate to some tens of ppm, ten minutes to five.
    let ppm = clock["ppm"].as_f64().expect("ppm");
    println!("{length} s of an outlet at +80 ppm: {received} samples received, {lost} lost, clock at {ppm:+.1} ppm");
    assert!((ppm - 80.0).abs() < if length >= 600.0 { 5.0 } else { 60.0 }, "{clock}");
    let text = bench.limbic(&["show", "last"]);
    assert!(text.contains("fixed latency 30 +- 2 ms (photodiode)"), "{text}");
    assert!(
        bench.limbic(&["verify", "last"]).contains("sound")
            || bench.limbic(&["verify", "last", "--json"]).contains("\"problems\": []")
    );
}
