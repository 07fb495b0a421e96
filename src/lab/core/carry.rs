//! What devices deliver, on its way to the recorder, the live view and the gate.

use super::Lab;
use crate::acquire::Packet;
use crate::signal::{Marker, MarkerKind, StreamId};
use crate::store::rows::Entry;

impl Lab {
    /// Takes in what the devices have delivered.
    pub(in crate::lab) fn carry(&mut self) {
        for packet in self.devices.drain() {
            match packet {
                Packet::Samples(chunk) => {
                    self.live.samples(&chunk);
                    self.judge.samples(&chunk);
                    self.foresight.samples(&chunk);
                    let gap = self.clocks.samples(&chunk).map(|text| (chunk.stream, text));
                    if let Some(recording) = &self.recording {
                        recording.samples(chunk);
                    }
                    gap.into_iter().for_each(|(stream, text)| self.trouble(Some(stream), text));
                }
                Packet::Frame(frame) => {
                    self.live.frame(&frame);
                    self.judge.frame(&frame);
                    self.foresight.frame(&frame);
                    if let Some(recording) = &self.recording {
                        recording.frame(frame);
                    }
                }
                Packet::Offset(offset) => {
                    self.clocks.offset(offset);
                    if self.is_recording() {
                        self.journal(|id| Entry::Offset(id, offset));
                    }
                }
                Packet::Marker(marker) if self.is_recording() => {
                    let trial = self.running_trial();
                    self.journal_marker(Marker { trial, ..marker });
                }
                Packet::Marker(_) => {}
                Packet::Trouble { stream, message } => self.trouble(Some(stream), message),
            }
        }
    }

    /// The trial that has begun last.
    pub(in crate::lab) fn running_trial(&self) -> Option<u32> {
        self.protocol.as_ref().and_then(|p| p.trials().last()).map(|t| t.number)
    }

    /// Trouble is news, and where a session is being written, a marker in it.
    pub(in crate::lab) fn trouble(&mut self, stream: Option<StreamId>, message: String) {
        let at = self.options.clock.now();
        let name = stream.and_then(|id| self.devices.streams().into_iter().find(|s| s.id == id)).map(|s| s.name);
        let text = name.map_or_else(|| message.clone(), |name| format!("{name}: {message}"));
        if self.is_recording() {
            let trial = self.running_trial();
            self.journal_marker(Marker { at, kind: MarkerKind::Trouble, text: text.clone(), trial });
        }
        self.news(text);
    }

    /// What each pump has dropped since it was opened.
    pub(in crate::lab) fn dropped(&self) -> Vec<(StreamId, u64)> {
        self.devices.streams().iter().map(|s| (s.id, self.devices.dropped(s.id))).collect()
    }
}
