//! Step 5: how the camera is framed and lit, in figures; a small picture only where somebody asks for it.

use crate::lab::guided::{CameraView, Preview};
use crate::lab::message::{Action, Snapshot};
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen};
use crate::show::widget::bar::bar;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::style::Color;

/// Columns of a finding with its verdict.
const FINDINGS: u16 = 41;

/// From dark to bright, in seven bits.
const RAMP: &[u8; 10] = b" .:-=+*#%@";

#[derive(Default)]
pub struct CameraScreen;

/// One thing about the picture: its word, whether that is well, and what would mend it.
struct Finding {
    name: &'static str,
    found: String,
    verdict: (&'static str, Ink),
    way_out: &'static str,
}

impl Screen for CameraScreen {
    fn title(&self, _: &Snapshot) -> String {
        "5/7 CAMERA".into()
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        let wanted = s.guided.camera.as_ref().is_some_and(|c| c.wanted);
        // Leaving turns a preview off, which is the lab's to do.
        let leaves = if wanted { orders } else { shows };
        let mut hints = vec![leaves("Enter", "to the playlist")];
        if s.guided.camera.is_some() {
            hints.push(if wanted { orders("p", "preview off") } else { orders("P", "preview on") });
        }
        hints.push(leaves("Esc", "back to the gate"));
        hints
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        let wanted = s.guided.camera.as_ref().is_some_and(|c| c.wanted);
        match key.code {
            // A picture is never left running behind a screen that does not show it.
            KeyCode::Esc | KeyCode::Enter => {
                let place = if key.code == KeyCode::Esc { Place::Gate } else { Place::Playlist };
                if wanted { Next::DoThen(Action::Preview { on: false }, place) } else { Next::Go(place) }
            }
            KeyCode::Char('P') if s.guided.camera.is_some() => Next::Do(Action::Preview { on: true }),
            KeyCode::Char('p') if wanted => Next::Do(Action::Preview { on: false }),
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let Some(camera) = &s.guided.camera else {
            pen.wrap(1, 1, 3, "This rig has no camera; nothing has to be framed. Enter goes on.", Ink::Plain);
            return;
        };
        let (w, h) = (pen.width(), pen.height());
        // The picture shrinks before the verdicts do: they are what is judged by.
        let picture = if w >= 100 { 54 } else { w.saturating_sub(FINDINGS + 1).min(36) };
        let above = h.saturating_sub(4);
        draw_picture(&mut pen.part(0, 0, picture, above), camera, s);
        draw_findings(&mut pen.part(picture + 1, 0, u16::MAX, above), camera, s);
        let text = "The preview goes to this terminal only, a picture every two seconds; it is never stored and off while a video runs. \
                    REC FACE stands in the top line whenever pixels are written to disk.";
        pen.below(above).wrap(1, 1, 3, text, Ink::Dim);
    }
}

fn draw_picture(pen: &mut Pen, camera: &CameraView, s: &Snapshot) {
    let mut body = pen.panel("preview");
    let consent = s.consent.as_ref().is_some_and(|c| c.face_stored);
    match &camera.preview {
        Some(preview) if consent && camera.wanted => picture(&mut body, preview),
        _ if !consent => {
            body.wrap(1, 1, 9, "No picture: there is no consent to face video. The figures beside tell the framing.", Ink::Plain);
        }
        _ if camera.wanted => {
            body.wrap(1, 1, 4, "the first picture comes ...", Ink::Fair);
        }
        _ => {
            body.wrap(1, 1, 4, "Off. P shows a small picture here.", Ink::Dim);
        }
    }
}

/// Half blocks where colours can be shown, a ramp of characters where not.
fn picture(pen: &mut Pen, preview: &Preview) {
    let at = |x: usize, y: usize| preview.grey.get(y * preview.width + x).copied().unwrap_or(0);
    let ascii = pen.caps.ascii || pen.caps.depth < crate::show::Depth::TwoFiftySix;
    let columns = preview.width.min(pen.width() as usize);
    let rows = (preview.height / 2).min(pen.height() as usize);
    // A window that is smaller than the picture sees every other pixel of it.
    let step = |room: usize, have: usize| have as f64 / room.max(1) as f64;
    let (dx, dy) = (step(columns, preview.width), step(2 * rows, preview.height));
    let pixel = |x: usize, y: usize| at((x as f64 * dx) as usize, (y as f64 * dy) as usize);
    for y in 0..rows {
        for x in 0..columns {
            let (upper, lower) = (pixel(x, 2 * y), pixel(x, 2 * y + 1));
            if ascii {
                let level = (usize::from(upper) + usize::from(lower)) / 2 * RAMP.len() / 256;
                pen.glyph(x as u16, y as u16, char::from(RAMP[level.min(RAMP.len() - 1)]), Ink::Plain);
            } else {
                half_block(pen, (x as u16, y as u16), upper, lower);
            }
        }
    }
}

fn half_block(pen: &mut Pen, (x, y): (u16, u16), upper: u8, lower: u8) {
    let grey = |v: u8| match pen.caps.depth {
        crate::show::Depth::True => Color::Rgb(v, v, v),
        // The 24 greys of the 256 colours.
        _ => Color::Indexed(232 + (u16::from(v) * 24 / 256) as u8),
    };
    let (up, down) = (grey(upper), grey(lower));
    let (area, buf) = pen.raw();
    if x < area.width
        && y < area.height
        && let Some(cell) = buf.cell_mut((area.x + x, area.y + y))
    {
        cell.set_char('▀').set_fg(up).set_bg(down);
    }
}

fn draw_findings(pen: &mut Pen, camera: &CameraView, s: &Snapshot) {
    let mut body = pen.panel("framing");
    let mut y = 0;
    for finding in findings(camera, s) {
        let (word, ink) = finding.verdict;
        body.line(
            0,
            y,
            &[(&format!("{:<11}", finding.name), Ink::Strong), (&format!("{:<17} ", finding.found), Ink::Plain), (word, ink)],
        );
        y += 1;
        if !finding.way_out.is_empty() {
            y += body.wrap(11, y, 3, finding.way_out, Ink::Dim);
        }
    }
    y += 1;
    if let Some(face) = s.quality.iter().flat_map(|q| &q.others).find(|o| o.label == "face") {
        body.text(0, y, "gate", Ink::Strong);
        bar(&mut body, (11, y), 12, face.score / 100.0, None, Ink::Accent);
        body.text(24, y, &format!("{:.0}%", face.score), Ink::Plain);
        y += 2;
    }
    let stored = s.consent.as_ref().is_some_and(|c| c.face_stored);
    let (word, ink) =
        if stored { ("STORED while recording: consent given", Ink::Fair) } else { ("not stored: no consent", Ink::Dim) };
    body.wrap(0, y, 2, word, ink);
}

fn findings(camera: &CameraView, s: &Snapshot) -> Vec<Finding> {
    let light = match camera.brightness {
        b if b < 40.0 => ("DARK", Ink::Bad, "a lamp in front of the face, not behind it"),
        b if b > 220.0 => ("TOO BRIGHT", Ink::Bad, "dim the lamp, or turn the camera from the window"),
        _ => ("ok", Ink::Good, ""),
    };
    let even = match camera.left_over_right {
        r if (0.6..=1.67).contains(&r) => ("ok", Ink::Good, ""),
        _ => ("ONE-SIDED", Ink::Fair, "light from one side: a second lamp, or turn the chair"),
    };
    let clipped = if camera.clipped > 0.2 {
        ("CLIPPED", Ink::Fair, "much is black or white: even light, plain background")
    } else {
        ("ok", Ink::Good, "")
    };
    let sharp = match camera.sharpness {
        v if v < 20.0 => ("BLURRED", Ink::Bad, "clean the lens, set the focus, more light"),
        v if v < 80.0 => ("soft", Ink::Fair, "set the focus, more light"),
        _ => ("ok", Ink::Good, ""),
    };
    let fps = s.face.as_ref().map_or(0.0, |f| f.fps);
    let missed = s.face.as_ref().map_or(0, |f| f.missed);
    let rate = match fps / camera.rate.max(1e-9) {
        r if r < 0.8 => ("SLOW", Ink::Bad, "more light (dark rooms halve the rate), another USB port"),
        r if r < 0.95 => ("slow", Ink::Fair, "more light, another USB port"),
        _ => ("ok", Ink::Good, ""),
    };
    let one = |name, found: String, (word, ink, way_out): (&'static str, Ink, &'static str)| Finding {
        name,
        found,
        verdict: (word, ink),
        way_out,
    };
    vec![
        one(
            "face",
            "not judged".into(),
            ("NO DETECTOR", Ink::Dim, "none is installed: see with P that the face fills a third of the height, centred"),
        ),
        one(
            "picture",
            format!("{} x {}", camera.width, camera.height),
            if camera.height >= 160 {
                ("ok", Ink::Good, "")
            } else {
                ("small", Ink::Fair, "ask for 640 x 480 or more in the rig")
            },
        ),
        one("light", format!("{:.0} (40 to 220)", camera.brightness), light),
        one("left/right", format!("{:.2}", camera.left_over_right), even),
        one("clipped", format!("{:.1} %", 100.0 * camera.clipped), clipped),
        one("sharpness", format!("{:.0} (80 or more)", camera.sharpness), sharp),
        one("rate", format!("{fps:.1} of {:.0}, missed {missed}", camera.rate), rate),
    ]
}
