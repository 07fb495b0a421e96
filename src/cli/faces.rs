//! `limbic faces FILE...`: where the faces are in photos and videos, and what they express.

mod crops;

use crate::cli::{Common, files, progress, text};
use crate::infer::face::look::Models;
use crate::infer::face::sheet::Sheet;
use crate::infer::face::{Looked, Looker, Picture, Seen};
use crate::infer::runtime::Runtime;
use std::path::{Path, PathBuf};

/// Pictures of one video on the contact sheet.
const MOST_TILES: usize = 24;

/// Faces and expressions in photos and videos
///
/// The expression network of `limbic setup --models` was trained on posed pictures and is not calibrated on your
/// participants: its answers are a first guess, not a measurement.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic faces portrait.jpg interview.mp4 --sheet faces.jpg")]
pub struct Args {
    /// JPEG or PNG pictures, folders of them, and videos (ffmpeg reads what is not limbic's own)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A face detector of your own (ONNX: YOLOv8, BlazeFace, CenterFace, YuNet)
    #[arg(long, value_name = "FILE")]
    detector: Option<PathBuf>,
    /// An expression network of your own (ONNX)
    #[arg(long, value_name = "FILE")]
    expression: Option<PathBuf>,
    /// Only where the faces are
    #[arg(long, conflicts_with = "expression")]
    boxes_only: bool,
    /// Frames a second of a video that are looked at
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    rate: f64,
    /// Seconds that one line of a video's table stands for
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    every: f64,
    /// Write a contact sheet here (JPEG)
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// Write the participant's faces here, cut out (112 x 112), in the folders that the pictures lie in: train/happy/*.jpg
    #[arg(long, value_name = "DIR")]
    crops: Option<PathBuf>,
}

/// Prints a table a file, or with `json` a list of {path, detector, expression, runtime, classes, cut_off, most_faces,
/// frames: [{time, faces: [{bounds, score, landmarks}], participant, crowded, expression}]}.
///
/// # Errors
/// The first file that cannot be read, or a model that is not there or fails.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    anyhow::ensure!(args.rate > 0.0 && args.every > 0.0, "--rate and --every must be above 0");
    args.sheet.iter().try_for_each(|sheet| files::ends_with(sheet, &["jpg", "jpeg"]))?;
    let runtime = Runtime::find(common.lib_dir.as_deref());
    let models =
        Models { detector: args.detector.clone(), expression: args.expression.clone(), without_expression: args.boxes_only };
    let looker = Looker::open(&runtime, &models)?;
    let mut sheet = Sheet::new(&looker.classes());
    let mut values = Vec::new();
    let (mut cut, mut frames) = (0, 0);
    for item in crops::expand(&args.files)? {
        let (path, mut tiles, mut number, mut fault) = (&item.path, Vec::new(), 0, None);
        let looked = looker.look_at(path, args.rate, &progress::job(), |picture, seen| {
            keep(&mut tiles, args, picture, seen);
            if let Some(out) = &args.crops {
                match crops::write(out, &item, number, picture, seen) {
                    Ok(written) => cut += usize::from(written),
                    Err(e) => fault = Some(e),
                }
            }
            number += 1;
        });
        progress::clear();
        let looked = looked?;
        fault.map_or(Ok(()), Err)?;
        frames += number;
        for (picture, seen) in &tiles {
            sheet.add(picture, seen, &caption(path, seen));
        }
        match common.json {
            true => values.push(json(path, &looker, &runtime, &looked)),
            false => print!("{}", table(path, &looked, args.every)),
        }
    }
    if let Some(out) = &args.sheet {
        let jpeg = sheet.picture().to_jpeg(90).map_err(anyhow::Error::msg)?;
        files::write(out, jpeg)?;
    }
    if common.json {
        println!("{}", serde_json::to_string_pretty(&values)?);
    } else {
        let network = looker.expression.as_ref().map(|e| format!(", {} (uncalibrated)", e.name())).unwrap_or_default();
        if let Some(out) = &args.crops {
            println!("{cut} faces of {frames} pictures cut out into {}", out.display());
        }
        println!("{}{network} on {}", looker.detector.kind(), runtime.version().unwrap_or("no runtime"));
    }
    Ok(())
}

/// Keeps what goes onto the sheet: at most [`MOST_TILES`] pictures a file, one every `--every` seconds to begin with.
fn keep(tiles: &mut Vec<(Picture, Seen)>, args: &Args, picture: &Picture, seen: &Seen) {
    if args.sheet.is_none() {
        return;
    }
    let due = tiles.last().is_none_or(|(_, last)| seen.time - last.time >= args.every - 1e-6);
    if due && tiles.len() < MOST_TILES {
        tiles.push((
            picture.resized(picture.width.min(640), picture.height * picture.width.min(640) / picture.width),
            scaled(picture, seen),
        ));
    }
}

