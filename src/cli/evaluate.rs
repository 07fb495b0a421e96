//! `limbic evaluate --protocol grouped-kfold,loso --target valence,arousal`: what a network scores, honestly.

use crate::cli::{Common, device, numbers, progress, text};
use crate::job::Job;
use crate::prepare::dataset::Target;
use crate::store::Home;
use crate::study::evaluate::{EvaluationPlan, Modality, prepare};
use crate::study::face_network::FaceNetwork;
use crate::study::shards::Shards;
use crate::study::slurm::{SlurmOptions, run_on_slurm};
use crate::study::{self, Features, StudyError, inception};
use crate::train::Architecture;
use crate::train::evaluate::Evaluation;
use crate::train::fit::FitOptions;
use crate::train::protocol::{NAMES, Protocol};
use anyhow::{Context, bail};
use std::path::PathBuf;

/// Evaluate a network on recorded sessions by one or several protocols
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic evaluate --protocol grouped-kfold,loso --target valence,arousal\n         \
limbic evaluate --features psd,bhi-hf-to-b --network seed-a-cnn --protocol loto,loso --target valence,arousal")]
pub struct Args {
    #[arg(help = session_help!("Sessions, each: ", "; all usable ones when absent"))]
    sessions: Vec<String>,
    /// grouped-kfold, loto, loso, loso-ft, lovo; and the papers' own, which leak: kfold-windows, loso-ft-windows
    #[arg(long, value_delimiter = ',', default_value = "grouped-kfold")]
    protocol: Vec<String>,
    /// intended, reported, valence, arousal (low/high at 4.5), valence9, arousal9 (nine levels)
    #[arg(long, value_delimiter = ',', default_value = "intended")]
    target: Vec<String>,
    /// Which signal
    #[arg(long, value_enum, default_value = "eeg")]
    modality: ModalityChoice,
    /// What is learnt from the EEG: psd, bhi-lf-to-b, bhi-hf-to-b, bhi-b-to-lf, bhi-b-to-hf, spectrogram, spectrogram-map,
    /// samples (for eeg-itnet), courses (for sst-emotionnet), inception-map (for seed-b-head) [default: psd]
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// seed-a-cnn, seed-b-head, eeg-itnet, sst-emotionnet, patt-lite, face-small; the features' own when absent
    #[arg(long, value_delimiter = ',')]
    network: Vec<String>,
    /// What patt-lite stands on (--modality face): scratch (layers trained with it), or one of the frozen networks of
    /// `limbic setup --models`: mobilenet-v2, efficientnet-lite0
    #[arg(long, value_name = "BACKBONE")]
    backbone: Option<String>,
    /// Folds of the k-fold protocols
    #[arg(long, default_value_t = 10, value_parser = numbers::folds)]
    folds: usize,
    /// Width of the dense layer; the published one when absent (512 for seed-a-cnn), less is faster
    #[arg(long, value_parser = numbers::some::<usize>)]
    hidden: Option<usize>,
    /// Most epochs of a run
    #[arg(long, default_value_t = 50, value_parser = numbers::some::<u32>)]
    epochs: u32,
    /// Examples in a batch
    #[arg(long, default_value_t = 64, value_parser = numbers::some::<usize>)]
    batch: usize,
    /// Learning rate of Adam [default: 0.001; for inception-map 0.0001]
    #[arg(long, value_parser = numbers::above_zero, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Stop a run after so many epochs without a better validation loss [default: 5; for inception-map 10]
    #[arg(long)]
    patience: Option<u32>,
    /// Weigh classes by the inverse of their frequency
    #[arg(long)]
    class_weights: bool,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// InceptionV3 without its top (ONNX), for inception-map; default: the one of `limbic setup --models`
    #[arg(long, value_name = "FILE")]
    inception: Option<std::path::PathBuf>,
    /// Where networks compute: auto, cpu or gpu
    #[arg(long, default_value = "auto")]
    device: String,
    /// Runs at the same time; one per core when absent
    #[arg(long, value_parser = numbers::some::<usize>)]
    jobs: Option<usize>,
    /// Where to run: here when absent
    #[arg(long, value_enum)]
    cluster: Option<ClusterChoice>,
    /// An option for the cluster's submission, e.g. --cluster-option=--partition=long; may be repeated
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    cluster_option: Vec<String>,
    /// One run of a prepared folder (what the tasks of a cluster job call)
    #[arg(long, hide = true, requires = "shard")]
    folder: Option<PathBuf>,
    #[arg(long, hide = true, requires = "folder")]
    shard: Option<usize>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ModalityChoice {
    Eeg,
    Face,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ClusterChoice {
    Slurm,
}

/// Runs what is missing of every protocol and target, and prints the tables.
///
/// # Errors
/// An unknown protocol, target or network; data that a protocol does not allow; a run that failed.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if let (Some(folder), Some(shard)) = (&args.folder, args.shard) {
        return Ok(Shards::open(folder)?.run(shard, &Job::silent())?);
    }
    let device = device::chosen(&args.device)?;
    // The process opens one, for whatever needs it first.
    crate::infer::runtime::Runtime::find(common.lib_dir.as_deref());
    inception::look_in(inception::Places { model: args.inception.clone(), library_dir: common.lib_dir.clone() });
    let home = Home::view(&common.home)?;
    let job = progress::job();
    let mut all = Vec::new();
    for mut plan in plans(args, &home)? {
        plan.fit.device = device;
        let some = evaluations(args, &home, &plan, &job);
        progress::clear();
        all.extend(some?);
    }
    if common.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    print!("{}", text::evaluation::tables(&all));
    Ok(())
}

