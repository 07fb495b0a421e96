//! `limbic topo`: a scalp map of any values at 10-20 electrodes, as text, SVG or PNG.

mod own;
mod recording;
mod values;

pub use values::parse;

use crate::cli::{Common, files};
use crate::show::palette::{Depth, Scale};
use crate::show::topography::{Bands, Electrodes, Grid, png, svg};
use anyhow::Context;
use clap::ValueEnum;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

/// Draw values at electrodes as a map of the scalp.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  printf 'Fz,1.2\\nCz,0.3\\nPz,-0.4\\nO1,-1.1\\nO2,-0.9\\n' | limbic topo -")]
pub struct Args {
    #[arg(help = session_help!(
        "CSV (\"Fz,1.2\" a line, or a table with a header \"label,theta,alpha\"), JSON ({\"Fz\": 1.2} or {\"theta\": {\"Fz\": 1.2}}), \
         - for standard input; or what has band powers to draw: an EDF or BDF file, or a session: ",
        ""
    ))]
    pub values: PathBuf,
    /// Where the channels sit, in order: 10-20, biosemi16, biosemi32, biosemi64, deap, flex, openbci8, openbci16, muse, a
    /// TOML file with `labels = [...]` and, where they are no 10-20 names, `[positions]` with `A1 = [theta, phi]` in degrees, or
    /// labels with commas between. With values: one number a line, in this order, or lines with these labels
    #[arg(long, value_name = "LABELS")]
    pub montage: Option<String>,
    #[command(flatten)]
    pub drawing: Drawing,
}

/// How maps are drawn; shared by every subcommand that draws some.
#[derive(Debug, Clone, clap::Args)]
pub struct Drawing {
    /// How to draw [default: ansi on a terminal, svg or png for a file of that name, ascii for .txt and where no name ends]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Columns of text to draw in
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u16).range(10..=500))]
    pub width: u16,
    /// Lines of text to draw in
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(5..=500))]
    pub height: u16,
    /// A scale symmetric around zero [default: when a value is negative]
    #[arg(long, conflicts_with = "power")]
    pub signed: bool,
    /// A scale from the lowest to the highest value [default: when no value is negative]
    #[arg(long)]
    pub power: bool,
    /// With --json: the maps on a square grid of so many points a side too
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(u16).range(8..=512))]
    pub grid: Option<u16>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Default for Drawing {
    fn default() -> Self {
        Drawing { format: None, width: 80, height: 24, signed: false, power: false, grid: None, output: None }
    }
}

/// What a map is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// 7-bit letters
    Ascii,
    /// Half-block letters in 256 colours
    Ansi,
    /// A vector picture
    Svg,
    /// A picture of pixels
    Png,
}

/// Reads the values and draws them; with `json` prints what was read and the scale instead.
///
/// # Errors
/// Values that cannot be read, a channel that is no electrode, a file that cannot be written.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let json = common.json;
    let mut drawing = args.drawing.clone();
    if common.ascii && format(&drawing) == Format::Ansi {
        drawing.format = Some(Format::Ascii);
    }
    let drawing = &drawing;
    check_name(drawing, json)?;
    if !args.values.is_file() && args.values.as_os_str() != "-" || recording::is_recording(&args.values) {
        let (maps, labels) = recording::band_maps(args, common)?;
        return draw_maps(&maps, &labels, drawing, json);
    }
    let text = read(&args.values)?;
    let wrong = |e: values::ValuesError| anyhow::anyhow!("{}: {e}", args.values.display());
    let Some(montage) = &args.montage else {
        let table = parse(&text).map_err(wrong)?;
        return draw_maps(&table.maps, &table.labels, drawing, json);
    };
    let cap = own::montage(montage, None)?;
    let text = values::labelled(&text, &cap.labels)?;
    let table = values::parse_with(&text, |label| cap.place(label).is_some()).map_err(wrong)?;
    draw_maps(&table.maps, &cap.sites(&table.labels)?, drawing, json)
}

/// Draws maps (name, one value per label) as the options say. The hook for other sources of values, such as files.
///
/// # Errors
/// A label that is no electrode or stands twice, a map of another length, a file that cannot be written.
pub fn draw_maps<E: Electrodes + ?Sized>(
    maps: &[(String, Vec<f64>)],
    on: &E,
    drawing: &Drawing,
    json: bool,
) -> anyhow::Result<()> {
    let bytes = if json {
        as_json(maps, on, drawing)?.into_bytes()
    } else if format(drawing) == Format::Png {
        let named: Vec<(&str, &[f64])> = maps.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
        png(&named, on, scale(maps, drawing))?
    } else {
        rendered(maps, on, drawing)?.into_bytes()
    };
    match &drawing.output {
        Some(path) => files::write(path, bytes),
        None if format(drawing) == Format::Png && !json && std::io::stdout().is_terminal() => {
            anyhow::bail!("a PNG does not belong on a terminal; write it to a file with -o map.png")
        }
        None => files::print(&bytes),
    }
}

/// The picture as one string, a line break at its end.
///
/// # Errors
/// As [`draw_maps`], writing aside.
pub fn rendered<E: Electrodes + ?Sized>(maps: &[(String, Vec<f64>)], on: &E, drawing: &Drawing) -> anyhow::Result<String> {
    let scale = scale(maps, drawing);
    let maps: Vec<(&str, &[f64])> = maps.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    let depth = match format(drawing) {
        Format::Svg => return Ok(svg(&maps, on, scale)?),
        Format::Png => anyhow::bail!("a PNG is no text"),
        Format::Ascii => Depth::Ascii,
        Format::Ansi => Depth::Ansi256,
    };
    let bands = Bands::new(on, maps.len(), usize::from(drawing.width), usize::from(drawing.height))?;
    anyhow::ensure!(bands.radius() > 0, "{} x {} is too small for {} heads", drawing.width, drawing.height, maps.len());
    Ok(bands.text(&maps, scale, depth, true).join("\n") + "\n")
}

