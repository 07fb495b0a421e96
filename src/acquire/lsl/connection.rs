//! One outlet that may die and come back: found again by the same query, connected again, its clock compared anew.
//!
//! liblsl could recover by itself, but does not say that it did; a loss that nobody is told of is what limbic is
//! built to avoid.

use super::describe::{Description, describe};
use super::ffi::{Api, Fault, Info, Inlet, Resolver};
use crate::signal::{Nanos, SECOND, SharedClock, seconds, to_nanos};
use std::sync::Arc;

/// An outlet silent for so long is reported, and another one looked for.
const SILENT: Nanos = 2 * SECOND;
/// Pause between two looks for a lost outlet.
const LOOK: Nanos = SECOND / 10;
/// Pause between two readings of the time correction; liblsl measures every few seconds.
const CORRECT: Nanos = 5 * SECOND;
/// Longest waits for an outlet's answer: at the beginning, and while others wait to be read.
const PATIENT_S: f64 = 3.0;
const BRISK_S: f64 = 0.8;

/// Something that a person should hear of.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// The outlet is gone.
    Lost,
    /// It is there and sends nothing.
    Silent,
    /// It sends again; `anew`: over a new connection.
    Back { after: Nanos, anew: bool },
    /// An outlet came that does not fit; the sentence says how.
    Misfit(String),
}

/// A connection to one stream.
pub struct Connection {
    api: Arc<Api>,
    query: String,
    pub description: Description,
    clock: SharedClock,
    /// LSL's clock less ours.
    difference: Nanos,
    inlet: Option<Inlet>,
    uid: String,
    resolver: Option<Resolver>,
    looked: Nanos,
    /// When samples came last.
    heard: Nanos,
    silent: bool,
    /// An outlet that does not fit is told of once.
    refused: String,
    /// What is added to stamps, its uncertainty, and when it was read.
    offset: Nanos,
    uncertainty: Nanos,
    corrected: Option<Nanos>,
}

impl Connection {
    /// Finds the stream; nothing is received before [`Connection::start`].
    ///
    /// # Errors
    /// A sentence: nothing fits the query, several streams do, or the one does not answer.
    pub fn find(api: &Arc<Api>, query: &str, wait_s: f64, clock: &SharedClock) -> Result<Connection, String> {
        let info = one(api, query, wait_s)?;
        let inlet = api.inlet(&info).map_err(|e| format!("cannot be connected to: {e}"))?;
        let text = inlet.description(PATIENT_S).map_err(|e| format!("its outlet does not describe itself: {e}"))?;
        Ok(Connection {
            api: api.clone(),
            query: query.into(),
            description: describe(&text)?,
            clock: clock.clone(),
            difference: difference(api, clock),
            uid: inlet.uid().into(),
            inlet: Some(inlet),
            resolver: None,
            looked: 0,
            heard: 0,
            silent: false,
            refused: String::new(),
            offset: 0,
            uncertainty: 0,
            corrected: None,
        })
    }

    /// Begins to receive.
    ///
    /// # Errors
    /// The outlet has gone meanwhile, or does not compare clocks.
    pub fn start(&mut self) -> Result<(), String> {
        if self.inlet.is_none() {
            let info = one(&self.api, &self.query, PATIENT_S)?;
            self.inlet = Some(self.api.inlet(&info).map_err(|e| format!("cannot be connected to: {e}"))?);
        }
        let Some(inlet) = &self.inlet else { return Ok(()) };
        self.uid = inlet.uid().into();
        inlet.open(PATIENT_S).map_err(|e| format!("its outlet sends nothing: {e}"))?;
        let correction = inlet.time_correction(PATIENT_S).map_err(|e| format!("its clock cannot be compared: {e}"))?;
        self.corrected(correction);
        self.heard = self.clock.now();
        self.silent = false;
        Ok(())
    }

    pub fn stop(&mut self) {
        (self.inlet, self.resolver) = (None, None);
    }

    /// What brings the outlet's stamps onto our clock, and its uncertainty.
    pub fn offset(&self) -> (Nanos, Nanos) {
        (self.offset, self.uncertainty)
    }

    /// LSL's clock less ours.
    pub fn clock_difference(&self) -> Nanos {
        self.difference
    }

    /// Reads the time correction when it is due; true where it is another one.
    pub fn correct(&mut self) -> bool {
        let due = self.corrected.is_none_or(|at| self.clock.now() - at >= CORRECT);
        let Some(inlet) = self.inlet.as_ref().filter(|_| due) else { return false };
        match inlet.time_correction(0.05) {
            Ok(correction) => self.corrected(correction),
            Err(_) => {
                self.corrected = Some(self.clock.now()); // the outlet is busy or gone: the last one holds on
                false
            }
        }
    }

