//! `limbic sessions`: what was recorded, newest first.

use crate::cli::{Common, text};
use crate::store::Home;

/// List what was recorded
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The recording that was begun last stands first, and other commands call it \"last\".\n\nExample: limbic sessions --home sessions"
)]
pub struct Args {}

pub fn run(_: &Args, common: &Common) -> anyhow::Result<()> {
    // A home that was never used is an empty one, and may be a name that was mistyped.
    let there = common.home.exists();
    let sessions = if there { Home::view(&common.home)?.sessions()? } else { Vec::new() };
    if common.json {
        println!("{}", serde_json::to_string_pretty(&sessions)?);
        return Ok(());
    }
    if sessions.is_empty() {
        let home = common.home.display();
        let none = if there { format!("No sessions in {home}.") } else { format!("No sessions: there is no folder {home} yet.") };
        println!("{none} `limbic --home {home}` starts one, `limbic simulate --home {home}` simulates one.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = sessions
        .iter()
        .map(|s| {
            vec![
                format!("{}/{}", s.participant, s.number),
                s.id.to_string(),
                text::utc(s.started_utc),
                text::state(s.state).into(),
                s.quality.as_ref().map_or("-".into(), |q| format!("{:.0} %", q.overall)),
                s.trials_planned.to_string(),
                s.rig_name.clone(),
                if s.simulated { "SIMULATED".into() } else { String::new() },
            ]
        })
        .collect();
    print!("{}", text::table(&["session", "id", "started (UTC)", "state", "quality", "trials", "rig", ""], &rows));
    Ok(())
}
