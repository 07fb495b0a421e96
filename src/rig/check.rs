//! Whether the values of a rig make sense, before a device is touched.

use super::{Device, Rig};
use std::ops::RangeInclusive;

/// A value that cannot be meant.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub key: String,
    pub value: String,
    pub must: &'static str,
}

const PERCENT: RangeInclusive<f64> = 0.0..=100.0;
const PHASE_S: RangeInclusive<f64> = 0.0..=3600.0;
/// Fixed delays, s: a wireless headset was once seen 2 s late.
const LATENCY_S: RangeInclusive<f64> = -60.0..=60.0;
const MODALITIES: [&str; 4] = ["eeg", "ecg", "ppg", "face"];

/// The first value that makes no sense; a value that is no number makes none anywhere.
pub(super) fn values(rig: &Rig) -> Result<(), Wrong> {
    if rig.name.trim().is_empty() {
        return Err(Wrong { key: "name".into(), value: "\"\"".into(), must: "what the lab calls this rig" });
    }
    if rig.mains_hz != 50.0 && rig.mains_hz != 60.0 {
        return Err(Wrong { key: "mains_hz".into(), value: rig.mains_hz.to_string(), must: "50 or 60" });
    }
    let (gate, protocol) = (&rig.gate, &rig.protocol);
    let settings = [
        ("gate.pass", gate.pass, PERCENT, "a percentage from 0 to 100"),
        ("gate.bad_channel", gate.bad_channel, PERCENT, "a percentage from 0 to 100"),
        ("gate.bad_share", gate.bad_share, 0.0..=1.0, "a share from 0 to 1"),
        ("gate.window_s", gate.window_s, 2.0..=600.0, "2 to 600 seconds"),
        ("protocol.baseline_open_s", protocol.baseline_open_s, PHASE_S, "0 to 3600 seconds"),
        ("protocol.baseline_closed_s", protocol.baseline_closed_s, PHASE_S, "0 to 3600 seconds"),
        ("protocol.fixation_s", protocol.fixation_s, PHASE_S, "0 to 3600 seconds"),
        ("protocol.rest_s", protocol.rest_s, PHASE_S, "0 to 3600 seconds"),
        ("stimulus.display_latency_s", rig.stimulus.display_latency_s, 0.0..=5.0, "0 to 5 seconds"),
    ];
    settings.into_iter().try_for_each(|(key, value, range, must)| within(key.into(), value, &range, must))?;
    if let Some(name) = gate.required.iter().find(|name| !MODALITIES.contains(&name.to_ascii_lowercase().as_str())) {
        let (key, value) = ("gate.required".into(), format!("\"{name}\""));
        return Err(Wrong { key, value, must: "one of \"eeg\", \"ecg\", \"ppg\", \"face\"" });
    }
    rig.devices.iter().enumerate().try_for_each(|(i, device)| values_of(i + 1, device))
}

fn values_of(number: usize, device: &Device) -> Result<(), Wrong> {
    let key = |name: &str| format!("{name} of device {number}");
    let latency = |latency_s: f64, sd_s: f64| {
        within(key("latency_s"), latency_s, &LATENCY_S, "-60 to 60 seconds")?;
        within(key("latency_sd_s"), sd_s, &(0.0..=60.0), "0 to 60 seconds")
    };
    match device {
        Device::Simulator(rig) => {
            within(key("effect"), rig.effect, &(0.0..=10.0), "0 to 10")?;
            within(key("heart_uv"), rig.heart_uv, &(0.0..=1000.0), "0 to 1000 uV")?;
            within(key("face_fps"), rig.face_fps, &(0.0..=240.0), "0 to 240 frames a second")
        }
        Device::BrainFlow(rig) => latency(rig.latency_s, rig.latency_sd_s),
        Device::Camera(rig) => latency(rig.latency_s, 0.0),
        Device::Lsl(rig) => {
            within(key("wait_s"), rig.wait_s, &PHASE_S, "0 to 3600 seconds")?;
            latency(rig.latency_s, rig.latency_sd_s)
        }
        Device::Replay(rig) => within(key("speed"), rig.speed, &(1e-3..=1e3), "above 0; 1 is real time"),
    }
}

