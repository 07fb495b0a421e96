//! Faults: flipped bits, cut files, a lost or damaged catalogue, kill -9 in the middle of recording, a full disk.

mod store_support;

use limbic::signal::{Marker, MarkerKind, SECOND, Seed, SharedClock, SystemClock};
use limbic::store::rows::{Entry, SessionState};
use limbic::store::{Home, Recorder};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use store_support::*;

/// Chunks that come back, bit for bit; panics on one that comes back wrong.
fn whole_chunks(home: &Home, id: limbic::store::rows::SessionId) -> usize {
    let block = home.recording(id).expect("opens").whole(EEG).expect("reads");
    let first = ((block.start - STARTED) as f64 * RATE / SECOND as f64).round() as usize;
    let n = block.data[0].len();
    let there = |i: &usize| !block.data[0][*i].is_nan();
    for i in (0..n).filter(there) {
        for (c, channel) in block.data.iter().enumerate() {
            assert_eq!(channel[i].to_bits(), value(c, (first + i) as u64).to_bits(), "channel {c} sample {i}");
        }
    }
    (0..n).filter(there).count() / CHUNK
}

#[test]
fn a_session_whose_writer_died_is_not_called_recording_by_those_who_only_read() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    let seen = || {
        let view = Home::view(dir.path()).expect("opens");
        let report = view.verify(Some(id)).expect("verifies").remove(0);
        assert!(report.is_sound(), "no manifest is due yet: {:?}", report.problems);
        [Some(view.sessions().expect("lists")[0].state), Some(view.recording(id).expect("reads").session.state), report.state]
    };
    assert_eq!(seen(), [Some(SessionState::Recording); 3]);
    // As the kernel does it when a process dies: the lock is free, and nothing was closed.
    drop((writer, home));
    assert_eq!(seen(), [Some(SessionState::Interrupted); 3]);
}

#[test]
fn a_flipped_bit_is_located_and_costs_at_most_one_chunk() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let id = recorded(&home, "P07", 1, 40);
    let path = home.session_dir(id).join("eeg-000.seg");
    let whole = std::fs::read(&path).expect("reads");
    let mut seed = Seed::new(9);
    for _ in 0..20 {
        let mut bytes = whole.clone();
        let at = seed.below(bytes.len());
        bytes[at] ^= 1 << seed.below(8);
        std::fs::write(&path, &bytes).expect("writes");
        assert!(whole_chunks(&home, id) >= 39, "flip at {at}");
        let report = home.verify(Some(id)).expect("verifies").remove(0);
        let damaged: Vec<_> = report.files.iter().filter(|f| !f.recovery.is_clean()).map(|f| f.name.as_str()).collect();
        assert_eq!(damaged, ["eeg-000.seg"], "flip at {at}");
        assert!(report.files.iter().any(|f| f.checksum == Some(false)));
    }
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("writes");
    let kept = whole_chunks(&home, id);
    assert!((18..=20).contains(&kept), "{kept} of 40 chunks in half a file");
    assert!(!home.verify(Some(id)).expect("verifies")[0].is_sound());
}

/// Everything that queries answer, as text.
fn answers(home: &Home) -> String {
    let recordings: Vec<String> = home
        .sessions()
        .expect("reads")
        .iter()
        .map(|s| {
            let r = home.recording(s.id).expect("opens");
            format!("{:?} {:?} {:?} {:?}", r.participant, r.streams, r.trials, r.markers)
        })
        .collect();
    format!("{:?} {:?} {:?} {recordings:?}", home.participants(), home.sessions(), home.models())
}

