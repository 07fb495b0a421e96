//! Review: what the networks say about each trial, held out, beside what was meant or felt.

mod calibration;
mod scores;
mod timeline;

use crate::lab::message::{Action, Review, Snapshot};
use crate::prepare::dataset::Target;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::{Pen, wrapped};
use crate::show::screen::{Next, Place, Screen, move_in, scrolled};
use crate::show::words;
use crate::signal::Emotion;
use crate::store::rows::PredictionRow;
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct ReviewScreen {
    selected: usize,
    /// In order of the trials instead of disagreements first.
    in_order: bool,
    /// Calibration in place of the confusion matrix.
    calibration: bool,
}

/// Index of the most probable class.
fn best(probabilities: &Option<Vec<f32>>) -> Option<usize> {
    let p = probabilities.as_ref()?;
    p.iter().enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, _)| i)
}

/// The answer that counts: fused where there is a fusion, else the only one.
fn answer(p: &PredictionRow) -> Option<usize> {
    best(&p.fused).or_else(|| best(&p.eeg)).or_else(|| best(&p.face))
}

/// 0 = wrong, 1 = right but EEG and face disagree, 2 = all agree.
fn concern(p: &PredictionRow) -> u8 {
    let split = matches!((best(&p.eeg), best(&p.face)), (Some(a), Some(b)) if a != b);
    match (answer(p), p.truth) {
        (Some(a), Some(t)) if a != t => 0,
        _ if split => 1,
        _ => 2,
    }
}

/// The letter of a class in timelines: the rating key where the class is an emotion, else its first letter.
fn letter(class: &str) -> char {
    class.parse::<Emotion>().map_or_else(|_| class.chars().next().unwrap_or('?'), Emotion::key)
}

/// Why there is no explanation to go to.
fn unexplained(review: &Review) -> String {
    let session = format!("{}/{}", review.session.participant, review.session.number);
    match review.predictions.first() {
        None => format!("No network has answered for {session}, so none can be explained here: t trains and explains one."),
        Some(p) => format!("{}, which answered for {session}, was not explained: t trains and explains one.", p.model),
    }
}

/// What the predictions are judged by, in one word.
fn target(review: &Review) -> &'static str {
    match review.cards.first().map(|card| card.target) {
        Some(Target::Intended) => "intended",
        Some(Target::Reported) => "reported",
        Some(Target::Valence | Target::ValenceLevels) => "valence",
        Some(Target::Arousal | Target::ArousalLevels) => "arousal",
        None => "label",
    }
}

/// The emotion that the participant reported for a trial.
fn reported(review: &Review, trial: u32) -> Option<Emotion> {
    review.trials.iter().rev().find(|t| t.number == trial)?.rating.emotion
}

impl ReviewScreen {
    fn order<'a>(&self, review: &'a Review) -> Vec<&'a PredictionRow> {
        let mut rows: Vec<_> = review.predictions.iter().collect();
        rows.sort_by_key(|p| (if self.in_order { 0 } else { concern(p) }, p.trial));
        rows
    }
}

impl Screen for ReviewScreen {
    fn title(&self, s: &Snapshot) -> String {
        s.review.as_ref().map_or("REVIEW".into(), |r| format!("REVIEW {}/{}", r.session.participant, r.session.number))
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        if s.review.as_ref().is_none_or(|r| r.predictions.is_empty()) {
            return vec![shows("t", "train"), orders("l", "label"), shows("j/k", "scroll"), shows("Esc", "home")];
        }
        let order = if self.in_order { shows("o", "disagreements first") } else { shows("o", "in order of trials") };
        let below = if self.calibration { shows("c", "confusion") } else { shows("c", "calibration") };
        let mut hints = vec![shows("j/k", "trial"), order, below];
        if s.review.as_ref().is_some_and(|r| r.explanation.is_some()) {
            hints.push(shows("e", "explain"));
        }
        hints.extend([orders("l", "label"), shows("t", "train"), shows("Esc", "home")]);
        hints
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        // Before any training it is the trials themselves that are scrolled.
        let count = s.review.as_ref().map_or(0, |r| if r.predictions.is_empty() { r.trials.len() } else { r.predictions.len() });
        if move_in(&mut self.selected, count, key) {
            return Next::Stay;
        }
        match key.code {
            KeyCode::Char('o') => {
                self.in_order = !self.in_order;
                Next::Stay
            }
            KeyCode::Char('c') => {
                self.calibration = !self.calibration;
                Next::Stay
            }
            KeyCode::Char('e') | KeyCode::Enter => match s.review.as_ref().and_then(|r| r.explanation.as_ref()) {
                Some(_) => Next::Go(Place::Explain),
                None => Next::Say(s.review.as_ref().map_or("No session is loaded.".into(), |r| unexplained(r))),
            },
            KeyCode::Char('l') => {
                match s.review.as_ref().and_then(|r| Some((r.session.id, crate::show::label::first(&r.trials)?))) {
                    Some((session, trial)) => Next::DoThen(Action::Label { session, trial }, Place::Label),
                    None => Next::Say("No clip of this session was shown to its end.".into()),
                }
            }
            KeyCode::Char('t') => Next::Go(Place::Train),
            KeyCode::Esc => Next::Go(Place::Home),
            _ => Next::Pass,
        }
    }