    fn corrected(&mut self, (correction, uncertainty): (f64, f64)) -> bool {
        let before = (self.corrected.is_some(), self.offset);
        (self.offset, self.uncertainty) = (to_nanos(correction) - self.difference, to_nanos(uncertainty));
        self.corrected = Some(self.clock.now());
        before != (true, self.offset)
    }

    /// Lets `pull` take what has come (it answers whether something has), and tends to the connection.
    pub fn tend(&mut self, pull: impl FnOnce(&Inlet) -> Result<bool, Fault>) -> Option<Happened> {
        let now = self.clock.now();
        match self.inlet.as_ref().map(pull) {
            Some(Ok(true)) => {
                let after = now - self.heard;
                self.heard = now;
                if std::mem::take(&mut self.silent) {
                    self.resolver = None;
                    return Some(Happened::Back { after, anew: false });
                }
                None
            }
            Some(Ok(false)) if !self.silent && self.description.rate > 0.0 && now - self.heard > self.patience() => {
                self.silent = true;
                self.resolver = self.api.resolver(&self.query);
                Some(Happened::Silent)
            }
            Some(Ok(false)) => self.look(now),
            Some(Err(_)) => {
                self.inlet = None;
                self.resolver = self.api.resolver(&self.query);
                Some(Happened::Lost)
            }
            None => self.look(now),
        }
    }

    fn patience(&self) -> Nanos {
        SILENT.max(to_nanos(5.0 / self.description.rate))
    }

    /// Looks whether the lost outlet, or one in its place, has come.
    fn look(&mut self, now: Nanos) -> Option<Happened> {
        let resolver = self.resolver.as_ref().filter(|_| now - self.looked >= LOOK)?;
        self.looked = now;
        // A silent outlet is only left for another one.
        let fresh = |i: &Info| i.uid() != self.refused && (self.inlet.is_none() || i.uid() != self.uid);
        let info = resolver.results().into_iter().find(fresh)?;
        let inlet = self.api.inlet(&info).ok()?;
        inlet.open(BRISK_S).ok()?;
        let found = describe(&inlet.description(BRISK_S).ok()?).ok()?;
        if let Some(misfit) = self.misfit(&found) {
            self.refused = info.uid();
            return Some(Happened::Misfit(misfit));
        }
        if let Ok(correction) = inlet.time_correction(BRISK_S) {
            self.corrected(correction);
        }
        self.uid = inlet.uid().into();
        (self.inlet, self.resolver, self.silent) = (Some(inlet), None, false);
        let after = self.clock.now() - self.heard;
        self.heard = self.clock.now();
        Some(Happened::Back { after, anew: true })
    }

    fn misfit(&self, found: &Description) -> Option<String> {
        let before = &self.description;
        if found.channels == before.channels && found.rate == before.rate && found.width == before.width {
            return None;
        }
        Some(format!("an outlet came that is another one, and is not recorded: {} instead of {}", found.words(), before.words()))
    }
}

/// The one stream that fits.
fn one(api: &Arc<Api>, query: &str, wait_s: f64) -> Result<Info, String> {
    let mut found = api.search(Some(query), 1, wait_s);
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(nothing(api, query, wait_s)),
        n => {
            let words: Vec<String> = found.iter().take(6).map(words).collect();
            Err(format!("{n} streams fit {query}: {}; name one by source_id", words.join(", ")))
        }
    }
}

fn nothing(api: &Arc<Api>, query: &str, wait_s: f64) -> String {
    let others = api.search(None, 0, 1.0);
    let there: Vec<String> = others.iter().take(6).map(words).collect();
    let there =
        if there.is_empty() { "no LSL stream at all was found".into() } else { format!("found were {}", there.join(", ")) };
    format!("no stream with {query} within {wait_s} s; {there}; start the outlet, or see `limbic doctor --streams`")
}

/// One stream in words, from the little that a search brings.
pub fn words(info: &Info) -> String {
    describe(&info.xml()).map_or_else(|e| format!("a stream that cannot be read ({e})"), |d| d.words())
}

/// LSL's clock less ours, median of some readings: on Linux both are CLOCK_MONOTONIC.
fn difference(api: &Api, clock: &SharedClock) -> Nanos {
    let mut readings: Vec<Nanos> = (0..9).map(|_| to_nanos(api.local_clock()) - clock.now()).collect();
    readings.sort_unstable();
    readings[readings.len() / 2]
}

/// "the outlet is gone; looking for it" and the like.
pub fn sentence(happened: &Happened) -> String {
    match happened {
        Happened::Lost => "the outlet is gone; recording goes on and looks for it".into(),
        Happened::Silent => "no data for 2 s: check that the device is switched on and its program sends".into(),
        Happened::Back { after, anew: true } => format!("the outlet is back after {:.1} s, connected anew", seconds(*after)),
        Happened::Back { after, .. } => format!("data again after {:.1} s", seconds(*after)),
        Happened::Misfit(how) => how.clone(),
    }
}
