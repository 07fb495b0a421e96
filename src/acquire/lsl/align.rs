//! From stamped samples to numbered ones: every lost sample leaves a hole in the index.
//!
//! LSL delivers without loss while a connection lasts, so losses are told by the device's own counter, by samples that
//! the device marks as made up, and by time: samples that come late and stay late have lost others before them. A
//! burst after a stall comes late too, but catches up; so doubtful samples are held back for a second. The gap is then
//! measured between the earliest stamps on both sides, which late packets do not pull.

use super::layout::Layout;
use super::values::Values;
use crate::acquire::Packet;
use crate::acquire::counter::{Counter, DEVICE_BURST_S};
use crate::signal::{Chunk, Nanos, SECOND, StreamId, to_nanos};
use std::collections::VecDeque;

/// Later than this is doubtful, s.
const LATE_S: f64 = 0.1;
/// ... and by so many samples, at low rates.
const LATE_SAMPLES: f64 = 3.0;
/// With a counter of known period, only whole periods can be lost unnoticed: late by this share of one is doubtful.
const LATE_PERIODS: f64 = 0.6;
/// Doubtful samples are held back for so long, by their stamps.
const PATIENCE: Nanos = SECOND;
/// The usual lateness is the least of so long.
const FLOOR: Nanos = 5 * SECOND;

/// What one pull brought.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pulled {
    /// On the outlet's clock, s.
    pub stamps: Vec<f64>,
    /// As wide as the stream.
    pub rows: Values,
    pub arrived: Nanos,
    /// What brings stamps onto our clock.
    pub offset: Nanos,
}

/// Consecutive samples of one pull.
#[derive(Debug, Clone, PartialEq)]
struct Piece {
    lost_before: u64,
    arrived: Nanos,
    stamps: Vec<Nanos>,
    rows: Vec<f32>,
}

/// Numbers the samples of one stream.
pub struct Aligner {
    stream: StreamId,
    layout: Layout,
    /// Columns of the stream.
    width: usize,
    /// ns a sample.
    period: f64,
    next_index: u64,
    counter: Option<Counter>,
    /// Samples lost that no sample has come after yet.
    owed: u64,
    /// (stamp, least lateness of that piece), newest last.
    floor: VecDeque<(Nanos, f64)>,
    held: Vec<Piece>,
    /// The connection was lost and is back: the gap is to be measured.
    reconnected: bool,
}

impl Aligner {
    pub fn new(stream: StreamId, layout: Layout, width: usize, rate: f64) -> Aligner {
        let period = SECOND as f64 / rate;
        let mut aligner = Aligner {
            stream,
            layout,
            width,
            period,
            next_index: 0,
            counter: None,
            owed: 0,
            floor: VecDeque::new(),
            held: Vec::new(),
            reconnected: false,
        };
        aligner.begin_counting();
        aligner
    }

    /// The connection is new: what comes next follows a gap.
    pub fn reconnected(&mut self) -> Vec<Packet> {
        let packets = self.flush();
        self.begin_counting();
        self.reconnected = !self.floor.is_empty();
        packets
    }

    fn begin_counting(&mut self) {
        let rate = SECOND as f64 / self.period;
        self.counter = self.layout.counter.map(|_| Counter::by_one(rate, DEVICE_BURST_S));
    }

    /// Numbers what one pull brought.
    pub fn push(&mut self, pulled: &Pulled) -> Vec<Packet> {
        let mut out = Vec::new();
        let (pieces, restarted) = match &pulled.rows {
            Values::Single(rows) => self.cut(rows, pulled),
            Values::Double(rows) => self.cut(rows, pulled),
        };
        if restarted {
            let message = "the device's sample counter began anew; samples lost at that moment are told by time alone".into();
            out.push(Packet::Trouble { stream: self.stream, message });
        }
        for piece in pieces {
            self.place(piece, &mut out);
        }
        out
    }

    /// Delivers what is held back; for the end of a recording.
    pub fn flush(&mut self) -> Vec<Packet> {
        let mut out = Vec::new();
        self.settle(true, &mut out);
        out
    }

    /// Cuts a pull where the counter or made-up samples tell a loss; answers whether the counter began anew.
    fn cut<T: Copy + Into<f64>>(&mut self, rows: &[T], pulled: &Pulled) -> (Vec<Piece>, bool) {
        if self.layout.takes_all(self.width) {
            return (self.whole(rows, pulled).into_iter().collect(), false);
        }
        let mut pieces: Vec<Piece> = Vec::new();
        let mut restarted = false;
        for (row, stamp) in rows.chunks_exact(self.width.max(1)).zip(&pulled.stamps) {
            if let (Some(counter), Some(column)) = (&mut self.counter, self.layout.counter) {
                let verdict = counter.next(row[column].into(), *stamp);
                restarted |= verdict.restarted;
                self.owed += verdict.lost;
            }
            if self.layout.interpolated.is_some_and(|column| row[column].into() != 0.0) {
                self.owed += 1;
                continue;
            }
            if pieces.is_empty() || self.owed > 0 {
                let lost_before = std::mem::take(&mut self.owed);
                pieces.push(Piece { lost_before, arrived: pulled.arrived, stamps: Vec::new(), rows: Vec::new() });
            }
            if let Some(piece) = pieces.last_mut() {
                piece.stamps.push(to_nanos(*stamp) + pulled.offset);
                piece.rows.extend(self.layout.columns.iter().map(|(column, scale)| (row[*column].into() * scale) as f32));
            }
        }
        (pieces, restarted)
    }

