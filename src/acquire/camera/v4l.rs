//! The cameras of this machine, through nokhwa (Video4Linux2). No other file names nokhwa.

use super::driver::{Driver, Mode, Opener, Pixels, Shot};
use crate::rig::{CameraChoice, CameraFormat, CameraRig};
use crate::signal::Nanos;
use nokhwa::utils::{
    ApiBackend, CameraFormat as Offer, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};
use std::path::Path;

/// What limbic can make JPEGs of, best first.
const KNOWN: [(FrameFormat, Pixels); 3] =
    [(FrameFormat::MJPEG, Pixels::Mjpeg), (FrameFormat::YUYV, Pixels::Yuyv), (FrameFormat::NV12, Pixels::Nv12)];

/// The cameras that are plugged in, as (number of /dev/videoN, name). A camera may show up more than once: some of its
/// devices carry no images.
pub(super) fn list() -> Vec<(u32, String)> {
    let found = nokhwa::query(ApiBackend::Video4Linux).unwrap_or_default();
    let mut cameras: Vec<(u32, String)> =
        found.iter().filter_map(|info| Some((info.index().as_index().ok()?, info.human_name()))).collect();
    cameras.sort();
    cameras
}

/// Opens one camera of the rig.
pub(super) struct Plugged(pub CameraRig);

impl Opener for Plugged {
    fn open(&self) -> Result<Box<dyn Driver>, String> {
        let index = CameraIndex::Index(number_of(&self.0.device)?);
        let formats: Vec<FrameFormat> = wanted(self.0.format).map(|(format, _)| format).collect();
        let any = RequestedFormat::with_formats(RequestedFormatType::None, &formats);
        let mut camera = nokhwa::Camera::new(index, any).map_err(|e| advise(&e.to_string()))?;
        let offers = camera.compatible_camera_formats().map_err(|e| e.to_string())?;
        let (offer, pixels) = choose(&offers, &self.0)?;
        let exact = RequestedFormatType::Exact(offer);
        camera.set_camera_requset(RequestedFormat::with_formats(exact, &[offer.format()])).map_err(|e| e.to_string())?;
        camera.open_stream().map_err(|e| advise(&e.to_string()))?;
        let taken = camera.camera_format();
        let mode = Mode { width: taken.width(), height: taken.height(), fps: taken.frame_rate(), pixels };
        Ok(Box::new(Open { camera, mode }))
    }
}

struct Open {
    camera: nokhwa::Camera,
    mode: Mode,
}

