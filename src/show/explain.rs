//! Explain: which electrodes and bands a network used for a class, by the explainer that the Quality Test finds most
//! faithful.

mod compare;
mod said;

use crate::explain::report::{ClassExplanation, ExplainerResult, ExplanationReport, Lead};
use crate::lab::message::Snapshot;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen};
use crate::show::widget::scalp;
use crate::show::words;
use compare::{Against, Comparison, comparison};
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct Explain {
    class: usize,
    /// None: the class's winner.
    explainer: Option<usize>,
    /// One big head per band.
    big: bool,
    band: usize,
    against: Against,
    /// All that is said about it, over the whole screen.
    in_words: bool,
}

fn report(s: &Snapshot) -> Option<&ExplanationReport> {
    s.review.as_ref()?.explanation.as_ref()
}

impl Explain {
    fn class<'a>(&self, report: &'a ExplanationReport) -> Option<&'a ClassExplanation> {
        report.classes.get(self.class % report.classes.len().max(1))
    }

    /// Which explainer's map is shown: the chosen one, else the winner, else the first.
    fn explainer(&self, class: &ClassExplanation) -> Option<usize> {
        let count = class.explainers.len();
        let wanted = self.explainer.or(class.winner).unwrap_or(0);
        (count > 0).then(|| wanted % count)
    }
}

impl Screen for Explain {
    fn title(&self, s: &Snapshot) -> String {
        let class = report(s).and_then(|r| self.class(r)).map(|c| c.class.to_uppercase());
        class.map_or("EXPLAIN".into(), |c| format!("EXPLAIN {c}"))
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        if report(s).is_none() {
            return vec![shows("Esc", "review")];
        }
        let mut hints = vec![shows("h/l", "class"), shows("x", "explainer")];
        if self.big {
            hints.extend([shows("j/k", "band"), shows("f", "all bands")]);
        } else {
            hints.push(shows("f", "one big head"));
        }
        hints.extend([
            shows("v", self.against.hint()),
            shows("w", if self.in_words { "maps" } else { "all words" }),
            shows("Esc", "review"),
        ]);
        hints
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        let Some(report) = report(s) else { return if key.code == KeyCode::Esc { Next::Go(Place::Review) } else { Next::Pass } };
        let (classes, bands) = (report.classes.len().max(1), report.bands.len().max(1));
        match key.code {
            KeyCode::Char('l') | KeyCode::Right => {
                self.class = (self.class + 1) % classes;
                self.explainer = None;
            }
            KeyCode::Char('h') | KeyCode::Left => {
                self.class = (self.class + classes - 1) % classes;
                self.explainer = None;
            }
            KeyCode::Char('x') => {
                let now = self.class(report).and_then(|c| self.explainer(c));
                self.explainer = now.map(|i| i + 1);
            }
            KeyCode::Char('f') => self.big = !self.big,
            KeyCode::Char('w') => self.in_words = !self.in_words,
            KeyCode::Char('v') => {
                self.against = self.against.next();
                self.big = false;
            }
            KeyCode::Char('j') | KeyCode::Down => self.band = (self.band + 1) % bands,
            KeyCode::Char('k') | KeyCode::Up => self.band = (self.band + bands - 1) % bands,
            KeyCode::Esc => return Next::Go(Place::Review),
            _ => return Next::Pass,
        }
        Next::Stay
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let Some((report, class)) = report(s).and_then(|r| self.class(r).map(|c| (r, c))) else {
            pen.wrap(1, 1, 2, "No explanation is stored for this session: train on the home screen makes one.", Ink::Plain);
            return;
        };
        let (w, h) = (pen.width(), pen.height());
        draw_tabs(&mut pen.part(0, 0, w, 1), report, class);
        pen.text(0, 1, &said::source(report, s), Ink::Dim);
        if self.in_words {
            return said::draw(&mut pen.below(2), report, class);
        }
        let shown = self.explainer(class);
        let table = (class.explainers.len() as u16 + 3).min(8);
        // Words take what they need of the rows that the heads can spare.
        let (fewest, least_heads) = if h >= 30 { (6, 17) } else { (4, 8) };
        let spare = h.saturating_sub(2 + table + least_heads).max(fewest);
        let words_rows = (said::rows(report, class, w) + 1).clamp(fewest, spare);
        let heads = h.saturating_sub(2 + table + words_rows);
        if let Some(result) = shown.and_then(|i| class.explainers.get(i)) {
            match shown.and_then(|i| comparison(report, class, i, self.against)) {
                Some(two) => draw_compared(&mut pen.part(0, 2, w, heads), report, result, &two),
                None => self.draw_heads(&mut pen.part(0, 2, w, heads), report, result),
            }
        } else {
            pen.text(1, 4, "No explainer answered for this class.", Ink::Dim);
        }
        draw_table(&mut pen.part(0, 2 + heads, w, table), class, shown);
        said::draw(&mut pen.below(2 + heads + table), report, class);
    }
}

