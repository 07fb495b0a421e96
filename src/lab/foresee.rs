//! Live prediction: the last seconds go to one worker through a queue of one. What comes while the worker is busy is
//! dropped and counted, so that no sample ever waits for a model. The answers are shown, never stored.

use crate::infer::aggregate::{USABLE_SHARE, geometric_mean};
use crate::infer::fuse::{Expert, Fusion};
use crate::infer::open::{Opened, open};
use crate::job::Job;
use crate::lab::message::LivePrediction;
use crate::prepare::Signals;
use crate::prepare::dataset::Recipe;
use crate::prepare::features::{PsdOptions, psd_features};
use crate::signal::{Chunk, Frame, Nanos, Role, SECOND, StreamId, StreamInfo, StreamKind, to_nanos};
use crate::study::face_input::FaceInput;
use crate::study::inception;
use crate::train::input::InputMaker;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Signal before the epoch that the zero-phase filter may lean on, s.
const LEAD_S: f64 = 3.0;
/// Frames of an epoch that are looked at; more say little new.
const MOST_FRAMES: usize = 15;
/// Frames are kept at most this often.
const FRAME_EVERY: Nanos = SECOND / 5;

/// Which models answer: the EEG's, and the face's that was trained with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveModels {
    pub eeg: PathBuf,
    pub face: Option<PathBuf>,
    pub library_dir: Option<PathBuf>,
}

/// Takes what comes in, and shows what the worker says.
#[derive(Default)]
pub struct Foresight {
    epoch_s: f64,
    eeg: Option<Tap>,
    camera: Option<StreamId>,
    frames: VecDeque<(Nanos, Vec<u8>)>,
    worker: Option<Worker>,
    asked: Option<Nanos>,
    view: LivePrediction,
}

/// The last seconds of the EEG.
struct Tap {
    stream: StreamId,
    columns: Vec<usize>,
    labels: Vec<String>,
    rate: f64,
    data: Vec<VecDeque<f32>>,
}

struct Worker {
    epochs: Sender<Epoch>,
    answers: Receiver<Result<LivePrediction, String>>,
}

struct Epoch {
    at: Nanos,
    eeg: Signals,
    frames: Vec<Vec<u8>>,
}

impl Foresight {
    /// For these streams; a thread opens the models and waits for epochs of `epoch_s` seconds.
    pub fn new(streams: &[StreamInfo], epoch_s: f64, models: LiveModels) -> Foresight {
        let tap = |info: &StreamInfo| {
            let columns = info.with_role(Role::Eeg);
            let labels = columns.iter().map(|c| info.channels[*c].label.clone()).collect();
            let data = vec![VecDeque::new(); columns.len()];
            (!columns.is_empty()).then_some(Tap { stream: info.id, columns, labels, rate: info.rate, data })
        };
        let (epochs, incoming) = bounded(1);
        let (outgoing, answers) = bounded(2);
        let spawned =
            std::thread::Builder::new().name("foresee".into()).spawn(move || work(&models, epoch_s, &incoming, &outgoing));
        Foresight {
            epoch_s,
            eeg: streams.iter().find_map(tap),
            camera: streams.iter().find(|s| s.kind == StreamKind::Face).map(|s| s.id),
            worker: spawned.ok().map(|_| Worker { epochs, answers }),
            ..Foresight::default()
        }
    }

    pub fn samples(&mut self, chunk: &Chunk) {
        let Some(tap) = self.eeg.as_mut().filter(|t| t.stream == chunk.stream) else { return };
        let most = ((self.epoch_s + LEAD_S) * tap.rate).ceil() as usize;
        for (column, ring) in tap.columns.iter().zip(&mut tap.data) {
            ring.extend(chunk.channel(*column));
            ring.drain(..ring.len().saturating_sub(most));
        }
    }

    pub fn frame(&mut self, frame: &Frame) {
        let due = self.frames.back().is_none_or(|(at, _)| frame.captured - at >= FRAME_EVERY);
        if self.camera == Some(frame.stream) && self.worker.is_some() && due {
            self.frames.push_back((frame.captured, frame.jpeg.clone()));
            self.frames.drain(..self.frames.len().saturating_sub(MOST_FRAMES));
        }
    }

    /// Takes up answers, and once an epoch hands the last one on.
    pub fn tend(&mut self, now: Nanos) {
        let Some(worker) = &self.worker else { return };
        while let Ok(answer) = worker.answers.try_recv() {
            let (dropped, asked) = (self.view.dropped, self.view.asked);
            self.view = match answer {
                Ok(view) => view,
                Err(why) => LivePrediction { trouble: Some(why), ..LivePrediction::default() },
            };
            (self.view.dropped, self.view.asked) = (dropped, asked);
        }
        let due = self.asked.is_none_or(|at| now - at >= to_nanos(self.epoch_s));
        let Some(tap) = self.eeg.as_ref().filter(|_| due) else { return };
        let enough = ((self.epoch_s + LEAD_S) * tap.rate).floor() as usize;
        if tap.data.first().is_none_or(|ring| ring.len() < enough) {
            return;
        }
        self.asked = Some(now);
        self.view.asked += 1;
        // What is asked for while the worker is busy is not copied at all.
        if worker.epochs.is_full() {
            self.view.dropped += 1;
            return;
        }
        let data = tap.data.iter().map(|ring| ring.iter().map(|v| f64::from(*v)).collect()).collect();
        let since = now - to_nanos(self.epoch_s);
        let frames = self.frames.iter().filter(|(at, _)| *at >= since).map(|(_, jpeg)| jpeg.clone()).collect();
        let epoch = Epoch { at: now, eeg: Signals { rate: tap.rate, labels: tap.labels.clone(), data }, frames };
        match worker.epochs.try_send(epoch) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.view.dropped += 1,
            Err(TrySendError::Disconnected(_)) => self.worker = None,
        }
    }

    /// What is shown; `None` where nobody asked for predictions.
    pub fn view(&self) -> Option<LivePrediction> {
        (self.epoch_s > 0.0).then(|| self.view.clone())
    }
}