impl Driver for Open {
    fn name(&self) -> String {
        self.camera.info().human_name()
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn next(&mut self) -> Result<Shot, String> {
        let buffer = self.camera.frame().map_err(|e| e.to_string())?;
        let wall = buffer.capture_timestamp().and_then(|t| Nanos::try_from(t.as_nanos()).ok());
        Ok(Shot { bytes: buffer.buffer().to_vec(), wall })
    }
}

/// N of /dev/videoN, through whatever links lead there.
fn number_of(choice: &CameraChoice) -> Result<u32, String> {
    let path = match choice {
        CameraChoice::Number(n) => return Ok(*n),
        CameraChoice::Path(path) => Path::new(path),
    };
    let target = path.canonicalize().map_err(|e| format!("{}: {e}; {}", path.display(), there()))?;
    let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let number = name.strip_prefix("video").and_then(|n| n.parse().ok());
    number.ok_or_else(|| format!("{} leads to {}, which is no camera; {}", path.display(), target.display(), there()))
}

/// Which cameras there are, as the end of a sentence.
fn there() -> String {
    match &list()[..] {
        [] => "no camera is plugged in".into(),
        some => format!("cameras here: {}", some.iter().map(|(n, name)| format!("{n} ({name})")).collect::<Vec<_>>().join(", ")),
    }
}

/// The driver's words with what can be done about it.
fn advise(words: &str) -> String {
    let way_out = if words.contains("No such file") {
        there()
    } else if words.contains("Permission denied") {
        "join the group of the camera: sudo usermod -aG video $USER, then log in again".into()
    } else if words.contains("busy") {
        "another program uses the camera; end that first".into()
    } else {
        return words.into();
    };
    format!("{words}; {way_out}")
}

fn wanted(format: CameraFormat) -> impl Iterator<Item = (FrameFormat, Pixels)> {
    let only = match format {
        CameraFormat::Auto => None,
        CameraFormat::Mjpeg => Some(Pixels::Mjpeg),
        CameraFormat::Yuyv => Some(Pixels::Yuyv),
        CameraFormat::Nv12 => Some(Pixels::Nv12),
    };
    KNOWN.into_iter().filter(move |(_, pixels)| only.is_none_or(|only| *pixels == only))
}

/// The offer that the rig wants: its size exactly, its format or the best one, the nearest rate.
fn choose(offers: &[Offer], rig: &CameraRig) -> Result<(Offer, Pixels), String> {
    for (format, pixels) in wanted(rig.format) {
        let size = Resolution::new(rig.width, rig.height);
        let fitting = offers.iter().filter(|o| o.format() == format && o.resolution() == size);
        if let Some(best) = fitting.min_by_key(|o| (o.frame_rate().abs_diff(rig.fps), u32::MAX - o.frame_rate())) {
            return Ok((*best, pixels));
        }
    }
    let mut sizes: Vec<(u32, u32, &str)> = offers
        .iter()
        .filter_map(|o| wanted(rig.format).find(|(f, _)| *f == o.format()).map(|(_, p)| (o.width(), o.height(), p.name())))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    let offered = match &sizes[..] {
        [] => "no size in a format that limbic knows".into(),
        some => some.iter().map(|(w, h, f)| format!("{w} x {h} {f}")).collect::<Vec<_>>().join(", "),
    };
    Err(format!("it does not offer {} x {}; it offers {offered}", rig.width, rig.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(width: u32, height: u32, format: FrameFormat, fps: u32) -> Offer {
        Offer::new_from(width, height, format, fps)
    }

    #[test]
    fn the_size_is_exact_the_format_preferred_and_the_rate_the_nearest() {
        let offers = [
            offer(640, 480, FrameFormat::YUYV, 30),
            offer(640, 480, FrameFormat::MJPEG, 15),
            offer(640, 480, FrameFormat::MJPEG, 60),
            offer(640, 480, FrameFormat::MJPEG, 25),
            offer(1280, 720, FrameFormat::MJPEG, 30),
            offer(320, 240, FrameFormat::GRAY, 30),
        ];
        let rig = CameraRig::default();
        assert_eq!(choose(&offers, &rig), Ok((offers[3], Pixels::Mjpeg)));
        let yuyv = CameraRig { format: CameraFormat::Yuyv, ..rig.clone() };
        assert_eq!(choose(&offers, &yuyv), Ok((offers[0], Pixels::Yuyv)));
        let large = CameraRig { width: 1920, height: 1080, ..rig.clone() };
        let said = choose(&offers, &large).expect_err("not offered");
        assert_eq!(said, "it does not offer 1920 x 1080; it offers 640 x 480 MJPEG, 640 x 480 YUYV, 1280 x 720 MJPEG");
        let nv12 = CameraRig { format: CameraFormat::Nv12, ..rig };
        assert!(choose(&offers, &nv12).expect_err("not offered").contains("no size in a format"));
    }

    #[test]
    fn a_path_leads_to_a_number_or_to_a_sentence() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::write(folder.path().join("video7"), b"").expect("file");
        std::os::unix::fs::symlink("video7", folder.path().join("by-id")).expect("link");
        let at = |name: &str| number_of(&CameraChoice::Path(folder.path().join(name).display().to_string()));
        assert_eq!(at("by-id"), Ok(7));
        assert!(at("gone").expect_err("none").contains("gone"));
        std::fs::write(folder.path().join("tty3"), b"").expect("file");
        assert!(at("tty3").expect_err("none").contains("no camera"));
        assert!(advise("V4L2 Error: Permission denied (os error 13)").contains("usermod"));
    }
}
