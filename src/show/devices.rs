//! Step 2: which rig, and whether its devices deliver.

use crate::lab::message::{Action, Snapshot, StreamView};
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::screen::{Hint, Next, Place, Screen, move_in, scrolled};
use crate::show::widget::lanes::{View, lanes};
use crate::show::words;
use crate::signal::StreamKind;
use crossterm::event::{KeyCode, KeyEvent};

/// A stream that was silent for so long is called late.
const LATE_S: f64 = 1.5;

#[derive(Default)]
pub struct Devices {
    selected: usize,
}

fn connected(snapshot: &Snapshot) -> bool {
    !snapshot.streams.is_empty()
}

impl Screen for Devices {
    fn title(&self, _: &Snapshot) -> String {
        "2/5 DEVICES".into()
    }

    fn hints(&self, snapshot: &Snapshot) -> Vec<Hint> {
        if connected(snapshot) {
            vec![("Enter", "to the quality gate"), ("r", "release, choose another rig"), ("Esc", "back")]
        } else {
            vec![("Enter", "connect"), ("j/k", "choose a rig"), ("Esc", "back")]
        }
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let rigs = &snapshot.catalogue.rigs;
        match key.code {
            KeyCode::Esc => Next::Go(Place::Home),
            KeyCode::Enter if connected(snapshot) => Next::Go(Place::Gate),
            KeyCode::Char('r') if connected(snapshot) => Next::Do(Action::Disconnect),
            KeyCode::Enter => {
                let rig = self.selected.checked_sub(1).and_then(|i| rigs.get(i)).map(|(path, _)| path.clone());
                Next::Do(Action::Connect { rig })
            }
            _ if !connected(snapshot) && move_in(&mut self.selected, rigs.len() + 1, key) => Next::Stay,
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let h = pen.height();
        let rigs = (snapshot.catalogue.rigs.len() as u16 + 2).clamp(4, (h / 4).max(4)) + u16::from(h >= 30) * 2;
        self.draw_rigs(&mut pen.part(0, 0, u16::MAX, rigs), snapshot);
        let devices = (snapshot.devices.len() as u16 + 1).clamp(3, (h / 4).max(3)) + u16::from(h >= 30) * 2;
        draw_devices(&mut pen.part(0, rigs, u16::MAX, devices), snapshot);
        let trouble = if snapshot.device_trouble.is_empty() { 0 } else { 5 };
        let left = h.saturating_sub(rigs + devices + trouble);
        let streams = if connected(snapshot) && left >= 18 { snapshot.streams.len() as u16 + 4 } else { left };
        draw_streams(&mut pen.part(0, rigs + devices, u16::MAX, streams), &snapshot.streams);
        if streams < left {
            let mut live = pen.part(0, rigs + devices + streams, u16::MAX, left - streams);
            lanes(&mut live, snapshot, View::Overview);
        }
        if trouble > 0 {
            let mut body = pen.below(h.saturating_sub(trouble));
            let mut body = body.section("Trouble");
            let mut y = 0;
            for sentence in &snapshot.device_trouble {
                y += body.wrap(0, y, 2, &format!("! {sentence}"), Ink::Bad);
            }
        }
    }
}

impl Devices {
    fn draw_rigs(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let mut body = pen.panel("Rig");
        let chosen = snapshot.session.as_ref().map(|s| s.rig_name.as_str()).filter(|_| connected(snapshot));
        let mut lines = vec![("simulated rig".to_string(), "no device needed; everything is marked SIMULATED".to_string())];
        lines.extend(snapshot.catalogue.rigs.iter().map(|(path, name)| (name.clone(), path.display().to_string())));
        let rows = body.height() as usize;
        let selected = self.selected.min(lines.len() - 1);
        let first = scrolled(selected, rows, lines.len());
        for (y, (i, (name, what))) in lines.iter().enumerate().skip(first).take(rows).enumerate() {
            let y = y as u16;
            let sign = if chosen == Some(name) { "(*) " } else { "( ) " };
            body.line(1, y, &[(sign, Ink::Plain), (&format!("{:<24} ", words::cut(name, 24)), Ink::Strong), (what, Ink::Dim)]);
            if i == selected && !connected(snapshot) {
                body.select(y);
            }
        }
    }
}

fn draw_devices(pen: &mut Pen, snapshot: &Snapshot) {
    let mut body = pen.panel("Devices");
    if snapshot.devices.is_empty() {
        body.text(1, 0, "none connected; Enter connects the chosen rig", Ink::Dim);
    }
    for (y, device) in snapshot.devices.iter().enumerate() {
        let ink = match device.state.as_str() {
            "streaming" => Ink::Good,
            "connecting" => Ink::Fair,
            _ => Ink::Bad,
        };
        body.line(
            1,
            y as u16,
            &[
                (&format!("{:<11} ", words::cut(&device.state.to_uppercase(), 11)), ink),
                (&device.name, Ink::Strong),
                ("  ", Ink::Plain),
                (&device.detail, Ink::Dim),
            ],
        );
    }
}

fn draw_streams(pen: &mut Pen, streams: &[StreamView]) {
    let mut body = pen.panel("Streams");
    if streams.is_empty() {
        body.text(1, 0, "nothing arrives yet", Ink::Dim);
        return;
    }
    body.text(1, 0, "stream   ch  nominal  measured    received   lost  dropped   last  state", Ink::Dim);
    let rows = body.height().saturating_sub(1) as usize;
    for (y, s) in streams.iter().take(rows).enumerate() {
        let (word, ink) = judged(s);
        let unit = if s.kind == StreamKind::Face { "fps" } else { "Hz" };
        let lost = if s.lost + s.dropped > 0 { Ink::Bad } else { Ink::Plain };
        body.line(
            1,
            1 + y as u16,
            &[
                (&format!("{:<8} {:>2} ", words::cut(&s.name, 8), s.channels), Ink::Strong),
                (&format!("{:>7.1} {:>7.2} {unit:<3} {:>9} ", s.rate, s.measured_rate, s.received), Ink::Plain),
                (&format!("{:>6} {:>8} ", s.lost, s.dropped), lost),
                (&format!("{:>5.1}s  ", s.age_s), Ink::Dim),
                (word, ink),
                (if s.simulated { " SIM" } else { "" }, Ink::Simulated),
            ],
        );
    }
}

/// The word for a stream: silent, off its rate, losing samples, or fine.
pub fn judged(s: &StreamView) -> (&'static str, Ink) {
    if s.received == 0 {
        ("WAITING", Ink::Fair)
    } else if s.age_s > LATE_S {
        ("SILENT", Ink::Bad)
    } else if s.lost + s.dropped > 0 {
        ("LOSING", Ink::Bad)
    } else if (s.measured_rate - s.rate).abs() > s.rate * 0.02 {
        ("RATE", Ink::Fair)
    } else {
        ("ok", Ink::Good)
    }
}
