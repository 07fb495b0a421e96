//! Which rows of a board become which channels: the rig's montage and roles over BrainFlow's description.

use super::board::Descr;
use crate::acquire::AcquireError;
use crate::rig::BrainFlowRig;
use crate::signal::{Channel, Role};

/// Label of the channel that carries BrainFlow's markers, the cross-check of our own.
pub const MARKER: &str = "Marker";

/// The rows that are read, in the order of the stream's channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    pub channels: Vec<Channel>,
    /// Row of each channel.
    pub rows: Vec<usize>,
    pub package: Option<usize>,
    pub timestamp: Option<usize>,
}

impl Layout {
    /// Names the board's rows. EEG rows take the montage in order (or the board's own names, or EEG1, EEG2, ...); a
    /// montage shorter than the board leaves the last rows out. Rows that only the board knows (ECG1, PPG1, EDA1,
    /// TEMP1, ...) join when the rig gives them a role. BrainFlow's marker row comes last, as a trigger.
    ///
    /// # Errors
    /// A montage longer than the board, a label twice, a role for a label that is not there.
    pub fn of(device: &str, descr: &Descr, rig: &BrainFlowRig) -> Result<Layout, AcquireError> {
        let wrong = |message: String| AcquireError::Device { device: device.into(), message };
        let labels = labels(device, descr, &rig.montage)?;
        if let Some(twice) = labels.iter().enumerate().find(|(i, l)| labels[..*i].contains(l)) {
            return Err(wrong(format!("the label \"{}\" stands twice in the montage", twice.1)));
        }
        let mut channels = Vec::new();
        let mut rows = Vec::new();
        for (label, row) in labels.iter().zip(&descr.eeg_channels) {
            let role = rig.roles.get(label).copied().unwrap_or(Role::Eeg);
            channels.push(Channel { role, ..Channel::eeg(label.as_str()) });
            rows.push(*row);
        }
        let others = other_rows(descr);
        for (label, role) in &rig.roles {
            if labels.contains(label) {
                continue;
            }
            let (_, row, unit) = others.iter().find(|(name, ..)| name == label).ok_or_else(|| AcquireError::UnknownSetting {
                device: device.into(),
                key: format!("roles.{label}"),
                known: format!("its channels are {}", joined(labels.iter().chain(others.iter().map(|(n, ..)| n)))),
            })?;
            channels.push(Channel {
                label: label.clone(),
                role: *role,
                unit: unit.to_string(),
                rail: None,
                step: None,
                zero: 0.0,
            });
            rows.push(*row);
        }
        if channels.is_empty() {
            return Err(wrong(format!(
                "it has no EEG rows; give the rows to record a role, e.g. [device.roles] with one of {}",
                joined(others.iter().map(|(n, ..)| n))
            )));
        }
        if let Some(row) = descr.marker_channel {
            let (role, unit) = (Role::Trigger, "code".to_string());
            channels.push(Channel { label: MARKER.into(), role, unit, rail: None, step: Some(1.0), zero: 0.0 });
            rows.push(row);
        }
        if let Some(row) = rows.iter().find(|r| **r >= descr.num_rows) {
            return Err(wrong(format!(
                "BrainFlow names row {row} of {}; this version of BrainFlow does not fit",
                descr.num_rows
            )));
        }
        let inside = |row: Option<usize>| row.filter(|r| *r < descr.num_rows);
        Ok(Layout { channels, rows, package: inside(descr.package_num_channel), timestamp: inside(descr.timestamp_channel) })
    }
}

fn labels(device: &str, descr: &Descr, montage: &[String]) -> Result<Vec<String>, AcquireError> {
    let rows = descr.eeg_channels.len();
    if montage.len() > rows {
        return Err(AcquireError::Device {
            device: device.into(),
            message: format!(
                "the montage names {} electrodes, the board has {rows} EEG rows; shorten the montage",
                montage.len()
            ),
        });
    }
    if !montage.is_empty() {
        return Ok(montage.to_vec());
    }
    let own: Vec<String> = descr.eeg_names.split(',').map(|n| n.trim().to_string()).filter(|n| !n.is_empty()).collect();
    Ok(if own.len() == rows { own } else { (1..=rows).map(|i| format!("EEG{i}")).collect() })
}

