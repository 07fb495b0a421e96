//! Streams over the lab's network (Lab Streaming Layer), as a source: liblsl is opened at run time.
//!
//! One device is one stream of signals with what belongs to it: streams in which the device reports electrode contact,
//! and streams of markers. Stamps are the outlet's, moved to our clock by LSL's time correction; every correction is
//! handed over as well, so that the outlet's own stamps can be had back to the nanosecond. An outlet that dies and
//! returns leaves one gap of the right length.

mod align;
mod config;
mod connection;
mod describe;
mod ffi;
mod layout;
mod markers;
mod signals;
mod values;
mod xml;

use super::{AcquireError, Packet, Source, Surroundings};
use crate::native::{self, Library};
use crate::rig::{LslRig, equals};
use crate::signal::{LatencyOrigin, Nanos, SharedClock, StreamId, StreamInfo, StreamKind};
use config::Network;
use connection::Connection;
use ffi::Api;
use layout::Layout;
use markers::MarkerLink;
use serde::Serialize;
use signals::SignalLink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Pause between two looks for samples: each wakes the machine, and with what waits here and what the recorder may keep
/// to itself a kill loses less than a quarter of a second.
const POLL: Duration = Duration::from_millis(50);
/// How long EmotivPRO's contact streams are looked for where the rig does not name them, s.
const CONTACT_S: f64 = 1.0;
/// LSL's clock and ours count as one below this.
const SAME_CLOCK: Nanos = 50_000;
/// EmotivPRO's streams of contact and quality.
const EMOTIV_CONTACT: [&str; 2] = ["EmotivDataStream-Contact-Quality", "EmotivDataStream-EEG-Quality"];

/// liblsl's version, "1.18"; None where no liblsl is found.
///
/// # Errors
/// [`AcquireError::BadLibrary`] when the file that is found cannot be used.
pub fn version(library_dir: Option<&Path>) -> Result<Option<String>, AcquireError> {
    match native::find(Library::Lsl, library_dir) {
        Some(path) => open(&path).map(|api| Some(dotted(&api))),
        None => Ok(None),
    }
}

/// 118 -> "1.18".
fn dotted(api: &Api) -> String {
    format!("{}.{}", api.version() / 100, api.version() % 100)
}

fn open(path: &Path) -> Result<Arc<Api>, AcquireError> {
    Api::open(path).map_err(|message| AcquireError::BadLibrary { library: path.display().to_string(), message })
}

fn library(library_dir: Option<&Path>) -> Result<Arc<Api>, AcquireError> {
    let path = native::find(Library::Lsl, library_dir)
        .ok_or_else(|| AcquireError::NoLsl { searched: native::searched(Library::Lsl, library_dir) })?;
    open(&path)
}

/// A stream on the network, for lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub channels: usize,
    /// Samples a second; 0 = irregular.
    pub rate: f64,
    pub format: String,
    pub host: String,
    pub source_id: String,
}

/// All streams that answer within `wait_s`, sorted by name. `rig` gives the network settings; None the machine's own.
///
/// # Errors
/// No liblsl, or one that cannot be used.
pub fn streams(library_dir: Option<&Path>, rig: Option<&LslRig>, wait_s: f64) -> Result<Vec<Found>, AcquireError> {
    let api = library(library_dir)?;
    configure(&api, rig)?;
    let found = api.search(None, 0, wait_s);
    let mut rows: Vec<Found> = found.iter().filter_map(|info| describe::describe(&info.xml()).ok()).map(Found::of).collect();
    rows.sort_by(|a, b| (&a.name, &a.host, &a.source_id).cmp(&(&b.name, &b.host, &b.source_id)));
    Ok(rows)
}

impl Found {
    fn of(d: describe::Description) -> Found {
        Found {
            name: d.name,
            kind: d.kind,
            channels: d.width,
            rate: d.rate,
            format: d.format,
            host: d.host,
            source_id: d.source_id,
        }
    }
}

fn configure(api: &Arc<Api>, rig: Option<&LslRig>) -> Result<(), AcquireError> {
    let network = rig.map(|r| Network { peers: r.known_peers.iter().cloned().collect(), no_multicast: !r.multicast });
    config::tell(api, network.filter(|n| *n != Network::default()))
        .map_err(|message| AcquireError::Device { device: "LSL".into(), message })
}

/// One stream of signals and what belongs to it.
pub struct Lsl {
    name: String,
    streams: Vec<StreamInfo>,
    /// In the order of `streams`.
    links: Vec<SignalLink>,
    markers: Vec<MarkerLink>,
    clock: SharedClock,
    running: bool,
    /// To be told with the first packets.
    pending: Vec<Packet>,
}

