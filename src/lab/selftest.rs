//! The devices' self-test: every stream is watched for some seconds, and each thing that can be wrong is said with its
//! way out.

use crate::lab::Lab;
use crate::lab::guided::{Check, Outcome, SelfTest, StreamTest};
use crate::lab::message::StreamView;
use crate::signal::{LatencySource, Nanos, SECOND, StreamInfo, StreamKind, seconds};

/// A test lasts so long, s.
const LASTS_S: f64 = 8.0;
/// Rates mean something after so long, s.
const ENOUGH_S: f64 = 3.0;
/// A stream that was silent for so long does not stream, s.
const SILENT_S: f64 = 1.5;
/// One packet in a hundred may be so late, s.
const LATE_S: f64 = 0.05;

/// The test that runs, or ran last.
#[derive(Debug, Default)]
pub struct Running {
    base: Vec<StreamView>,
    refreshed: Nanos,
    latest: Option<SelfTest>,
}

/// What is known of one stream besides its counters.
pub struct Facts<'a> {
    pub info: &'a StreamInfo,
    /// What ended its device.
    pub ended: Option<String>,
    /// Channels that have not changed for a second; "picture" for a camera.
    pub still: Vec<String>,
    /// Channels that ought to change.
    pub lively: usize,
    pub clock: Option<ClockFacts>,
}

/// A stream's clock over the last minutes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockFacts {
    pub span_s: f64,
    pub ppm: f64,
    pub ppm_sd: Option<f64>,
    /// How late one packet in a hundred is, s.
    pub late_s: f64,
}

impl Lab {
    /// Watches every stream anew.
    pub(super) fn test_again(&mut self) -> Result<(), String> {
        if self.setup.is_none() {
            return Err("no rig is connected, so that there is nothing to test; connect one".into());
        }
        self.begin_test();
        Ok(())
    }

    pub(super) fn begin_test(&mut self) {
        let now = self.options.clock.now();
        let base = self.live.streams(now, &|id| self.devices.dropped(id));
        let latest = SelfTest { began: now, watched_s: 0.0, of_s: LASTS_S, streams: Vec::new() };
        self.test = Running { base, refreshed: 0, latest: Some(latest) };
    }

    /// The test so far; judged once a second until it is over, and the same from then on.
    pub(super) fn tested(&mut self, now: Nanos) -> Option<SelfTest> {
        let test = self.test.latest.clone()?;
        if test.is_over() || now - self.test.refreshed < SECOND {
            return Some(test);
        }
        let watched_s = seconds(now - test.began);
        let views = self.live.streams(now, &|id| self.devices.dropped(id));
        let infos = self.devices.streams();
        let streams = infos.iter().filter_map(|info| {
            let view = views.iter().find(|v| v.id == info.id)?;
            let (still, lively) = self.live.still(info.id);
            let facts = Facts { info, ended: self.devices.ended(info.id), still, lively, clock: self.clocks.facts(info.id) };
            Some(judge(view, self.test.base.iter().find(|b| b.id == info.id), watched_s, &facts))
        });
        let test = SelfTest { watched_s: watched_s.min(LASTS_S), streams: streams.collect(), ..test };
        (self.test.refreshed, self.test.latest) = (now, Some(test.clone()));
        Some(test)
    }
}

/// One stream after `watched_s` seconds; `base`: its counters when the test began.
fn judge(view: &StreamView, base: Option<&StreamView>, watched_s: f64, facts: &Facts) -> StreamTest {
    let came = view.received - base.map_or(0, |b| b.received.min(view.received));
    let gone = |v: &StreamView| v.lost + v.dropped;
    let lost = gone(view).saturating_sub(base.map_or(0, gone));
    let checks = vec![
        connected(view, came, watched_s, facts),
        rate(view, watched_s),
        samples(came, lost),
        clock(facts, view),
        latency(facts.info),
        moving(facts, view),
    ];
    StreamTest { stream: view.id, name: view.name.clone(), checks }
}

fn check(what: &str, outcome: Outcome, found: impl Into<String>, way_out: &str) -> Check {
    let way_out = if matches!(outcome, Outcome::Holds | Outcome::Waits) { "" } else { way_out };
    Check { what: what.into(), outcome, found: found.into(), way_out: way_out.into() }
}

fn connected(view: &StreamView, came: u64, watched_s: f64, facts: &Facts) -> Check {
    let what = "connected";
    if let Some(why) = &facts.ended {
        return check(
            what,
            Outcome::Fails,
            format!("the device is lost: {why}"),
            "plug it in, then r and Enter connect it again",
        );
    }
    if came == 0 && watched_s < ENOUGH_S {
        return check(what, Outcome::Waits, "nothing came yet", "");
    }
    if came == 0 || view.age_s > SILENT_S {
        let way = "switch the device on, bring it nearer, see that no other program holds it; then t tests again";
        return check(what, Outcome::Fails, format!("silent for {:.1} s", view.age_s.min(999.0)), way);
    }
    check(what, Outcome::Holds, "streaming", "")
}

fn rate(view: &StreamView, watched_s: f64) -> Check {
    let face = view.kind == StreamKind::Face;
    let unit = if face { "fps" } else { "Hz" };
    let found = format!("{:.2} of {:.0} {unit}", view.measured_rate, view.rate);
    if watched_s < ENOUGH_S {
        return check("rate", Outcome::Waits, found, "");
    }
    let off = (view.measured_rate / view.rate.max(1e-9) - 1.0).abs();
    let (warns, fails) = if face { (0.05, 0.2) } else { (0.01, 0.05) };
    let outcome = if off > fails {
        Outcome::Fails
    } else if off > warns {
        Outcome::Warns
    } else {
        Outcome::Holds
    };
    let way = if face {
        "more light (dark rooms halve the rate), another USB port, or a lower rate in the rig"
    } else {
        "see that the rig's rate is the device's; close other programs that use it, bring the receiver nearer"
    };
    check("rate", outcome, found, way)
}

