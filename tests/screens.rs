//! Every screen in every situation and size, and a whole session walked by keys with the commands that it sends.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use limbic::lab::message::{Action, Command, Event, Snapshot};
use limbic::present::Phase;
use limbic::show::{App, Caps, Depth, Input, Link, Place, example};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

const ASCII: Caps = Caps { ascii: true, depth: Depth::Mono };
const COLOUR: Caps = Caps { ascii: false, depth: Depth::True };

/// A lab that remembers what it was told and says what it is given to say.
#[derive(Default)]
struct FakeLab {
    heard: Vec<Command>,
    events: Vec<Event>,
    snapshot: Option<Arc<Snapshot>>,
}

impl Link for FakeLab {
    fn send(&mut self, command: Command) {
        self.heard.push(command);
    }
    fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.snapshot.take()
    }
}

/// Keys in, screens and commands out.
struct Harness {
    app: App<FakeLab>,
}

impl Harness {
    fn new(caps: Caps, snapshot: Snapshot) -> Self {
        let mut harness = Harness { app: App::new(FakeLab::default(), caps, 1) };
        harness.snapshot(snapshot);
        harness
    }

    fn at(caps: Caps, snapshot: Snapshot, place: Place) -> Self {
        let mut harness = Harness::new(caps, snapshot);
        harness.app.go(place);
        harness
    }

    fn snapshot(&mut self, snapshot: Snapshot) -> &mut Self {
        self.app.link_mut().snapshot = Some(Arc::new(snapshot));
        self.app.poll();
        self
    }

    fn press(&mut self, code: KeyCode) -> &mut Self {
        self.app.handle(Input::Key(KeyEvent::from(code)));
        self
    }

    fn control(&mut self, c: char) -> &mut Self {
        self.app.handle(Input::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
        self
    }

    fn keys(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.press(KeyCode::Char(c));
        }
        self
    }

    /// The commands since the last call.
    fn sent(&mut self) -> Vec<Action> {
        self.app.link_mut().heard.drain(..).map(|c| c.action).collect()
    }

    /// The last command, acknowledged.
    fn acknowledged(&mut self) -> Action {
        let command = self.app.link_mut().heard.pop().expect("a command was sent");
        self.app.link_mut().heard.clear();
        self.app.link_mut().events.push(Event::Acknowledged { id: command.id });
        self.app.poll();
        command.action
    }

    fn text(&self, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a test terminal");
        terminal.draw(|frame| self.app.draw(frame.buffer_mut())).expect("draws");
        lines(terminal.backend().buffer())
    }
}

fn lines(buf: &Buffer) -> String {
    let width = buf.area.width as usize;
    let rows = buf.content.chunks(width).map(|row| {
        let line: String = row.iter().map(|c| c.symbol()).collect();
        line.trim_end().to_string()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// Which screen shows which situation.
fn scenes() -> Vec<(&'static str, Snapshot, Place)> {
    vec![
        ("home", example::home(), Place::Home),
        ("participant", example::home(), Place::Participant),
        ("devices before", example::prepared(), Place::Devices),
        ("devices", example::gate_failing(), Place::Devices),
        ("gate failing", example::gate_failing(), Place::Gate),
        ("gate passing", example::gate_passing(), Place::Gate),
        ("session", example::recording(), Place::Session),
        ("paused", example::paused(), Place::Session),
        ("rating", example::rating(), Place::Rating),
        ("summary", example::summary(), Place::Summary),
        ("train choice", example::summary(), Place::Train),
        ("training", example::training(), Place::Train),
        ("review", example::reviewed(), Place::Review),
        ("explain", example::reviewed(), Place::Explain),
        ("help", example::reviewed(), Place::Help),
    ]
}

/// `cargo test --release --test screens -- --ignored --nocapture print` shows every screen for people to look at.
#[test]
#[ignore = "prints pictures for people"]
fn print() {
    for (name, snapshot, place) in scenes() {
        for (caps, width, height) in [(ASCII, 80, 24), (COLOUR, 120, 40)] {
            let picture = Harness::at(caps, snapshot.clone(), place).text(width, height);
            println!("==== {name} {width}x{height} {}", "=".repeat(width as usize - name.len() - 12));
            println!("{picture}");
        }
    }
}