/// Rows beside the EEG: (name, row, unit). Many boards list their EEG rows again as ECG, EMG and EOG.
fn other_rows(descr: &Descr) -> Vec<(String, usize, &'static str)> {
    let kinds = [
        ("ECG", &descr.ecg_channels, "uV"),
        ("EOG", &descr.eog_channels, "uV"),
        ("EMG", &descr.emg_channels, "uV"),
        ("PPG", &descr.ppg_channels, "au"),
        ("EDA", &descr.eda_channels, "uS"),
        ("TEMP", &descr.temperature_channels, "degC"),
    ];
    let own = |row: &&usize| !descr.eeg_channels.contains(row);
    kinds
        .into_iter()
        .flat_map(|(name, rows, unit)| {
            rows.iter().filter(own).enumerate().map(move |(i, r)| (format!("{name}{}", i + 1), *r, unit))
        })
        .collect()
}

fn joined<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::BoardChoice;

    fn descr() -> Descr {
        Descr {
            name: "Four".into(),
            num_rows: 9,
            sampling_rate: 250.0,
            eeg_channels: vec![1, 2, 3, 4],
            ecg_channels: vec![1, 2, 3, 4],
            ppg_channels: vec![5, 6],
            package_num_channel: Some(0),
            timestamp_channel: Some(7),
            marker_channel: Some(8),
            ..Descr::default()
        }
    }

    fn rig(montage: &[&str], roles: &[(&str, Role)]) -> BrainFlowRig {
        BrainFlowRig {
            board: BoardChoice::Number(0),
            params: Default::default(),
            montage: montage.iter().map(|l| l.to_string()).collect(),
            roles: roles.iter().map(|(l, r)| (l.to_string(), *r)).collect(),
            config: Vec::new(),
            latency_s: 0.0,
            latency_sd_s: 0.0,
            latency_source: Default::default(),
        }
    }

    #[test]
    fn montage_roles_extra_rows_and_marker() {
        let roles = [("ch4", Role::Ecg), ("PPG2", Role::Ppg)];
        let layout = Layout::of("Four", &descr(), &rig(&["Fz", "Cz", "Pz", "ch4"], &roles)).expect("layout");
        let seen: Vec<(&str, Role, usize)> =
            layout.channels.iter().zip(&layout.rows).map(|(c, r)| (c.label.as_str(), c.role, *r)).collect();
        let wanted = [
            ("Fz", Role::Eeg, 1),
            ("Cz", Role::Eeg, 2),
            ("Pz", Role::Eeg, 3),
            ("ch4", Role::Ecg, 4),
            ("PPG2", Role::Ppg, 6),
            ("Marker", Role::Trigger, 8),
        ];
        assert_eq!(seen, wanted);
        assert_eq!(layout.channels[4].unit, "au");
    }

    #[test]
    fn without_a_montage_the_boards_names_or_numbers() {
        let labels = |descr: &Descr| Layout::of("Four", descr, &rig(&[], &[])).expect("layout").channels[0].label.clone();
        assert_eq!(labels(&descr()), "EEG1");
        assert_eq!(labels(&Descr { eeg_names: "Fp1,Fp2,O1,O2".into(), ..descr() }), "Fp1");
    }

    #[test]
    fn a_shorter_montage_leaves_rows_out_and_a_longer_one_is_refused() {
        assert_eq!(Layout::of("Four", &descr(), &rig(&["Fz"], &[])).expect("layout").channels.len(), 2);
        let error = Layout::of("Four", &descr(), &rig(&["A", "B", "C", "D", "E"], &[])).expect_err("too long");
        assert!(error.to_string().contains("names 5 electrodes, the board has 4"), "{error}");
    }

    #[test]
    fn doubtful_labels_are_refused() {
        assert!(Layout::of("Four", &descr(), &rig(&["Fz", "Fz"], &[])).expect_err("twice").to_string().contains("twice"));
        let error = Layout::of("Four", &descr(), &rig(&["Fz"], &[("T9", Role::Ecg)])).expect_err("unknown").to_string();
        assert!(error.contains("roles.T9") && error.contains("PPG1"), "{error}");
    }
}
