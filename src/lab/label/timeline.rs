//! One trial's clip from the store: strength of the EEG, heart rate, face frames and predictions by time.

use crate::lab::guided::{LabelLane, Labelling};
use crate::prepare::heart::r_peaks;
use crate::prepare::pulse::pulse_peaks;
use crate::signal::{Nanos, Role, StreamKind, seconds, to_nanos};
use crate::store::rows::{SessionId, StreamRow, Trial};
use crate::store::{Block, Home, Recording};
use crate::study::newest_that_answered;

/// Values of a lane: a screen has no more columns than that, and no value is shorter than a quarter of a second.
const VALUES: f64 = 240.0;
const SHORTEST_STEP_S: f64 = 0.25;
/// Heart beats are looked for so far beyond the clip, s.
const MARGIN_S: f64 = 4.0;
/// Corner of the high-pass before the EEG's strength is taken, Hz.
const HIGH_PASS: f64 = 1.0;

/// Reads a trial with everything beside it.
///
/// # Errors
/// One sentence: no such session or trial, a video that has not ended, the disk.
pub fn load(home: &Home, id: SessionId, number: u32) -> Result<Labelling, String> {
    let recording = home.recording(id).map_err(|e| e.to_string())?;
    let shown = |t: &Trial| t.video_on.zip(t.video_off).filter(|(on, off)| off > on);
    let Some(trial) = recording.trials.iter().find(|t| t.number == number) else {
        return Err(format!("session {} of {} has no trial {number}", recording.session.number, recording.session.participant));
    };
    let Some((on, off)) = shown(trial) else { return Err(format!("the video of trial {number} has no beginning or no end")) };
    let length_s = seconds(off - on);
    let step_s = (length_s / VALUES).max(SHORTEST_STEP_S);
    let clip = Clip { recording: &recording, on, off, step_s, values: (length_s / step_s).ceil() as usize };
    let (mut lanes, mut notes) = (Vec::new(), Vec::new());
    for made in [clip.eeg(), clip.heart(), clip.face()].into_iter().flatten() {
        match made {
            Ok(lane) => lanes.push(lane),
            Err(note) => notes.push(note),
        }
    }
    let (classes, predictions) = predicted(home, id, number)?;
    let with_video = recording.trials.iter().filter(|t| shown(t).is_some());
    Ok(Labelling {
        session: id,
        participant: recording.session.participant.clone(),
        session_number: recording.session.number,
        simulated: recording.session.simulated,
        trial: trial.clone(),
        trials: with_video.map(|t| (t.number, t.stimulus.clone(), recording.felt(t).len())).collect(),
        length_s,
        step_s,
        lanes,
        classes,
        predictions,
        segments: recording.felt(trial).into_iter().cloned().collect(),
        notes,
    })
}

/// What the newest model that answered for the trial says by the second.
#[expect(clippy::type_complexity, reason = "classes and a list of (second, class, probability)")]
fn predicted(home: &Home, id: SessionId, number: u32) -> Result<(Vec<String>, Vec<(f32, usize, f32)>), String> {
    let mut rows = home.predictions(id).map_err(|e| e.to_string())?;
    rows.retain(|r| r.trial == number);
    let newest = newest_that_answered(home, &rows).map_err(|e| e.to_string())?;
    let Some(row) = rows.into_iter().find(|r| Some(&r.model) == newest.as_ref()) else { return Ok(Default::default()) };
    let said = row.timeline.iter().filter_map(|(at, p)| {
        let (class, share) = p.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((*at, class, share))
    });
    Ok((row.classes.clone(), said.collect()))
}

/// The clip of one trial.
struct Clip<'a> {
    recording: &'a Recording,
    on: Nanos,
    off: Nanos,
    step_s: f64,
    values: usize,
}

