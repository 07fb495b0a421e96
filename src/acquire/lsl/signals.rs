//! One stream of samples: pulled, numbered, its clock corrections told.

use super::align::{Aligner, Pulled};
use super::connection::{Connection, Happened, sentence};
use super::layout::Layout;
use super::values::Values;
use crate::acquire::Packet;
use crate::signal::{ClockOffset, Nanos, StreamId};

/// A connected stream with its numbering.
pub struct SignalLink {
    stream: StreamId,
    connection: Connection,
    aligner: Aligner,
    pulled: Pulled,
    /// The correction has changed and is to be told with the next samples.
    untold: bool,
}

impl SignalLink {
    pub fn new(stream: StreamId, connection: Connection, layout: Layout) -> SignalLink {
        let (width, rate) = (connection.description.width, connection.description.rate);
        let aligner = Aligner::new(stream, layout, width, rate);
        let pulled = Pulled { rows: Values::of_format(&connection.description.format), ..Pulled::default() };
        SignalLink { stream, connection, aligner, pulled, untold: true }
    }

    /// # Errors
    /// As [`Connection::start`].
    pub fn start(&mut self) -> Result<(), String> {
        self.untold = true;
        self.connection.start()
    }

    pub fn stop(&mut self) {
        self.connection.stop();
    }

    /// What has come.
    pub fn read(&mut self, now: Nanos) -> Vec<Packet> {
        let mut packets = Vec::new();
        let Pulled { stamps, rows, .. } = &mut self.pulled;
        stamps.clear();
        rows.clear();
        let happened = self.connection.tend(|inlet| inlet.pull(rows, stamps).map(|()| !stamps.is_empty()));
        match &happened {
            // What was held back is judged without what may come.
            Some(Happened::Lost) => packets.extend(self.aligner.flush()),
            Some(Happened::Back { anew: true, .. }) => {
                packets.extend(self.aligner.reconnected());
                self.untold = true;
            }
            _ => {}
        }
        packets.extend(happened.map(|h| Packet::Trouble { stream: self.stream, message: sentence(&h) }));
        self.untold |= self.connection.correct();
        if self.pulled.stamps.is_empty() {
            return packets;
        }
        let (offset, uncertainty) = self.connection.offset();
        if std::mem::take(&mut self.untold) {
            packets.push(Packet::Offset(ClockOffset { stream: self.stream, at: now, offset, uncertainty }));
        }
        (self.pulled.arrived, self.pulled.offset) = (now, offset);
        packets.extend(self.aligner.push(&self.pulled));
        packets
    }
}
