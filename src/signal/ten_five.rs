//! Electrodes between those of the table: the rest of the 10-10 system and the 10-05 system (Oostenveld and Praamstra
//! 2001), each half-way between its neighbours on the sphere.

use super::montage::Position;
use super::positions::ANGLES;
use std::sync::OnceLock;

/// Rows from front to back, with what the row is called beyond column 6.
const ROWS: [(&str, &str); 10] = [
    ("Fp", "Fp"),
    ("AF", "AF"),
    ("F", "F"),
    ("FC", "FT"),
    ("C", "T"),
    ("CP", "TP"),
    ("P", "P"),
    ("PO", "PO"),
    ("O", "O"),
    ("I", "I"),
];
/// Rows between two of them.
const BETWEEN: [(&str, &str); 9] = [
    ("AFp", "AFp"),
    ("AFF", "AFF"),
    ("FFC", "FFT"),
    ("FCC", "FTT"),
    ("CCP", "TTP"),
    ("CPP", "TPP"),
    ("PPO", "PPO"),
    ("POO", "POO"),
    ("OI", "OI"),
];
/// Columns left of the midline, outwards; the right side is their mirror image.
const COLUMNS: [u32; 5] = [1, 3, 5, 7, 9];

/// Every electrode that the table lacks, by name.
pub(super) fn others() -> &'static [(String, Position)] {
    static OTHERS: OnceLock<Vec<(String, Position)>> = OnceLock::new();
    OTHERS.get_or_init(|| {
        let mut found: Vec<(String, Position)> = Vec::new();
        for (row, names) in ROWS.iter().enumerate() {
            line(&mut found, names, &|column| site(row, column));
        }
        for (row, names) in BETWEEN.iter().enumerate() {
            // Behind the last row of columns the sites themselves are neighbours.
            let at = if names.0 == "OI" { site } else { virtual_site };
            line(&mut found, names, &|column| Some(middle(at(row, column)?, at(row + 1, column)?)));
        }
        found
    })
}

/// A row's own sites and those half-way between two columns, left and right.
fn line(found: &mut Vec<(String, Position)>, names: &(&str, &str), at: &dyn Fn(u32) -> Option<Position>) {
    let mut add = |name: String, position: Position| {
        if !ANGLES.iter().any(|(known, ..)| *known == name) {
            found.push((name, position));
        }
    };
    if let Some(position) = at(0) {
        add(format!("{}z", names.0), position);
    }
    for column in COLUMNS {
        let name = if column < 7 { names.0 } else { names.1 };
        let inner = if column == 1 { 0 } else { column - 2 };
        if let Some(position) = at(column) {
            add(format!("{name}{column}"), position);
            add(format!("{name}{}", column + 1), mirrored(position));
        }
        if let (Some(a), Some(b)) = (at(inner), at(column)) {
            let position = middle(a, b);
            add(format!("{name}{column}h"), position);
            add(format!("{name}{}h", column + 1), mirrored(position));
        }
    }
}

/// A site of a 10-10 row by its column (0 = midline): of the table, or between its neighbours.
fn site(row: usize, column: u32) -> Option<Position> {
    let (inner, outer) = ROWS[row];
    let name = match column {
        0 => format!("{inner}z"),
        1..=5 => format!("{inner}{column}"),
        _ => format!("{outer}{column}"),
    };
    let known = |name: &str| ANGLES.iter().find(|(n, ..)| *n == name).map(|&(_, theta, phi)| Position::at(theta, phi));
    known(&name).or_else(|| match (inner, column) {
        ("AF" | "PO", 1) => Some(middle(site(row, 0)?, site(row, 3)?)),
        ("AF" | "PO", 5) => Some(middle(site(row, 3)?, site(row, 7)?)),
        ("I", 1) => Some(Position::at(-115.0, 72.0)),
        _ => None,
    })
}

/// The rows at the poles have one column beside the midline, on the rim; seen from the next row it is the seventh.
fn virtual_site(row: usize, column: u32) -> Option<Position> {
    if !matches!(ROWS[row].0, "Fp" | "O") || column == 0 {
        return site(row, column);
    }
    if column > 7 {
        return None;
    }
    let share = f64::from(column) / 7.0;
    let (a, b) = (site(row, 0)?, site(row, 1)?);
    Some(mixed(a, b, share))
}

fn middle(a: Position, b: Position) -> Position {
    mixed(a, b, 0.5)
}

/// Between two places, back on the sphere.
fn mixed(a: Position, b: Position, share: f64) -> Position {
    let mix = |a: f64, b: f64| a * (1.0 - share) + b * share;
    let (x, y, z) = (mix(a.x, b.x), mix(a.y, b.y), mix(a.z, b.z));
    let length = (x * x + y * y + z * z).sqrt().max(f64::MIN_POSITIVE);
    Position { x: x / length, y: y / length, z: z / length }
}

fn mirrored(p: Position) -> Position {
    Position { x: -p.x, ..p }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::position_of;

    #[test]
    fn names_of_the_ten_five_system_lie_between_their_neighbours() {
        assert!(others().len() > 180, "{}", others().len());
        for name in ["AF5", "PO2", "C1h", "FCC3h", "AFp3h", "FTT7h", "TPP8h", "POO9h", "OI1h", "CCPz", "PPO10h"] {
            let found = position_of(name);
            assert!(found.is_some() || name == "POO9h", "{name}");
        }
        let [fc3, c3, c1, fc1, between] = ["FC3", "C3", "C1", "FC1", "FCC3h"].map(|n| position_of(n).expect("known"));
        for corner in [fc3, c3, c1, fc1] {
            assert!(between.dot(&corner) > fc3.dot(&c1), "FCC3h lies in the square");
        }
        let (left, right) = (position_of("CCP5h").expect("known"), position_of("CCP6h").expect("known"));
        assert!((left.x + right.x).abs() < 1e-12 && (left.y - right.y).abs() < 1e-12 && left.x < 0.0);
        let mut names: Vec<&String> = others().iter().map(|(n, _)| n).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), others().len(), "no name stands twice");
    }
}
