//! `limbic explain`: the explanation that was found with a model, or that of any network in an ONNX file.

mod choices;
mod given;
pub(super) mod html;
mod matrix;
mod outputs;
mod picture;
mod plots;

pub use choices::Choices;

use crate::cli::{Common, files, progress, text};
use crate::explain::report::{ClassExplanation, ExplanationReport};
use crate::explain::{Options, explain};
use crate::store::Home;
use crate::study;
use anyhow::{Context, bail};
use std::path::PathBuf;

/// Which electrodes and bands a network used
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without --onnx: what was found when the model was trained, each trial by networks that never saw it; with other choices \
its folds are trained again first.\n\
With --onnx and --data: any network that is a sequence of convolutions, pools, batch norms, activations and dense layers. \
The .npz has x (samples, as the network takes them) and y (classes, 0 to n - 1); better with trials (samples of one trial are \
resampled together), references (training samples), channels, bands, classes (names in the order of y; without them every \
class is called by its number in y) and pixels (where channel x band stands in a sample, row-major).\n\nExamples:\n  limbic explain --class fear\n  \
limbic explain --onnx model.onnx --data x.npz --metric probability -o report.html -o maps.npz"
)]
pub struct Args {
    /// Model name; the newest explained one when absent
    model: Option<String>,
    /// Explain this network
    #[arg(long, requires = "data", conflicts_with = "model")]
    onnx: Option<PathBuf>,
    /// Its samples
    #[arg(long, requires = "onnx", value_name = "NPZ")]
    data: Option<PathBuf>,
    /// Explain the model again, which trains its folds anew with the same seed; any choice below does too
    #[arg(long, conflicts_with = "onnx")]
    again: bool,
    /// Explain the network of the face frames in place of that of the EEG: maps over the crop
    #[arg(long, conflicts_with = "onnx")]
    faces: bool,
    #[command(flatten)]
    choices: Choices,
    /// Also write .html, .svg, .png, .npz, .json or .txt; repeatable
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// The same as -o with that file: one page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Draw only this class
    #[arg(long)]
    class: Option<String>,
    /// Draw the maps of these explainers, with commas between, and not only the winner's
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    maps: Vec<String>,
    /// Draw the deletion and insertion curves too
    #[arg(long)]
    curves: bool,
    /// Columns for the heads
    #[arg(long, default_value_t = 80)]
    width: u16,
    /// Rows for the heads
    #[arg(long, default_value_t = 24)]
    height: u16,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    // An explanation may take an hour: a name that cannot be written is said before it.
    args.output.iter().chain(&args.html).try_for_each(|path| files::ends_with(path, &outputs::ENDS))?;
    let report = match (&args.onnx, &args.data) {
        (Some(model), Some(data)) => of_file(args, model, data)?,
        _ => stored(args, common)?,
    };
    if let Some(class) = &args.class
        && !report.classes.iter().any(|c| c.class == *class)
    {
        let known: Vec<&str> = report.classes.iter().map(|c| c.class.as_str()).collect();
        bail!("the model {} has no class {class}; it knows {}", report.model, known.join(", "));
    }
    let wanted = |c: &&ClassExplanation| args.class.as_ref().is_none_or(|wanted| c.class == *wanted);
    let page = page(&report, args, wanted);
    for path in args.output.iter().chain(&args.html) {
        outputs::write(path, &report, &page)?;
    }
    if common.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{page}");
    }
    Ok(())
}

fn stored(args: &Args, common: &Common) -> anyhow::Result<ExplanationReport> {
    let home = Home::view(&common.home)?;
    if let Some(name) = &args.model {
        known(&home, name)?;
    }
    let is_face = args.model.as_ref().is_some_and(|m| m.starts_with("face-"));
    if args.again || args.faces || is_face || args.choices.any_given() {
        args.choices.check()?;
        let choose = |first: Options, classes: usize| args.choices.for_model(first, classes);
        let report = study::explain_again(&home, args.model.as_deref(), args.faces, &choose, &progress::job());
        progress::clear();
        return Ok(report?);
    }
    study::explanation(&home, args.model.as_deref())?.with_context(|| match &args.model {
        Some(name) => format!("{name} was not explained; `limbic train` makes a model with its explanation"),
        None => format!("no model in {} was explained yet; `limbic train` does it", common.home.display()),
    })
}

/// Says which models there are where none is called so: a word that stands first is a model, and people type classes there.
fn known(home: &Home, name: &str) -> anyhow::Result<()> {
    if home.models()?.iter().any(|m| m.name == *name) {
        return Ok(());
    }
    let explained: Vec<String> = home.explanations()?.into_iter().map(|row| row.model).collect();
    let there = match explained.is_empty() {
        true => "no model was explained yet; `limbic train` does it".into(),
        false => format!("explained are {}", explained.join(", ")),
    };
    let newest = study::explanation(home, None)?;
    let class = newest.iter().flat_map(|r| &r.classes).find(|c| c.class.eq_ignore_ascii_case(name));
    match class {
        Some(c) => bail!("no model is called {name}; that is a class: `limbic explain --class {}` ({there})", c.class),
        None => bail!("no model is called {name}; {there}; a class is named with --class"),
    }
}

fn of_file(args: &Args, model: &std::path::Path, data: &std::path::Path) -> anyhow::Result<ExplanationReport> {
    let given = given::read(model, data)?;
    let options = args.choices.options(&given.test, &given.names)?;
    let report = explain(&given.network, &given.test, &given.names, &options, &progress::job());
    progress::clear();
    let mut report = report?;
    report.caveats.extend(given.caveats);
    Ok(report)
}

/// The whole explanation as plain text.
fn page(report: &ExplanationReport, args: &Args, wanted: impl Fn(&&ClassExplanation) -> bool) -> String {
    let mut page = matrix::text(report) + "\n" + &text::quality_test(report);
    let scalp = picture::is_scalp(report);
    for class in report.classes.iter().filter(|c| wanted(c)) {
        page.push('\n');
        if args.maps.is_empty() || !scalp {
            page += &if scalp {
                text::topographies(report, class, args.width, args.height)
            } else {
                picture::text(report, class, usize::from(args.width), usize::from(args.height))
            };
        } else {
            for name in &args.maps {
                page += &picture::heads(report, class, name, usize::from(args.width), usize::from(args.height));
            }
        }
        if args.curves {
            page += &plots::text(class, usize::from(args.width), usize::from(args.height));
        }
    }
    for check in &report.checks {
        page += &format!("* {check}\n");
    }
    for caveat in &report.caveats {
        page += &format!("! {caveat}\n");
    }
    page
}
