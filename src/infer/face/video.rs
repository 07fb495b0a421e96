//! Pictures out of files, one at a time and upright: JPEG by ourselves, limbic's own face video by itself, everything else through
//! ffmpeg, which is asked for uncompressed pictures (PPM) on a pipe.

use super::exif::{orientation, upright};
use super::{FaceError, Picture};
use crate::exchange::mkv;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// No line of a PPM header is longer.
const LONGEST_LINE: u64 = 64;
/// No picture is larger, bytes.
const LARGEST: usize = 3 * 8192 * 8192;

/// The frames of a photo or video.
pub struct Frames {
    path: PathBuf,
    fps: f64,
    source: From,
    given: usize,
    cut_off: bool,
}

enum From {
    Photo(Option<Picture>),
    Film(VecDeque<(i64, Vec<u8>)>),
    Ffmpeg(Child, BufReader<ChildStdout>),
}

impl Frames {
    /// Opens a photo (one frame) or a video, of which `fps` frames a second are given.
    ///
    /// # Errors
    /// No such file; no picture or video; ffmpeg is needed and not there.
    pub fn open(path: &Path, fps: f64) -> Result<Frames, FaceError> {
        let fps = if fps.is_finite() { fps.clamp(0.1, 1000.0) } else { 5.0 };
        let unreadable = |e: std::io::Error| FaceError::Read { path: path.into(), message: e.to_string() };
        let mut head = Vec::new();
        std::fs::File::open(path).map_err(unreadable)?.take(4).read_to_end(&mut head).map_err(unreadable)?;
        let mut cut_off = false;
        let is_jpeg = head.starts_with(&[0xFF, 0xD8, 0xFF]) || has_ending(path, &["jpg", "jpeg"]);
        let source = match (is_jpeg, mkv::read(path)) {
            (true, _) => {
                let bytes = std::fs::read(path).map_err(unreadable)?;
                let picture = Picture::from_jpeg(&bytes).map(|p| upright(p, orientation(&bytes)));
                From::Photo(Some(picture.map_err(|message| FaceError::NoPicture { path: path.into(), message })?))
            }
            (false, Ok(film)) => {
                cut_off = !film.clean;
                From::Film(thinned(film.frames, fps))
            }
            (false, Err(_)) => ffmpeg(path, fps)?,
        };
        Ok(Frames { path: path.into(), fps, source, given: 0, cut_off })
    }

    /// The next frame and its time, seconds since the first; `None` at the end.
    ///
    /// # Errors
    /// ffmpeg gave nothing at all, and why.
    pub fn next_frame(&mut self) -> Result<Option<(f64, Picture)>, FaceError> {
        loop {
            let next = match &mut self.source {
                From::Photo(picture) => picture.take().map(|p| (0.0, p)),
                From::Film(frames) => match frames.pop_front() {
                    // A frame that is damaged is left out; the next one follows.
                    Some((at, jpeg)) => match Picture::from_jpeg(&jpeg) {
                        Ok(picture) => Some((at as f64 / 1e9, picture)),
                        Err(_) => continue,
                    },
                    None => None,
                },
                From::Ffmpeg(child, pipe) => match ppm(pipe) {
                    Some(picture) => Some((self.given as f64 / self.fps, picture)),
                    None => {
                        let message = ended(child);
                        if let (Some(message), 0) = (&message, self.given) {
                            let (path, message) = (self.path.clone(), message.clone());
                            return Err(match has_ending(&path, &["png", "bmp", "gif", "webp", "tif", "tiff", "ppm"]) {
                                true => FaceError::NoPicture { path, message },
                                false => FaceError::NoVideo { path, message },
                            });
                        }
                        self.cut_off |= message.is_some();
                        None
                    }
                },
            };
            self.given += usize::from(next.is_some());
            return Ok(next);
        }
    }

    /// The file ended in the middle of something (known at the end).
    pub fn cut_off(&self) -> bool {
        self.cut_off
    }
}