#[test]
fn a_lost_or_damaged_catalogue_is_made_again_as_it_was() {
    let dir = tempfile::tempdir().expect("dir");
    let db = dir.path().join("db");
    let before = {
        let home = Home::open(dir.path()).expect("opens");
        recorded(&home, "P07", 1, 3);
        recorded(&home, "P08", 2, 3);
        answers(&home)
    };
    let scribble = |path: &Path, from: usize, to: usize| {
        let mut bytes = std::fs::read(path).expect("reads");
        let (from, to) = (from.min(bytes.len()), to.min(bytes.len()));
        bytes[from..to].iter_mut().for_each(|b| *b ^= 0x5A);
        std::fs::write(path, bytes).expect("writes");
    };
    for fault in 0..6 {
        match fault {
            0 => std::fs::remove_dir_all(&db).expect("removes"),
            1 => scribble(&db.join("db"), 0, 4096),
            2 => scribble(&db.join("db"), 3000, 3001),
            3 => std::fs::write(db.join("db"), b"").expect("writes"),
            4 => scribble(&db.join("conf"), 10, 60),
            _ => std::fs::write(db.join("snap.00000000000000FF.generating"), b"").expect("writes"),
        }
        let home = Home::open(dir.path()).expect("opens whatever happened to the catalogue");
        assert!(answers(&home) == before, "fault {fault}");
        let report = home.verify(None).expect("verifies");
        assert!(report.iter().all(|r| r.is_sound()), "fault {fault}: {report:#?}");
        assert!(home.rebuild().expect("rebuilds").was_equal, "fault {fault}");
    }
}

/// Starts this test binary again as a child that runs one test with a job; SIGXFSZ is ignored in it.
fn child(test: &str, job: &str, home: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    command.arg(std::env::current_exe().expect("known")).args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(job, home).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// What the child does until it is killed: records, and says `ACK n` once marker n is durable.
fn record_until_killed(dir: &Path) {
    let home = Home::open(dir).expect("opens");
    let seed = home.sessions().expect("reads").len() as u64 + 1;
    let clock: SharedClock = Arc::new(SystemClock);
    let writer = writer(&home, "P07", seed);
    let id = writer.session().id;
    let recorder = Recorder::spawn(writer, 64, clock, true).expect("spawns");
    for k in 0.. {
        recorder.samples(chunk(k));
        recorder.frame(frame(k));
        let marker = Marker { at: k as i64, kind: MarkerKind::Marker, text: format!("marker {k}"), trial: None };
        recorder.journal(Entry::Marker(id, marker), k);
        if let Ok(Ok(n)) = recorder.acks().recv() {
            println!("\nACK {n}");
        }
        println!("\nDURABLE {}", recorder.status().written_bytes);
    }
}

#[test]
fn kill_nine_loses_nothing_that_was_acknowledged() {
    if let Ok(dir) = std::env::var("LIMBIC_TEST_KILL") {
        return record_until_killed(Path::new(&dir));
    }
    let dir = tempfile::tempdir().expect("dir");
    let mut seed = Seed::new(11);
    for round in 1..=5 {
        let mut process =
            child("kill_nine_loses_nothing_that_was_acknowledged", "LIMBIC_TEST_KILL", dir.path()).spawn().expect("starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped"));
        let (mut acked, mut line) = (None, String::new());
        let last = 1 + seed.below(120) as u64;
        while acked.is_none_or(|n| n < last) {
            line.clear();
            assert!(lines.read_line(&mut line).expect("reads") > 0, "the child ended by itself");
            acked = line.trim().strip_prefix("ACK ").map(|n| n.parse().expect("a number")).or(acked);
        }
        process.kill().expect("SIGKILL");
        process.wait().expect("ends");
        let mut rest = String::new();
        let _ = lines.read_to_string(&mut rest);
        let durable: u64 = rest.lines().filter_map(|l| l.strip_prefix("DURABLE ")?.parse().ok()).max().unwrap_or(0);
        let acked = rest.lines().filter_map(|l| l.strip_prefix("ACK ")?.parse().ok()).max().or(acked).expect("acknowledged");

        let home = Home::open(dir.path()).expect("no stale lock, opens");
        let sessions = home.sessions().expect("reads");
        assert_eq!(sessions.len(), round);
        assert!(sessions.iter().all(|s| s.state == SessionState::Interrupted && s.ended.is_some()));
        let recording = home.recording(sessions[0].id).expect("opens");
        assert!(home.session_bytes(sessions[0].id).expect("reads") >= durable, "what was called durable is there");
        for k in 0..=acked {
            assert!(recording.markers.iter().any(|m| m.text == format!("marker {k}")), "marker {k} of {acked} acknowledged");
        }
        let chunks = whole_chunks(&home, sessions[0].id) as u64;
        assert_eq!(recording.streams[0].written, chunks * CHUNK as u64, "counters are those of the segments");
        for (i, got) in recording.frames(FACE, 0, i64::MAX).expect("reads").into_iter().enumerate() {
            assert_eq!(got, frame(i as u64));
        }
        let report = home.verify(None).expect("verifies");
        assert!(report.iter().flat_map(|r| &r.problems).all(|p| p.contains("cut at the end")), "{report:#?}");
    }
}

