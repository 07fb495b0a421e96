//! Does an explanation depend on what the network learned (Adebayo et al. 2018), and do the folds say the same?

use crate::explain::pool::{Attributed, Pool};
use crate::explain::{ExplainError, Explainer, Options};
use crate::job::Job;
use crate::signal::Seed;

/// Samples whose maps are made again with shuffled weights.
const SAMPLES: usize = 8;
/// Maps that correlate more than this did not change.
const SAME: f64 = 0.7;

/// A sentence on the class's map before and after every layer's weights are shuffled; `None` for networks whose
/// weights cannot be.
///
/// # Errors
/// As the explainer's.
pub(super) fn randomised(
    class: &str,
    pool: &Pool,
    explainer: &dyn Explainer,
    options: &Options,
    job: &Job,
) -> Result<Option<String>, ExplainError> {
    let mut seed = Seed::new(options.seed).fork("shuffled weights");
    let few = pool.at_most(SAMPLES, &mut seed);
    let options = Options { steps_max: options.steps, ..options.clone() };
    let Some((after, _)) = few.attributions_of_shuffled(explainer, &options, job, &mut seed)? else { return Ok(None) };
    let (before, _) = few.attributions(explainer, &options, job)?;
    let r = correlation(&before.mean(few.width()), &after.mean(few.width()));
    let name = explainer.name();
    Ok(Some(if r.abs() < SAME {
        format!("{class}: the map of {name} changes when the network's weights are shuffled (r = {r:.2})")
    } else {
        format!(
            "{class}: NOT PASSED: the map of {name} stays when the weights are shuffled (r = {r:.2}); it says little of the network"
        )
    }))
}

/// A sentence on how well the maps of the folds' networks agree; `None` for less than two.
pub(super) fn agreement(class: &str, explainer: &str, attributed: &Attributed) -> Option<String> {
    let maps = &attributed.folds;
    let pairs: Vec<f64> =
        (0..maps.len()).flat_map(|a| (0..a).map(move |b| correlation(&maps[a], &maps[b]))).filter(|r| r.is_finite()).collect();
    if pairs.is_empty() {
        return None;
    }
    let (mean, least) = (pairs.iter().sum::<f64>() / pairs.len() as f64, pairs.iter().copied().fold(1.0, f64::min));
    let folds = maps.len();
    Some(format!("{class}: the maps of {explainer} from {folds} folds correlate by {mean:.2} on average, {least:.2} at least"))
}

/// Pearson's; 0 where one of them does not vary.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len().min(b.len()).max(1) as f64;
    let mean = |v: &[f32]| v.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x) - ma, f64::from(*y) - mb);
        (ab, aa, bb) = (ab + x * y, aa + x * x, bb + y * y);
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::{GradientInput, Random, TestSet};
    use crate::train::networks::face_small::face_small;

    #[test]
    fn correlations_known_by_hand() {
        assert!((correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 1.0).abs() < 1e-12);
        assert!((correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[1.0, 1.0], &[0.0, 5.0]), 0.0);
    }

    /// An explainer that looks at the network passes; the random one, which does not, is told so.
    #[test]
    fn what_ignores_the_network_does_not_pass() {
        let network = face_small(8, 2, 6, &Seed::new(4)).expect("fits");
        let mut seed = Seed::new(5);
        let test = TestSet {
            inputs: (0..16 * 64).map(|_| seed.normal() as f32).collect(),
            labels: vec![0; 16],
            trials: (0..16).collect(),
            references: Vec::new(),
            pixels: (0..64).collect(),
        };
        let folds: [crate::explain::pool::Fold; 1] = [(&network, &test)];
        let pool = Pool::of(&folds, 0, 8);
        let (options, job) = (Options::default(), Job::silent());
        let said = |e: &dyn Explainer| randomised("joy", &pool, e, &options, &job).expect("runs").expect("can be shuffled");
        assert!(said(&GradientInput).contains("changes"), "{}", said(&GradientInput));
        assert!(said(&Random).contains("NOT PASSED"), "{}", said(&Random));
    }
}
