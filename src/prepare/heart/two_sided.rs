//! Beat correction by a model that looks at both sides (algorithms 2.3 asks for better than the reference).
//!
//! The intervals between beats follow an autoregressive model, long enough for a respiratory and a blood-pressure
//! rhythm of any frequency. Wherever it is surprised, every edit (a beat too many, beats missed, a beat misplaced) is
//! tried: its free beats are put where the model's rows on both sides are smallest, and the edit that saves most cost
//! is made first. The model is then fitted anew, until no edit saves enough. A clean series never pays for an edit.

use super::autoregressive::Model;
use super::beam::{self, Prices};
use super::correct::{Edit, EditKind};
use super::edits::{Beat, log, undoings};
use super::{PLAUSIBLE_S, inverse_gaussian, median};

/// Longest model: twice the rhythms, and some for their changing.
const LARGEST_ORDER: usize = 12;
/// Intervals a weight of the model needs.
const INTERVALS_PER_WEIGHT: usize = 8;
/// With fewer beats than this the reference is used: no rhythm can be learnt from them.
const FEWEST: usize = 24;
/// Smallest standard deviation that is believed of a model, s: R peaks are not found more exactly, nor are hearts so
/// regular.
const SMALLEST_SCALE_S: f64 = 0.006;
/// Surprise from which edits are tried, in its own robust standard deviation.
const SUSPECT: f64 = 3.0;
/// Surprise from which an interval teaches the model nothing.
const UNUSABLE: f64 = 5.0;
/// Share of the median around it by which an interval may differ and still teach the model.
const LARGEST_SWING: f64 = 0.45;
/// Cost that an edit must save, and more for every beat it places freely (in units of log-likelihood).
const SAVING: f64 = 12.0;
const SAVING_PER_BEAT: f64 = 3.0;
/// Mean cost of one row where nothing is wrong.
const USUAL_COST: f64 = 0.42;
/// A beat is not moved by less than this, s and scales.
const SHORTEST_MOVE_S: f64 = 0.04;
const SHORTEST_MOVE_SCALES: f64 = 3.0;
/// Times that all beats are read anew, each by the model of the reading before.
const READINGS: usize = 2;
const MOST_MISSED: usize = 5;
const NORMAL: f64 = 1.4826;

/// One edit around beat `at`: `Missed` lies in the interval before it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Trial {
    at: usize,
    kind: EditKind,
    saved: f64,
}

/// Beats in s, ascending, and what was changed.
pub(super) fn correct(given: &[f64]) -> (Vec<f64>, Vec<Edit>) {
    if given.len() < FEWEST {
        return inverse_gaussian::correct(given);
    }
    // A reading that went astray early costs many edits, so the ways compete, that without a reading among them.
    let ways: Vec<(Search, Model)> = (0..=READINGS).filter_map(|readings| Search::run(given, readings)).collect();
    let scale = ways.iter().map(|(_, model)| model.scale).fold(f64::INFINITY, f64::min);
    let score = |(search, model): &(Search, Model)| search.score(&Model { scale, ..model.clone() });
    match ways.iter().min_by(|a, b| score(a).total_cmp(&score(b))) {
        Some((best, _)) => (best.beats.iter().map(|b| b.time).collect(), log(&best.beats, given)),
        None => inverse_gaussian::correct(given),
    }
}

#[derive(Debug, Clone)]
struct Search<'a> {
    given: &'a [f64],
    beats: Vec<Beat>,
}

impl<'a> Search<'a> {
    /// Reads all beats anew so many times, then edits one by one until no edit saves enough. `None` where no model can
    /// be fitted.
    fn run(given: &'a [f64], readings: usize) -> Option<(Search<'a>, Model)> {
        let as_found = |(i, t): (usize, &f64)| Beat { time: *t, found: Some(i), free: false };
        let mut search = Search { given, beats: given.iter().enumerate().map(as_found).collect() };
        for _ in 0..readings {
            let model = search.model()?;
            search.read(&model);
        }
        for _ in 0..given.len() / 2 {
            let model = search.model()?;
            if !search.undo_weakest(&model) {
                let Some(best) = search.best(&model) else { break };
                search.make(best, &model);
            }
        }
        search.settle();
        search.model().map(|model| (search, model))
    }

    /// What the series costs with its edits; the ways are compared by it.
    fn score(&self, model: &Model) -> f64 {
        let free = self.beats.iter().filter(|b| b.free).count();
        cost(&self.beats, model) + SAVING * log(&self.beats, self.given).len() as f64 + SAVING_PER_BEAT * free as f64
    }

    fn intervals(&self) -> Vec<f64> {
        self.beats.windows(2).map(|pair| pair[1].time - pair[0].time).collect()
    }

