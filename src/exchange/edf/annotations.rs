//! Time-stamped annotation lists of EDF+ and BDF+: `+onset[0x15 duration] 0x14 text 0x14 0`.

/// One entry; an empty text with onset is the record's time-keeping entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// s since the file's start.
    pub onset: f64,
    pub duration: f64,
    pub text: String,
}

/// All entries in the bytes of one record's annotation signal, in order. Damaged entries are left out and counted.
pub fn parse(bytes: &[u8]) -> (Vec<Entry>, usize) {
    let (mut entries, mut damaged) = (Vec::new(), 0);
    for list in bytes.split(|b| *b == 0).filter(|list| !list.is_empty()) {
        let mut parts = list.split(|b| *b == 0x14);
        let mut stamp =
            parts.next().unwrap_or_default().split(|b| *b == 0x15).map(|b| std::str::from_utf8(b).ok()?.trim().parse().ok());
        let (onset, duration) = (stamp.next().flatten(), stamp.next());
        let (Some(onset), duration) = (onset, duration.flatten().unwrap_or(0.0)) else {
            damaged += 1;
            continue;
        };
        let texts: Vec<String> = parts.map(|text| String::from_utf8_lossy(text).trim().to_string()).collect();
        // The last separator leaves one empty part behind; a time-keeping entry has nothing else.
        let wanted: Vec<String> = texts.iter().filter(|text| !text.is_empty()).cloned().collect();
        let wanted = if wanted.is_empty() { vec![String::new()] } else { wanted };
        entries.extend(wanted.into_iter().map(|text| Entry { onset, duration, text }));
    }
    (entries, damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_keeping_durations_and_umlauts() {
        let mut bytes = b"+12\x14\x14\0+12.5\x150.25\x14Lidschlu\xc3\x9f\x14\0-1\x14a\x14b\x14\0\0\0".to_vec();
        let (entries, damaged) = parse(&bytes);
        let entry = |onset, duration, text: &str| Entry { onset, duration, text: text.into() };
        let wanted = [entry(12.0, 0.0, ""), entry(12.5, 0.25, "Lidschluß"), entry(-1.0, 0.0, "a"), entry(-1.0, 0.0, "b")];
        assert_eq!((entries.as_slice(), damaged), (wanted.as_slice(), 0));
        bytes.extend(b"broken\x14x\x14\0");
        assert_eq!(parse(&bytes).1, 1);
    }
}
