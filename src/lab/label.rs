//! Felt segments: moments marked while a video runs, and the timeline of a trial on which they are mended afterwards.

mod timeline;

use crate::lab::Lab;
use crate::lab::guided::{Held, Labelling};
use crate::lab::moments::{Closed, Moments};
use crate::present::Phase;
use crate::signal::{Nanos, Segment, seconds};
use crate::store::rows::{Entry, SessionId, Trial};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Moments of one person that are closer than this are one: the pause before a keyboard's first repeat, s.
const JOINED_S: f64 = 1.0;

/// What the lab knows of segments.
#[derive(Default)]
pub struct Labels {
    pub open: Option<Arc<Labelling>>,
    loading: Option<JoinHandle<Result<Labelling, String>>>,
    /// Of the session being recorded or just ended.
    current: Vec<Segment>,
    moments: Moments,
    /// The attempt that the open moment belongs to, and when its video began.
    running: Option<(u32, u32, Nanos)>,
}

impl Labels {
    /// Segments of the session being recorded or just ended, those taken back left out.
    pub fn segments(&self) -> Vec<Segment> {
        self.current.iter().filter(|s| !s.removed).cloned().collect()
    }

    /// Another session begins, with these segments.
    pub fn begin(&mut self, segments: Vec<Segment>) {
        (self.current, self.moments, self.running) = (segments, Moments::default(), None);
    }

    fn keep(&mut self, segment: &Segment) {
        replace(&mut self.current, segment);
    }
}

fn name(s: &Segment) -> (u32, u32, u32) {
    (s.trial, s.attempt, s.number)
}

fn replace(list: &mut Vec<Segment>, segment: &Segment) {
    list.retain(|s| name(s) != name(segment));
    list.push(segment.clone());
    list.sort_by(|a, b| (a.trial, a.attempt).cmp(&(b.trial, b.attempt)).then(a.from_s.total_cmp(&b.from_s)));
}

impl Lab {
    /// The attempt whose video is on, and the second of it that it is now.
    fn video_second(&self, now: Nanos) -> Option<(u32, u32, Nanos)> {
        let protocol = self.protocol.as_ref().filter(|p| p.phase() == Phase::Video)?;
        let trial = protocol.trials().last()?;
        Some((trial.number, trial.attempt, trial.video_on.filter(|on| *on <= now)?))
    }

    /// Something is felt now.
    pub(super) fn moment(&mut self, by: String, toggle: bool) -> Result<(), String> {
        let now = self.options.clock.now();
        let Some((number, attempt, on)) = self.video_second(now).filter(|_| self.is_recording()) else {
            return Err("no video is running; moments are marked while one does, or afterwards on its timeline".into());
        };
        self.labels.running = Some((number, attempt, on));
        let closed = self.labels.moments.press(seconds(now - on), toggle, &by);
        self.close_moment(closed);
        Ok(())
    }

    /// Ends moments in time, takes in a timeline that was read.
    pub(super) fn tend_labels(&mut self, now: Nanos) {
        if let Some((number, attempt, on)) = self.labels.running {
            let at_s = seconds(now - on);
            let goes_on = self.video_second(now).is_some_and(|(n, a, _)| (n, a) == (number, attempt));
            let closed = if goes_on { self.labels.moments.tick(at_s) } else { self.labels.moments.end(at_s) };
            self.close_moment(closed);
            if !goes_on {
                self.labels.running = None;
            }
        }
        if let Some(thread) = self.labels.loading.take_if(|t| t.is_finished()) {
            match thread.join().unwrap_or_else(|_| Err("the timeline could not be read; its thread panicked".into())) {
                Ok(timeline) => self.labels.open = Some(Arc::new(timeline)),
                Err(why) => self.news(why),
            }
        }
    }

    fn close_moment(&mut self, closed: Option<Closed>) {
        let (Some(closed), Some((trial, attempt, on))) = (closed, self.labels.running) else { return };
        let off = self.protocol.as_ref().and_then(|p| p.trials().last()).and_then(|t| t.video_off);
        let to_s = closed.to_s.min(off.map_or(f64::INFINITY, |off| seconds(off - on)));
        let of_attempt = |s: &&Segment| (s.trial, s.attempt) == (trial, attempt);
        let before = self.labels.current.iter().filter(of_attempt);
        let joined = before.clone().find(|s| s.live && !s.removed && s.by == closed.by && closed.from_s - s.to_s <= JOINED_S);
        let number = before.map(|s| s.number).max().unwrap_or(0) + 1;
        let fresh =
            Segment { trial, attempt, number, from_s: closed.from_s, by: closed.by.clone(), live: true, ..Segment::default() };
        let segment = Segment { to_s, marked_utc: self.options.clock.utc(), ..joined.cloned().unwrap_or(fresh) };
        if segment.problem(f64::INFINITY).is_some() {
            return;
        }
        self.labels.keep(&segment);
        self.journal(|id| Entry::Segment(id, segment));
    }

    /// The moment that goes on, for the screen.
    pub(super) fn held(&self, now: Nanos) -> Option<Held> {
        let (trial, _, on) = self.labels.running?;
        let open = self.labels.moments.open()?;
        Some(Held { trial, from_s: open.from_s, now_s: seconds(now - on), toggled: open.toggled })
    }

    /// Reads the timeline of a trial, beside everything else that goes on.
    pub(super) fn open_labels(&mut self, session: SessionId, trial: u32) -> Result<(), String> {
        let home = self.home.clone();
        let read = move || timeline::load(&home, session, trial);
        let thread = std::thread::Builder::new().name("timeline".into()).spawn(read);
        self.labels.open = self.labels.open.take().filter(|open| open.session == session && open.trial.number == trial);
        self.labels.loading = Some(thread.map_err(|e| format!("the timeline cannot be read: {e}"))?);
        Ok(())
    }

    /// Adds, changes or takes back a segment; durable when acknowledged.
    pub(super) fn put_segment(&mut self, session: SessionId, mut segment: Segment) -> Result<(), String> {
        let ours = self.recording.is_some() && self.session.as_ref().is_some_and(|s| s.id == session);
        let of = |t: &&Trial| (t.number, t.attempt) == (segment.trial, segment.attempt);
        let running = self.protocol.as_ref().filter(|_| ours).and_then(|p| p.trials().iter().find(of));
        let opened = self.labels.open.as_ref().filter(|o| o.session == session).map(|o| &o.trial);
        let Some(trial) = running.or(opened.filter(of)) else {
            return Err(format!("trial {} is not open for labelling; open its timeline first", segment.trial));
        };
        let Some((on, off)) = trial.video_on.zip(trial.video_off) else {
            return Err(format!("the video of trial {} has not ended; label it in the rest or later", segment.trial));
        };
        if let Some(problem) = segment.problem(seconds(off - on)) {
            return Err(problem);
        }
        segment.marked_utc = self.options.clock.utc();
        if ours {
            let row = segment.clone();
            self.journal(|id| Entry::Segment(id, row));
        } else {
            self.home.put(Entry::Segment(session, segment.clone())).map_err(|e| e.to_string())?;
        }
        if self.session.as_ref().is_some_and(|s| s.id == session) {
            self.labels.keep(&segment);
        }
        if let Some(open) = self.labels.open.as_mut().filter(|o| o.session == session && o.trial.number == segment.trial) {
            let open = Arc::make_mut(open);
            replace(&mut open.segments, &segment);
            let count = open.segments.iter().filter(|s| !s.removed).count();
            open.trials.iter_mut().filter(|t| t.0 == segment.trial).for_each(|t| t.2 = count);
        }
        Ok(())
    }
}
