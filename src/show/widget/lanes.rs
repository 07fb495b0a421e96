//! The live channels: sweeping traces where braille can be shown, numbers where not.

use crate::lab::message::{Snapshot, TraceChannel};
use crate::show::caps::{Depth, Ink};
use crate::show::pen::Pen;
use crate::show::widget::{numbers, scalp, sweep};
use crate::show::words;
use crate::signal::{BANDS, Nanos, Role, seconds};

/// Which channels are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Electrodes spread over the head, and the heart.
    #[default]
    Overview,
    All,
    /// The EEG channels of lowest quality.
    Worst,
    /// Whatever is not EEG.
    Heart,
    /// Topographies of the four bands.
    Maps,
}

/// How the channels are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Which page of channels, where they do not all fit; counted round.
    pub page: usize,
    /// Steps of magnification: the traces are 1.5 times larger a step.
    pub gain: i32,
    /// The sweep goes on in steps of whole cells, of which each is then sent once.
    pub sparing: bool,
}

impl Look {
    /// What a scale is multiplied by.
    fn zoom(self) -> f32 {
        1.5f32.powi(-self.gain.clamp(-12, 12))
    }
}

/// Spread over the head; the first ones stay where there are few rows.
const SPREAD: [&str; 16] = ["Fp1", "Fp2", "F3", "F4", "T7", "C3", "C4", "T8", "P3", "P4", "O1", "O2", "Fz", "Cz", "Pz", "Oz"];

/// End of the band maps' scale, dB: fixed, so that a map that changes means a scalp that changes.
const MAPS_DB: f64 = 10.0;

/// Dots of a sparing sweep's step: four cells.
const SPARING: u64 = 8;

/// Cells of a lane that are not trace: the label before it, the quality behind it.
const BESIDE: u16 = 10;

impl View {
    fn name(self) -> &'static str {
        match self {
            View::Overview => "1 overview",
            View::All => "2 all channels",
            View::Worst => "3 the worst",
            View::Heart => "4 heart and others",
            View::Maps => "5 band maps",
        }
    }

    fn channels(self, s: &Snapshot, rows: usize) -> Vec<&TraceChannel> {
        let all = &s.traces.channels;
        let (mut eeg, others): (Vec<_>, Vec<_>) = all.iter().partition(|c| c.role == Role::Eeg);
        match self {
            View::All => all.iter().collect(),
            View::Heart | View::Maps => others,
            View::Worst => {
                eeg.sort_by(|a, b| a.quality.unwrap_or(101.0).total_cmp(&b.quality.unwrap_or(101.0)));
                eeg.truncate(8);
                eeg
            }
            View::Overview => {
                let room = rows.saturating_sub(others.len()).clamp(4, SPREAD.len());
                let known = SPREAD.iter().filter_map(|l| eeg.iter().copied().find(|c| c.label == *l));
                let mut spread: Vec<_> = known.take(room).collect();
                if spread.len() < 4 {
                    spread = eeg.iter().copied().take(room).collect();
                }
                // In the device's order, so that a lane keeps its neighbours.
                spread.sort_by_key(|c| all.iter().position(|a| a.label == c.label));
                spread.into_iter().chain(others).collect()
            }
        }
    }
}

/// Fewest rows in which a lane still shows a shape.
const LEAST_ROWS: u16 = 2;

/// Draws the channels of a view over the whole pen, with a heading that says scale and window.
pub fn lanes(pen: &mut Pen, s: &Snapshot, view: View, look: &Look) {
    if s.traces.channels.is_empty() {
        pen.panel(view.name()).text(0, 0, "no samples yet", Ink::Dim);
        return;
    }
    if view == View::Maps {
        return maps(pen, s, look.sparing);
    }
    let pass = words::pass_mark(s);
    if pen.caps.ascii {
        let all = view.channels(s, usize::MAX);
        // Rows of the heading, and of the frame where there is room for one.
        let room = numbers::room(pen.width(), pen.height().saturating_sub(2));
        let (shown, place) = page(&all, room, look.page);
        let mut body = pen.panel(&format!("{}{place}", view.name()));
        return numbers::numbers(&mut body, shown, pass);
    }
    let rows = pen.height().saturating_sub(2) as usize;
    let wide = pen.width() >= 80;
    let chosen = view.channels(s, if wide { 2 * rows } else { rows });
    // Every channel of the view has the scale that all together ask for, whichever page is up.
    let half = look.zoom() * sweep::common_scale(chosen.iter().copied().filter(|c| c.role == Role::Eeg));
    let room = (rows as u16 / LEAST_ROWS).max(4) as usize * if wide { 2 } else { 1 };
    let (chosen, place) = page(&chosen, room, look.page);
    let columns: u16 = if chosen.len() > rows || (wide && chosen.len() > 8) { 2 } else { 1 };
    let cells = (pen.width() / columns).saturating_sub(BESIDE);
    let window = (f64::from(cells) / 8.0).round().clamp(2.0, 8.0);
    let mut body = pen.panel(&format!("{}{place}   EEG +-{} uV   {window:.0} s", view.name(), microvolts(half)));
    let per_column = (chosen.len() as u16).div_ceil(columns).max(1);
    let (width, height) = (body.width() / columns, body.height());
    for (i, channel) in chosen.iter().enumerate() {
        let (column, lane) = (i as u16 / per_column, i as u16 % per_column);
        // Lanes share the height as evenly as whole rows allow; more lanes than rows are left out.
        let edge = |lane: u16| if per_column > height { lane } else { lane * height / per_column };
        let (top, bottom) = (edge(lane), edge(lane + 1));
        if bottom > height {
            continue;
        }
        let mut strip = body.part(column * width, top, width.saturating_sub(1), bottom - top);
        let sweep = sweep::Sweep { window_s: window, step: if look.sparing { SPARING } else { 1 } };
        one(&mut strip, channel, s, sweep, (half, look.zoom()), pass);
    }
}

