//! `limbic features FILE... --recipe psd -o out.npz`: feature sets of files and sessions as arrays.

mod made;
mod sources;
mod tell;

use crate::cli::{Common, files, progress};
use crate::exchange::npz;
use crate::job::Job;
use crate::prepare::eeg::Cleaning;
use crate::prepare::interplay::{Mode, SdgOptions};
use crate::prepare::recipes::{FeatureOptions, FeatureSet};
use crate::prepare::{PsdOptions, Reference, Scale};
use crate::store::Home;
use crate::study::features::FeatureCache;
use anyhow::{Context, bail};
use made::Made;
use rayon::prelude::*;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Features of every window and channel, as a NumPy file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  limbic features recording.bdf --recipe psd -o features.npz\n  \
limbic features last --recipe bhi-hf-to-b --clean -o interplay.npz\n  \
limbic features all more/*.edf --keep-going -o everything.npz\n\n\
Several are worked on at the same time. What is finished is kept in the home, below derived/features, under its\n\
content and its recipe: a run that was stopped goes on where it was.")]
pub struct Args {
    #[arg(
        required = true,
        help = session_help!("Files that `limbic import` knows, or sessions: all, or each: ", "; all with the same channels")
    )]
    files: Vec<PathBuf>,
    /// What to compute: psd, bhi-lf-to-b, bhi-hf-to-b, bhi-b-to-lf, bhi-b-to-hf, spectrogram, spectrogram-map
    #[arg(long, alias = "kind", value_name = "NAME", default_value = "psd", value_parser = set)]
    recipe: FeatureSet,
    /// Where to write the arrays; nothing is written without it
    #[arg(short, long, value_name = "FILE.npz")]
    output: Option<PathBuf>,
    /// Length of a window, s, for psd and bhi-... [default: 2]
    #[arg(long, value_name = "S")]
    window_s: Option<f64>,
    /// Distance of two windows, s, for psd and bhi-... [default: 1]
    #[arg(long, value_name = "S")]
    hop_s: Option<f64>,
    /// What the potentials are measured against, for psd and bhi-... [default: average]
    #[arg(long, value_enum)]
    reference: Option<ReferenceChoice>,
    /// Unit of the powers, for psd: log10 of uV^2, or uV^2 [default: log10]
    #[arg(long, value_enum)]
    scale: Option<ScaleChoice>,
    /// Take eye, heart and other artefacts out first, by wavelets and independent components; says what it took
    #[arg(long)]
    clean: bool,
    /// Components (numbers as printed) that stay whatever the rules say, with --clean
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "clean")]
    keep: Vec<usize>,
    /// Components that go whatever the rules say, with --clean
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "clean")]
    remove: Vec<usize>,
    /// How brain and heart are normalised, for bhi-... [default: minmax]
    #[arg(long, value_enum)]
    mode: Option<ModeChoice>,
    /// Fit a constant too, for bhi-...: takes the bias of independent series away
    #[arg(long)]
    intercept: bool,
    /// One row a file: the mean over its windows
    #[arg(long)]
    mean: bool,
    /// Read the whole records of truncated files
    #[arg(long)]
    lenient: bool,
    /// Leave out what cannot be used, and say why, instead of failing
    #[arg(long)]
    keep_going: bool,
    /// Compute everything anew and keep nothing
    #[arg(long)]
    no_cache: bool,
}

fn set(name: &str) -> Result<FeatureSet, String> {
    let names = || FeatureSet::ALL.map(FeatureSet::name).join(", ");
    FeatureSet::named(name).ok_or_else(|| format!("there is no such feature set; choose one of {}", names()))
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ModeChoice {
    Minmax,
    Sqrtstd,
}

impl From<ModeChoice> for Mode {
    fn from(choice: ModeChoice) -> Mode {
        match choice {
            ModeChoice::Minmax => Mode::MinMax,
            ModeChoice::Sqrtstd => Mode::SqrtStd,
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ReferenceChoice {
    Average,
    None,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ScaleChoice {
    Log10,
    Linear,
}

impl Args {
    fn psd(&self) -> PsdOptions {
        let usual = PsdOptions::default();
        PsdOptions {
            window_s: self.window_s.unwrap_or(usual.window_s),
            hop_s: self.hop_s.unwrap_or(usual.hop_s),
            reference: match self.reference {
                Some(ReferenceChoice::None) => Reference::None,
                Some(ReferenceChoice::Average) | None => Reference::Average,
            },
            scale: match self.scale {
                Some(ScaleChoice::Linear) => Scale::Linear,
                Some(ScaleChoice::Log10) | None => Scale::Log10,
            },
            ..usual
        }
    }

    /// Refuses a name of another format, and what the feature set does not look at: whoever gives it expects that it counts.
    fn check(&self) -> anyhow::Result<()> {
        if let Some(output) = &self.output {
            files::ends_with(output, &["npz"])?;
        }
        let (psd, bhi) = (self.recipe == FeatureSet::Psd, self.recipe.needs_beats());
        let given = [
            ("--window-s", self.window_s.is_some(), psd || bhi, "psd and bhi-..., spectrograms have windows of their own"),
            ("--hop-s", self.hop_s.is_some(), psd || bhi, "psd and bhi-..., spectrograms have windows of their own"),
            ("--reference", self.reference.is_some(), psd || bhi, "psd and bhi-..."),
            ("--scale", self.scale.is_some(), psd, "psd"),
            ("--mode", self.mode.is_some(), bhi, "bhi-..."),
            ("--intercept", self.intercept, bhi, "bhi-..."),
        ];
        if let Some((option, _, _, sets)) = given.into_iter().find(|(_, given, counts, _)| *given && !counts) {
            bail!("{option} changes nothing in {}: it is for {sets}; leave it out", self.recipe.name());
        }
        if let Some(both) = self.keep.iter().find(|number| self.remove.contains(number)) {
            bail!("component {both} cannot both stay and go; name it with --keep or with --remove");
        }
        Ok(())
    }
}

/// Computes, prints and, where asked, writes the features.
///
/// # Errors
/// A file or session that cannot be read or used (unless left out), different channels, an output that cannot be
/// written.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    args.check()?;
    let paths = inputs(&args.files, &common.home)?;
    let job = progress::job();
    let made = make_all(&paths, args, common, &job);
    progress::clear();
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for (path, made) in paths.iter().zip(made) {
        match made {
            Ok(made) => found.push(made),
            Err(why) => failed.push((path.clone(), why)),
        }
    }
    if args.keep_going
        && let Some((recipe, path)) = found.first().map(|m: &Made| (m.table.recipe.clone(), m.path.clone()))
    {
        // One array has one set of channels: that of the first input.
        let others = found.extract_if(.., |m| m.table.recipe != recipe);
        let why = || anyhow::anyhow!("it has other channels than {}", path.display());
        failed.extend(others.map(|m| (m.path, why())));
    }
    if let (Some((_, why)), true) = (failed.first(), !args.keep_going || found.is_empty()) {
        let others = format!("({} of {} cannot be used; --keep-going leaves them out)", failed.len(), paths.len());
        bail!("{why:#}{}", if paths.len() > 1 { format!(" {others}") } else { String::new() });
    }
    let left_out: Vec<String> = failed.iter().map(|(path, why)| format!("{} is left out: {why:#}", path.display())).collect();
    let Some(first) = found.first() else { bail!("no file was given") };
    let recipe = &first.table.recipe;
    if let Some(other) = found.iter().find(|m| m.table.recipe != *recipe) {
        bail!("{} has other channels than {}; make their features in two runs", other.path.display(), first.path.display());
    }
    if let Some(output) = &args.output {
        npz::write(output, &tell::arrays(&found, &first.table))?;
    }
    let shape = tell::shape(&found, &first.table);
    let kept = found.iter().filter(|m| m.kept).count();
    if common.json {
        let value = json!({
            "recipe": recipe,
            "recipe_id": recipe.id(),
            "shape": shape,
            "output": args.output,
            "kept": kept,
            "left_out": left_out,
            "files": found.iter().map(tell::described).collect::<Vec<_>>(),
        });
        return files::print(format!("{value:#}\n"));
    }
    let mut out = Vec::new();
    found.iter().try_for_each(|m| tell::print(&mut out, m))?;
    left_out.iter().try_for_each(|line| writeln!(out, "! {line}"))?;
    writeln!(out, "{}", tell::summary(args, &shape, first))?;
    if kept > 0 {
        writeln!(out, "{kept} of {} were kept from an earlier run", found.len())?;
    }
    match &args.output {
        Some(output) => writeln!(out, "written to {}", output.display())?,
        None => writeln!(out, "nothing written; name a file with -o")?,
    }
    files::print(out)
}

/// Every input, "all" replaced by the home's sessions.
fn inputs(given: &[PathBuf], home: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for path in given {
        if path.as_os_str() == "all" && !path.exists() {
            let sessions = Home::view(home)?.sessions()?;
            if sessions.is_empty() {
                bail!("{} has no sessions; `limbic` records one, `limbic import` takes one in", home.display());
            }
            paths.extend(sessions.iter().map(|s| PathBuf::from(s.id.to_string())));
        } else {
            paths.push(path.clone());
        }
    }
    Ok(paths)
}

/// Several inputs at a time, in the order given; each is finished whatever becomes of the others.
fn make_all(paths: &[PathBuf], args: &Args, common: &Common, job: &Job) -> Vec<anyhow::Result<Made>> {
    let options = args.options();
    let cache = (!args.no_cache && common.home.is_dir()).then(|| FeatureCache::of(&common.home));
    let done = AtomicU64::new(0);
    let map = common.json || paths.len() == 1;
    let one = |path: &PathBuf| {
        let made = match args.is_plain() {
            true => made::plain(path, args, &options, cache.as_ref(), map, common),
            false => made::set(path, args, &options, cache.as_ref(), common),
        };
        let now = done.fetch_add(1, Ordering::Relaxed) + 1;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        job.report_with("features", now, paths.len() as u64, &name)?;
        made.with_context(|| format!("cannot make {} of {}", args.recipe.name(), path.display()))
    };
    paths.par_iter().map(one).collect()
}

impl Args {
    /// The plain band powers, which need nothing but EEG.
    fn is_plain(&self) -> bool {
        self.recipe == FeatureSet::Psd && !self.clean && !self.mean
    }

    fn options(&self) -> FeatureOptions {
        let (psd, usual) = (self.psd(), SdgOptions::default());
        let cleaning = || Cleaning {
            keep: self.keep.clone(),
            remove: self.remove.clone(),
            average_reference: psd.reference == Reference::Average,
            ..Cleaning::default()
        };
        FeatureOptions {
            cleaning: self.clean.then(cleaning),
            psd: psd.clone(),
            sdg: SdgOptions { mode: self.mode.map_or(usual.mode, Mode::from), intercept: self.intercept, ..usual },
            per_trial_mean: self.mean,
            ..FeatureOptions::default()
        }
    }
}
