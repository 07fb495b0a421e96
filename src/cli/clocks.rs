//! A session's clocks in plain text: how each stream's rate stands to its nominal one, its latency, and what the
//! devices complained of.

use crate::signal::{MarkerKind, seconds};
use crate::store::{ClockSummary, Recording, Stamps};
use std::fmt::Write;

/// Complaints that are listed one by one; the rest is counted.
const LISTED: usize = 10;

/// The clock of every stream that has samples.
pub fn summaries(recording: &Recording) -> Vec<ClockSummary> {
    let clock = |row: &crate::store::rows::StreamRow| Some(recording.clock(row.info.id)?.summary(&row.info.name));
    recording.streams.iter().filter_map(clock).collect()
}

/// Clocks and trouble.
pub fn text(recording: &Recording) -> String {
    let mut text = String::new();
    for clock in summaries(recording) {
        let _ = writeln!(text, "{}", line(&clock));
    }
    let troubles: Vec<_> = recording.markers.iter().filter(|m| m.kind == MarkerKind::Trouble).collect();
    if !troubles.is_empty() {
        text += "\ntrouble\n";
        for m in troubles.iter().take(LISTED) {
            let trial = m.trial.map(|n| format!(" (trial {n})")).unwrap_or_default();
            let _ = writeln!(text, "  {:.1} s{trial}  {}", seconds(m.at - recording.session.started), m.text);
        }
        if troubles.len() > LISTED {
            let _ = writeln!(text, "  ... and {} more", troubles.len() - LISTED);
        }
    }
    text
}

/// "eeg clock: +80.1 +- 0.3 ppm over 10.0 min, residual p99 3.1 ms, fixed latency 0 +- 0 ms (default)".
fn line(clock: &ClockSummary) -> String {
    let sd = clock
        .ppm_sd
        .map_or("(too short to tell how surely)".into(), |sd| format!("+- {sd:.*} ppm", if sd < 0.1 { 2 } else { 1 }));
    let stamps = match clock.stamps {
        Stamps::Arrival => "arrivals",
        Stamps::Device => "the device's stamps",
    };
    if (clock.free_ppm - clock.ppm).abs() > 1.0 {
        return format!(
            "{} clock: {:+.0} ppm by {stamps} over {:.1} min: no crystal is so far off, so the device does not deliver at its \
             nominal rate; times lean on {:+.0} ppm, residual p99 {:.1} ms",
            clock.stream,
            clock.free_ppm,
            clock.fitted_s / 60.0,
            clock.ppm,
            clock.residual_p99_ms
        );
    }
    format!(
        "{} clock: {:+.1} {sd} over {:.1} min of {stamps}, residual p99 {:.1} ms, fixed latency {:.0} +- {:.0} ms ({})",
        clock.stream,
        clock.ppm,
        clock.fitted_s / 60.0,
        clock.residual_p99_ms,
        clock.fixed_latency_ms,
        clock.fixed_latency_sd_ms,
        clock.latency_source.name()
    )
}
