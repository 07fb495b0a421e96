//! The gate on live data: EEG by its own live gate, heart and face beside it, and the quality of each trial.

use crate::gate::{
    ChannelQuality, Contact, FaceFrame, HeartKind, LiveGate, QualityReport, Verdict, face_frame, face_quality, heart_quality,
};
use crate::rig::{GateRig, Rig};
use crate::signal::{Chunk, Frame, Nanos, Role, SECOND, StreamId, StreamInfo, StreamKind, seconds};
use std::collections::VecDeque;

/// Heart and face are judged over so long, s.
const OTHERS_S: f64 = 20.0;
/// The gate does not answer before it has seen so much, s.
const ENOUGH_S: f64 = 10.0;
/// The live gate needs this much context behind its newest window, s.
const LATE_S: f64 = 2.0;
/// A stream that is silent for so long is losing samples.
const SILENT: Nanos = 2 * SECOND;
/// Frames are decoded at most this often.
const DECODE_EVERY: Nanos = SECOND / 2;
/// Longer than any video: a trial's windows are all kept.
const TRIAL_WINDOW_S: f64 = 7200.0;

/// Judges what has come in.
#[derive(Default)]
pub struct Judge {
    rig: GateRig,
    eeg: Vec<Eeg>,
    hearts: Vec<Heart>,
    faces: Vec<Face>,
    contacts: Vec<Grades>,
    refreshed: Option<Nanos>,
    report: Option<QualityReport>,
    /// Sentences about streams that cannot be judged.
    pub trouble: Vec<String>,
}

struct Eeg {
    stream: StreamId,
    columns: Vec<usize>,
    labels: Vec<String>,
    rate: f64,
    mains_hz: f64,
    rail: Option<f64>,
    method: crate::gate::Method,
    gate: LiveGate,
    /// The trial that is running.
    trial: Option<LiveGate>,
    last_arrival: Option<Nanos>,
    /// Counted as lost while silent, and not to be counted again when the device says so.
    presumed: u64,
}

/// A stream in which the device grades its electrodes.
struct Grades {
    stream: StreamId,
    /// Column and electrode.
    electrodes: Vec<(usize, String)>,
    contact: Contact,
}

struct Heart {
    stream: StreamId,
    channel: usize,
    kind: HeartKind,
    rate: f64,
    rail: Option<f64>,
    samples: VecDeque<f64>,
}

struct Face {
    stream: StreamId,
    rate: f64,
    first: Option<Nanos>,
    arrivals: VecDeque<Nanos>,
    looked: VecDeque<(Nanos, FaceFrame)>,
}

impl Judge {
    /// For these streams, by the rig's thresholds.
    pub fn new(streams: &[StreamInfo], rig: &Rig) -> Judge {
        let mut judge = Judge { rig: rig.gate.clone(), ..Judge::default() };
        for info in streams {
            if info.kind == StreamKind::Face {
                let (first, arrivals, looked) = (None, VecDeque::new(), VecDeque::new());
                judge.faces.push(Face { stream: info.id, rate: info.rate, first, arrivals, looked });
                continue;
            }
            let graded = info.with_role(Role::Contact);
            if !graded.is_empty() {
                let electrodes = graded.into_iter().map(|i| (i, info.channels[i].label.clone())).collect();
                judge.contacts.push(Grades { stream: info.id, electrodes, contact: Contact::default() });
            }
            match Eeg::of(info, rig) {
                Some(Ok(eeg)) => judge.eeg.push(eeg),
                Some(Err(e)) => judge.trouble.push(format!("{}: {e}", info.name)),
                None => {}
            }
            judge.hearts.extend([(Role::Ecg, HeartKind::Ecg), (Role::Ppg, HeartKind::Ppg)].into_iter().filter_map(
                |(role, kind)| {
                    let channel = info.with_role(role).into_iter().next()?;
                    let rail = info.channels.get(channel)?.rail;
                    Some(Heart { stream: info.id, channel, kind, rate: info.rate, rail, samples: VecDeque::new() })
                },
            ));
        }
        judge
    }

