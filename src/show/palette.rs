//! Numbers as colours and letters: the scales of maps, for every depth a terminal may have.

use ratatui::style::Color;
use std::sync::OnceLock;

/// How many colours there are to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 7-bit letters, no colour.
    Ascii,
    /// The sixteen themed colours.
    Ansi16,
    /// The colour cube and grey ramp of 256-colour terminals.
    Ansi256,
    /// 24 bits.
    True,
}

/// How values become colours; one for all maps that stand together, never one per head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// From -max (blue) over 0 (white) to +max (red).
    Signed(f64),
    /// From low (dark) to high (bright), for band power and other quantities without a natural zero.
    Power { low: f64, high: f64 },
}

const RISING: &[u8; 10] = b" .:-=+*#%@";
const FALLING: &[u8; 10] = b" '`~oavXM&";
/// Colour levels: enough to look smooth, few enough to cost few bytes; odd, so that zero has its own.
const LEVELS: usize = 31;

/// ColorBrewer's RdBu (Brewer 2003) from blue to red.
const SIGNED: [(u8, u8, u8); 11] = [
    (5, 48, 97),
    (33, 102, 172),
    (67, 147, 195),
    (146, 197, 222),
    (209, 229, 240),
    (247, 247, 247),
    (253, 219, 199),
    (244, 165, 130),
    (214, 96, 77),
    (178, 24, 43),
    (103, 0, 31),
];

/// viridis (Smith and van der Walt 2015) at nine places.
const POWER: [(u8, u8, u8); 9] = [
    (68, 1, 84),
    (71, 45, 123),
    (59, 82, 139),
    (44, 114, 142),
    (33, 145, 140),
    (40, 174, 128),
    (94, 201, 98),
    (173, 220, 48),
    (253, 231, 37),
];

/// Sixteen colours are themed, so a nearest match would be a guess: five steps chosen by eye.
const SIGNED16: [Color; 5] = [Color::Blue, Color::LightBlue, Color::White, Color::LightRed, Color::Red];
/// In the colour cube the nearest match of a pale blue is a grey, which loses the sign: fifteen steps chosen by eye.
const SIGNED256: [u8; 15] = [17, 25, 31, 74, 110, 153, 189, 255, 224, 217, 210, 167, 160, 124, 88];
const POWER16: [Color; 5] = [Color::Magenta, Color::Blue, Color::Cyan, Color::Green, Color::Yellow];

