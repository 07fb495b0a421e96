//! What a stream says of itself, read from its XML.

use super::xml;

/// One channel as the outlet's program wrote it; "" where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelText {
    pub label: String,
    pub unit: String,
    pub kind: String,
}

/// A stream's own description.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Description {
    pub name: String,
    pub kind: String,
    pub source_id: String,
    pub host: String,
    /// Samples a second; 0 = irregular.
    pub rate: f64,
    /// "float32", "double64", "string", ...
    pub format: String,
    pub width: usize,
    /// As many as the stream has channels.
    pub channels: Vec<ChannelText>,
}

/// Reads a description.
///
/// # Errors
/// XML that is none, or that lacks the stream's width or rate.
pub fn describe(text: &str) -> Result<Description, String> {
    let info = xml::parse(text).map_err(|e| format!("its description is no XML: {e}"))?;
    let width = info.text_of("channel_count").parse().map_err(|_| "its description names no channel_count".to_string())?;
    let rate: f64 = info.text_of("nominal_srate").parse().map_err(|_| "its description names no nominal_srate".to_string())?;
    let rows = info.child("desc").and_then(|d| d.child("channels")).map(|c| c.children.as_slice()).unwrap_or_default();
    let rows: Vec<_> = rows.iter().filter(|c| c.name == "channel").collect();
    // A table of another length names nobody knows which channels: it is not used.
    let channel = |i: usize| match rows.get(i).filter(|_| rows.len() == width) {
        Some(c) => {
            ChannelText { label: c.text_of("label").into(), unit: c.text_of("unit").into(), kind: c.text_of("type").into() }
        }
        None => ChannelText::default(),
    };
    Ok(Description {
        name: info.text_of("name").into(),
        kind: info.text_of("type").into(),
        source_id: info.text_of("source_id").into(),
        host: info.text_of("hostname").into(),
        rate,
        format: info.text_of("channel_format").into(),
        width,
        channels: (0..width).map(channel).collect(),
    })
}

impl Description {
    /// "EmotivDataStream-EEG (EEG, 37 channels, 128 Hz) on lab-pc".
    pub fn words(&self) -> String {
        let rate = if self.rate > 0.0 { format!("{} Hz", self.rate) } else { "irregular".into() };
        format!("{} ({}, {} channels, {rate}) on {}", self.name, self.kind, self.width, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const TWO: &str = "<?xml version=\"1.0\"?><info><name>amp</name><type>EEG</type><channel_count>2</channel_count>\
        <nominal_srate>256.0000000000000</nominal_srate><channel_format>float32</channel_format><source_id>s1</source_id>\
        <hostname>pc</hostname><desc><channels><channel><label>Fz</label><unit>microvolts</unit><type>EEG</type></channel>\
        <channel><label>ECG</label></channel></channels></desc></info>";

    #[test]
    fn labels_units_and_types_are_read() {
        let d = describe(TWO).expect("a description");
        assert_eq!((d.name.as_str(), d.rate, d.width, d.host.as_str()), ("amp", 256.0, 2, "pc"));
        assert_eq!(d.channels[0], ChannelText { label: "Fz".into(), unit: "microvolts".into(), kind: "EEG".into() });
        assert_eq!(d.channels[1].label, "ECG");
        assert_eq!(d.words(), "amp (EEG, 2 channels, 256 Hz) on pc");
    }

    #[test]
    fn a_table_of_another_length_is_not_used_and_no_width_is_an_error() {
        let three = TWO.replace("<channel_count>2", "<channel_count>3");
        assert_eq!(describe(&three).expect("a description").channels, vec![ChannelText::default(); 3]);
        assert!(describe(&TWO.replace("channel_count", "count")).is_err());
        assert!(describe("{}").is_err());
    }
}
