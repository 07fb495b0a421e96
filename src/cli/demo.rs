//! `limbic demo`: the whole path on a simulated participant, faster than real time; ends with the review.

use crate::cli::simulate::{SIMULATED_UTC, Simulated};
use crate::cli::{Common, progress, text};
use crate::lab::message::Review;
use crate::store::Home;
use crate::store::rows::{Consent, Trial};
use crate::study::{self, Outcome, Plan};
use anyhow::{Context, bail};
use std::path::PathBuf;

/// The whole path on a simulated participant: record, train, predict, explain
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic demo --seed 7 --keep demo-home")]
pub struct Args {
    /// Same seed, same output
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Trials to record
    #[arg(long, default_value_t = 24)]
    trials: u32,
    /// Length of each simulated video, s
    #[arg(long, default_value_t = 12.0)]
    video_s: f64,
    /// Keep the recorded home in this folder instead of a temporary one; then `limbic --home DIR` opens it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder for the demo")?;
    let home = args.keep.clone().unwrap_or_else(|| folder.path().join("home"));
    if home.join("db").exists() {
        bail!("{} already holds a home; the demo keeps its data in a new folder", home.display());
    }
    let job = progress::job();
    let simulated = Simulated { seed: args.seed, trials: args.trials, video_s: args.video_s, ..Simulated::default() };
    let session = simulated.record(&home, folder.path(), common.lib_dir.as_deref(), &job)?;
    let store = Home::open(&home)?;
    let plan = Plan {
        sessions: vec![session],
        hidden: 64,
        epochs: 14,
        folds: 4,
        seed: args.seed,
        created_utc: SIMULATED_UTC,
        library_dir: common.lib_dir.clone(),
        features_per_step: 4,
        samples_per_class: 40,
        ..Plan::default()
    };
    let outcome = study::run(&store, &plan, &job, &mut |_| {});
    progress::clear();
    let outcome = outcome?;
    let review = study::review(&store, session)?;
    if common.json {
        println!(
            "{}",
            serde_json::to_string_pretty(
                &serde_json::json!({ "simulated": true, "seed": args.seed, "outcome": outcome, "review": review })
            )?
        );
    } else {
        print!("{}", report(args, &review, &store.consent(session)?, &outcome));
        if let Some(kept) = &args.keep {
            println!("\nKept in {0}. Look around with: limbic --home {0}", kept.display());
        }
    }
    Ok(())
}

fn report(args: &Args, review: &Review, consent: &Consent, outcome: &Outcome) -> String {
    let mut out = String::new();
    out += &format!("LIMBIC DEMO, seed {}: everything below is SIMULATED\n\n1. RECORDED\n", args.seed);
    out += &text::session(&review.session, &review.streams, consent, &review.trials, Trial::is_usable);
    out += &format!("\n2. TRAINED AND PREDICTED\n{}\n\n", outcome.summary);
    out += &text::review(review);
    if let Some((runtime, difference)) = &outcome.runtime_agreement {
        out += &format!(
            "{runtime} agrees with limbic's own forward pass: largest logit difference {}\n",
            if *difference <= 1e-4 { "below 1e-4".to_string() } else { format!("{difference:.1e}") }
        );
    }
    if let Some(explanation) = &outcome.explanation {
        out += "\n3. EXPLAINED\n";
        out += &text::quality_test(explanation);
        for class in &explanation.classes {
            out += "\n";
            out += &text::topographies(explanation, class, 80, 22);
        }
        for caveat in &explanation.caveats {
            out += &format!("! {caveat}\n");
        }
    }
    out
}
