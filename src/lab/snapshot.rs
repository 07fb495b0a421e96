//! Everything that a screen may show, gathered into one value.

use crate::lab::Lab;
use crate::lab::job::RunningJob;
use crate::lab::message::{DeviceView, FaceView, Snapshot, StoredStream};
use crate::lab::recording::Recording;
use crate::present::{Phase, Protocol, ProtocolView};
use crate::signal::Rating;
use crate::store::free_bytes;
use crate::store::rows::Trial;

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
        let closed = self.closed.as_ref();
        let status = self.recording.as_ref().map(Recording::status).or(closed.map(|c| c.status.clone())).unwrap_or_default();
        let recorded = self.recording.as_ref().map(|r| r.recorded(now)).or(closed.map(|c| c.recorded)).unwrap_or(0);
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
            lost: self.lost(&status.streams),
            traces: self.live.traces(now, &quality),
            heart: self.live.heart(),
            face: self.face(&status.streams),
            streams,
            verdict: self.setup.is_some().then(|| self.judge.verdict()),
            quality: report,
            recording,
            recorded,
            goes_on: self.resumed.as_ref().filter(|_| !recording).map(|r| r.next),
            protocol,
            trials: self.trials().to_vec(),
            overridden: self.override_reason.clone(),
            rating,
            disk_free: free_bytes(&self.options.home).unwrap_or(0),
            disk_minutes: self.disk.minutes_left,
            stopped: self.disk.stopped.clone(),
            written: status.written,
            durable_at: status.durable_at,
            stored: status.streams,
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

    /// Every attempt of the session, those before an interruption too.
    fn trials(&self) -> &[Trial] {
        let before = self.resumed.as_ref().map(|r| r.trials.as_slice()).unwrap_or_default();
        self.protocol.as_ref().map_or(before, Protocol::trials)
    }

    fn device_views(&self) -> Vec<DeviceView> {
        let connecting = |rig: &str| DeviceView { name: rig.into(), state: "connecting".into(), detail: String::new() };
        self.connecting().map_or_else(|| self.devices.views(), |rig| vec![connecting(rig)])
    }

    /// What the session lacks, as far as one was recorded; before, what the devices have lost since they were connected.
    fn lost(&self, stored: &[StoredStream]) -> u64 {
        let dropped = self.dropped();
        let missing = stored.iter().map(|s| s.missing).sum::<u64>();
        match &self.recording {
            Some(recording) if recording.is_running() => {
                missing + dropped.iter().map(|(id, n)| recording.dropped_since(*id, *n)).sum::<u64>()
            }
            None if self.closed.is_some() => missing,
            _ => self.live.lost() + dropped.iter().map(|(_, n)| n).sum::<u64>(),
        }
    }

    /// The camera; while it is stored with the session's own counters, as the device counts from its connection on.
    fn face(&self, stored: &[StoredStream]) -> Option<FaceView> {
        let consented = self.consent.as_ref().is_some_and(|c| c.face_stored);
        let view = self.live.face(consented && self.is_recording())?;
        let id = self.live.first_camera();
        let on_disk = stored.iter().find(|s| Some(s.id) == id).filter(|_| view.stored);
        Some(on_disk.map_or(view.clone(), |s| FaceView { frames: s.written, missed: s.missing, ..view }))
    }

    /// Before a session has begun: what is going to be shown.
    fn waiting_view(&self) -> ProtocolView {
        let mut view = Protocol::new(Default::default(), Vec::new()).view();
        view.trials = self.setup.as_ref().map_or(0, |s| s.playlist.videos.len() as u32);
        view
    }
}
