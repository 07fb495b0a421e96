//! `limbic reproduce gagliardi|thanh --data DIR`: a paper's experiment from its data set to its tables.

use crate::cli::{Common, device, numbers, progress, text};
use crate::store::Home;
use crate::study::reproduce::{Experiment, Part, Reproduction, Settings, beside, reproduce};
use crate::study::{self, Features};
use crate::train::evaluate::Evaluation;
use crate::train::fit::FitOptions;
use crate::train::protocol::{NAMES, Protocol};
use anyhow::{Context, bail};
use std::path::PathBuf;

/// A paper's experiment from its data set to its tables: import, features, training, evaluation, explanation
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic reproduce gagliardi --data DEAP --home deap\n         limbic reproduce thanh --data SEED_IV --faces RAF-DB --quick\n\nIt tells its steps on standard error. A run that was stopped (Ctrl-C) or broken off goes on where it stopped when it is started \
again with the same home."
)]
pub struct Args {
    /// gagliardi: band powers and brain-heart interplay (DEAP); thanh: spectrograms and faces (four emotions, RAF-DB)
    #[arg(value_enum)]
    experiment: ExperimentChoice,
    /// The data set, as it is unpacked
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Face pictures: train/CLASS/*.jpg and test/CLASS/*.jpg, or RAF-DB as it is unpacked (thanh)
    #[arg(long, value_name = "DIR")]
    faces: Option<PathBuf>,
    /// Feature families; the paper's when absent
    #[arg(long, value_delimiter = ',')]
    features: Vec<String>,
    /// Protocols; the paper's and the honest ones when absent
    #[arg(long, value_delimiter = ',')]
    protocol: Vec<String>,
    /// Targets; the paper's, as far as the data have them, when absent
    #[arg(long, value_delimiter = ',')]
    target: Vec<String>,
    /// Folds of the k-fold protocols
    #[arg(long, value_parser = numbers::folds)]
    folds: Option<usize>,
    /// Most epochs of a run (paper: 50)
    #[arg(long, value_parser = numbers::some::<u32>)]
    epochs: Option<u32>,
    /// Width of the dense layer (paper: 512)
    #[arg(long, value_parser = numbers::some::<usize>)]
    hidden: Option<usize>,
    /// Small networks and few epochs: shows that all of it runs, not what the paper would have found
    #[arg(long)]
    quick: bool,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where networks compute: auto, cpu or gpu
    #[arg(long, default_value = "auto")]
    device: String,
    /// Runs at the same time; one per core when absent
    #[arg(long, value_parser = numbers::some::<usize>)]
    jobs: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ExperimentChoice {
    Gagliardi,
    Thanh,
}

/// Runs the experiment and prints its tables.
///
/// # Errors
/// A data set that cannot be read, nothing to train on, a word that names nothing.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.experiment == ExperimentChoice::Gagliardi && args.faces.is_some() {
        bail!("this paper has no faces; --faces goes with thanh");
    }
    let settings = settings(args, common)?;
    let home = Home::open(&common.home)?;
    let job = progress::stoppable()?;
    let made = reproduce(&home, &settings, &job);
    progress::clear();
    if made.is_err() && job.is_stopped() {
        bail!("stopped; what is done is kept in {}, and the same command goes on from there", common.home.display());
    }
    let made = made?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&made)?);
    } else {
        print!("{}", page(&made, args.quick));
    }
    Ok(())
}

fn settings(args: &Args, common: &Common) -> anyhow::Result<Settings> {
    let (experiment, features, protocols): (_, &[&str], &[&str]) = match args.experiment {
        ExperimentChoice::Gagliardi => (
            Experiment::Gagliardi,
            &["psd", "bhi-lf-to-b", "bhi-hf-to-b", "bhi-b-to-lf", "bhi-b-to-hf"],
            &["kfold-windows", "grouped-kfold", "loto", "loso", "loso-ft", "loso-ft-windows"],
        ),
        ExperimentChoice::Thanh => (Experiment::Thanh, &["spectrogram-map", "psd"], &["kfold-windows", "grouped-kfold", "loso"]),
    };
    let or = |given: &[String], otherwise: &[&str]| match given.is_empty() {
        true => otherwise.iter().map(|s| s.to_string()).collect::<Vec<_>>(),
        false => given.to_vec(),
    };
    let (folds, epochs, hidden) = if args.quick { (3, 4, 16) } else { (10, 50, 512) };
    let folds = args.folds.unwrap_or(folds);
    let protocol = |name: &String| {
        Protocol::named(name, folds).with_context(|| format!("\"{name}\" is no protocol; there are {}", NAMES.join(", ")))
    };
    Ok(Settings {
        experiment,
        data: args.data.clone(),
        faces: args.faces.clone(),
        features: or(&args.features, features).iter().map(|f| Features::named(f)).collect::<Result<_, _>>()?,
        targets: args.target.iter().map(|t| study::target_named(t)).collect::<Result<_, _>>()?,
        protocols: or(&args.protocol, protocols).iter().map(protocol).collect::<anyhow::Result<_>>()?,
        hidden: args.hidden.unwrap_or(hidden),
        fit: FitOptions {
            epochs: args.epochs.unwrap_or(epochs),
            learning_rate: if args.quick { 1e-3 } else { 1e-4 },
            device: device::chosen(&args.device)?,
            ..FitOptions::default()
        },
        seed: args.seed,
        workers: args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        features_per_step: if args.quick { 16 } else { 1 },
        now_utc: chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0),
        library_dir: common.lib_dir.clone(),
    })
}

fn page(made: &Reproduction, quick: bool) -> String {
    let mut page = format!("{} recordings imported, {} were there already\n", made.imported, made.there_already);
    made.not_imported.iter().for_each(|why| page += &format!("! left out: {why}\n"));
    let mark = if quick { "  QUICK: not the paper's settings" } else { "" };
    page += &format!("\nBESIDE THE PAPER (accuracy, %){mark}\n{}", compared(made));
    for figure in &made.published {
        page += &format!("paper, {}: {} ({})\n", figure.protocol, figure.accuracy, figure.about);
    }
    for part in made.parts.iter().chain(&made.faces) {
        page += &format!("\n{}\n", part.features.to_uppercase());
        page += &match &part.refused {
            Some(why) => format!("! not evaluated: {why}\n"),
            None => text::evaluation::tables(&part.evaluations),
        };
    }
    page += &made.model.iter().map(|m| format!("\n{m}\n")).collect::<String>();
    page += &made.explanation.iter().map(|e| format!("\n{}", text::quality_test(e))).collect::<String>();
    page.push('\n');
    made.warnings.iter().for_each(|w| page += &format!("! {w}\n"));
    page
}

/// One line an evaluation: ours as mean and deviation of the runs, and the paper's number of that protocol.
fn compared(made: &Reproduction) -> String {
    let line = |part: &Part, e: &Evaluation, faces: bool| {
        let leak = if e.leak.is_some() { "  LEAKS" } else { "" };
        let paper = beside(&made.published, e, faces).map_or("-", |f| f.accuracy);
        vec![
            format!("{}, {}, {}{leak}", part.features, text::evaluation::target(e.target), e.protocol.name()),
            format!("{:.1} +- {:.1}", 100.0 * e.mean, 100.0 * e.sd),
            format!("{:.1}", 100.0 * e.scores.majority),
            paper.to_string(),
        ]
    };
    let eeg = made.parts.iter().flat_map(|p| p.evaluations.iter().map(move |e| line(p, e, false)));
    let faces = made.faces.iter().flat_map(|p| p.evaluations.iter().map(move |e| line(p, e, true)));
    text::table(&["features, target, protocol", "here", "majority", "paper"], &eeg.chain(faces).collect::<Vec<_>>())
}