/// What the child does on a disk that is full for a while.
fn record_on_a_full_disk(dir: &Path) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = |bytes: Option<u64>| {
        let maximum = getrlimit(Resource::Fsize).maximum;
        setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).expect("a soft limit may be set");
    };
    let home = Home::open(dir).expect("opens");
    let writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    let recorder = Recorder::spawn(writer, 64, Arc::new(SystemClock), true).expect("spawns");
    let wait_until = |what: &str, ready: &dyn Fn() -> bool| {
        for _ in 0..400 {
            if ready() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never came: {what}; {:?}", recorder.status());
    };
    limit(Some(200_000));
    let chunks = 1000;
    (0..chunks).for_each(|k| recorder.samples(chunk(k)));
    wait_until("trouble", &|| recorder.status().trouble.is_some());
    // Labels lie in a file of their own, which is far from the limit here.
    let marker = Marker { at: 1, kind: MarkerKind::Marker, text: "in trouble".into(), trial: None };
    recorder.journal(Entry::Marker(id, marker), 7);
    assert_eq!(recorder.acks().recv_timeout(Duration::from_secs(20)).expect("answers"), Ok(7));
    limit(None);
    wait_until("the end of trouble", &|| recorder.status().trouble.is_none());
    recorder.close(SessionState::Complete, STARTED + SECOND).expect("closes");
    let recording = home.recording(id).expect("opens");
    assert_eq!(recording.markers.len(), 1);
    assert_eq!(recording.streams[0].written, chunks * CHUNK as u64);
    assert_eq!(whole_chunks(&home, id) as u64, chunks);
    println!("\nFULL AND BACK");
}

#[test]
fn a_full_disk_is_trouble_and_not_the_end() {
    if let Ok(dir) = std::env::var("LIMBIC_TEST_FULL") {
        return record_on_a_full_disk(Path::new(&dir));
    }
    let dir = tempfile::tempdir().expect("dir");
    let mut command = child("a_full_disk_is_trouble_and_not_the_end", "LIMBIC_TEST_FULL", dir.path());
    let output = command.stderr(Stdio::piped()).output().expect("runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("FULL AND BACK"), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let home = Home::open(dir.path()).expect("opens");
    assert!(home.verify(None).expect("verifies").iter().all(|r| r.is_sound()));
}

/// What a minute of 32 channels at 512 Hz costs; asserts nothing.
#[test]
#[ignore = "measures CPU time and bytes a value of storing a minute; run: cargo test --release --test store_faults -- --ignored --nocapture cost"]
fn cost_of_a_minute() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut info = streams().remove(0);
    info.channels = (0..32).map(|i| limbic::signal::Channel::eeg(format!("C{i}"))).collect();
    let mut writer = home.create_session(session(&home, "P07", 1), participant("P07"), consent()).expect("creates");
    writer.declare_streams(&[info]).expect("declares");
    let mut seed = Seed::new(1);
    let rows: Vec<f32> = (0..32 * 512 * 60).map(|_| (20.0 * seed.normal()) as f32).collect();
    let ticks = || {
        let stat = std::fs::read_to_string("/proc/self/stat").expect("reads");
        let fields: Vec<u64> =
            stat.rsplit(')').next().expect("a name").split_whitespace().filter_map(|f| f.parse().ok()).collect();
        fields[10] + fields[11]
    };
    let before = ticks();
    for (k, part) in rows.chunks(32 * 64).enumerate() {
        let mut chunk = chunk(k as u64);
        (chunk.first_index, chunk.channels, chunk.rows) = (k as u64 * 64, 32, part.to_vec());
        writer.samples(&chunk).expect("buffers");
        if k % 2 == 1 {
            writer.flush().expect("flushes");
        }
    }
    let bytes = writer.written() as f64 / rows.len() as f64;
    println!("{} ms of CPU a minute of white noise, {bytes:.2} bytes a value", (ticks() - before) * 10);
    writer.close(SessionState::Complete, STARTED).expect("closes");
}
