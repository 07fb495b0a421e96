//! Home: what was recorded and trained, what this machine lacks, and the way into a new session.

use crate::lab::message::{Action, Snapshot};
use crate::present::Phase;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen, move_in, scrolled};
use crate::show::words;
use crate::signal::{Nanos, Placed, counted};
use crate::store::rows::{ModelRow, Session, SessionState};
use crossterm::event::{KeyCode, KeyEvent};

#[derive(Default)]
pub struct Home {
    selected: usize,
}

/// A line that can be selected.
enum Item<'a> {
    New,
    /// A session that was prepared or is being recorded.
    Resume(&'a Session),
    Session(&'a Session),
    Model(&'a ModelRow),
}

/// It has not ended.
fn can_go_on(session: &Session) -> bool {
    matches!(session.state, SessionState::Interrupted | SessionState::Prepared)
}

fn items(s: &Snapshot) -> Vec<Item<'_>> {
    let open = s.session.iter().filter(|o| matches!(o.state, SessionState::Prepared | SessionState::Recording));
    let resumed: Vec<_> = open.clone().map(|o| o.id).collect();
    let stored = s.catalogue.sessions.iter().filter(|x| !resumed.contains(&x.id));
    let mut items: Vec<Item> = open.map(Item::Resume).collect();
    items.push(Item::New);
    items.extend(stored.map(Item::Session));
    items.extend(s.catalogue.models.iter().map(Item::Model));
    items
}

impl Screen for Home {
    fn title(&self, _: &Snapshot) -> String {
        "LIMBIC".into()
    }

    fn hints(&self, snapshot: &Snapshot) -> Vec<Hint> {
        let enter = match items(snapshot).get(self.selected) {
            Some(Item::Resume(_)) => shows("Enter", "go on with it"),
            Some(Item::Session(_)) => orders("Enter", "review"),
            Some(Item::Model(_)) => orders("Enter", "review its session"),
            _ => orders("Enter", "new session"),
        };
        let mut hints = vec![enter];
        if let Some(Item::Session(session)) = items(snapshot).get(self.selected)
            && can_go_on(session)
        {
            hints.push(orders("c", "go on with it"));
        }
        if enter.what != "new session" {
            hints.push(orders("n", "new session"));
        }
        hints.extend([shows("t", "train"), shows("j/k", "move"), orders("q", "quit")]);
        hints
    }

    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next {
        let items = items(snapshot);
        if move_in(&mut self.selected, items.len(), key) {
            return Next::Stay;
        }
        match key.code {
            KeyCode::Char('n') => Next::Go(Place::Participant),
            KeyCode::Char('t') => Next::Go(Place::Train),
            KeyCode::Char('q') => Next::Quit,
            KeyCode::Char('c') => match items.get(self.selected) {
                Some(Item::Session(s)) if can_go_on(s) => Next::DoThen(Action::Resume { session: s.id }, Place::Devices),
                _ => Next::Say("Only an interrupted or a prepared session can go on; choose one with j and k.".into()),
            },
            KeyCode::Enter => match items.get(self.selected) {
                Some(Item::Resume(_)) => Next::Go(open_place(snapshot)),
                Some(Item::Session(s)) => Next::DoThen(Action::Review { session: s.id }, Place::Review),
                Some(Item::Model(m)) => match m.sessions.first() {
                    Some(id) => Next::DoThen(Action::Review { session: *id }, Place::Review),
                    None => Next::Say(format!("{} names no session that it was trained on", m.name)),
                },
                _ => Next::Go(Place::Participant),
            },
            _ => Next::Pass,
        }
    }

    fn rows(&self, snapshot: &Snapshot) -> Vec<String> {
        let session =
            |s: &Session| format!("{}/{} {} {}", s.participant, s.number, words::date(s.started_utc), words::state(s.state).0);
        let row = |item: &Item| match item {
            Item::New => "new session".into(),
            Item::Resume(s) | Item::Session(s) => session(s),
            Item::Model(m) => format!("{} {}", m.name, m.summary),
        };
        items(snapshot).iter().map(row).collect()
    }

    fn selected(&self) -> usize {
        self.selected
    }

    fn select(&mut self, row: usize) {
        self.selected = row;
    }

    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot) {
        let items = items(snapshot);
        let selected = self.selected.min(items.len().saturating_sub(1));
        let (w, h) = (pen.width(), pen.height());
        let below = if h >= 30 { 8 } else { 6 };
        let left = (w * 3 / 5).clamp(46.min(w), 74);
        let list_height = h.saturating_sub(below);
        sessions(&mut pen.part(0, 0, left, list_height), &items, selected, snapshot);
        details(&mut pen.part(left + 2, 0, w.saturating_sub(left + 2), list_height), items.get(selected), snapshot);
        machine(&mut pen.part(0, list_height, w, below), snapshot);
    }
}