    fn rows(&self, s: &Snapshot) -> Vec<String> {
        let Some(review) = &s.review else { return Vec::new() };
        let name = |p: &PredictionRow, i: Option<usize>| i.and_then(|i| p.classes.get(i).cloned()).unwrap_or_default();
        let row = |p: &&PredictionRow| {
            let stimulus = review.trials.iter().rev().find(|t| t.number == p.trial).map_or("", |t| t.stimulus.as_str());
            let verdict = ["wrong", "split", "ok"][usize::from(concern(p)).min(2)];
            format!("{} {stimulus} {} {} {verdict}", p.trial, name(p, p.truth), name(p, answer(p)))
        };
        self.order(review).iter().map(row).collect()
    }

    fn selected(&self) -> usize {
        self.selected
    }

    fn select(&mut self, row: usize) {
        self.selected = row;
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let Some(review) = &s.review else {
            pen.text(1, 1, "No session is loaded: choose one on the home screen.", Ink::Plain);
            return;
        };
        let (w, h) = (pen.width(), pen.height());
        let roomy = h >= 30;
        // The trials themselves come before the seconds of one.
        let time = match h {
            30.. => (h / 4).max(8),
            18.. => 4,
            _ => 0,
        };
        let scores = (review.classes.len() as u16 + 3).clamp(5, 9) + if roomy { 2 } else { 0 };
        // Caveats take what they need of the rows that the trials can spare.
        let (frame, fewest, least_table) = if roomy { (2, 5, 9) } else { (1, 3, 4) };
        let spare = h.saturating_sub(time + scores + least_table).max(fewest);
        let caveats = (wrapped(&caveats(review), usize::from(w.saturating_sub(4))).len() as u16 + frame).clamp(fewest, spare);
        let table = h.saturating_sub(caveats + time + scores);
        if review.predictions.is_empty() {
            self.draw_plain(&mut pen.part(0, 0, w, h.saturating_sub(caveats)), review);
            return draw_caveats(&mut pen.below(h.saturating_sub(caveats)), review);
        }
        let rows = self.order(review);
        let selected = self.selected.min(rows.len().saturating_sub(1));
        let title = if self.in_order { "Trials, in order" } else { "Trials, disagreements first" };
        draw_table(&mut pen.part(0, 0, w, table), title, &rows, selected, review);
        let half = w * 11 / 20;
        let mut left = pen.part(0, table, half.saturating_sub(1), scores);
        if self.calibration {
            calibration::draw(&mut left, review);
        } else {
            scores::confusion(&mut left, review);
        }
        scores::accuracy(&mut pen.part(half, table, w - half, scores), review);
        timeline::draw(&mut pen.part(0, table + scores, w, time), &rows, selected, review);
        draw_caveats(&mut pen.below(h.saturating_sub(caveats)), review);
    }
}

impl ReviewScreen {
    /// Before any training: the trials with their labels.
    fn draw_plain(&self, pen: &mut Pen, review: &Review) {
        let title = "Trials (no network has answered yet: t trains one)";
        let rows = pen.panel(title).height().saturating_sub(1) as usize;
        let first = scrolled(self.selected, rows, review.trials.len());
        let mut body = pen.panel(&format!("{title}{}", window(first, rows, review.trials.len())));
        body.text(0, 0, "  #  stimulus             meant       reported    V  A  quality", Ink::Dim);
        for (y, t) in review.trials.iter().skip(first).take(rows).enumerate() {
            let word = |e: Option<Emotion>| e.map_or("--", Emotion::name);
            let number = |v: Option<f32>| v.map_or_else(|| "-".into(), |v| format!("{v:.0}"));
            let (v, a) = (number(t.rating.valence), number(t.rating.arousal));
            let text = format!(
                "{:>3}  {:<20} {:<11} {:<11} {v}  {a}  {}",
                t.number,
                words::cut(&t.stimulus, 20),
                word(t.intended),
                word(t.rating.emotion),
                words::percent(t.quality)
            );
            body.text(0, 1 + y as u16, &text, Ink::Plain);
        }
    }
}