impl Drop for From {
    fn drop(&mut self) {
        if let From::Ffmpeg(child, _) = self {
            // It may have ended already; either way nobody is left behind.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    endings.contains(&ending.as_str())
}

/// About `fps` frames a second of a film.
fn thinned(frames: Vec<(i64, Vec<u8>)>, fps: f64) -> VecDeque<(i64, Vec<u8>)> {
    let step = (1e9 / fps) as i64;
    let mut next = i64::MIN;
    let wanted = |frame: &(i64, Vec<u8>)| {
        let take = frame.0 >= next;
        if take {
            next = frame.0 + step - step / 10; // a tenth of slack for jitter
        }
        take
    };
    frames
        .into_iter()
        .filter({
            let mut wanted = wanted;
            move |f| wanted(f)
        })
        .collect()
}

fn ffmpeg(path: &Path, fps: f64) -> Result<From, FaceError> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(path);
    if !has_ending(path, &["png", "bmp", "gif", "webp", "tif", "tiff", "ppm"]) {
        command.args(["-vf", &format!("fps={fps}")]);
    }
    command.args(["-an", "-f", "image2pipe", "-c:v", "ppm", "-"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let none = |message: String| FaceError::NoFfmpeg { path: path.into(), message };
    let mut child = command.spawn().map_err(|e| none(e.to_string()))?;
    let pipe = child.stdout.take().ok_or_else(|| none("it has no output".into()))?;
    Ok(From::Ffmpeg(child, BufReader::with_capacity(1 << 20, pipe)))
}

/// What ffmpeg complained of, in a few words; `None` when all was well.
fn ended(child: &mut Child) -> Option<String> {
    let mut text = String::new();
    if let Some(mut pipe) = child.stderr.take() {
        // Its messages are only for people: what cannot be read of them is left out.
        let _ = pipe.read_to_string(&mut text);
    }
    let status = child.wait();
    let line = text.lines().map(str::trim).rfind(|l| !l.is_empty()).map(|l| l.trim_end_matches('.').to_string());
    match (status, line) {
        (Ok(status), None) if status.success() => None,
        (_, Some(line)) => Some(format!("ffmpeg: {line}")),
        (Ok(status), None) => Some(format!("ffmpeg ended with {status}")),
        (Err(e), None) => Some(e.to_string()),
    }
}

/// The next picture of a stream of binary PPM; `None` at its end.
fn ppm(pipe: &mut impl BufRead) -> Option<Picture> {
    let mut line = || {
        let mut text = String::new();
        pipe.by_ref().take(LONGEST_LINE).read_line(&mut text).ok()?;
        Some(text.trim().to_string())
    };
    if line()? != "P6" {
        return None;
    }
    let size = line()?;
    let (width, height) = size.split_once(' ')?;
    let (width, height): (usize, usize) = (width.parse().ok()?, height.parse().ok()?);
    let bytes = width.checked_mul(height)?.checked_mul(3).filter(|n| (1..=LARGEST).contains(n))?;
    if line()? != "255" {
        return None;
    }
    let mut rgb = vec![0; bytes];
    pipe.read_exact(&mut rgb).ok()?;
    Some(Picture { width, height, rgb })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_follow_each_other_on_the_pipe() {
        let mut bytes = b"P6\n2 1\n255\n".to_vec();
        bytes.extend([1, 2, 3, 4, 5, 6]);
        let mut stream: &[u8] = &[bytes.clone(), bytes[..13].to_vec()].concat();
        assert_eq!(ppm(&mut stream), Some(Picture { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] }));
        assert_eq!(ppm(&mut stream), None, "cut off");
    }

    #[test]
    fn five_of_thirty_frames_a_second() {
        let frames: Vec<(i64, Vec<u8>)> = (0..30).map(|i| (i * 33_333_333, vec![])).collect();
        let times: Vec<i64> = thinned(frames, 5.0).iter().map(|f| f.0 / 33_333_333).collect();
        assert_eq!(times, [0, 6, 12, 18, 24]);
    }
}
