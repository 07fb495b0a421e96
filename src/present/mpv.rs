//! mpv as a child process, driven over its JSON IPC: a stimulus is loaded paused and released at its onset.
//!
//! Onset is when mpv answers to `pause=no`, plus the display latency that the lab measured once: loading directly
//! starts anywhere within 150 ms, releasing a preloaded file jitters by less than 5 ms. mpv gets no standard
//! streams and its own process group, so that it never touches our terminal nor hears its Ctrl-C.

mod process;

use crate::present::{Player, PlayerError, PlayerEvent, Stimulus};
use crate::rig::StimulusRig;
use crate::signal::{Nanos, SharedClock, to_nanos};
use crossbeam_channel::RecvTimeoutError;
use process::{ANSWER_TRIES, PATIENCE, Process};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// A file may differ from the playlist's length by so much without a word, s.
const LENGTH_SLACK: f64 = 0.5;

/// A running mpv.
pub struct Mpv {
    args: Vec<String>,
    display_latency: Nanos,
    clock: SharedClock,
    process: Option<Process>,
    loaded: Option<Loaded>,
    events: VecDeque<PlayerEvent>,
}

/// What was last given to it.
struct Loaded {
    stimulus: Stimulus,
    /// mpv's own number of the file: events of earlier files carry another.
    entry: i64,
    /// The first frame waits.
    ready: bool,
    broken: Option<String>,
}

impl Mpv {
    /// Starts mpv with the rig's arguments.
    ///
    /// # Errors
    /// It is not installed, ends at once or opens no socket.
    pub fn start(rig: &StimulusRig, clock: SharedClock) -> Result<Mpv, PlayerError> {
        // With no output chosen, fill the screen that the participant looks at.
        let args = if rig.mpv_args.is_empty() { vec!["--fs".into()] } else { rig.mpv_args.clone() };
        let process = Process::start(&args, &clock)?;
        let display_latency = to_nanos(rig.display_latency_s);
        Ok(Mpv { args, display_latency, clock, process: Some(process), loaded: None, events: VecDeque::new() })
    }