fn within(key: String, value: f64, range: &RangeInclusive<f64>, must: &'static str) -> Result<(), Wrong> {
    if range.contains(&value) { Ok(()) } else { Err(Wrong { key, value: value.to_string(), must }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A rig of one simulator with this in place of a line, or behind it.
    fn refusal(text: &str) -> String {
        Rig::parse(text, Path::new("bad.toml")).map(|_| ()).expect_err(text).to_string()
    }

    #[test]
    fn a_malformed_rig_is_named_with_its_key() {
        let simulator = |rest: &str| format!("name = \"r\"\n[[device]]\nkind = \"simulator\"\n{rest}\n");
        let device = |rest: &str| format!("name = \"r\"\n[[device]]\n{rest}\n");
        let table = [
            (String::new(), vec!["missing field"]),
            ("name = \"r\"".into(), vec!["device"]),
            ("name = \"r\"\ndevice = []".into(), vec!["[[device]]", "simulator"]),
            ("name = r".into(), vec!["line 1"]),
            ("\u{0}\u{1}".into(), vec!["line 1"]),
            (device("kind = \"toaster\""), vec!["toaster", "simulator"]),
            (device("seed = 7"), vec!["kind"]),
            (device("kind = \"brainflow\""), vec!["board"]),
            (device("kind = \"brainflow\"\nboard = 17\nmontag = []"), vec!["montag"]),
            (device("kind = \"brainflow\"\nboard = 17\nroles = { Fz = \"nose\" }"), vec!["nose"]),
            (device("kind = \"brainflow\"\nboard = 17\nlatency_s = nan"), vec!["latency_s of device 1", "NaN"]),
            (device("kind = \"lsl\"\nlayout = \"emotiv\""), vec!["emotiv", "emotivpro"]),
            (device("kind = \"lsl\"\nlatency_sd_s = -1.0"), vec!["latency_sd_s", "-1"]),
            (device("kind = \"lsl\"\nwait_s = inf"), vec!["wait_s", "inf"]),
            (device("kind = \"camera\"\nformat = \"png\""), vec!["png", "mjpeg"]),
            (device("kind = \"camera\"\nwidth = -640"), vec!["-640"]),
            (device("kind = \"camera\"\nlatency_s = 100.0"), vec!["latency_s", "100"]),
            (device("kind = \"replay\""), vec!["path"]),
            (device("kind = \"replay\"\npath = \"x.edf\"\nspeed = 0.0"), vec!["speed", "1 is real time"]),
            (simulator("rat = 256.0"), vec!["rat"]),
            (simulator("rate = \"fast\""), vec!["fast"]),
            (simulator("face_fps = -1.0"), vec!["face_fps of device 1", "-1"]),
            (simulator("effect = nan"), vec!["effect"]),
            (format!("mains_hz = 55.0\n{}", simulator("")), vec!["mains_hz = 55", "50 or 60"]),
            (simulator("[gate]\npass = 101.0"), vec!["gate.pass = 101"]),
            (simulator("[gate]\nbad_channel = -1.0"), vec!["gate.bad_channel"]),
            (simulator("[gate]\nbad_share = 30.0"), vec!["gate.bad_share = 30", "0 to 1"]),
            (simulator("[gate]\nwindow_s = 1.0"), vec!["gate.window_s"]),
            (simulator("[gate]\nrequired = [\"egg\"]"), vec!["gate.required", "egg", "eeg"]),
            (simulator("[protocol]\nrest_s = -5.0"), vec!["protocol.rest_s"]),
            (simulator("[protocol]\nfixation_s = nan"), vec!["protocol.fixation_s"]),
            (simulator("[stimulus]\nplayer = \"vlc\""), vec!["vlc", "mpv"]),
            (simulator("[stimulus]\ndisplay_latency_s = -0.1"), vec!["stimulus.display_latency_s"]),
            (simulator("[gates]\npass = 1.0"), vec!["gates"]),
        ];
        for (text, words) in table {
            let sentence = refusal(&text);
            println!("{:<60} {}", text.replace('\n', " | "), sentence.lines().last().unwrap_or_default());
            assert!(sentence.contains("bad.toml"), "{sentence}");
            words.iter().for_each(|word| assert!(sentence.contains(word), "{word} in {sentence}"));
        }
    }

    #[test]
    fn one_real_device_makes_a_rig_real() {
        let simulator = "name = \"r\"\n[[device]]\nkind = \"simulator\"\n";
        let is_simulated = |text: &str| Rig::parse(text, Path::new("r.toml")).expect("good").is_simulated();
        assert!(is_simulated(simulator));
        assert!(!is_simulated(&format!("{simulator}[[device]]\nkind = \"camera\"\n")));
    }
}
