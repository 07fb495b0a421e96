//! Zero-phase filtering: odd extension, forward pass, backward pass, for several equally long channels side by side
//! (`limbic-lanes`).

use super::{Filter, Section};
use crate::prepare::PrepareError;
use limbic_lanes::biquad::{self, State, pass};
use limbic_lanes::turn::{apart, beside};

/// Samples (of all channels side by side) that are brought together, filtered and given back before the next ones: 16 KiB of
/// eight channels stay in the nearest cache. Between the passes samples lie in the answer itself, because eight channels of a
/// minute fill the next cache already.
const BLOCK: usize = 256;

/// N filtered channels.
///
/// # Errors
/// Channels no longer than [`Filter::padding`].
pub fn both_ways<const N: usize>(filter: &Filter, channels: [&[f64]; N]) -> Result<[Vec<f64>; N], PrepareError> {
    let (n, pad) = (channels.iter().map(|x| x.len()).min().unwrap_or(0), filter.padding());
    if n <= pad {
        return Err(PrepareError::TooShort { have: n, need: pad });
    }
    let sections: Vec<biquad::Section> = filter.sections.iter().map(|s| biquad::Section { b: s.b, a: s.a }).collect();
    let steady = |first: Option<&[f64; N]>| -> Vec<State<N>> {
        let first = first.copied().unwrap_or([0.0; N]);
        let state = |s: &Section| State { near: first.map(|x| s.step_state[0] * x), far: first.map(|x| s.step_state[1] * x) };
        filter.sections.iter().map(state).collect()
    };
    let mirrored = |about: usize, at: usize| channels.map(|x| 2.0 * x[about] - x[at]);
    let mut before: Vec<[f64; N]> = (1..=pad).rev().map(|i| mirrored(0, i)).collect();
    let mut after: Vec<[f64; N]> = (1..=pad).map(|i| mirrored(n - 1, n - 1 - i)).collect();
    let (mut rows, mut turned) = ([[0.0; N]; BLOCK], [[0.0; BLOCK]; N]);
    let mut filtered: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(n));
    let mut states = steady(before.first());
    pass::<N, false>(&sections, &mut states, &mut before);
    for start in (0..n).step_by(BLOCK) {
        let rows = &mut rows[..BLOCK.min(n - start)];
        beside(channels.map(|x| &x[start..]), rows);
        pass::<N, false>(&sections, &mut states, rows);
        apart(rows, turned.each_mut().map(|x| x.as_mut_slice()));
        filtered.iter_mut().zip(&turned).for_each(|(y, x)| y.extend_from_slice(&x[..rows.len()]));
    }
    pass::<N, false>(&sections, &mut states, &mut after);
    let mut states = steady(after.last());
    pass::<N, true>(&sections, &mut states, &mut after);
    for start in (0..n).step_by(BLOCK).rev() {
        let rows = &mut rows[..BLOCK.min(n - start)];
        beside(filtered.each_ref().map(|x| &x[start..]), rows);
        pass::<N, true>(&sections, &mut states, rows);
        apart(rows, filtered.each_mut().map(|x| &mut x[start..]));
    }
    Ok(filtered)
}
