//! One run of the simulated rig: body, camera and faults, advanced sample by sample up to a moment.
//!
//! Every random number is drawn per sample, per frame or per trial, never per call, so that the packets depend on
//! the seed and the cues alone and not on when somebody looks.

use super::brain::Brain;
use super::effects::Expression;
use super::face::Face;
use super::heart::Heart;
use super::response::Response;
use super::scenario::Faults;
use super::{CHANNELS, PACKET_S};
use crate::acquire::Packet;
use crate::signal::{Chunk, Cue, Frame, Montage, Nanos, Seed, StreamId, to_nanos};

/// The feeling is looked at every so many samples.
const FEEL_EVERY: u64 = 8;

/// What one run needs to know.
pub(super) struct Plan {
    pub seed: u64,
    pub rate: f64,
    pub face_fps: f64,
    pub table: StreamId,
    pub face: StreamId,
    pub start: Nanos,
}

/// The samples of the packet that is being filled.
struct Filling {
    first: u64,
    lost: u64,
    rows: Vec<f32>,
    last_arrival: Nanos,
}

pub(super) struct Engine {
    plan: Plan,
    response: Response,
    brain: Brain,
    heart: Heart,
    camera: Face,
    expression: Expression,
    eyes_closed: f64,
    faults: Faults,
    /// Samples a packet.
    packet: u64,
    sample: u64,
    frame: u64,
    filling: Filling,
    disconnected: bool,
    /// Packets made with their time of arrival.
    made: Vec<(Nanos, Packet)>,
}

/// EEG, ECG, PPG.
const WIDTH: usize = CHANNELS + 2;

impl Engine {
    pub fn new(plan: Plan, montage: &Montage, faults: Faults) -> Self {
        let seed = Seed::new(plan.seed);
        Engine {
            response: Response::new(plan.seed, montage.clone()),
            brain: Brain::new(&seed, plan.rate, montage, faults.sources()),
            heart: Heart::new(&seed, plan.rate),
            camera: Face::new(&seed),
            expression: Expression::default(),
            eyes_closed: 0.0,
            faults,
            packet: ((plan.rate * PACKET_S).round() as u64).max(1),
            sample: 0,
            frame: 0,
            filling: Filling { first: 0, lost: 0, rows: Vec::new(), last_arrival: plan.start },
            disconnected: false,
            made: Vec::new(),
            plan,
        }
    }

    pub fn cue(&mut self, cue: &Cue) {
        self.response.cue(cue);
    }

    /// R peaks so far, on the clock.
    pub fn beats(&self) -> Vec<Nanos> {
        self.heart.truth().iter().map(|t| self.plan.start + to_nanos(*t)).collect()
    }

    /// Everything that has arrived by `now` and was not handed over before, in order of arrival.
    pub fn due(&mut self, now: Nanos) -> Vec<Packet> {
        while self.time_of(self.sample) <= now {
            self.step();
        }
        self.made.sort_by_key(|(arrived, _)| *arrived); // stable: equal times keep the order in which they were made
        let ready = self.made.partition_point(|(arrived, _)| *arrived <= now);
        self.made.drain(..ready).map(|(_, packet)| packet).collect()
    }

    fn seconds_of(&self, sample: u64) -> f64 {
        sample as f64 / self.plan.rate
    }

    fn time_of(&self, sample: u64) -> Nanos {
        self.plan.start + to_nanos(self.seconds_of(sample))
    }

    /// Makes one sample of the table, after the frames that come before it.
    fn step(&mut self) {
        let t = self.seconds_of(self.sample);
        while self.plan.face_fps > 0.0 && self.frame as f64 / self.plan.face_fps <= t {
            self.shoot();
        }
        if self.sample.is_multiple_of(FEEL_EVERY) {
            let now = self.time_of(self.sample);
            if let Some(feeling) = self.response.at(now) {
                self.brain.feel(feeling);
                self.heart.feel(feeling);
                self.expression = feeling.face;
                self.eyes_closed = feeling.eyes_closed;
            }
        }
        let mut row = [0f32; WIDTH];
        self.brain.next(&mut row);
        (row[CHANNELS], row[CHANNELS + 1]) = self.heart.next(t);
        self.faults.alter(t, &mut row);
        super::convert(&mut row);
        self.watch_the_cable(t);
        self.deliver(t, &row);
        self.sample += 1;
    }

    /// One frame of the camera; it is drawn even when it is lost, so that a stall changes no later frame.
    fn shoot(&mut self) {
        let t = self.frame as f64 / self.plan.face_fps;
        let jpeg = self.camera.next(&self.expression, self.brain.lid().max(self.eyes_closed));
        if !self.faults.blind(t) {
            let captured = self.plan.start + to_nanos(t);
            let frame = Frame { stream: self.plan.face, index: self.frame, captured, arrived: captured, jpeg };
            self.made.push((captured, Packet::Frame(frame)));
        }
        self.frame += 1;
    }

    fn watch_the_cable(&mut self, t: f64) {
        let disconnected = self.faults.disconnected(t);
        if disconnected != self.disconnected {
            self.disconnected = disconnected;
            let message = if disconnected {
                "simulator: the scenario disconnected the device; nothing arrives"
            } else {
                "simulator: the device is back; the gap is counted as lost"
            };
            let trouble = Packet::Trouble { stream: self.plan.table, message: message.into() };
            self.made.push((self.time_of(self.sample), trouble));
        }
    }

    /// Puts a sample into its packet, or counts it as lost.
    fn deliver(&mut self, t: f64, row: &[f32]) {
        if self.faults.loses(t, self.sample / self.packet) {
            self.send();
            self.filling.lost += 1;
            return;
        }
        if self.filling.rows.is_empty() {
            self.filling.first = self.sample;
            self.filling.rows.reserve(self.packet as usize * WIDTH);
        }
        self.filling.rows.extend_from_slice(row);
        if (self.sample + 1).is_multiple_of(self.packet) {
            self.send();
        }
    }

    /// Sends the packet that is being filled, if it holds anything; it arrives with its last sample unless it is late.
    fn send(&mut self) {
        if self.filling.rows.is_empty() {
            return;
        }
        let rows = std::mem::take(&mut self.filling.rows);
        let last = self.filling.first + (rows.len() / WIDTH) as u64 - 1;
        let late = to_nanos(self.faults.delay(self.seconds_of(last)));
        let arrived = (self.time_of(last) + late).max(self.filling.last_arrival);
        self.filling.last_arrival = arrived;
        let chunk = Chunk {
            stream: self.plan.table,
            first_index: self.filling.first,
            lost_before: std::mem::take(&mut self.filling.lost),
            arrived,
            device_time: Some(self.time_of(self.filling.first)),
            channels: WIDTH,
            rows,
        };
        self.made.push((arrived, Packet::Samples(chunk)));
    }
}
