//! Bad input: every case is refused with a sentence that names the matter, or repaired with a sentence that says so;
//! never a silent number.

use limbic::gate::{EegWindow, Reason, judge};
use limbic::prepare::heart::chain::{HeartOptions, HeartSeries, HeartSignal, heart_series};
use limbic::prepare::{PrepareError, PsdOptions, Signals, psd_features};
use limbic::signal::Seed;
use std::path::Path;
use std::process::{Command, Output};

const RATE: f64 = 256.0;

/// An ECG of so many seconds: narrow R and broad T waves with some noise.
fn ecg(seconds: f64, rate: f64) -> Vec<f64> {
    let mut seed = Seed::new(3);
    let beats: Vec<f64> = (0..(seconds / 0.8) as usize).map(|k| 0.5 + 0.8 * k as f64 + 0.03 * (0.8 * k as f64).sin()).collect();
    let wave = |t: f64, at: f64, width: f64| (-((t - at) / width).powi(2) / 2.0).exp();
    (0..(seconds * rate) as usize)
        .map(|i| {
            let t = i as f64 / rate;
            let near = beats.iter().filter(|b| (t - **b).abs() < 1.0);
            near.map(|b| wave(t, *b, 0.012) + 0.3 * wave(t, b + 0.25, 0.04)).sum::<f64>() + 0.01 * seed.normal()
        })
        .collect()
}

fn series(samples: &[f64], rate: f64) -> Result<HeartSeries, PrepareError> {
    heart_series(samples, rate, HeartSignal::Ecg, &HeartOptions::default())
}

#[test]
fn a_bad_heart_signal_is_refused_or_its_repair_is_noted() {
    let good = ecg(60.0, RATE);
    let with = |change: &dyn Fn(&mut Vec<f64>)| {
        let mut x = good.clone();
        change(&mut x);
        x
    };
    let mut seed = Seed::new(8);
    let noise: Vec<f64> = (0..good.len()).map(|_| seed.normal()).collect();
    let refused: Vec<(&str, Vec<f64>, f64, &str)> = vec![
        ("no samples", Vec::new(), RATE, "no signal"),
        ("all no numbers", vec![f64::NAN; good.len()], RATE, "no signal"),
        ("flat", vec![4.2; good.len()], RATE, "no signal"),
        ("a second", good[..256].to_vec(), RATE, "too short"),
        ("three seconds", good[..768].to_vec(), RATE, "too few"),
        ("a rate of zero", good.clone(), 0.0, "rate = 0"),
        ("a rate that is no number", good.clone(), f64::NAN, "rate = NaN"),
        ("a rate of 20", good.clone(), 20.0, "rate = 20"),
        ("a rate four times too high", good.clone(), 4.0 * RATE, ""),
        ("noise", noise, RATE, ""),
    ];
    for (name, samples, rate, words) in refused {
        let error = series(&samples, rate).map(|s| s.notes).expect_err(name).to_string();
        println!("refused: {name}: {error}");
        assert!(error.contains(words), "{name}: {error}");
    }
    let repaired: Vec<(&str, Vec<f64>, &str)> = vec![
        ("a short gap", with(&|x| x[2000..2100].fill(f64::NAN)), "filled linearly"),
        ("a long gap", with(&|x| x[2000..3000].fill(f64::NAN)), "longest of 2 stretches"),
        ("infinity", with(&|x| x[777] = f64::INFINITY), "filled linearly"),
        ("twenty seconds", good[..20 * 256].to_vec(), "not reliable"),
    ];
    for (name, samples, words) in repaired {
        let made = series(&samples, RATE).expect(name);
        println!("repaired: {name}: {}", made.notes.join("; "));
        assert!(made.notes.iter().any(|n| n.contains(words)), "{name}: {:?}", made.notes);
        assert!(made.power.lf.iter().chain(&made.power.hf).all(|v| v.is_finite()), "{name}");
    }
    let (plain, raised) = (series(&good, RATE).expect("good"), series(&with(&|x| x.iter_mut().for_each(|v| *v += 1e6)), RATE));
    let raised = raised.expect("an offset is filtered out");
    assert!(plain.notes.is_empty(), "{:?}", plain.notes);
    assert_eq!(plain.beats.beats.len(), raised.beats.beats.len());
}

fn eeg(channels: usize, seconds: f64) -> Signals {
    let mut seed = Seed::new(5);
    let (mut common, mut own) = (0.0, vec![0.0; channels]);
    let mut data = vec![Vec::new(); channels];
    for _ in 0..(seconds * RATE) as usize {
        common = 0.95 * common + 3.0 * seed.normal();
        for (x, own) in data.iter_mut().zip(&mut own) {
            *own = 0.95 * *own + 2.0 * seed.normal();
            x.push(common + *own);
        }
    }
    Signals { rate: RATE, labels: (0..channels).map(|i| format!("E{i}")).collect(), data }
}

