//! The devices of a rig: opened on a thread of their own, then the lab's.

use crate::lab::LabOptions;
use crate::lab::clocks::Clocks;
use crate::lab::core::{Lab, Setup};
use crate::lab::devices::Devices;
use crate::lab::errand::{Finish, Purpose};
use crate::lab::foresee::{Foresight, LiveModels};
use crate::lab::judge::Judge;
use crate::lab::live::Live;
use crate::lab::order::Order;
use crate::present::{Playlist, player};
use crate::rig::Rig;
use crate::signal::StreamInfo;
use crate::study::newest_models;
use std::path::PathBuf;

impl Lab {
    pub(super) fn connect(&mut self, id: u64, path: Option<PathBuf>) -> Result<(), String> {
        self.while_idle()?;
        let rig = match &path {
            Some(path) => Rig::load(path).map_err(|e| e.to_string())?,
            None => Rig::simulated(7),
        };
        let playlist = match &rig.stimulus.playlist {
            Some(path) => Playlist::load(path).map_err(|e| e.to_string())?,
            None => self.options.playlist.clone(),
        };
        let (before, options) = (std::mem::take(&mut self.devices), self.options.clone());
        let purpose = Purpose::Connect { rig: rig.name.clone() };
        self.send_out(id, purpose, move || open(rig, playlist, before, &options))
    }

    /// The devices are open: from here on they are the lab's.
    fn connected(&mut self, mut setup: Setup, said: Option<String>, devices: Devices) -> Result<(), String> {
        self.release();
        if devices.is_empty() {
            let why = devices.trouble.join("; ");
            self.devices.trouble = devices.trouble;
            setup.player.stop();
            return Err(why);
        }
        let streams = devices.streams();
        self.live = Live::new(&streams);
        self.judge = Judge::new(&streams, &setup.rig);
        self.foresight = self.foreseen(&streams, &setup.rig);
        self.clocks = Clocks::new(&streams);
        let troubles: Vec<String> = devices.trouble.iter().chain(&self.judge.trouble).cloned().collect();
        self.devices = devices;
        self.news(format!("connected: {}", setup.rig.name));
        troubles.into_iter().for_each(|t| self.news(t));
        said.into_iter().for_each(|s| self.news(s));
        let unshowable = setup.troubles.iter().filter(|t| t.is_some()).count();
        self.setup = Some(setup);
        self.keep_order();
        if unshowable > 0 {
            self.news(format!("{unshowable} videos of the playlist cannot be shown; the playlist screen says why"));
        }
        self.begin_test();
        self.recall_marks();
        Ok(())
    }

    /// Predicts while recording, where the rig asks for it and the home has a model of the EEG.
    fn foreseen(&mut self, streams: &[StreamInfo], rig: &Rig) -> Foresight {
        if !rig.live.predict {
            return Foresight::default();
        }
        match newest_models(&self.home) {
            Ok((eeg, face)) => {
                let models = LiveModels { eeg, face, library_dir: self.options.library_dir.clone() };
                Foresight::new(streams, rig.live.epoch_s, models)
            }
            Err(e) => {
                self.news(format!("no live prediction: {e}"));
                Foresight::default()
            }
        }
    }

    pub(super) fn disconnect(&mut self) -> Result<(), String> {
        self.while_idle()?;
        self.release();
        Ok(())
    }

    pub(super) fn release(&mut self) {
        self.devices.close();
        (self.live, self.judge, self.setup) = (Live::default(), Judge::default(), None);
        self.clocks = Clocks::default();
        self.foresight = Foresight::default();
        self.override_reason = None;
        self.test = Default::default();
    }
}

/// Everything that may take its time. Where there is no player for the playlist, the devices from before are kept.
fn open(rig: Rig, playlist: Playlist, mut before: Devices, options: &LabOptions) -> Finish {
    let (player, said) = match player::choose(&rig.stimulus, &options.clock) {
        Ok(chosen) => chosen,
        Err(why) => {
            return Box::new(move |lab| {
                lab.devices = before;
                Err(why.to_string())
            });
        }
    };
    let troubles: Vec<Option<String>> = playlist.videos.iter().map(|v| v.problem(player.shows())).collect();
    before.close();
    let devices = Devices::open(&rig, options);
    Box::new(move |lab| lab.connected(Setup { rig, playlist, player, order: Order::default(), troubles }, said, devices))
}
