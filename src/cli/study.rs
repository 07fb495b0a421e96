//! `limbic study`: participants, usable trials by class, quality, missing ratings, balance, what to record next.

use crate::cli::{Common, text};
use crate::store::Home;
use crate::study::{self, PersonLine};

/// The study at a glance: who, how many usable trials by class, what is missing, what to record next
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic study --target valence")]
pub struct Args {
    /// What the classes are: intended, reported, valence, arousal
    #[arg(long, value_name = "NAME", default_value = "intended")]
    target: String,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let target = study::target_named(&args.target)?;
    let overview = study::overview(&Home::view(&common.home)?, target)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&overview)?);
        return Ok(());
    }
    if overview.participants.is_empty() {
        println!("No sessions in {}. `limbic` records one, `limbic import` takes one in.", common.home.display());
        return Ok(());
    }
    let classes: Vec<&str> = overview.classes.keys().map(String::as_str).collect();
    let head: Vec<&str> = ["participant", "sessions", "usable", "unrated", "quality"]
        .into_iter()
        .chain(classes.iter().copied())
        .chain([""])
        .collect();
    let rows: Vec<Vec<String>> = overview.participants.iter().map(person).collect();
    print!("{}", text::table(&head, &rows));
    let sum = |(name, n): (&String, &usize)| format!("{n} {name}");
    println!("\n{} usable trials: {}", overview.usable, overview.classes.iter().map(sum).collect::<Vec<_>>().join(", "));
    match overview.balance {
        Some(balance) => {
            println!(
                "balance {balance:.2} (smallest class over largest); {} without a rating",
                crate::signal::counted(overview.unrated, "usable trial")
            )
        }
        None => println!("no trial has a class of the target \"{}\"", args.target),
    }
    if !overview.next.is_empty() {
        println!("\nNEXT");
        overview.next.iter().for_each(|sentence| println!("- {sentence}"));
    }
    Ok(())
}

fn person(person: &PersonLine) -> Vec<String> {
    let sum = |f: fn(&study::SessionLine) -> usize| person.sessions.iter().map(f).sum::<usize>().to_string();
    let graded: Vec<f64> = person.sessions.iter().filter_map(|s| s.quality).collect();
    let quality =
        if graded.is_empty() { "-".into() } else { format!("{:.0} %", graded.iter().sum::<f64>() / graded.len() as f64) };
    let mark = if person.sessions.iter().any(|s| s.simulated) { "SIMULATED" } else { "" };
    let mut row = vec![person.code.clone(), person.sessions.len().to_string(), sum(|s| s.usable), sum(|s| s.unrated), quality];
    row.extend(person.classes.values().map(usize::to_string));
    row.push(mark.into());
    row
}
