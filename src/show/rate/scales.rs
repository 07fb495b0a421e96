//! The scales of the participant's screen: five figures over nine numbers, and the words. The figures are our own
//! drawing, in plain characters.

use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::signal::Emotion;

/// From a frown to a smile; one figure for every other number.
pub const VALENCE: [[&str; 4]; 5] = [
    [" .---. ", "/ o o \\", "\\ /^\\ /", " '---' "],
    [" .---. ", "/ o o \\", "\\ .-. /", " '---' "],
    [" .---. ", "/ o o \\", "\\ --- /", " '---' "],
    [" .---. ", "/ o o \\", "\\ '-' /", " '---' "],
    [" .---. ", "/ ^ ^ \\", "\\ \\_/ /", " '---' "],
];
/// From half asleep to bursting.
pub const AROUSAL: [[&str; 4]; 5] = [
    [" .---. ", "( - - )", "|  .  |", " '---' "],
    [" .---. ", "( . . )", "| .:. |", " '---' "],
    [" .---. ", "( o o )", "| :*: |", " '---' "],
    [" .---. ", "( o o )", "|.:*:.|", " '---' "],
    ["\\.---./", "( O O )", "|:*#*:|", "/'---'\\"],
];

/// Columns of one number where there is room, and of the nine of them.
const CELL: u16 = 8;
pub const WIDTH: u16 = 9 * CELL;
/// Columns of one word with its key and its brackets.
const WORD: u16 = 14;

/// Nine numbers under five figures.
pub struct Scale<'a> {
    pub title: &'a str,
    pub ends: [&'a str; 2],
    pub figures: Option<&'a [[&'a str; 4]; 5]>,
}

impl Scale<'_> {
    pub fn draw(&self, pen: &mut Pen, value: Option<f32>, here: bool) {
        title(pen, self.title, here);
        // A narrow window has narrower columns: a scale that lost its 9 would be another scale.
        let cell = (pen.width() / 9).min(CELL);
        let first = 12;
        pen.text(first, 0, &format!("1 = {}", self.ends[0]), Ink::Dim);
        pen.right(0, &format!("9 = {}", self.ends[1]), Ink::Dim);
        let chosen = |i: u16| value.is_some_and(|v| (v - f32::from(i + 1)).abs() < 0.5);
        let mut y = 1;
        if let Some(figures) = self.figures {
            for (k, figure) in figures.iter().enumerate() {
                let i = 2 * k as u16;
                let ink = if chosen(i) { Ink::Strong } else { Ink::Plain };
                figure.iter().enumerate().for_each(|(row, line)| _ = pen.text(i * cell, 1 + row as u16, line, ink));
            }
            y = 5;
        }
        for i in 0..9 {
            let (text, ink) =
                if chosen(i) { (format!("[ {} ]", i + 1), Ink::Title) } else { (format!("  {}  ", i + 1), Ink::Plain) };
            pen.text(i * cell + 1, y, &text, ink);
        }
    }
}

fn title(pen: &mut Pen, text: &str, here: bool) {
    let sign = if here { "> " } else { "  " };
    pen.line(0, 0, &[(sign, Ink::Accent), (text, if here { Ink::Accent } else { Ink::Strong })]);
}

/// The words, each with its key: two rows of five, or more and shorter ones.
pub fn words(pen: &mut Pen, chosen: Option<Emotion>, here: bool) {
    title(pen, "ONE WORD", here);
    let columns = (pen.width().saturating_sub(2) / WORD).clamp(1, 5);
    for (i, emotion) in Emotion::ALL.into_iter().enumerate() {
        let (x, y) = (2 + (i as u16 % columns) * WORD, 1 + i as u16 / columns);
        let on = chosen == Some(emotion);
        let (open, close) = if on { ("[", "]") } else { (" ", " ") };
        let (key, word) = (emotion.key().to_string(), format!(" {emotion}"));
        let (key_ink, word_ink) = if on { (Ink::Title, Ink::Title) } else { (Ink::Accent, Ink::Plain) };
        pen.line(x, y, &[(open, Ink::Strong), (&key, key_ink), (&word, word_ink), (close, Ink::Strong)]);
    }
}
