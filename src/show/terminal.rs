//! The one file that touches the terminal: raw mode, alternate screen, keys, frames; and puts everything back on
//! return, error, panic and the signals that end a program.

use crate::lab::message::Action;
use crate::show::Place;
use crate::show::app::App;
use crate::show::caps::{Caps, Depth};
use crate::show::link::{Input, Left, Link, Program};
use crate::show::rate::RateScreen;
use crate::signal::{Clock, Nanos, SECOND, SystemClock};
use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEventKind};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, event, execute, terminal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{IsTerminal, Stdout, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

/// A held Enter must not run through two screens.
const ENTER_GUARD: Nanos = SECOND / 5;

/// How long the lab may take to let us go before we leave without its word.
const FAREWELL: Nanos = 5 * SECOND;

/// What the command line says about the terminal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// 7-bit characters only, borders included.
    pub ascii: bool,
    /// Overrides what the environment says.
    pub depth: Option<Depth>,
    /// Most frames a second.
    pub fps: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { ascii: false, depth: None, fps: 10.0 }
    }
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
    Ok(Caps::detect(options.ascii, options.depth, |name| std::env::var(name).ok()))
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
    let mut screen = Screen::open()?;
    let keys = read_keys()?;
    let frame = to_frame(options.fps);
    let mut shown: Nanos = 0;
    let mut changed = true;
    let mut last_enter: Nanos = 0;
    let mut asked_to_leave: Option<Nanos> = None;
    loop {
        changed |= app.poll();
        if let Some(left) = app.left() {
            return Ok(left);
        }
        if gone.load(Ordering::Relaxed) {
            return Ok(Left::Signal);
        }
        let now = clock.now();
        if changed && now - shown >= frame {
            screen.draw(app)?;
            (shown, changed) = (now, false);
        }
        let wait = if changed { (frame - (now - shown)).clamp(0, frame) } else { frame };
        match keys.recv_timeout(Duration::from_nanos(wait.unsigned_abs())) {
            // Everything that waits is taken before the next frame.
            Ok(first) => {
                for event in std::iter::once(first).chain(keys.try_iter()) {
                    changed |= take(event, app, clock.now(), &mut last_enter);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the terminal cannot be read any more"),
        }
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

/// Keys come from a thread of their own: crossterm 0.29 reads a terminal that was closed for ever without returning, and
/// whoever waits for it would neither hear the signal nor end.
fn read_keys() -> anyhow::Result<Receiver<Event>> {
    let (to, keys) = crossbeam_channel::unbounded();
    let read = move || {
        while let Ok(event) = event::read() {
            if to.send(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(read).context("cannot start the thread that reads keys")?;
    Ok(keys)
}

fn to_frame(fps: f64) -> Nanos {
    (SECOND as f64 / if fps.is_finite() { fps.clamp(0.5, 60.0) } else { 10.0 }) as Nanos
}

/// Hands one event on; true where the screen may have changed.
fn take(event: Event, app: &mut impl Program, now: Nanos, last_enter: &mut Nanos) -> bool {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => {
            app.time(now);
            if key.code == KeyCode::Enter {
                let held = now - *last_enter < ENTER_GUARD;
                *last_enter = now;
                if held {
                    return false;
                }
            }
            app.handle(Input::Key(key));
            true
        }
        Event::Paste(text) => {
            app.handle(Input::Paste(text));
            true
        }
        Event::Resize(..) => true,
        _ => false,
    }
}

/// The terminal while we have it.
struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    fn open() -> anyhow::Result<Self> {
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
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).context("cannot open the screen")?;
        std::mem::forget(guard);
        Ok(Screen { terminal })
    }

    /// One frame, shown at once (DEC 2026), so that it does not tear.
    fn draw(&mut self, app: &impl Program) -> anyhow::Result<()> {
        execute!(stdout(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| app.draw(frame.buffer_mut())).map(|_| ());
        execute!(stdout(), EndSynchronizedUpdate)?;
        drawn.context("cannot draw")
    }
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
    let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = terminal::disable_raw_mode();
}
