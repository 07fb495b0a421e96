//! The inner loop of the filters: samples of several channels side by side through second-order sections.

use super::Section;

/// Samples (of all channels side by side) that go through all sections before the next ones: 16 KiB of eight channels.
pub const BLOCK: usize = 256;

/// What a section holds between two samples, for N channels side by side.
#[derive(Clone, Copy)]
pub struct State<const N: usize> {
    pub near: [f64; N],
    pub far: [f64; N],
}

/// Sends samples through the first S sections, all of them in one walk; answers S.
pub fn together<const S: usize, const N: usize, const BACK: bool>(
    sections: [&Section; S],
    samples: &mut [[f64; N]],
    states: &mut [State<N>],
) -> usize {
    let mut held: [State<N>; S] = std::array::from_fn(|k| states[k]);
    let mut step = |sample: &mut [f64; N]| {
        for (State { near, far }, section) in held.iter_mut().zip(sections) {
            let ([b0, b1, b2], [a1, a2]) = (section.b, section.a);
            for c in 0..N {
                let x = sample[c];
                let y = b0 * x + near[c];
                near[c] = (b1 * x + far[c]) - a1 * y;
                far[c] = b2 * x - a2 * y;
                sample[c] = y;
            }
        }
    };
    if BACK {
        samples.iter_mut().rev().for_each(&mut step)
    } else {
        samples.iter_mut().for_each(&mut step)
    }
    states[..S].copy_from_slice(&held);
    S
}