fn draw_tabs(pen: &mut Pen, report: &ExplanationReport, shown: &ClassExplanation) {
    let mut x = 0;
    for class in &report.classes {
        let here = class.class == shown.class;
        let text = if here { format!("[{}]", class.class) } else { format!(" {} ", class.class) };
        x = pen.text(x, 0, &text, if here { Ink::Title } else { Ink::Dim }) + 1;
    }
    let facts = format!("{} windows of {} trials, recall {:.2}", shown.samples, shown.trials, shown.recall);
    if (x as usize + facts.len()) < pen.width() as usize {
        pen.right(0, &facts, Ink::Plain);
    }
}

impl Explain {
    fn draw_heads(&self, pen: &mut Pen, report: &ExplanationReport, result: &ExplainerResult) {
        let maps = report.bands_of(&result.map);
        // One symmetric scale for all bands, so that heads can be compared.
        let limit = maps.iter().flatten().filter(|v| v.is_finite()).fold(0.0, |m: f64, v| m.max(v.abs()));
        let (w, h) = (pen.width(), pen.height());
        let rows = h.saturating_sub(2);
        if self.big {
            let band = self.band % maps.len().max(1);
            let name = report.bands.get(band).map_or("", String::as_str);
            pen.text(1, 0, &format!("{name}, {}", result.explainer), Ink::Strong);
            let width = (rows * 2 + 4).min(w);
            let mut head = pen.part((w - width) / 2, 0, width, rows + 1);
            if let Some(map) = maps.get(band) {
                scalp::topography(&mut head, &report.channels, map, limit);
            }
            self.draw_strongest(&mut pen.part(1, 2, 22, rows.saturating_sub(1)), report, maps.get(band));
            scalp::legend(&mut pen.part(0, h.saturating_sub(1), w, 1), limit);
        } else {
            let named: Vec<(String, Vec<f64>)> = maps.into_iter().enumerate().map(|(i, map)| (titled(report, i), map)).collect();
            scalp::bands(pen, &report.channels, &named, limit);
        }
    }

    /// The electrodes with the largest values of one band.
    fn draw_strongest(&self, pen: &mut Pen, report: &ExplanationReport, map: Option<&Vec<f64>>) {
        let Some(map) = map else { return };
        let mut order: Vec<usize> = (0..map.len().min(report.channels.len())).collect();
        order.sort_by(|a, b| map[*b].abs().total_cmp(&map[*a].abs()));
        for (y, i) in order.into_iter().take(pen.height().min(8) as usize).enumerate() {
            let ink = if map[i] >= 0.0 { Ink::Warm } else { Ink::Cool };
            pen.text(0, y as u16, &format!("{:<5}{:+.3}", report.channels[i], map[i]), ink);
        }
    }
}

/// The band's name with its range.
fn titled(report: &ExplanationReport, band: usize) -> String {
    let name = report.bands.get(band).map_or("", String::as_str);
    let range = crate::signal::band_named(name).map_or(String::new(), |b| format!(" {}-{} Hz", b.low, b.high));
    format!("{name}{range}")
}