fn scale(maps: &[(String, Vec<f64>)], drawing: &Drawing) -> Scale {
    let values = maps.iter().map(|m| m.1.as_slice());
    match (drawing.signed, drawing.power) {
        (true, _) => Scale::signed(values),
        (_, true) => Scale::power(values),
        _ => Scale::fitting(values),
    }
}

fn format(drawing: &Drawing) -> Format {
    let named = |end: &str| drawing.output.as_ref().is_some_and(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case(end)));
    drawing.format.unwrap_or_else(|| match () {
        () if named("svg") => Format::Svg,
        () if named("png") => Format::Png,
        () if drawing.output.is_none() && std::io::stdout().is_terminal() => Format::Ansi,
        () => Format::Ascii,
    })
}

/// A name that ends otherwise than what is written into it would lie; one without an end promises nothing.
fn check_name(drawing: &Drawing, json: bool) -> anyhow::Result<()> {
    match &drawing.output {
        Some(path) if path.extension().is_some() && json => files::ends_with(path, &["json"]),
        Some(path) if path.extension().is_some() && drawing.format.is_none() => files::ends_with(path, &["svg", "png", "txt"]),
        _ => Ok(()),
    }
}

fn as_json<E: Electrodes + ?Sized>(maps: &[(String, Vec<f64>)], on: &E, drawing: &Drawing) -> anyhow::Result<String> {
    let labels = on.sites()?.labels;
    // Refuses what could not be drawn, so that both forms accept the same input.
    let bands = Bands::new(on, maps.len(), usize::from(drawing.width), usize::from(drawing.height))?;
    let (low, high) = scale(maps, drawing).ends();
    let named = maps.iter().map(|(name, values)| {
        let values: serde_json::Map<String, serde_json::Value> =
            labels.iter().cloned().zip(values.iter().map(|v| (*v).into())).collect();
        (name.clone(), serde_json::Value::Object(values))
    });
    let named: serde_json::Map<String, serde_json::Value> = named.collect();
    let mut answer = serde_json::json!({ "maps": named, "low": low, "high": high, "head_radius": bands.radius() });
    if let Some(points) = drawing.grid {
        let grid = Grid::new(on, usize::from(points))?;
        let sites: serde_json::Map<_, _> =
            labels.iter().cloned().zip(grid.sites.iter().map(|(x, y)| serde_json::json!([x, y]))).collect();
        let grids: serde_json::Map<_, _> = maps.iter().map(|(name, values)| (name.clone(), grid.at(values).into())).collect();
        answer["sites"] = sites.into();
        answer["axis"] = grid.axis.clone().into();
        answer["grids"] = grids.into();
    }
    Ok(serde_json::to_string_pretty(&answer)? + "\n")
}

fn read(path: &std::path::Path) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).context("standard input cannot be read as text")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read as text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn drawn(text: &str, options: &[&str]) -> anyhow::Result<String> {
        let line = Line::try_parse_from(["topo", "-"].iter().chain(options))?;
        let table = parse(text)?;
        rendered(&table.maps, &table.labels, &line.args.drawing)
    }

    #[test]
    fn negative_values_make_the_scale_signed_and_options_overrule() {
        let text = "Fz,1\nCz,0.5\nOz,-2\n";
        assert!(drawn(text, &["--format", "ascii"]).expect("draws").contains("-2 &MXvao~`'"));
        assert!(drawn(text, &["--format", "ascii", "--power"]).expect("draws").contains("-2  .:-=+*#%@ 1"));
        assert!(drawn("Fz,1\nCz,3\n", &["--format", "ascii"]).expect("draws").contains("1  .:-=+*#%@ 3"));
        assert!(drawn(text, &["--signed", "--power"]).is_err());
    }

    #[test]
    fn a_file_name_tells_the_format_and_ansi_has_colours() {
        assert!(drawn("Fz,1\nCz,3\n", &["-o", "map.svg"]).expect("draws").starts_with("<svg"));
        assert!(drawn("Fz,1\nCz,3\n", &["--format", "ansi"]).expect("draws").contains("\u{1b}[38;5;"));
    }

    #[test]
    fn what_cannot_be_drawn_is_one_sentence() {
        let sentence = |text: &str, options: &[&str]| drawn(text, options).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(sentence("Fz,1\nECG,2\n", &[]).contains("\"ECG\""));
        assert!(sentence("T3,1\nT7,2\n", &[]).contains("stands twice"));
        let four = "label,a,b,c,d\nFz,1,2,3,4\n";
        assert_eq!(sentence(four, &["--width", "10", "--height", "5"]), "10 x 5 is too small for 4 heads");
    }

    #[test]
    fn json_answers_with_what_was_read() {
        let answer = as_json(&[("theta".into(), vec![1.0, -2.0])], &["Fz".to_string(), "Cz".into()][..], &Drawing::default());
        let value: serde_json::Value = serde_json::from_str(&answer.expect("answers")).expect("JSON");
        assert_eq!((value["maps"]["theta"]["Cz"].as_f64(), value["high"].as_f64()), (Some(-2.0), Some(2.0)));
        assert_eq!(value["head_radius"].as_u64(), Some(20));
    }
}
