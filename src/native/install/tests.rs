//! Installing from a folder of wheels made for the test: all or nothing, never twice, repaired when damaged.

use super::*;
use sha2::{Digest, Sha256};
use std::io::Write;
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

const FILES: [&str; 2] = ["thing/lib/libBoardController.so", "thing/lib/libOther.so"];

/// A folder with one wheel, and a pin for it; `wrong` pins another checksum.
fn lab(members: &[&str], wrong: bool) -> (TempDir, Pin, InstallOptions) {
    let root = tempfile::tempdir().expect("folder");
    let wheels = root.path().join("wheels");
    fs::create_dir(&wheels).expect("wheels");
    let wheel = wheels.join("thing-1.0-py3-none-any.whl");
    let mut zip = ZipWriter::new(fs::File::create(&wheel).expect("wheel"));
    for member in members.iter().chain(&["thing/not_needed.dll"]) {
        zip.start_file(*member, SimpleFileOptions::default()).expect("member");
        zip.write_all(format!("content of {member}").as_bytes()).expect("content");
    }
    zip.finish().expect("zip");
    let sum: String = Sha256::digest(fs::read(&wheel).expect("bytes")).iter().map(|b| format!("{b:02x}")).collect();
    let pin = Pin {
        library: Library::BrainFlow,
        package: "thing",
        version: "1.0",
        wheel: "thing-1.0-py3-none-any.whl",
        sha256: Box::leak(if wrong { "0".repeat(64) } else { sum }.into_boxed_str()),
        platform: "any",
        files: &FILES,
        licence: "MIT",
    };
    let options = InstallOptions { from: Some(wheels), ..InstallOptions::default() };
    (root, pin, options)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|d| d.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect())
        .unwrap_or_default();
    names.sort();
    names
}

#[test]
fn only_the_needed_files_and_the_second_time_nothing() {
    let (root, pin, options) = lab(&FILES, false);
    let native = root.path().join("native");
    let first = install_pin(&pin, &native, &options, &mut |_| ()).expect("installed");
    assert_eq!((first.outcome, first.files), (Outcome::Installed, 2));
    assert_eq!(names(&native), ["thing-1.0"]);
    assert_eq!(names(&first.folder), ["installed.json", "libBoardController.so", "libOther.so"]);
    let stamp = || fs::metadata(first.folder.join("installed.json")).expect("record").modified().expect("time");
    let before = stamp();
    // The wheels are gone: nothing is fetched again.
    let no_wheels = InstallOptions { from: Some(root.path().join("none")), ..InstallOptions::default() };
    let second = install_pin(&pin, &native, &no_wheels, &mut |_| ()).expect("there");
    assert_eq!((second.outcome, stamp()), (Outcome::AlreadyThere, before));
}

#[test]
fn a_wrong_checksum_leaves_nothing() {
    let (root, pin, options) = lab(&FILES, true);
    let native = root.path().join("native");
    let error = install_pin(&pin, &native, &options, &mut |_| ()).expect_err("refused").to_string();
    assert!(error.contains("thing-1.0-py3-none-any.whl is not the file that limbic knows") && !error.contains('\n'), "{error}");
    assert!(names(&native).is_empty());
}

#[test]
fn a_wheel_without_a_needed_file_leaves_nothing() {
    let (root, pin, options) = lab(&FILES[..1], false);
    let native = root.path().join("native");
    let error = install_pin(&pin, &native, &options, &mut |_| ()).expect_err("refused").to_string();
    assert!(error.contains("thing/lib/libOther.so"), "{error}");
    assert!(names(&native).is_empty());
}

#[test]
fn a_changed_file_is_repaired() {
    let (root, pin, options) = lab(&FILES, false);
    let native = root.path().join("native");
    let folder = install_pin(&pin, &native, &options, &mut |_| ()).expect("installed").folder;
    fs::write(folder.join("libOther.so"), b"changed").expect("changed");
    let mut said = Vec::new();
    let again = install_pin(&pin, &native, &options, &mut |line| said.push(line.to_string())).expect("repaired");
    assert_eq!(again.outcome, Outcome::Repaired);
    assert!(said[0].contains("libOther.so was changed"), "{said:?}");
    assert_eq!(fs::read(folder.join("libOther.so")).expect("file"), b"content of thing/lib/libOther.so");
    assert_eq!(names(&native), ["thing-1.0"]);
}

#[test]
fn a_missing_wheel_says_how_to_fetch_it() {
    let (root, pin, _) = lab(&FILES, false);
    let options = InstallOptions { from: Some(root.path().into()), ..InstallOptions::default() };
    let error = install_pin(&pin, &root.path().join("native"), &options, &mut |_| ()).expect_err("missing").to_string();
    assert!(error.contains("python3 -m pip download") && error.contains("thing==1.0"), "{error}");
}

#[test]
fn leftovers_of_a_killed_run_are_swept_and_others_kept() {
    let root = tempfile::tempdir().expect("folder");
    // No process has number 0 in /proc; this test's own is alive.
    let own = format!("thing-1.0.partial-{}", std::process::id());
    for name in ["thing-1.0.partial-0", "thing-1.0.download-0", "thing-1.0", "notes", &own] {
        fs::create_dir(root.path().join(name)).expect("folder");
    }
    sweep(root.path());
    assert_eq!(names(root.path()), ["notes", "thing-1.0", &own]);
}
