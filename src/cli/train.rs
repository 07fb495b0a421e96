//! `limbic train`: networks on recorded sessions, evaluated by trial, with predictions and an explanation.

use crate::cli::{Common, device, numbers, progress, text};
use crate::store::Home;
use crate::study::face_network::FaceNetwork;
use crate::study::{self, Features, Plan, StudyError, Windows, inception, pictures};

/// Train on recorded sessions and evaluate by trial
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic train P07/1 P07/2 --target reported\n         limbic train --faces RAF-DB --backbone mobilenet-v2"
)]
pub struct Args {
    #[arg(help = session_help!("Sessions, each: ", "; all usable ones when absent"))]
    sessions: Vec<String>,
    /// A face network from a folder of pictures instead of sessions: train/CLASS/*.jpg (and test/CLASS), as RAF-DB and FER
    /// are laid out, or what `limbic faces --crops` wrote
    #[arg(long, value_name = "DIR", conflicts_with = "sessions")]
    faces: Option<std::path::PathBuf>,
    /// What the label is: intended, reported, valence, arousal
    #[arg(long, default_value = "intended")]
    target: String,
    /// What is learnt from: psd, bhi-lf-to-b, bhi-hf-to-b, bhi-b-to-lf, bhi-b-to-hf, spectrogram, spectrogram-map,
    /// samples (for eeg-itnet), courses (for sst-emotionnet), inception-map (for seed-b-head)
    #[arg(long, default_value = "psd")]
    features: String,
    /// Network of the EEG (seed-a-cnn, seed-b-head, eeg-itnet, sst-emotionnet); the features' own when absent
    #[arg(long)]
    network: Option<String>,
    /// Network of the faces (face-small, patt-lite): small grey crops for face-small, which is taken when absent
    #[arg(long, value_name = "NETWORK")]
    face_network: Option<String>,
    /// What patt-lite stands on: scratch (layers trained with it), or one of the frozen networks of `limbic setup --models`:
    /// mobilenet-v2, efficientnet-lite0
    #[arg(long, value_name = "BACKBONE")]
    backbone: Option<String>,
    /// Which windows of a clip: all, or labelled (only the seconds marked as felt; see limbic label)
    #[arg(long, default_value = "all")]
    windows: String,
    /// Folds of the evaluation
    #[arg(long, default_value_t = 4, value_parser = numbers::folds)]
    folds: usize,
    /// Width of the dense layer; the published one when absent (512 for seed-a-cnn), less is faster
    #[arg(long, value_parser = numbers::some::<usize>)]
    hidden: Option<usize>,
    /// Most epochs per fold
    #[arg(long, default_value_t = 50, value_parser = numbers::some::<usize>)]
    epochs: usize,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// InceptionV3 without its top (ONNX), for inception-map; default: the one of `limbic setup --models`
    #[arg(long, value_name = "FILE")]
    inception: Option<std::path::PathBuf>,
    /// Where networks compute: auto, cpu or gpu
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let features = Features::named(&args.features)?;
    // With pictures there is but one network to name.
    let (eeg, face) = match &args.faces {
        Some(_) => (None, args.face_network.as_deref().or(args.network.as_deref())),
        None => (args.network.clone(), args.face_network.as_deref()),
    };
    let face = FaceNetwork::named(face, args.backbone.as_deref())?;
    let name = eeg.as_deref().unwrap_or(features.network());
    let network = crate::train::architecture(name).ok_or_else(|| StudyError::NoNetwork(name.into()))?;
    let device = device::chosen(&args.device)?;
    inception::look_in(inception::Places { model: args.inception.clone(), library_dir: common.lib_dir.clone() });
    let home = Home::open(&common.home)?;
    let sessions = args.sessions.iter().map(|s| home.find_session(s).map(|s| s.id)).collect::<Result<Vec<_>, _>>()?;
    let plan = Plan {
        sessions,
        target: study::target_named(&args.target)?,
        features,
        network: eeg.clone(),
        face,
        windows: Windows::named(&args.windows)?,
        folds: args.folds,
        hidden: args.hidden.unwrap_or(network.hidden),
        epochs: args.epochs,
        seed: args.seed,
        device,
        created_utc: chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0),
        library_dir: common.lib_dir.clone(),
        ..Plan::default()
    };
    let outcome = match &args.faces {
        Some(tree) => pictures::train(&home, &plan, tree, &progress::job(), &mut |_| {}),
        None => study::run(&home, &plan, &progress::job(), &mut |_| {}),
    };
    progress::clear();
    let outcome = outcome?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&outcome)?);
        return Ok(());
    }
    println!("{}", outcome.summary);
    for review in outcome.sessions.iter().take(1).map(|s| study::review(&home, *s)) {
        print!("\n{}", text::review(&review?));
    }
    if let Some(explanation) = &outcome.explanation {
        print!("\n{}", text::quality_test(explanation));
    }
    Ok(())
}
