//! Step 6: what is going to be shown, in which order, how long it takes, and whether every file is there. The recording
//! begins here.

use crate::lab::guided::{PlaylistEntry, PlaylistView};
use crate::lab::message::{Action, Snapshot};
use crate::show::caps::Ink;
use crate::show::gate;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen, move_in, scrolled};
use crate::show::words;
use crate::signal::{Nanos, counted, to_nanos};
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct PlaylistScreen {
    selected: usize,
}

impl Screen for PlaylistScreen {
    fn title(&self, _: &Snapshot) -> String {
        "6/7 PLAYLIST".into()
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        let mut hints = Vec::new();
        if s.guided.playlist.is_some() {
            let whole = s.guided.playlist.as_ref().is_some_and(|list| list.trouble().is_none());
            if whole && gate::is_open(s) && !s.recording {
                hints.push(orders("Enter", if s.goes_on.is_some() { "GO ON recording" } else { "BEGIN recording" }));
            }
            if s.goes_on.is_none() {
                hints.extend([orders("s", "shuffle anew"), orders("o", "as listed")]);
            }
            hints.extend([orders("r", "look at the files again"), shows("j/k", "move")]);
        }
        hints.push(shows("Esc", "back"));
        hints
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        let Some(list) = &s.guided.playlist else {
            return if key.code == KeyCode::Esc { Next::Go(Place::Camera) } else { Next::Pass };
        };
        match key.code {
            KeyCode::Esc => Next::Go(Place::Camera),
            KeyCode::Enter => self.begin(list, s),
            KeyCode::Char('s' | 'o') if s.goes_on.is_some() => {
                Next::Say("An interrupted session goes on in the order that it was begun with.".into())
            }
            KeyCode::Char('s') => Next::Do(Action::Order { seed: Some(list.seed.map_or(1, |seed| seed.wrapping_add(1))) }),
            KeyCode::Char('o') => Next::Do(Action::Order { seed: None }),
            KeyCode::Char('r') => Next::Do(Action::CheckPlaylist),
            _ if move_in(&mut self.selected, list.entries.len(), key) => Next::Stay,
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let Some(list) = &s.guided.playlist else {
            pen.wrap(1, 1, 3, "No rig is connected, so that there is no playlist yet. Esc goes back.", Ink::Plain);
            return;
        };
        let (w, h) = (pen.width(), pen.height());
        let top = 5.min(h);
        draw_head(&mut pen.part(0, 0, w, top), list, s);
        let side = if w >= 100 { 40 } else { 28 };
        let foot = 2;
        let middle = h.saturating_sub(top + foot);
        self.draw_entries(&mut pen.part(0, top, w.saturating_sub(side + 1), middle), list);
        draw_side(&mut pen.part(w.saturating_sub(side), top, side, middle), list, s);
        draw_verdict(&mut pen.below(h.saturating_sub(foot)), list, s);
    }
}

impl PlaylistScreen {
    fn begin(&self, list: &PlaylistView, s: &Snapshot) -> Next {
        if let Some((trouble, count)) = list.trouble() {
            let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            return Next::Say(format!("{trouble}{more}"));
        }
        if !gate::is_open(s) {
            return Next::Say("Below the gate: Esc goes back to it; mend what it lists, or press O there with a reason.".into());
        }
        Next::Do(Action::Begin)
    }

