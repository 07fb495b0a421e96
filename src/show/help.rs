//! Help: every screen's keys, asked from the screens themselves, so that help and keys cannot disagree.

use crate::lab::message::Snapshot;
use crate::show::caps::Ink;
use crate::show::hint::{Hint, for_looking_on, orders, shows};
use crate::show::pen::Pen;
use crate::show::screen::{Next, Place, Screen, move_in};
use crate::show::words;
use crossterm::event::{KeyCode, KeyEvent};

pub struct Help {
    /// The screen it was called from stands first.
    from: Place,
    /// Only looks on: keys that give orders are left out.
    looks_on: bool,
    scroll: usize,
}

impl Default for Help {
    fn default() -> Self {
        Help::of(Place::Home, false)
    }
}

/// Where the key column ends.
const WHAT: u16 = 13;

const SEARCH: Hint = shows("/", "search in the list; Down goes to the next");

const EVERYWHERE: [Hint; 9] = [
    shows("? F1", "this help"),
    shows(":", "a command by its name; Tab completes"),
    orders("n", "note (Alt-n while rating)"),
    orders("m", "marker while recording (Alt-m while rating)"),
    shows("Esc", "back, close"),
    orders("q", "quit from the home screen; elsewhere it asks"),
    orders("d", "leave; the lab goes on (limbic attach)"),
    orders("Ctrl-C", "asks while recording and ends nothing; else: leave"),
    orders("CAPITALS", "act on data at once, or ask before they do"),
];

enum Line {
    Title(String),
    Key(Hint),
    Blank,
}

impl Help {
    pub fn of(from: Place, looks_on: bool) -> Self {
        Help { from, looks_on, scroll: 0 }
    }

    fn lines(&self, s: &Snapshot) -> Vec<Line> {
        let mut lines = vec![Line::Title("on every screen".into())];
        let offered = |hints: Vec<Hint>| hints.into_iter().filter(|h| !(self.looks_on && h.orders)).map(Line::Key);
        lines.extend(offered(if self.looks_on { for_looking_on(EVERYWHERE.to_vec()) } else { EVERYWHERE.to_vec() }));
        let rest = Place::ALL.into_iter().filter(|p| *p != self.from && *p != Place::Help);
        for place in std::iter::once(self.from).chain(rest).filter(|p| *p != Place::Help) {
            let screen = place.open();
            let keys: Vec<Line> = offered(screen.hints(s)).collect();
            if keys.is_empty() {
                continue;
            }
            lines.extend([Line::Blank, Line::Title(screen.title(s))]);
            lines.extend(keys);
            if !screen.rows(s).is_empty() {
                lines.push(Line::Key(SEARCH));
            }
        }
        lines
    }
}

impl Screen for Help {
    fn title(&self, _: &Snapshot) -> String {
        "HELP".into()
    }

    fn hints(&self, _: &Snapshot) -> Vec<Hint> {
        vec![shows("Esc", "back"), shows("j/k", "scroll")]
    }

    fn handle(&mut self, key: KeyEvent, s: &Snapshot) -> Next {
        let count = self.lines(s).len();
        if move_in(&mut self.scroll, count, key) {
            return Next::Stay;
        }
        match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | '?') | KeyCode::F(1) => Next::Go(Place::Help),
            _ => Next::Pass,
        }
    }

    fn draw(&self, pen: &mut Pen, s: &Snapshot) {
        let text = "acquire > gate > present > store > prepare > train > infer > explain. The lab goes on recording whatever \
                    this terminal does; what a screen calls saved is on disk.";
        let used = pen.wrap(0, 0, 3, text, Ink::Dim);
        let lines = self.lines(s);
        let mut body = pen.below(used + 1);
        let columns = (body.width() / 58).max(1);
        let (rows, width) = (body.height() as usize, body.width() / columns);
        for (i, line) in lines.iter().skip(self.scroll.min(lines.len())).take(rows * columns as usize).enumerate() {
            let (x, y) = ((i / rows) as u16 * width, (i % rows) as u16);
            match line {
                Line::Title(title) => body.text(x, y, title, Ink::Accent),
                Line::Key(Hint { key, what, .. }) => {
                    body.text(x + 2, y, key, Ink::Strong);
                    // Nothing runs into the next column.
                    body.text(x + WHAT, y, &words::cut(what, width.saturating_sub(WHAT + 1) as usize), Ink::Plain)
                }
                Line::Blank => x,
            };
        }
    }
}