impl Scale {
    /// The symmetric scale that holds every value of these maps.
    pub fn signed<'a>(maps: impl IntoIterator<Item = &'a [f64]>) -> Self {
        let values = maps.into_iter().flatten().filter(|v| v.is_finite());
        Scale::Signed(values.fold(0.0, |max, v| v.abs().max(max)))
    }

    /// The scale from the lowest to the highest value of these maps.
    pub fn power<'a>(maps: impl IntoIterator<Item = &'a [f64]>) -> Self {
        let values = maps.into_iter().flatten().filter(|v| v.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        if low <= high { Scale::Power { low, high } } else { Scale::Power { low: 0.0, high: 0.0 } }
    }

    /// Signed when any value is below zero, power otherwise.
    pub fn fitting<'a>(maps: impl IntoIterator<Item = &'a [f64]> + Clone) -> Self {
        let negative = maps.clone().into_iter().flatten().any(|v| *v < 0.0);
        if negative { Scale::signed(maps) } else { Scale::power(maps) }
    }

    /// Place on the scale, 0..1; the middle when the scale has no width.
    pub fn place(self, value: f64) -> f64 {
        let (low, high) = self.ends();
        if high > low && value.is_finite() { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The values at the two ends.
    pub fn ends(self) -> (f64, f64) {
        match self {
            Scale::Signed(max) => (-max, max),
            Scale::Power { low, high } => (low, high),
        }
    }

    /// The value at a place between the ends (0..1).
    pub fn value_at(self, place: f64) -> f64 {
        let (low, high) = self.ends();
        low + (high - low) * place
    }

    /// A 7-bit letter: blank is zero (or the lowest power), heavier letters are larger, and below zero the ramp is
    /// one of light marks and small letters, so that the sign can be read without colour.
    pub fn letter(self, value: f64) -> char {
        let steps = (RISING.len() - 1) as f64;
        let (ramp, size) = match self {
            Scale::Signed(_) => {
                let place = self.place(value) * 2.0 - 1.0;
                (if place < 0.0 { FALLING } else { RISING }, place.abs())
            }
            Scale::Power { .. } => (RISING, self.place(value)),
        };
        char::from(ramp[(size * steps).round() as usize])
    }

    /// The colour of a value; `Reset` in 7 bits.
    pub fn colour(self, value: f64, depth: Depth) -> Color {
        let level = (self.place(value) * (LEVELS - 1) as f64).round() as usize;
        let signed = matches!(self, Scale::Signed(_));
        match depth {
            Depth::Ascii => Color::Reset,
            Depth::Ansi16 => {
                let five = if signed { SIGNED16 } else { POWER16 };
                five[(self.place(value) * 4.0).round() as usize]
            }
            Depth::Ansi256 if signed => {
                let steps = (SIGNED256.len() - 1) as f64;
                Color::Indexed(SIGNED256[(self.place(value) * steps).round() as usize])
            }
            Depth::Ansi256 => Color::Indexed(power256()[level]),
            Depth::True => {
                let (r, g, b) = rgb(signed, level);
                Color::Rgb(r, g, b)
            }
        }
    }

    /// The colour of a line of equal value where it has this value: the map's own, darker. Sixteen colours have no darker.
    pub fn line(self, value: f64, depth: Depth) -> Color {
        let signed = matches!(self, Scale::Signed(_));
        let level = (self.place(value) * (LEVELS - 1) as f64).round() as usize;
        match depth {
            Depth::Ansi256 => Color::Indexed(lines256(signed)[level]),
            Depth::True => {
                let (r, g, b) = darker(rgb(signed, level));
                Color::Rgb(r, g, b)
            }
            _ => self.colour(value, depth),
        }
    }

    /// The colour of a value as red, green, blue.
    pub fn rgb(self, value: f64) -> (u8, u8, u8) {
        rgb(matches!(self, Scale::Signed(_)), (self.place(value) * (LEVELS - 1) as f64).round() as usize)
    }

    /// Black or white, whichever can be read on the colour of this value.
    pub fn ink(self, value: f64, depth: Depth) -> Color {
        let (r, g, b) = self.rgb(value);
        let light = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
        match depth {
            Depth::Ascii => Color::Reset,
            Depth::Ansi16 => Color::Black,
            Depth::Ansi256 => Color::Indexed(if light > 130.0 { 16 } else { 231 }),
            Depth::True if light > 130.0 => Color::Rgb(20, 20, 24),
            Depth::True => Color::Rgb(250, 250, 250),
        }
    }
}

/// Lines that are not data: readable on dark and on light backgrounds.
pub fn line(depth: Depth) -> Color {
    match depth {
        Depth::Ascii => Color::Reset,
        Depth::Ansi16 => Color::DarkGray,
        Depth::Ansi256 => Color::Indexed(245),
        Depth::True => Color::Rgb(138, 138, 144),
    }
}

fn rgb(signed: bool, level: usize) -> (u8, u8, u8) {
    let anchors: &[(u8, u8, u8)] = if signed { &SIGNED } else { &POWER };
    let at = level.min(LEVELS - 1) as f64 / (LEVELS - 1) as f64 * (anchors.len() - 1) as f64;
    let low = (at.floor() as usize).min(anchors.len() - 2);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * (at - low as f64)).round() as u8;
    let (a, b) = (anchors[low], anchors[low + 1]);
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// The nearest of colours 16..=255 for every level of power; the first sixteen are themed and never used.
fn power256() -> &'static [u8; LEVELS] {
    static TABLE: OnceLock<[u8; LEVELS]> = OnceLock::new();
    TABLE.get_or_init(|| std::array::from_fn(|level| nearest(rgb(false, level))))
}

