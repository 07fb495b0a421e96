//! The devices of a rig: opened on a thread of their own, then the lab's.

use crate::lab::LabOptions;
use crate::lab::clocks::Clocks;
use crate::lab::core::{Lab, Setup};
use crate::lab::devices::Devices;
use crate::lab::errand::{Finish, Purpose};
use crate::lab::judge::Judge;
use crate::lab::live::Live;
use crate::present::{Playlist, player};
use crate::rig::Rig;
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
        self.clocks = Clocks::new(&streams);
        let troubles: Vec<String> = devices.trouble.iter().chain(&self.judge.trouble).cloned().collect();
        self.devices = devices;
        self.news(format!("connected: {}", setup.rig.name));
        troubles.into_iter().for_each(|t| self.news(t));
        said.into_iter().for_each(|s| self.news(s));
        self.setup = Some(setup);
        Ok(())
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
        self.override_reason = None;
    }
}

/// Everything that may take its time. Where there is no player for the playlist, the devices from before are kept.
fn open(rig: Rig, playlist: Playlist, mut before: Devices, options: &LabOptions) -> Finish {
    let chosen = player::choose(&rig.stimulus, &options.clock).map_err(|e| e.to_string());
    let chosen = chosen.and_then(|(player, said)| match playlist.check(player.shows()).as_slice() {
        [] => Ok((player, said)),
        [one] => Err(one.clone()),
        [first, rest @ ..] => Err(format!("{first} (and {} more)", rest.len())),
    });
    let (player, said) = match chosen {
        Ok(chosen) => chosen,
        Err(why) => {
            return Box::new(move |lab| {
                lab.devices = before;
                Err(why)
            });
        }
    };
    before.close();
    let devices = Devices::open(&rig, options);
    Box::new(move |lab| lab.connected(Setup { rig, playlist, player }, said, devices))
}
