//! Which channels of an LSL stream become channels of ours: by label, never by number.
//!
//! EmotivPRO's stream mixes signals with bookkeeping (its manual, "LSL outlet"): Timestamp, Counter, Interpolate, the
//! electrodes, HardwareMarker, Markers. Counter and Interpolate tell losses; Timestamp repeats what LSL stamps.

use super::describe::{ChannelText, Description};
use crate::acquire::AcquireError;
use crate::rig::{LslLayout, LslRig};
use crate::signal::{Channel, Role, position_of};

const COUNTER: &str = "Counter";
const INTERPOLATE: &str = "Interpolate";
/// What EmotivPRO calls its streams begins so.
const EMOTIV: &str = "EmotivDataStream";
/// In EmotivPRO's streams these are neither signals nor markers.
const LEFT_OUT: [&str; 4] = ["Timestamp", COUNTER, INTERPOLATE, "OriginalTimestamp"];
const TRIGGERS: [&str; 4] = ["HardwareMarker", "MarkerHardware", "Markers", "MarkerIndex"];

/// The columns that are read, in the order of the stream's channels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    pub channels: Vec<Channel>,
    /// Column of each channel and the factor that brings it into the channel's unit.
    pub columns: Vec<(usize, f64)>,
    /// Column that counts samples.
    pub counter: Option<usize>,
    /// Column that is not 0 where the sample was made up for a lost one.
    pub interpolated: Option<usize>,
    pub emotiv: bool,
}

impl Layout {
    /// Every one of `width` columns is a channel, in their order and their own unit, and none keeps books.
    pub fn takes_all(&self, width: usize) -> bool {
        let in_order = || self.columns.iter().enumerate().all(|(at, (column, scale))| at == *column && *scale == 1.0);
        self.columns.len() == width && self.counter.is_none() && self.interpolated.is_none() && in_order()
    }

    /// Names the channels of a stream of signals.
    ///
    /// # Errors
    /// A montage of another length, a label twice, a role or counter for a label that is not there, no channels.
    pub fn of(device: &str, stream: &Description, rig: &LslRig) -> Result<Layout, AcquireError> {
        let wrong = |message: String| AcquireError::Device { device: device.into(), message };
        let labels = labels(stream, &rig.montage).map_err(wrong)?;
        if let Some((_, twice)) = labels.iter().enumerate().find(|(i, l)| labels[..*i].contains(l)) {
            return Err(wrong(format!("two of its channels are called \"{twice}\"; give montage = [...] with own labels")));
        }
        let column = |label: &str| labels.iter().position(|l| l.eq_ignore_ascii_case(label));
        let emotiv = match rig.layout {
            LslLayout::EmotivPro => true,
            LslLayout::Plain => false,
            LslLayout::Auto => stream.name.starts_with(EMOTIV) || (column(COUNTER).is_some() && column(INTERPOLATE).is_some()),
        };
        let counter = match &rig.counter {
            Some(label) => Some(column(label).ok_or_else(|| unknown(device, format!("counter = {label}"), &labels))?),
            None => column(COUNTER).filter(|_| emotiv),
        };
        if let Some(label) = rig.roles.keys().find(|l| !labels.contains(l)) {
            return Err(unknown(device, format!("roles.{label}"), &labels));
        }
        let interpolated = column(INTERPOLATE).filter(|_| emotiv);
        let mut layout = Layout { counter, interpolated, emotiv, ..Layout::default() };
        for (at, (label, text)) in labels.iter().zip(&stream.channels).enumerate() {
            let left_out = emotiv && LEFT_OUT.iter().any(|l| l.eq_ignore_ascii_case(label));
            if left_out || Some(at) == counter {
                continue;
            }
            let role = rig.roles.get(label).copied().unwrap_or_else(|| role(label, text, stream, emotiv));
            let (unit, scale) = unit(&text.unit, role);
            layout.channels.push(Channel { label: label.clone(), role, unit, rail: None, step: None, zero: 0.0 });
            layout.columns.push((at, scale));
        }
        if layout.channels.is_empty() { Err(wrong("it has no channels to record".into())) } else { Ok(layout) }
    }