impl Lsl {
    /// Finds the stream on the network and names its channels.
    ///
    /// # Errors
    /// liblsl is not here; no stream fits within `wait_s`, or several do; labels or roles that make no sense.
    pub fn open(rig: &LslRig, around: &Surroundings) -> Result<Self, AcquireError> {
        let refuse = |message: String| AcquireError::Device { device: "LSL".into(), message };
        if around.clock.is_simulated() {
            return Err(refuse("its streams come in real time and cannot follow a simulated clock".into()));
        }
        let api = library(around.library_dir.as_deref())?;
        configure(&api, Some(rig))?;
        let query = rig.query().map_err(refuse)?;
        let main = Connection::find(&api, &query, rig.wait_s, &around.clock).map_err(refuse)?;
        let name = format!("LSL {}", main.description.name);
        if main.description.rate <= 0.0 || main.description.format == "string" {
            let message = "it has no regular rate or carries text; record it with markers = [\"its name\"] of another stream";
            return Err(AcquireError::Device { device: name, message: message.into() });
        }
        let layout = Layout::of(&name, &main.description, rig)?;
        let mut lsl = Lsl {
            name,
            streams: Vec::new(),
            links: Vec::new(),
            markers: Vec::new(),
            clock: around.clock.clone(),
            running: false,
            pending: Vec::new(),
        };
        let electrodes: Vec<String> = layout.channels.iter().map(|c| c.label.clone()).collect();
        let emotiv = layout.emotiv;
        lsl.add("eeg", main, layout, rig, around, &api);
        lsl.find_contact(rig, around, &api, &electrodes, emotiv)?;
        for wanted in &rig.markers {
            let query = equals("name", wanted).map_err(refuse)?;
            let connection = Connection::find(&api, &query, rig.wait_s, &around.clock).map_err(refuse)?;
            lsl.markers.push(MarkerLink::new(connection, lsl.streams[0].id));
        }
        Ok(lsl)
    }

    /// The streams in which the device reports contact: those that the rig names, which must be there, or EmotivPRO's
    /// where there are such.
    fn find_contact(
        &mut self,
        rig: &LslRig,
        around: &Surroundings,
        api: &Arc<Api>,
        electrodes: &[String],
        emotiv: bool,
    ) -> Result<(), AcquireError> {
        let named = !rig.contact.is_empty();
        let guessed = EMOTIV_CONTACT.map(String::from).to_vec();
        let names = if named { rig.contact.clone() } else { guessed };
        for wanted in names.iter().filter(|_| named || emotiv) {
            let problem = |message| AcquireError::Device { device: self.name.clone(), message };
            let query = equals("name", wanted).map_err(problem)?;
            let wait_s = if named { rig.wait_s } else { CONTACT_S };
            let connection = match Connection::find(api, &query, wait_s, &around.clock) {
                Ok(connection) => connection,
                Err(e) if named => return Err(AcquireError::Device { device: self.name.clone(), message: e }),
                Err(_) => {
                    self.tell(format!("{wanted} was not found: the gate judges without the device's own word on contact"));
                    continue;
                }
            };
            match Layout::of_contact(&connection.description, electrodes) {
                Some(layout) if connection.description.rate > 0.0 => {
                    let name = if wanted.to_lowercase().contains("eeg-quality") { "eeg-quality" } else { "contact" };
                    self.add(name, connection, layout, rig, around, api);
                }
                _ => self.tell(format!("{wanted} names none of the electrodes, and is not recorded")),
            }
        }
        Ok(())
    }

    fn tell(&mut self, message: String) {
        self.pending.extend(self.streams.first().map(|s| Packet::Trouble { stream: s.id, message }));
    }

    fn add(&mut self, name: &str, connection: Connection, layout: Layout, rig: &LslRig, around: &Surroundings, api: &Api) {
        let said = &connection.description;
        let id = StreamId(around.first_stream + self.streams.len() as u16);
        let difference = connection.clock_difference();
        self.streams.push(StreamInfo {
            id,
            name: if around.first_stream == 0 { name.into() } else { format!("{name}-{}", around.first_stream) },
            kind: StreamKind::Signal,
            device: format!(
                "LSL {} {} on {}{}",
                dotted(api),
                said.name,
                said.host,
                if rig.simulated { ", SIMULATED" } else { "" }
            ),
            rate: said.rate,
            channels: layout.channels.clone(),
            clock: format!(
                "the outlet's stamps with LSL's time correction (LSL's clock - ours: {:+.1} us)",
                difference as f64 / 1e3
            ),
            latency_s: rig.latency_s,
            latency_origin: LatencyOrigin { sd_s: rig.latency_sd_s, source: rig.latency_source },
            simulated: rig.simulated,
        });
        if difference.abs() > SAME_CLOCK {
            let ms = difference as f64 / 1e6;
            self.tell(format!("LSL's clock is not this machine's monotonic clock: {ms:+.3} ms apart; stamps are moved by that"));
        }
        self.links.push(SignalLink::new(id, connection, layout));
    }
}

impl Source for Lsl {
    fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    fn start(&mut self) -> Result<(), AcquireError> {
        if self.running {
            return Ok(());
        }
        for link in &mut self.links {
            link.start().map_err(|message| AcquireError::Device { device: self.name.clone(), message })?;
        }
        for link in &mut self.markers {
            link.start().map_err(|message| AcquireError::Device { device: self.name.clone(), message })?;
        }
        self.running = true;
        Ok(())
    }

    fn read(&mut self, wait: Duration) -> Result<Vec<Packet>, AcquireError> {
        let mut packets = std::mem::take(&mut self.pending);
        if !self.running {
            return Ok(packets);
        }
        let until = self.clock.now().saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(Nanos::MAX));
        loop {
            for link in &mut self.links {
                packets.extend(link.read(self.clock.now()));
            }
            for link in &mut self.markers {
                packets.extend(link.read());
            }
            let left = until - self.clock.now();
            if !packets.is_empty() || left <= 0 {
                return Ok(packets);
            }
            self.clock.wait(POLL.min(Duration::from_nanos(left.unsigned_abs())));
        }
    }

    fn stop(&mut self) {
        self.links.iter_mut().for_each(SignalLink::stop);
        self.markers.iter_mut().for_each(MarkerLink::stop);
        self.running = false;
    }
}
