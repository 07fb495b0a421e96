//! Reads what is to be replayed: a file of the field, or a stored session.

use super::Recorded;
use crate::acquire::AcquireError;
use crate::exchange::{self, ReadOptions, mkv};
use crate::signal::{Frame, LatencyOrigin, SECOND, StreamId, StreamInfo, StreamKind};
use crate::store::Home;
use std::path::Path;

/// Reads a recording: a file of samples, a film of frames, or the folder of a session.
///
/// # Errors
/// No such path, a kind of file that cannot be replayed, a damaged one.
pub fn load(path: &Path) -> Result<Recorded, AcquireError> {
    let wrong = |message: String| AcquireError::Replay { path: path.into(), message };
    if !path.exists() {
        return Err(wrong("there is no such file or folder".into()));
    }
    if path.is_dir() {
        return session(path).map_err(wrong);
    }
    let is_film = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("mkv"));
    if is_film { film(path) } else { file(path) }.map_err(|e| wrong(e.to_string()))
}

/// The face video of a film that limbic wrote; its rate is that of most pairs of frames.
fn film(path: &Path) -> Result<Recorded, exchange::ExchangeError> {
    let film = mkv::read(path)?;
    let mut steps: Vec<i64> = film.frames.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|step| *step > 0).collect();
    steps.sort_unstable();
    let step = steps.get(steps.len() / 2).copied().unwrap_or(SECOND / 30);
    let info = StreamInfo {
        id: StreamId(0),
        name: "face".into(),
        kind: StreamKind::Face,
        device: format!("{} in {}", film.title, path.display()),
        rate: (SECOND as f64 / step as f64 * 100.0).round() / 100.0,
        channels: Vec::new(),
        clock: "the film's stamps, 1 us".into(),
        latency_s: 0.0,
        latency_origin: LatencyOrigin::default(),
        simulated: film.title.starts_with("SIMULATED"),
    };
    let mut index = 0;
    let mut last = None::<i64>;
    let mut frames = Vec::with_capacity(film.frames.len());
    for (captured, jpeg) in film.frames {
        // A pause of more than a frame and a half stands for frames that are not there.
        index += last.map_or(0, |last| ((captured - last) as f64 / step as f64).round().max(1.0) as u64);
        last = Some(captured);
        frames.push(Frame { stream: info.id, index, captured, arrived: captured, jpeg });
    }
    Ok(Recorded { streams: vec![info], data: vec![Vec::new()], starts: vec![0], frames })
}

fn file(path: &Path) -> Result<Recorded, exchange::ExchangeError> {
    let imported = exchange::read(path, ReadOptions::default())?;
    let mut recorded = Recorded::default();
    for (number, stream) in imported.streams.into_iter().enumerate() {
        let mut info = stream.info;
        info.id = StreamId(number as u16);
        info.device = format!("replay of {}", path.display());
        recorded.streams.push(info);
        recorded.starts.push(crate::signal::to_nanos(stream.start_s));
        recorded.data.push(stream.data);
    }
    Ok(recorded)
}

/// The folder of a session inside its home.
fn session(path: &Path) -> Result<Recorded, String> {
    let path = path.canonicalize().map_err(|e| e.to_string())?;
    let no_session = || "this folder is no session; give the folder of one session inside a home".to_string();
    let (home, name) = path.parent().zip(path.file_name()).ok_or_else(no_session)?;
    let home = Home::view(home).map_err(|e| e.to_string())?;
    let session = home.find_session(&name.to_string_lossy()).map_err(|_| no_session())?;
    let recording = home.recording(session.id).map_err(|e| e.to_string())?;
    let mut recorded = Recorded::default();
    for row in &recording.streams {
        let mut info = row.info.clone();
        info.device = format!("replay of {} ({})", session.id, info.device);
        if info.kind == StreamKind::Face {
            let frames = recording.frames(info.id, i64::MIN, i64::MAX).map_err(|e| e.to_string())?;
            recorded.starts.push(frames.first().map_or(0, |f| f.captured));
            recorded.frames.extend(frames);
            recorded.data.push(Vec::new());
        } else {
            let block = recording.whole(info.id).map_err(|e| e.to_string())?;
            recorded.starts.push(block.start);
            recorded.data.push(block.data);
        }
        recorded.streams.push(info);
    }
    recorded.frames.sort_by_key(|f| f.captured);
    Ok(recorded)
}
