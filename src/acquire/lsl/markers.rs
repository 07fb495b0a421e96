//! One stream of markers: each sample becomes a marker on our clock.

use super::connection::{Connection, sentence};
use crate::acquire::Packet;
use crate::signal::{Marker, MarkerKind, StreamId, to_nanos};

/// Longest text that is kept of one marker, characters: rows of a journal are small.
const LONGEST: usize = 2000;
/// Most markers taken at once: a program that floods its stream must not stop the signals.
const MOST: usize = 256;

/// A connected stream of markers.
pub struct MarkerLink {
    /// Trouble is told as this stream's: markers have none of their own.
    stream: StreamId,
    connection: Connection,
}

impl MarkerLink {
    pub fn new(connection: Connection, stream: StreamId) -> MarkerLink {
        MarkerLink { stream, connection }
    }

    /// # Errors
    /// As [`Connection::start`].
    pub fn start(&mut self) -> Result<(), String> {
        self.connection.start()
    }

    pub fn stop(&mut self) {
        self.connection.stop();
    }

    /// What has come.
    pub fn read(&mut self) -> Vec<Packet> {
        let mut samples = Vec::new();
        let happened = self.connection.tend(|inlet| {
            while samples.len() < MOST
                && let Some(sample) = inlet.pull_text()?
            {
                samples.push(sample);
            }
            Ok(!samples.is_empty())
        });
        self.connection.correct();
        let name = &self.connection.description.name;
        let (offset, _) = self.connection.offset();
        let marker = |(stamp, texts): (f64, Vec<String>)| {
            let text: String = format!("{name}: {}", texts.join(" ")).chars().take(LONGEST).collect();
            Packet::Marker(Marker { at: to_nanos(stamp) + offset, kind: MarkerKind::External, text, trial: None })
        };
        let mut packets: Vec<Packet> = samples.into_iter().map(marker).collect();
        let trouble = |h| Packet::Trouble { stream: self.stream, message: format!("{name}: {}", sentence(&h)) };
        packets.extend(happened.map(trouble));
        packets
    }
}
