//! Everything that a screen may show, gathered into one value.

use crate::lab::Lab;
use crate::lab::job::RunningJob;
use crate::lab::message::{DeviceView, FaceView, Snapshot};
use crate::lab::recording::Recording;
use crate::present::{Phase, Protocol, ProtocolView};
use crate::signal::Rating;
use crate::store::free_bytes;

impl Lab {
    /// The state as of now. Cheap enough for ten a second.
    pub fn snapshot(&mut self) -> Snapshot {
        self.seq += 1;
        let now = self.options.clock.now();
        let report = self.judge.report();
        let quality = |label: &str| {
            let channels = report.iter().flat_map(|r| r.channels.iter().chain(&r.others));
            channels.into_iter().find(|c| c.label.eq_ignore_ascii_case(label)).map(|c| c.score)
        };
        let streams = self.live.streams(now, &|id| self.devices.dropped(id));
        let closed = self.closed.map(|(_, status)| status);
        let status = self.recording.as_ref().map(Recording::status).or(closed).unwrap_or_default();
        let recording = self.is_recording();
        let simulated = streams.iter().any(|s| s.simulated)
            || self.session.as_ref().is_some_and(|s| s.simulated)
            || self.review.as_ref().is_some_and(|r| r.session.simulated);
        let protocol = self.protocol.as_ref().map_or_else(|| self.waiting_view(), Protocol::view);
        let rating = if protocol.phase == Phase::Rating { self.answers() } else { Rating::default() };
        Snapshot {
            seq: self.seq,
            now,
            utc: self.options.clock.utc(),
            home: self.options.home.display().to_string(),
            simulated,
            catalogue: self.catalogue.clone(),
            participant: self.participant.clone(),
            consent: self.consent.clone(),
            session: self.session.clone(),
            devices: self.device_views(),
            device_trouble: self.devices.trouble.clone(),
            lost: self.lost(),
            traces: self.live.traces(now, &quality),
            heart: self.live.heart(),
            face: self.face(),
            streams,
            verdict: self.setup.is_some().then(|| self.judge.verdict()),
            quality: report,
            recording,
            recording_since: self.recording.as_ref().and_then(Recording::since),
            protocol,
            trials: self.protocol.as_ref().map(|p| p.trials().to_vec()).unwrap_or_default(),
            overridden: self.override_reason.clone(),
            rating,
            disk_free: free_bytes(&self.options.home).unwrap_or(0),
            disk_minutes: self.disk.minutes_left,
            stopped: self.disk.stopped.clone(),
            written: status.written,
            durable_at: status.durable_at,
            log: self.log.iter().cloned().collect(),
            job: self.job.as_ref().map(RunningJob::view),
            review: self.review.clone(),
            guided: self.guided(now),
            prediction: self.foresight.view(),
        }
    }

    /// The answers to the newest trial, as they stand.
    pub(super) fn answers(&self) -> Rating {
        self.protocol.as_ref().and_then(|p| p.trials().last()).map(|t| t.rating).unwrap_or_default()
    }

    fn device_views(&self) -> Vec<DeviceView> {
        let connecting = |rig: &str| DeviceView { name: rig.into(), state: "connecting".into(), detail: String::new() };
        self.connecting().map_or_else(|| self.devices.views(), |rig| vec![connecting(rig)])
    }

    /// While recording, what this recording lacks, and so until the next is prepared; before, what the devices have
    /// lost since they were connected.
    pub(super) fn lost(&self) -> u64 {
        let dropped = self.dropped();
        match self.recording.as_ref().filter(|r| r.is_running()) {
            Some(recording) => {
                recording.lost_since(self.live.lost())
                    + recording.status().dropped
                    + dropped.iter().map(|(id, n)| recording.dropped_since(*id, *n)).sum::<u64>()
            }
            None if self.closed.is_some() => self.closed.map_or(0, |(lost, _)| lost),
            None => self.live.lost() + dropped.iter().map(|(_, n)| n).sum::<u64>(),
        }
    }

    fn face(&self) -> Option<FaceView> {
        let consented = self.consent.as_ref().is_some_and(|c| c.face_stored);
        self.live.face(consented && self.is_recording())
    }

    /// Before a session has begun: what is going to be shown.
    fn waiting_view(&self) -> ProtocolView {
        let mut view = Protocol::new(Default::default(), Vec::new()).view();
        view.trials = self.setup.as_ref().map_or(0, |s| s.playlist.videos.len() as u32);
        view
    }
}
