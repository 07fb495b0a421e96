//! Training: which sessions, then how it goes.

mod candidates;
mod course;

use crate::lab::message::{Action, JobView, Snapshot};
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen, move_in, scrolled};
use crate::show::widget::{bar::bar, curve::curve};
use crate::show::words;
use crate::signal::counted;
use crate::store::rows::{Session, SessionId};
use candidates::{candidates, nothing, usable};
use course::Course;
use crossterm::event::{KeyCode, KeyEvent};
use std::collections::BTreeSet;

#[derive(Default)]
pub struct Train {
    selected: usize,
    /// Sessions that were taken out.
    without: BTreeSet<SessionId>,
    seed: u64,
    /// The outcome of this job was seen and put away.
    again: bool,
    course: Course,
}

fn job(s: &Snapshot) -> Option<&JobView> {
    s.job.as_ref().filter(|j| j.name.starts_with("train"))
}

impl Train {
    /// The job that is shown instead of the choice of sessions.
    fn shown<'a>(&self, s: &'a Snapshot) -> Option<&'a JobView> {
        job(s).filter(|j| j.outcome.is_none() || !self.again)
    }

    fn chosen(&self, s: &Snapshot) -> Vec<SessionId> {
        candidates(s).iter().filter(|x| usable(s, x) > 0).map(|x| x.id).filter(|id| !self.without.contains(id)).collect()
    }

    fn choose(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        let sessions = candidates(s);
        if move_in(&mut self.selected, sessions.len(), key) {
            return Next::Stay;
        }
        match key.code {
            KeyCode::Char(' ') => {
                let Some(session) = sessions.get(self.selected) else { return Next::Stay };
                if usable(s, session) == 0 {
                    return Next::Say(format!(
                        "{}/{} has no finished trial: there is nothing in it to train on.",
                        session.participant, session.number
                    ));
                }
                if !self.without.remove(&session.id) {
                    self.without.insert(session.id);
                }
                Next::Stay
            }
            KeyCode::Char('+') => {
                self.seed = self.seed.wrapping_add(1);
                Next::Stay
            }
            KeyCode::Char('-') => {
                self.seed = self.seed.saturating_sub(1);
                Next::Stay
            }
            KeyCode::Enter if self.chosen(s).is_empty() => {
                Next::Say("No session with a finished trial is chosen; record one, or mark one with Space.".into())
            }
            KeyCode::Enter => {
                self.again = false;
                Next::Do(Action::Train { sessions: self.chosen(s), seed: self.seed })
            }
            _ => Next::Pass,
        }
    }
}

impl Screen for Train {
    fn title(&self, _: &Snapshot) -> String {
        "TRAIN".into()
    }

    fn tells(&self, news: &str, s: &Snapshot) -> bool {
        let outcome = self.shown(s).and_then(|j| j.outcome.as_ref());
        // The reason of one that ended early has words before it.
        outcome.is_some_and(|o| o.as_ref().map_or_else(|why| news.ends_with(why.as_str()), |text| news == text))
    }

    fn hints(&self, s: &Snapshot) -> Vec<Hint> {
        match self.shown(s) {
            Some(j) if j.outcome.is_none() => vec![orders("S", "stop"), shows("Esc", "home, it goes on")],
            Some(j) if j.outcome.as_ref().is_some_and(Result::is_ok) => {
                vec![orders("Enter", "review what it says"), orders("a", "train again"), shows("Esc", "home")]
            }
            Some(_) => vec![orders("a", "train again"), shows("Esc", "home")],
            None => vec![
                orders("Enter", "start"),
                orders("Space", "with/without"),
                shows("j/k", "move"),
                orders("+/-", "seed"),
                shows("Esc", "home"),
            ],
        }
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        if key.code == KeyCode::Esc {
            return Next::Go(Place::Home);
        }
        match (self.shown(s), key.code) {
            (None, _) => self.choose(key, s),
            (Some(j), KeyCode::Char('S')) if j.outcome.is_none() => Next::Do(Action::StopJob),
            (Some(j), KeyCode::Char('a')) if j.outcome.is_some() => {
                self.again = true;
                Next::Stay
            }
            (Some(j), KeyCode::Enter) if j.outcome.as_ref().is_some_and(Result::is_ok) => match self.chosen(s).first() {
                Some(id) => Next::DoThen(Action::Review { session: *id }, Place::Review),
                None => Next::Say("No stored session to review.".into()),
            },
            _ => Next::Pass,
        }
    }

