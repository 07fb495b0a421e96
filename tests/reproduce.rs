//! `limbic reproduce` on miniatures of DEAP and RAF-DB that are made here: from the data set to the tables.
//!
//! `LIMBIC_REPRODUCE=all` runs every feature family and protocol (minutes on two cores).

mod pickled;

use pickled::pickled;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const RATE: usize = 128;
const CHANNELS: usize = 40;
/// The recordings begin 3 s before each video.
const LEAD_S: usize = 3;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.arg("--home").arg(folder.join("home")).args(arguments).current_dir(folder);
    command.env("XDG_DATA_HOME", folder.join("no-data"));
    command
}

fn limbic(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("limbic runs")
}

/// Interrupts a run once it says that it is at this step; answers what it said.
fn interrupted(folder: &Path, arguments: &[&str], step: &str) -> String {
    let mut child = command(folder, arguments).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("limbic runs");
    let (mut said, mut pressed) = (String::new(), false);
    for line in BufReader::new(child.stderr.take().expect("its messages")).lines() {
        said += &(line.expect("text") + "\n");
        if !pressed && said.contains(step) {
            pressed = true;
            assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
        }
    }
    assert_eq!(child.wait().expect("ends").code(), Some(1), "{said}");
    said
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Noise that is the same on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64 - 0.5
    }
}

/// s01.dat, ...: alpha at the back is strong where valence is low, the pulse is fast where arousal is high.
fn deap(root: &Path, people: usize, trials: usize, video_s: usize) -> PathBuf {
    let folder = root.join("DEAP/data_preprocessed_python");
    std::fs::create_dir_all(&folder).expect("a folder");
    let samples = RATE * (LEAD_S + video_s);
    for person in 1..=people {
        let mut noise = Noise(person as u64);
        let (mut labels, mut data) = (Vec::new(), Vec::with_capacity(trials * CHANNELS * samples));
        for trial in 0..trials {
            let (pleasant, excited) = (trial % 2 == 0, trial / 2 % 2 == 0);
            labels.extend([if pleasant { 7.5 } else { 2.5 }, if excited { 7.0 } else { 2.0 }, 5.0, 6.0]);
            let beat_s = if excited { 0.7 } else { 1.0 };
            for channel in 0..CHANNELS {
                let strong = if (11..20).contains(&channel) && !pleasant { 14.0 } else { 3.0 };
                for t in 0..samples {
                    let s = t as f64 / RATE as f64;
                    let pulse = |s: f64| (-((s / (beat_s * (1.0 + 0.03 * (0.6 * s).sin()))).fract() - 0.3).powi(2) / 0.006).exp();
                    data.push(match channel {
                        38 => 800.0 * pulse(s) + 10.0 * noise.next(),
                        _ => strong * (62.8 * s + channel as f64).sin() + 12.0 * noise.next(),
                    });
                }
            }
        }
        let mut bytes = b"\x80\x02}(".to_vec();
        pickled(&mut bytes, "labels", &[trials as u16, 4], &labels);
        pickled(&mut bytes, "data", &[trials as u16, CHANNELS as u16, samples as u16], &data);
        bytes.extend(b"u.");
        std::fs::write(folder.join(format!("s{person:02}.dat")), bytes).expect("written");
    }
    root.join("DEAP")
}

/// train/CODE and test/CODE with pictures of stripes whose direction and width tell the class.
fn raf_db(root: &Path, each: usize) -> PathBuf {
    const SIDE: u16 = 48;
    let mut noise = Noise(99);
    for (class, code) in [4usize, 5, 2, 7].into_iter().enumerate() {
        for n in 0..each {
            let part = if n % 5 == 0 { "test" } else { "train" };
            let folder = root.join("RAF-DB").join(part).join(code.to_string());
            std::fs::create_dir_all(&folder).expect("a folder");
            let bright = |i: usize| {
                let (x, y) = ((i % usize::from(SIDE)) as f64, (i / usize::from(SIDE)) as f64);
                let along = [x, y, x + y, x - y][class];
                128.0 + 90.0 * (along * 0.35).sin()
            };
            let pixels: Vec<u8> = (0..usize::from(SIDE) * usize::from(SIDE))
                .map(|i| (bright(i) + 40.0 * noise.next()).clamp(0.0, 255.0) as u8)
                .collect();
            let mut jpeg = Vec::new();
            jpeg_encoder::Encoder::new(&mut jpeg, 85)
                .encode(&pixels, SIDE, SIDE, jpeg_encoder::ColorType::Luma)
                .expect("encoded");
            std::fs::write(folder.join(format!("{part}_{class}{n:03}.jpg")), jpeg).expect("written");
        }
    }
    root.join("RAF-DB")
}