/// The boxes in the pixels of a picture that is at most 640 wide.
fn scaled(picture: &Picture, seen: &Seen) -> Seen {
    let ratio = picture.width.min(640) as f32 / picture.width as f32;
    Seen { faces: seen.faces.iter().map(|f| f.clone().moved(0.0, 0.0, ratio)).collect(), ..seen.clone() }
}

fn caption(path: &Path, seen: &Seen) -> String {
    let name: String = path.file_stem().map(|n| n.to_string_lossy().chars().take(16).collect()).unwrap_or_default();
    format!("{name} {:.1} s {} faces", seen.time, seen.faces.len())
}

fn json(path: &Path, looker: &Looker, runtime: &Runtime, looked: &Looked) -> serde_json::Value {
    serde_json::json!({
        "path": path,
        "detector": looker.detector.kind(),
        "expression": looker.expression.as_ref().map(|e| e.name()),
        "runtime": runtime.version(),
        "classes": looked.classes,
        "cut_off": looked.cut_off,
        "most_faces": looked.most_faces(),
        "frames": looked.frames,
    })
}

fn table(path: &Path, looked: &Looked, every: f64) -> String {
    let mut out = format!("{}: ", path.display());
    out += &match looked.frames.len() {
        1 => format!("{} faces\n", looked.most_faces()),
        n => {
            // Where no expression is read, a face is all that can be said of a frame.
            let (what, share) = match looked.classes.is_empty() {
                true => ("a face", looked.frames.iter().filter(|f| !f.faces.is_empty()).count() as f64 / n.max(1) as f64),
                false => ("readable", looked.usable_share()),
            };
            format!("{n} frames looked at, at most {} faces, {what} in {:.0} %\n", looked.most_faces(), 100.0 * share)
        }
    };
    if looked.cut_off {
        out += "  the file ends in the middle of something; what came before was looked at\n";
    }
    if looked.classes.is_empty() || looked.most_faces() == 0 {
        return out + &boxes(looked);
    }
    let mut headings = vec!["from s"];
    headings.extend(looked.classes.iter().map(String::as_str));
    headings.push("says");
    let last = looked.frames.last().map_or(0.0, |f| f.time);
    let rows: Vec<Vec<String>> =
        (0..).map(|k| f64::from(k) * every).take_while(|from| *from <= last).map(|from| row(looked, from, every)).collect();
    out + &boxes(looked) + &text::table(&headings, &rows)
}

fn row(looked: &Looked, from: f64, every: f64) -> Vec<String> {
    let mut row = vec![format!("{from:.1}")];
    match looked.answer(from, from + every) {
        Some(p) => {
            row.extend(p.iter().map(|p| format!("{p:.2}")));
            let best = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap_or(0);
            row.push(looked.classes[best].clone());
        }
        None => {
            row.extend(looked.classes.iter().map(|_| "-".to_string()));
            row.push("face missing".into());
        }
    }
    row
}

/// The boxes of a photo, a line each.
fn boxes(looked: &Looked) -> String {
    let [seen] = &looked.frames[..] else { return String::new() };
    let line = |(i, f): (usize, &crate::infer::face::Face)| {
        let [left, top, right, bottom] = f.bounds;
        let who = if seen.participant == Some(i) { ", the participant" } else { "" };
        format!("  {left:.0},{top:.0} to {right:.0},{bottom:.0}, score {:.2}{who}\n", f.score)
    };
    seen.faces.iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::face::Face;

    #[test]
    fn where_no_expression_is_read_nothing_is_called_readable() {
        let face = Face { bounds: [1.0, 2.0, 30.0, 40.0], score: 0.9, landmarks: Vec::new() };
        let seen = |time: f64, faces: &[Face], expression: Option<Vec<f64>>| Seen {
            time,
            faces: faces.to_vec(),
            participant: (!faces.is_empty()).then_some(0),
            crowded: false,
            expression: expression.clone(),
        };
        let with = std::slice::from_ref(&face);
        let bare = Looked { classes: Vec::new(), frames: vec![seen(0.0, with, None), seen(0.2, &[], None)], cut_off: false };
        let said = table(Path::new("film.mkv"), &bare, 3.0);
        assert!(said.contains("a face in 50 %") && !said.contains("readable"), "{said}");
        let frames = vec![seen(0.0, with, Some(vec![1.0])), seen(0.2, with, None)];
        let read = Looked { classes: vec!["calm".into()], frames, cut_off: false };
        assert!(table(Path::new("film.mkv"), &read, 3.0).contains("readable in 50 %"));
    }
}