fn one(pen: &mut Pen, channel: &TraceChannel, s: &Snapshot, sweep: sweep::Sweep, (half, zoom): (f32, f32), pass: f64) {
    let heart = matches!(channel.role, Role::Ecg | Role::Ppg);
    let scale = if channel.role == Role::Eeg {
        sweep::Scale { centre: (channel.centre / (half / 4.0)).round() * half / 4.0, half }
    } else {
        let own = sweep::own_scale(channel);
        sweep::Scale { half: own.half * zoom, ..own }
    };
    let (width, height) = (pen.width(), pen.height());
    let middle = height / 2;
    pen.text(0, middle, &words::cut(&channel.label, 4), Ink::Strong);
    let ink = if heart { Ink::Heart } else { Ink::Trace };
    sweep::lane(&mut pen.part(5, 0, width.saturating_sub(BESIDE), height), channel, &s.traces, sweep, scale, ink);
    if let Some(beats) = s.heart.as_ref().filter(|h| heart && h.from.eq_ignore_ascii_case(channel.role.name())) {
        mark_beats(&mut pen.part(5, 0, width.saturating_sub(BESIDE), height), &beats.beats, s, sweep);
    }
    if let Some(quality) = channel.quality {
        let (word, ink) = words::judged(quality, pass);
        let said = if word == "ok" { format!("{quality:>3.0}") } else { word.to_string() };
        pen.text(width.saturating_sub(4), middle, &said, ink);
    }
}

/// The bands as heads under one scale: how many dB each electrode is above or below the mean of its band.
fn maps(pen: &mut Pen, s: &Snapshot, sparing: bool) {
    let mut body = pen.panel("5 band maps: dB around each band's mean, last 2 s");
    if sparing {
        // Five levels change far fewer cells than fifteen: a third of the bytes.
        body.caps.depth = body.caps.depth.min(Depth::Sixteen);
    }
    let Some(bands) = &s.guided.bands else {
        body.text(0, 0, "the first two seconds are being read ...", Ink::Dim);
        return;
    };
    let around = |powers: &Vec<f32>| -> Vec<f64> {
        let mean = powers.iter().map(|p| f64::from(*p)).sum::<f64>() / powers.len().max(1) as f64;
        powers.iter().map(|p| f64::from(*p) - mean).collect()
    };
    let named: Vec<(String, Vec<f64>)> =
        BANDS.iter().zip(&bands.powers_db).map(|(band, powers)| (band.name.to_string(), around(powers))).collect();
    scalp::bands(&mut body, &bands.labels, &named, MAPS_DB);
}

/// The channels of a page, and the words for the heading where there is more than one.
fn page<'a, 'b>(all: &'a [&'b TraceChannel], room: usize, wanted: usize) -> (&'a [&'b TraceChannel], String) {
    let pages = all.len().div_ceil(room.max(1)).max(1);
    if pages == 1 {
        return (all, String::new());
    }
    let at = wanted % pages;
    // Pages of equal length: the last one is not a lonely channel.
    let length = all.len().div_ceil(pages);
    let shown = &all[(at * length).min(all.len())..((at + 1) * length).min(all.len())];
    (shown, format!("   page {}/{pages}", at + 1))
}

/// Two figures.
fn microvolts(half: f32) -> String {
    if half < 10.0 { format!("{half:.1}") } else { format!("{half:.0}") }
}

/// A sign over each found beat, at its place in the sweep.
fn mark_beats(pen: &mut Pen, beats: &[Nanos], s: &Snapshot, sweep: sweep::Sweep) {
    let sign = pen.caps.pick('\u{25bc}', 'v');
    let (age, per_s) = (s.now, s.traces.columns_per_s);
    for beat in beats {
        let back = seconds(age - beat) * per_s;
        if let Some(cell) = sweep::place(&s.traces, back, pen.width(), sweep) {
            pen.glyph(cell, 0, sign, Ink::Strong);
        }
    }
}
