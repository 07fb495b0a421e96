//! The order of a playlist: shuffled by a seed, no intended emotion twice in a row where that is possible.

use crate::present::Stimulus;
use crate::signal::{Emotion, Seed};
use std::collections::BTreeMap;

/// A shuffled order: `order[position]` is the index of the stimulus shown there. Deterministic in the seed.
///
/// Stimuli are drawn one by one, an emotion with a probability proportional to what is left of it, but never one
/// that would force a repetition later on. Where one emotion has more than half of the stimuli, repetitions are as
/// few as can be.
pub fn shuffled(stimuli: &[Stimulus], seed: u64) -> Vec<usize> {
    let mut seed = Seed::new(seed).fork("playlist order");
    let mut left: BTreeMap<Emotion, Vec<usize>> = BTreeMap::new();
    for (i, stimulus) in stimuli.iter().enumerate() {
        left.entry(stimulus.intended).or_default().push(i);
    }
    left.values_mut().for_each(|members| seed.shuffle(members));
    let mut order = Vec::with_capacity(stimuli.len());
    let mut last = None;
    while order.len() < stimuli.len() {
        let Some(emotion) = draw(&left, last, &mut seed) else { break };
        order.extend(left.get_mut(&emotion).and_then(Vec::pop));
        left.retain(|_, members| !members.is_empty());
        last = Some(emotion);
    }
    order
}

/// The seed of a session's order where nobody names one: the same whenever it is asked for, another for each session, so
/// that what comes when is not the same for every participant. Short enough to be written down.
pub fn own_seed(participant: &str, session: u32) -> u64 {
    1 + Seed::new(1).fork(&format!("order of {participant} session {session}")).below(999_999) as u64
}

/// The next emotion.
fn draw(left: &BTreeMap<Emotion, Vec<usize>>, last: Option<Emotion>, seed: &mut Seed) -> Option<Emotion> {
    let others = || left.iter().filter(|(emotion, _)| Some(**emotion) != last);
    let remaining = left.values().map(Vec::len).sum::<usize>().checked_sub(1)?;
    // After drawing `e`, the rest can still be laid out without neighbours of one kind exactly when no emotion has
    // more than half of it (rounded up), and `e` itself no more than half (rounded down).
    let leaves_a_way = |e: Emotion| {
        left.iter()
            .all(|(k, members)| if *k == e { members.len() - 1 <= remaining / 2 } else { members.len() <= remaining.div_ceil(2) })
    };
    let good: Vec<(Emotion, usize)> = others().filter(|(e, _)| leaves_a_way(**e)).map(|(e, m)| (*e, m.len())).collect();
    let mut at = seed.below(good.iter().map(|(_, count)| count).sum());
    for (emotion, count) in &good {
        if at < *count {
            return Some(*emotion);
        }
        at -= count;
    }
    // No way without a repetition: the most frequent of the other emotions, or the last one again.
    others().max_by_key(|(_, members)| members.len()).map(|(emotion, _)| *emotion).or_else(|| left.keys().next().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::Playlist;

    fn repetitions(stimuli: &[Stimulus], order: &[usize]) -> usize {
        order.windows(2).filter(|w| stimuli[w[0]].intended == stimuli[w[1]].intended).count()
    }

    #[test]
    fn every_stimulus_once_no_emotion_twice_in_a_row_and_the_seed_decides() {
        let videos = Playlist::simulated(40, 1.0).videos;
        for seed in 0..50 {
            let order = shuffled(&videos, seed);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..40).collect::<Vec<_>>());
            assert_eq!(repetitions(&videos, &order), 0, "seed {seed}: {order:?}");
            assert_eq!(order, shuffled(&videos, seed));
        }
        assert_ne!(shuffled(&videos, 1), shuffled(&videos, 2));
    }

    #[test]
    fn the_tightest_possible_mixture_still_has_no_repetition() {
        let mut videos = Playlist::simulated(7, 1.0).videos;
        for (i, video) in videos.iter_mut().enumerate() {
            video.intended = if i < 4 { Emotion::Fear } else { Emotion::Calm };
        }
        for seed in 0..20 {
            assert_eq!(repetitions(&videos, &shuffled(&videos, seed)), 0);
        }
    }

    #[test]
    fn an_unavoidable_repetition_leaves_nothing_out() {
        let mut videos = Playlist::simulated(5, 1.0).videos;
        videos.iter_mut().take(4).for_each(|v| v.intended = Emotion::Fear);
        videos[4].intended = Emotion::Calm;
        let order = shuffled(&videos, 3);
        assert_eq!((order.len(), repetitions(&videos, &order)), (5, 2));
        assert_eq!(shuffled(&[], 3), Vec::<usize>::new());
    }
}