fn all() -> bool {
    std::env::var("LIMBIC_REPRODUCE").is_ok_and(|v| v == "all")
}

#[test]
fn gagliardi_runs_from_deap_to_its_tables_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let (trials, video_s) = if all() { (8, 40) } else { (4, 12) };
    let data = deap(folder.path(), 3, trials, video_s);
    let data = data.to_string_lossy();
    let mut arguments = vec!["reproduce", "gagliardi", "--data", &data, "--quick"];
    if !all() {
        arguments.extend([
            "--features",
            "psd",
            "--protocol",
            "kfold-windows,grouped-kfold,loso",
            "--target",
            "valence",
            "--epochs",
            "3",
        ]);
    }
    let said = interrupted(folder.path(), &arguments, "step 1 of");
    assert!(said.contains("import 0/3") && said.contains("psd: EEG features 0/3"), "{said}");
    assert!(said.ends_with("home, and the same command goes on from there\n"), "{said}");
    let run = limbic(folder.path(), &arguments);
    let (page, said) = (printed(&run), String::from_utf8_lossy(&run.stderr).into_owned());
    println!("{page}\n{said}");
    assert!(page.starts_with("0 recordings imported, 3 were there already"), "{page}");
    assert!(said.lines().any(|l| l.starts_with("step ") && l.contains("model and explanation: ")), "{said}");
    for wanted in
        ["BESIDE THE PAPER", "97-98", "60-67", "LEAKS", "QUALITY TEST", "QUICK", "99.7 % on pure noise", "plethysmograph"]
    {
        assert!(page.contains(wanted), "{wanted} is missing in\n{page}");
    }
    if !all() {
        arguments.push("--json");
        let again: serde_json::Value = serde_json::from_str(&printed(&limbic(folder.path(), &arguments))).expect("JSON");
        assert_eq!((again["imported"].as_u64(), again["there_already"].as_u64()), (Some(0), Some(3)));
        assert_eq!(again["parts"][0]["evaluations"].as_array().map(Vec::len), Some(3));
    }
}

#[test]
fn thanh_learns_from_recordings_and_from_a_tree_of_faces() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = deap(folder.path(), 3, 4, 12);
    let faces = raf_db(folder.path(), if all() { 60 } else { 20 });
    let (data, faces) = (data.to_string_lossy(), faces.to_string_lossy());
    let mut arguments = vec!["reproduce", "thanh", "--data", &data, "--faces", &faces, "--quick", "--epochs", "8"];
    if !all() {
        arguments.extend(["--features", "psd", "--protocol", "grouped-kfold"]);
    }
    let page = printed(&limbic(folder.path(), &arguments));
    println!("{page}");
    for wanted in ["92.5", "FACE PICTURES", "happiness", "no accuracy of the fused prediction"] {
        assert!(page.contains(wanted), "{wanted} is missing in\n{page}");
    }
}

#[test]
fn what_does_not_fit_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    for (arguments, wanted) in [
        (vec!["reproduce", "gagliardi", "--data", "nowhere"], "nowhere"),
        (vec!["reproduce", "gagliardi", "--data", "empty", "--faces", "empty"], "no faces"),
        (vec!["reproduce", "gagliardi", "--data", "empty", "--protocol", "luck"], "luck"),
    ] {
        let output = limbic(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(wanted) && said.lines().count() <= 2, "{said}");
    }
}
