//! The house rules that a program can check: who may import whom, one owner per foreign library, small files that
//! say what they are for, and documents that name things which exist.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file as (path relative to src, text).
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files
        .into_iter()
        .map(|p| {
            let name = p.strip_prefix(&src).expect("below src").to_string_lossy().into_owned();
            (name, fs::read_to_string(&p).expect("utf-8"))
        })
        .collect()
}

/// The code without comments and without what follows the first test module.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or(text);
    body.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn stage(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap_or(name)
}

#[test]
fn signal_imports_no_other_module_of_ours() {
    for (name, text) in sources().iter().filter(|(n, _)| stage(n) == "signal") {
        for line in code(text).lines().filter(|l| l.contains("crate::")) {
            assert!(line.contains("crate::signal"), "src/{name} imports past signal: {}", line.trim());
        }
    }
}

/// Of a field called `source` thiserror makes the next link of the chain, and `{:#}` prints every link.
#[test]
fn no_error_tells_its_cause_itself_and_in_its_chain() {
    for (name, text) in sources() {
        for sentence in text.split("#[error(").skip(1).filter_map(|after| after.split(")]").next()) {
            assert!(
                !["{source}", "{source:"].iter().any(|s| sentence.contains(s)),
                "src/{name}: call the field `cause`, or leave it out of {sentence}"
            );
        }
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2).filter(|p| p[1].contains("#[from]") || p[1].contains("#[source]")) {
            assert!(pair[0].contains("transparent") || !pair[0].contains("{0}"), "src/{name}: {} tells its cause twice", pair[1]);
        }
    }
}

#[test]
fn nothing_below_the_screens_knows_them() {
    for (name, text) in sources().iter().filter(|(n, _)| !matches!(stage(n), "show" | "cli" | "main" | "lib")) {
        for layer in ["crate::show", "crate::cli"] {
            assert!(!code(text).contains(layer), "src/{name} imports {layer}");
        }
    }
}

#[test]
fn each_foreign_library_has_one_owner() {
    let owners: [(&[&str], &[&str]); 9] = [
        (&["sled::"], &["store"]),
        (&["ratatui", "crossterm"], &["show"]),
        (&["ort::"], &["infer"]),
        (&["burn::", "burn "], &["train"]),
        (&["nokhwa"], &["acquire"]),
        (&["prost::"], &["train"]),
        (&["rustfft"], &[]),
        (&["limbic_fft"], &["acquire", "gate", "prepare"]),
        (&["clap::"], &["cli", "main"]),
    ];
    for (name, text) in sources() {
        let code = code(&text);
        for (libraries, allowed) in owners {
            for library in libraries {
                let names_it = code.lines().any(|l| {
                    let l = l.trim_start();
                    (l.starts_with("use ") || l.starts_with("pub use ") || library.ends_with("::")) && word(l, library)
                });
                assert!(!names_it || allowed.contains(&stage(&name)), "src/{name} names {library}, which only {allowed:?} may");
            }
        }
    }
}

/// Whether `library` stands in the line as a path of its own, not as the tail of a longer name.
fn word(line: &str, library: &str) -> bool {
    line.match_indices(library.trim_end()).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '"' || c == '/')
    })
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        if root().join(folder).is_dir() {
            rust_files(&root().join(folder), &mut files);
        }
    }
    for path in files {
        let text = fs::read_to_string(&path).expect("utf-8");
        assert!(text.starts_with("//! "), "{} does not open with a `//!` sentence", path.display());
        assert!(text.lines().count() <= 500, "{} has more than 500 lines: split it by what it does", path.display());
    }
    assert!(fs::read_to_string(root().join("src/main.rs")).expect("main").lines().count() < 30);
}

#[test]
fn the_documents_name_what_exists() {
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for line in architecture.lines().filter(|l| l.starts_with("| `src/")) {
        let path = line.trim_start_matches("| `").split('`').next().unwrap_or_default();
        assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}, which does not exist");
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let dependencies = manifest.split("[dependencies]").nth(1).and_then(|t| t.split("[features]").next()).expect("dependencies");
    for name in dependencies.lines().filter_map(|l| l.split(" =").next()).filter(|n| !n.is_empty() && !n.starts_with(['[', '#']))
    {
        assert!(architecture.contains(&format!("**{name}**")), "ARCHITECTURE.md has no sentence on the dependency {name}");
    }
}

#[test]
fn the_example_rig_is_understood() {
    let path = root().join("rig.example.toml");
    let rig = limbic::rig::Rig::load(&path).expect("the example must parse");
    assert_eq!(rig.gate.pass, 80.0);
    let typo = fs::read_to_string(&path).expect("text").replace("bad_share", "bad_shares");
    let error = limbic::rig::Rig::parse(&typo, &path).expect_err("unknown key").to_string();
    assert!(error.contains("bad_shares") && error.contains("rig.example.toml"), "{error}");
}
