//! liblsl's configuration: silent, and where the lab's network needs it, without multicast and with known peers.
//!
//! liblsl reads it once a process, so that all LSL devices of a rig share it.

use super::ffi::Api;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// liblsl's quietest level: by default it writes to stderr and ruins the screen.
const SILENCE: &str = "[log]\nlevel = -3\n";

/// How streams are to be found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Network {
    /// Computers that are asked by name or address.
    pub peers: BTreeSet<String>,
    pub no_multicast: bool,
}

/// What this process has told liblsl.
static TOLD: Mutex<Option<Network>> = Mutex::new(None);

/// Tells liblsl before its first use. `None` takes whatever holds already, or the machine's own configuration file.
///
/// # Errors
/// It was told something else before, or this version cannot be told.
pub fn tell(api: &Arc<Api>, wanted: Option<Network>) -> Result<(), String> {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    match (&*told, wanted) {
        (Some(_), None) => Ok(()),
        (Some(before), Some(wanted)) if *before == wanted => Ok(()),
        (Some(_), Some(_)) => Err("known_peers and multicast hold for the whole program: give all LSL devices of the rig the \
             same, and start limbic again after a change"
            .into()),
        (None, None) => {
            api.configure(&silenced(&machines_own()));
            *told = Some(Network::default());
            Ok(())
        }
        (None, Some(wanted)) => {
            if !api.configure(&text(&wanted)) {
                return Err("this liblsl is too old to be told known_peers and multicast; `limbic setup --only lsl` brings a \
                     newer one"
                    .into());
            }
            *told = Some(wanted);
            Ok(())
        }
    }
}

/// A configuration for that network.
fn text(network: &Network) -> String {
    let mut text = String::new();
    if network.no_multicast {
        text += "[multicast]\nResolveScope = machine\nAddressesOverride = {}\nMachineAddresses = {}\nLinkAddresses = {}\n\
                 SiteAddresses = {}\n";
    }
    if !network.peers.is_empty() {
        let peers: Vec<&str> = network.peers.iter().map(String::as_str).collect();
        text += &format!("[lab]\nKnownPeers = {{{}}}\n", peers.join(", "));
    }
    text + SILENCE
}

/// The configuration file that liblsl would read by itself.
fn machines_own() -> String {
    let home = std::env::var_os("HOME").map(|h| PathBuf::from(h).join("lsl_api/lsl_api.cfg"));
    let named = std::env::var_os("LSLAPICFG").map(PathBuf::from);
    let files = [named, Some("lsl_api.cfg".into()), home, Some("/etc/lsl_api/lsl_api.cfg".into())];
    files.into_iter().flatten().find_map(|f| std::fs::read_to_string(f).ok()).unwrap_or_default()
}

/// The same without messages, unless it says itself how many it wants.
fn silenced(text: &str) -> String {
    let says = text.lines().any(|l| l.trim().eq_ignore_ascii_case("[log]"));
    if says { text.into() } else { format!("{}\n{SILENCE}", text.trim_end()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_multicast_only_the_peers_are_asked() {
        let peers = ["192.168.1.20".to_string(), "lab-pc".to_string()].into_iter().collect();
        let text = text(&Network { peers, no_multicast: true });
        assert!(text.contains("ResolveScope = machine\n") && text.contains("SiteAddresses = {}\n"), "{text}");
        assert!(text.contains("[lab]\nKnownPeers = {192.168.1.20, lab-pc}\n") && text.ends_with(SILENCE), "{text}");
        assert_eq!(super::text(&Network::default()), SILENCE);
    }

    #[test]
    fn a_file_of_the_machine_is_kept_and_silenced() {
        assert_eq!(silenced("[lab]\nKnownPeers = {a}\n"), format!("[lab]\nKnownPeers = {{a}}\n{SILENCE}"));
        assert_eq!(silenced("[log]\nlevel = 2\n"), "[log]\nlevel = 2\n");
    }
}
