//! The null player: shows nothing and says so; a stimulus ends by the clock after its stated length.

use crate::present::{Player, PlayerError, PlayerEvent, Stimulus};
use crate::signal::{Nanos, SharedClock, to_nanos};

/// Runs the phases where there is no display, in tests and in the demo.
pub struct NullPlayer {
    clock: SharedClock,
    state: State,
}

enum State {
    Empty,
    Loaded { length: Nanos },
    Playing { ends: Nanos },
    Held { left: Nanos },
}

impl NullPlayer {
    pub fn new(clock: SharedClock) -> Self {
        NullPlayer { clock, state: State::Empty }
    }
}

impl Player for NullPlayer {
    fn name(&self) -> String {
        "null player: nothing is shown".into()
    }

    fn shows(&self) -> bool {
        false
    }

    fn preload(&mut self, stimulus: &Stimulus) -> Result<(), PlayerError> {
        self.state = State::Loaded { length: to_nanos(stimulus.length_s) };
        Ok(())
    }

    fn play(&mut self) -> Result<Nanos, PlayerError> {
        let State::Loaded { length } = self.state else { return Err(PlayerError::NothingLoaded) };
        let onset = self.clock.now();
        self.state = State::Playing { ends: onset + length };
        Ok(onset)
    }

    fn pause(&mut self) -> Result<(), PlayerError> {
        if let State::Playing { ends } = self.state {
            self.state = State::Held { left: ends - self.clock.now() };
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), PlayerError> {
        if let State::Held { left } = self.state {
            self.state = State::Playing { ends: self.clock.now() + left };
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.state = State::Empty;
    }

    fn poll(&mut self) -> Option<PlayerEvent> {
        match self.state {
            State::Playing { ends } if self.clock.now() >= ends => {
                self.state = State::Empty;
                Some(PlayerEvent::Ended { at: ends })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::Playlist;
    use crate::signal::{Clock, ManualClock, SECOND};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn it_ends_after_the_stated_length_less_the_pauses() {
        let clock = Arc::new(ManualClock::new(0));
        let mut player = NullPlayer::new(clock.clone());
        let stimulus = &Playlist::simulated(1, 10.0).videos[0];
        assert!(matches!(player.play(), Err(PlayerError::NothingLoaded)));
        player.preload(stimulus).expect("loads");
        clock.wait(Duration::from_secs(1));
        assert_eq!(player.play().expect("plays"), SECOND);
        clock.wait(Duration::from_secs(4));
        player.pause().expect("holds");
        clock.wait(Duration::from_secs(100));
        assert_eq!(player.poll(), None);
        player.resume().expect("goes on");
        clock.wait(Duration::from_secs(7));
        assert_eq!(player.poll(), Some(PlayerEvent::Ended { at: 111 * SECOND }));
        assert_eq!(player.poll(), None);
    }
}
