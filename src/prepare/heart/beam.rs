//! A first reading of all beats at once: many readings of the beats are followed side by side through the record, each
//! with its own past put right, so that errors close together do not hide each other (a beam search, the pruned form
//! of dynamic programming over keep, missed, extra and moved).

use super::PLAUSIBLE_S;
use super::autoregressive::Model;

/// Readings that are followed.
const WIDTH: usize = 40;
/// Residual, in scales, up to which a beat is taken as it was found.
const NOTHING_NEW: f64 = 2.0;
const MOST_MISSED: usize = 3;

/// How a beat came into the reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Read {
    pub time: f64,
    /// Index of the beat as it was found; None where it was put in.
    pub found: Option<usize>,
    /// Its time is not the found one.
    pub free: bool,
}

/// What an edit costs, in the model's cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prices {
    pub edit: f64,
    /// For every beat placed freely.
    pub free: f64,
    /// Mean cost of one row where nothing is wrong.
    pub row: f64,
    /// Shortest move, s.
    pub shortest_move: f64,
}

#[derive(Debug, Clone)]
struct Reading {
    cost: f64,
    /// Index of the last node.
    node: usize,
    time: f64,
    /// The last intervals less the mean, newest last, as many as the model has weights.
    past: Vec<f64>,
}

struct Node {
    read: Read,
    before: Option<usize>,
}

/// The best reading of `beats` (s, ascending) from beat `start` on, which is taken as right together with the
/// `past` intervals (less the mean, newest last) before it. The first element is the beat `start`.
pub(super) fn read(beats: &[f64], start: usize, past: &[f64], model: &Model, prices: &Prices) -> Vec<Read> {
    let mut nodes = vec![Node { read: Read { time: beats[start], found: Some(start), free: false }, before: None }];
    let begin = Reading { cost: 0.0, node: 0, time: beats[start], past: past.to_vec() };
    // Readings by the number of beats that they have taken up.
    let mut waiting: Vec<Vec<Reading>> = vec![Vec::new(); beats.len() + 2];
    waiting[start + 1].push(begin);
    for i in start + 1..beats.len() {
        let mut here = std::mem::take(&mut waiting[i]);
        here.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        here.truncate(WIDTH);
        for reading in here {
            let steps = steps(&reading, beats, i, model, prices);
            for (taken, reads, cost) in steps {
                let mut next = Reading { cost: reading.cost + cost, ..reading.clone() };
                for read in reads {
                    next.past.rotate_left(1);
                    if let Some(last) = next.past.last_mut() {
                        *last = read.time - next.time - model.mean;
                    }
                    next.time = read.time;
                    nodes.push(Node { read, before: Some(next.node) });
                    next.node = nodes.len() - 1;
                }
                waiting[i + taken].push(next);
            }
        }
    }
    let best = waiting[beats.len()].iter().min_by(|a, b| a.cost.total_cmp(&b.cost));
    let mut at = best.map(|reading| reading.node);
    let mut reads = Vec::new();
    while let Some(node) = at {
        reads.push(nodes[node].read);
        at = nodes[node].before;
    }
    reads.reverse();
    reads
}

/// (beats taken up, beats of the reading, cost).
type Step = (usize, Vec<Read>, f64);

fn steps(reading: &Reading, beats: &[f64], i: usize, model: &Model, prices: &Prices) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(6);
    let beat = Read { time: beats[i], found: Some(i), free: false };
    let gap = beats[i] - reading.time;
    let cost = |times: &[f64]| rows_cost(reading, times, model, prices);
    steps.push((1, vec![beat], cost(&[beats[i]])));
    let mut x = reading.past.clone();
    x.push(gap - model.mean);
    // Every error shows in the first interval that it touches; where that is as predicted no other reading is begun.
    if model.row(&x, x.len() - 1).abs() < NOTHING_NEW * model.scale {
        return steps;
    }
    steps.push((1, Vec::new(), prices.edit));
    for missed in 1..=MOST_MISSED {
        if gap / (missed + 1) as f64 >= *PLAUSIBLE_S.start() {
            let times = between(reading, beats[i], missed, model);
            let price = prices.edit + prices.free * missed as f64;
            let mut reads: Vec<Read> = times[..missed].iter().map(|t| Read { time: *t, found: None, free: true }).collect();
            reads.push(beat);
            steps.push((1, reads, price + cost(&times)));
        }
    }
    if let Some(&next) = beats.get(i + 1) {
        let times = between(reading, next, 1, model);
        if (times[0] - beats[i]).abs() >= prices.shortest_move {
            let reads =
                vec![Read { time: times[0], found: Some(i), free: true }, Read { time: next, found: Some(i + 1), free: false }];
            steps.push((2, reads, prices.edit + prices.free + cost(&times)));
        }
    }
    let plausible = |reads: &[Read]| {
        let mut last = reading.time;
        reads.iter().all(|r| PLAUSIBLE_S.contains(&(r.time - std::mem::replace(&mut last, r.time))))
    };
    // Beats as they were found are always a possible reading.
    steps.retain(|(_, reads, _)| reads.iter().all(|r| !r.free) || plausible(reads));
    steps
}

/// Times of `missed` beats put in before `to`, where the rows that end with it are smallest, and `to` itself.
fn between(reading: &Reading, to: f64, missed: usize, model: &Model) -> Vec<f64> {
    let step = (to - reading.time) / (missed + 1) as f64 - model.mean;
    let mut x = reading.past.clone();
    let first = x.len();
    x.extend(std::iter::repeat_n(step, missed + 1));
    model.place(&mut x, &(first + 1..=first + missed).collect::<Vec<_>>());
    let mut time = reading.time;
    let mut times: Vec<f64> = x[first..first + missed]
        .iter()
        .map(|x| {
            time += x + model.mean;
            time
        })
        .collect();
    times.push(to);
    times
}

fn rows_cost(reading: &Reading, times: &[f64], model: &Model, prices: &Prices) -> f64 {
    let mut x = reading.past.clone();
    let first = x.len();
    let mut last = reading.time;
    x.extend(times.iter().map(|t| t - std::mem::replace(&mut last, *t) - model.mean));
    model.cost(&x, first..x.len()) - prices.row * times.len() as f64
}
