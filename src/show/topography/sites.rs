//! Which electrodes a map stands on, and where they lie: by their names of the 10-20 family, or at places of one's own.

use super::TopographyError;
use crate::signal::{Montage, Position};

/// Electrodes and their flat places: x right, y front; theta 92 degrees has radius 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Sites {
    pub labels: Vec<String>,
    pub places: Vec<(f64, f64)>,
}

impl Sites {
    /// Electrodes at places of one's own.
    ///
    /// # Errors
    /// None at all, or a label that stands twice.
    pub fn placed(electrodes: Vec<(String, Position)>) -> Result<Sites, TopographyError> {
        let places = electrodes.iter().map(|(_, position)| position.flat()).collect();
        Sites { labels: electrodes.into_iter().map(|(label, _)| label).collect(), places }.checked()
    }

    fn checked(self) -> Result<Sites, TopographyError> {
        if self.labels.is_empty() {
            return Err(TopographyError::Empty);
        }
        match self.labels.iter().enumerate().find(|(i, label)| self.labels[..*i].contains(label)) {
            Some((_, twice)) => Err(TopographyError::Twice(twice.clone())),
            None => Ok(self),
        }
    }
}

/// What a map can stand on.
pub trait Electrodes {
    /// The electrodes in order.
    ///
    /// # Errors
    /// A label that is no electrode or stands twice, or none at all.
    fn sites(&self) -> Result<Sites, TopographyError>;
}

impl Electrodes for Sites {
    fn sites(&self) -> Result<Sites, TopographyError> {
        self.clone().checked()
    }
}

impl Electrodes for [String] {
    fn sites(&self) -> Result<Sites, TopographyError> {
        let montage = Montage::of(self)?;
        let places = montage.positions().iter().map(Position::flat).collect();
        Sites { labels: montage.labels, places }.checked()
    }
}

impl Electrodes for Vec<String> {
    fn sites(&self) -> Result<Sites, TopographyError> {
        self.as_slice().sites()
    }
}
