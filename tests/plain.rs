//! `limbic --plain`: a whole session, participant to explanation, from a script on standard input.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn plain(home: &std::path::Path, script: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["--plain", "--simulated-time", "--home"])
        .arg(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("written");
    child.wait_with_output().expect("ends")
}

#[test]
fn a_whole_session_from_a_script() {
    let home = tempfile::tempdir().expect("a folder");
    let mut script = String::from(
        "# participant to explanation\nparticipant P07 age=25-34 hand=right\nconsent recording by=MK form=\"v3\"\ndevices\n\
         wait gate\ngate\nbegin\nnote the room is quiet\nmarker door\n",
    );
    // The built-in playlist has eight videos.
    script += &"wait rating\nrate simulated\n".repeat(8);
    script += "wait end\nsummary\ntrain seed=3\nwait training\nreview\nexplain\nquit\n";
    let output = plain(home.path(), &script);
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{wrong}\n{said}");
    for words in ["gate PASSES", "ok recording", "trial 8/8: rating", "COMPLETE", "8 of 8 trials", "train finished", "AUDC"] {
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "\"{words}\" is not said:\n{said}");
    }
    assert!(said.contains("SIMULATED"), "{said}");
    assert!(!said.contains('\u{1b}'), "no line is drawn over");
    println!("{said}");
}

#[test]
fn a_script_ends_at_what_cannot_be_done() {
    let home = tempfile::tempdir().expect("a folder");
    let output = plain(home.path(), "participant P07\nconsent recording by=MK\nbegin\nnote never\n");
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && wrong.contains("\"begin\" was not done"), "{wrong}");
    let output = plain(home.path(), "participant J\u{fc}rgen\nconsent recording by=MK\n");
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && wrong.contains("\"participant J\u{fc}rgen\" was not done"), "{wrong}");
    assert!(wrong.contains(limbic::store::CODE_RULE), "{wrong}");
    let output = plain(home.path(), "participant Anna Smith\n");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("not understood"));
}

#[test]
fn the_summary_says_of_every_stream_what_show_says() {
    let home = tempfile::tempdir().expect("a folder");
    let script = "participant P07\nconsent recording by=MK\ndevices\nwait gate\nbegin\nwait 5\nabort P07\nwait end\nwait 5\nsummary\nquit\n";
    let output = plain(home.path(), script);
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{wrong}\n{said}");
    let show = Command::new(env!("CARGO_BIN_EXE_limbic")).args(["show", "--home"]).arg(home.path()).output().expect("starts");
    let show = String::from_utf8_lossy(&show.stdout);
    let verdicts: Vec<&str> = show.lines().filter(|line| line.contains("promised; ") || line.contains("consent")).collect();
    assert!(verdicts.iter().any(|line| line.contains("not stored, for lack of consent")), "{show}");
    for line in verdicts {
        assert!(said.contains(line), "\"{line}\" is not in the summary:\n{said}");
    }
}

#[test]
fn what_was_typed_in_a_session_is_read_back() {
    let home = tempfile::tempdir().expect("a folder");
    let script = "participant P07 note=tired\nconsent recording by=MK\ndevices\noverride dry electrodes\nwait gate\nbegin\n\
         note the room\\tis quiet\nwait rating\nmarker door\nredo a phone rang\nwait 2\nskip cap slipped\npause for a drink\n\
         wait 2\ncontinue\nwait rating\nrate reason=\"fell asleep\"\nabort P07\nwait end\nwait 5\nquit\n";
    let output = plain(home.path(), &script.replace("\\t", "\t"));
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let show = |more: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_limbic")).args(["show", "last", "--home"]).arg(home.path()).args(more).output();
        String::from_utf8(output.expect("starts").stdout).expect("text")
    };
    let shown = show(&[]);
    let (_, remarks) = shown.split_once("\nnotes and markers\n").expect("they have a place of their own");
    let words = |line: &str| line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    let told: Vec<String> = remarks.lines().map(words).collect();
    let expected = [
        "override dry electrodes",
        "note the room is quiet",
        "marker trial 1 door",
        "redo trial 1 a phone rang",
        "skip trial 1 cap slipped",
        "pause trial 1 for a drink",
        "resume trial 1",
        "abort trial 2 by the experimenter",
    ];
    assert_eq!(told, expected, "{shown}");
    assert!(!shown.contains('\t') && shown.contains("fell asleep"), "the trials' notes, on lines that stay lines:\n{shown}");
    let json: serde_json::Value = serde_json::from_str(&show(&["--json"])).expect("JSON");
    assert!(json["session"]["override_reason"].is_null(), "it began above the gate");
    let markers = json["markers"].as_array().expect("markers");
    let skip = markers.iter().find(|m| m["kind"] == "skip").expect("skipped");
    assert_eq!((&skip["text"], &skip["trial"]), (&"cap slipped".into(), &1.into()));
    let line = remarks.lines().find(|line| line.contains("cap slipped")).expect("listed");
    let at = (skip["at"].as_i64().expect("ns") - json["session"]["started"].as_i64().expect("ns")) as f64 / 1e9;
    assert!(line.trim_start().starts_with(&format!("{at:.1} s")), "{line}: {at}");
    assert!(markers.iter().any(|m| m["kind"] == "override" && m["text"] == "dry electrodes"));
    assert_eq!(json["trials"][1]["note"], "fell asleep");
}
