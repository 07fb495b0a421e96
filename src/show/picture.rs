//! A screen without a terminal: a scene drawn into cells, for tests and for the documents' pictures.

mod svg;

pub use svg::svg;

use crate::lab::message::{Command, Event, Snapshot};
use crate::show::app::{App, Input, Link, Program};
use crate::show::caps::Caps;
use crate::show::example::Scene;
use crate::show::rate::RateScreen;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// A lab that shows one snapshot and answers nothing.
struct Still(Option<Arc<Snapshot>>);

impl Link for Still {
    fn send(&mut self, _: Command) {}

    fn events(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        self.0.take()
    }
}

/// The scene in a window of `width` x `height` cells.
pub fn draw(scene: &Scene, caps: Caps, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    program(scene, caps).draw(&mut buffer);
    buffer
}

/// The program as it stands in the scene.
pub fn program(scene: &Scene, caps: Caps) -> Box<dyn Program> {
    let lab = Still(Some(Arc::new(scene.snapshot.clone())));
    let mut program: Box<dyn Program> = if scene.own_screen {
        let mut own = RateScreen::new(lab, caps, 1);
        own.poll();
        Box::new(own)
    } else {
        let mut app = App::new(lab, caps, 1);
        app.poll();
        app.go(scene.place);
        Box::new(app)
    };
    for key in scene.keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        program.handle(Input::Key(KeyEvent::from(code)));
    }
    program
}