    /// A model of all intervals that do not surprise a first model.
    fn model(&self) -> Option<Model> {
        let intervals = self.intervals();
        let order = (intervals.len() / INTERVALS_PER_WEIGHT).clamp(2, LARGEST_ORDER);
        let mut usable = usable_at_first(&intervals);
        let mut model = None;
        for _ in 0..3 {
            let fitted = [order, order / 2, 2].into_iter().find_map(|p| Model::fit(&intervals, &usable, p, SMALLEST_SCALE_S))?;
            usable = calm(&intervals, &fitted);
            model = Some(fitted);
        }
        model
    }

    /// Reads all given beats anew, forwards and backwards from the longest stretch without a surprise.
    fn read(&mut self, model: &Model) {
        let intervals: Vec<f64> = self.given.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (x, need) = (deviations(&intervals, model), 2 * model.weights.len());
        let calm = calm(&intervals, model);
        let Some(first) =
            (0..=x.len().saturating_sub(need)).find(|k| calm.get(*k..k + need).is_some_and(|c| c.iter().all(|c| *c)))
        else {
            return;
        };
        let prices = Prices {
            edit: SAVING,
            free: SAVING_PER_BEAT,
            row: USUAL_COST,
            shortest_move: SHORTEST_MOVE_S.max(SHORTEST_MOVE_SCALES * model.scale),
        };
        let after = beam::read(self.given, first + need, &x[first..first + need], model, &prices);
        // Time runs backwards before the stretch.
        let last = self.given.len() - 1;
        let mirrored: Vec<f64> = self.given.iter().rev().map(|t| -t).collect();
        let past: Vec<f64> = x[first..first + need].iter().rev().copied().collect();
        let before = beam::read(&mirrored, last - first, &past, model, &prices);
        let turned = before.iter().rev().map(|r| Beat { time: -r.time, found: r.found.map(|i| last - i), free: r.free });
        let between = (first + 1..first + need).map(|i| Beat { time: self.given[i], found: Some(i), free: false });
        let ahead = after.iter().map(|r| Beat { time: r.time, found: r.found, free: r.free });
        self.beats = turned.chain(between).chain(ahead).collect();
    }

    /// The edit that saves most, where one saves enough.
    fn best(&self, model: &Model) -> Option<Trial> {
        let intervals = self.intervals();
        let x = deviations(&intervals, model);
        let surprises = model.surprises(&x);
        let limit = SUSPECT * spread(&surprises);
        let suspect = |k: usize| surprises[k].abs() > limit || model.row(&x, k).abs() > SUSPECT * model.scale;
        let beats = (1..self.beats.len() - 1).filter(|i| suspect(i - 1) || suspect(*i));
        let trials = beats.flat_map(|i| self.trials(i, model));
        trials.max_by(|a, b| a.saved.total_cmp(&b.saved))
    }

    /// Beats around beat `i` that the model's rows reach, and the place of `i` among them.
    fn around(&self, i: usize, model: &Model) -> (std::ops::Range<usize>, usize) {
        let reach = 2 * model.weights.len() + 2;
        let span = i.saturating_sub(reach)..(i + reach + 1).min(self.beats.len());
        (span.clone(), i - span.start)
    }

    /// Every edit of beat `i` that is plausible and saves enough.
    fn trials(&self, i: usize, model: &Model) -> Vec<Trial> {
        let (span, here) = self.around(i, model);
        let window = &self.beats[span];
        let before = cost(window, model);
        let gap = window[here].time - window[here - 1].time;
        let missing = (1..=MOST_MISSED).filter(|m| gap / (m + 1) as f64 >= *PLAUSIBLE_S.start());
        let kinds = missing.map(|beats| EditKind::Missed { beats }).chain([EditKind::Extra, EditKind::Moved { by: 0.0 }]);
        let attempt = |kind: EditKind| {
            let (beats, placed) = self.edited(window, here, kind, model)?;
            let saved = before - cost(&beats, model) - SAVING - SAVING_PER_BEAT * placed as f64;
            (saved > 0.0).then_some(Trial { at: i, kind, saved })
        };
        kinds.filter_map(attempt).collect()
    }

    fn make(&mut self, trial: Trial, model: &Model) {
        if let Some((beats, _)) = self.edited(&self.beats, trial.at, trial.kind, model) {
            self.beats = beats;
        }
    }

    /// Takes back the edit that saves least, where it does not save enough; false where all do.
    fn undo_weakest(&mut self, model: &Model) -> bool {
        let mut weakest: Option<(f64, std::ops::Range<usize>, Vec<Beat>)> = None;
        for (place, instead) in undoings(&self.beats, self.given) {
            let (low, _) = self.around(place.start, model);
            let (high, _) = self.around(place.end.min(self.beats.len() - 1), model);
            let (low, high) = (low.start, high.end);
            let without = [&self.beats[low..place.start], &instead, &self.beats[place.end..high]].concat();
            let placed = self.beats[place.clone()].iter().filter(|b| b.free).count();
            let worth = cost(&without, model) - cost(&self.beats[low..high], model) - SAVING - SAVING_PER_BEAT * placed as f64;
            if worth < 0.0 && weakest.as_ref().is_none_or(|(least, ..)| worth < *least) {
                weakest = Some((worth, place, instead));
            }
        }
        let Some((_, place, instead)) = weakest else { return false };
        self.beats.splice(place, instead);
        true
    }

