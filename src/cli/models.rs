//! `limbic models`: the models of a home, and what the card of one says.

use crate::cli::{Common, text};
use crate::store::Home;
use crate::store::rows::ModelRow;
use crate::study::StudyError;
use crate::train::card::Card;
use std::fmt::Write;

/// List trained models, or show the card of one
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic models\n         limbic models eeg-20261121-140210")]
pub struct Args {
    /// Name of a model; all in a table when absent
    name: Option<String>,
}

/// Prints the table or the card; with `--json` the cards.
///
/// # Errors
/// No such model; a home that cannot be read.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::view(&common.home)?;
    let mut models = home.models()?;
    models.sort_by_key(|row| std::cmp::Reverse(row.created_utc));
    if let Some(name) = &args.name {
        models.retain(|row| row.name == *name);
        if models.is_empty() {
            return Err(StudyError::NoModel(name.clone()).into());
        }
    }
    let with_card = |row: ModelRow| {
        let card = card(&home, &row);
        (row, card)
    };
    let cards: Vec<(ModelRow, Option<Card>)> = models.into_iter().map(with_card).collect();
    if common.json {
        let all: Vec<_> = cards.iter().map(|(row, card)| serde_json::json!({ "model": row, "card": card })).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    match (&args.name, cards.first()) {
        (Some(_), Some((row, card))) => print!("{}", shown(row, card.as_ref())),
        (_, None) => println!("no models here yet; `limbic train` makes one"),
        _ => print!("{}", table(&cards)),
    }
    Ok(())
}

/// The card beside the model; `None` where it is gone or damaged.
fn card(home: &Home, row: &ModelRow) -> Option<Card> {
    let path = home.dir().join(&row.file).with_extension("json");
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn table(cards: &[(ModelRow, Option<Card>)]) -> String {
    let row = |(row, card): &(ModelRow, Option<Card>)| {
        let card = card.as_ref();
        let of = |text: fn(&Card) -> String| card.map_or("no card".into(), text);
        vec![
            row.name.clone(),
            of(|c| c.network.clone()),
            of(|c| c.recipe.id()),
            of(|c| format!("{} {:?}", c.classes.len(), c.target).to_lowercase()),
            of(|c| format!("{:.2} [{:.2} {:.2}]", c.scores.accuracy, c.scores.interval.0, c.scores.interval.1)),
            of(|c| format!("{:.2}", c.scores.majority)),
            of(|c| c.scores.permutation_p.map_or("-".into(), |p| format!("{p:.3}"))),
            of(|c| c.trials.to_string()),
            if row.simulated { "SIMULATED".into() } else { String::new() },
            lacks(row),
        ]
    };
    let head = ["model", "network", "features", "classes", "accuracy by trial", "majority", "p", "trials", "", ""];
    text::table(&head, &cards.iter().map(row).collect::<Vec<_>>())
}

/// What the run that made it did not come to.
fn lacks(row: &ModelRow) -> String {
    if row.lacks.is_empty() { String::new() } else { format!("its run did not come to: {}", row.lacks) }
}

fn shown(row: &ModelRow, card: Option<&Card>) -> String {
    let mut out = format!("{}  {}  {}\n", row.name, row.file, text::utc(row.created_utc));
    if !row.lacks.is_empty() {
        let _ = writeln!(out, "{}", lacks(row));
    }
    let Some(card) = card else { return out + "its card is not there; train it again\n" };
    let s = &card.scores;
    let _ = writeln!(out, "network    {}, input {:?}", card.network, card.input_shape);
    let _ = writeln!(
        out,
        "features   {}, {} channels, bands {}",
        card.recipe.id(),
        card.recipe.channels.len(),
        card.recipe.bands.len()
    );
    let _ = writeln!(out, "classes    {} ({:?})", card.classes.join(", "), card.target);
    let _ = writeln!(
        out,
        "trained on {} trials of {}, seed {}, {}",
        card.trials,
        card.participants.join(", "),
        card.seed,
        card.device
    );
    let _ = writeln!(
        out,
        "scores     {}: accuracy {:.3} [{:.3} {:.3}], balanced {:.3}, macro F1 {:.3}; most frequent class {:.3}, chance {:.3}",
        card.protocol, s.accuracy, s.interval.0, s.interval.1, s.balanced_accuracy, s.macro_f1, s.majority, s.chance
    );
    if let Some(p) = s.permutation_p {
        let _ = writeln!(out, "           permutation p {p:.3} over {} trials", s.trials);
    }
    let _ = writeln!(out, "calibrated temperature {:.3}; limbic {}", card.temperature, card.limbic_version);
    card.caveats.iter().for_each(|caveat| out += &format!("! {caveat}\n"));
    out
}
