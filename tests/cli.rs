//! The real program, command by command: what it prints, its exit codes, and that bad input creates nothing.

use std::path::Path;
use std::process::{Command, Output};

/// Runs limbic in an empty folder without native libraries of the user's.
fn limbic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("no-data"))
        .env_remove("BRAINFLOW_LIB_DIR")
        .env_remove("ORT_DYLIB_PATH")
        .output()
        .expect("limbic runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Fails, names everything in `names` in one short message, and leaves no home behind.
fn refuses(folder: &Path, arguments: &[&str], names: &[&str]) {
    let output = limbic(folder, arguments);
    let message = said(&output);
    assert!(!output.status.success(), "{arguments:?} must fail");
    for name in names {
        assert!(message.contains(name), "{arguments:?} should name {name}: {message}");
    }
    assert!(message.starts_with("limbic: ") && !message.contains("panicked"), "{message}");
    assert!(!folder.join("sessions").exists(), "{arguments:?} created a home");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

#[test]
fn an_unknown_key_in_the_rig_is_named() {
    let folder = folder();
    write(folder.path(), "rig.toml", "name = \"x\"\n[[device]]\nkind = \"simulator\"\nrat = 256.0\n");
    refuses(folder.path(), &["record", "--rig", "rig.toml", "--seconds", "1"], &["rig.toml", "rat"]);
}

#[test]
fn a_video_that_is_not_there_is_named() {
    let folder = folder();
    write(folder.path(), "rig.toml", "name = \"x\"\n[[device]]\nkind = \"simulator\"\n[stimulus]\nplaylist = \"list.toml\"\n");
    write(
        folder.path(),
        "list.toml",
        "name = \"l\"\n[[video]]\nname = \"v1\"\nfile = \"gone.mp4\"\nintended = \"fear\"\nlength_s = 5.0\n",
    );
    let output = limbic(folder.path(), &["record", "--rig", "rig.toml"]);
    assert!(!output.status.success());
    assert!(said(&output).contains("gone.mp4"), "{}", said(&output));
    let sessions = printed(&limbic(folder.path(), &["sessions"]));
    assert!(sessions.contains("No sessions"), "{sessions}");
}

#[test]
fn a_truncated_edf_is_named_with_what_is_missing() {
    let folder = folder();
    // A header that promises ten records of one channel, and two of them.
    let mut edf = Vec::new();
    let mut field = |text: &str, width: usize| edf.extend(format!("{text:<width$}").bytes().take(width));
    for (text, width) in
        [("0", 8), ("X", 80), ("X", 80), ("01.01.26", 8), ("00.00.00", 8), ("512", 8), ("", 44), ("10", 8), ("1", 8), ("1", 4)]
    {
        field(text, width);
    }
    for (text, width) in
        [("Fz", 16), ("", 80), ("uV", 8), ("-100", 8), ("100", 8), ("-32768", 8), ("32767", 8), ("", 80), ("256", 8), ("", 32)]
    {
        field(text, width);
    }
    edf.extend(vec![0u8; 2 * 512]);
    std::fs::write(folder.path().join("cut.edf"), edf).expect("written");
    for command in ["quality", "features", "import"] {
        refuses(folder.path(), &[command, "cut.edf"], &["cut.edf"]);
    }
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let folder = folder();
    write(folder.path(), "file", "not a folder");
    refuses(folder.path(), &["record", "--seconds", "1", "--home", "file/home"], &["file/home"]);
    // What the operating system says is told once, whichever stage says it.
    for command in [
        &["record", "--seconds", "1", "--home", "file/home"][..],
        &["models", "--home", "file/home"],
        &["record", "--seconds", "1", "--rig", "file/rig.toml"],
        &["explain", "--onnx", "file/m.onnx", "--data", "file/x.npz"],
    ] {
        let message = said(&limbic(folder.path(), command));
        assert_eq!(message.matches("os error").count(), 1, "{command:?}: {message}");
    }
}

#[test]
fn a_missing_brainflow_says_what_to_do() {
    let folder = folder();
    write(folder.path(), "rig.toml", "name = \"x\"\n[[device]]\nkind = \"brainflow\"\nboard = \"synthetic\"\n");
    refuses(folder.path(), &["record", "--rig", "rig.toml", "--seconds", "1"], &["BrainFlow", "limbic setup"]);
}

#[test]
fn a_person_is_not_recorded_without_consent() {
    let folder = folder();
    write(folder.path(), "rig.toml", "name = \"x\"\n[[device]]\nkind = \"replay\"\npath = \"gone.edf\"\n");
    refuses(folder.path(), &["record", "--rig", "rig.toml", "--seconds", "1"], &["gone.edf"]);
}

#[test]
fn a_second_limbic_on_the_same_home_is_refused_and_the_first_goes_on() {
    let folder = folder();
    let mut first = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["record", "--seconds", "4"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("first");
    let taken = folder.path().join("sessions/db");
    for _ in 0..200 {
        if taken.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let second = limbic(folder.path(), &["record", "--seconds", "1"]);
    assert!(!second.status.success() && said(&second).contains("sessions"), "{}", said(&second));
    // Looking is allowed while the other records.
    assert!(limbic(folder.path(), &["sessions"]).status.success());
    assert!(first.wait().expect("first ends").success());
    let shown = printed(&limbic(folder.path(), &["show", "last"]));
    assert!(shown.contains("complete") && shown.contains("SIMULATED"), "{shown}");
}

#[test]
fn a_recorded_session_verifies_and_an_erased_one_is_gone() {
    let folder = folder();
    assert!(limbic(folder.path(), &["record", "--seconds", "3", "--participant", "P01"]).status.success());
    let verified = limbic(folder.path(), &["verify", "last"]);
    assert!(verified.status.success(), "{}{}", printed(&verified), said(&verified));
    assert!(limbic(folder.path(), &["quality", "last"]).status.success());
    assert!(!limbic(folder.path(), &["erase", "--participant", "P01"]).status.success(), "erasing asks for the code twice");
    assert!(limbic(folder.path(), &["erase", "--participant", "P01", "--confirm", "P01"]).status.success());
    assert!(printed(&limbic(folder.path(), &["sessions"])).contains("No sessions"));
}

#[test]
fn help_and_version_exit_zero_and_a_wrong_word_does_not() {
    let folder = folder();
    assert!(limbic(folder.path(), &["--version"]).status.success());
    for command in [
        "demo", "setup", "doctor", "record", "sessions", "show", "verify", "redact", "erase", "import", "export", "quality",
        "features", "train", "predict", "explain", "topo",
    ] {
        let output = limbic(folder.path(), &[command, "--help"]);
        assert!(output.status.success() && printed(&output).contains("Example"), "{command} --help has no example");
    }
    let takers = "calibrate evaluate export features label predict quality redact sessions show topo train verify";
    for command in takers.split(' ') {
        let help = printed(&limbic(folder.path(), &[command, "--help"]));
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("recording that was begun last"), "{command} --help does not say what \"last\" is: {help}");
    }
    assert_eq!(limbic(folder.path(), &["recrod"]).status.code(), Some(2));
}

/// A picture whose name promises what cannot be written is refused before anything is computed for it.
#[test]
fn a_figure_is_not_written_under_a_name_that_lies() {
    let folder = folder();
    write(folder.path(), "v.csv", "Fz,1.2\nCz,0.3\nPz,-0.4\n");
    for (arguments, name, ends) in [
        (&["topo", "v.csv", "-o", "v.pdf"][..], "v.pdf", ".svg, .png or .txt"),
        (&["topo", "v.csv", "--json", "-o", "v.svg"], "v.svg", "ends with .json"),
        (&["explain", "-o", "e.pdf"], "e.pdf", ".html, .htm, .svg, .png, .npz, .json or .txt"),
        (&["faces", "gone.jpg", "--sheet", "s.png"], "s.png", ".jpg or .jpeg"),
        (&["export", "all", "--to", "parquet", "--what", "labels", "t.npz"], "t.npz", "ends with .parquet"),
        (&["export", "all", "--to", "npz", "--what", "labels", "t.csv"], "t.csv", "ends with .npz"),
    ] {
        refuses(folder.path(), arguments, &[name, ends]);
        assert!(!folder.path().join(name).exists(), "{arguments:?} wrote {name}");
    }
    for (arguments, begin) in [
        (&["topo", "v.csv", "-o", "v.SVG"][..], &b"<svg"[..]),
        (&["topo", "v.csv", "-o", "v.png"], b"\x89PNG"),
        (&["topo", "v.csv", "-o", "v.txt"], b" "),
        (&["topo", "v.csv", "-o", "v"], b" "),
        (&["topo", "v.csv", "-o", "v.xml", "--format", "svg"], b"<svg"),
    ] {
        let output = limbic(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        assert!(std::fs::read(folder.path().join(arguments[3])).expect("written").starts_with(begin), "{arguments:?}");
    }
}

/// Two models of one session: each name gets its own answers, in the table as in the JSON, and the rest shows the newest.
#[test]
fn a_model_that_is_named_gives_its_own_answers() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let output = limbic(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        printed(&output)
    };
    run(&["simulate", "--participants", "1", "--trials", "8", "--video-s", "6", "--face-fps", "0"]);
    run(&["train", "--hidden", "8", "--epochs", "2", "--seed", "1"]);
    run(&["train", "--hidden", "8", "--epochs", "2", "--seed", "2"]);
    let parsed = |text: String| serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
    let models = parsed(run(&["models", "--json"]));
    let name = |i: usize| models[i]["model"]["name"].as_str().expect("a name").to_string();
    let tables = [name(0), name(1)].map(|model| {
        let table = run(&["predict", "last", "--model", &model]);
        let rows = parsed(run(&["predict", "last", "--model", &model, "--json"]));
        let rows = rows.as_array().expect("rows");
        assert_eq!(rows.len(), 8);
        for row in rows {
            let eeg: Vec<f64> = row["eeg"].as_array().expect("EEG").iter().filter_map(serde_json::Value::as_f64).collect();
            let best = eeg.iter().copied().fold(0.0, f64::max);
            let line = |l: &&str| l.split_whitespace().next() == Some(&row["trial"].to_string());
            let line = table.lines().rfind(line).expect("the trial's line");
            assert!(line.contains(&format!(" .{:02.0}", 100.0 * best)), "{model} said {best}: {line}");
        }
        assert!(table.contains(&format!("answered by {model}")), "{table}");
        table
    });
    assert_ne!(tables[0], tables[1]);
    // What was asked last changes nothing: a review is of the newest model.
    let shown = parsed(run(&["show", "last", "--json"]));
    assert_eq!(shown["predictions"][0]["model"], name(0).as_str());
    erased_with_models(folder.path(), &[name(0), name(1)]);
}

/// A person who was trained on: the models are named before and after, with the way out, and go where that is asked for.
fn erased_with_models(folder: &Path, models: &[String; 2]) {
    let erase = |more: &[&str]| limbic(folder, &[&["erase"], more].concat());
    let files = || {
        let all = std::fs::read_dir(folder.join("sessions/models")).expect("models").flatten();
        all.map(|e| e.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let unsure = erase(&["--participant", "SIM01"]);
    let text = said(&unsure);
    assert!(!unsure.status.success() && models.iter().all(|m| text.contains(m)) && text.contains("--with-models"), "{text}");
    let [newest, other] = models;
    assert!(!erase(&["--model", newest]).status.success(), "a model asks for its name twice, too");
    assert!(erase(&["--model", newest, "--confirm", newest]).status.success());
    assert!(files().iter().all(|f| f.starts_with(&format!("{other}."))) && !files().is_empty(), "{:?}", files());
    let shown = printed(&limbic(folder, &["show", "last", "--json"]));
    assert!(shown.contains(other) && !shown.contains(newest), "{shown}");

    let copied = Command::new("cp").args(["-r", "sessions", "copy"]).current_dir(folder).status().expect("copies");
    assert!(copied.success());
    let kept = printed(&erase(&["--participant", "SIM01", "--confirm", "SIM01", "--home", "copy"]));
    assert!(kept.contains(&format!("`limbic erase --model {other} --confirm {other}` deletes it")), "{kept}");
    assert!(erase(&["--model", other, "--confirm", other, "--home", "copy"]).status.success());
    assert_eq!(std::fs::read_dir(folder.join("copy/models")).expect("models").count(), 0);

    let gone = erase(&["--participant", "SIM01", "--confirm", "SIM01", "--with-models", "--json"]);
    assert!(gone.status.success(), "{}", said(&gone));
    let told: serde_json::Value = serde_json::from_str(&printed(&gone)).expect("JSON");
    assert_eq!((&told["models_deleted"], &told["models"]), (&serde_json::json!([other]), &serde_json::json!([])));
    assert!(files().is_empty() && printed(&limbic(folder, &["models"])).contains("no models"), "{:?}", files());
}

/// A session whose samples are half gone is whole for nobody who reads it.
#[test]
fn whoever_reads_a_damaged_session_says_so_and_counts_what_is_left() {
    let folder = folder();
    let simulated = ["simulate", "--participants", "1", "--trials", "4", "--video-s", "8", "--face-fps", "0"];
    assert!(limbic(folder.path(), &simulated).status.success());
    let shown = |arguments: &[&str]| {
        let output = limbic(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        output
    };
    let whole: serde_json::Value = serde_json::from_str(&printed(&shown(&["show", "--json"]))).expect("JSON");
    assert_eq!(whole["unreadable"].as_array().map(Vec::len), Some(0));
    let written = whole["streams"][0]["written"].as_u64().expect("samples");
    let session = std::fs::read_dir(folder.path().join("sessions"))
        .expect("a home")
        .flatten()
        .map(|e| e.path())
        .find(|p| p.join("eeg-000.seg").exists())
        .expect("the session's folder");
    let segment = session.join("eeg-000.seg");
    let bytes = std::fs::read(&segment).expect("a segment");

    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    std::fs::write(&segment, &flipped).expect("written");
    let output = shown(&["show"]);
    assert!(said(&output).contains("is damaged") && printed(&output).contains("missing"), "{}", said(&output));

    std::fs::write(&segment, &bytes[..bytes.len() / 2]).expect("written");
    for what in ["samples", "labels"] {
        let output = shown(&["export", "last", &format!("{what}.npz"), "--to", "npz", "--what", what]);
        assert!(said(&output).contains("cannot be read"), "{what}: {}", said(&output));
    }
    let study = shown(&["study"]);
    assert!(said(&study).contains("cannot be read") && !printed(&study).contains("\n4 usable"), "{}", printed(&study));
    let output = shown(&["show"]);
    let (text, warning) = (printed(&output), said(&output));
    assert_eq!(warning.matches("is damaged").count(), 1, "{warning}");
    assert!(warning.contains("limbic verify SIM01/1") && warning.contains("nothing is left of trials"), "{warning}");
    assert!(!text.contains("delivered what it promised") || text.matches("missing (").count() == 1, "{text}");
    assert!(!text.contains("4 of 4 usable") && text.contains("of 4 usable"), "{text}");
    let counted: serde_json::Value = serde_json::from_str(&printed(&shown(&["show", "--json"]))).expect("JSON");
    let eeg = &counted["streams"][0];
    assert_eq!(eeg["written"].as_u64().expect("read") + eeg["lost"].as_u64().expect("lost"), written);
    assert!(eeg["lost"].as_u64() > Some(written / 4), "{eeg}");
    let quality = shown(&["quality", "last"]);
    assert!(
        said(&quality).contains("is damaged") && !printed(&quality).contains("100.0 % of the samples"),
        "{}",
        printed(&quality)
    );
    assert!(said(&limbic(folder.path(), &["features", "last"])).contains("is damaged"));
    assert!(said(&limbic(folder.path(), &["train", "--hidden", "8", "--epochs", "1"])).contains("is damaged"));
    // The one whose report it is says it once, and in its own words.
    let verified = limbic(folder.path(), &["verify", "last"]);
    assert!(!verified.status.success() && !said(&verified).contains("is damaged: "), "{}", said(&verified));
    assert!(printed(&verified).contains(&format!("{written} written")), "{}", printed(&verified));

    std::fs::write(&segment, b"").expect("written");
    let text = printed(&shown(&["show"]));
    assert!(text.contains("0 of 4 usable") && !text.contains("consent"), "{text}");
}

/// Nothing is trained or measured with none of something, and no answer is lost without a word.
#[test]
fn numbers_that_count_nothing_and_a_full_disk_get_a_sentence() {
    let folder = folder();
    let commands: [&[&str]; 15] = [
        &["train", "--folds", "1"],
        &["evaluate", "--folds", "0"],
        &["reproduce", "thanh", "--data", "x", "--folds", "1"],
        &["train", "--hidden", "0"],
        &["train", "--epochs", "0"],
        &["evaluate", "--hidden", "0"],
        &["evaluate", "--epochs", "0"],
        &["evaluate", "--batch", "0"],
        &["evaluate", "--rate", "0"],
        &["evaluate", "--rate=-1"],
        &["reproduce", "thanh", "--data", "x", "--epochs", "0"],
        &["reproduce", "thanh", "--data", "x", "--hidden", "0"],
        &["bench", "train", "--hidden", "0", "--network", "face-small"],
        &["bench", "train", "--batch", "0"],
        &["bench", "explain", "--windows", "0"],
    ];
    for arguments in commands {
        let output = limbic(folder.path(), arguments);
        let message = said(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains("it must be "), "{arguments:?}: {message}");
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    let output = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["models", "--home"])
        .arg(folder.path())
        .stdout(full)
        .output()
        .expect("limbic runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).starts_with("limbic: cannot write to standard output: "), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
}

/// `limbic topo ... | head`: a reader that has seen enough is no failure, whatever the command writes with.
#[test]
fn a_pipe_that_is_closed_early_is_no_failure() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["topo", "-", "--format", "svg"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("limbic runs");
    // Closed before there is anything to draw.
    drop(child.stdout.take());
    std::io::Write::write_all(&mut child.stdin.take().expect("its input"), b"Fz,1\nCz,2\nPz,3\n").expect("written");
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success() && said(&output).is_empty(), "{}", said(&output));
}

#[test]
fn a_home_that_is_none_is_not_called_empty() {
    let folder = folder();
    write(folder.path(), "file.sh", "");
    refuses(folder.path(), &["sessions", "--home", "file.sh"], &["file.sh is no home of limbic", "--home"]);
    let output = limbic(folder.path(), &["sessions", "--home", "absent"]);
    assert!(output.status.success() && printed(&output).contains("there is no folder absent"), "{}", printed(&output));
    assert!(!folder.path().join("absent").exists());
}

/// So many seconds are so many seconds of samples, and a recording that was stopped is none of them.
#[test]
fn a_recording_is_as_long_as_was_asked_for_or_says_that_it_is_not() {
    let folder = folder();
    let samples = |text: &str| -> u64 {
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        value["streams"][0]["written"].as_u64().expect("samples")
    };
    let whole = limbic(folder.path(), &["record", "--seconds", "2", "--json"]);
    assert!(whole.status.success(), "{}", said(&whole));
    assert!(samples(&printed(&whole)) >= 512, "{}", printed(&whole));
    let child = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["record", "--seconds", "60", "--json"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("limbic runs");
    std::thread::sleep(std::time::Duration::from_secs(4));
    let signal = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(signal.success());
    let stopped = child.wait_with_output().expect("ends");
    assert_eq!(stopped.status.code(), Some(1), "{}", said(&stopped));
    assert!(said(&stopped).contains("stopped on request after ") && said(&stopped).contains(" of 60 s"), "{}", said(&stopped));
    assert!(samples(&printed(&stopped)) > 0, "{}", printed(&stopped));
    assert!(limbic(folder.path(), &["verify", "last"]).status.success());
}

#[test]
fn pictures_are_listed_as_json() {
    let folder = folder();
    let output = limbic(folder.path(), &["pictures", "drawn", "--json", "--cells", "80x24"]);
    assert!(output.status.success(), "{}", said(&output));
    let told: serde_json::Value = serde_json::from_str(&printed(&output)).expect("JSON");
    let files: Vec<&str> = told["files"].as_array().expect("files").iter().filter_map(|f| f.as_str()).collect();
    assert!(!files.is_empty() && files.iter().all(|f| folder.path().join(f).is_file()), "{files:?}");
    assert_eq!(files.len(), std::fs::read_dir(folder.path().join("drawn")).expect("a folder").count());
}
