//! `limbic import FILE`: an EDF or BDF file becomes an ordinary session.

use crate::cli::Common;
use crate::store::Home;
use crate::study;
use std::path::PathBuf;

/// Make a session of an EDF or BDF file
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic import recording.bdf --participant P11")]
pub struct Args {
    /// The file
    file: PathBuf,
    /// Code of the participant it belongs to
    #[arg(long, value_name = "CODE", default_value = "imported")]
    participant: String,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    // Read before the home is touched: a bad file creates nothing.
    let imported = crate::exchange::read(&args.file, crate::exchange::edf::ReadOptions::default())?;
    let home = Home::open(&common.home)?;
    let session =
        study::import(&home, &imported, &args.file, &args.participant, chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0))?;
    if common.json {
        println!("{}", serde_json::json!({ "session": session, "format": imported.format, "notes": imported.notes }));
        return Ok(());
    }
    println!("{} -> session {}/{} ({})", args.file.display(), session.participant, session.number, session.id);
    for note in &imported.notes {
        println!("! {note}");
    }
    Ok(())
}
