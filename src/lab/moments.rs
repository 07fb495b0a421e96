//! Moments that are marked while a video runs: a key that is held, or one press that begins and one that ends.
//!
//! Terminals send a held key as repeated presses and nothing when it is let go, so that a moment ends with its last
//! repeat, once none has come for a while.

/// A repeat within so long means that the key is still held, s.
pub const HELD_S: f64 = 0.6;
/// A single tap means the second around it.
const TAP_S: f64 = 0.5;

/// A moment that is over: seconds since the video's first frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    pub from_s: f64,
    pub to_s: f64,
    pub by: String,
}

/// A moment that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    pub from_s: f64,
    last_s: f64,
    pub toggled: bool,
    by: String,
}

/// The moment of the video that runs.
#[derive(Debug, Default)]
pub struct Moments(Option<Open>);

impl Moments {
    /// A press at that second; answers what it ends.
    pub fn press(&mut self, at_s: f64, toggle: bool, by: &str) -> Option<Closed> {
        let ended = self.tick(at_s);
        match &mut self.0 {
            Some(open) if open.toggled && toggle => return self.end(at_s),
            Some(open) => {
                open.last_s = at_s;
                open.toggled |= toggle;
            }
            None => self.0 = Some(Open { from_s: at_s, last_s: at_s, toggled: toggle, by: by.into() }),
        }
        ended
    }

    /// Time has passed; answers a moment whose key was let go.
    pub fn tick(&mut self, at_s: f64) -> Option<Closed> {
        let open = self.0.take_if(|o| !o.toggled && at_s - o.last_s > HELD_S)?;
        Some(if open.last_s > open.from_s {
            Closed { from_s: open.from_s, to_s: open.last_s, by: open.by }
        } else {
            Closed { from_s: (open.from_s - TAP_S).max(0.0), to_s: (open.from_s + TAP_S).min(at_s), by: open.by }
        })
    }

    /// The video has ended, or the moment was ended; answers what was open.
    pub fn end(&mut self, at_s: f64) -> Option<Closed> {
        let open = self.0.take()?;
        let to_s = if open.toggled { at_s } else { open.last_s.max((open.from_s + TAP_S).min(at_s)) };
        Some(Closed { from_s: open.from_s, to_s, by: open.by })
    }

    pub fn open(&self) -> Option<&Open> {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(from_s: f64, to_s: f64) -> Option<Closed> {
        Some(Closed { from_s, to_s, by: "participant".into() })
    }

    #[test]
    fn a_held_key_is_one_moment_and_ends_with_its_last_repeat() {
        let mut moments = Moments::default();
        // The first repeat comes half a second after the press, as keyboards do.
        for at in [3.0, 3.5, 3.53, 3.56, 4.1, 4.6] {
            assert_eq!(moments.press(at, false, "participant"), None);
        }
        assert_eq!(moments.tick(5.19), None, "0.59 s: still held");
        assert_eq!(moments.tick(5.3), closed(3.0, 4.6));
        assert_eq!(moments.tick(9.0), None);
    }

    #[test]
    fn a_tap_is_the_second_around_it_and_a_later_press_begins_anew() {
        let mut moments = Moments::default();
        moments.press(0.2, false, "participant");
        assert_eq!(moments.press(2.0, false, "participant"), closed(0.0, 0.7));
        assert_eq!(moments.tick(2.7), closed(1.5, 2.5));
    }

    #[test]
    fn a_toggled_moment_lasts_until_the_next_press_or_the_video_s_end() {
        let mut moments = Moments::default();
        moments.press(2.0, true, "participant");
        assert_eq!(moments.tick(20.0), None);
        assert_eq!(moments.press(21.0, true, "participant"), closed(2.0, 21.0));
        moments.press(30.0, true, "participant");
        assert_eq!(moments.end(33.0), closed(30.0, 33.0));
        assert_eq!(moments.end(34.0), None);
    }
}
