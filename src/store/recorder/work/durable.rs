//! Making durable: one flush is under way at a time, in the thread that waits for the disk.

use super::super::held;
use super::super::patience::{Gone, Patience};
use super::Work;
use crate::signal::Nanos;
use crate::store::writer::Flushed;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The flush that the disk is busy with.
pub(super) struct UnderWay {
    /// When it was begun; None if it is the journal's only.
    everything: Option<Nanos>,
    /// So many of the arrivals are in it.
    arrivals: usize,
}

impl Work {
    /// Makes the journal durable, and everything else if it begins `now`. While the disk is busy with a flush, the next
    /// waits: for journal rows it begins as soon as that one ends.
    pub(super) fn flush(&mut self, everything: Option<Nanos>) {
        self.shared.awaited.store(!self.waiting.is_empty(), Ordering::SeqCst);
        if self.under_way.is_some() {
            return;
        }
        self.flushed = everything.unwrap_or(self.flushed);
        let under_way = UnderWay { everything, arrivals: self.undurable.len() };
        let flush = self.writer.begin_flush(everything.is_some());
        let refused = match &self.patience {
            Some(patience) => patience.begin(flush),
            None => Some(flush),
        };
        self.under_way = Some(under_way);
        if let Some(flush) = refused {
            self.heard(flush.wait(), Duration::ZERO);
        }
    }

    /// Looks whether the disk has answered.
    pub(super) fn hear(&mut self) {
        if self.under_way.is_none() {
            return;
        }
        match self.patience.as_ref().map_or(Err(Gone), Patience::look) {
            Ok(None) => {}
            Ok(Some((flushed, ago))) => self.heard(flushed, ago),
            Err(Gone) => self.wait_alone(),
        }
    }

    /// Waits for the flush that is under way.
    pub(super) fn settle(&mut self) {
        while self.under_way.is_some() {
            match self.patience.as_ref().map_or(Err(Gone), Patience::wait) {
                Ok((flushed, ago)) => self.heard(flushed, ago),
                Err(Gone) => self.wait_alone(),
            }
        }
    }

    /// The thread that waited is gone: what it was given is still buffered, and the next flush waits here.
    fn wait_alone(&mut self) {
        (self.patience, self.under_way) = (None, None);
    }

    /// Settles what the disk has answered so long `ago`, and goes on with what came meanwhile.
    fn heard(&mut self, flushed: Flushed, ago: Duration) {
        let Some(UnderWay { everything, arrivals }) = self.under_way.take() else { return };
        let outcome = self.writer.end_flush(flushed);
        self.acknowledge();
        match outcome {
            Ok(()) => {
                if let Some(began) = everything {
                    self.all_durable(began, arrivals, ago);
                }
                if !self.waiting.is_empty() {
                    self.flush(None); // for rows that came meanwhile
                }
            }
            // Once is nothing: it goes into a new file at once.
            Err(_) if self.failures == 0 => {
                self.failures = 1;
                self.flush(everything);
            }
            Err(e) => {
                self.failures += 1;
                self.failed = Some(e.to_string());
            }
        }
        self.publish();
    }

    /// All that had come when this flush began is durable, so many packets among it.
    fn all_durable(&mut self, began: Nanos, arrivals: usize, ago: Duration) {
        (self.failures, self.failed) = (0, None);
        let then = self.clock.now().saturating_sub(ago.as_nanos() as Nanos);
        self.undurable.drain(..arrivals).for_each(|arrived| self.latencies.add(then.saturating_sub(arrived)));
        self.latency = self.latencies.summary();
        held(&self.shared.status).last_durable = Some(began);
    }

    /// Answers the tickets whose rows are durable.
    fn acknowledge(&mut self) {
        let durable = self.writer.rows_durable();
        let answered = self.waiting.partition_point(|(_, row)| *row <= durable);
        for (ticket, _) in self.waiting.drain(..answered) {
            let _ = self.acks.send(Ok(ticket));
        }
    }
}
