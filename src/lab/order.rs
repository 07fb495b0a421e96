//! The playlist before the session begins: its order, its files, how long it takes; and everything about the guided
//! session that a snapshot carries.

use crate::lab::Lab;
use crate::lab::core::Setup;
use crate::lab::guided::{Guided, PlaylistEntry, PlaylistView};
use crate::present::{Phase, Stimulus, order};
use crate::rig::Rig;
use crate::signal::Nanos;
use std::path::Path;

/// In which order the playlist is shown.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Order {
    /// As the rig says.
    #[default]
    OfTheRig,
    Listed,
    Shuffled(u64),
}

impl Lab {
    /// The seed of the order; None: as listed.
    pub(super) fn order_seed(&self, setup: &Setup) -> Option<u64> {
        let begun = self.session.as_ref().filter(|_| self.resumed.is_some());
        if let Some((session, rig)) = begun.and_then(|s| Some((s, Rig::parse(&s.rig, Path::new("the session's rig")).ok()?))) {
            return rig.protocol.shuffle.then_some(session.order_seed);
        }
        let protocol = &setup.rig.protocol;
        match setup.order {
            Order::Shuffled(seed) => Some(seed),
            Order::OfTheRig if protocol.shuffle => {
                let own = || self.session.as_ref().map(|s| order::own_seed(&s.participant, s.number));
                protocol.order_seed.or_else(own).or(Some(1))
            }
            Order::OfTheRig | Order::Listed => None,
        }
    }

    /// Why the playlist of the connected rig cannot be shown whole.
    ///
    /// # Errors
    /// The first video that is missing or unreadable, and how many more there are.
    pub fn showable(&self) -> Result<(), String> {
        self.setup.as_ref().map_or(Ok(()), Setup::showable)
    }
}

impl Setup {
    /// The playlist's indices in the order of showing.
    fn indices(&self, seed: Option<u64>) -> Vec<usize> {
        let videos = &self.playlist.videos;
        seed.map_or_else(|| (0..videos.len()).collect(), |seed| order::shuffled(videos, seed))
    }

    /// What is going to be shown, in order.
    pub fn stimuli(&self, seed: Option<u64>) -> Vec<Stimulus> {
        self.indices(seed).into_iter().map(|i| self.playlist.videos[i].clone()).collect()
    }

    /// Refuses a playlist that cannot be shown whole, in one sentence. Files whose contents were checked before are
    /// only looked for again.
    pub fn showable(&self) -> Result<(), String> {
        let shows = self.player.shows();
        let trouble = |(video, known): (&Stimulus, &Option<String>)| match known {
            Some(_) => video.problem(shows),
            None => Stimulus { sha256: None, ..video.clone() }.problem(shows),
        };
        let troubles: Vec<String> = self.playlist.videos.iter().zip(&self.troubles).filter_map(trouble).collect();
        match troubles.as_slice() {
            [] => Ok(()),
            [one] => Err(one.clone()),
            [first, rest @ ..] => Err(format!("{first} (and {} more)", rest.len())),
        }
    }

    fn view(&self, seed: Option<u64>, no_room: Option<String>) -> PlaylistView {
        let protocol = &self.rig.protocol;
        let entry = |i: usize| {
            let video = &self.playlist.videos[i];
            let file = video.file.as_ref().and_then(|f| f.file_name()).map(|f| f.to_string_lossy().into_owned());
            let trouble = self.troubles.get(i).cloned().flatten();
            PlaylistEntry { name: video.name.clone(), intended: video.intended, length_s: video.length_s, file, trouble }
        };
        let entries: Vec<PlaylistEntry> = self.indices(seed).into_iter().map(entry).collect();
        let around_s = protocol.fixation_s + protocol.rest_s;
        let baseline_s = protocol.baseline_open_s + protocol.baseline_closed_s;
        let total_s = baseline_s + entries.iter().map(|e| e.length_s + around_s).sum::<f64>();
        PlaylistView {
            name: self.playlist.name.clone(),
            file: self.rig.stimulus.playlist.clone(),
            seed,
            entries,
            around_s,
            baseline_s,
            total_s,
            player: self.player.name(),
            shows: self.player.shows(),
            no_room,
        }
    }
}

impl Lab {
    /// Another order, as long as nothing was shown.
    pub(super) fn order(&mut self, seed: Option<u64>) -> Result<(), String> {
        self.while_idle()?;
        if self.resumed.is_some() {
            return Err("an interrupted session goes on in the order that it was begun with".into());
        }
        let Some(setup) = &mut self.setup else { return Err("no rig is connected, so that there is no playlist yet".into()) };
        setup.order = seed.map_or(Order::Listed, Order::Shuffled);
        Ok(())
    }

    /// Looks at all files again, checksums included.
    pub(super) fn check_playlist(&mut self) -> Result<(), String> {
        self.while_idle()?;
        let Some(setup) = &mut self.setup else { return Err("no rig is connected, so that there is no playlist yet".into()) };
        let shows = setup.player.shows();
        setup.troubles = setup.playlist.videos.iter().map(|v| v.problem(shows)).collect();
        setup.showable()
    }

    /// A picture of the camera now and then, or no longer.
    pub(super) fn preview(&mut self, on: bool) -> Result<(), String> {
        if on {
            if !self.live.has_camera() {
                return Err("the rig has no camera that could be previewed".into());
            }
            if !self.consent.as_ref().is_some_and(|c| c.face_stored) {
                return Err("there is no consent to face video, so that no picture is shown; the figures tell the framing".into());
            }
            if self.picture_runs() {
                return Err("no preview while a video runs; ask again in the rest".into());
            }
        }
        self.live.preview(on);
        Ok(())
    }

    /// The participant is being shown something.
    pub(super) fn picture_runs(&self) -> bool {
        self.protocol.as_ref().is_some_and(|p| matches!(p.phase(), Phase::Fixation | Phase::Video))
    }

    /// Everything about the guided session that a screen may show.
    pub(super) fn guided(&mut self, now: Nanos) -> Guided {
        let consent = self.consent.as_ref().is_some_and(|c| c.face_stored);
        if self.picture_runs() || !consent {
            self.live.preview(false);
        }
        Guided {
            rig: self.setup.as_ref().map(|s| s.rig.name.clone()).unwrap_or_default(),
            electrodes: self.electrodes(now),
            test: self.tested(now),
            camera: self.live.camera(),
            playlist: self.setup.as_ref().map(|setup| setup.view(self.order_seed(setup), self.no_room())),
            segments: self.labels.segments(),
            held: self.held(now),
            labelling: self.labels.open.clone(),
            drafts: self.drafts.all(),
            bands: self.live.bands(),
        }
    }
}