impl Clip<'_> {
    fn stream(&self, role: Role) -> Option<&StreamRow> {
        self.recording.streams.iter().find(|s| !s.info.with_role(role).is_empty())
    }

    fn block(&self, row: &StreamRow, margin: Nanos) -> Result<Block, String> {
        self.recording.block(row.info.id, self.on - margin, self.off + margin).map_err(|e| e.to_string())
    }

    /// Which value of a lane a moment belongs to.
    fn bin(&self, second: f64) -> Option<usize> {
        (second >= 0.0).then(|| (second / self.step_s) as usize).filter(|i| *i < self.values)
    }

    /// Mean over the channels' absolute values, those marked as bad left out.
    fn eeg(&self) -> Option<Result<LabelLane, String>> {
        let row = self.stream(Role::Eeg)?;
        let bad = self.recording.marked_bad();
        Some(self.block(row, 0).map(|block| {
            let good = |i: &usize| block.channels[*i].role == Role::Eeg && !bad.contains(&block.channels[*i].label.as_str());
            let chosen: Vec<usize> = (0..block.channels.len()).filter(good).collect();
            let keep = 1.0 / (1.0 + std::f64::consts::TAU * HIGH_PASS / block.rate.max(1e-3));
            let lead = seconds(block.start - self.on);
            let mut bins = vec![(0.0f64, 0u32); self.values];
            for channel in chosen {
                let (mut x0, mut y) = (f64::NAN, 0.0);
                for (i, x) in block.data[channel].iter().map(|x| f64::from(*x)).enumerate() {
                    y = if x0.is_finite() && x.is_finite() { keep * (y + x - x0) } else { 0.0 };
                    x0 = x;
                    if let Some(bin) = self.bin(lead + i as f64 / block.rate).filter(|_| x.is_finite()) {
                        bins[bin] = (bins[bin].0 + y.abs(), bins[bin].1 + 1);
                    }
                }
            }
            lane("EEG", "uV", bins)
        }))
    }

    /// Beats a minute, from the interval that each moment lies in.
    fn heart(&self) -> Option<Result<LabelLane, String>> {
        let (role, row) = [Role::Ecg, Role::Ppg].into_iter().find_map(|r| Some((r, self.stream(r)?)))?;
        Some(self.block(row, to_nanos(MARGIN_S)).map(|block| {
            let channel = block.channels.iter().position(|c| c.role == role).unwrap_or(0);
            // A lost sample holds the last value: a hole must not look like a beat.
            let mut last = 0.0;
            let hold = |x: &f32| {
                last = if x.is_finite() { f64::from(*x) } else { last };
                last
            };
            let samples: Vec<f64> = block.data[channel].iter().map(hold).collect();
            let found = if role == Role::Ecg { r_peaks(&samples, block.rate) } else { pulse_peaks(&samples, block.rate) };
            let lead = seconds(block.start - self.on);
            let beats: Vec<f64> = found.unwrap_or_default().iter().map(|t| t + lead).collect();
            let mut bins = vec![(0.0, 0); self.values];
            for pair in beats.windows(2).filter(|p| (0.33..2.0).contains(&(p[1] - p[0]))) {
                let rate = 60.0 / (pair[1] - pair[0]);
                let (first, last) = ((pair[0].max(0.0) / self.step_s) as usize, (pair[1].max(0.0) / self.step_s) as usize);
                for bin in bins.iter_mut().take(last + 1).skip(first) {
                    *bin = (bin.0 + rate, bin.1 + 1);
                }
            }
            lane(if role == Role::Ecg { "heart" } else { "pulse" }, "/min", bins)
        }))
    }

    /// Frames that came, percent of what the camera should give.
    fn face(&self) -> Option<Result<LabelLane, String>> {
        let row = self.recording.streams.iter().find(|s| s.info.kind == StreamKind::Face && s.written > 0)?;
        let frames = self.recording.frames(row.info.id, self.on, self.off).map_err(|e| e.to_string());
        Some(frames.map(|frames| {
            let share = 100.0 / (row.info.rate * self.step_s).max(1e-9);
            let mut bins = vec![(0.0, 1); self.values];
            for bin in frames.iter().filter_map(|f| self.bin(seconds(f.captured - self.on))) {
                bins[bin].0 += share;
            }
            bins.iter_mut().for_each(|b| b.0 = b.0.min(100.0));
            lane("face", "%", bins)
        }))
    }
}

/// Means of (sum, count).
fn lane(name: &str, unit: &str, bins: Vec<(f64, u32)>) -> LabelLane {
    let mean = |(sum, n): (f64, u32)| if n == 0 { f32::NAN } else { (sum / f64::from(n)) as f32 };
    LabelLane { name: name.into(), unit: unit.into(), values: bins.into_iter().map(mean).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::{Entry, ModelRow, PredictionRow};
    use serde_json::json;

    #[test]
    fn the_newest_model_by_date_speaks_whatever_it_is_called() {
        let folder = tempfile::tempdir().expect("folder");
        let home = Home::open(folder.path()).expect("opens");
        for (name, created, trials) in [("eeg-a", Some(2), 1..=1), ("eeg-b", Some(1), 1..=2), ("own", None, 1..=3)] {
            if let Some(created) = created {
                let row = json!({ "name": name, "modality": "eeg", "file": "x", "sha256": "", "created_utc": created,
                                  "sessions": [], "participants": [], "simulated": true, "summary": "" });
                let row: ModelRow = serde_json::from_value(row).expect("a row");
                home.put(Entry::Model(row)).expect("stores");
            }
            for trial in trials {
                let row = json!({ "session": 7, "trial": trial, "model": name, "classes": [name], "truth": null, "eeg": null,
                                  "face": null, "fused": null, "timeline": [[0.0, [1.0]]], "held_out": true, "runtime": "" });
                let row: PredictionRow = serde_json::from_value(row).expect("a row");
                home.put(Entry::Prediction(row)).expect("stores");
            }
        }
        let speaks = |trial| predicted(&home, SessionId(7), trial).expect("reads").0.concat();
        assert_eq!([1, 2, 3, 4].map(speaks), ["eeg-a", "eeg-b", "own", ""]);
    }
}
