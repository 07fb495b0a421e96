//! Brings one wheel: from a folder, through pip, or over HTTPS from a package index that the user or pip's
//! configuration names. Every way ends in the same checksum, so none of them needs to be trusted.

use super::{InstallOptions, NativeError, Pin, simple};
use std::env;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use ureq::ResponseExt;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// No wheel is larger, bytes.
const LARGEST: u64 = 512 << 20;
/// No index page is larger, bytes.
const LARGEST_PAGE: u64 = 32 << 20;

/// Which way over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// pip where python3 has it, else HTTPS.
    #[default]
    Auto,
    Pip,
    Https,
}

/// One file of a package index.
pub struct Wheel {
    pub package: &'static str,
    pub version: &'static str,
    /// The file's name.
    pub wheel: &'static str,
    /// Arguments for pip that fetch exactly this file.
    pub pip_arguments: Vec<String>,
}

impl Wheel {
    fn of(pin: &Pin) -> Wheel {
        Wheel { package: pin.package, version: pin.version, wheel: pin.wheel, pip_arguments: pin.pip_arguments() }
    }
}

/// The wheel of `pin`: in the folder that the user named, or downloaded into `into`. Not yet checked.
pub fn fetch(pin: &Pin, options: &InstallOptions, into: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, NativeError> {
    fetch_wheel(&Wheel::of(pin), options, into, say)
}

/// As [`fetch`], of any wheel.
pub fn fetch_wheel(
    pin: &Wheel,
    options: &InstallOptions,
    into: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, NativeError> {
    if let Some(folder) = &options.from {
        return in_folder(pin, folder);
    }
    std::fs::create_dir_all(into).map_err(|cause| NativeError::Write { path: into.into(), cause })?;
    let failed = |message: String| NativeError::Fetch { package: pin.package, version: pin.version, message };
    let pip = options.transport == Transport::Pip || (options.transport == Transport::Auto && has_pip());
    let (index, certificates) = configured(options);
    let mut pip_says = None;
    if pip {
        say(&format!("fetching {} {} with pip", pin.package, pin.version));
        match with_pip(pin, options, into) {
            Ok(wheel) => return Ok(wheel),
            Err(message) if options.transport == Transport::Pip || index.is_none() => return Err(failed(message)),
            Err(message) => pip_says = Some(message),
        }
    }
    let Some(index) = index else {
        return Err(failed("python3 with pip is not here and no package index is named; give one with --index URL".into()));
    };
    let host = simple::without_credentials(&index);
    match &pip_says {
        Some(message) => say(&format!("pip failed ({message}); fetching {} from {host}", pin.wheel)),
        None => say(&format!("fetching {} from {host}", pin.wheel)),
    }
    over_https(pin, &index, certificates.as_deref(), into).map_err(failed)
}

fn in_folder(pin: &Wheel, folder: &Path) -> Result<PathBuf, NativeError> {
    let wheel = folder.join(pin.wheel);
    if wheel.is_file() {
        return Ok(wheel);
    }
    Err(NativeError::NotInFolder {
        path: folder.into(),
        message: format!("{} is not there", pin.wheel),
        command: format!("python3 -m pip {}", pin.pip_arguments.join(" ")),
    })
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]).stdin(Stdio::null());
    command
}

fn has_pip() -> bool {
    python().arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

fn with_pip(pin: &Wheel, options: &InstallOptions, into: &Path) -> Result<PathBuf, String> {
    let mut command = python();
    command.args(&pin.pip_arguments).arg("--quiet").arg("--dest").arg(into);
    if let Some(index) = &options.index {
        command.args(["--index-url", index]);
    }
    let output = command.output().map_err(|e| format!("python3 does not start: {e}"))?;
    let wheel = into.join(pin.wheel);
    if output.status.success() && wheel.is_file() {
        return Ok(wheel);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let telling = lines.iter().rev().find(|l| l.starts_with("ERROR:")).or(lines.last());
    Err(telling.map_or("pip brought another file".into(), |l| format!("pip says: {}", l.trim_start_matches("ERROR: "))))
}

/// The index and the certificates: command line and environment before pip's configuration files.
fn configured(options: &InstallOptions) -> (Option<String>, Option<PathBuf>) {
    let set = |name: &str| env::var(name).ok().filter(|v| !v.is_empty());
    let home = |name: &str, below: &str| set(name).map(|h| Path::new(&h).join(below));
    let files = [
        set("PIP_CONFIG_FILE").map(PathBuf::from),
        home("XDG_CONFIG_HOME", "pip/pip.conf"),
        home("HOME", ".config/pip/pip.conf"),
        home("HOME", ".pip/pip.conf"),
        Some("/etc/xdg/pip/pip.conf".into()),
        Some("/etc/pip.conf".into()),
    ];
    let configs: Vec<simple::PipConfig> =
        files.into_iter().flatten().filter_map(|f| std::fs::read_to_string(f).ok()).map(|t| simple::parse_config(&t)).collect();
    let index =
        options.index.clone().or_else(|| set("PIP_INDEX_URL")).or_else(|| configs.iter().find_map(|c| c.index_url.clone()));
    let cert = set("SSL_CERT_FILE").or_else(|| set("PIP_CERT")).or_else(|| configs.iter().find_map(|c| c.cert.clone()));
    (index, cert.map(PathBuf::from))
}

fn over_https(pin: &Wheel, index: &str, certificates: Option<&Path>, into: &Path) -> Result<PathBuf, String> {
    let agent = agent(certificates)?;
    let page = simple::page_of(index, pin.package);
    let shown = simple::without_credentials(&page);
    let mut response = get(&agent, &page)?;
    // Relative links start where a redirection ended.
    let page = response.get_uri().to_string();
    let html = response.body_mut().with_config().limit(LARGEST_PAGE).read_to_string().map_err(|e| format!("{shown}: {e}"))?;
    let link = simple::link_to(&html, &page, pin.wheel).ok_or_else(|| format!("{shown} does not list {}", pin.wheel))?;
    let wheel = into.join(pin.wheel);
    save(&agent, &link, &wheel)?;
    Ok(wheel)
}

/// Saves what lies at an address.
fn save(agent: &ureq::Agent, url: &str, path: &Path) -> Result<(), String> {
    let mut response = get(agent, url)?;
    let mut file = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let copied = io::copy(&mut response.body_mut().with_config().limit(LARGEST).reader(), &mut file);
    copied.map(|_| ()).map_err(|e| format!("{}: {e}", simple::without_credentials(url)))
}

/// Saves what lies at an address of another registry, trusting the certificates that are configured for the index.
pub fn download(url: &str, options: &InstallOptions, path: &Path) -> Result<(), String> {
    let (_, certificates) = configured(options);
    save(&agent(certificates.as_deref())?, url, path)
}

fn get(agent: &ureq::Agent, url: &str) -> Result<ureq::http::Response<ureq::Body>, String> {
    agent.get(url).call().map_err(|e| format!("{}: {e}", simple::without_credentials(url)))
}

/// Trusts the certificates of the file where one is named (a lab's own mirror), else Mozilla's.
fn agent(certificates: Option<&Path>) -> Result<ureq::Agent, String> {
    let mut tls = TlsConfig::builder();
    if let Some(path) = certificates {
        let pem = std::fs::read(path).map_err(|e| format!("cannot read the certificates {}: {e}", path.display()))?;
        let roots: Vec<_> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        tls = tls.root_certs(RootCerts::new_with_certs(&roots));
    }
    Ok(ureq::Agent::config_builder()
        .tls_config(tls.build())
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_recv_body(Some(Duration::from_secs(900)))
        .build()
        .new_agent())
}
