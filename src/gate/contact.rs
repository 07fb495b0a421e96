//! What the device itself says of each electrode's contact: it caps our own score, and is named as the reason where it
//! does (algorithms section 10). Judged on a mean of some seconds, because such grades flicker with every movement.

use crate::gate::{ChannelQuality, QualityReport, Reason};
use crate::signal::{Nanos, SECOND, seconds};
use std::collections::{BTreeMap, VecDeque};

/// Grades are averaged over so long; a device silent for longer says nothing.
const MEAN: Nanos = 5 * SECOND;
/// Emotiv's grades and what they allow: none, poor, fair, good.
const CAPS: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 40.0), (2.0, 70.0), (4.0, 100.0)];
/// Above the best grade a figure is a percentage.
const BEST_GRADE: f64 = 4.0;

/// The device's grades of the last seconds, by electrode.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    grades: BTreeMap<String, VecDeque<(Nanos, f64)>>,
}

impl Contact {
    /// Takes in one grade: 0-4, or a percentage. What is no number is passed over.
    pub fn push(&mut self, label: &str, at: Nanos, grade: f64) {
        if !grade.is_finite() || grade < 0.0 {
            return;
        }
        let grades = match self.grades.get_mut(label) {
            Some(grades) => grades,
            None => self.grades.entry(label.into()).or_default(),
        };
        grades.push_back((at, grade));
        while grades.front().is_some_and(|(first, _)| at - first > MEAN) {
            grades.pop_front();
        }
    }

    /// Mean grade of an electrode over the last seconds: 0 to 4, or a percentage above 4.
    pub fn mean(&self, label: &str, now: Nanos) -> Option<f64> {
        let grades = self.grades.get(label)?.iter().filter(|(at, _)| now - at <= MEAN).map(|(_, g)| *g);
        let (sum, count) = grades.fold((0.0, 0u32), |(sum, n), g| (sum + g, n + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// Caps the channels that the device complains of. Our own score stays in the detail.
    pub fn apply(&self, report: &mut QualityReport, now: Nanos) {
        for channel in report.channels.iter_mut().filter(|c| c.reason != Some(Reason::Missing)) {
            self.cap(channel, now);
        }
        let mean = report.channels.iter().map(|c| c.score).sum::<f64>() / report.channels.len().max(1) as f64;
        report.overall = mean * report.completeness;
    }

    fn cap(&self, channel: &mut ChannelQuality, now: Nanos) {
        let Some(grades) = self.grades.get(&channel.label) else { return };
        let recent: Vec<f64> = grades.iter().filter(|(at, _)| now - at <= MEAN).map(|(_, g)| *g).collect();
        if recent.is_empty() {
            return;
        }
        let mean = recent.iter().sum::<f64>() / recent.len() as f64;
        let percent = recent.iter().any(|g| *g > BEST_GRADE);
        let cap = if percent { mean.min(100.0) } else { allowed(mean) };
        if cap >= channel.score {
            return;
        }
        let said = if percent { format!("{mean:.0} %") } else { format!("{mean:.1} of {BEST_GRADE:.0}") };
        let own = match channel.reason {
            Some(reason) => format!("{:.0}, {}", channel.score, reason.name()),
            None => format!("{:.0}", channel.score),
        };
        channel.detail = format!("the device says contact {said} over {:.0} s (own score {own})", seconds(MEAN));
        (channel.score, channel.reason) = (cap, Some(Reason::Contact));
    }
}

/// The score that a mean grade allows, linear between the grades.
fn allowed(grade: f64) -> f64 {
    let above = CAPS.windows(2).find(|w| grade <= w[1].0);
    above.map_or(100.0, |w| w[0].1 + (grade - w[0].0) / (w[1].0 - w[0].0) * (w[1].1 - w[0].1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(score: f64) -> QualityReport {
        let channel = |label: &str| ChannelQuality { label: label.into(), score, reason: None, detail: String::new() };
        let channels = vec![channel("Fz"), channel("Cz")];
        QualityReport { channels, others: Vec::new(), overall: score, completeness: 0.5, seconds: 60.0, bridged: Vec::new() }
    }

    #[test]
    fn a_poor_contact_caps_the_channel_and_the_own_score_is_told() {
        let mut contact = Contact::default();
        (0..10).for_each(|k| contact.push("Fz", k * SECOND / 2, if k % 2 == 0 { 0.0 } else { 2.0 }));
        (0..10).for_each(|k| contact.push("Cz", k * SECOND / 2, 4.0));
        let mut judged = report(90.0);
        contact.apply(&mut judged, 5 * SECOND);
        assert_eq!((judged.channels[0].score, judged.channels[0].reason), (40.0, Some(Reason::Contact)));
        assert_eq!(judged.channels[0].detail, "the device says contact 1.0 of 4 over 5 s (own score 90)");
        assert_eq!((judged.channels[1].score, judged.channels[1].reason), (90.0, None));
        assert_eq!(judged.overall, 32.5);
    }

    #[test]
    fn a_worse_score_of_our_own_stays_and_old_grades_say_nothing() {
        let mut contact = Contact::default();
        contact.push("Fz", 0, 1.0);
        let mut judged = report(30.0);
        contact.apply(&mut judged, 0);
        assert_eq!((judged.channels[0].score, judged.channels[0].reason), (30.0, None));
        let mut judged = report(90.0);
        contact.apply(&mut judged, 6 * SECOND);
        assert_eq!(judged.channels[0].score, 90.0);
        contact.push("Fz", SECOND, 60.0);
        contact.push("Fz", SECOND, f64::NAN);
        contact.apply(&mut judged, SECOND);
        assert!((judged.channels[0].score - 30.5).abs() < 1e-9, "the mean of 1 and 60 percent: {judged:?}");
    }

    #[test]
    fn grades_between_are_linear() {
        assert_eq!([0.0, 0.5, 1.0, 1.5, 3.0, 4.0].map(allowed), [0.0, 20.0, 40.0, 55.0, 85.0, 100.0]);
    }
}
