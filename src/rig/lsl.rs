//! A device of the rig that is a stream over the lab's network (LSL).

use crate::signal::{LatencySource, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A stream of Lab Streaming Layer, found by at least one of name, type, source_id and predicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LslRig {
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub stream_type: Option<String>,
    pub source_id: Option<String>,
    /// LSL's own query (XPath), e.g. "starts-with(name,'BioSemi') and channel_count=32".
    pub predicate: Option<String>,
    /// How long to look for it, s.
    pub wait_s: f64,
    /// Computers that are asked for streams besides whoever answers to multicast.
    pub known_peers: Vec<String>,
    /// false: only `known_peers` are asked.
    pub multicast: bool,
    pub layout: LslLayout,
    /// Channel that counts samples: losses are found by it.
    pub counter: Option<String>,
    /// Names of streams in which the device reports electrode contact.
    pub contact: Vec<String>,
    /// Names of streams of text or numbers whose samples become markers.
    pub markers: Vec<String>,
    /// Labels of the channels, in order, where the stream has none.
    pub montage: Vec<String>,
    /// Channels that measure something else than the stream says: label -> what.
    pub roles: BTreeMap<String, Role>,
    /// Fixed delay between electrode and stamp, s, with its standard deviation and where it was learnt.
    pub latency_s: f64,
    pub latency_sd_s: f64,
    pub latency_source: LatencySource,
    /// The outlet is a generator or a test, not a person.
    pub simulated: bool,
}

/// How the stream's channels are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LslLayout {
    /// EmotivPRO's where the stream looks like it, else plain.
    #[default]
    Auto,
    /// Every channel is a signal.
    Plain,
    /// EmotivPRO's: Counter and Interpolate tell losses, Timestamp is left out, contact streams are looked for.
    EmotivPro,
}

impl Default for LslRig {
    fn default() -> Self {
        LslRig {
            name: None,
            stream_type: None,
            source_id: None,
            predicate: None,
            wait_s: 5.0,
            known_peers: Vec::new(),
            multicast: true,
            layout: LslLayout::Auto,
            counter: None,
            contact: Vec::new(),
            markers: Vec::new(),
            montage: Vec::new(),
            roles: BTreeMap::new(),
            latency_s: 0.0,
            latency_sd_s: 0.0,
            latency_source: LatencySource::Default,
            simulated: false,
        }
    }
}

impl LslRig {
    /// LSL's query for the stream.
    ///
    /// # Errors
    /// A sentence where nothing tells the stream from others, or a text cannot be quoted.
    pub fn query(&self) -> Result<String, String> {
        let mut parts = Vec::new();
        for (key, value) in [("name", &self.name), ("type", &self.stream_type), ("source_id", &self.source_id)] {
            if let Some(value) = value {
                parts.push(equals(key, value)?);
            }
        }
        parts.extend(self.predicate.as_ref().map(|p| format!("({p})")));
        if parts.is_empty() {
            return Err("say which stream: name, type, source_id or predicate".into());
        }
        Ok(parts.join(" and "))
    }
}

/// `key='value'` in LSL's query language.
///
/// # Errors
/// XPath 1.0 has no way to write both kinds of quotes into one text.
pub fn equals(key: &str, value: &str) -> Result<String, String> {
    match (value.contains('\''), value.contains('"')) {
        (true, true) => Err(format!("{key} = {value} holds both kinds of quotes; use predicate")),
        (true, false) => Ok(format!("{key}=\"{value}\"")),
        _ => Ok(format!("{key}='{value}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::{Device, Rig};
    use std::path::Path;

    #[test]
    fn keys_make_one_query() {
        let text = "name = 'r'\n[[device]]\nkind = 'lsl'\nname = \"it's\"\ntype = 'EEG'\npredicate = 'channel_count>8'\n";
        let rig = Rig::parse(text, Path::new("r.toml")).expect("parses");
        let Device::Lsl(lsl) = &rig.devices[0] else { panic!("no LSL device") };
        assert_eq!(lsl.query(), Ok("name=\"it's\" and type='EEG' and (channel_count>8)".into()));
        assert!(lsl.multicast && lsl.wait_s == 5.0);
        assert!(LslRig::default().query().is_err());
        assert!(Rig::parse(&text.replace("type", "typ"), Path::new("r.toml")).is_err());
    }
}