/// The same for lines of equal value, of either kind of scale.
fn lines256(signed: bool) -> &'static [u8; LEVELS] {
    static TABLES: OnceLock<[[u8; LEVELS]; 2]> = OnceLock::new();
    let table = |signed| std::array::from_fn(|level| nearest(darker(rgb(signed, level))));
    &TABLES.get_or_init(|| [table(false), table(true)])[usize::from(signed)]
}

fn darker((r, g, b): (u8, u8, u8)) -> (u8, u8, u8) {
    let shade = |v: u8| (u16::from(v) * 7 / 10) as u8;
    (shade(r), shade(g), shade(b))
}

fn nearest(wanted: (u8, u8, u8)) -> u8 {
    let (l, a, b) = oklab(wanted);
    let far = |index: &u8| {
        let (l2, a2, b2) = oklab(of_index(*index));
        (l - l2).powi(2) + (a - a2).powi(2) + (b - b2).powi(2)
    };
    (16..=255).min_by(|p, q| far(p).total_cmp(&far(q))).unwrap_or(16)
}

/// The colour that xterm shows for index 16..=255.
pub fn of_index(index: u8) -> (u8, u8, u8) {
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let cube = index.saturating_sub(16);
    let level = |v: u8| if v == 0 { 0 } else { 55 + 40 * v };
    (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
}

/// OKLab (Ottosson 2020): distances in it are close to what the eye sees.
fn oklab((r, g, b): (u8, u8, u8)) -> (f64, f64, f64) {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let (r, g, b) = (linear(r), linear(g), linear(b));
    let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
    let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
    let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
    (
        0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
        1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
        0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_tell_size_and_sign() {
        let scale = Scale::Signed(2.0);
        let letters: String = [-2.0, -1.0, -0.05, 0.0, 0.05, 1.0, 2.0, 9.0].map(|v| scale.letter(v)).iter().collect();
        assert_eq!(letters, "&a  \u{20}+@@");
        assert_eq!(Scale::Power { low: 1.0, high: 3.0 }.letter(1.0), ' ');
        assert_eq!(Scale::Power { low: 1.0, high: 3.0 }.letter(3.0), '@');
        assert_eq!(Scale::Signed(0.0).letter(0.0), ' ');
    }

    #[test]
    fn scales_hold_all_maps_and_zero_is_white() {
        let maps: [&[f64]; 2] = [&[1.0, -3.0], &[2.0, f64::NAN]];
        assert_eq!(Scale::signed(maps), Scale::Signed(3.0));
        assert_eq!(Scale::power(maps), Scale::Power { low: -3.0, high: 2.0 });
        assert_eq!(Scale::fitting(maps), Scale::Signed(3.0));
        assert_eq!(Scale::Signed(3.0).rgb(0.0), (247, 247, 247));
        assert_eq!(Scale::Signed(3.0).rgb(3.0), (103, 0, 31));
        assert_eq!(Scale::power(std::iter::empty()), Scale::Power { low: 0.0, high: 0.0 });
    }

    #[test]
    fn indexed_colours_are_near_and_never_themed() {
        assert_eq!(nearest((255, 0, 0)), 196);
        assert_eq!(nearest((238, 238, 238)), 255);
        assert!(power256().iter().chain(&SIGNED256).all(|i| *i >= 16));
        let of = |value| Scale::Signed(1.0).colour(value, Depth::Ansi256);
        assert_eq!([of(-1.0), of(0.0), of(1.0)], [17, 255, 88].map(Color::Indexed));
    }
}
