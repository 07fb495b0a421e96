//! Bad recordings through the real command line, one table: every case is refused in a sentence that names the matter, or
//! its repair is told; no command gives numbers silently.

use limbic::exchange::npz::{Array, Values, write};
use limbic::signal::Seed;
use std::path::Path;
use std::process::Command;

const RATE: f64 = 256.0;
const SECONDS: usize = 40;
const LABELS: [&str; 8] = ["Fz", "Cz", "Pz", "Oz", "F3", "F4", "P3", "P4"];

/// EEG channels, and an ECG where there is one.
#[derive(Clone)]
struct Recording {
    eeg: Vec<Vec<f64>>,
    ecg: Option<Vec<f64>>,
    rate: f64,
}

/// Eight channels that share half of a 1/f-like background, and a steady heart.
fn sound() -> Recording {
    let mut seed = Seed::new(5);
    let n = SECONDS * RATE as usize;
    let (mut common, mut own) = (0.0, [0.0; LABELS.len()]);
    let mut eeg = vec![Vec::with_capacity(n); LABELS.len()];
    for _ in 0..n {
        common = 0.95 * common + 3.0 * seed.normal();
        for (x, own) in eeg.iter_mut().zip(&mut own) {
            *own = 0.95 * *own + 2.0 * seed.normal();
            x.push(common + *own);
        }
    }
    let beats: Vec<f64> = (0..SECONDS + 8).map(|k| 0.5 + 0.8 * k as f64 + 0.03 * (0.9 * k as f64).sin()).collect();
    let wave = |t: f64, at: f64, width: f64| (-((t - at) / width).powi(2) / 2.0).exp();
    let sample = |i: usize| {
        let t = i as f64 / RATE;
        let near = beats.iter().filter(|b| (t - **b).abs() < 1.0);
        1000.0 * near.map(|b| wave(t, *b, 0.012) + 0.3 * wave(t, b + 0.25, 0.04)).sum::<f64>() + 10.0 * seed.normal()
    };
    Recording { eeg, ecg: Some((0..n).map(sample).collect()), rate: RATE }
}

fn save(path: &Path, recording: &Recording) {
    let rows: Vec<&Vec<f64>> = recording.eeg.iter().chain(&recording.ecg).collect();
    let mut labels: Vec<String> = LABELS[..recording.eeg.len()].iter().map(|l| l.to_string()).collect();
    labels.extend(recording.ecg.iter().map(|_| "ECG".to_string()));
    let shape = [rows.len(), rows[0].len()];
    let arrays = [
        Array::new("data", &shape, Values::F64(rows.into_iter().flatten().copied().collect())),
        Array::new("rate", &[1], Values::F64(vec![recording.rate])),
        Array::labels("channels", &labels),
    ];
    write(path, &arrays).expect("the file can be written");
}

const COMMANDS: [&[&str]; 4] =
    [&["quality"], &["features"], &["features", "--recipe", "bhi-hf-to-b"], &["features", "--clean", "--mean"]];
