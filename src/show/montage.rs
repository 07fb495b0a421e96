//! Step 3: where each electrode goes. A head in characters with the rig's channels at their places, names beside it;
//! the experimenter marks each as placed or bad, and what was marked is stored with the session.

use crate::lab::guided::Electrode;
use crate::lab::message::{Action, Snapshot};
use crate::show::caps::{Caps, Ink};
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::{Pen, cells, wrapped};
use crate::show::popup::{Popup, Purpose};
use crate::show::screen::{Next, Place, Screen, move_in, scrolled};
use crate::show::widget::scalp::{self, Spot};
use crate::show::words;
use crate::signal::{Placed, Role};
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct MontageScreen {
    selected: usize,
}

impl MontageScreen {
    fn chosen<'a>(&self, s: &'a Snapshot) -> Option<&'a Electrode> {
        let all = &s.guided.electrodes;
        all.get(self.selected.min(all.len().saturating_sub(1)))
    }

    /// Marks the selected electrode; a placed one hands the cursor to the next that waits.
    fn mark(&mut self, s: &Snapshot, state: Placed) -> Next {
        let Some(electrode) = self.chosen(s) else {
            return Next::Say("No electrode to mark: connect a rig with EEG first.".into());
        };
        let mark = &electrode.mark;
        let state = if mark.state == state { Placed::Waiting } else { state };
        let action = Action::Place { label: mark.label.clone(), state, note: mark.note.clone() };
        if state == Placed::Placed {
            let all = &s.guided.electrodes;
            let here = self.selected.min(all.len().saturating_sub(1));
            let behind = (here + 1..all.len()).chain(0..here);
            self.selected = behind.into_iter().find(|i| all[*i].mark.state == Placed::Waiting).unwrap_or(here);
        }
        Next::Do(action)
    }
}

impl Screen for MontageScreen {
    fn title(&self, _: &Snapshot) -> String {
        "3/7 MONTAGE".into()
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        let mut hints = vec![shows("Enter", "to the quality gate")];
        if !s.guided.electrodes.is_empty() {
            hints.extend([
                orders("Space", "placed"),
                orders("P", "all placed"),
                orders("b", "bad"),
                orders("t", "note on it"),
                shows("j/k", "choose"),
            ]);
        }
        hints.push(shows("Esc", "back"));
        hints
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        match key.code {
            KeyCode::Esc => Next::Go(Place::Devices),
            KeyCode::Enter => Next::Go(Place::Gate),
            KeyCode::Char(' ') => self.mark(s, Placed::Placed),
            KeyCode::Char('b') => self.mark(s, Placed::Bad),
            KeyCode::Char('t') => match self.chosen(s) {
                Some(e) => Next::Ask(Popup::ask(Purpose::Electrode(e.mark.clone()))),
                None => Next::Stay,
            },
            KeyCode::Char('P') => {
                let waiting = s.guided.electrodes.iter().map(|e| &e.mark).filter(|m| m.state == Placed::Waiting);
                let actions: Vec<Action> = waiting
                    .map(|m| Action::Place { label: m.label.clone(), state: Placed::Placed, note: m.note.clone() })
                    .collect();
                if actions.is_empty() { Next::Say("Every electrode has its mark already.".into()) } else { Next::All(actions) }
            }
            _ if move_in(&mut self.selected, s.guided.electrodes.len(), key) => Next::Stay,
            _ => Next::Pass,
        }
    }

    fn rows(&self, s: &Snapshot) -> Vec<String> {
        let row = |e: &Electrode| format!("{} {} {}", e.mark.label, e.mark.state.name(), e.mark.note);
        s.guided.electrodes.iter().map(row).collect()
    }

    fn selected(&self) -> usize {
        self.selected
    }

    fn select(&mut self, row: usize) {
        self.selected = row;
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let all = &s.guided.electrodes;
        if all.is_empty() {
            let text = if s.streams.is_empty() {
                "No rig is connected. Esc goes back to the devices."
            } else {
                "This rig has no electrode that sits on the participant. Enter goes on."
            };
            pen.wrap(1, 1, 3, text, Ink::Plain);
            return;
        }
        let (w, h) = (pen.width(), pen.height());
        let roomy = h >= 30;
        let note = self.note(s);
        // A note takes the place of the sentence at the foot, and as many rows as it needs.
        let below = note.as_ref().map_or(1, |n| wrapped(n, usize::from(w.saturating_sub(1))).len().clamp(1, 5) as u16);
        let foot = below + if roomy { 2 } else { 1 };
        let side = if w >= 100 { 44 } else { 35 };
        let head = w.saturating_sub(side + 1);
        self.draw_head(&mut pen.part(0, 0, head, h.saturating_sub(foot)), s);
        self.draw_list(&mut pen.part(head + 1, 0, side, h.saturating_sub(foot)), s);
        draw_foot(&mut pen.below(h.saturating_sub(foot)), all, note.as_deref(), roomy);
    }
}

