//! One EEG stream under judgement: the live gate over its newest seconds, and one over the running trial.

use crate::gate::{LiveGate, Method};
use crate::prepare::PrepareError;
use crate::rig::Rig;
use crate::signal::{Chunk, Nanos, Role, SECOND, StreamId, StreamInfo, seconds};

/// A stream that is silent for so long is losing samples.
const SILENT: Nanos = 2 * SECOND;

pub(super) struct Eeg {
    pub stream: StreamId,
    columns: Vec<usize>,
    labels: Vec<String>,
    rate: f64,
    mains_hz: f64,
    rail: Option<f64>,
    method: Method,
    pub gate: LiveGate,
    /// The trial that is running.
    pub trial: Option<LiveGate>,
    last_arrival: Option<Nanos>,
    /// Counted as lost while silent, and not to be counted again when the device says so.
    presumed: u64,
}

impl Eeg {
    /// None for a stream without EEG channels.
    pub fn of(info: &StreamInfo, rig: &Rig) -> Option<Result<Eeg, PrepareError>> {
        let columns = info.with_role(Role::Eeg);
        let labels: Vec<String> = columns.iter().map(|c| info.channels[*c].label.clone()).collect();
        let rail = info.channels.get(*columns.first()?)?.rail;
        let (rate, mains_hz) = (info.rate, rig.mains_hz);
        Some(LiveGate::new(rate, labels.clone(), mains_hz, rail, rig.gate.window_s).map(|gate| Eeg {
            method: rig.gate.method,
            stream: info.id,
            columns,
            labels,
            rate,
            mains_hz,
            rail,
            gate: gate.by(rig.gate.method),
            trial: None,
            last_arrival: None,
            presumed: 0,
        }))
    }

    /// A gate over this stream that has seen nothing yet.
    pub fn fresh(&self, window_s: f64) -> Result<LiveGate, PrepareError> {
        LiveGate::new(self.rate, self.labels.clone(), self.mains_hz, self.rail, window_s).map(|gate| gate.by(self.method))
    }

    pub fn push(&mut self, chunk: &Chunk) {
        let rows: Vec<f32> = chunk
            .rows
            .chunks_exact(chunk.channels.max(1))
            .flat_map(|row| self.columns.iter().map(|c| row.get(*c).copied().unwrap_or(f32::NAN)))
            .collect();
        let lost = chunk.lost_before - std::mem::take(&mut self.presumed).min(chunk.lost_before);
        self.gate.push(&rows, lost);
        if let Some(trial) = &mut self.trial {
            trial.push(&rows, chunk.lost_before);
        }
        self.last_arrival = Some(chunk.arrived);
    }

    /// Counts what a silent device should have sent.
    pub fn presume(&mut self, now: Nanos) {
        let Some(silent) = self.last_arrival.map(|at| now - at).filter(|silent| *silent > SILENT) else { return };
        let missing = ((seconds(silent) * self.rate) as u64).saturating_sub(self.presumed);
        self.presumed += missing;
        self.gate.push_lost(missing);
    }
}
