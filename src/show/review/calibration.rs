//! Whether probabilities mean what they say: how often the fused answer was right where it was so sure.

use crate::lab::message::Review;
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::widget::bar::bar;
use crate::store::rows::PredictionRow;

/// Edges of the groups of confidence.
const GROUPS: [(f64, f64); 5] = [(0.0, 0.4), (0.4, 0.55), (0.55, 0.7), (0.7, 0.85), (0.85, 1.01)];

/// One group: trials, mean probability of the answer, share of right answers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    low: f64,
    count: usize,
    said: f64,
    right: f64,
}

/// The groups that have trials, and the expected calibration error (Naeini et al. 2015): the mean distance between said
/// and right, weighted by trials. Only trials count that the model had not seen.
fn groups(review: &Review) -> (Vec<Group>, Option<f64>) {
    let sure = |p: &PredictionRow| {
        let said = p.fused.as_ref().or(p.eeg.as_ref()).or(p.face.as_ref())?;
        let (class, share) = said.iter().enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(b.1))?;
        Some((f64::from(*share), Some(class) == p.truth)).filter(|_| p.truth.is_some() && p.held_out)
    };
    let answers: Vec<(f64, bool)> = review.predictions.iter().filter_map(sure).collect();
    let group = |(low, high): (f64, f64)| {
        let members: Vec<&(f64, bool)> = answers.iter().filter(|(p, _)| *p >= low && *p < high).collect();
        let count = members.len();
        let share = |sum: f64| if count > 0 { sum / count as f64 } else { 0.0 };
        let right = members.iter().filter(|(_, right)| *right).count() as f64;
        Group { low, count, said: share(members.iter().map(|m| m.0).sum()), right: share(right) }
    };
    let groups: Vec<Group> = GROUPS.map(group).into_iter().filter(|g| g.count > 0).collect();
    let error = groups.iter().map(|g| g.count as f64 * (g.said - g.right).abs()).sum::<f64>() / answers.len().max(1) as f64;
    (groups, (!answers.is_empty()).then_some(error))
}

/// A row a group: what it said on average, what was right; the mark is what it said.
pub fn draw(pen: &mut Pen, review: &Review) {
    let mut body = pen.panel("Calibration: said and right");
    let (groups, error) = groups(review);
    let Some(error) = error else {
        let rows = body.height();
        body.wrap(0, 0, rows, "No trial that the model had not seen has a label.", Ink::Dim);
        return;
    };
    let width = body.width().saturating_sub(27);
    for (y, g) in groups.iter().enumerate() {
        let y = y as u16;
        body.text(0, y, &format!("said {:.2} right {:.2} {:>3} tr", g.said, g.right, g.count), Ink::Plain);
        bar(&mut body, (26, y), width, g.right, Some(g.said), Ink::Accent);
    }
    let few = if review.scored_trials < 30 { "; few trials" } else { "" };
    body.text(0, groups.len() as u16, &format!("expected calibration error {error:.2}{few}"), Ink::Dim);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::example::review;

    #[test]
    fn said_and_right_are_grouped_by_confidence() {
        let (groups, error) = groups(&review());
        assert_eq!(groups.len(), 1, "the example is always equally sure: {groups:?}");
        assert!((groups[0].said - 0.83).abs() < 1e-6 && groups[0].count == 12 && groups[0].low == 0.7);
        assert!((groups[0].right - 11.0 / 12.0).abs() < 1e-9);
        assert!(error.is_some_and(|e| (e - (11.0 / 12.0 - 0.83)).abs() < 1e-6));
        let nothing = Review { predictions: Vec::new(), ..review() };
        assert_eq!(super::groups(&nothing).1, None);
    }
}