/// Where an open session stands.
fn open_place(snapshot: &Snapshot) -> Place {
    let electrodes = &snapshot.guided.electrodes;
    match snapshot.protocol.phase {
        Phase::Rating => Place::Rating,
        _ if snapshot.recording => Place::Session,
        _ if snapshot.streams.is_empty() => Place::Devices,
        // Nobody has said of any electrode whether it is placed.
        _ if !electrodes.is_empty() && electrodes.iter().all(|e| e.mark.state == Placed::Waiting) => Place::Montage,
        _ => Place::Gate,
    }
}

fn sessions(pen: &mut Pen, items: &[Item], selected: usize, snapshot: &Snapshot) {
    let mut body = pen.panel("Sessions and models");
    // Models stand under a heading of their own, which takes a row.
    let first_model = items.iter().position(|i| matches!(i, Item::Model(_)));
    let lines: Vec<Option<usize>> =
        (0..items.len()).flat_map(|i| if Some(i) == first_model { vec![None, Some(i)] } else { vec![Some(i)] }).collect();
    let at = lines.iter().position(|l| *l == Some(selected)).unwrap_or(0);
    let rows = body.height() as usize;
    let first = scrolled(at, rows, lines.len());
    for (y, line) in lines.iter().skip(first).take(rows).enumerate() {
        let y = y as u16;
        let Some(i) = line else {
            body.text(0, y, "models", Ink::Accent);
            continue;
        };
        match &items[*i] {
            Item::New => {
                body.text(1, y, "+ new session", Ink::Strong);
            }
            Item::Resume(s) => {
                let (word, ink) = standing(s, snapshot);
                let name = format!("> resume {}/{} ", s.participant, s.number);
                body.line(1, y, &[(&name, Ink::Strong), (&word, ink)]);
            }
            Item::Session(s) => session_line(&mut body, y, s),
            Item::Model(m) => {
                let simulated = if m.simulated { "SIM " } else { "" };
                let room = (body.width() as usize).saturating_sub(22 + simulated.len());
                let summary = model_summary(m, room);
                body.line(
                    1,
                    y,
                    &[
                        (&format!("{:<20} ", words::cut(&m.name, 20)), Ink::Plain),
                        (simulated, Ink::Simulated),
                        (&words::cut(&summary, room), Ink::Dim),
                    ],
                );
            }
        }
        if *i == selected {
            body.select(y);
        }
    }
    if snapshot.catalogue.sessions.is_empty() && rows > 4 {
        let text = "Nothing recorded yet. A new session with the simulated rig needs no device and shows the whole way.";
        body.wrap(1, 3, 3, text, Ink::Dim);
    }
}

/// What its run lacks, else its scores: all of the summary where there is room, else without protocol and chance, which
/// stand beside the selected model.
fn model_summary(m: &ModelRow, room: usize) -> String {
    let fits = |text: &String| text.chars().count() <= room;
    if !m.lacks.is_empty() {
        return Some(format!("lacks {}", m.lacks)).filter(fits).unwrap_or_else(|| "run not finished".into());
    }
    let scores = m.summary.split_once(": ").map_or(m.summary.as_str(), |(_, scores)| scores);
    let bare = scores.split_once(" (").map_or(scores, |(bare, _)| bare);
    [&m.summary, scores].into_iter().map(str::to_string).find(fits).unwrap_or_else(|| bare.into())
}

fn session_line(body: &mut Pen, y: u16, s: &Session) {
    let (word, ink) = words::state(s.state);
    let quality = s.quality.as_ref().map(|q| q.overall);
    body.line(
        1,
        y,
        &[
            (&format!("{:<8}", words::cut(&format!("{}/{}", s.participant, s.number), 7)), Ink::Strong),
            (&format!("{} ", words::date(s.started_utc)), Ink::Dim),
            (&format!("{word:<11} "), ink),
            (&format!("{:>4} ", words::percent(quality)), Ink::Plain),
            (if s.simulated { "SIM" } else { "" }, Ink::Simulated),
        ],
    );
}

fn details(pen: &mut Pen, item: Option<&Item>, snapshot: &Snapshot) {
    match item {
        Some(Item::Session(s)) => {
            let (word, ink) = words::state(s.state);
            let length = s.ended.filter(|_| s.state != SessionState::Prepared).map(|end| end - s.started);
            let trials = format!("{} planned", s.trials_planned);
            session_details(&mut pen.panel(&format!("{} session {}", s.participant, s.number)), s, (word, ink), length, &trials)
        }
        Some(Item::Resume(s)) => {
            let (word, ink) = standing(s, snapshot);
            let length = Some(snapshot.recorded).filter(|recorded| *recorded > 0);
            let trials = match s.trials_planned {
                0 => "not begun".into(),
                planned => format!("{} of {planned} done", words::done_trials(&snapshot.trials)),
            };
            session_details(&mut pen.panel(&format!("{} session {}", s.participant, s.number)), s, (&word, ink), length, &trials)
        }
        Some(Item::Model(m)) => {
            let mut body = pen.panel(&words::cut(&m.name, 26));
            let mut y = body.wrap(0, 0, 4, &m.summary, Ink::Plain) + 1;
            if !m.lacks.is_empty() {
                y += body.wrap(0, y, 3, &format!("its run did not come to: {}", m.lacks), Ink::Fair);
            }
            for (name, value) in [("trained", words::date(m.created_utc)), ("on", counted(m.sessions.len(), "session"))] {
                body.line(0, y, &[(&format!("{name:<9}"), Ink::Dim), (&value, Ink::Plain)]);
                y += 1;
            }
            body.line(0, y, &[("people   ", Ink::Dim), (&m.participants.join(" "), Ink::Plain)]);
            if m.simulated {
                body.text(0, y + 1, "SIMULATED data", Ink::Simulated);
            }
        }
        _ => {
            way(&mut pen.panel("New session"), snapshot);
        }
    }
}

