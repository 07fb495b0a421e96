//! Frequency bands of the EEG (Gagliardi et al. 2025, section 3.3; algorithms 1.4).

use serde::{Deserialize, Serialize};

/// A frequency band in Hz; both edges belong to it (adjacent bands share the edge bin).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    pub name: &'static str,
    pub low: f64,
    pub high: f64,
}

/// theta, alpha, beta, gamma: the four bands of the paper, in the order of every feature vector.
pub const BANDS: [Band; 4] = [
    Band { name: "theta", low: 4.0, high: 8.0 },
    Band { name: "alpha", low: 8.0, high: 12.0 },
    Band { name: "beta", low: 12.0, high: 30.0 },
    Band { name: "gamma", low: 30.0, high: 45.0 },
];

/// The band of that name among [`BANDS`], whatever its case.
pub fn band_named(name: &str) -> Option<Band> {
    BANDS.into_iter().find(|b| b.name.eq_ignore_ascii_case(name))
}

impl<'de> Deserialize<'de> for Band {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Plain {
            name: String,
        }
        let plain = Plain::deserialize(d)?;
        band_named(&plain.name).ok_or_else(|| serde::de::Error::custom(format!("no band is named {}", plain.name)))
    }
}
