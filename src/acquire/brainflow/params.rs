//! BrainFlow's parameters: what the rig gives, completed to the JSON that BrainFlow insists on.

use crate::acquire::AcquireError;
use crate::rig::BrainFlowRig;
use serde_json::{Map, Value};
use std::ffi::CString;

/// Number for "no master board".
pub const NO_BOARD: i32 = -100;

/// Parameters that are text; the JSON must carry every one of them.
const TEXTS: [&str; 10] = [
    "serial_port",
    "mac_address",
    "ip_address",
    "ip_address_aux",
    "ip_address_anc",
    "other_info",
    "serial_number",
    "file",
    "file_aux",
    "file_anc",
];
/// Parameters that are whole numbers, with the value that means "not given".
const NUMBERS: [(&str, i32); 6] =
    [("ip_port", 0), ("ip_port_aux", 0), ("ip_port_anc", 0), ("ip_protocol", 0), ("timeout", 0), ("master_board", NO_BOARD)];

/// All of BrainFlow's parameters, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Params(Map<String, Value>);

impl Params {
    /// The rig's parameters over BrainFlow's defaults. `board_number` turns the name of a master board into its
    /// number.
    ///
    /// # Errors
    /// [`AcquireError::UnknownSetting`] for a key that BrainFlow does not know, with those that it does;
    /// [`AcquireError::Device`] for a value of the wrong type.
    pub fn of(rig: &BrainFlowRig, board_number: impl Fn(&str) -> Result<i32, String>) -> Result<Self, AcquireError> {
        let device = || "BrainFlow".to_string();
        let mut all = Params::nothing();
        for (key, value) in &rig.params {
            let wrong = |must: &str| AcquireError::Device {
                device: device(),
                message: format!("params.{key} = {value}; it must be {must}"),
            };
            let known = all.0.get(key).ok_or_else(|| AcquireError::UnknownSetting {
                device: device(),
                key: format!("params.{key}"),
                known: format!("BrainFlow's parameters are {}", all.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
            })?;
            let value = match (known, value) {
                (Value::String(_), toml::Value::String(text)) => Value::from(text.as_str()),
                (Value::String(_), _) => return Err(wrong("a text in quotes")),
                (_, toml::Value::Integer(number)) => Value::from(i32::try_from(*number).map_err(|_| wrong("a smaller number"))?),
                (_, toml::Value::String(name)) if key == "master_board" => {
                    Value::from(board_number(name).map_err(|message| AcquireError::Device { device: device(), message })?)
                }
                _ => return Err(wrong("a whole number")),
            };
            all.0.insert(key.clone(), value);
        }
        Ok(all)
    }

    fn nothing() -> Self {
        let texts = TEXTS.iter().map(|k| (k.to_string(), Value::from("")));
        let numbers = NUMBERS.iter().map(|(k, v)| (k.to_string(), Value::from(*v)));
        Params(texts.chain(numbers).collect())
    }

    /// A text parameter; "" when it was not given.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or("")
    }

    /// The board that a playback file or a stream comes from.
    pub fn master_board(&self) -> Option<i32> {
        let number = self.0.get("master_board")?.as_i64()?;
        i32::try_from(number).ok().filter(|n| *n != NO_BOARD)
    }

    /// BrainFlow's JSON, which is also the key of the session: made once and kept.
    ///
    /// # Errors
    /// A parameter holds a zero byte.
    pub fn to_json(&self) -> Result<CString, AcquireError> {
        CString::new(Value::Object(self.0.clone()).to_string())
            .map_err(|_| AcquireError::Device { device: "BrainFlow".into(), message: "a parameter holds a zero byte".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rig::BoardChoice;

    fn rig(params: &str) -> BrainFlowRig {
        BrainFlowRig {
            board: BoardChoice::Number(0),
            params: toml::from_str(params).expect("toml"),
            montage: Vec::new(),
            roles: Default::default(),
            config: Vec::new(),
            latency_s: 0.0,
            latency_sd_s: 0.0,
            latency_source: Default::default(),
        }
    }

    fn params(text: &str) -> Result<Params, AcquireError> {
        Params::of(&rig(text), |name| if name == "Cyton" { Ok(0) } else { Err(format!("no {name}")) })
    }

    #[test]
    fn every_key_is_there_and_the_rigs_values_win() {
        let params = params("serial_port = \"/dev/ttyUSB0\"\nip_port = 6677\nmaster_board = \"Cyton\"").expect("params");
        let json: Value = serde_json::from_str(params.to_json().expect("json").to_str().expect("utf-8")).expect("json");
        assert_eq!(json.as_object().expect("object").len(), 16);
        assert_eq!(json["serial_port"], "/dev/ttyUSB0");
        assert_eq!(json["ip_port"], 6677);
        assert_eq!(json["file_anc"], "");
        assert_eq!(params.master_board(), Some(0));
        assert_eq!(super::Params::nothing().master_board(), None);
    }

    #[test]
    fn an_unknown_key_names_the_known_ones() {
        let error = params("serial-port = \"x\"").expect_err("refused").to_string();
        assert!(error.contains("\"params.serial-port\"") && error.contains("serial_port, mac_address"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_refused() {
        assert!(params("ip_port = \"6677\"").expect_err("refused").to_string().contains("a whole number"));
        assert!(params("file = 3").expect_err("refused").to_string().contains("a text in quotes"));
    }
}