/// The steps of a session.
fn way(body: &mut Pen, snapshot: &Snapshot) {
    const STEPS: [(&str, &str); 7] = [
        ("participant", "a code, the signed consent"),
        ("devices", "a rig, or the simulated one"),
        ("montage", "every electrode in its place"),
        ("quality gate", "good enough to record?"),
        ("camera", "the face: framed and lit"),
        ("playlist", "what is shown, in which order"),
        ("session", "rest, videos, ratings"),
    ];
    let every = (body.height().saturating_sub(2) / STEPS.len() as u16).clamp(1, 3);
    for (i, (name, what)) in STEPS.iter().enumerate() {
        let y = i as u16 * every;
        let x = body.line(0, y, &[(&format!("{} ", i + 1), Ink::Accent), (name, Ink::Strong)]);
        if every > 1 {
            body.text(2, y + 1, what, Ink::Dim);
        } else if x as usize + 2 + what.len() <= body.width() as usize {
            body.right(y, what, Ink::Dim);
        }
    }
    let y = STEPS.len() as u16 * every + u16::from(every < 3);
    body.text(0, y.min(body.height().saturating_sub(2)), "then summary and training", Ink::Dim);
    let (people, models) = (snapshot.catalogue.participants.len(), snapshot.catalogue.models.len());
    body.text(0, body.height().saturating_sub(1), &format!("participants {people}, models {models}"), Ink::Dim);
}

/// What an open session waits for, or that it records.
fn standing(session: &Session, snapshot: &Snapshot) -> (String, Ink) {
    match snapshot.goes_on {
        Some(trial) => (format!("goes on with trial {trial}/{}", session.trials_planned), Ink::Fair),
        None => {
            let (word, ink) = words::state(session.state);
            (word.into(), ink)
        }
    }
}

fn session_details(body: &mut Pen, s: &Session, (word, ink): (&str, Ink), length: Option<Nanos>, trials: &str) {
    let length = length.map_or_else(|| "--".into(), words::clock);
    let mut y = 0;
    let mut row = |name: &str, value: &str, ink: Ink| {
        body.line(0, y, &[(&format!("{name:<9}"), Ink::Dim), (value, ink)]);
        y += 1;
    };
    row("state", word, ink);
    row("length", &length, Ink::Plain);
    row("trials", trials, Ink::Plain);
    row("quality", &words::percent(s.quality.as_ref().map(|q| q.overall)), Ink::Plain);
    if let Some(verdict) = &s.verdict {
        let (word, ink) = if verdict.pass { ("passed", Ink::Good) } else { ("BELOW", Ink::Fair) };
        row("gate", word, ink);
    }
    row("rig", &s.rig_name, Ink::Plain);
    row("player", &s.player, Ink::Plain);
    row("source", &s.source, Ink::Plain);
    if s.simulated {
        row("data", "SIMULATED", Ink::Simulated);
    }
    if let Some(reason) = &s.override_reason {
        body.wrap(0, y, 3, &format!("overridden: {reason}"), Ink::Fair);
    }
}

fn machine(pen: &mut Pen, snapshot: &Snapshot) {
    let mut body = pen.panel("This machine");
    let home = format!("home {}   {} free", snapshot.home, words::bytes(snapshot.disk_free));
    body.text(0, 0, &home, Ink::Plain);
    let rows = body.height().saturating_sub(1) as usize;
    if snapshot.catalogue.doctor.is_empty() {
        body.text(0, 1, "nothing is missing", Ink::Good);
    }
    let (mut y, mut shown) = (1, 0);
    for line in &snapshot.catalogue.doctor {
        if y as usize > rows {
            break;
        }
        body.text(0, y, "!", Ink::Fair);
        y += body.wrap(2, y, 2, line, Ink::Plain).max(1);
        shown += 1;
    }
    let more = snapshot.catalogue.doctor.len() - shown;
    if more > 0 {
        body.right(0, &format!("{more} more: limbic doctor"), Ink::Dim);
    }
}
