//! Every screen in a situation that shows it: what snapshot tests hold fast and the documents' pictures show.

use super::*;
use crate::show::Place;

/// A screen, what it knows, and the keys that lead to what is shown.
pub struct Scene {
    /// File names are made of it: small letters and blanks.
    pub name: &'static str,
    pub snapshot: Snapshot,
    pub place: Place,
    pub keys: &'static str,
    /// The participant's own screen instead of the experimenter's.
    pub own_screen: bool,
}

/// All of them, in the order of a session. A new screen = one line here.
pub fn scenes() -> Vec<Scene> {
    let scene = |name, snapshot, place, keys| Scene { name, snapshot, place, keys, own_screen: false };
    let own = |name, snapshot, keys| Scene { own_screen: true, ..scene(name, snapshot, Place::Rating, keys) };
    vec![
        scene("home new", new_home(), Place::Home, ""),
        scene("home", home(), Place::Home, ""),
        scene("home interrupted", home(), Place::Home, "jjj"),
        scene("participant", home(), Place::Participant, "P07"),
        scene("devices before", prepared(), Place::Devices, ""),
        scene("devices", gate_failing(), Place::Devices, ""),
        scene("montage", gate_failing(), Place::Montage, ""),
        scene("gate waiting", waiting_gate(), Place::Gate, ""),
        scene("gate failing", gate_failing(), Place::Gate, ""),
        scene("gate override", gate_failing(), Place::Gate, "O"),
        scene("gate passing", gate_passing(), Place::Gate, ""),
        scene("camera", gate_passing(), Place::Camera, ""),
        scene("camera preview", camera_preview(), Place::Camera, ""),
        scene("playlist", gate_passing(), Place::Playlist, ""),
        scene("session", recording(), Place::Session, ""),
        scene("session all", recording(), Place::Session, "2"),
        scene("session heart", recording(), Place::Session, "4"),
        scene("session maps", recording(), Place::Session, "5"),
        scene("note", recording(), Place::Session, "nT7 came loose"),
        scene("paused", paused(), Place::Session, ""),
        scene("rating", rating(), Place::Rating, ""),
        own("participant waits", recording(), ""),
        own("participant rates", Snapshot { rating: Rating::default(), ..rating() }, "8"),
        scene("abort", recording(), Place::Session, "A"),
        scene("summary", summary(), Place::Summary, ""),
        scene("summary reviewed", reviewed(), Place::Summary, ""),
        scene("labelling", labelling(), Place::Label, ""),
        scene("train choice", summary(), Place::Train, ""),
        scene("training", training(), Place::Train, ""),
        scene("review", reviewed(), Place::Review, ""),
        scene("review calibration", reviewed(), Place::Review, "c"),
        scene("explain", reviewed(), Place::Explain, ""),
        scene("explain one head", reviewed(), Place::Explain, "f"),
        scene("explain compared", reviewed(), Place::Explain, "v"),
        scene("explain nothing", home(), Place::Explain, ""),
        scene("leave", reviewed(), Place::Review, "q"),
        scene("search", home(), Place::Home, "/P05"),
        scene("command", home(), Place::Home, ":tr"),
        scene("help", reviewed(), Place::Help, ""),
    ]
}
