//! The footer of a terminal that only looks on: keys that change nothing but what it shows.

use crate::lab::message::Snapshot;
use crate::show::screen::{Hint, Screen};

/// Hints of the screens that only show something, or lead where there is something to see. All others say something to the
/// lab, which takes orders from the terminal with the keyboard alone, or open a form for that.
const SHOWING: &[Hint] = &[
    // Shows how far it is.
    ("Enter", "go on with it"),
    ("Enter", "home"),
    ("Enter", "to the camera"),
    ("Enter", "to the montage"),
    ("Enter", "to the playlist"),
    ("Enter", "to the quality gate"),
    ("Esc", "back"),
    ("Esc", "back to the gate"),
    ("Esc", "back to the montage"),
    ("Esc", "home"),
    ("Esc", "home, it goes on"),
    ("Esc", "review"),
    ("j/k", "band"),
    ("j/k", "choose"),
    ("j/k", "choose a rig"),
    ("j/k", "move"),
    ("j/k", "scroll"),
    ("j/k", "scroll the test"),
    ("j/k", "trial"),
    ("h/l", "class"),
    ("x", "explainer"),
    ("f", "all bands"),
    ("f", "one big head"),
    ("v", "compare classes"),
    ("v", "compare explainers"),
    ("v", "compare nothing"),
    ("w", "all words"),
    ("w", "maps"),
    ("o", "disagreements first"),
    ("o", "in order of trials"),
    ("c", "calibration"),
    ("c", "confusion"),
    ("e", "explain"),
    ("t", "train"),
    ("1-5", "views"),
    ("[ ]", "page"),
    ("+ - 0", "scale"),
    ("Left/Right", "cursor"),
];

/// The keys that do something here for one who looks on, and the one that leaves.
pub fn hints(screen: &dyn Screen, s: &Snapshot) -> Vec<Hint> {
    let shows = |hint: &Hint| SHOWING.contains(hint) && !screen.commands(hint, s);
    let mut hints: Vec<Hint> = screen.hints(s).into_iter().filter(shows).collect();
    // Works everywhere; q is an answer or closes the help on some screens.
    hints.push(("Ctrl-C", "leave"));
    hints
}
