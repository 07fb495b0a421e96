//! Whether networks, test sets and names belong together.

use super::pool::Fold;
use super::{ExplainError, Names};

/// Refuses test sets whose lengths, labels or pixels contradict the networks, the names or each other.
pub(super) fn fit(folds: &[Fold], names: &Names) -> Result<(), ExplainError> {
    let wrong = |what: String| Err(ExplainError::Mismatch(what));
    let features = names.channels.len() * names.bands.len();
    if folds.iter().all(|f| f.1.labels.is_empty()) || features == 0 {
        return Err(ExplainError::Empty);
    }
    for (network, test) in folds {
        let (n, width, classes) = (test.labels.len(), network.input_len(), names.classes.len());
        if test.inputs.len() != n * width {
            return wrong(format!("{n} labels, {} values, {width} values an input", test.inputs.len()));
        }
        if let Some(at) = test.inputs.iter().position(|v| !v.is_finite()) {
            return wrong(format!("sample {} holds {}; mend or leave it out", at / width.max(1), test.inputs[at]));
        }
        if test.trials.len() != n {
            return wrong(format!("{n} labels but {} trial numbers", test.trials.len()));
        }
        if test.references.len() % width.max(1) != 0 {
            return wrong(format!("the references are no multiple of {width} values"));
        }
        if let Some((i, label)) = test.labels.iter().enumerate().find(|(_, l)| **l >= classes) {
            return wrong(format!("sample {i} is of class {label}, and there are only the classes 0 to {}", classes.max(1) - 1));
        }
        if network.classes() != classes {
            return wrong(format!("{} classes are named, the network has {}", classes, network.classes()));
        }
        if test.pixels.len() != features || test.pixels.iter().any(|&p| p >= width) {
            let (channels, bands) = (names.channels.len(), names.bands.len());
            return wrong(format!("{} pixels for {channels} channels x {bands} bands in {width} values", test.pixels.len()));
        }
        if test.pixels != folds[0].1.pixels || width != folds[0].0.input_len() {
            return wrong("the folds place their features differently".into());
        }
    }
    Ok(())
}
