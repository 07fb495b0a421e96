//! `limbic redact SESSION`: takes the face video out of a stored session, or blurs it beyond recognition.

use crate::cli::{Common, progress, text};
use crate::prepare::mosaic::mosaic;
use crate::signal::{Clock, SystemClock};
use crate::store::{Home, How};
use anyhow::bail;

/// Remove or blur the faces of a stored session
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic redact P07/1 --blur\n\nThe old pictures cannot be brought back. Copies elsewhere (backups, exports) are not touched; see SECURITY.md."
)]
pub struct Args {
    #[arg(help = session_help!("Session: ", ""))]
    session: String,
    /// Keep every frame and its time, as a coarse mosaic
    #[arg(long, conflicts_with = "remove")]
    blur: bool,
    /// Remove all frames (what happens without --blur, too)
    #[arg(long)]
    remove: bool,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::open(&common.home)?;
    for notice in home.notices() {
        eprintln!("{notice}");
    }
    let session = home.find_session(&args.session)?;
    let how = if args.blur { How::Blur } else { How::Remove };
    let job = progress::job();
    let tell = |done, total| Ok::<(), anyhow::Error>(job.report_with("redact", done, total, "frames")?);
    let redacted = home.redact(session.id, how, SystemClock.utc(), &|jpeg| mosaic(jpeg).ok(), tell)?;
    progress::clear();
    if common.json {
        println!("{}", serde_json::to_string_pretty(&redacted)?);
    } else {
        let name = format!("{}/{} {}", session.participant, session.number, session.id);
        match how {
            _ if redacted.frames == 0 => println!("{name} holds no face video"),
            How::Remove => println!("{name}: {} frames removed", redacted.frames),
            How::Blur => {
                let gone = redacted.frames - redacted.kept;
                let also = if gone > 0 { format!(", {gone} that could not be decoded removed") } else { String::new() };
                println!("{name}: {} frames blurred{also}", redacted.kept);
            }
        }
        println!("{}", text::searched(&redacted.search));
        for model in &redacted.models {
            println!("! the model {model} was trained on these pictures and keeps traces of them; delete it or train it again");
        }
    }
    if !redacted.search.found_in.is_empty() {
        bail!("pieces of the old pictures are still in {}; delete what is not needed", redacted.search.found_in.join(", "));
    }
    Ok(())
}