    /// A pull of which every value is recorded as it is, in one piece.
    fn whole<T: Copy + Into<f64>>(&mut self, rows: &[T], pulled: &Pulled) -> Option<Piece> {
        let stamps: Vec<Nanos> = pulled.stamps.iter().map(|stamp| to_nanos(*stamp) + pulled.offset).collect();
        let rows = rows[..rows.len().min(stamps.len() * self.width)].iter().map(|value| (*value).into() as f32).collect();
        let piece = Piece { lost_before: self.owed, arrived: pulled.arrived, stamps, rows };
        (!piece.stamps.is_empty()).then(|| {
            self.owed = 0;
            piece
        })
    }

    fn place(&mut self, mut piece: Piece, out: &mut Vec<Packet>) {
        if self.held.is_empty() {
            match self.doubtful_from(&piece) {
                None => return self.emit(piece, out),
                Some(0) => self.held.push(piece),
                Some(at) => {
                    let after = piece.split_off(at, self.layout.columns.len());
                    self.emit(piece, out);
                    self.held.push(after);
                }
            }
        } else {
            self.held.push(piece);
        }
        self.settle(false, out);
    }

    /// The first sample that is later than usual.
    fn doubtful_from(&self, piece: &Piece) -> Option<usize> {
        if self.reconnected {
            return Some(0);
        }
        let limit = self.usual()? + self.limit();
        let first = self.next_index + piece.lost_before;
        (0..piece.stamps.len()).find(|&i| self.lateness(piece.stamps[i], first + i as u64) > limit)
    }

    /// How much later than the line through index 0 at time 0, ns.
    fn lateness(&self, stamp: Nanos, index: u64) -> f64 {
        stamp as f64 - index as f64 * self.period
    }

    fn usual(&self) -> Option<f64> {
        self.floor.iter().map(|(_, late)| *late).reduce(f64::min)
    }

    fn limit(&self) -> f64 {
        match self.counter.as_ref().and_then(Counter::period_samples) {
            Some(samples) => LATE_PERIODS * samples as f64 * self.period,
            None => (LATE_S * SECOND as f64).max(LATE_SAMPLES * self.period),
        }
    }

    /// Decides about the samples that are held back, as soon as it can be decided or when it must.
    fn settle(&mut self, now: bool, out: &mut Vec<Packet>) {
        let (Some(first), Some(last)) = (self.held.first(), self.held.last().and_then(|p| p.stamps.last())) else { return };
        let span = last - first.stamps.first().copied().unwrap_or(*last);
        let mut index = self.next_index;
        let mut lowest = f64::INFINITY;
        for piece in &self.held {
            index += piece.lost_before;
            for stamp in &piece.stamps {
                lowest = lowest.min(self.lateness(*stamp, index));
                index += 1;
            }
        }
        let late = self.usual().map_or(0.0, |usual| lowest - usual);
        let lost = if !self.reconnected && late <= self.limit() {
            0 // a burst that has caught up
        } else if span < PATIENCE.max((4.0 * self.period) as Nanos) && !now {
            return;
        } else {
            let whole = self.counter.as_ref().and_then(Counter::period_samples).filter(|_| !self.reconnected).unwrap_or(1);
            (late / self.period / whole as f64).round().max(0.0) as u64 * whole
        };
        if self.reconnected && late < 0.0 {
            self.floor.clear(); // the new outlet's clock is another one
        }
        self.reconnected = false;
        let mut held = std::mem::take(&mut self.held);
        if let Some(first) = held.first_mut() {
            first.lost_before += lost;
        }
        held.into_iter().for_each(|piece| self.emit(piece, out));
    }

    fn emit(&mut self, piece: Piece, out: &mut Vec<Packet>) {
        let Some(&first) = piece.stamps.first() else { return };
        let index = self.next_index + piece.lost_before;
        let least =
            piece.stamps.iter().enumerate().map(|(i, s)| self.lateness(*s, index + i as u64)).fold(f64::INFINITY, f64::min);
        let newest = piece.stamps.last().copied().unwrap_or(first);
        self.floor.push_back((newest, least));
        while self.floor.front().is_some_and(|(at, _)| newest - at > FLOOR) {
            self.floor.pop_front();
        }
        self.next_index = index + piece.stamps.len() as u64;
        out.push(Packet::Samples(Chunk {
            stream: self.stream,
            first_index: index,
            lost_before: piece.lost_before,
            arrived: piece.arrived,
            device_time: Some(first),
            channels: self.layout.columns.len(),
            rows: piece.rows,
        }));
    }
}

impl Piece {
    /// Cuts off what comes from sample `at` on.
    fn split_off(&mut self, at: usize, channels: usize) -> Piece {
        let rows = self.rows.split_off(at * channels);
        Piece { lost_before: 0, arrived: self.arrived, stamps: self.stamps.split_off(at), rows }
    }
}

#[cfg(test)]
mod tests;
