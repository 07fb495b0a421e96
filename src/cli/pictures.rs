//! `limbic pictures`: every screen as a vector picture, drawn by the screens themselves, so that the documents show what
//! the program shows.

use crate::show::{Caps, Depth, example, picture};
use anyhow::Context;
use std::path::PathBuf;

/// Draw the pictures of the documents from the screens themselves
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic pictures docs/pictures")]
pub struct Args {
    /// The folder to write to
    folder: PathBuf,
    /// Columns and rows
    #[arg(long, value_name = "COLSxROWS", default_value = "100x30", value_parser = super::visit::size)]
    cells: (u16, u16),
    /// Dark letters on white
    #[arg(long)]
    light: bool,
}

/// Draws every scene into its file and says which files these are.
///
/// # Errors
/// The folder cannot be written.
pub fn run(args: &Args, json: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.folder).with_context(|| format!("cannot make {}", args.folder.display()))?;
    let caps = Caps { ascii: false, depth: Depth::True, light: args.light };
    let scenes = example::scenes();
    let mut files = Vec::with_capacity(scenes.len());
    for scene in &scenes {
        let cells = picture::draw(scene, caps, args.cells.0, args.cells.1);
        let file = args.folder.join(format!("{}.svg", scene.name.replace(' ', "-")));
        std::fs::write(&file, picture::svg(&cells, args.light)).with_context(|| format!("cannot write {}", file.display()))?;
        files.push(file);
    }
    match json {
        true => println!("{:#}", serde_json::json!({ "folder": args.folder, "files": files })),
        false => println!("{} pictures in {}", files.len(), args.folder.display()),
    }
    Ok(())
}