/// The worker's thread: ends when the lab lets go of its end of the queue.
fn work(models: &LiveModels, epoch_s: f64, epochs: &Receiver<Epoch>, answers: &Sender<Result<LivePrediction, String>>) {
    let opened = Pair::open(models);
    for epoch in epochs {
        let begun = Instant::now();
        let answer = match &opened {
            Ok(pair) => pair.answer(&epoch, epoch_s),
            Err(why) => Err(why.clone()),
        };
        let answer = answer.map(|view| LivePrediction { took_ms: begun.elapsed().as_secs_f32() * 1e3, ..view });
        // Nobody takes answers up any more: the next epoch will not come either.
        let _ = answers.try_send(answer);
    }
}

struct Pair {
    eeg: Opened,
    face: Option<(Opened, FaceInput)>,
}

impl Pair {
    fn open(models: &LiveModels) -> Result<Pair, String> {
        let open = |path: &Path| open(path, models.library_dir.as_deref()).map_err(|e| e.to_string());
        let face = |path: &Path| -> Result<(Opened, FaceInput), String> {
            let model = open(path)?;
            // The face is cut out as it was for the model's training.
            let input = FaceInput::of(&model.card.recipe, models.library_dir.as_deref())?;
            Ok((model, input))
        };
        let eeg = open(&models.eeg)?;
        if eeg.card.recipe.kind == inception::KIND {
            // Opened before the first epoch waits for it.
            inception::look_in(inception::Places { model: None, library_dir: models.library_dir.clone() });
            inception::extractor().map_err(|e| e.to_string())?;
        }
        Ok(Pair { eeg, face: models.face.as_deref().map(face).transpose()? })
    }

    /// What the EEG's model learns from, of the epoch: band powers by the window, or one map of InceptionV3's features.
    fn examples(&self, eeg: &Signals, epoch_s: f64) -> Result<Vec<Vec<f32>>, String> {
        let (card, words) = (&self.eeg.card, |e: &dyn std::fmt::Display| e.to_string());
        let made_alike = |found: &Recipe| match *found == card.recipe {
            true => Ok(()),
            false => Err(format!("the model {} was trained on other electrodes or features than this rig gives", card.name)),
        };
        if card.recipe.kind == inception::KIND {
            let extractor = inception::extractor().map_err(|e| words(&e))?;
            made_alike(&extractor.recipe(&eeg.labels).map_err(|e| words(&e))?)?;
            return Ok(vec![extractor.newest(eeg).map_err(|e| words(&e))?]);
        }
        let options = PsdOptions::default();
        made_alike(&options.recipe(&eeg.labels))?;
        let from = eeg.seconds() - epoch_s;
        let rows = psd_features(eeg, &options).map_err(|e| words(&e))?;
        Ok(rows.into_iter().filter(|(t, _)| *t >= from).map(|(_, f)| f).collect())
    }

    fn answer(&self, epoch: &Epoch, epoch_s: f64) -> Result<LivePrediction, String> {
        let eeg = probabilities(&self.eeg, &self.examples(&epoch.eeg, epoch_s)?)?;
        let face = match &self.face {
            Some((model, input)) => {
                let found = input.of_frames(&epoch.frames, None, &Job::silent()).map_err(|e| e.to_string())?;
                let faces: Vec<Vec<f32>> = found.into_iter().flatten().collect();
                // As for whole trials: with fewer the face counts as missing.
                let enough = faces.len() as f64 >= USABLE_SHARE * epoch.frames.len() as f64;
                if enough { probabilities(model, &faces)? } else { None }
            }
            None => None,
        };
        let of = |p: &Option<Vec<f64>>| p.as_ref().map(|p| p.iter().map(|v| *v as f32).collect::<Vec<f32>>());
        let fused = Fusion::default().fuse(
            eeg.as_deref().map(|p| Expert { probabilities: p, quality: None }),
            face.as_deref().map(|p| Expert { probabilities: p, quality: None }),
        );
        Ok(LivePrediction {
            at: epoch.at,
            classes: self.eeg.card.classes.clone(),
            eeg: of(&eeg),
            face: of(&face),
            fused: of(&Some(fused.probabilities)),
            source: fused.source.tag().into(),
            abstain: fused.abstain,
            ..LivePrediction::default()
        })
    }
}

/// One calibrated answer for some examples; `None` without any.
fn probabilities(model: &Opened, examples: &[Vec<f32>]) -> Result<Option<Vec<f64>>, String> {
    let maker = InputMaker::of_card(&model.card).map_err(|e| e.to_string())?;
    let mut inputs = Vec::new();
    for example in examples {
        inputs.extend(maker.input(example).map_err(|e| e.to_string())?);
    }
    let classes = model.card.classes.len().max(1);
    let logits = model.predictor.logits(&inputs, examples.len());
    let rows: Vec<Vec<f64>> =
        logits.chunks_exact(classes).map(|row| crate::infer::calibrate::softmax(row, model.card.temperature)).collect();
    Ok(geometric_mean(&rows))
}

#[cfg(test)]
mod tests;
