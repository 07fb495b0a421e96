//! The camera: face video as JPEG frames with the driver's stamps, a watchdog, and re-opening with patience.
//!
//! A camera may stop without a word: the call that waits for its next frame then never returns. So the camera lives in
//! a thread of its own ([`grab`]); when nothing has come for two seconds the stall is told, the thread is left where
//! it is (its wait interrupted, never joined), and the camera is opened anew until it delivers again. The frames that
//! are missing meanwhile leave a hole in the numbers, which the store counts as lost.

mod driver;
mod grab;
mod patience;
mod picture;
mod stamp;
mod v4l;

use super::{AcquireError, Packet, Source, Surroundings};
use crate::rig::CameraRig;
use crate::signal::{Frame, LatencyOrigin, Nanos, SharedClock, StreamId, StreamInfo, StreamKind, seconds};
use crossbeam_channel::RecvTimeoutError;
use driver::{Mode, Opener};
use grab::{Event, Grab};
use patience::Patience;
use stamp::Count;
use std::sync::Arc;
use std::time::Duration;

/// So many threads may hang in the driver before re-opening is given up.
const MOST_BLOCKED: usize = 3;

/// The cameras that are plugged in: (number, name), for `limbic doctor`.
pub fn cameras() -> Vec<(u32, String)> {
    v4l::list()
}

/// Where the camera stands.
enum State {
    /// Open; no frame is wanted yet.
    Ready(Grab),
    /// Frames come, or should: silent since the time, which is that of the last event.
    Running(Grab, Nanos),
    /// Being opened again, since then.
    Opening(Grab, Nanos),
    /// To be opened again at that time.
    Waiting(Nanos),
    Stopped,
}

/// A camera as a source: one stream "face".
pub struct Camera {
    streams: Vec<StreamInfo>,
    clock: SharedClock,
    opener: Arc<dyn Opener>,
    quality: u8,
    patience: Patience,
    state: State,
    count: Count,
    pause: Duration,
    /// When the last frame was taken, while it is missed.
    missed_since: Option<Nanos>,
    last_frame: Option<Nanos>,
    /// Threads that were left in the driver.
    blocked: Vec<Grab>,
    torn: u64,
}

impl Camera {
    /// Opens the camera of the rig: stream "face".
    ///
    /// # Errors
    /// There is none, it is in use, it does not offer that size, or it does not answer within five seconds.
    pub fn open(rig: &CameraRig, around: &Surroundings) -> Result<Self, AcquireError> {
        let device = format!("camera {}", rig.device);
        let refuse = |message: String| AcquireError::Device { device: device.clone(), message };
        if !(16..=8192).contains(&rig.width) || !(16..=8192).contains(&rig.height) {
            let size = format!("{} x {}", rig.width, rig.height);
            return Err(refuse(format!("width and height of {size} are out of range; choose 16 to 8192 pixels")));
        }
        if !(1..=240).contains(&rig.fps) {
            return Err(refuse(format!("fps = {} is out of range; choose 1 to 240", rig.fps)));
        }
        if !(1..=100).contains(&rig.jpeg_quality) {
            return Err(refuse(format!("jpeg_quality = {} is out of range; choose 1 to 100", rig.jpeg_quality)));
        }
        Camera::with(Arc::new(v4l::Plugged(rig.clone())), rig, around, Patience::default()).map_err(refuse)
    }

    fn with(opener: Arc<dyn Opener>, rig: &CameraRig, around: &Surroundings, patience: Patience) -> Result<Self, String> {
        let quality = rig.jpeg_quality;
        let grab = Grab::spawn(opener.clone(), around.clock.clone(), quality).map_err(|e| format!("no thread for it: {e}"))?;
        let (name, mode) = match grab.events.recv_timeout(patience.open) {
            Ok(Event::Opened(name, mode)) => (name, mode),
            Ok(Event::Failed(why)) => return Err(why),
            Ok(Event::Frame { .. }) | Err(RecvTimeoutError::Disconnected) => return Err("its thread broke off".into()),
            Err(RecvTimeoutError::Timeout) => {
                grab.abandon();
                return Err(format!("it has not answered for {} s; unplug it and plug it in again", patience.open.as_secs()));
            }
        };
        Ok(Camera {
            streams: vec![describe(&name, mode, rig, around.first_stream)],
            clock: around.clock.clone(),
            opener,
            quality,
            patience,
            state: State::Ready(grab),
            count: Count::new(f64::from(mode.fps.max(1))),
            pause: patience.pause,
            missed_since: None,
            last_frame: None,
            blocked: Vec::new(),
            torn: 0,
        })
    }

    fn say(&self, message: String) -> Packet {
        Packet::Trouble { stream: self.streams[0].id, message }
    }

    /// Takes in one event of the camera's thread.
    fn take(&mut self, event: Event, packets: &mut Vec<Packet>) {
        let now = self.clock.now();
        match event {
            Event::Opened(..) => {
                self.state = match std::mem::replace(&mut self.state, State::Stopped) {
                    State::Opening(grab, _) => {
                        grab.go();
                        State::Running(grab, now)
                    }
                    other => other,
                };
            }
            Event::Frame { captured, arrived, jpeg } => {
                if let State::Running(_, silent_since) = &mut self.state {
                    *silent_since = now;
                }
                let index = self.count.next(captured);
                if let Some(since) = self.missed_since.take() {
                    let gone = seconds(captured - since);
                    packets.push(self.say(format!("the camera is back; no frames for {gone:.1} s")));
                }
                self.pause = self.patience.pause;
                self.last_frame = Some(captured);
                packets.push(Packet::Frame(Frame { stream: self.streams[0].id, index, captured, arrived, jpeg }));
            }
            Event::Failed(why) => {
                self.lose(format!("the camera is gone ({why}); trying to open it again"), packets);
            }
        }
    }