    /// Names the channels of a stream in which the device reports contact: one for each of `electrodes` that it knows,
    /// and whatever else it says. None where it knows none of them.
    pub fn of_contact(stream: &Description, electrodes: &[String]) -> Option<Layout> {
        let labels = labels(stream, &[]).ok()?;
        let mut layout = Layout::default();
        for (at, label) in labels.iter().enumerate().filter(|(_, l)| !LEFT_OUT.iter().any(|o| o.eq_ignore_ascii_case(l))) {
            let electrode = electrodes.iter().find(|e| e.eq_ignore_ascii_case(bare(label)));
            let role = if electrode.is_some() { Role::Contact } else { Role::Misc };
            let label = electrode.unwrap_or(label).clone();
            layout.channels.push(Channel { label, role, unit: "grade".into(), rail: None, step: None, zero: 0.0 });
            layout.columns.push((at, 1.0));
        }
        layout.channels.iter().any(|c| c.role == Role::Contact).then_some(layout)
    }
}

fn unknown(device: &str, key: String, labels: &[String]) -> AcquireError {
    AcquireError::UnknownSetting { device: device.into(), key, known: format!("its channels are {}", labels.join(", ")) }
}

fn labels(stream: &Description, montage: &[String]) -> Result<Vec<String>, String> {
    if !montage.is_empty() && montage.len() != stream.width {
        return Err(format!("montage names {} channels, the stream has {}", montage.len(), stream.width));
    }
    let own = |(i, c): (usize, &ChannelText)| if c.label.is_empty() { format!("Ch{}", i + 1) } else { c.label.clone() };
    Ok(if montage.is_empty() { stream.channels.iter().enumerate().map(own).collect() } else { montage.to_vec() })
}

/// "CQ_Fz" -> "Fz".
fn bare(label: &str) -> &str {
    ["CQ_", "EQ_", "cq_", "eq_"].iter().find_map(|p| label.strip_prefix(p)).unwrap_or(label)
}

/// What a channel measures: what it says itself, else its label, else what the stream says.
fn role(label: &str, text: &ChannelText, stream: &Description, emotiv: bool) -> Role {
    if TRIGGERS.iter().any(|t| t.eq_ignore_ascii_case(label)) {
        return Role::Trigger;
    }
    if emotiv {
        return if position_of(label).is_some() { Role::Eeg } else { Role::Misc };
    }
    let said = |word: &str| match word.trim().to_ascii_uppercase().as_str() {
        "EEG" => Some(Role::Eeg),
        "ECG" | "EKG" => Some(Role::Ecg),
        "PPG" => Some(Role::Ppg),
        "EOG" => Some(Role::Eog),
        "EMG" => Some(Role::Emg),
        "EDA" | "GSR" => Some(Role::Eda),
        "TEMP" | "TEMPERATURE" => Some(Role::Temperature),
        "TRIG" | "TRIGGER" | "STIM" | "MARKER" | "MARKERS" => Some(Role::Trigger),
        "MISC" | "AUX" | "REF" | "ACC" | "GYRO" => Some(Role::Misc),
        _ => None,
    };
    said(&text.kind)
        .or_else(|| said(label))
        .or_else(|| position_of(label).map(|_| Role::Eeg))
        .or_else(|| said(&stream.kind))
        .unwrap_or(Role::Misc)
}