    /// Takes in samples.
    pub fn samples(&mut self, chunk: &Chunk) {
        self.eeg.iter_mut().filter(|e| e.stream == chunk.stream).for_each(|e| e.push(chunk));
        for grades in self.contacts.iter_mut().filter(|g| g.stream == chunk.stream) {
            for (column, label) in &grades.electrodes {
                chunk.channel(*column).for_each(|grade| grades.contact.push(label, chunk.arrived, f64::from(grade)));
            }
        }
        for heart in self.hearts.iter_mut().filter(|h| h.stream == chunk.stream) {
            heart.samples.extend(chunk.channel(heart.channel).map(f64::from));
            let surplus = heart.samples.len().saturating_sub((OTHERS_S * heart.rate) as usize);
            heart.samples.drain(..surplus);
        }
    }

    /// Takes in a video frame.
    pub fn frame(&mut self, frame: &Frame) {
        self.faces.iter_mut().filter(|f| f.stream == frame.stream).for_each(|f| f.push(frame));
    }

    /// Judges anew, at most once a second.
    pub fn refresh(&mut self, now: Nanos) {
        if self.refreshed.is_some_and(|at| now - at < SECOND) {
            return;
        }
        self.refreshed = Some(now);
        self.eeg.iter_mut().for_each(|e| e.presume(now));
        let others: Vec<ChannelQuality> =
            self.hearts.iter().map(Heart::quality).chain(self.faces.iter_mut().map(|f| f.quality(now))).collect();
        let mut eeg = merge(self.eeg.iter().map(|e| e.gate.report()).collect());
        self.contacts.iter().for_each(|grades| grades.contact.apply(&mut eeg, now));
        self.report = (!self.eeg.is_empty() || !others.is_empty()).then_some(QualityReport { others, ..eeg });
    }

    /// The last report, if there is something to judge.
    pub fn report(&self) -> Option<QualityReport> {
        self.report.clone()
    }

    /// The gate's answer to the last report.
    pub fn verdict(&self) -> Verdict {
        let judged = self.report.as_ref().map_or(0.0, |r| r.seconds);
        let enough = ENOUGH_S.min(self.rig.window_s) - LATE_S;
        if judged > 0.0 && judged < enough {
            let why = format!("{judged:.0} of {enough:.0} s judged so far; wait");
            return Verdict { pass: false, why, advice: Vec::new() };
        }
        crate::gate::verdict(self.report.as_ref().unwrap_or(&merge(Vec::new())), &self.rig)
    }

    /// A video begins: its EEG is judged by itself.
    pub fn begin_trial(&mut self) {
        // A gate over this stream could be made before.
        self.eeg.iter_mut().for_each(|e| e.trial = e.fresh(TRIAL_WINDOW_S).ok());
    }

    /// The video has ended: mean EEG quality over it, 0-100; None where it was too short to be judged.
    pub fn end_trial(&mut self) -> Option<f64> {
        let reports = self.eeg.iter_mut().filter_map(|e| e.trial.take()).map(|gate| gate.report());
        let reports: Vec<QualityReport> = reports.filter(|r| r.seconds > 0.0).collect();
        (!reports.is_empty()).then(|| merge(reports).overall)
    }
}