    /// The camera delivers no more: told once, then opened again after a pause.
    fn lose(&mut self, message: String, packets: &mut Vec<Packet>) {
        let now = self.clock.now();
        if self.missed_since.is_none() {
            self.missed_since = Some(self.last_frame.unwrap_or(now));
            packets.push(self.say(message));
        }
        if let State::Running(grab, _) | State::Opening(grab, _) =
            std::mem::replace(&mut self.state, State::Waiting(now + nanos(self.pause)))
            && !grab.is_over()
        {
            grab.abandon();
            self.blocked.push(grab);
        }
        self.pause = (2 * self.pause).min(self.patience.longest_pause);
    }

    /// The watchdog: silence, openings that take too long, and when to try again.
    fn watch(&mut self, packets: &mut Vec<Packet>) -> Result<(), AcquireError> {
        let now = self.clock.now();
        self.blocked.retain(|grab| !grab.is_over());
        match &self.state {
            State::Running(grab, since) => {
                let torn = grab.torn();
                if torn > self.torn && self.torn == 0 {
                    packets.push(self.say("the camera sends torn pictures; they are left out and counted as lost".into()));
                }
                self.torn = torn;
                if now - since > nanos(self.patience.stall) {
                    let silent = seconds(now - since);
                    self.lose(format!("no frame for {silent:.1} s: the camera has stalled; trying to open it again"), packets);
                }
            }
            State::Opening(_, since) if now - since > nanos(self.patience.open) => {
                self.lose("the camera does not answer; trying to open it again".into(), packets);
            }
            State::Waiting(at) if now >= *at => {
                if self.blocked.len() >= MOST_BLOCKED {
                    let device = self.streams[0].device.clone();
                    let message = "the driver no longer answers; unplug the camera, plug it in again, and connect anew".into();
                    return Err(AcquireError::Device { device, message });
                }
                self.blocked.iter().for_each(Grab::abandon);
                match Grab::spawn(self.opener.clone(), self.clock.clone(), self.quality) {
                    Ok(grab) => (self.state, self.torn) = (State::Opening(grab, now), 0),
                    Err(_) => self.state = State::Waiting(now + nanos(self.patience.longest_pause)),
                }
            }
            State::Ready(_) | State::Opening(..) | State::Waiting(_) | State::Stopped => {}
        }
        Ok(())
    }
}

impl Source for Camera {
    fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    fn start(&mut self) -> Result<(), AcquireError> {
        let now = self.clock.now();
        self.state = match std::mem::replace(&mut self.state, State::Stopped) {
            State::Ready(grab) => {
                grab.go();
                State::Running(grab, now)
            }
            State::Stopped => State::Waiting(now),
            running => running,
        };
        Ok(())
    }

    fn read(&mut self, wait: Duration) -> Result<Vec<Packet>, AcquireError> {
        let mut packets = Vec::new();
        let events = match &self.state {
            State::Running(grab, _) | State::Opening(grab, _) => grab.events.clone(),
            State::Ready(_) | State::Waiting(_) | State::Stopped => {
                if !wait.is_zero() && !self.clock.is_simulated() {
                    std::thread::sleep(wait.min(Duration::from_millis(20)));
                }
                self.watch(&mut packets)?;
                return Ok(packets);
            }
        };
        match events.recv_timeout(wait) {
            Ok(event) => {
                self.take(event, &mut packets);
                events.try_iter().for_each(|event| self.take(event, &mut packets));
            }
            Err(RecvTimeoutError::Timeout) => {}
            // The thread ended without a last word, because it was told to.
            Err(RecvTimeoutError::Disconnected) => self.lose("the camera's thread broke off".into(), &mut packets),
        }
        self.watch(&mut packets)?;
        Ok(packets)
    }

    fn stop(&mut self) {
        if let State::Ready(grab) | State::Running(grab, _) | State::Opening(grab, _) =
            std::mem::replace(&mut self.state, State::Stopped)
        {
            self.blocked.extend(grab.end());
        }
        self.missed_since = None;
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop();
    }
}

fn describe(name: &str, mode: Mode, rig: &CameraRig, first_stream: u16) -> StreamInfo {
    let Mode { width, height, fps, pixels } = mode;
    StreamInfo {
        id: StreamId(first_stream),
        name: "face".into(),
        kind: StreamKind::Face,
        device: format!("{name} (camera {}, {width} x {height} {} at {fps} Hz)", rig.device, pixels.name()),
        rate: f64::from(fps.max(1)),
        channels: Vec::new(),
        clock: "V4L2 driver's monotonic stamp, by way of the wall clock; arrival where it gives none".into(),
        latency_s: rig.latency_s,
        latency_origin: LatencyOrigin::default(),
        simulated: false,
    }
}

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

#[cfg(test)]
mod tests;
