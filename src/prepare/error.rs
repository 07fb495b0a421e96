//! Why samples cannot be turned into features; every sentence names the way out.

use crate::prepare::image::ImageError;
use crate::signal::UnknownElectrode;

/// Errors of the prepare stage.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PrepareError {
    #[error("recording too short: {have} samples, and the zero-phase filter needs more than {need}; record longer")]
    TooShort { have: usize, need: usize },
    #[error("recording too short: it lasts {have:.2} s and one window takes {window:.2} s; record longer or shorten the window")]
    ShorterThanWindow { have: f64, window: f64 },
    #[error(
        "a filter from {low} to {high} Hz cannot be made at {rate} samples a second; edges must rise and stay below half of that"
    )]
    Edges { low: f64, high: f64, rate: f64 },
    #[error("a filter of order {0} cannot be made; use an order from 1 to 12")]
    Order(usize),
    #[error("there are no channels to prepare; check the labels and roles of the recording")]
    NoChannels,
    #[error("channel {label} holds {have} samples where the others hold {need}; all channels of a stream must be equally long")]
    Ragged { label: String, have: usize, need: usize },
    #[error("{bad} of {all} channels are bad; at most a quarter can be interpolated, so leave this segment out")]
    TooManyBad { bad: usize, all: usize },
    #[error("the electrode positions do not determine the spline; check that no two channels share a position")]
    Singular,
    #[error("{name} = {value} makes no sense here; it must be {must}")]
    Option { name: &'static str, value: String, must: &'static str },
    #[error("{have} beats are too few: {need} are needed; record longer or check the heart signal")]
    FewBeats { have: usize, need: usize },
    #[error("beats at {from} s and {to} s do not follow each other in time; sort them and leave out what is no number")]
    Beats { from: f64, to: f64 },
    #[error("{what} holds a value at sample {at} that is no number; leave the channel out or fill the gap first")]
    NotANumber { what: String, at: usize },
    #[error("a face frame cannot be decoded: {0}; leave the frame out")]
    Jpeg(String),
    #[error(transparent)]
    Electrode(#[from] UnknownElectrode),
    #[error(transparent)]
    Image(#[from] ImageError),
}
