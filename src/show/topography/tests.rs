//! What a scalp map promises, whatever its size and depth.

use super::*;
use crate::signal::Montage;

fn labels() -> Vec<String> {
    Montage::biosemi32().labels
}

/// Values by flat position.
fn field(labels: &[String], value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    labels.sites().expect("electrodes").places.iter().map(|s| value(s.0, s.1)).collect()
}

const DEPTHS: [Depth; 4] = [Depth::Ascii, Depth::Ansi16, Depth::Ansi256, Depth::True];

#[test]
fn no_size_panics_and_seven_bits_stay_seven_bits() {
    let labels: Vec<String> = ["Fz", "C3", "C4", "Oz", "T7"].map(String::from).to_vec();
    let values = [1.0, -1.0, 0.5, -0.2, 0.0];
    for width in 10..=200 {
        for height in (5..=60).step_by(if width % 10 == 0 { 1 } else { 11 }) {
            let head = Head::new(&labels, width, height).expect("a head");
            let depth = DEPTHS[(width + height) % 4];
            let cells = head.cells(&values, Scale::Signed(1.0), depth, true);
            assert_eq!((cells.len(), cells[0].len()), (height, width));
            let bands = Bands::new(&labels, 4, width, height).expect("heads");
            let maps = [("theta", &values[..]), ("alpha", &values), ("beta", &values), ("gamma \u{3b3}", &values)];
            let text = bands.text(&maps, Scale::Signed(1.0), Depth::Ascii, true);
            assert!(text.iter().all(|l| l.bytes().all(|b| (b' '..=b'~').contains(&b)) && l.len() <= width));
            assert!(text.len() <= height);
        }
    }
}

#[test]
fn the_front_is_up_and_left_is_left() {
    let labels = labels();
    let head = Head::new(&labels, 40, 20).expect("a head");
    let halves = |values: &[f64]| {
        let lines = plain_lines(&head.cells(values, Scale::Signed(1.0), Depth::Ascii, false));
        let count = |wanted: &dyn Fn(usize, usize) -> bool| {
            let all = lines.iter().enumerate().flat_map(|(r, l)| l.chars().enumerate().map(move |(c, g)| (r, c, g)));
            all.filter(|(r, c, g)| "#%@".contains(*g) && wanted(*r, *c)).count()
        };
        (count(&|r, _| r < 9), count(&|r, _| r > 11), count(&|_, c| c < 18), count(&|_, c| c > 21))
    };
    let (up, down, ..) = halves(&field(&labels, |_, y| y));
    assert!(up > 20 && down == 0, "{up} {down}");
    let (_, _, left, right) = halves(&field(&labels, |x, _| -x));
    assert!(left > 20 && right == 0, "{left} {right}");
}

#[test]
fn a_colour_map_has_its_extremes_where_the_values_are() {
    let labels = labels();
    let head = Head::new(&labels, 44, 22).expect("a head");
    let cells = head.cells(&field(&labels, |x, _| x), Scale::Signed(1.0), Depth::True, false);
    let red = |cell: &Cell| matches!(cell.fg, Color::Rgb(r, _, b) if r > 150 && b < 100);
    let blue = |cell: &Cell| matches!(cell.fg, Color::Rgb(r, _, b) if b > 150 && r < 100);
    let row = &cells[11];
    assert!(row[..20].iter().any(blue) && !row[..20].iter().any(red));
    assert!(row[24..].iter().any(red) && !row[24..].iter().any(blue));
}

#[test]
fn four_heads_fit_a_small_terminal_and_share_a_scale() {
    let labels = labels();
    let maps: Vec<(String, Vec<f64>)> = ["theta", "alpha", "beta", "gamma"]
        .iter()
        .enumerate()
        .map(|(i, name)| (name.to_string(), field(&labels, |x, y| (x - y) * (i + 1) as f64)))
        .collect();
    let text = bands_text(&maps, &labels, 80, 24, true).expect("text");
    assert!(text.len() <= 24 && text.iter().all(|l| l.len() <= 80 && l.is_ascii()));
    assert_eq!(text.iter().filter(|l| l.contains("/\\")).count(), 2, "two rows of noses");
    assert_eq!(Bands::new(&labels, 4, 80, 24).expect("heads").radius(), 9);
    let all = text.join("\n");
    assert!(["theta", "alpha", "beta", "gamma"].iter().all(|name| all.contains(name)));
    assert!(text.last().is_some_and(|l| l.contains("&MXvao~`'") && l.contains(".:-=+*#%@ +")), "{all}");
    // theta has a quarter of gamma's values: under one scale it cannot reach the ramp's end.
    let theta: String = text[..11].iter().map(|l| l.chars().take(40).collect::<String>()).collect();
    assert!(!theta.contains('@') && all.contains('@'));
}

#[test]
fn wrong_channels_are_named() {
    let of = |names: &[&str]| {
        let labels: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        Head::new(&labels, 20, 10).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert!(of(&["Fz", "EXG1"]).contains("\"EXG1\""));
    assert!(of(&["T3", "Fz", "T7"]).contains("\"T7\" stands twice"));
    assert!(of(&[]).contains("no channels"));
    let map = ("theta".to_string(), vec![1.0]);
    let error = bands_text(&[map], &labels(), 80, 24, true).err().map(|e| e.to_string()).unwrap_or_default();
    assert_eq!(error, "map \"theta\" has 1 values for 32 channels");
}

#[test]
fn missing_numbers_leave_an_empty_head() {
    let labels = labels();
    let head = Head::new(&labels, 20, 10).expect("a head");
    let mut values = vec![1.0; 32];
    values[3] = f64::NAN;
    let text = plain_lines(&head.cells(&values, Scale::Signed(1.0), Depth::Ascii, false)).concat();
    assert!(text.contains("/\\") && !text.contains('@'));
}

#[test]
fn a_buffer_gets_the_same_letters_and_nothing_outside_its_area() {
    let labels = labels();
    let head = Head::new(&labels, 24, 12).expect("a head");
    let values = field(&labels, |x, y| x * y);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 16));
    head.draw(&mut buffer, Rect::new(3, 2, 24, 12), &values, Scale::Signed(0.5), Depth::Ascii, false);
    let lines = plain_lines(&head.cells(&values, Scale::Signed(0.5), Depth::Ascii, false));
    for (row, line) in lines.iter().enumerate() {
        let drawn: String = (0..30u16).filter_map(|x| buffer.cell((x, row as u16 + 2)).map(|c| c.symbol().to_string())).collect();
        assert_eq!(drawn.trim_end(), format!("   {line}").trim_end());
    }
    let mut small = Buffer::empty(Rect::new(0, 0, 5, 5));
    head.draw(&mut small, Rect::new(2, 2, 24, 12), &values, Scale::Signed(0.5), Depth::True, true);
}

#[test]
fn an_svg_is_balanced_and_escaped() {
    let labels = labels();
    let values = field(&labels, |x, _| x);
    let picture = svg(&[("a<b", &values[..]), ("alpha", &values)], &labels, Scale::Signed(1.0)).expect("draws");
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    assert!(picture.contains("a&lt;b") && !picture.contains("a<b"));
    assert_eq!(picture.matches("<g").count(), picture.matches("</g>").count());
    assert!(!picture.contains("NaN"));
}