/// What a command must do: refuse with these words, or go on and say these words.
enum Must {
    Refuse(&'static str),
    Say(&'static str),
}
use Must::{Refuse, Say};

type Change = fn(&mut Recording);

/// Name, what is done to the sound recording, and what `quality`, `features`, interplay and cleaning must do.
fn cases() -> Vec<(&'static str, Change, [Must; 4])> {
    let filled = || Say("filled linearly");
    let stretch = || Say("only the longest of 2 stretches");
    let unnumbered = || Refuse("channel Pz");
    let no_rate = || Refuse("no array says the rate");
    let offset = || Say("offset beyond 500 mV");
    vec![
        ("sound", |_| {}, [Say("PASS"), Say("39 windows"), Say("x 8 x 4"), Say("1 x 8 x 4")]),
        ("NaN for 0.2 s", |r| r.eeg[2][1000..1060].fill(f64::NAN), [filled(), filled(), filled(), filled()]),
        ("infinity", |r| r.eeg[1][5000] = f64::INFINITY, [filled(), filled(), filled(), filled()]),
        ("a gap of 2.3 s", |r| r.eeg[2][3000..3600].fill(f64::NAN), [stretch(), stretch(), stretch(), stretch()]),
        ("a channel of NaN", |r| r.eeg[2].fill(f64::NAN), [unnumbered(), unnumbered(), unnumbered(), unnumbered()]),
        (
            "one second",
            |r| r.eeg.iter_mut().chain(&mut r.ecg).for_each(|x| x.truncate(256)),
            [Say("over 1 s"), Refuse("shorter than one window"), Refuse("too short"), Refuse("channels are bad")],
        ),
        ("a rate of zero", |r| r.rate = 0.0, [no_rate(), no_rate(), no_rate(), no_rate()]),
        ("a rate that is no number", |r| r.rate = f64::NAN, [no_rate(), no_rate(), no_rate(), no_rate()]),
        (
            "a rate of 20",
            |r| r.rate = 20.0,
            [
                Say("instead of 45 Hz"),
                Refuse("20 samples a second"),
                Refuse("20 samples a second"),
                Refuse("20 samples a second"),
            ],
        ),
        (
            "a rate four times too high",
            |r| r.rate = 4.0 * RATE,
            [Say("over 10 s"), Say("1024 Hz, 10.0 s"), Refuse("beats"), Say("1024 Hz, 10.0 s")],
        ),
        ("no ECG", |r| r.ecg = None, [Say("PASS"), Say("39 windows"), Refuse("needs an ECG or PPG"), Say("0 heart beats")]),
        (
            "a flat ECG",
            |r| r.ecg.iter_mut().flatten().for_each(|v| *v = 4.0),
            [Say("PASS"), Say("39 windows"), Refuse("holds no signal"), Say("no heart beats: ")],
        ),
        (
            "an ECG of noise",
            |r| {
                let mut seed = Seed::new(8);
                r.ecg.iter_mut().flatten().for_each(|v| *v = 100.0 * seed.normal());
            },
            [Say("PASS"), Say("39 windows"), Refuse("this is no heartbeat"), Say("no heart beats: ")],
        ),
        (
            "one channel",
            |r| r.eeg.truncate(1),
            [Say("1 EEG channels"), Say("x 1 channels"), Say("x 1 x 4"), Say("too few to search components")],
        ),
        (
            "all channels flat",
            |r| r.eeg.iter_mut().flatten().for_each(|v| *v = 3.0),
            [
                Say("FAIL"),
                Refuse("all 8 EEG channels are flat"),
                Refuse("all 8 EEG channels are flat"),
                Refuse("8 of 8 channels are bad"),
            ],
        ),
        (
            "all channels a hundred times too large",
            |r| r.eeg.iter_mut().flatten().for_each(|v| *v *= 100.0),
            [Say("FAIL"), Say("8 of 8 channels are bad"), Say("8 of 8 channels are bad"), Say("8 of 8 channels are bad")],
        ),
        ("1e6 uV on one", |r| r.eeg[1].iter_mut().for_each(|v| *v += 1e6), [offset(), offset(), offset(), offset()]),
        ("1e6 uV on all", |r| r.eeg.iter_mut().flatten().for_each(|v| *v += 1e6), [offset(), offset(), offset(), offset()]),
    ]
}

#[test]
fn every_bad_recording_is_refused_or_its_repair_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = sound();
    let mut wrong = Vec::new();
    for (name, change, musts) in cases() {
        let mut recording = sound.clone();
        change(&mut recording);
        let file = folder.path().join("input.npz");
        save(&file, &recording);
        for (arguments, must) in COMMANDS.iter().zip(musts) {
            let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
            let out = command.args(*arguments).arg(&file).env("LIMBIC_HOME", folder.path()).output().expect("limbic runs");
            let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            let (succeeds, words) = match must {
                Refuse(words) => (false, words),
                Say(words) => (true, words),
            };
            let line = said.lines().find(|line| line.contains(words));
            println!("{name}: {}: {}", arguments.join(" "), line.unwrap_or("?").trim());
            if out.status.success() != succeeds || line.is_none() || said.contains("panicked") || said.contains("NaN ") {
                wrong.push(format!(
                    "{name}: {arguments:?} (wanted {}: {words}):\n{said}",
                    if succeeds { "success" } else { "refusal" }
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
