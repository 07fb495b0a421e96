//! `limbic explain`: the Quality Test and the topographies that were found with a model.

use crate::cli::{Common, text};
use crate::store::Home;
use crate::study;
use anyhow::{Context, bail};

/// The explanation that was found with a model
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic explain --class fear")]
pub struct Args {
    /// Model name; the newest explained one when absent
    model: Option<String>,
    /// Draw only this class
    #[arg(long)]
    class: Option<String>,
    /// Columns for the heads
    #[arg(long, default_value_t = 80)]
    width: u16,
    /// Rows for the heads
    #[arg(long, default_value_t = 24)]
    height: u16,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::view(&common.home)?;
    let report = study::explanation(&home, args.model.as_deref())?
        .with_context(|| format!("no model in {} was explained yet; `limbic train` does it", common.home.display()))?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    if let Some(class) = &args.class
        && !report.classes.iter().any(|c| c.class == *class)
    {
        let known: Vec<&str> = report.classes.iter().map(|c| c.class.as_str()).collect();
        bail!("the model {} has no class {class}; it knows {}", report.model, known.join(", "));
    }
    print!("{}", text::quality_test(&report));
    for class in report.classes.iter().filter(|c| args.class.as_ref().is_none_or(|wanted| c.class == *wanted)) {
        print!("\n{}", text::topographies(&report, class, args.width, args.height));
    }
    for caveat in &report.caveats {
        println!("! {caveat}");
    }
    Ok(())
}
