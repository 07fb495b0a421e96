//! `limbic attach`, `limbic watch` and `limbic rate`: terminals of a lab that runs already.

use crate::cli::Common;
use crate::lab::message::{Command, Event, Snapshot};
use crate::lab::socket::Visit;
use crate::lab::socket::wire::Role;
use crate::show::{self, Left, Standing};
use anyhow::bail;
use std::io::{IsTerminal, Write};
use std::sync::Arc;

/// Take back a running session, keyboard included
#[derive(Debug, clap::Args)]
#[command(after_help = "Whoever had the keyboard looks on from then on; `d` leaves, and the lab goes on.\n\n\
                        Example: ssh lab-machine -t limbic attach")]
pub struct Attach {}

/// Look on at a running session
#[derive(Debug, clap::Args)]
#[command(after_help = "Commands are refused; q leaves.\n\nExample: limbic watch")]
pub struct Watch {}

/// The participant's own screen: the questions after each video
#[derive(Debug, clap::Args)]
#[command(after_help = "It waits quietly between the questions; Ctrl-C closes it.\n\n\
                        Example: limbic rate   (on the lab machine's console, or in a second terminal)")]
pub struct Rate {}

pub fn attach(common: &Common) -> anyhow::Result<()> {
    screens(common, Role::TakeOver)
}

pub fn watch(common: &Common) -> anyhow::Result<()> {
    screens(common, Role::Watch)
}

pub fn rate(common: &Common) -> anyhow::Result<()> {
    need_a_terminal()?;
    let visit = Visit::connect(&common.home, Role::Rate)?;
    match show::rate(Line(visit), looks(common))? {
        Left::Ended(why) => bail!("{why}"),
        _ => Ok(()),
    }
}

fn screens(common: &Common, role: Role) -> anyhow::Result<()> {
    need_a_terminal()?;
    let visit = Visit::connect(&common.home, role)?;
    part(show::run(Line(visit), looks(common))?)
}

/// Refuses to draw into a file.
pub(super) fn need_a_terminal() -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!("the screens need a terminal; `limbic --help` lists the commands that work without one");
    }
    Ok(())
}

pub(super) fn looks(common: &Common) -> show::Options {
    show::Options {
        ascii: common.ascii,
        depth: common.colours,
        light: common.background.as_ref().map(|shade| shade == "light"),
        utf8: common.utf8,
        size: common.size,
        fps: common.fps,
    }
}

/// "120x40".
pub(super) fn size(text: &str) -> Result<(u16, u16), String> {
    let read = text.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    let fits = |(w, h): &(u16, u16)| (1..=500).contains(w) && (1..=300).contains(h);
    read.filter(fits).ok_or_else(|| format!("\"{text}\" is no size; write columns and rows, such as 120x40"))
}

/// The word after the screens have gone.
pub(super) fn part(left: Left) -> anyhow::Result<()> {
    match left {
        Left::Ended(why) => bail!("{why}"),
        Left::Detached => {
            // Where the terminal has gone there is nobody to tell.
            let _ = writeln!(std::io::stdout(), "The lab goes on without this terminal; `limbic attach` comes back.");
            Ok(())
        }
        Left::Quit | Left::Signal => Ok(()),
    }
}

/// A lab in another process as the screens want it.
pub(super) struct Line(pub Visit);

impl show::Link for Line {
    fn send(&mut self, command: Command) {
        self.0.send(command);
    }

    fn events(&mut self) -> Vec<Event> {
        self.0.events()
    }

    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.0.snapshot()
    }

    fn standing(&self) -> Standing {
        if self.0.has_keyboard() { Standing::Keyboard } else { Standing::Watching }
    }

    fn broken(&self) -> bool {
        self.0.is_broken()
    }

    fn ended(&self) -> Option<String> {
        self.0.ended()
    }
}
