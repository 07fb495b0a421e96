//! A program in a pseudo-terminal, and a model (vt100) of what a person would see there.
#![allow(dead_code, reason = "each test program uses a part")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// A program in a pty and the screen it drew.
pub struct Pty {
    pub child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    bytes: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// The alternate screen was entered at some time.
    pub entered: bool,
    /// How long anything may take.
    pub patience: Duration,
}

impl Pty {
    pub fn start(command: CommandBuilder) -> Pty {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pty");
        let child = pair.slave.spawn_command(command).expect("starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("reads");
        let keys = pair.master.take_writer().expect("writes");
        let (sender, bytes) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Pty {
            child,
            master: pair.master,
            keys,
            bytes,
            screen: vt100::Parser::new(24, 80, 0),
            entered: false,
            patience: Duration::from_secs(30),
        }
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Feeds what arrives to the emulator until `done`, or the program has ended, or ten seconds are over.
    pub fn until(&mut self, done: impl Fn(&vt100::Screen) -> bool) -> bool {
        let deadline = Instant::now() + self.patience;
        while Instant::now() < deadline {
            match self.bytes.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return done(self.screen.screen()),
            }
            self.entered |= self.screen.screen().alternate_screen();
            if done(self.screen.screen()) {
                return true;
            }
        }
        false
    }

    pub fn shows(&mut self, word: &str) {
        let found = self.until(|s| s.contents().contains(word));
        assert!(found, "\"{word}\" does not come; the screen is:\n{}", self.text());
    }

    pub fn type_(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).and_then(|()| self.keys.flush()).expect("types");
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.screen.screen_mut().set_size(rows, cols);
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("resizes");
    }

    /// Waits for the end; the terminal must be as it was.
    pub fn left(&mut self) -> u32 {
        assert!(self.until(|s| !s.alternate_screen()), "still in the alternate screen:\n{}", self.text());
        let deadline = Instant::now() + self.patience;
        while Instant::now() < deadline {
            self.until(|_| true);
            if let Some(status) = self.child.try_wait().expect("waits") {
                while let Ok(bytes) = self.bytes.recv_timeout(Duration::from_millis(200)) {
                    self.screen.process(&bytes);
                }
                let screen = self.screen.screen();
                assert!(!screen.hide_cursor() && !screen.bracketed_paste(), "the terminal was not put back");
                return status.exit_code();
            }
        }
        panic!("the program does not end");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Ended already in most tests; errors are of no use here.
        let _ = self.child.kill();
    }
}
