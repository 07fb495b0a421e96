//! What shows a stimulus: the trait of all players, and the choice between them.

use crate::present::Stimulus;
use crate::present::mpv::Mpv;
use crate::present::null::NullPlayer;
use crate::rig::{PlayerChoice, StimulusRig};
use crate::signal::{Nanos, SharedClock};

/// Shows one stimulus at a time. No call may block for longer than a second or two.
pub trait Player: Send {
    /// What a screen says about it: "mpv", or "null player: nothing is shown".
    fn name(&self) -> String;
    /// True where somebody could see something.
    fn shows(&self) -> bool;
    /// Loads a stimulus, paused at its first frame. Replaces what was loaded or playing.
    ///
    /// # Errors
    /// The player or the file is not there.
    fn preload(&mut self, stimulus: &Stimulus) -> Result<(), PlayerError>;
    /// Releases what was preloaded; returns when its first frame was shown.
    ///
    /// # Errors
    /// Nothing is loaded, or the player is gone.
    fn play(&mut self) -> Result<Nanos, PlayerError>;
    /// Holds the picture.
    ///
    /// # Errors
    /// The player is gone.
    fn pause(&mut self) -> Result<(), PlayerError>;
    /// Goes on where it was held.
    ///
    /// # Errors
    /// The player is gone.
    fn resume(&mut self) -> Result<(), PlayerError>;
    /// Takes the picture away; nothing is loaded afterwards. No event follows.
    fn stop(&mut self);
    /// The next thing that happened, if something did.
    fn poll(&mut self) -> Option<PlayerEvent>;
}

/// What a player reports by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayerEvent {
    /// The stimulus came to its end.
    Ended { at: Nanos },
    /// It broke off; the sentence says why.
    Failed { at: Nanos, why: String },
    /// Worth a line in the log: the file's length is not the playlist's.
    Warning { at: Nanos, text: String },
}

/// Why a player does not play.
#[derive(Debug, thiserror::Error)]
pub enum PlayerError {
    #[error("mpv cannot be started ({0}); install mpv, or set stimulus.player = \"null\" in the rig")]
    Start(String),
    #[error("mpv does not answer ({0}); redo the trial, which starts it again")]
    Gone(String),
    #[error("video \"{name}\" names no file, and mpv needs one; mend the playlist or set stimulus.player = \"null\"")]
    NoFile { name: String },
    #[error("video \"{name}\" cannot be played: {why}")]
    Unplayable { name: String, why: String },
    #[error("no stimulus is loaded; redo the trial")]
    NothingLoaded,
}

/// A player as the rig asks for it, and a sentence where it is not what one might expect.
///
/// # Errors
/// The rig insists on mpv and it is not installed.
pub fn choose(rig: &StimulusRig, clock: &SharedClock) -> Result<(Box<dyn Player>, Option<String>), PlayerError> {
    let null = || Box::new(NullPlayer::new(clock.clone()));
    match rig.player {
        PlayerChoice::Null => Ok((null(), None)),
        PlayerChoice::Mpv => Ok((Box::new(Mpv::start(rig, clock.clone())?), None)),
        PlayerChoice::Auto => {
            let mpv = match missing(rig) {
                None => Mpv::start(rig, clock.clone()).map_err(|e| e.to_string()),
                Some(why) => Err(why),
            };
            Ok(match mpv {
                Ok(mpv) => (Box::new(mpv), None),
                Err(why) => (null(), Some(format!("{why}: the null player runs the phases by the clock, nothing is shown"))),
            })
        }
    }
}

/// What mpv lacks on this machine.
fn missing(rig: &StimulusRig) -> Option<String> {
    if !Mpv::installed() {
        return Some("mpv is not installed".into());
    }
    let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    // An output chosen in the rig (drm, or null for a test) needs no display server.
    let chosen = rig.mpv_args.iter().any(|a| a.contains("drm") || a == "--vo=null");
    (!set("DISPLAY") && !set("WAYLAND_DISPLAY") && !chosen).then(|| "there is no display".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::ManualClock;
    use std::sync::Arc;

    #[test]
    fn the_null_player_is_named_as_such_and_auto_says_why_it_was_taken() {
        let clock: SharedClock = Arc::new(ManualClock::new(0));
        let rig = |player| StimulusRig { player, ..StimulusRig::default() };
        let (player, said) = choose(&rig(PlayerChoice::Null), &clock).expect("always there");
        assert_eq!((player.name().as_str(), player.shows(), said), ("null player: nothing is shown", false, None));
        let (player, said) = choose(&rig(PlayerChoice::Auto), &clock).expect("always there");
        assert_eq!(player.shows(), said.is_none());
    }
}
