//! One frame after another to a terminal: only what changed, in one write, shown at once.

use crate::show::encode::{self, Encoder};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, Write};

/// Frames of at least so many bytes are wrapped so that they do not tear (synchronised updates, DEC private mode 2026);
/// smaller ones arrive in one packet anyway.
const WRAPPED_FROM: usize = 160;

/// What a terminal shows, and the way there.
pub struct Painter<W> {
    out: W,
    shown: Buffer,
    next: Buffer,
    encoder: Encoder,
    /// The terminal shows something else than `shown`.
    stale: bool,
    sent: u64,
}

impl<W: Write> Painter<W> {
    /// For a terminal of `width` x `height` cells with unknown contents.
    pub fn new(out: W, width: u16, height: u16) -> Self {
        let empty = Buffer::empty(Rect::new(0, 0, width, height));
        Painter { out, shown: empty.clone(), next: empty, encoder: Encoder::default(), stale: true, sent: 0 }
    }

    pub fn size(&self) -> (u16, u16) {
        (self.next.area.width, self.next.area.height)
    }

    /// The window has another size: everything is drawn again.
    pub fn resize(&mut self, width: u16, height: u16) {
        let area = Rect::new(0, 0, width, height);
        self.shown = Buffer::empty(area);
        self.next = Buffer::empty(area);
        self.stale = true;
    }

    /// Bytes sent so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Draws a frame and sends what it changes, with `tail` behind it; returns the bytes sent, 0 where nothing changed.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub fn paint(&mut self, draw: impl FnOnce(&mut Buffer), tail: &[u8]) -> io::Result<usize> {
        self.next.reset();
        draw(&mut self.next);
        encode::even(&mut self.next);
        if self.stale {
            self.encoder.clear();
            self.shown.reset();
            self.stale = false;
        }
        self.encoder.differences(&self.shown, &self.next);
        let bytes = self.encoder.take();
        std::mem::swap(&mut self.shown, &mut self.next);
        if bytes.is_empty() {
            return Ok(0);
        }
        let (before, after): (&[u8], &[u8]) =
            if bytes.len() < WRAPPED_FROM { (b"", b"") } else { (b"\x1b[?2026h", b"\x1b[?2026l") };
        self.send(&[before, &bytes, after, tail].concat())
    }

    /// Sends bytes that change no cell, such as a question to the terminal.
    ///
    /// # Errors
    /// The terminal cannot be written.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.out.flush()?;
        self.sent += bytes.len() as u64;
        Ok(bytes.len())
    }
}