impl MontageScreen {
    /// The whole note on the chosen electrode, which its row has seldom room for.
    fn note(&self, s: &Snapshot) -> Option<String> {
        let mark = self.chosen(s).map(|e| &e.mark).filter(|mark| !mark.note.is_empty())?;
        Some(format!("{}: {}", mark.label, mark.note))
    }

    fn draw_head(&self, pen: &mut Pen, s: &Snapshot) {
        let chosen = self.chosen(s).map(|e| e.mark.label.clone());
        let spot = |e: &Electrode| {
            let (sign, ink) = sign(pen.caps, e.mark.state);
            let here = Some(&e.mark.label) == chosen.as_ref();
            Spot { label: e.mark.label.clone(), sign, ink: if here { Ink::Title } else { ink } }
        };
        let mut spots: Vec<Spot> = s.guided.electrodes.iter().filter(|e| e.role == Role::Eeg).map(spot).collect();
        // The selected one is drawn last: nothing covers it.
        spots.sort_by_key(|spot| Some(&spot.label) == chosen.as_ref());
        scalp::named(pen, &spots);
    }

    fn draw_list(&self, pen: &mut Pen, s: &Snapshot) {
        let all = &s.guided.electrodes;
        let placed = all.iter().filter(|e| e.mark.state == Placed::Placed).count();
        let bad = all.iter().filter(|e| e.mark.state == Placed::Bad).count();
        let mut body = pen.panel(&format!("{placed} of {} placed, {bad} bad", all.len()));
        let rows = body.height().saturating_sub(1) as usize;
        let selected = self.selected.min(all.len() - 1);
        let first = scrolled(selected, rows, all.len());
        body.text(1, 0, "name  contact  quality state", Ink::Dim);
        for (y, (i, e)) in all.iter().enumerate().skip(first).take(rows).enumerate() {
            let y = 1 + y as u16;
            let (sign, ink) = sign(body.caps, e.mark.state);
            let quality = quality_of(s, &e.mark.label);
            body.text(1, y, &format!("{:<5} {:<8} {:<7}", words::cut(&e.mark.label, 5), contact(e.contact), quality), Ink::Plain);
            let x = body.line(24, y, &[(&sign.to_string(), ink), (" ", ink), (e.mark.state.name(), ink)]);
            let room = body.width().saturating_sub(x + 1).into();
            let note = if room < 3 && cells(&e.mark.note) > room { "..".into() } else { words::cut(&e.mark.note, room) };
            body.text(x + 1, y, &note, Ink::Dim);
            if i == selected {
                body.select(y);
            }
        }
    }
}

/// What a device says of the contact, in a few characters.
fn contact(value: Option<f64>) -> String {
    match value {
        None => "--".into(),
        Some(percent) if percent > 4.0 => format!("{percent:.0}%"),
        Some(grade) => {
            let word = match grade {
                g if g >= 3.5 => "good",
                g if g >= 1.5 => "fair",
                g if g >= 0.5 => "poor",
                _ => "none",
            };
            format!("{word} {grade:.0}/4")
        }
    }
}

fn quality_of(s: &Snapshot, label: &str) -> String {
    let report = s.quality.iter().flat_map(|q| q.channels.iter().chain(&q.others));
    let found = report.into_iter().find(|c| c.label.eq_ignore_ascii_case(label));
    found.map_or_else(|| "--".into(), |c| format!("{:.0}%", c.score))
}

/// Sign and ink of a state; its word stands in the list.
fn sign(caps: Caps, state: Placed) -> (char, Ink) {
    match state {
        Placed::Waiting => (caps.pick('○', '.'), Ink::Dim),
        Placed::Placed => (caps.pick('●', '+'), Ink::Good),
        Placed::Bad => (caps.pick('✗', 'X'), Ink::Bad),
    }
}

fn draw_foot(pen: &mut Pen, all: &[Electrode], note: Option<&str>, roomy: bool) {
    let mut y = 0;
    if roomy {
        y = 1;
    }
    let mut x = 1;
    for (state, words) in [
        (Placed::Placed, " placed   "),
        (Placed::Waiting, " not yet   "),
        (Placed::Bad, " bad: not in the score, made from its neighbours"),
    ] {
        let (sign, ink) = sign(pen.caps, state);
        x = pen.line(x, y, &[(&sign.to_string(), ink), (words, Ink::Plain)]);
    }
    if let Some(note) = note {
        pen.wrap(1, y + 1, u16::MAX, note, Ink::Plain);
        return;
    }
    let graded = all.iter().any(|e| e.contact.is_some());
    let text = if graded {
        "The contact is the device's own grade. Marks are saved as you make them."
    } else {
        "This device measures no contact: judge by quality. Marks are saved at once."
    };
    pen.wrap(1, y + 1, 1, text, Ink::Dim);
}
