//! Topic 16: quality scores per channel and window, and the overall score.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::gate::{EegWindow, Method, try_judge_by, window_scores_by};

pub fn scores(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let meta = topic.json("meta.json")?;
    let number = |key: &str| meta[key].as_f64().ok_or_else(|| format!("meta.json has no {key}"));
    let data = topic.array("x.npy")?.rows();
    let eeg = EegWindow {
        rate: number("fs")?,
        labels: (0..data.len()).map(|i| format!("channel {i}")).collect(),
        expected_samples: data[0].len(),
        data,
        mains_hz: number("line")?,
        rail: Some(number("rail_uv")?),
    };
    // The vectors hold the definition; what the default makes of them follows below.
    let windows = window_scores_by(&eeg, Method::Definition).map_err(|e| e.to_string())?;
    let report = try_judge_by(&eeg, Method::Definition).map_err(|e| e.to_string())?;
    let by_channel = |value: fn(&limbic::gate::Score) -> f64| -> Vec<f64> {
        (0..eeg.data.len()).flat_map(|c| windows.iter().map(move |w| value(&w.channels[c])).collect::<Vec<_>>()).collect()
    };
    let (scores, wanted) = (by_channel(|s| s.score), topic.array("score.npy")?.values);
    let (limits, wanted_limits) = (by_channel(|s| s.limit as f64), topic.array("why.npy")?.values);
    // Where two checks score alike within rounding the limit is a matter of taste: only clearly limited windows count.
    let wrong = limits.iter().zip(&wanted_limits).zip(&wanted).filter(|((a, b), score)| a != b && **score < 90.0).count();
    let channels: Vec<f64> = report.channels.iter().map(|c| c.score).collect();
    let allowed = topic.tolerance("atol")?;
    Ok(vec![
        Outcome { of: "channel scores", largest: largest_difference(&channels, &topic.array("channel.npy")?.values), allowed },
        Outcome { of: "overall", largest: (report.overall - number("overall")?).abs(), allowed: 0.5 },
        Outcome { of: "window scores", largest: largest_difference(&scores, &wanted), allowed: 0.1 },
        Outcome { of: "limiting check differs, windows", largest: wrong as f64, allowed: 0.0 },
    ])
}
