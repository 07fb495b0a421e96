//! `limbic features FILE... --recipe psd -o out.npz`: feature sets of files and sessions as arrays.

mod sets;

use crate::cli::{Common, files};
use crate::exchange::Loaded;
use crate::exchange::npz::{self, Array, Values};
use crate::prepare::dataset::Recipe;
use crate::prepare::interplay::Mode;
use crate::prepare::recipes::FeatureSet;
use crate::prepare::{PrepareError, PsdOptions, Reference, Scale, band_map, psd_features};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Features of every window and channel, as a NumPy file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  limbic features recording.bdf --recipe psd -o features.npz\n  \
limbic features last --recipe bhi-hf-to-b --clean -o interplay.npz")]
pub struct Args {
    /// EDF or BDF files, or sessions (id, PARTICIPANT/NUMBER, "last"); several must have the same channels
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What to compute: psd, bhi-lf-to-b, bhi-hf-to-b, bhi-b-to-lf, bhi-b-to-hf, spectrogram, spectrogram-map
    #[arg(long, alias = "kind", value_name = "NAME", default_value = "psd", value_parser = set)]
    recipe: FeatureSet,
    /// Where to write the arrays; nothing is written without it
    #[arg(short, long, value_name = "FILE.npz")]
    output: Option<PathBuf>,
    /// Length of a window, s
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    window_s: f64,
    /// Distance of two windows, s
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    hop_s: f64,
    /// What the potentials are measured against
    #[arg(long, value_enum, default_value = "average")]
    reference: ReferenceChoice,
    /// Unit of the powers: log10 of uV^2, or uV^2
    #[arg(long, value_enum, default_value = "log10")]
    scale: ScaleChoice,
    /// Take eye, heart and other artefacts out first, by wavelets and independent components; says what it took
    #[arg(long)]
    clean: bool,
    /// Components (numbers as printed) that stay whatever the rules say, with --clean
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "clean")]
    keep: Vec<usize>,
    /// Components that go whatever the rules say, with --clean
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "clean")]
    remove: Vec<usize>,
    /// How brain and heart are normalised, for bhi-...
    #[arg(long, value_enum, default_value = "minmax")]
    mode: ModeChoice,
    /// Fit a constant too, for bhi-...: takes the bias of independent series away
    #[arg(long)]
    intercept: bool,
    /// One row a file: the mean over its windows
    #[arg(long)]
    mean: bool,
    /// Read the whole records of truncated files
    #[arg(long)]
    lenient: bool,
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
        PsdOptions {
            window_s: self.window_s,
            hop_s: self.hop_s,
            reference: match self.reference {
                ReferenceChoice::Average => Reference::Average,
                ReferenceChoice::None => Reference::None,
            },
            scale: match self.scale {
                ScaleChoice::Log10 => Scale::Log10,
                ScaleChoice::Linear => Scale::Linear,
            },
            ..PsdOptions::default()
        }
    }
}

/// One file's features.
struct Made {
    path: PathBuf,
    loaded: Loaded,
    recipe: Recipe,
    windows: Vec<(f64, Vec<f32>)>,
    /// Bands x channels, uV^2.
    map: Vec<Vec<f64>>,
}

/// Computes, prints and, where asked, writes the features.
///
/// # Errors
/// A file that cannot be read or is shorter than a window, files of different channels, an output that cannot be
/// written.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.recipe != FeatureSet::Psd || args.clean || args.mean {
        return sets::run(args.recipe, args, common);
    }
    let options = args.psd();
    let made = args.files.iter().map(|path| make(path, &options, args.lenient, common)).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(first) = made.first() else { bail!("no file was given") };
    if let Some(other) = made.iter().find(|m| m.recipe != first.recipe) {
        bail!("{} has other channels than {}; make their features in two runs", other.path.display(), first.path.display());
    }
    if let Some(output) = &args.output {
        npz::write(output, &arrays(&made, &first.recipe))?;
    }
    let mut out = std::io::stdout().lock();
    if common.json {
        let value = json!({
            "recipe": first.recipe,
            "recipe_id": first.recipe.id(),
            "shape": shape(&made, &first.recipe),
            "output": args.output,
            "files": made.iter().map(described).collect::<Vec<_>>(),
        });
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    for file in &made {
        print(&mut out, file, &options)?;
    }
    let [windows, channels, bands] = shape(&made, &first.recipe);
    let unit = if options.scale == Scale::Log10 { "log10 uV^2" } else { "uV^2" };
    writeln!(out, "features {windows} windows x {channels} channels x {bands} bands in {unit}, recipe {}", first.recipe.id())?;
    match &args.output {
        Some(output) => writeln!(out, "written to {}", output.display())?,
        None => writeln!(out, "nothing written; name a file with -o")?,
    }
    Ok(())
}

