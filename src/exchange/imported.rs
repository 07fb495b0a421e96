//! What any file of the field becomes in memory, before it is judged, replayed or stored as a session.

use super::roles;
use crate::gate::{QualityReport, Verdict};
use crate::signal::{Channel, LatencyOrigin, Role, StreamId, StreamInfo, StreamKind};
use crate::signal::{Marker, Placement};
use crate::store::rows::{Consent, Participant, Trial};

/// How forgiving to be, and what to make of stamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Read what is whole of a truncated file instead of refusing it.
    pub lenient: bool,
    /// XDF: keep every sample's own stamp instead of the straight line through them.
    pub raw_stamps: bool,
}

/// Channels of equal rate.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedStream {
    pub info: StreamInfo,
    /// Channel-major samples in the channels' units; a sample that is missing is NaN.
    pub data: Vec<Vec<f32>>,
    /// Time of the first sample, s since the recording's zero.
    pub start_s: f64,
    /// Every sample's own time where that was asked for, s since the recording's zero; empty: evenly from `start_s`.
    pub stamps: Vec<f64>,
}

/// What a file held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// "EDF", "EDF+C", "BDF", "XDF", ...
    pub format: String,
    pub streams: Vec<ImportedStream>,
    /// (onset s, duration s, text), onset since the recording's zero.
    pub annotations: Vec<(f64, f64, String)>,
    /// Trials with their answers, where the file or its data set has them; times in ns since the recording's zero.
    pub trials: Vec<Trial>,
    /// Markers whose kind is known; times in ns since the recording's zero.
    pub markers: Vec<Marker>,
    /// What was said of electrodes; times as those of markers.
    pub placements: Vec<Placement>,
    /// What the lab knew of the session, where limbic wrote the data set.
    pub lab: Option<LabFacts>,
    /// Who it was, where the data set says so.
    pub participant: Option<Participant>,
    /// The recording's zero on the file's own clock, s.
    pub zero_s: f64,
    /// ns since 1970; a local time without zone is read as UTC.
    pub start_utc: Option<i64>,
    /// Everything a person should know: guesses, repairs, gaps, what was skipped.
    pub notes: Vec<String>,
}

/// A recording whose samples may still lie in its file.
pub struct Opened {
    pub imported: Imported,
    /// Where the samples of each stream are; empty where they are in memory already.
    pub later: Vec<super::edf::Samples>,
}

impl From<Imported> for Opened {
    fn from(imported: Imported) -> Opened {
        Opened { imported, later: Vec::new() }
    }
}

/// What belongs to a session beside its signals and events.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabFacts {
    pub consent: Option<Consent>,
    pub verdict: Option<Verdict>,
    pub override_reason: Option<String>,
    pub quality: Option<QualityReport>,
    pub order_seed: u64,
    pub player: String,
    pub rig: String,
    pub playlist: String,
    pub trials_planned: Option<u32>,
}

/// A channel as a file describes it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Draft {
    pub label: String,
    pub unit: String,
    /// What the file says that it measures; None: its label tells.
    pub role: Option<Role>,
    /// Size of one count in `unit`.
    pub step: Option<f64>,
}

impl Draft {
    pub fn new(label: &str, unit: &str, role: Option<Role>) -> Draft {
        Draft { label: label.trim().into(), unit: unit.trim().into(), role, step: None }
    }
}

/// Channels with labels that occur once, roles, and limbic's units; and by what each one's values are multiplied to
/// be in them. Voltages become uV (of an ECG: mV), everything else keeps its unit.
pub(super) fn channels(drafts: &[Draft], notes: &mut Vec<String>) -> Vec<(Channel, f64)> {
    let labels = unique_labels(&drafts.iter().map(|d| d.label.clone()).collect::<Vec<_>>(), notes);
    let units: Vec<String> = drafts.iter().map(|d| d.unit.clone()).collect();
    let said: Vec<Option<Role>> = drafts.iter().map(|d| d.role).collect();
    let (roles, guesses) = roles::roles(&labels, &units, &said);
    if said.iter().any(Option::is_none) {
        notes.extend(guesses);
    }
    let made = drafts.iter().zip(labels).zip(roles).map(|((draft, label), role)| {
        let (unit, factor) = in_our_unit(&draft.unit, role);
        let step = draft.step.map(|step| step * factor);
        (Channel { label, role, unit, rail: None, step, zero: 0.0 }, factor)
    });
    made.collect()
}

/// limbic's unit for a channel of that role, and the factor to it.
pub(super) fn in_our_unit(unit: &str, role: Role) -> (String, f64) {
    match (roles::microvolts(unit), role) {
        (_, Role::Trigger) => (String::new(), 1.0),
        (Some(factor), Role::Ecg) => ("mV".into(), factor / 1e3),
        (Some(factor), _) => ("uV".into(), factor),
        (None, _) => (unit.into(), 1.0),
    }
}

/// Equal labels get "-0", "-1", ..., as other readers do, since channels are found by label.
pub(super) fn unique_labels(labels: &[String], notes: &mut Vec<String>) -> Vec<String> {
    let mut renamed = 0;
    let unique = labels.iter().enumerate().map(|(i, label)| {
        if labels.iter().filter(|other| *other == label).count() < 2 {
            return label.clone();
        }
        renamed += 1;
        format!("{label}-{}", labels[..i].iter().filter(|other| *other == label).count())
    });
    let unique = unique.collect();
    if renamed > 0 {
        notes.push(format!("{renamed} channels share labels and are numbered"));
    }
    unique
}