fn samples(came: u64, lost: u64) -> Check {
    let share = lost as f64 / (came + lost).max(1) as f64;
    let outcome = match lost {
        0 => Outcome::Holds,
        _ if share < 0.001 => Outcome::Warns,
        _ => Outcome::Fails,
    };
    let found = format!("{lost} lost of {}", came + lost);
    check(
        "samples",
        outcome,
        found,
        "radio: receiver within a metre, away from USB 3 plugs; cable: another one; then t tests again",
    )
}

fn clock(facts: &Facts, view: &StreamView) -> Check {
    let source = &facts.info.clock;
    let Some(clock) = facts.clock.filter(|_| view.kind == StreamKind::Signal) else {
        return check("clock", Outcome::Holds, source.clone(), "");
    };
    let drift = match clock.ppm_sd {
        Some(sd) if clock.span_s >= 60.0 => format!("{:+.0} +- {sd:.0} ppm, ", clock.ppm),
        _ => String::new(),
    };
    let found = format!("{drift}1 in 100 late by {:.0} ms; {source}", 1e3 * clock.late_s);
    let slow = clock.late_s > LATE_S.max(1.0 / view.rate.max(1e-9));
    let outcome = if slow { Outcome::Warns } else { Outcome::Holds };
    check("clock", outcome, found, "packets come in bursts: set the driver's latency timer to 1 ms, close busy programs")
}

fn latency(info: &StreamInfo) -> Check {
    let ms = 1e3 * info.latency_s;
    let sd = 1e3 * info.latency_origin.sd_s;
    match info.latency_origin.source {
        LatencySource::Default => {
            let way = "fine for a first try; `limbic calibrate` measures it (a flash for EEG, blinks for the camera)";
            check("latency", Outcome::Warns, "never measured, 0 ms assumed", way)
        }
        LatencySource::Config => check("latency", Outcome::Holds, format!("{ms:.0} ms, written in the rig"), ""),
        source => check("latency", Outcome::Holds, format!("{ms:.1} +- {sd:.1} ms by {}", source.name()), ""),
    }
}

fn moving(facts: &Facts, view: &StreamView) -> Check {
    if view.received == 0 {
        return check("moving", Outcome::Waits, "nothing came yet", "");
    }
    let still = &facts.still;
    let names = still.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
    let more = if still.len() > 4 { format!(" and {} more", still.len() - 4) } else { String::new() };
    if view.kind == StreamKind::Face {
        let way = "the picture is frozen: take the camera's cover off, or unplug it and plug it in";
        let outcome = if still.is_empty() { Outcome::Holds } else { Outcome::Fails };
        return check("moving", outcome, if still.is_empty() { "the picture changes" } else { "the picture stands still" }, way);
    }
    match (still.len(), facts.lively) {
        (0, n) => check("moving", Outcome::Holds, format!("{n} of {n} channels change"), ""),
        (s, n) if s == n => check(
            "moving",
            Outcome::Fails,
            "no channel changes",
            "the amplifier sends zeros: plug the cap in, check reference and ground",
        ),
        _ => check("moving", Outcome::Warns, format!("{names}{more} stand still"), "flat: check plug and gel of these"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Channel, LatencyOrigin, StreamId};

    fn info() -> StreamInfo {
        StreamInfo {
            id: StreamId(0),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            rate: 250.0,
            channels: vec![Channel::eeg("Fz"), Channel::eeg("Cz")],
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: LatencyOrigin::default(),
            simulated: true,
        }
    }

    fn view(received: u64, lost: u64, measured_rate: f64, age_s: f64) -> StreamView {
        StreamView {
            id: StreamId(0),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            channels: 2,
            rate: 250.0,
            measured_rate,
            received,
            lost,
            dropped: 0,
            age_s,
            simulated: true,
        }
    }

    fn outcomes(test: &StreamTest) -> Vec<Outcome> {
        test.checks.iter().map(|c| c.outcome).collect()
    }

    #[test]
    fn a_sound_stream_passes_and_every_failure_has_its_way_out() {
        use Outcome::{Fails, Holds, Waits, Warns};
        let info = info();
        let late = ClockFacts { span_s: 8.0, ppm: 0.0, ppm_sd: None, late_s: 0.004 };
        let facts = Facts { info: &info, ended: None, still: vec![], lively: 2, clock: Some(late) };
        let base = view(1000, 3, 250.0, 0.1);
        let sound = judge(&view(3000, 3, 250.2, 0.05), Some(&base), 8.0, &facts);
        assert_eq!(outcomes(&sound), [Holds, Holds, Holds, Holds, Warns, Holds], "{sound:?}");
        let bad = Facts { still: vec!["Fz".into(), "Cz".into()], clock: Some(ClockFacts { late_s: 0.3, ..late }), ..facts };
        let bad = judge(&view(2500, 503, 190.0, 2.0), Some(&base), 8.0, &bad);
        assert_eq!(outcomes(&bad), [Fails, Fails, Fails, Warns, Warns, Fails]);
        assert!(bad.checks.iter().all(|c| !c.way_out.is_empty()), "{bad:?}");
        assert!(bad.checks[2].found.starts_with("500 lost of 2000"), "{:?}", bad.checks[2]);
        let facts = Facts { info: &info, ended: None, still: vec![], lively: 2, clock: None };
        let early = judge(&view(0, 0, 0.0, f64::INFINITY), None, 1.0, &facts);
        assert_eq!(outcomes(&early)[..2], [Waits, Waits]);
    }
}
