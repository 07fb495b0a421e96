//! What a channel measures, by its label and unit.

use crate::signal::{Role, position_of};

/// uV per unit for units of voltage; `None` for everything else.
pub fn microvolts(unit: &str) -> Option<f64> {
    match unit.replace(['\u{b5}', '\u{3bc}'], "u").as_str() {
        "nV" | "nanovolts" => Some(1e-3),
        "uV" | "UV" | "microV" | "microvolt" | "microvolts" => Some(1.0),
        "mV" | "millivolt" | "millivolts" => Some(1e3),
        "V" | "volt" | "volts" => Some(1e6),
        _ => None,
    }
}

/// The role that a file names: the words of BIDS, of XDF and of EEGLAB. None: it says nothing of use.
pub fn named(kind: &str) -> Option<Role> {
    match kind.trim().to_ascii_uppercase().as_str() {
        "EEG" => Some(Role::Eeg),
        "EOG" | "HEOG" | "VEOG" => Some(Role::Eog),
        "ECG" | "EKG" => Some(Role::Ecg),
        "EMG" => Some(Role::Emg),
        "PPG" | "PLETH" => Some(Role::Ppg),
        "GSR" | "EDA" => Some(Role::Eda),
        "TEMP" | "TEMPERATURE" => Some(Role::Temperature),
        "TRIG" | "STIM" | "TRIGGER" => Some(Role::Trigger),
        "CONTACT" => Some(Role::Contact),
        "MISC" | "REF" | "AUDIO" | "PUPIL" | "EYEGAZE" | "RESP" | "SYSCLOCK" | "ADC" | "DAC" | "HLU" | "FITERR" | "AUX"
        | "ACC" => Some(Role::Misc),
        _ => None,
    }
}

/// BioSemi's amplifier outputs A1-A32, B1-B32, ...: numbered sockets that say nothing of positions, although C3 or
/// F4 among them read like electrodes. True where A1 to A8 are all there.
pub fn numbered_sockets(labels: &[String]) -> bool {
    (1..=8).all(|n| labels.iter().any(|l| *l == format!("A{n}")))
}

fn is_socket(label: &str) -> bool {
    let mut letters = label.chars();
    letters.next().is_some_and(|c| c.is_ascii_uppercase()) && label[1..].parse().is_ok_and(|n: u8| (1..=32).contains(&n))
}

/// Roles of all channels, in order, and what had to be guessed; what the file has `said` of a channel stands.
pub fn roles(labels: &[String], units: &[String], said: &[Option<Role>]) -> (Vec<Role>, Vec<String>) {
    let sockets = numbered_sockets(labels);
    let mut notes = Vec::new();
    let volts = |i: usize| units.get(i).is_some_and(|unit| microvolts(unit).is_some());
    let said = |i: usize| said.get(i).copied().flatten();
    let by_label = |label: &String| if sockets && is_socket(label) { Role::Eeg } else { by_label(label) };
    let mut roles: Vec<Role> = labels.iter().enumerate().map(|(i, label)| said(i).unwrap_or_else(|| by_label(label))).collect();
    if sockets {
        notes.push(
            "channels A1, A2, ... are amplifier sockets, not electrode positions; maps need a montage that names them".into(),
        );
    } else if !roles.contains(&Role::Eeg) {
        let guessed = (0..labels.len()).filter(|&i| said(i).is_none() && roles[i] == Role::Misc && volts(i)).collect::<Vec<_>>();
        if !guessed.is_empty() {
            notes.push(format!("no label is an electrode's; {} voltage channels are taken for EEG", guessed.len()));
        }
        guessed.into_iter().for_each(|i| roles[i] = Role::Eeg);
    }
    (roles, notes)
}

fn by_label(label: &str) -> Role {
    let upper = label.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if has(&["STATUS", "TRIG", "STI "]) {
        Role::Trigger
    } else if upper.starts_with("EEG") || position_of(label).is_some() {
        Role::Eeg
    } else if has(&["EOG"]) {
        Role::Eog
    } else if has(&["ECG", "EKG"]) {
        Role::Ecg
    } else if has(&["EMG"]) {
        Role::Emg
    } else if has(&["PPG", "PLETH", "BVP"]) {
        Role::Ppg
    } else if has(&["GSR", "EDA", "SCL"]) {
        Role::Eda
    } else if has(&["TEMP"]) {
        Role::Temperature
    } else {
        Role::Misc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| w.to_string()).collect()
    }

    #[test]
    fn labels_tell_what_is_measured() {
        let labels = owned(&["EEG Fp1-REF", "Cz", "REOG", "ECG", "Plethysmograph", "Status", "EXG1"]);
        let (found, notes) = roles(&labels, &owned(&["uV"; 7]), &[]);
        assert_eq!(found, [Role::Eeg, Role::Eeg, Role::Eog, Role::Ecg, Role::Ppg, Role::Trigger, Role::Misc]);
        assert!(notes.is_empty());
    }

    #[test]
    fn sockets_are_eeg_but_no_positions_and_unknown_voltages_are_guessed() {
        let labels: Vec<String> = (1..=8).map(|n| format!("A{n}")).chain(owned(&["C3", "Ergo-Left"])).collect();
        let (found, notes) = roles(&labels, &owned(&["uV"; 10]), &[]);
        assert!(found[..9].iter().all(|r| *r == Role::Eeg) && found[9] == Role::Misc && notes.len() == 1);
        let (found, notes) = roles(&owned(&["left", "sound"]), &owned(&["mV", "Pa"]), &[]);
        assert_eq!((found, notes.len()), (vec![Role::Eeg, Role::Misc], 1));
        // What the file says is no guess, and not told as one.
        let said = [Some(Role::Ecg), Some(Role::Misc), None];
        let (found, notes) = roles(&owned(&["II", "x", "PLETH"]), &owned(&["mV", "mV", "NU"]), &said);
        assert_eq!((found, notes.len()), (vec![Role::Ecg, Role::Misc, Role::Ppg], 0));
        assert_eq!(microvolts("\u{b5}V"), Some(1.0));
    }
}