/// The unit to store in, and the factor into it. Voltages from the body are stored in uV; where nothing is said, EEG is
/// taken to be in uV already, as LSL's own conventions ask.
fn unit(said: &str, role: Role) -> (String, f64) {
    let body = matches!(role, Role::Eeg | Role::Ecg | Role::Eog | Role::Emg);
    let scale = match said.trim().to_lowercase().as_str() {
        "microvolts" | "microvolt" | "uv" | "\u{b5}v" | "\u{3bc}v" => Some(1.0),
        "millivolts" | "millivolt" | "mv" => Some(1e3),
        "volts" | "volt" | "v" => Some(1e6),
        "nanovolts" | "nanovolt" | "nv" => Some(1e-3),
        _ => None,
    };
    match (scale, said.trim()) {
        (Some(scale), _) if body => ("uV".into(), scale),
        (_, "") => (if body { "uV" } else { "au" }.into(), 1.0),
        (_, other) => (other.into(), 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, labels: &[&str], unit: &str) -> Description {
        let channel = |l: &&str| ChannelText { label: l.to_string(), unit: unit.into(), kind: String::new() };
        Description {
            name: name.into(),
            kind: "EEG".into(),
            rate: 128.0,
            width: labels.len(),
            channels: labels.iter().map(channel).collect(),
            ..Description::default()
        }
    }

    const EMOTIV_LABELS: [&str; 7] = ["Timestamp", "Counter", "Interpolate", "AF3", "T7", "HardwareMarker", "Markers"];

    #[test]
    fn emotivs_bookkeeping_is_no_signal() {
        let layout = Layout::of("x", &stream("EmotivDataStream-EEG", &EMOTIV_LABELS, ""), &LslRig::default()).expect("layout");
        let seen: Vec<(&str, Role)> = layout.channels.iter().map(|c| (c.label.as_str(), c.role)).collect();
        let wanted = [("AF3", Role::Eeg), ("T7", Role::Eeg), ("HardwareMarker", Role::Trigger), ("Markers", Role::Trigger)];
        assert_eq!(seen, wanted);
        assert_eq!(layout.columns.iter().map(|c| c.0).collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert_eq!((layout.counter, layout.interpolated, layout.emotiv), (Some(1), Some(2), true));
        let plain = LslRig { layout: LslLayout::Plain, ..LslRig::default() };
        assert_eq!(
            Layout::of("x", &stream("EmotivDataStream-EEG", &EMOTIV_LABELS, ""), &plain).expect("layout").columns.len(),
            7
        );
    }

    #[test]
    fn units_become_uv_and_roles_follow_the_rig() {
        let rig = LslRig { roles: [("B".to_string(), Role::Ecg)].into(), ..LslRig::default() };
        let layout = Layout::of("x", &stream("amp", &["Fz", "B", "GSR"], "volts"), &rig).expect("layout");
        let seen: Vec<(Role, &str, f64)> =
            layout.channels.iter().zip(&layout.columns).map(|(c, (_, s))| (c.role, c.unit.as_str(), *s)).collect();
        assert_eq!(seen, [(Role::Eeg, "uV", 1e6), (Role::Ecg, "uV", 1e6), (Role::Eda, "volts", 1.0)]);
    }

    #[test]
    fn doubtful_settings_are_refused() {
        let of =
            |labels: &[&str], rig: &LslRig| Layout::of("x", &stream("amp", labels, ""), rig).expect_err("refused").to_string();
        assert!(of(&["Fz", "Fz"], &LslRig::default()).contains("called \"Fz\""));
        let counter = LslRig { counter: Some("N".into()), ..LslRig::default() };
        assert!(of(&["Fz", "Cz"], &counter).contains("its channels are Fz, Cz"));
        let montage = LslRig { montage: vec!["Fz".into()], ..LslRig::default() };
        assert!(of(&["a", "b"], &montage).contains("names 1 channels, the stream has 2"));
    }

    #[test]
    fn contact_streams_are_matched_by_electrode() {
        let stream = stream("EmotivDataStream-Contact-Quality", &["Timestamp", "BatteryPercent", "af3", "CQ_T7", "O9"], "");
        let layout = Layout::of_contact(&stream, &["AF3".into(), "T7".into()]).expect("contact");
        let seen: Vec<(&str, Role)> = layout.channels.iter().map(|c| (c.label.as_str(), c.role)).collect();
        assert_eq!(seen, [("BatteryPercent", Role::Misc), ("AF3", Role::Contact), ("T7", Role::Contact), ("O9", Role::Misc)]);
        assert!(Layout::of_contact(&stream, &["Cz".into()]).is_none());
    }
}
