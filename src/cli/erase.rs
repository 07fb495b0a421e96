//! `limbic erase --participant CODE`: deletes a person from everything.

use crate::cli::{Common, text};
use crate::signal::counted;
use crate::store::Home;
use anyhow::bail;

/// Delete a participant from everything
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic erase --participant P07 --confirm P07")]
pub struct Args {
    /// The participant's code
    #[arg(long, value_name = "CODE")]
    participant: String,
    /// The same code again: nothing is deleted without it
    #[arg(long, value_name = "CODE", default_value = "")]
    confirm: String,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::open(&common.home)?;
    if !home.participants()?.iter().any(|p| p.code == args.participant) {
        bail!("there is no participant {} in {}; `limbic sessions` lists them", args.participant, common.home.display());
    }
    if args.confirm != args.participant {
        bail!("this deletes every recording of {0}; say --confirm {0} to do it", args.participant);
    }
    let erased = home.erase_participant(&args.participant)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&erased)?);
    } else {
        println!(
            "deleted {}: {}, {} kB, {}",
            erased.participant,
            counted(erased.sessions.len(), "session"),
            erased.bytes / 1000,
            counted(erased.predictions, "prediction")
        );
        println!("{}", text::searched(&erased.search));
        for model in &erased.models {
            println!(
                "! the model {model} was trained on {} and keeps traces of them; delete it or train it again",
                erased.participant
            );
        }
    }
    let elsewhere: Vec<&str> =
        erased.search.found_in.iter().map(String::as_str).filter(|name| !name.starts_with("models/")).collect();
    if !elsewhere.is_empty() {
        let (who, files) = (&erased.participant, elsewhere.join(", "));
        bail!("{who} is deleted, but {files} still speak of them: other sessions that replayed theirs? Erase those, too");
    }
    Ok(())
}