impl Eeg {
    fn of(info: &StreamInfo, rig: &Rig) -> Option<Result<Eeg, crate::prepare::PrepareError>> {
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

    fn fresh(&self, window_s: f64) -> Result<LiveGate, crate::prepare::PrepareError> {
        LiveGate::new(self.rate, self.labels.clone(), self.mains_hz, self.rail, window_s).map(|gate| gate.by(self.method))
    }

    fn push(&mut self, chunk: &Chunk) {
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
    fn presume(&mut self, now: Nanos) {
        let Some(silent) = self.last_arrival.map(|at| now - at).filter(|silent| *silent > SILENT) else { return };
        let missing = ((seconds(silent) * self.rate) as u64).saturating_sub(self.presumed);
        self.presumed += missing;
        self.gate.push_lost(missing);
    }
}

impl Heart {
    fn quality(&self) -> ChannelQuality {
        let samples: Vec<f64> = self.samples.iter().copied().collect();
        heart_quality(&samples, self.rate, self.rail, self.kind)
    }
}

impl Face {
    fn push(&mut self, frame: &Frame) {
        self.first.get_or_insert(frame.arrived);
        self.arrivals.push_back(frame.arrived);
        if self.looked.back().is_none_or(|(at, _)| frame.arrived - at >= DECODE_EVERY)
            && let Ok(looks) = face_frame(&frame.jpeg)
        {
            self.looked.push_back((frame.arrived, looks));
        }
    }

    fn quality(&mut self, now: Nanos) -> ChannelQuality {
        let span = self.first.map_or(0.0, |first| seconds(now - first)).min(OTHERS_S);
        let old = |at: &Nanos| seconds(now - at) > OTHERS_S;
        while self.arrivals.front().is_some_and(old) {
            self.arrivals.pop_front();
        }
        while self.looked.front().is_some_and(|(at, _)| old(at)) {
            self.looked.pop_front();
        }
        let looks: Vec<FaceFrame> = self.looked.iter().map(|(_, looks)| *looks).collect();
        face_quality(&looks, self.arrivals.len() as u64, (span * self.rate) as u64)
    }
}

/// One report over several streams: channels side by side, each stream weighing as many as it has.
fn merge(reports: Vec<QualityReport>) -> QualityReport {
    let all: usize = reports.iter().map(|r| r.channels.len()).sum();
    let weighted = |f: &dyn Fn(&QualityReport) -> f64| {
        reports.iter().map(|r| f(r) * r.channels.len() as f64).sum::<f64>() / all.max(1) as f64
    };
    QualityReport {
        overall: weighted(&|r| r.overall),
        completeness: if all == 0 { 1.0 } else { weighted(&|r| r.completeness) },
        seconds: reports.iter().map(|r| r.seconds).fold(f64::INFINITY, f64::min).min(1e9) * f64::from(all > 0),
        channels: reports.iter().flat_map(|r| r.channels.clone()).collect(),
        others: Vec::new(),
        bridged: reports.iter().flat_map(|r| r.bridged.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Channel, Seed};

    fn eeg_info(channels: usize) -> StreamInfo {
        StreamInfo {
            id: StreamId(0),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            rate: 256.0,
            channels: (0..channels)
                .map(|i| Channel::eeg(format!("E{i}")))
                .chain([Channel { role: Role::Ecg, ..Channel::eeg("ECG") }])
                .collect(),
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: Default::default(),
            simulated: true,
        }
    }

    fn feed(judge: &mut Judge, from_s: usize, to_s: usize, flat: bool) {
        let mut seed = Seed::new(3 + from_s as u64);
        let mut x = [0.0f64; 5];
        for second in from_s..to_s {
            let mut rows = Vec::new();
            for _ in 0..256 {
                x[4] = 0.95 * x[4] + 3.0 * seed.normal();
                for own in 0..4 {
                    x[own] = 0.95 * x[own] + seed.normal();
                    rows.push(if flat { 0.0 } else { (x[4] + x[own]) as f32 });
                }
                rows.push(0.0);
            }
            let (first_index, arrived) = (second as u64 * 256, (second as Nanos + 1) * SECOND);
            judge.samples(&Chunk {
                stream: StreamId(0),
                first_index,
                lost_before: 0,
                arrived,
                device_time: None,
                channels: 5,
                rows,
            });
        }
    }

    #[test]
    fn a_trial_is_judged_by_itself_and_silence_counts_as_loss() {
        let mut rig = Rig::simulated(1);
        rig.gate.window_s = 10.0;
        let mut judge = Judge::new(&[eeg_info(4)], &rig);
        assert!(!judge.verdict().pass, "nothing has come");
        feed(&mut judge, 0, 12, true);
        judge.begin_trial();
        feed(&mut judge, 12, 18, false);
        let trial = judge.end_trial().expect("long enough");
        judge.refresh(18 * SECOND);
        let report = judge.report().expect("judged");
        assert!(trial > report.overall + 20.0, "{trial} {}", report.overall);
        assert_eq!(report.others.len(), 1, "the ECG");
        assert_eq!(report.channels.len(), 4);
        judge.begin_trial();
        assert_eq!(judge.end_trial(), None, "no sample came");
        judge.refresh(28 * SECOND);
        assert!(judge.report().expect("judged").completeness < 0.5);
    }
}