/// The description of a stream of a file. Streams are called "eeg" where they have EEG, else by `name`.
pub(super) fn info(number: usize, name: &str, device: String, rate: f64, channels: Vec<Channel>) -> StreamInfo {
    StreamInfo {
        id: StreamId(number as u16),
        name: name.into(),
        kind: StreamKind::Signal,
        device,
        rate,
        channels,
        clock: "sample count of the file".into(),
        latency_s: 0.0,
        latency_origin: LatencyOrigin::default(),
        simulated: false,
    }
}

/// "eeg" for channels with EEG among them, else the role that all of them share, else `otherwise`.
pub(super) fn stream_name(channels: &[Channel], otherwise: &str) -> String {
    let first = channels.first().map_or(Role::Misc, |c| c.role);
    if channels.iter().any(|c| c.role == Role::Eeg) {
        "eeg".into()
    } else if first != Role::Misc && channels.iter().all(|c| c.role == first) {
        first.name().to_ascii_lowercase()
    } else {
        otherwise.into()
    }
}

/// Gives equal names of streams numbers: "ppg", "ppg2".
pub(super) fn number_names(streams: &mut [ImportedStream]) {
    for i in 0..streams.len() {
        let base = streams[i].info.name.clone();
        let taken = |name: &str| streams[..i].iter().any(|s| s.info.name == name);
        if let Some(free) = (2..).map(|n| format!("{base}{n}")).find(|name| !taken(name)).filter(|_| taken(&base)) {
            streams[i].info.name = free;
        }
        streams[i].info.id = StreamId(i as u16);
    }
}

/// Which of several streams what is computed uses: that with the most EEG channels, of equal ones the longest, of equally
/// long ones the first. None without EEG.
pub(super) fn main_stream<'a>(streams: impl Iterator<Item = (&'a StreamInfo, usize)>) -> Option<usize> {
    let size = |(info, samples): (&StreamInfo, usize)| (info.with_role(Role::Eeg).len(), samples as f64 / info.rate.max(1e-9));
    let mut most: Option<(usize, (usize, f64))> = None;
    for (i, size) in streams.map(size).enumerate().filter(|(_, size)| size.0 > 0) {
        if most.is_none_or(|(_, before)| size.0 > before.0 || (size.0 == before.0 && size.1 > before.1)) {
            most = Some((i, size));
        }
    }
    most.map(|(i, _)| i)
}

/// Puts the stream that what is computed uses before all others, since that is how a session finds it.
pub(super) fn put_main_first(streams: &mut [ImportedStream]) {
    let length = |s: &ImportedStream| s.data.first().map_or(0, Vec::len);
    if let Some(main) = main_stream(streams.iter().map(|s| (&s.info, length(s)))) {
        streams[..=main].rotate_right(1);
    }
}

/// A sentence where there is a choice of streams with EEG: of which what is computed is made.
pub fn which_eeg<'a>(streams: impl Iterator<Item = (&'a StreamInfo, usize)>) -> Option<String> {
    let told = |(info, n): (&StreamInfo, usize)| format!("{} ({:.2} Hz, {:.1} s)", info.name, info.rate, n as f64 / info.rate);
    let with_eeg: Vec<String> = streams.filter(|(info, _)| !info.with_role(Role::Eeg).is_empty()).map(told).collect();
    let (used, others) = with_eeg.split_first().filter(|(_, others)| !others.is_empty())?;
    Some(format!("several streams have EEG: features and models are made of {used}; left out of them: {}", others.join(", ")))
}

/// The last part of a path, for people.
pub(super) fn file_name(path: &std::path::Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_become_ours_and_labels_are_told_apart() {
        let mut notes = Vec::new();
        let drafts =
            [Draft::new("Fz", "V", None), Draft::new("ECG", "uV", None), Draft::new("x", "kPa", None), Draft::new("x", "", None)];
        let made = channels(&drafts, &mut notes);
        let told: Vec<(&str, &str, f64)> = made.iter().map(|(c, f)| (c.label.as_str(), c.unit.as_str(), *f)).collect();
        assert_eq!(told, [("Fz", "uV", 1e6), ("ECG", "mV", 1e-3), ("x-0", "kPa", 1.0), ("x-1", "", 1.0)]);
        assert_eq!(notes.len(), 1);
        let channels: Vec<Channel> = made.into_iter().map(|(c, _)| c).collect();
        assert_eq!((stream_name(&channels, "a"), stream_name(&channels[1..2], "a")), ("eeg".into(), "ecg".into()));
        assert_eq!(stream_name(&channels[2..], "a"), "a");
    }

    #[test]
    fn the_longest_of_the_streams_with_most_eeg_comes_first() {
        let stream = |channels: &[&str], n: usize| {
            let channels: Vec<Channel> = channels.iter().map(|l| Channel::eeg(*l)).collect();
            let data = vec![vec![0.0; n]; channels.len()];
            ImportedStream { info: info(0, "eeg", String::new(), 100.0, channels), data, start_s: 0.0, stamps: Vec::new() }
        };
        let mut streams =
            vec![stream(&["Fz"], 900), stream(&["Fz", "Cz"], 100), stream(&["Pz", "Oz"], 300), stream(&["O1", "O2"], 300)];
        put_main_first(&mut streams);
        let first = |s: &ImportedStream| s.info.channels[0].label.clone();
        assert_eq!(streams.iter().map(first).collect::<Vec<_>>(), ["Pz", "Fz", "Fz", "O1"]);
        number_names(&mut streams);
        let said = which_eeg(streams.iter().map(|s| (&s.info, s.data[0].len()))).expect("a choice");
        assert!(said.contains("made of eeg (100.00 Hz, 3.0 s)") && said.contains("eeg4"), "{said}");
        assert_eq!(which_eeg(streams[..1].iter().map(|s| (&s.info, 300))), None);
    }
}