fn evaluations(args: &Args, home: &Home, plan: &EvaluationPlan, job: &Job) -> anyhow::Result<Vec<Evaluation>> {
    if args.cluster.is_none() {
        return Ok(study::evaluate::evaluate(home, plan, job)?);
    }
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let options = SlurmOptions { program, cores: args.jobs.unwrap_or(1), extra: args.cluster_option.clone() };
    let mut all = Vec::new();
    for shards in prepare(home, plan, job)? {
        let answers = run_on_slurm(&shards, &options, job)?;
        all.push(shards.summary(&answers));
    }
    Ok(all)
}

/// Every network on all the features that it takes; the features' own networks where none is named.
fn plans(args: &Args, home: &Home) -> anyhow::Result<Vec<EvaluationPlan>> {
    let modalities: Vec<(Modality, String, &str)> = match args.modality {
        ModalityChoice::Eeg if args.backbone.is_some() => bail!("--backbone is for faces; add --modality face"),
        ModalityChoice::Eeg => {
            let named = args.features.iter().map(|name| Features::named(name));
            let mut all = named.collect::<Result<Vec<_>, _>>()?;
            if all.is_empty() {
                all.push(Features::default());
            }
            all.into_iter().map(|f| (Modality::Eeg(f), f.name(), f.network())).collect()
        }
        ModalityChoice::Face if !args.features.is_empty() => {
            bail!("--features is for the EEG; leave it out, or leave out --modality face")
        }
        ModalityChoice::Face => {
            let backbone = args.backbone.as_deref();
            let own = FaceNetwork::named(args.network.first().map(String::as_str), backbone)?;
            args.network.iter().try_for_each(|n| FaceNetwork::named(Some(n), backbone).map(|_| ()))?;
            vec![(Modality::Face(own.stands), own.kind().into(), own.name)]
        }
    };
    let known = |name: &str| crate::train::architecture(name).ok_or_else(|| StudyError::NoNetwork(name.into()));
    let mut plans = Vec::new();
    if args.network.is_empty() {
        for (modality, _, own) in &modalities {
            plans.push(plan(args, home, *modality, known(own)?)?);
        }
    }
    for network in args.network.iter().map(|name| known(name)).collect::<Result<Vec<_>, _>>()? {
        let fitting: Vec<Modality> = modalities.iter().filter(|m| (network.takes)(&m.1)).map(|m| m.0).collect();
        if fitting.is_empty() {
            bail!("network \"{}\" takes {}; choose those features, or another network", network.name, network.wants);
        }
        for modality in fitting {
            plans.push(plan(args, home, modality, network)?);
        }
    }
    Ok(plans)
}

fn plan(args: &Args, home: &Home, modality: Modality, network: Architecture) -> anyhow::Result<EvaluationPlan> {
    let protocol = |name: &String| {
        Protocol::named(name, args.folds).with_context(|| format!("\"{name}\" is no protocol; there are {}", NAMES.join(", ")))
    };
    let (rate, patience) = match modality {
        Modality::Eeg(features) => features.pace(),
        Modality::Face(_) => (1e-3, 5),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(EvaluationPlan {
        sessions: args.sessions.iter().map(|s| home.find_session(s).map(|s| s.id)).collect::<Result<_, _>>()?,
        modality,
        targets: args.target.iter().map(|t| study::target_named(t)).collect::<Result<Vec<Target>, _>>()?,
        protocols: args.protocol.iter().map(protocol).collect::<anyhow::Result<_>>()?,
        network: network.name.into(),
        hidden: args.hidden.unwrap_or(network.hidden),
        fit: FitOptions {
            epochs: args.epochs,
            batch: args.batch,
            learning_rate: args.rate.unwrap_or(rate),
            class_weights: args.class_weights,
            patience: args.patience.unwrap_or(patience),
            ..FitOptions::default()
        },
        seed: args.seed,
        workers: args.jobs.unwrap_or(cores),
    })
}
