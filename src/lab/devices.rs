//! The devices of the rig that is connected: each behind its pump.

use crate::acquire::{self, Packet, Pump, Source, Surroundings};
use crate::lab::LabOptions;
use crate::lab::message::DeviceView;
use crate::rig::{Device, Rig};
use crate::signal::{Cue, StreamId, StreamInfo};

/// Packets that may wait for the lab's next step: some ten seconds of a fast device.
const CAPACITY: usize = 4096;

/// Open devices, in the rig's order.
#[derive(Default)]
pub struct Devices {
    connected: Vec<Connected>,
    /// Sentences about those that could not be opened.
    pub trouble: Vec<String>,
}

struct Connected {
    pump: Pump,
    streams: Vec<StreamInfo>,
    name: String,
    /// What ended it.
    lost: Option<String>,
}

impl Devices {
    /// Opens and starts every device of the rig; those that fail are told in [`Devices::trouble`].
    pub fn open(rig: &Rig, options: &LabOptions) -> Devices {
        let mut devices = Devices::default();
        let mut first_stream = 0;
        for device in &rig.devices {
            let around = Surroundings {
                clock: options.clock.clone(),
                first_stream,
                library_dir: options.library_dir.clone(),
                log_dir: Some(options.home.clone()),
            };
            match start(device, &around, options.threaded_sources) {
                Ok(connected) => {
                    first_stream += connected.streams.len() as u16;
                    devices.connected.push(connected);
                }
                Err(e) => devices.trouble.push(e.to_string()),
            }
        }
        name_apart(&mut devices.connected);
        devices
    }

    /// All streams, in order.
    pub fn streams(&self) -> Vec<StreamInfo> {
        self.connected.iter().flat_map(|c| c.streams.iter().cloned()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.connected.is_empty()
    }

    /// Everything that has arrived. A device that failed for good is told once, as trouble of its first stream.
    pub fn drain(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        for device in self.connected.iter_mut().filter(|d| d.lost.is_none()) {
            match device.pump.drain() {
                Ok(arrived) => packets.extend(arrived),
                Err(e) => {
                    let message = e.to_string();
                    device.lost = Some(message.clone());
                    packets.extend(device.streams.first().map(|s| Packet::Trouble { stream: s.id, message }));
                }
            }
        }
        packets
    }

    pub fn cue(&mut self, cue: &Cue) {
        self.connected.iter_mut().for_each(|d| d.pump.cue(cue));
    }

    /// Samples or frames that the lab was too slow to take.
    pub fn dropped(&self, stream: StreamId) -> u64 {
        self.connected.iter().filter(|d| d.streams.iter().any(|s| s.id == stream)).map(|d| d.pump.dropped(stream)).sum()
    }

    /// What ended the device of this stream, if something did.
    pub fn ended(&self, stream: StreamId) -> Option<String> {
        self.connected.iter().find(|d| d.streams.iter().any(|s| s.id == stream)).and_then(|d| d.lost.clone())
    }

    /// Releases every device.
    pub fn close(&mut self) {
        self.connected.iter_mut().for_each(|d| d.pump.stop());
        *self = Devices::default();
    }

    pub fn views(&self) -> Vec<DeviceView> {
        let view = |d: &Connected| DeviceView {
            name: d.name.clone(),
            state: if d.lost.is_some() { "lost" } else { "streaming" }.into(),
            detail: d.lost.clone().unwrap_or_else(|| d.streams.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ")),
        };
        self.connected.iter().map(view).collect()
    }
}

fn start(device: &Device, around: &Surroundings, threaded: bool) -> Result<Connected, acquire::AcquireError> {
    let source: Box<dyn Source> = acquire::open(device, around)?;
    let streams = source.streams().to_vec();
    let name = streams.first().map_or_else(|| "a device without streams".into(), |s| s.device.clone());
    let mut pump = if threaded { Pump::spawn(source, CAPACITY) } else { Pump::inline(source) };
    pump.start()?;
    Ok(Connected { pump, streams, name, lost: None })
}

/// Stream names are unique in a session: of two streams "eeg" the second becomes "eeg2".
fn name_apart(devices: &mut [Connected]) {
    let mut taken: Vec<String> = Vec::new();
    for stream in devices.iter_mut().flat_map(|d| d.streams.iter_mut()) {
        let base = stream.name.clone();
        let mut n = 1;
        while taken.contains(&stream.name) {
            n += 1;
            stream.name = format!("{base}{n}");
        }
        taken.push(stream.name.clone());
    }
}