fn make(path: &Path, options: &PsdOptions, lenient: bool, common: &Common) -> anyhow::Result<Made> {
    let mut loaded = files::load(path, lenient, common)?;
    let bad = files::bad_channels(&loaded).with_context(|| format!("cannot make features of {}", path.display()))?;
    loaded.notes.extend(bad);
    let windows = psd_features(&loaded.eeg, options).map_err(|error| match error {
        PrepareError::ShorterThanWindow { have, window } => anyhow::anyhow!(
            "{} lasts {have:.2} s, which is shorter than one window of {window} s; a shorter window fits, e.g. --window-s {}",
            path.display(),
            (have * 10.0).floor() / 10.0
        ),
        other => anyhow::Error::new(other).context(format!("cannot make features of {}", path.display())),
    })?;
    let map = band_map(&loaded.eeg).with_context(|| format!("cannot make features of {}", path.display()))?;
    let recipe = options.recipe(&loaded.eeg.labels);
    Ok(Made { path: path.into(), loaded, recipe, windows, map })
}

/// Windows of all files, channels, bands.
fn shape(made: &[Made], recipe: &Recipe) -> [usize; 3] {
    [made.iter().map(|m| m.windows.len()).sum(), recipe.channels.len(), recipe.bands.len()]
}

fn arrays(made: &[Made], recipe: &Recipe) -> Vec<Array> {
    let shape = shape(made, recipe);
    let windows = || made.iter().enumerate().flat_map(|(i, m)| m.windows.iter().map(move |w| (i, w)));
    let files: Vec<String> = made.iter().map(|m| m.path.display().to_string()).collect();
    vec![
        Array::new("features", &shape, Values::F32(windows().flat_map(|(_, (_, values))| values.clone()).collect())),
        Array::new("time_s", &shape[..1], Values::F64(windows().map(|(_, (time, _))| *time).collect())),
        Array::new("file", &shape[..1], Values::I64(windows().map(|(i, _)| i as i64).collect())),
        Array::labels("files", &files),
        Array::labels("channels", &recipe.channels),
        Array::labels("bands", &recipe.bands),
        Array::labels("recipe_id", &[recipe.id()]),
    ]
}

/// What machines read of one file. `first` are the first samples, `band_power` uV^2 by band in the recipe's order.
fn described(made: &Made) -> Value {
    let eeg = &made.loaded.eeg;
    let channel = |(i, label): (usize, &String)| {
        let first: Vec<f64> = eeg.data[i].iter().take(5).copied().collect();
        let power: Vec<f64> = made.map.iter().map(|band| band[i]).collect();
        json!({ "label": label, "unit": "uV", "first": first, "band_power": power })
    };
    json!({
        "file": made.path,
        "format": made.loaded.format,
        "rate_hz": eeg.rate,
        "samples": eeg.samples(),
        "simulated": made.loaded.stream.simulated,
        "all_channels": made.loaded.stream.channels,
        "eeg": eeg.labels.iter().enumerate().map(channel).collect::<Vec<_>>(),
        "windows": made.windows.len(),
        "notes": made.loaded.notes,
    })
}

fn print(out: &mut impl Write, made: &Made, options: &PsdOptions) -> std::io::Result<()> {
    let eeg = &made.loaded.eeg;
    let mark = if made.loaded.stream.simulated { "  SIMULATED" } else { "" };
    let shape = format!("{} EEG channels, {} Hz, {:.1} s", eeg.labels.len(), eeg.rate, eeg.seconds());
    writeln!(out, "{}: {}, {shape}{mark}", made.path.display(), made.loaded.format)?;
    let few = |labels: &[String]| {
        let more = if labels.len() > 12 { format!(", ... ({} in all)", labels.len()) } else { String::new() };
        labels.iter().take(12).cloned().collect::<Vec<_>>().join(", ") + &more
    };
    writeln!(out, "channels {}", few(&made.recipe.channels))?;
    for (band, powers) in options.bands.iter().zip(&made.map) {
        let mut sorted = powers.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(0.0));
        let middle = crate::prepare::heart::median(&sorted);
        writeln!(out, "{:6} {middle:10.3} uV^2 in the median channel ({low:.3} to {high:.3})", band.name)?;
    }
    made.loaded.notes.iter().try_for_each(|note| writeln!(out, "! {note}"))
}
