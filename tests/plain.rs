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
