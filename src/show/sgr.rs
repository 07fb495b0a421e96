//! Colours as terminals are told of them (ECMA-48, Select Graphic Rendition), and the numbers of the sixteen themed ones.

use ratatui::style::Color;

/// A themed colour's number, 0 to 15; `None` for the terminal's own and for all that are given by value.
pub fn themed(colour: Color) -> Option<u8> {
    Some(match colour {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        _ => return None,
    })
}

/// Parameters of the sequence; `base` is 30 for letters and 40 for what they stand on.
pub fn parameters(colour: Color, base: u8) -> String {
    match (colour, themed(colour)) {
        (_, Some(dark @ 0..8)) => (base + dark).to_string(),
        (_, Some(bright)) => (base + 52 + bright).to_string(),
        (Color::Indexed(index), _) => format!("{};5;{index}", base + 8),
        (Color::Rgb(r, g, b), _) => format!("{};2;{r};{g};{b}", base + 8),
        _ => (base + 9).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_the_numbers_of_the_standard() {
        let cases = [
            (Color::Reset, "39", "49"),
            (Color::Black, "30", "40"),
            (Color::Gray, "37", "47"),
            (Color::DarkGray, "90", "100"),
            (Color::White, "97", "107"),
            (Color::Indexed(9), "38;5;9", "48;5;9"),
            (Color::Rgb(1, 2, 3), "38;2;1;2;3", "48;2;1;2;3"),
        ];
        for (colour, letters, ground) in cases {
            assert_eq!([parameters(colour, 30), parameters(colour, 40)], [letters, ground]);
        }
    }
}
