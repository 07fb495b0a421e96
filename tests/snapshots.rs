//! Every scene at three sizes and depths, letters and styles, against what was drawn when somebody last looked; every
//! size without a panic; and 7 bits where 7 bits were asked for.
//!
//! `LIMBIC_SNAPSHOTS=write cargo test --release --test snapshots` draws the stored pictures again, and
//! `LIMBIC_EVERY_SIZE=1` tries each single size instead of a choice.

use limbic::show::example::{Scene, scenes};
use limbic::show::{Caps, Depth, picture};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use std::path::PathBuf;

/// Name, abilities, columns, rows.
const LOOKS: [(&str, Caps, u16, u16); 3] = [
    ("80x24-ascii", Caps { ascii: true, depth: Depth::Mono, light: false }, 80, 24),
    ("120x40-256", Caps { ascii: false, depth: Depth::TwoFiftySix, light: false }, 120, 40),
    ("200x50-true", Caps { ascii: false, depth: Depth::True, light: false }, 200, 50),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// Rows of letters, then rows of one sign per cell for its style, then what the signs mean.
fn written(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let mut styles: Vec<String> = vec![style(&Cell::default())];
    let (mut letters, mut signs) = (String::new(), String::new());
    for row in buffer.content.chunks(width) {
        let text: String = row.iter().map(|c| c.symbol()).collect();
        let mut line = String::new();
        for cell in row {
            let style = style(cell);
            let at = styles.iter().position(|s| *s == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            line.push(sign(at));
        }
        letters += &format!("{}\n", text.trim_end());
        signs += &format!("{}\n", line.trim_end());
    }
    let meanings: String = styles.iter().enumerate().skip(1).map(|(i, s)| format!("{} {s}\n", sign(i))).collect();
    format!("{letters}-- styles\n{signs}-- signs\n{meanings}")
}

/// The plain style is a blank.
fn sign(style: usize) -> char {
    match style {
        0 => ' ',
        1..=93 => char::from(b'!' + style as u8 - 1),
        more => char::from_u32(0x4e00 + more as u32).expect("a letter"),
    }
}

fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    for (name, colour) in [("fg", cell.fg), ("bg", cell.bg)] {
        if colour != Color::Reset {
            words.push(format!("{name} {colour}"));
        }
    }
    let names = [(Modifier::BOLD, "bold"), (Modifier::DIM, "dim"), (Modifier::REVERSED, "reversed")];
    words.extend(names.into_iter().filter(|(m, _)| cell.modifier.contains(*m)).map(|(_, name)| name.to_string()));
    words.join(", ")
}

#[test]
fn every_scene_looks_as_it_did() {
    let write = std::env::var("LIMBIC_SNAPSHOTS").is_ok_and(|v| v == "write");
    std::fs::create_dir_all(folder()).expect("a folder");
    let mut wrong = Vec::new();
    for scene in scenes() {
        for (look, caps, width, height) in LOOKS {
            let drawn = written(&picture::draw(&scene, caps, width, height));
            let file = folder().join(format!("{}-{look}.txt", scene.name.replace(' ', "-")));
            if write {
                std::fs::write(&file, drawn).expect("written");
                continue;
            }
            let stored = std::fs::read_to_string(&file).unwrap_or_default();
            if let Some((at, (was, is))) = stored.lines().zip(drawn.lines()).enumerate().find(|(_, (a, b))| a != b) {
                wrong.push(format!("{} {look}, line {}:\n  was {was}\n  is  {is}", scene.name, at + 1));
            } else if stored != drawn {
                wrong.push(format!("{} {look} has another length, or nothing is stored", scene.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\nLook at them; LIMBIC_SNAPSHOTS=write stores them.", wrong.join("\n"));
}

#[test]
fn no_stored_picture_is_left_over() {
    let wanted: Vec<String> =
        scenes().iter().flat_map(|s| LOOKS.map(|(look, ..)| format!("{}-{look}.txt", s.name.replace(' ', "-")))).collect();
    for file in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        assert!(wanted.contains(&name), "tests/snapshots/{name} belongs to no scene");
    }
}

/// Widths and heights from 40x12 to 250x80: all of them, or those where layouts change and a grid between.
fn sizes() -> Vec<(u16, u16)> {
    let all = std::env::var_os("LIMBIC_EVERY_SIZE").is_some();
    let edges = |v: &u16| [40, 59, 60, 61, 79, 80, 99, 100, 119, 120, 250].contains(v) || v.is_multiple_of(23);
    let rows = |v: &u16| [12, 17, 18, 19, 23, 24, 29, 30, 31, 32, 33, 80].contains(v) || v.is_multiple_of(11);
    let grid = |(w, h): &(u16, u16)| all || (edges(w) && rows(h));
    (40..=250).flat_map(|w| (12..=80).map(move |h| (w, h))).filter(grid).collect()
}

#[test]
fn every_size_is_drawn_and_seven_bits_are_seven() {
    use rayon::prelude::*;
    let sizes = sizes();
    let count = scenes().len();
    (0..count).into_par_iter().for_each(|i| {
        let scene: Scene = scenes().swap_remove(i);
        let ascii = picture::program(&scene, LOOKS[0].1);
        let colour = picture::program(&scene, LOOKS[2].1);
        for &(width, height) in &sizes {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            ascii.draw(&mut buffer);
            assert!(buffer.content.iter().all(|c| c.symbol().is_ascii()), "{} is not 7-bit at {width}x{height}", scene.name);
            assert!(buffer.content.iter().any(|c| c.symbol() != " "), "{} is empty at {width}x{height}", scene.name);
            buffer.reset();
            colour.draw(&mut buffer);
        }
    });
    println!("{} sizes of {count} scenes, in 7 bits and in colour", sizes.len());
}
