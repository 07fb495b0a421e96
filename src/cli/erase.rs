//! `limbic erase --participant CODE`: deletes a person from everything; `--model NAME`: a model with all that is its own.

use crate::cli::{Common, text};
use crate::signal::counted;
use crate::store::Home;
use crate::study::StudyError;
use anyhow::bail;

/// Delete a participant from everything
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A model that was trained on a participant may hold traces of them in its weights. It is named and stays, unless it \
is to go with them (--with-models) or by itself (--model).\n\nAfterwards all files are searched for the code, the sessions' numbers \
and pieces of samples and pictures; not for pieces of what a simulator made, which others may have equally.\n\nExamples:\n  \
limbic erase --participant P07 --confirm P07\n  \
limbic erase --participant P07 --confirm P07 --with-models\n  \
limbic erase --model eeg-20261121-140210 --confirm eeg-20261121-140210"
)]
pub struct Args {
    /// The participant's code
    #[arg(long, value_name = "CODE", required_unless_present = "model", conflicts_with = "model")]
    participant: Option<String>,
    /// Delete the models too that were trained on the participant, and what they answered for others
    #[arg(long, conflicts_with = "model")]
    with_models: bool,
    /// Delete this model: its weights, card and explanation, and its answers
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The same code or name again: nothing is deleted without it
    #[arg(long, value_name = "CODE", default_value = "")]
    confirm: String,
}

/// Deletes and says what went, what stays, and where something was found that should have gone.
///
/// # Errors
/// Nobody and nothing of that name, no confirmation, a disk that cannot be written; a trace that is left.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::open(&common.home)?;
    match (&args.participant, &args.model) {
        (Some(code), _) => person(args, code, &home, common),
        (None, Some(name)) => model(args, name, &home, common),
        (None, None) => bail!("say whom to delete with --participant, or which model with --model"),
    }
}

fn model(args: &Args, name: &str, home: &Home, common: &Common) -> anyhow::Result<()> {
    if !home.models()?.iter().any(|m| m.name == name) {
        return Err(StudyError::NoModel(name.into()).into());
    }
    if args.confirm != name {
        bail!("this deletes the model {name} and its answers; say --confirm {name} to do it");
    }
    let erased = home.erase_model(name)?;
    match common.json {
        true => println!("{}", serde_json::to_string_pretty(&erased)?),
        false => println!("deleted the model {name}: {} kB, {}", erased.bytes / 1000, counted(erased.predictions, "prediction")),
    }
    Ok(())
}

fn person(args: &Args, code: &str, home: &Home, common: &Common) -> anyhow::Result<()> {
    if !home.participants()?.iter().any(|p| p.code == code) {
        bail!("there is no participant {code} in {}; `limbic sessions` lists them", common.home.display());
    }
    if args.confirm != code {
        let theirs = home.sessions()?.into_iter().filter(|s| s.participant == code).map(|s| s.id).collect();
        let models = home.trained_on(code, &theirs)?.join(", ");
        let models = match (models.as_str(), args.with_models) {
            ("", _) => String::new(),
            (models, true) => format!(", and the models that were trained on them ({models})"),
            (models, false) => {
                format!(", and not the models that were trained on them ({models}), which --with-models takes too")
            }
        };
        bail!("this deletes every recording of {code}{models}; say --confirm {code} to do it");
    }
    let erased = home.erase_participant(code, args.with_models)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&erased)?);
    } else {
        println!(
            "deleted {code}: {}, {} kB, {}",
            counted(erased.sessions.len(), "session"),
            erased.bytes / 1000,
            counted(erased.predictions, "prediction")
        );
        erased.models_deleted.iter().for_each(|name| println!("deleted the model {name}, which was trained on {code}"));
        println!("{}", text::searched(&erased.search));
        for name in &erased.models {
            println!(
                "! the model {name} was trained on {code} and keeps traces of them: \
                 `limbic erase --model {name} --confirm {name}` deletes it"
            );
        }
    }
    // Models that were to stay were named with the way out; where none was to stay, theirs are left-overs, too.
    let asked_to_stay = |name: &&str| !args.with_models && name.starts_with("models/");
    let elsewhere: Vec<&str> = erased.search.found_in.iter().map(String::as_str).filter(|name| !asked_to_stay(name)).collect();
    if !elsewhere.is_empty() {
        let files = elsewhere.join(", ");
        bail!("{code} is deleted, but {files} still speak of them: other sessions that replayed theirs? Erase those, too");
    }
    Ok(())
}