    fn draw_entries(&self, pen: &mut Pen, list: &PlaylistView) {
        let mut body = pen.panel("in the order of showing");
        let rows = body.height() as usize;
        let selected = self.selected.min(list.entries.len().saturating_sub(1));
        let first = scrolled(selected, rows, list.entries.len());
        let name = (body.width().saturating_sub(34) as usize).max(8);
        for (y, (i, e)) in list.entries.iter().enumerate().skip(first).take(rows).enumerate() {
            let y = y as u16;
            let (word, ink) = standing(e, list.shows);
            let text =
                format!("{:>3}  {:<name$} {:<10} {:>6.1} s ", i + 1, words::cut(&e.name, name), e.intended.name(), e.length_s);
            body.line(1, y, &[(&text, Ink::Plain), (word, ink)]);
            if i == selected {
                body.select(y);
            }
        }
    }
}

/// The word for an entry's file.
fn standing(e: &PlaylistEntry, shows: bool) -> (&'static str, Ink) {
    match (&e.trouble, &e.file, shows) {
        (Some(_), ..) => ("MISSING", Ink::Bad),
        (None, Some(_), _) => ("there", Ink::Good),
        (None, None, _) => ("no file", Ink::Dim),
    }
}

fn length(seconds: f64) -> Nanos {
    to_nanos(seconds)
}

fn draw_head(pen: &mut Pen, list: &PlaylistView, s: &Snapshot) {
    let file = list.file.as_ref().map_or_else(|| "built in".into(), |f| f.display().to_string());
    pen.line(1, 0, &[(&list.name, Ink::Strong), ("   ", Ink::Plain), (&file, Ink::Dim)]);
    let order = match list.seed {
        Some(seed) => format!("shuffled by seed {seed}, no emotion twice in a row where that can be"),
        None => "as listed".into(),
    };
    pen.line(1, 1, &[("order   ", Ink::Dim), (&order, Ink::Plain)]);
    let repeats = list.repeats();
    let videos = list.entries.iter().map(|e| e.length_s).sum::<f64>();
    let rest = s.goes_on.map_or_else(String::new, |trial| format!("goes on with trial {trial} of "));
    let total = format!(
        "{rest}{}, {} of pictures, {} in all and the time to rate",
        counted(list.entries.len(), "video"),
        words::minutes(length(videos)),
        words::minutes(length(list.total_s))
    );
    pen.line(1, 2, &[("time    ", Ink::Dim), (&total, Ink::Plain)]);
    // "null player: nothing is shown" says itself what is said louder here.
    let name = list.player.split(':').next().unwrap_or_default();
    let player = if list.shows { list.player.clone() } else { format!("{name}: NOTHING IS SHOWN, phases run by the clock") };
    let ink = if list.shows || s.simulated { Ink::Plain } else { Ink::Fair };
    pen.line(1, 3, &[("player  ", Ink::Dim), (&player, ink)]);
    if repeats > 0 {
        pen.right(1, &format!("{repeats} neighbours alike "), Ink::Fair);
    }
}

fn draw_side(pen: &mut Pen, list: &PlaylistView, s: &Snapshot) {
    let mut body = pen.panel("balance and trial");
    let balance = list.balance();
    let most = balance.first().map_or(1, |(_, n)| *n).max(1);
    let width = body.width().saturating_sub(16);
    let mut y = 0;
    for (emotion, count) in &balance {
        body.text(0, y, &format!("{:<10}{count:>3} ", emotion.name()), Ink::Plain);
        crate::show::widget::bar::bar(&mut body, (14, y), width, *count as f64 / most as f64, None, Ink::Accent);
        y += 1;
    }
    let least = balance.last().map_or(0, |(_, n)| *n);
    if balance.len() > 1 && least != most {
        body.wrap(0, y, 1, "! the classes are not equally many", Ink::Fair);
        y += 1;
    }
    y += 1;
    let session = s.session.as_ref().filter(|_| list.baseline_s > 0.0);
    let lines = [
        session.map(|_| format!("baseline {:>6.0} s", list.baseline_s)),
        Some(format!("fixation, rest {:>2.0} s each", list.around_s)),
        Some("rating: no limit".into()),
    ];
    for line in lines.into_iter().flatten() {
        body.text(0, y, &line, Ink::Dim);
        y += 1;
    }
}

fn draw_verdict(pen: &mut Pen, list: &PlaylistView, s: &Snapshot) {
    let ready = !s.recording && gate::is_open(s);
    match list.trouble() {
        Some((trouble, count)) => {
            let more = if count > 1 { format!(" And {} more.", count - 1) } else { String::new() };
            pen.wrap(1, 0, 2, &format!("! {trouble}.{more}"), Ink::Bad);
        }
        None if ready => {
            let text = match s.goes_on {
                Some(trial) => format!("Everything is there. Enter goes on with trial {trial} of {}.", list.entries.len()),
                None => "Everything is there. Enter begins the recording.".into(),
            };
            pen.wrap(1, 0, 2, &text, Ink::Good);
        }
        None => {
            pen.wrap(1, 0, 2, "Every file is there; the gate is not passed yet (Esc, Esc).", Ink::Fair);
        }
    }
}
