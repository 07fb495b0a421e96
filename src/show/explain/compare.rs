//! Two explanations beside each other: another explainer of the same class, or the same explainer of another class.

use crate::explain::report::{ClassExplanation, ExplainerResult, ExplanationReport};

/// What the shown map is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Against {
    #[default]
    Nothing,
    Explainer,
    Class,
}

impl Against {
    /// The next, round the end.
    pub fn next(self) -> Against {
        match self {
            Against::Nothing => Against::Explainer,
            Against::Explainer => Against::Class,
            Against::Class => Against::Nothing,
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            Against::Nothing => "compare explainers",
            Against::Explainer => "compare classes",
            Against::Class => "compare nothing",
        }
    }
}

/// Two maps of equal shape.
pub struct Comparison<'a> {
    pub names: (String, String),
    pub other: &'a ExplainerResult,
    /// How alike they are: Pearson's r over all electrodes and bands; None where one of them is flat.
    pub r: Option<f64>,
    /// Where they differ most: electrode, band, first minus second.
    pub apart: Option<(String, String, f64)>,
}

/// What stands against the `shown` explainer of a class.
pub fn comparison<'a>(
    report: &'a ExplanationReport,
    class: &'a ClassExplanation,
    shown: usize,
    against: Against,
) -> Option<Comparison<'a>> {
    let this = class.explainers.get(shown)?;
    let (names, other) = match against {
        Against::Nothing => return None,
        Against::Explainer => {
            let count = class.explainers.len();
            let other = class.explainers.get((shown + 1) % count).filter(|_| count > 1)?;
            ((this.explainer.clone(), other.explainer.clone()), other)
        }
        Against::Class => {
            let at = report.classes.iter().position(|c| c.class == class.class)?;
            let second = report.classes.get((at + 1) % report.classes.len()).filter(|_| report.classes.len() > 1)?;
            let other = second.explainers.iter().find(|e| e.explainer == this.explainer)?;
            ((class.class.clone(), second.class.clone()), other)
        }
    };
    let difference = |i: &usize| f64::from(this.map[*i]) - f64::from(other.map[*i]);
    let most = (0..this.map.len().min(other.map.len())).max_by(|a, b| difference(a).abs().total_cmp(&difference(b).abs()));
    let apart = most.and_then(|i| {
        let bands = report.bands.len().max(1);
        Some((report.channels.get(i / bands)?.clone(), report.bands.get(i % bands)?.clone(), difference(&i)))
    });
    Some(Comparison { names, other, r: pearson(&this.map, &other.map), apart })
}

fn pearson(a: &[f32], b: &[f32]) -> Option<f64> {
    let n = a.len().min(b.len());
    let mean = |v: &[f32]| v.iter().take(n).map(|x| f64::from(*x)).sum::<f64>() / n.max(1) as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(f64::from(*x) - ma, f64::from(*y) - mb)).sum::<f64>();
    let scale = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    (scale > 0.0).then(|| sum(&|x, y| x * y) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::example::explanation;

    #[test]
    fn explainers_of_one_shape_agree_and_opposite_classes_do_not() {
        let report = explanation();
        let class = &report.classes[0];
        let of = |against| comparison(&report, class, 0, against);
        assert!(of(Against::Nothing).is_none());
        let explainers = of(Against::Explainer).expect("two explainers");
        assert_eq!(explainers.names, ("IG".into(), "Grad-CAM".into()));
        assert!(explainers.r.is_some_and(|r| (r - 1.0).abs() < 1e-6), "the same shape, smaller");
        let classes = of(Against::Class).expect("two classes");
        assert!(classes.r.is_some_and(|r| (r + 1.0).abs() < 1e-6), "the example's second class is the first reversed");
        let (channel, band, difference) = classes.apart.expect("somewhere");
        assert!(report.channels.contains(&channel) && report.bands.contains(&band) && difference.abs() > 0.3);
    }
}