    fn rows(&self, s: &Snapshot) -> Vec<String> {
        if self.shown(s).is_some() {
            return Vec::new();
        }
        let row = |x: &&Session| {
            let (date, state) = (words::date(x.started_utc), words::state(x.state).0);
            format!("{}/{} {date} {} trials {state}", x.participant, x.number, usable(s, x))
        };
        candidates(s).iter().map(row).collect()
    }

    fn selected(&self) -> usize {
        self.selected
    }

    fn select(&mut self, row: usize) {
        self.selected = row;
    }

    fn observe(&mut self, s: &Snapshot) {
        self.course.observe(s);
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        match self.shown(s) {
            Some(job) => draw_job(pen, job, s, &self.course),
            None => self.draw_choice(pen, s),
        }
    }
}

impl Train {
    fn draw_choice(&self, pen: &mut Pen, s: &Snapshot) {
        let h = pen.height();
        let text = "An EEG network, and a face network where faces were stored, are trained on these sessions to tell \
                    the emotion that a clip was meant to raise (intended, not reported); judged by grouped folds (no trial \
                    is ever split), fused, and explained.";
        let used = pen.wrap(0, 0, 4, text, Ink::Plain);
        let sessions = candidates(s);
        let chosen = self.chosen(s);
        let trials: u32 = sessions.iter().filter(|x| chosen.contains(&x.id)).map(|x| usable(s, x)).sum();
        let line = format!(
            "{} of {}, {trials} finished trials, seed {} (same seed, same network)",
            chosen.len(),
            counted(sessions.len(), "session"),
            self.seed
        );
        pen.text(0, used + 1, &line, Ink::Strong);
        let mut list = pen.part(0, used + 3, u16::MAX, h.saturating_sub(used + 3));
        let mut body = list.panel("Sessions");
        if sessions.is_empty() {
            body.wrap(0, 0, 3, &nothing(s), Ink::Dim);
        }
        let rows = body.height() as usize;
        let first = scrolled(self.selected, rows, sessions.len());
        for (y, (i, session)) in sessions.iter().enumerate().skip(first).take(rows).enumerate() {
            let (word, ink) = words::state(session.state);
            let trials = usable(s, session);
            let sign = match trials {
                0 => " -  ",
                _ if self.without.contains(&session.id) => "[ ] ",
                _ => "[x] ",
            };
            let name = format!("{:<10}", format!("{}/{}", session.participant, session.number));
            let quality = words::percent(session.quality.as_ref().map(|q| q.overall));
            body.line(
                1,
                y as u16,
                &[
                    (sign, Ink::Plain),
                    (&name, Ink::Strong),
                    (
                        &match trials {
                            0 => format!("{}  no finished trial  ", words::date(session.started_utc)),
                            _ => {
                                let trials = counted(trials as usize, "trial");
                                format!("{}  {trials:>9}  Q {quality:>4}  ", words::date(session.started_utc))
                            }
                        },
                        if trials == 0 { Ink::Dim } else { Ink::Plain },
                    ),
                    (&format!("{word:<12}"), ink),
                    (if session.simulated { "SIMULATED" } else { "" }, Ink::Simulated),
                ],
            );
            if i == self.selected {
                body.select(y as u16);
            }
        }
    }
}

