//! The gate's answer to a report: pass or not, why, and what to do about it.

use crate::gate::{ChannelQuality, QualityReport, Reason, Verdict};
use crate::rig::GateRig;

/// Whether a recording may start, with the sentences for the experimenter.
pub fn verdict(report: &QualityReport, rig: &GateRig) -> Verdict {
    let mut problems = Vec::new();
    let bad: Vec<&ChannelQuality> = report.channels.iter().filter(|c| c.score < rig.bad_channel).collect();
    let required = |name: &str| rig.required.iter().any(|r| r.eq_ignore_ascii_case(name));
    if required("eeg") {
        problems.extend(eeg_problem(report, rig, bad.len()));
    }
    for name in rig.required.iter().map(|r| r.to_ascii_lowercase()).filter(|r| r != "eeg") {
        match report.others.iter().find(|o| o.label.eq_ignore_ascii_case(&name)) {
            None => problems.push(format!("{name} is required and not recorded")),
            Some(other) if other.score < rig.pass => {
                problems.push(format!("{name} scores {:.0} of the {:.0} it needs", other.score, rig.pass));
            }
            Some(_) => {}
        }
    }
    let pass = problems.is_empty();
    let why = if pass { passed(report, bad.len()) } else { format!("Not yet: {}.", problems.join("; ")) };
    Verdict { pass, why, advice: advice(report, rig) }
}

fn passed(report: &QualityReport, bad: usize) -> String {
    let share = match bad {
        0 => "no channel bad".to_string(),
        1 => "1 channel bad".to_string(),
        n => format!("{n} channels bad"),
    };
    format!("Passed with {:.1} % over {:.0} s, {share}.", report.overall, report.seconds)
}

fn eeg_problem(report: &QualityReport, rig: &GateRig, bad: usize) -> Option<String> {
    let all = report.channels.len();
    if all == 0 {
        return Some("no EEG channel is recorded".into());
    }
    if report.channels.iter().all(|c| c.reason == Some(Reason::Missing)) {
        return Some("no whole window of EEG has come".into());
    }
    if let Some(reason) = common_fault(report) {
        return Some(format!("most channels are {} at once, so the reference is not right", reason.name()));
    }
    if report.overall < rig.pass {
        let came = 100.0 * report.completeness;
        if report.overall >= rig.pass * report.completeness {
            return Some(format!("only {came:.1} % of the samples came, which leaves {:.1} % of quality", report.overall));
        }
        return Some(format!("quality {:.1} % of the {:.0} % it needs", report.overall, rig.pass));
    }
    let share = bad as f64 / all as f64;
    (share > rig.bad_share).then(|| format!("{bad} of {all} channels are bad; at most {:.0} % may be", 100.0 * rig.bad_share))
}

/// A fault that more than half the channels share comes from reference or ground, not from the electrodes.
fn common_fault(report: &QualityReport) -> Option<Reason> {
    [Reason::Flat, Reason::Railed, Reason::Line].into_iter().find(|reason| {
        let hit = report.channels.iter().filter(|c| c.reason == Some(*reason) && c.score < 40.0).count();
        2 * hit > report.channels.len()
    })
}

/// Sentences for the experimenter, most helpful first: the worst channels, then bridges and losses.
fn advice(report: &QualityReport, rig: &GateRig) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(reason) = common_fault(report) {
        advice.push(format!("most channels {}: check the reference and ground electrodes first", reason.name().to_lowercase()));
    }
    let mut limited: Vec<&ChannelQuality> =
        report.channels.iter().chain(&report.others).filter(|c| c.reason.is_some() && c.score < rig.pass).collect();
    limited.sort_by(|a, b| a.score.total_cmp(&b.score));
    // Channels with the same fault share a sentence, so that seven flat channels take one line.
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in limited.iter().filter_map(|c| c.reason) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        let names: Vec<&str> = limited.iter().filter(|c| c.reason == Some(reason)).map(|c| c.label.as_str()).collect();
        let shown = names.iter().take(8).copied().collect::<Vec<_>>().join(", ");
        let more = if names.len() > 8 { format!(" and {} more", names.len() - 8) } else { String::new() };
        advice.push(format!("{shown}{more} {}", remedy(reason)));
    }
    if report.bridged.len() > report.channels.len() {
        advice.push("most channels carry the same signal: check the reference, or gel that joins them all".into());
    } else {
        let pairs = report.bridged.iter().take(4);
        advice.extend(pairs.map(|(a, b)| format!("{a} and {b} are joined by gel: wipe between them")));
    }
    if report.completeness < 0.99 && report.seconds > 0.0 {
        advice.push(format!(
            "{:.1} % of the samples never came: check the radio link or the cable",
            100.0 * (1.0 - report.completeness)
        ));
    }
    advice
}

fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::Flat => "flat: check plug and gel",
        Reason::Railed => "railed: press the electrode on, check the reference",
        Reason::Amplitude => "too small or too large: check contact, ask the participant to sit still",
        Reason::Line => "mains hum: improve contact, move cables and chargers away",
        Reason::HighFrequency => "muscle or noise: ask the participant to relax jaw and brow",
        Reason::Correlation => "unlike the rest: check contact and that the plug sits in the right hole",
        Reason::Rhythm => "no heart's rhythm: check the sensor's seat",
        Reason::Face => "face not good enough: check light and framing",
        Reason::Contact => "the device reports poor contact: add gel or saline, press the electrode on",
        Reason::Missing => "missing: check that the device sends",
        Reason::Marked => "marked bad by the experimenter: left out of the score",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(scores: &[(f64, Option<Reason>)]) -> QualityReport {
        let channel = |(i, (score, reason)): (usize, &(f64, Option<Reason>))| ChannelQuality {
            label: format!("E{i}"),
            score: *score,
            reason: *reason,
            detail: String::new(),
        };
        let channels: Vec<ChannelQuality> = scores.iter().enumerate().map(channel).collect();
        let overall = channels.iter().map(|c| c.score).sum::<f64>() / channels.len().max(1) as f64;
        QualityReport { channels, others: Vec::new(), overall, completeness: 1.0, seconds: 60.0, bridged: Vec::new() }
    }

    #[test]
    fn a_clean_cap_passes_and_one_flat_of_twenty_may() {
        let mut scores = vec![(97.0, None); 20];
        assert!(verdict(&report(&scores), &GateRig::default()).pass);
        scores[3] = (0.0, Some(Reason::Flat));
        let answer = verdict(&report(&scores), &GateRig::default());
        assert!(answer.pass && answer.advice == ["E3 flat: check plug and gel"], "{answer:?}");
    }

    #[test]
    fn too_many_bad_channels_fail_even_with_a_good_mean() {
        let mut scores = vec![(100.0, None); 20];
        scores[..3].fill((0.0, Some(Reason::Railed)));
        let answer = verdict(&report(&scores), &GateRig::default());
        assert!(!answer.pass && answer.why.contains("3 of 20"), "{answer:?}");
    }

    #[test]
    fn lost_samples_are_named_where_the_channels_are_good() {
        let mut lossy = report(&[(96.0, None); 8]);
        (lossy.completeness, lossy.overall) = (0.5, 48.0);
        let answer = verdict(&lossy, &GateRig::default());
        assert!(!answer.pass && answer.why.contains("only 50.0 % of the samples came"), "{answer:?}");
        assert!(answer.advice.iter().any(|a| a.contains("never came")), "{answer:?}");
    }

    #[test]
    fn a_fault_that_all_share_points_to_the_reference() {
        let answer = verdict(&report(&[(5.0, Some(Reason::Line)); 8]), &GateRig::default());
        assert!(!answer.pass && answer.advice[0].contains("reference"), "{answer:?}");
    }

    #[test]
    fn one_bridge_is_gel_and_many_are_the_reference() {
        let pair = |a: usize, b: usize| (format!("E{a}"), format!("E{b}"));
        let mut report = report(&[(97.0, None); 4]);
        report.bridged = vec![pair(0, 1)];
        assert_eq!(verdict(&report, &GateRig::default()).advice, ["E0 and E1 are joined by gel: wipe between them"]);
        report.bridged = (0..4).flat_map(|a| (a + 1..4).map(move |b| pair(a, b))).collect();
        let advice = verdict(&report, &GateRig::default()).advice;
        assert!(advice.len() == 1 && advice[0].contains("reference"), "{advice:?}");
    }

    #[test]
    fn a_required_modality_that_is_absent_fails() {
        let rig = GateRig { required: vec!["eeg".into(), "ecg".into()], ..GateRig::default() };
        let answer = verdict(&report(&[(97.0, None); 8]), &rig);
        assert!(!answer.pass && answer.why.contains("ecg is required"), "{answer:?}");
        assert!(!verdict(&report(&[]), &GateRig::default()).pass);
    }
}