#[test]
fn bad_eeg_is_refused_or_judged_for_what_it_is() {
    let features = |eeg: &Signals| psd_features(eeg, &PsdOptions::default());
    let whole = features(&eeg(8, 10.0)).expect("good");
    let finite = |made: &[(f64, Vec<f32>)]| made.iter().all(|(_, v)| v.iter().all(|v| v.is_finite()));
    assert!(finite(&whole));
    let mut gap = eeg(8, 10.0);
    gap.data[3][1000..1600].fill(f64::NAN);
    let around = features(&gap).expect("stretches beside the gap");
    assert!(finite(&around) && around.len() < whole.len());
    assert!(finite(&features(&eeg(1, 10.0)).expect("one channel is left in its own reference")));
    let mut raised = eeg(8, 10.0);
    raised.data[2].iter_mut().for_each(|v| *v += 1e6);
    for ((_, a), (_, b)) in features(&raised).expect("good").iter().zip(&whole) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-3), "an offset changes a power");
    }
    let wrong = |change: &dyn Fn(&mut Signals)| {
        let mut bad = eeg(8, 10.0);
        change(&mut bad);
        features(&bad).expect_err("must be refused").to_string()
    };
    for (words, sentence) in [
        ("short", wrong(&|s| s.data.iter_mut().for_each(|x| x.truncate(200)))),
        ("short", wrong(&|s| s.data.iter_mut().for_each(|x| x.fill(f64::NAN)))),
        ("no channels", wrong(&|s| s.data.clear())),
        ("equally long", wrong(&|s| s.data[1].truncate(900))),
        ("samples a second", wrong(&|s| s.rate = 0.5)),
    ] {
        println!("refused: {sentence}");
        assert!(sentence.contains(words), "{sentence} lacks {words}");
    }
    let quality = |signals: Signals| {
        let expected_samples = signals.samples();
        let Signals { rate, labels, data } = signals;
        judge(&EegWindow { rate, labels, data, mains_hz: 50.0, rail: None, expected_samples })
    };
    let mut dead = eeg(8, 10.0);
    dead.data.iter_mut().for_each(|x| x.fill(7.0));
    let report = quality(dead);
    assert!(report.overall == 0.0 && report.channels.iter().all(|c| c.reason == Some(Reason::Flat)));
    let (plain, raised) = (quality(eeg(8, 10.0)), quality(raised));
    for (a, b) in plain.channels.iter().zip(&raised.channels) {
        assert!((a.score - b.score).abs() < 1.0, "an offset changes a score: {a:?} {b:?}");
    }
}

/// A BDF file of one record a second; values in uV, 1/8 uV a count.
fn bdf(path: &Path, rate: usize, data: &[Vec<f64>]) {
    let field = |text: String, width: usize| format!("{text:width$}").into_bytes();
    let (n, seconds) = (data.len(), data[0].len() / rate);
    let mut out = vec![255];
    out.extend(b"BIOSEMI");
    for (text, width) in [("X", 80), ("X", 80), ("01.01.20", 8), ("12.00.00", 8)] {
        out.extend(field(text.into(), width));
    }
    out.extend(field((256 * (n + 1)).to_string(), 8));
    out.extend(field("24BIT".into(), 44));
    for (value, width) in [(seconds, 8), (1, 8), (n, 4)] {
        out.extend(field(value.to_string(), width));
    }
    let labels: Vec<String> = ["Fz", "Cz", "Pz", "Oz", "F3", "F4", "P3", "P4"].map(String::from).to_vec();
    let mut column = |width: usize, text: &dyn Fn(usize) -> String| (0..n).for_each(|i| out.extend(field(text(i), width)));
    column(16, &|i| labels[i].clone());
    column(80, &|_| "electrode".into());
    column(8, &|_| "uV".into());
    column(8, &|_| "-1048576".into());
    column(8, &|_| "1048576".into());
    column(8, &|_| "-8388608".into());
    column(8, &|_| "8388607".into());
    column(80, &|_| String::new());
    column(8, &|_| rate.to_string());
    column(32, &|_| String::new());
    for second in 0..seconds {
        for x in data {
            x[second * rate..(second + 1) * rate]
                .iter()
                .for_each(|v| out.extend(&((v * 8.0).round().clamp(-8388608.0, 8388607.0) as i32).to_le_bytes()[..3]));
        }
    }
    std::fs::write(path, out).expect("the file can be written");
}

fn limbic(arguments: &[&str], file: &Path, home: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(arguments).arg(file).env("LIMBIC_HOME", home).output().expect("limbic runs")
}

#[test]
fn the_commands_refuse_or_say_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = eeg(8, 12.0).data;
    let changed = |change: &dyn Fn(&mut Vec<Vec<f64>>)| {
        let mut data = good.clone();
        change(&mut data);
        data
    };
    // What, samples, whether each command succeeds, and words that it must print.
    /// Name, channels, then whether `quality` and `features` work and what they say.
    type Case<'a> = (&'a str, Vec<Vec<f64>>, (bool, &'a str), (bool, &'a str));
    let cases: Vec<Case> = vec![
        ("good", good.clone(), (true, "features"), (true, "PASS")),
        ("one channel", good[..1].to_vec(), (true, "1 channels"), (true, "1 EEG channels")),
        ("all flat", changed(&|d| d.iter_mut().for_each(|x| x.fill(3.0))), (false, "flat"), (true, "FLAT")),
        ("one flat", changed(&|d| d[2].fill(3.0)), (true, "Pz FLAT"), (true, "FLAT")),
        ("1e6 uV", changed(&|d| d[1].iter_mut().for_each(|v| *v += 1e6)), (true, "500 mV"), (true, "500 mV")),
        ("a second", changed(&|d| d.iter_mut().for_each(|x| x.truncate(256))), (false, "shorter"), (true, "1.0 s")),
    ];
    for (name, data, features, quality) in cases {
        let file = folder.path().join("input.bdf");
        bdf(&file, RATE as usize, &data);
        for (arguments, (succeeds, words)) in [(["features"], features), (["quality"], quality)] {
            let out = limbic(&arguments, &file, folder.path());
            let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
            assert_eq!(out.status.success(), succeeds, "{name}: {arguments:?}: {said}");
            assert!(said.contains(words), "{name}: {arguments:?} does not say \"{words}\": {said}");
            assert!(!said.contains("NaN") && !said.contains("panicked"), "{name}: {said}");
        }
    }
}
