//! Training on a GPU through the program, in a build that has them (`cargo test --release --features gpu --test gpu`). Says
//! so and ends where no adapter answers; Debian's package mesa-vulkan-drivers has one made of software.
#![cfg(feature = "gpu")]

use std::path::Path;
use std::process::Command;

fn limbic(home: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_limbic")).arg("--home").arg(home).args(arguments).output().expect("runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_network_trains_there_and_its_card_says_so() {
    let room = tempfile::tempdir().expect("folder");
    let home = room.path().join("home");
    let (_, probed, _) = limbic(&home, &["probe-gpu"]);
    println!("the adapter: {}", probed.trim());
    if !probed.contains("\"Ok\"") {
        println!("skipped: no adapter answers here");
        return;
    }
    let simulate = ["simulate", "--participants", "1", "--trials", "12", "--seed", "5", "--video-s", "6", "--effect", "2"];
    let (made, _, why) = limbic(&home, &simulate);
    assert!(made, "{why}");
    for (device, said) in [("cpu", "on the CPU"), ("gpu", "on the GPU")] {
        let (trained, summary, why) = limbic(&home, &["train", "--device", device, "--hidden", "16", "--epochs", "10", "--json"]);
        assert!(trained, "{device}: {why}");
        assert_eq!(why.contains("training on"), device == "gpu", "{why}");
        let value: serde_json::Value = serde_json::from_str(&summary).expect("json");
        println!("{device}: {}", value["summary"]);
        let (listed, models, why) = limbic(&home, &["models", "--json"]);
        assert!(listed, "{why}");
        assert!(models.contains(&format!("\"device\": \"{device}\"")), "{said}: {models}");
    }
}
