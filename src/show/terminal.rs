//! The one file that touches the terminal: raw mode, alternate screen, keys, frames; and puts everything back on
//! return, error, panic and the signals that end a program.

mod hand;

use crate::lab::message::Action;
use crate::show::Place;
use crate::show::app::App;
use crate::show::caps::{Caps, Depth};
use crate::show::link::{Left, Link, Program};
use crate::show::pace::{self, Pace};
use crate::show::paint::Painter;
use crate::show::rate::RateScreen;
use crate::signal::{Clock, Nanos, SECOND, SystemClock};
use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, terminal};
use hand::Hand;
use std::fs::File;
use std::io::{IsTerminal, Read, Stdout, stdin, stdout};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

/// Most frames a second where nothing else is asked for; the lab sends ten.
const MOST: f64 = 20.0;

/// How often the lab, the window's size and the signals are looked at.
const LOOK: Nanos = SECOND / 20;

/// "What colour is your background?"
const BACKGROUND: &[u8] = b"\x1b]11;?\x07";

/// How long the lab may take to let us go before we leave without its word.
const FAREWELL: Nanos = 5 * SECOND;

/// What the command line says about the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// 7-bit characters only, borders included.
    pub ascii: bool,
    /// Overrides what the environment says.
    pub depth: Option<Depth>,
    /// Overrides what the environment and the terminal say about the background.
    pub light: Option<bool>,
    /// Characters beyond 7 bits, whatever the environment says.
    pub utf8: bool,
    /// Columns and rows, instead of what the terminal says.
    pub size: Option<(u16, u16)>,
    /// Most frames a second, also where the link cannot be measured.
    pub fps: Option<f64>,
}

/// Runs all screens until the person leaves.
///
/// # Errors
/// Standard output is no terminal, or the terminal fails. It is put back in every case.
pub fn run(link: impl Link, options: Options) -> anyhow::Result<Left> {
    run_from(link, options, None)
}

/// The same, with a command that is sent at once and the screen to begin with.
///
/// # Errors
/// As [`run`].
pub fn run_from(link: impl Link, options: Options, first: Option<(Action, Place)>) -> anyhow::Result<Left> {
    // Ids are wall-clock nanoseconds counted up: larger than those of any earlier visit to the same lab.
    let mut app = App::new(link, caps(options)?, SystemClock.utc().unsigned_abs());
    if let Some((action, place)) = first {
        app.begin(action, place);
    }
    show(&mut app, options)
}

/// Runs the participant's screen until somebody closes it.
///
/// # Errors
/// As [`run`].
pub fn rate(link: impl Link, options: Options) -> anyhow::Result<Left> {
    show(&mut RateScreen::new(link, caps(options)?, SystemClock.utc().unsigned_abs()), options)
}

fn caps(options: Options) -> anyhow::Result<Caps> {
    if !stdout().is_terminal() {
        anyhow::bail!("the screens need a terminal; without one use the commands (limbic --help)");
    }
    let mut caps = Caps::detect(options.ascii, options.depth, |name| std::env::var(name).ok());
    caps.ascii = options.ascii || caps.ascii && !options.utf8;
    caps.light = options.light.unwrap_or(caps.light);
    Ok(caps)
}

fn show(app: &mut impl Program, options: Options) -> anyhow::Result<Left> {
    let gone = taken_away()?;
    match run_until(app, options, &gone) {
        // A terminal that is gone fails in its own ways; why it is gone is known.
        Err(_) if gone.load(Ordering::Relaxed) => Ok(Left::Signal),
        outcome => outcome,
    }
}

/// Raised when the terminal is closed, or the system wants us to end.
fn taken_away() -> anyhow::Result<Arc<AtomicBool>> {
    let gone = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGHUP, signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, gone.clone()).context("cannot listen for signals")?;
    }
    Ok(gone)
}