fn draw_job(pen: &mut Pen, job: &JobView, s: &Snapshot, course: &Course) {
    let w = pen.width();
    let head = match &job.outcome {
        None => draw_progress(pen, job, course),
        Some(outcome) => draw_outcome(pen, outcome, job.stopped, s),
    };
    let mut body = pen.part(0, head + 1, w, pen.height().saturating_sub(head + 1));
    let mut body = body.panel("Learning: t training loss, v validation loss, this fold");
    if let Some(&(epoch, train, validation, accuracy)) = job.curve.last() {
        let text = format!(
            "epoch {epoch}   training {train:.3}   validation {validation:.3}   validation accuracy {:.0}%",
            100.0 * accuracy
        );
        body.text(0, 0, &text, Ink::Plain);
    }
    if let (Some((epoch, loss, _)), Some(last)) = (course::best(job), job.curve.last()) {
        let text = format!(
            "best epoch {epoch} (validation {loss:.3}), {} since; the best one is kept",
            counted((last.0 - epoch.min(last.0)) as usize, "epoch")
        );
        body.text(0, 1, &text, Ink::Dim);
    }
    let side = if body.width() >= 100 { 36 } else { 0 };
    let (width, rows) = (body.width().saturating_sub(side), body.height().saturating_sub(3));
    let without = if job.outcome.is_some() { "no epoch was trained" } else { "the first epoch is on its way" };
    curve(&mut body.part(0, 3, width, rows), &job.curve, without);
    if side > 0 {
        draw_folds(&mut body.part(width + 2, 2, side - 2, rows + 1), course);
    }
}

/// Folds that are over, as far as this terminal has seen them.
fn draw_folds(pen: &mut Pen, course: &Course) {
    pen.text(0, 0, "done before         best  accuracy", Ink::Dim);
    let room = pen.height().saturating_sub(1) as usize;
    let first = course.folds.len().saturating_sub(room);
    for (y, (stage, epoch, _, accuracy)) in course.folds.iter().skip(first).enumerate() {
        let text = format!("{:<18} {epoch:>5}  {:>5.0} %", words::cut(stage.trim_start_matches("train "), 18), 100.0 * accuracy);
        pen.text(0, 1 + y as u16, &text, Ink::Plain);
    }
    if course.folds.is_empty() {
        pen.text(0, 1, "no fold is done yet", Ink::Dim);
    }
}

/// What it is doing; returns the rows used.
fn draw_progress(pen: &mut Pen, job: &JobView, course: &Course) -> u16 {
    let (w, p) = (pen.width(), &job.progress);
    let share = if p.total > 0 { p.done as f64 / p.total as f64 } else { 0.0 };
    pen.line(0, 0, &[("stage  ", Ink::Dim), (&p.stage, Ink::Strong)]);
    bar(pen, (0, 1), w.saturating_sub(22), share, None, Ink::Accent);
    pen.right(1, &format!("{:>3.0}%  {} of {}", 100.0 * share, p.done, p.total), Ink::Plain);
    let left = course.left(job).map_or("time left: not known yet".into(), |s| match s {
        s if s < 90.0 => format!("about {:.0} s left", s),
        s => format!("about {:.0} min left", s / 60.0),
    });
    pen.right(0, &left, Ink::Strong);
    pen.text(0, 2, &p.detail, Ink::Dim);
    3
}

/// What came of it; returns the rows used. Half of the screen stays for the curves.
fn draw_outcome(pen: &mut Pen, outcome: &Result<String, String>, stopped: bool, s: &Snapshot) -> u16 {
    let (text, word, ink) = match outcome {
        Ok(text) => (text, "FINISHED", Ink::Good),
        Err(why) if stopped => (why, "STOPPED", Ink::Fair),
        Err(why) => (why, "FAILED", Ink::Bad),
    };
    let mut x = pen.text(0, 0, word, ink) + 2;
    if s.catalogue.models.first().is_some_and(|m| m.simulated) {
        x = pen.text(x, 0, "SIMULATED", Ink::Simulated) + 2;
    }
    pen.text(x, 0, if outcome.is_ok() { "scores are of trials that the networks had not seen" } else { "" }, Ink::Dim);
    let room = pen.height() / 2;
    let mut used = 1;
    for line in text.lines() {
        used += pen.wrap(0, used, room.saturating_sub(used), line, Ink::Plain);
    }
    used
}