    /// mpv is on the PATH.
    pub fn installed() -> bool {
        let executable = |p: PathBuf| p.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
        std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| executable(dir.join("mpv"))))
    }

    fn ask(&mut self, command: Value) -> Result<(Nanos, Value), PlayerError> {
        let answer = match &mut self.process {
            Some(process) => process.ask(command),
            None => Err(PlayerError::Gone("it has ended".into())),
        };
        if matches!(answer, Err(PlayerError::Gone(_))) {
            self.process = None;
        }
        answer
    }

    /// Takes in what mpv said by itself. `wait` for the first line.
    fn listen(&mut self, wait: Duration) {
        let Some(process) = &mut self.process else { return };
        match process.lines.recv_timeout(wait) {
            Ok(line) => process.said.push_back(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if process.said.is_empty() => return self.gone(),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        process.said.extend(process.lines.try_iter());
        while let Some((at, line)) = self.process.as_mut().and_then(|p| p.said.pop_front()) {
            self.take_in(at, &line);
        }
    }

    fn gone(&mut self) {
        self.process = None;
        if self.loaded.take().is_some() {
            self.events.push_back(PlayerEvent::Failed { at: self.clock.now(), why: "mpv ended by itself".into() });
        }
    }

    fn take_in(&mut self, at: Nanos, line: &Value) {
        let Some(loaded) = &mut self.loaded else { return };
        match line["event"].as_str() {
            Some("file-loaded") => self.compare_length(at),
            Some("playback-restart") => loaded.ready = true,
            Some("end-file") if line["playlist_entry_id"].as_i64() == Some(loaded.entry) => {
                let playing = loaded.ready && loaded.broken.is_none();
                match line["reason"].as_str() {
                    Some("eof") if playing => {
                        self.loaded = None;
                        self.events.push_back(PlayerEvent::Ended { at: at + self.display_latency });
                    }
                    reason => {
                        let why = line["file_error"].as_str().or(reason).unwrap_or("no reason given").to_string();
                        let name = loaded.stimulus.name.clone();
                        loaded.broken = Some(why.clone());
                        let why = PlayerError::Unplayable { name, why }.to_string();
                        self.events.push_back(PlayerEvent::Failed { at, why });
                    }
                }
            }
            _ => {}
        }
    }

    fn compare_length(&mut self, at: Nanos) {
        let Ok((_, answer)) = self.ask(json!(["get_property", "duration"])) else { return };
        let (Some(found), Some(loaded)) = (answer["data"].as_f64(), &self.loaded) else { return };
        let stated = loaded.stimulus.length_s;
        if (found - stated).abs() > LENGTH_SLACK {
            let text = format!(
                "video \"{}\" is {found:.1} s long, not {stated:.1} s; mend length_s in the playlist",
                loaded.stimulus.name
            );
            self.events.push_back(PlayerEvent::Warning { at, text });
        }
    }
}

impl Player for Mpv {
    fn name(&self) -> String {
        "mpv".into()
    }

    fn shows(&self) -> bool {
        true
    }

    fn preload(&mut self, stimulus: &Stimulus) -> Result<(), PlayerError> {
        (self.loaded, self.events) = (None, VecDeque::new());
        let Some(file) = &stimulus.file else { return Err(PlayerError::NoFile { name: stimulus.name.clone() }) };
        if !file.is_file() {
            let why = format!("there is no file {}", file.display());
            return Err(PlayerError::Unplayable { name: stimulus.name.clone(), why });
        }
        if self.process.is_none() {
            self.process = Some(Process::start(&self.args, &self.clock)?);
        }
        self.ask(json!(["set_property", "pause", true]))?;
        let (_, answer) = self.ask(json!(["loadfile", file.to_string_lossy(), "replace"]))?;
        let entry = answer["data"]["playlist_entry_id"].as_i64().unwrap_or_default();
        self.loaded = Some(Loaded { stimulus: stimulus.clone(), entry, ready: false, broken: None });
        Ok(())
    }

    fn play(&mut self) -> Result<Nanos, PlayerError> {
        for _ in 0..ANSWER_TRIES {
            self.listen(Duration::ZERO);
            match &self.loaded {
                None => return Err(PlayerError::NothingLoaded),
                Some(Loaded { broken: Some(why), stimulus, .. }) => {
                    let error = PlayerError::Unplayable { name: stimulus.name.clone(), why: why.clone() };
                    (self.loaded, self.events) = (None, VecDeque::new());
                    return Err(error);
                }
                Some(loaded) if loaded.ready => {
                    let (answered, _) = self.ask(json!(["set_property", "pause", false]))?;
                    return Ok(answered + self.display_latency);
                }
                Some(_) => self.listen(PATIENCE),
            }
        }
        Err(PlayerError::Gone("the video is not ready".into()))
    }

    fn pause(&mut self) -> Result<(), PlayerError> {
        self.ask(json!(["set_property", "pause", true])).map(|_| ())
    }

    fn resume(&mut self) -> Result<(), PlayerError> {
        self.ask(json!(["set_property", "pause", false])).map(|_| ())
    }

    fn stop(&mut self) {
        (self.loaded, self.events) = (None, VecDeque::new());
        // Where it does not answer it is gone already, which is what was wanted.
        let _ = self.ask(json!(["stop"]));
    }

    fn poll(&mut self) -> Option<PlayerEvent> {
        self.listen(Duration::ZERO);
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Clock, Emotion, SystemClock, seconds};
    use std::process::{Command, Stdio};
    use std::sync::Arc;

    fn stimulus(file: PathBuf, length_s: f64) -> Stimulus {
        let name = "test".into();
        Stimulus { name, file: Some(file), intended: Emotion::Calm, length_s, sha256: None, source: String::new() }
    }

    fn started() -> Option<Mpv> {
        if !Mpv::installed() {
            eprintln!("skipped: mpv is not installed");
            return None;
        }
        let mpv_args = vec!["--vo=null".into(), "--ao=null".into()];
        let rig = StimulusRig { mpv_args, ..StimulusRig::default() };
        Some(Mpv::start(&rig, Arc::new(SystemClock)).expect("mpv starts"))
    }

    fn until_event(mpv: &mut Mpv) -> PlayerEvent {
        for _ in 0..500 {
            if let Some(event) = mpv.poll() {
                return event;
            }
            SystemClock.wait(Duration::from_millis(10));
        }
        panic!("no event within five seconds");
    }

    #[test]
    fn a_video_is_preloaded_released_held_and_ends() {
        let Some(mut mpv) = started() else { return };
        let dir = tempfile::tempdir().expect("temporary folder");
        let file = dir.path().join("two seconds.mkv");
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", "testsrc=duration=2:size=64x48:rate=25", "-c:v", "mjpeg"])
            .arg(&file)
            .stdin(Stdio::null())
            .status();
        if !made.is_ok_and(|s| s.success()) {
            eprintln!("skipped: ffmpeg is not here to make a video");
            return;
        }
        mpv.preload(&stimulus(file, 5.0)).expect("loads");
        SystemClock.wait(Duration::from_millis(300));
        let before = SystemClock.now();
        let onset = mpv.play().expect("plays");
        assert!((before..before + 300_000_000).contains(&onset), "{}", seconds(onset - before));
        assert!(matches!(until_event(&mut mpv), PlayerEvent::Warning { text, .. } if text.contains("2.0 s long, not 5.0 s")));
        mpv.pause().expect("holds");
        SystemClock.wait(Duration::from_millis(1000));
        mpv.resume().expect("goes on");
        let PlayerEvent::Ended { at } = until_event(&mut mpv) else { panic!("it did not end") };
        assert!((2.8..4.5).contains(&seconds(at - onset)), "{}", seconds(at - onset));
        assert!(matches!(mpv.play(), Err(PlayerError::NothingLoaded)));
    }

    #[test]
    fn a_file_that_is_no_video_and_a_dead_mpv_are_said() {
        let Some(mut mpv) = started() else { return };
        let dir = tempfile::tempdir().expect("temporary folder");
        let file = dir.path().join("words.mp4");
        std::fs::write(&file, "no video").expect("written");
        let missing = mpv.preload(&stimulus(dir.path().join("absent.mp4"), 1.0)).expect_err("absent").to_string();
        assert!(missing.contains("absent.mp4"), "{missing}");
        mpv.preload(&stimulus(file.clone(), 1.0)).expect("mpv takes any file");
        assert!(matches!(mpv.play(), Err(PlayerError::Unplayable { .. })));
        mpv.preload(&stimulus(file.clone(), 1.0)).expect("mpv takes any file");
        if let Some(process) = &mut mpv.process {
            process.child.kill().expect("killed");
        }
        assert!(matches!(until_event(&mut mpv), PlayerEvent::Failed { .. }));
        mpv.preload(&stimulus(file, 1.0)).expect("it is started again");
    }
}