fn run_until(app: &mut impl Program, options: Options, gone: &AtomicBool) -> anyhow::Result<Left> {
    let clock = SystemClock;
    let mut screen = Screen::open(options)?;
    let bytes = read_bytes()?;
    let mut pace = Pace::new(options.fps.unwrap_or(MOST), options.fps.is_none() && behind_a_multiplexer());
    let mut hand = Hand::default();
    // What is not drawn yet, and whether a person waits for it.
    let (mut changed, mut urgent) = (true, true);
    let mut asked_to_leave: Option<Nanos> = None;
    loop {
        changed |= app.poll();
        if let Some(left) = app.left() {
            return Ok(left);
        }
        if gone.load(Ordering::Relaxed) {
            return Ok(Left::Signal);
        }
        let resized = screen.fit(options.size);
        (changed, urgent) = (changed | resized, urgent | resized);
        let now = clock.now();
        if changed && pace.wait(now, urgent) == 0 {
            let question: &[u8] = if pace.asks() { pace::QUESTION } else { b"" };
            if screen.painter.paint(|buffer| app.draw(buffer), question).context("cannot draw")? > 0 {
                pace.shown(now, !question.is_empty());
            }
            (changed, urgent) = (false, false);
        }
        let wait = if changed { pace.wait(now, urgent).clamp(SECOND / 1000, LOOK) } else { LOOK };
        match bytes.recv_timeout(Duration::from_nanos(wait.unsigned_abs())) {
            // Everything that waits is taken before the next frame.
            Ok(first) => {
                for chunk in std::iter::once(first).chain(bytes.try_iter()) {
                    let heard = hand.decoder.feed(&chunk, clock.now());
                    urgent |= hand.take(heard, app, &mut pace, clock.now());
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let heard = hand.decoder.settle(clock.now());
                urgent |= hand.take(heard, app, &mut pace, clock.now());
            }
            // The terminal has been closed.
            Err(RecvTimeoutError::Disconnected) => return Ok(Left::Signal),
        }
        changed |= urgent;
        if app.leaving() {
            let since = *asked_to_leave.get_or_insert(clock.now());
            if clock.now() - since > FAREWELL {
                return Ok(Left::Quit);
            }
        } else {
            asked_to_leave = None;
        }
    }
}

/// tmux and screen answer in the terminal's place, so that the link behind them cannot be measured.
fn behind_a_multiplexer() -> bool {
    ["TMUX", "STY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
}

/// Keys come from a thread of their own, as the bytes that they are.
fn read_bytes() -> anyhow::Result<Receiver<Vec<u8>>> {
    let (to, bytes) = crossbeam_channel::unbounded();
    let terminal = stdin().as_fd().try_clone_to_owned().context("cannot read the terminal")?;
    let read = move || {
        let mut terminal = File::from(terminal);
        let mut buffer = [0; 4096];
        loop {
            match terminal.read(&mut buffer) {
                Ok(count @ 1..) if to.send(buffer[..count].to_vec()).is_ok() => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(read).context("cannot start the thread that reads keys")?;
    Ok(bytes)
}

/// The terminal while we have it.
struct Screen {
    painter: Painter<Stdout>,
}

impl Screen {
    fn open(options: Options) -> anyhow::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                restore();
                before(info);
            }));
        });
        terminal::enable_raw_mode().context("cannot switch the terminal to raw mode")?;
        // From here on dropping puts the terminal back, also when the next lines fail.
        let guard = Restore;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide).context("cannot open the screen")?;
        let (width, height) = size(options.size);
        let mut painter = Painter::new(stdout(), width, height);
        if options.light.is_none() && !matches!(std::env::var("TERM").as_deref(), Ok("linux" | "dumb")) {
            painter.send(BACKGROUND).context("cannot open the screen")?;
        }
        std::mem::forget(guard);
        Ok(Screen { painter })
    }

    /// Follows the window; true where its size has changed.
    fn fit(&mut self, wanted: Option<(u16, u16)>) -> bool {
        let now = size(wanted);
        let changed = now != self.painter.size();
        if changed {
            self.painter.resize(now.0, now.1);
        }
        changed
    }
}

/// What was asked for, else what the terminal says, else 80x24 (serial lines say 0x0).
fn size(wanted: Option<(u16, u16)>) -> (u16, u16) {
    wanted.or_else(|| terminal::size().ok().filter(|(w, h)| *w > 0 && *h > 0)).unwrap_or((80, 24))
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back; errors have nowhere to go any more.
fn restore() {
    let plain = SetAttribute(Attribute::Reset);
    let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, plain, LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}
