//! Which values are worth a term, and what is done value by value.

use crate::{LANES, Lane, Term};

/// The channels of every place of a map whose value is not 0 in all inputs.
#[derive(Debug, Clone)]
pub struct Alive {
    starts: Vec<u32>,
    members: Vec<u32>,
    channels: usize,
}

fn is_alive(lane: &Lane) -> bool {
    lane.iter().any(|v| *v != 0.0)
}

impl Alive {
    /// Of a map [place, channel].
    pub fn of(lanes: &[Lane], channels: usize) -> Self {
        let mut alive = Alive { starts: vec![0], members: Vec::with_capacity(lanes.len()), channels };
        for place in lanes.chunks(channels.max(1)) {
            let some = place.iter().enumerate().filter(|(_, lane)| is_alive(lane)).map(|(c, _)| c as u32);
            alive.members.extend(some);
            alive.starts.push(alive.members.len() as u32);
        }
        alive
    }

    /// Adds the terms of one place, whose weights are the rows from `kernel_place` times the channels on.
    pub fn extend(&self, place: usize, kernel_place: usize, terms: &mut Vec<Term>) {
        let (from, weight) = ((place * self.channels) as u32, (kernel_place * self.channels) as u32);
        let members = &self.members[self.starts[place] as usize..self.starts[place + 1] as usize];
        terms.extend(members.iter().map(|c| Term { from: from + c, weight: weight + c }));
    }
}

/// Adds a term for each of `lanes[range]` that is not 0 in all inputs; weights are the rows from `weight` on.
pub fn extend(lanes: &[Lane], range: std::ops::Range<usize>, weight: usize, terms: &mut Vec<Term>) {
    let start = range.start;
    let some = range.filter(|i| is_alive(&lanes[*i]));
    terms.extend(some.map(|i| Term { from: i as u32, weight: (weight + i - start) as u32 }));
}

/// max(v, 0) of every value.
pub fn relu(lanes: &mut [Lane]) {
    lanes.iter_mut().flatten().for_each(|v| *v = v.max(0.0));
}

/// Sets to 0 what belongs to an output of a ReLU that is 0.
pub fn gate(gradient: &mut [Lane], output: &[Lane]) {
    for (gradient, output) in gradient.iter_mut().zip(output) {
        gradient.iter_mut().zip(output).for_each(|(g, o)| *g = if *o > 0.0 { *g } else { 0.0 });
    }
}

/// `to += by`.
pub fn add(to: &mut [Lane], by: &[Lane]) {
    for (to, by) in to.iter_mut().zip(by) {
        to.iter_mut().zip(by).for_each(|(t, b)| *t += b);
    }
}

/// Turns new values into changes and stores the values.
pub fn settle(new: &mut [Lane], stored: &mut [Lane]) {
    for (new, stored) in new.iter_mut().zip(stored) {
        for l in 0..LANES {
            let difference = new[l] - stored[l];
            stored[l] = new[l];
            new[l] = difference;
        }
    }
}

/// Each value becomes its difference from that of the input before; `last` is the one before the first, and then the last.
pub fn differences(lanes: &[Lane], last: &mut [f32]) -> Vec<Lane> {
    let one = |(lane, last): (&Lane, &mut f32)| {
        let difference = std::array::from_fn(|l| lane[l] - if l == 0 { *last } else { lane[l - 1] });
        *last = lane[LANES - 1];
        difference
    };
    lanes.iter().zip(last).map(one).collect()
}

/// Undoes [`differences`].
pub fn running_sums(lanes: &mut [Lane], last: &mut [f32]) {
    for (lane, last) in lanes.iter_mut().zip(last) {
        for value in lane {
            *last += *value;
            *value = *last;
        }
    }
}

/// Inputs (at most sixteen, of [channels, places]) as a map [place, channel]; the last one fills what is missing.
pub fn of_rows(rows: &[f32], channels: usize, places: usize) -> Vec<Lane> {
    let (length, mut lanes) = (channels * places, vec![[0.0; LANES]; channels * places]);
    let count = (rows.len() / length.max(1)).max(1);
    for (at, lane) in lanes.iter_mut().enumerate() {
        let within = at % channels * places + at / channels;
        for (number, value) in lane.iter_mut().enumerate() {
            *value = rows.get(number.min(count - 1) * length + within).copied().unwrap_or_default();
        }
    }
    lanes
}

/// Undoes [`of_rows`] for the first `count` inputs.
pub fn to_rows(lanes: &[Lane], channels: usize, places: usize, count: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(count * lanes.len());
    for l in 0..count.min(LANES) {
        rows.extend((0..lanes.len()).map(|i| lanes[i % places * channels + i / places][l]));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_and_the_last_fills_the_rest() {
        let rows: Vec<f32> = (0..3 * 6).map(|i| i as f32).collect();
        let lanes = of_rows(&rows, 2, 3);
        // Channel 1 at place 2 is the sixth value of a row.
        assert_eq!((lanes[5][0], lanes[5][2], lanes[5][15]), (5.0, 17.0, 17.0));
        assert_eq!(to_rows(&lanes, 2, 3, 3), rows);
    }

    #[test]
    fn running_sums_undo_differences_over_groups() {
        let lanes: Vec<Lane> = (0..3).map(|i| std::array::from_fn(|l| ((i * 5 + l * l) % 11) as f32)).collect();
        let (mut before, mut after) = (vec![2.0; 3], vec![2.0; 3]);
        let mut back = differences(&lanes, &mut before);
        running_sums(&mut back, &mut after);
        assert_eq!((back, before), (lanes, after));
    }

    #[test]
    fn only_what_is_not_zero_becomes_a_term() {
        let mut lanes = vec![[0.0; LANES]; 6];
        (lanes[1][3], lanes[5][15]) = (1.0, -1.0);
        let mut terms = Vec::new();
        Alive::of(&lanes, 2).extend(2, 4, &mut terms);
        extend(&lanes, 1..3, 40, &mut terms);
        assert_eq!(terms, [Term { from: 5, weight: 9 }, Term { from: 1, weight: 40 }]);
    }
}