/// Which rows of how many are shown, where that is not all.
fn window(first: usize, rows: usize, count: usize) -> String {
    if count <= rows || rows == 0 { String::new() } else { format!(", {}-{} of {count}", first + 1, first + rows) }
}

fn draw_table(pen: &mut Pen, title: &str, rows: &[&PredictionRow], selected: usize, review: &Review) {
    let room = pen.panel(title).height().saturating_sub(1) as usize;
    let first = scrolled(selected, room, rows.len());
    let mut body = pen.panel(&format!("{title}{}", window(first, room, rows.len())));
    let wide = body.width() >= 110;
    // Every answer and its verdict stand before the stimulus and the ends of words.
    let narrow = body.width() < 76;
    let (stimulus_width, class_width) = match (wide, narrow) {
        (true, _) => (13, 12),
        (_, false) => (12, 9),
        _ => (0, 6),
    };
    let stimulus_width = if body.width() >= 130 { 24 } else { stimulus_width };
    // What the participant felt stands beside what was meant, unless it is the target itself.
    let target = target(review);
    let beside = wide && target != "reported";
    let felt = |text: &str| if beside { format!("{:<class_width$} ", words::cut(text, class_width)) } else { String::new() };
    let column = |name: &str| format!("{name:<width$}", width = class_width + 6);
    let head = format!(
        "  #  {:<stimulus_width$} {:<class_width$} {}{}{}{}",
        if narrow { "" } else { "stimulus" },
        words::cut(target, class_width),
        felt("reported"),
        column("EEG"),
        column("face"),
        column("fused")
    );
    body.text(0, 0, &head, Ink::Dim);
    for (y, (i, p)) in rows.iter().enumerate().skip(first).take(room).enumerate() {
        let y = 1 + y as u16;
        let name = |i: Option<usize>| i.and_then(|i| p.classes.get(i)).map_or("--", String::as_str);
        let stimulus = review.trials.iter().rev().find(|t| t.number == p.trial).map_or("", |t| t.stimulus.as_str());
        let mut x = body.line(
            0,
            y,
            &[
                (&format!("{:>3}  ", p.trial), Ink::Strong),
                (&format!("{:<stimulus_width$} ", words::cut(stimulus, stimulus_width)), Ink::Dim),
                (&format!("{:<class_width$} ", words::cut(name(p.truth), class_width)), Ink::Plain),
                (&felt(reported(review, p.trial).map_or("--", Emotion::name)), Ink::Plain),
            ],
        );
        for said in [&p.eeg, &p.face, &p.fused] {
            let class = best(said);
            let probability = class.and_then(|c| said.as_ref().and_then(|v| v.get(c)).copied());
            let wrong = class.is_some() && p.truth.is_some() && class != p.truth;
            let ink = if class.is_none() {
                Ink::Dim
            } else if wrong {
                Ink::Bad
            } else {
                Ink::Plain
            };
            let text =
                format!("{:<class_width$} {} ", words::cut(name(class), class_width), words::share(probability.map(f64::from)));
            x = body.text(x, y, &text, ink);
        }
        match concern(p) {
            0 => body.text(x, y, "WRONG", Ink::Bad),
            1 => body.text(x, y, "split", Ink::Fair),
            _ => body.text(x, y, "ok", Ink::Good),
        };
        if !p.held_out {
            body.right(y, "IN-SAMPLE", Ink::Bad);
        }
        if i == selected {
            body.select(y);
        }
    }
}

fn draw_caveats(pen: &mut Pen, review: &Review) {
    let mut body = pen.panel("Read this with the numbers");
    let rows = body.height();
    body.wrap(0, 0, rows, &caveats(review), Ink::Dim);
    if is_simulated(review) {
        body.text(0, 0, SIMULATED, Ink::Simulated);
    }
}

/// Begins the caveats about data that came from no person.
const SIMULATED: &str = "SIMULATED";

fn is_simulated(review: &Review) -> bool {
    review.session.simulated || review.cards.iter().any(|c| c.simulated)
}

/// What must be read with the numbers, each sentence once.
fn caveats(review: &Review) -> String {
    let mut caveats: Vec<&str> = review.cards.iter().flat_map(|c| c.caveats.iter().map(String::as_str)).collect();
    let mut said = std::collections::BTreeSet::new();
    caveats.retain(|caveat| said.insert(*caveat));
    if caveats.is_empty() {
        caveats.push("No card accompanies these numbers.");
    }
    let mark = if is_simulated(review) { format!("{SIMULATED}. ") } else { String::new() };
    format!("{mark}{}", caveats.join(" "))
}
