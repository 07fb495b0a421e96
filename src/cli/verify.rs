//! `limbic verify`: every frame and checksum of sessions; or the catalogue made again from the journals.

use crate::cli::Common;
use crate::store::Home;
use anyhow::bail;

/// Check every frame of a session, or rebuild the catalogue
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic verify last")]
pub struct Args {
    /// Session id, PARTICIPANT/NUMBER or "last"; all when absent
    session: Option<String>,
    /// Make the catalogue again from journals and segments
    #[arg(long)]
    rebuild: bool,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.rebuild {
        let report = Home::open(&common.home)?.rebuild()?;
        if common.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{report}");
        }
        return Ok(());
    }
    let home = Home::view(&common.home)?;
    let session = args.session.as_deref().map(|s| home.find_session(s)).transpose()?.map(|s| s.id);
    let reports = home.verify(session)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        for report in &reports {
            println!("{report}");
        }
    }
    let damaged = reports.iter().filter(|r| !r.is_ok()).count();
    if damaged > 0 {
        bail!("{damaged} of {} sessions are damaged; what is readable stays readable, see above for where", reports.len());
    }
    Ok(())
}
