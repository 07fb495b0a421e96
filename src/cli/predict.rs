//! `limbic predict SESSION`: a stored EEG model (and the face model trained with it) answers for every trial.

use crate::cli::{Common, progress, text};
use crate::store::Home;
use crate::study;

/// Predictions of a stored model for a session
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic predict P08/1 --model eeg-20261121-140210")]
pub struct Args {
    #[arg(help = session_help!("Session: ", ""))]
    session: String,
    /// EEG model; the newest when absent
    #[arg(long)]
    model: Option<String>,
    /// A model file (ONNX with limbic's card) instead of a stored model
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    file: Option<std::path::PathBuf>,
    /// InceptionV3 without its top (ONNX), for models of inception-map; default: the one of `limbic setup --models`
    #[arg(long, value_name = "FILE")]
    inception: Option<std::path::PathBuf>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let places = study::inception::Places { model: args.inception.clone(), library_dir: common.lib_dir.clone() };
    study::inception::look_in(places);
    let home = Home::open(&common.home)?;
    let session = home.find_session(&args.session)?;
    let wanted = study::Wanted { model: args.model.clone(), file: args.file.clone(), library_dir: common.lib_dir.clone() };
    let rows = study::predict(&home, session.id, &wanted, &progress::job());
    progress::clear();
    let rows = rows?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let model = rows.first().map(|row| row.model.as_str());
    let review = match &args.file {
        Some(file) => study::review_of_file(&home, session.id, model, file)?,
        None => study::review_of(&home, session.id, model)?,
    };
    print!("{}", text::review(&review));
    if let Some(row) = rows.first() {
        let face = row.parts.face_from.as_ref().map(|by| format!("; face: {by}")).unwrap_or_default();
        println!("answered by {} on {}{face}", row.model, row.runtime);
    }
    Ok(())
}
