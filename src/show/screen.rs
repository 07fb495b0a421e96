//! What a screen is: a title, the keys it knows, what each key does, and how it draws itself.
//!
//! A screen never acts: a key returns a [`Next`], which [`crate::show::App`] carries out.

use crate::lab::message::{Action, Snapshot};
use crate::show::hint::Hint;
use crate::show::pen::Pen;
use crate::show::popup::Popup;
use crossterm::event::KeyEvent;

/// The screens by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Home,
    Participant,
    Devices,
    Montage,
    Gate,
    Camera,
    Playlist,
    Session,
    Rating,
    Label,
    Summary,
    Train,
    Review,
    Explain,
    Help,
}

impl Place {
    pub const ALL: [Place; 15] = [
        Place::Home,
        Place::Participant,
        Place::Devices,
        Place::Montage,
        Place::Gate,
        Place::Camera,
        Place::Playlist,
        Place::Session,
        Place::Rating,
        Place::Label,
        Place::Summary,
        Place::Train,
        Place::Review,
        Place::Explain,
        Place::Help,
    ];

    /// A fresh screen.
    pub fn open(self) -> Box<dyn Screen> {
        match self {
            Place::Home => Box::<super::home::Home>::default(),
            Place::Participant => Box::<super::participant::ParticipantForm>::default(),
            Place::Devices => Box::<super::devices::Devices>::default(),
            Place::Montage => Box::<super::montage::MontageScreen>::default(),
            Place::Camera => Box::<super::camera::CameraScreen>::default(),
            Place::Playlist => Box::<super::playlist::PlaylistScreen>::default(),
            Place::Label => Box::<super::label::LabelScreen>::default(),
            Place::Gate => Box::<super::gate::Gate>::default(),
            Place::Session => Box::<super::session::SessionScreen>::default(),
            Place::Rating => Box::<super::rating::RatingScreen>::default(),
            Place::Summary => Box::<super::summary::Summary>::default(),
            Place::Train => Box::<super::train::Train>::default(),
            Place::Review => Box::<super::review::ReviewScreen>::default(),
            Place::Explain => Box::<super::explain::Explain>::default(),
            Place::Help => Box::<super::help::Help>::default(),
        }
    }
}

/// What a key leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// The screen does not know this key; the program's own keys come next.
    Pass,
    Stay,
    Go(Place),
    /// Send this to the lab.
    Do(Action),
    /// Send this to the lab and go there once it is acknowledged.
    DoThen(Action, Place),
    /// Send these to the lab, in this order.
    All(Vec<Action>),
    Ask(Popup),
    /// One sentence for the message line.
    Say(String),
    /// Leaves the terminal; the lab goes on.
    Leave,
    Quit,
}

/// What letters mean on a screen at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// Keys: the program's own (n note, m marker, ? help) work too.
    Keys,
    /// Answers of the participant: n and m need Alt.
    Answers,
    /// Text being typed.
    Text,
}

/// One screen. New screen = one file, one line in [`Place::open`], and the key that goes there.
pub trait Screen {
    /// In the top line; "4/7 QUALITY GATE".
    fn title(&self, snapshot: &Snapshot) -> String;
    /// The keys that work right now, most useful first.
    fn hints(&self, snapshot: &Snapshot) -> Vec<Hint>;
    fn handle(&mut self, key: KeyEvent, snapshot: &Snapshot) -> Next;
    /// Says these news itself, so that the message line need not cover anything with them.
    fn tells(&self, news: &str, snapshot: &Snapshot) -> bool {
        let _ = (news, snapshot);
        false
    }
    /// Text from the clipboard; only screens with text fields care.
    fn paste(&mut self, text: &str) {
        let _ = text;
    }
    /// Belongs to the session in the lab, which the top line names.
    fn of_session(&self) -> bool {
        true
    }
    fn letters(&self) -> Letters {
        Letters::Keys
    }
    /// What was typed into the screen's own fields and not sent yet: the draft's name and its text, empty for an untouched
    /// screen. The lab keeps it until it is sent or left on purpose, so that a killed terminal loses nothing.
    fn draft(&self) -> Option<(&'static str, String)> {
        None
    }
    /// Takes up a draft that [`Screen::draft`] gave, perhaps in another terminal.
    fn take_up(&mut self, draft: &str) {
        let _ = draft;
    }
    /// The rows of the list that `/` searches, as text; empty where there is none.
    fn rows(&self, snapshot: &Snapshot) -> Vec<String> {
        let _ = snapshot;
        Vec::new()
    }
    /// The selected row of [`Screen::rows`].
    fn selected(&self) -> usize {
        0
    }
    fn select(&mut self, row: usize) {
        let _ = row;
    }
    /// The link carries little: what moves may move in larger steps.
    fn spare(&mut self, sparing: bool) {
        let _ = sparing;
    }
    /// The lab has answered, taken or refused, all that this screen sent: the next snapshot has what holds.
    fn settled(&mut self) {}
    /// Takes note of a new snapshot, for what one snapshot alone does not tell.
    fn observe(&mut self, snapshot: &Snapshot) {
        let _ = snapshot;
    }
    /// Draws from the snapshot alone: no clock, no disk, no channel.
    fn draw(&self, pen: &mut Pen, snapshot: &Snapshot);
}

/// Moves a selection by the keys every list has: j k, arrows, Home, End, page keys. False where the key is no such.
pub fn move_in(selected: &mut usize, count: usize, key: KeyEvent) -> bool {
    use crossterm::event::KeyCode::{Char, Down, End, Home, PageDown, PageUp, Up};
    let last = count.saturating_sub(1);
    *selected = match key.code {
        Char('j') | Down => (*selected + 1).min(last),
        Char('k') | Up => selected.saturating_sub(1).min(last),
        Home => 0,
        End => last,
        PageDown => (*selected + 10).min(last),
        PageUp => selected.saturating_sub(10).min(last),
        _ => return false,
    };
    true
}

/// The first row to show so that `selected` is visible among `rows`.
pub fn scrolled(selected: usize, rows: usize, count: usize) -> usize {
    selected.saturating_sub(rows.saturating_sub(1) * 2 / 3).min(count.saturating_sub(rows))
}
