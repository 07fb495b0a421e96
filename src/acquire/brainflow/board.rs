//! Which board: its number or name, and BrainFlow's description of its rows.

use super::ffi::Api;
use crate::rig::BoardChoice;
use serde::Deserialize;

pub const SYNTHETIC: i32 = -1;
pub const STREAMING: i32 = -2;
pub const PLAYBACK: i32 = -3;
/// BrainFlow 5.23.0 numbers its boards up to 68, with holes.
const HIGHEST: i32 = 128;

/// What BrainFlow says of a board's default preset. Rows are numbered from 0.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Descr {
    pub name: String,
    pub num_rows: usize,
    /// Nominal samples a second.
    pub sampling_rate: f64,
    pub eeg_channels: Vec<usize>,
    /// Comma-separated; most boards give none.
    pub eeg_names: String,
    pub ecg_channels: Vec<usize>,
    pub eog_channels: Vec<usize>,
    pub emg_channels: Vec<usize>,
    pub ppg_channels: Vec<usize>,
    pub eda_channels: Vec<usize>,
    pub temperature_channels: Vec<usize>,
    pub package_num_channel: Option<usize>,
    pub timestamp_channel: Option<usize>,
    pub marker_channel: Option<usize>,
}

/// The number of the board that the rig means.
///
/// # Errors
/// A sentence where no board has this name.
pub fn number(choice: &BoardChoice, api: &Api) -> Result<i32, String> {
    let name = match choice {
        BoardChoice::Number(number) => return Ok(*number),
        BoardChoice::Name(name) => name.trim(),
    };
    match name.to_ascii_lowercase().as_str() {
        "synthetic" => Ok(SYNTHETIC),
        "streaming" => Ok(STREAMING),
        "playback" => Ok(PLAYBACK),
        _ => all(api).find(|(_, d)| d.name.eq_ignore_ascii_case(name)).map(|(n, _)| n).ok_or_else(|| {
            format!("BrainFlow has no board called \"{name}\"; give \"synthetic\", \"streaming\", \"playback\", a name such as \"FreeEEG32\", or BrainFlow's board number")
        }),
    }
}

/// All boards that BrainFlow describes, by number.
pub fn all(api: &Api) -> impl Iterator<Item = (i32, Descr)> + '_ {
    (SYNTHETIC..=HIGHEST).filter_map(|n| Some((n, api.descr(n).ok()?)))
}
