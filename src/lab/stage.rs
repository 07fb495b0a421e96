//! Carries out what the protocol asks for: markers and trials to the recorder, stimuli to the player, cues to the
//! devices.

use crate::lab::core::{Lab, POST_ROLL};
use crate::present::{Input, Output, Phase, PlayerError, PlayerEvent};
use crate::signal::{Cue, Marker, MarkerKind};
use crate::store::rows::{Entry, SessionState};
use std::collections::VecDeque;

impl Lab {
    /// Gives the protocol one input and does everything that follows.
    ///
    /// # Errors
    /// The protocol's own sentence, where the input makes no sense now.
    pub(super) fn input(&mut self, input: Input) -> Result<(), String> {
        let mut inputs = VecDeque::from([input]);
        let mut refusal = Ok(());
        while let Some(input) = inputs.pop_front() {
            let now = self.options.clock.now();
            let Some(protocol) = &mut self.protocol else { return Err("no session is being recorded".into()) };
            for output in protocol.step(now, input) {
                match output {
                    Output::Refused(why) => refusal = Err(why),
                    output => inputs.extend(self.perform(output)),
                }
            }
        }
        refusal
    }

    /// Does one thing; returns what the protocol must hear about it.
    fn perform(&mut self, output: Output) -> Option<Input> {
        let now = self.options.clock.now();
        let failed = |e: PlayerError| Input::PlayerFailed { at: now, why: e.to_string() };
        match output {
            Output::Marker(marker) => self.mark(marker),
            Output::TrialBegun(trial) | Output::TrialUpdated(trial) => self.journal(|id| Entry::Trial(id, trial)),
            Output::Cue(kind) => self.devices.cue(&Cue { at: now, kind }),
            Output::Finished => {
                let aborted = self.protocol.as_ref().is_some_and(|p| p.phase() == Phase::Aborted);
                let state = if aborted { SessionState::Aborted } else { SessionState::Complete };
                if let Some(recording) = &mut self.recording {
                    recording.end_at(now + POST_ROLL, state);
                }
            }
            output => {
                let player = &mut self.setup.as_mut()?.player;
                match output {
                    Output::Prepare(stimulus) => return player.preload(&stimulus).err().map(failed),
                    Output::Play => return Some(player.play().map_or_else(failed, |at| Input::PlayerStarted { at })),
                    Output::PausePlayer => return player.pause().err().map(failed),
                    Output::ResumePlayer => return player.resume().err().map(failed),
                    _ => player.stop(),
                }
            }
        }
        None
    }

    fn mark(&mut self, marker: Marker) {
        let line = match marker.kind {
            MarkerKind::Trouble | MarkerKind::Abort | MarkerKind::Redo | MarkerKind::Skip | MarkerKind::Pause => {
                Some(format!("{}: {}", marker.kind.name(), marker.text))
            }
            _ => None,
        };
        let kind = marker.kind;
        self.journal_marker(marker);
        line.into_iter().for_each(|line| self.news(line));
        match kind {
            MarkerKind::VideoOn => self.judge.begin_trial(),
            MarkerKind::VideoOff => self.judge_trial(),
            _ => {}
        }
    }

    /// Notes the EEG quality of the video that has just ended.
    fn judge_trial(&mut self) {
        let Some(quality) = self.judge.end_trial() else { return };
        let Some(protocol) = &mut self.protocol else { return };
        let Some((number, attempt)) = protocol.trials().last().map(|t| (t.number, t.attempt)) else { return };
        if let Some(trial) = protocol.judge(number, attempt, quality).cloned() {
            self.journal(|id| Entry::Trial(id, trial));
        }
    }

    /// Hands on what the player reports by itself.
    pub(super) fn player_said(&mut self, event: PlayerEvent) {
        // Reports of a player are never refused.
        let _ = match event {
            PlayerEvent::Ended { at } => self.input(Input::PlayerEnded { at }),
            PlayerEvent::Failed { at, why } => self.input(Input::PlayerFailed { at, why }),
            PlayerEvent::Warning { text, .. } => {
                self.trouble(None, text);
                Ok(())
            }
        };
    }
}