/// Both maps above each other where there is room, else their difference; how alike they are, in words.
fn draw_compared(pen: &mut Pen, report: &ExplanationReport, this: &ExplainerResult, two: &Comparison) {
    let (first, second) = (report.bands_of(&this.map), report.bands_of(&two.other.map));
    let (a, b) = &two.names;
    let room = pen.height().saturating_sub(2);
    let both = room >= 20;
    let titled = |what: &str, maps: &[Vec<f64>]| -> Vec<(String, Vec<f64>)> {
        maps.iter()
            .enumerate()
            .map(|(i, map)| (format!("{} {what}", report.bands.get(i).map_or("", String::as_str)), map.clone()))
            .collect()
    };
    let maps: Vec<(String, Vec<f64>)> = if both {
        titled(a, &first).into_iter().chain(titled(b, &second)).collect()
    } else {
        let differ = |(x, y): (&Vec<f64>, &Vec<f64>)| x.iter().zip(y).map(|(x, y)| x - y).collect::<Vec<f64>>();
        titled("difference", &first.iter().zip(&second).map(differ).collect::<Vec<_>>())
    };
    let limit = maps.iter().flat_map(|m| &m.1).filter(|v| v.is_finite()).fold(0.0, |m: f64, v| m.max(v.abs()));
    let width = pen.width();
    scalp::bands(&mut pen.part(0, 0, width, room), &report.channels, &maps, limit);
    let alike = two.r.map_or("one of them is flat".into(), |r| format!("r = {r:.2} over all electrodes and bands"));
    let apart =
        two.apart.as_ref().map_or(String::new(), |(channel, band, by)| format!("; furthest apart at {channel} {band}: {by:+.3}"));
    pen.wrap(1, room, 2, &format!("{a} against {b}: {alike}{apart}"), Ink::Strong);
}

/// The Quality Test of every explainer beside random rankings.
fn draw_table(pen: &mut Pen, class: &ClassExplanation, shown: Option<usize>) {
    let mut body = pen.section("Quality Test: lower is better");
    body.text(0, 0, "   explainer          AUDC   AUIC   AUSC     QT   95 % interval", Ink::Dim);
    let rows = body.height().saturating_sub(2) as usize;
    for (i, e) in class.explainers.iter().enumerate().take(rows) {
        let winner = class.winner == Some(i);
        let sign = match (winner, shown == Some(i)) {
            (true, true) => "*> ",
            (true, false) => "*  ",
            (false, true) => " > ",
            _ => "   ",
        };
        let interval = e.qt_interval.map_or("not estimable".into(), |(a, b)| format!("{a:.2} to {b:.2}"));
        let text = format!(
            "{sign}{:<18} {:>5}  {:>5}  {:>5}  {:>5}   {interval}",
            words::cut(&e.explainer, 18),
            words::share(Some(e.audc)),
            words::share(Some(e.auic)),
            words::share(e.ausc),
            words::share(e.qt)
        );
        let x = body.text(0, 1 + i as u16, &text, if winner { Ink::Strong } else { Ink::Plain });
        let x = match class.lead().filter(|_| winner) {
            Some(Lead::Clear) => body.text(x + 2, 1 + i as u16, "most faithful", Ink::Good),
            Some(_) => body.text(x + 2, 1 + i as u16, "no clear best", Ink::Fair),
            None => x,
        };
        // Below each other, so that intervals can be compared; the winner's row has two words more.
        draw_interval(&mut body, WINNERS_END.max(x), 1 + i as u16, e, class.random.map(|r| r.2));
    }
    if let Some((audc, auic, qt)) = class.random {
        let ausc = words::share(class.random_ausc);
        let text = format!("   {:<18} {audc:>5.2}  {auic:>5.2}  {ausc:>5}  {qt:>5.2}   the control", "random rankings");
        body.text(0, 1 + class.explainers.len().min(rows) as u16, &text, Ink::Dim);
    }
}

/// Columns of the longest row.
const WINNERS_END: u16 = 86;

/// The interval of QT on a scale from 0 to 1, with the random rankings' mark, where there is room for it.
fn draw_interval(pen: &mut Pen, x: u16, y: u16, e: &ExplainerResult, random: Option<f64>) {
    let x = x + 2;
    let width = pen.width().saturating_sub(x).min(40);
    let Some((low, high)) = e.qt_interval.filter(|_| width >= 20) else { return };
    let at = |v: f64| x + (v.clamp(0.0, 1.0) * f64::from(width - 1)).round() as u16;
    let (line, mark) = (pen.caps.pick('━', '='), pen.caps.pick('●', 'o'));
    let dot = pen.caps.pick('·', '.');
    pen.fill(x, y, width, dot, Ink::Dim);
    pen.fill(at(low), y, at(high).saturating_sub(at(low)) + 1, line, Ink::Accent);
    if let Some(qt) = e.qt {
        pen.glyph(at(qt), y, mark, Ink::Strong);
    }
    if let Some(random) = random {
        pen.glyph(at(random), y, 'R', Ink::Fair);
    }
}
