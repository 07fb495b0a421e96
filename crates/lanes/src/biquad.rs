//! Second-order sections of recursive filters over several signals side by side, with the widest vectors that the processor
//! has.

/// Signals that fill the widest vector.
pub const SIGNALS: usize = 8;

/// b0 b1 b2 and a1 a2 of a section (a0 = 1), in the transposed direct form II.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    pub b: [f64; 3],
    pub a: [f64; 2],
}

/// What a section holds between two samples, for N signals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State<const N: usize> {
    pub near: [f64; N],
    pub far: [f64; N],
}

/// Sends samples through all sections in place, from the last to the first where it goes `BACK`. The sums are taken in the
/// same order and without fused operations for every N and on every processor, so that all give the same bits.
///
/// # Panics
/// Fewer states than sections.
pub fn pass<const N: usize, const BACK: bool>(sections: &[Section], states: &mut [State<N>], samples: &mut [[f64; N]]) {
    let states = &mut states[..sections.len()];
    #[cfg(target_arch = "x86_64")]
    if N > 1 {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512.
            return unsafe { wide::<N, BACK>(sections, states, samples) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            return unsafe { narrow::<N, BACK>(sections, states, samples) };
        }
    }
    plain::<N, BACK>(sections, states, samples);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn wide<const N: usize, const BACK: bool>(sections: &[Section], states: &mut [State<N>], samples: &mut [[f64; N]]) {
    plain::<N, BACK>(sections, states, samples);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn narrow<const N: usize, const BACK: bool>(sections: &[Section], states: &mut [State<N>], samples: &mut [[f64; N]]) {
    plain::<N, BACK>(sections, states, samples);
}

/// Four and two sections go side by side, since each alone waits for its own last output.
#[inline(always)]
fn plain<const N: usize, const BACK: bool>(mut sections: &[Section], mut states: &mut [State<N>], samples: &mut [[f64; N]]) {
    while !sections.is_empty() {
        let taken = match sections {
            [a, b, c, d, ..] => together::<4, N, BACK>([a, b, c, d], states, samples),
            [a, b, ..] => together::<2, N, BACK>([a, b], states, samples),
            [a, ..] => together::<1, N, BACK>([a], states, samples),
            [] => 1,
        };
        (sections, states) = (&sections[taken..], &mut states[taken..]);
    }
}

/// Sends samples through the first S sections, all of them in one walk; answers S.
#[inline(always)]
fn together<const S: usize, const N: usize, const BACK: bool>(
    sections: [&Section; S],
    states: &mut [State<N>],
    samples: &mut [[f64; N]],
) -> usize {
    let mut held = [State { near: [0.0; N], far: [0.0; N] }; S];
    held.copy_from_slice(&states[..S]);
    let count = samples.len();
    for i in 0..count {
        let sample = &mut samples[if BACK { count - 1 - i } else { i }];
        let mut x = *sample;
        for k in 0..S {
            let ([b0, b1, b2], [a1, a2]) = (sections[k].b, sections[k].a);
            let State { near, far } = &mut held[k];
            let mut y = [0.0; N];
            for c in 0..N {
                y[c] = b0 * x[c] + near[c];
            }
            for c in 0..N {
                near[c] = (b1 * x[c] + far[c]) - a1 * y[c];
            }
            for c in 0..N {
                far[c] = b2 * x[c] - a2 * y[c];
            }
            x = y;
        }
        *sample = x;
    }
    states[..S].copy_from_slice(&held);
    S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_the_same_bits() {
        let sections: Vec<Section> = (0..7).map(|k| Section { b: [0.7, 0.2, -0.1], a: [-0.1 * k as f64, 0.3] }).collect();
        let signal = |c: usize| (0..50).map(|i| ((i * (c + 3)) % 37) as f64 * 0.7).collect::<Vec<f64>>();
        let mut beside: Vec<[f64; SIGNALS]> = (0..50).map(|i| std::array::from_fn(|c| signal(c)[i])).collect();
        let mut narrower = beside.clone();
        let still = State { near: [0.5; SIGNALS], far: [-0.25; SIGNALS] };
        pass::<SIGNALS, true>(&sections, &mut [still; 7], &mut beside);
        plain::<SIGNALS, true>(&sections, &mut [still; 7], &mut narrower);
        assert_eq!(beside, narrower);
        for c in 0..SIGNALS {
            let mut alone: Vec<[f64; 1]> = signal(c).iter().map(|x| [*x]).collect();
            pass::<1, true>(&sections, &mut [State { near: [0.5], far: [-0.25] }; 7], &mut alone);
            assert!(alone.iter().zip(&beside).all(|(a, b)| a[0] == b[c]), "signal {c}");
        }
    }
}