    /// Places all free beats again by the model of the corrected series, neighbours together.
    fn settle(&mut self) {
        for _ in 0..3 {
            let Some(model) = self.model() else { return };
            let mut x = deviations(&self.intervals(), &model);
            let free: Vec<usize> = (1..self.beats.len().saturating_sub(1)).filter(|i| self.beats[*i].free).collect();
            for group in free.chunk_by(|a, b| b - a <= model.weights.len()) {
                model.place(&mut x, group);
            }
            for i in free {
                self.beats[i].time = self.beats[i - 1].time + x[i - 1] + model.mean;
            }
        }
    }

    /// The beats after an edit of beat `here`, its free beats placed, and how many those are; `None` where the edit
    /// makes no sense.
    fn edited(&self, beats: &[Beat], here: usize, kind: EditKind, model: &Model) -> Option<(Vec<Beat>, usize)> {
        let mut beats = beats.to_vec();
        let free: Vec<usize> = match kind {
            EditKind::Missed { beats: parts } => {
                let (from, to) = (beats[here - 1].time, beats[here].time);
                let step = (to - from) / (parts + 1) as f64;
                let new = (1..=parts).map(|k| Beat { time: from + k as f64 * step, found: None, free: true });
                beats.splice(here..here, new);
                (here..here + parts).collect()
            }
            EditKind::Extra => {
                beats.remove(here);
                Vec::new()
            }
            EditKind::Moved { .. } => {
                beats[here].free = true;
                vec![here]
            }
        };
        let mut x: Vec<f64> = beats.windows(2).map(|pair| pair[1].time - pair[0].time - model.mean).collect();
        if x.len() < 2 * model.weights.len() || free.iter().any(|i| *i == 0 || *i >= x.len()) {
            return None;
        }
        model.place(&mut x, &free);
        for i in &free {
            beats[*i].time = beats[i - 1].time + x[i - 1] + model.mean;
        }
        let around = here.saturating_sub(1)..(here + free.len() + 1).min(beats.len());
        let plausible = beats[around].windows(2).all(|pair| PLAUSIBLE_S.contains(&(pair[1].time - pair[0].time)));
        let shortest = SHORTEST_MOVE_S.max(SHORTEST_MOVE_SCALES * model.scale);
        let far = |i: &usize| beats[*i].found.is_none_or(|found| (beats[*i].time - self.given[found]).abs() >= shortest);
        (plausible && free.iter().all(far)).then_some((beats, free.len()))
    }
}

/// Intervals that do not surprise the model. However often a double interval comes, it teaches nothing.
fn calm(intervals: &[f64], model: &Model) -> Vec<bool> {
    let surprises = model.surprises(&deviations(intervals, model));
    let limit = UNUSABLE * spread(&surprises).max(model.scale);
    let like = |k: usize| (intervals[k] / neighbours(intervals, k) - 1.0).abs() < LARGEST_SWING;
    (0..intervals.len()).map(|k| surprises[k].abs() < limit && like(k) && PLAUSIBLE_S.contains(&intervals[k])).collect()
}

/// Median of the intervals around the k-th.
fn neighbours(intervals: &[f64], k: usize) -> f64 {
    median(&intervals[k.saturating_sub(4)..(k + 5).min(intervals.len())])
}

fn deviations(intervals: &[f64], model: &Model) -> Vec<f64> {
    intervals.iter().map(|w| w - model.mean).collect()
}

/// Robust standard deviation about zero.
fn spread(values: &[f64]) -> f64 {
    NORMAL * median(&values.iter().map(|v| v.abs()).collect::<Vec<_>>())
}

/// Intervals near the median of their neighbours: good enough for a first model.
fn usable_at_first(intervals: &[f64]) -> Vec<bool> {
    let away: Vec<f64> = (0..intervals.len()).map(|k| intervals[k] - neighbours(intervals, k)).collect();
    let limit = 3.5 * spread(&away).max(0.02);
    away.iter().zip(intervals).map(|(d, w)| d.abs() <= limit && PLAUSIBLE_S.contains(w)).collect()
}

/// Cost of a stretch of beats, less what a clean stretch of that length costs.
fn cost(beats: &[Beat], model: &Model) -> f64 {
    let x: Vec<f64> = beats.windows(2).map(|pair| pair[1].time - pair[0].time - model.mean).collect();
    if x.len() < 2 * model.weights.len() {
        return 0.0;
    }
    model.cost(&x, 0..x.len()) - USUAL_COST * x.len() as f64
}
