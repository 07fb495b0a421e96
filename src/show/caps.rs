//! What the terminal can show, and the inks that every screen draws with.
//!
//! Colours say nothing by themselves: each ink has its word or sign beside it on the screen. No ink sets a
//! background, so light and dark terminals both stay readable.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

/// How many colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    Mono,
    Sixteen,
    TwoFiftySix,
    True,
}

/// A word that names no colour depth.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("\"{0}\" is no colour depth; use mono, 16, 256 or true")]
pub struct UnknownDepth(String);

impl std::str::FromStr for Depth {
    type Err = UnknownDepth;
    fn from_str(word: &str) -> Result<Self, UnknownDepth> {
        match word.trim().to_ascii_lowercase().as_str() {
            "mono" | "none" | "0" => Ok(Depth::Mono),
            "16" => Ok(Depth::Sixteen),
            "256" => Ok(Depth::TwoFiftySix),
            "true" | "truecolor" | "24bit" => Ok(Depth::True),
            _ => Err(UnknownDepth(word.into())),
        }
    }
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// 7-bit characters only, borders included.
    pub ascii: bool,
    pub depth: Depth,
    /// Dark letters on a light background: the inks are darker.
    pub light: bool,
}

/// What a piece of text means; the depth decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    Plain,
    Strong,
    Dim,
    Accent,
    Good,
    Fair,
    Bad,
    /// The word SIMULATED.
    Simulated,
    Trace,
    Heart,
    /// Above zero on a map.
    Warm,
    /// Below zero on a map.
    Cool,
    /// Where the keys go.
    Selected,
    Title,
}

impl Caps {
    /// Decides from the flags, then the environment: flags > NO_COLOR > COLORTERM > TERM. Over SSH usually only
    /// TERM arrives, so a missing locale counts as UTF-8 and an unknown TERM as 16 colours.
    pub fn detect(ascii: bool, depth: Option<Depth>, env: impl Fn(&str) -> Option<String>) -> Caps {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let plain_term = matches!(term.as_str(), "dumb" | "linux" | "vt100" | "vt102" | "vt220");
        let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
        let eight_bit = locale.is_some_and(|l| !l.to_ascii_lowercase().replace('-', "").contains("utf8"));
        let depth = depth.unwrap_or_else(|| {
            let colorterm = set("COLORTERM").unwrap_or_default();
            if set("NO_COLOR").is_some() || matches!(term.as_str(), "" | "dumb" | "vt100" | "vt102" | "vt220") {
                Depth::Mono
            } else if colorterm.contains("truecolor") || colorterm.contains("24bit") || term.contains("direct") {
                Depth::True
            } else if term.contains("256")
                || ["kitty", "alacritty", "foot", "wezterm", "ghostty"].iter().any(|t| term.contains(t))
            {
                Depth::TwoFiftySix
            } else {
                Depth::Sixteen
            }
        });
        // "15;0" of rxvt, Konsole and others: the last number is the background's, of sixteen.
        let light = set("COLORFGBG").and_then(|v| v.rsplit(';').next()?.parse::<u8>().ok()).is_some_and(|c| c == 7 || c > 8);
        Caps { ascii: ascii || plain_term || eight_bit, depth, light }
    }

    /// One of two glyphs.
    pub fn pick(&self, unicode: char, ascii: char) -> char {
        if self.ascii { ascii } else { unicode }
    }

    pub fn style(&self, ink: Ink) -> Style {
        if self.light {
            return self.dark_style(ink);
        }
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match ink {
            Ink::Plain => Style::new(),
            Ink::Strong => bold,
            Ink::Selected => Style::new().add_modifier(Modifier::REVERSED),
            Ink::Title => bold.add_modifier(Modifier::REVERSED),
            Ink::Dim if self.depth == Depth::Mono => Style::new().add_modifier(Modifier::DIM),
            Ink::Dim => self.coloured((138, 138, 138), 245, Color::DarkGray),
            Ink::Accent => self.coloured((95, 175, 215), 74, Color::Cyan),
            Ink::Good => self.coloured((120, 175, 95), 107, Color::Green),
            Ink::Fair => self.coloured((215, 165, 75), 179, Color::Yellow).add_modifier(Modifier::BOLD),
            Ink::Bad => self.coloured((225, 95, 95), 167, Color::Red).add_modifier(Modifier::BOLD),
            Ink::Simulated => self.coloured((185, 135, 220), 140, Color::Magenta).add_modifier(Modifier::BOLD),
            Ink::Trace => self.coloured((135, 185, 175), 109, Color::Cyan),
            Ink::Heart => self.coloured((220, 125, 140), 174, Color::LightRed),
            Ink::Warm => self.coloured((215, 95, 75), 167, Color::Red),
            Ink::Cool => self.coloured((85, 145, 215), 68, Color::Blue),
        }
    }

    /// The same inks for light backgrounds: each at least as far from white as the others are from black.
    fn dark_style(&self, ink: Ink) -> Style {
        let bold = Modifier::BOLD;
        match ink {
            Ink::Dim if self.depth != Depth::Mono => self.coloured((98, 98, 98), 241, Color::DarkGray),
            Ink::Accent => self.coloured((0, 95, 150), 24, Color::Blue),
            Ink::Good => self.coloured((45, 105, 20), 22, Color::Green),
            Ink::Fair => self.coloured((140, 85, 0), 94, Color::Red).add_modifier(bold),
            Ink::Bad => self.coloured((175, 25, 25), 124, Color::Red).add_modifier(bold),
            Ink::Simulated => self.coloured((115, 50, 155), 91, Color::Magenta).add_modifier(bold),
            Ink::Trace => self.coloured((0, 90, 85), 23, Color::Blue),
            Ink::Heart => self.coloured((165, 40, 75), 125, Color::Red),
            Ink::Warm => self.coloured((175, 50, 30), 124, Color::Red),
            Ink::Cool => self.coloured((20, 80, 165), 25, Color::Blue),
            other => Caps { light: false, ..*self }.style(other),
        }
    }

    fn coloured(&self, (r, g, b): (u8, u8, u8), index: u8, ansi: Color) -> Style {
        match self.depth {
            Depth::Mono => Style::new(),
            Depth::Sixteen => Style::new().fg(ansi),
            Depth::TwoFiftySix => Style::new().fg(Color::Indexed(index)),
            Depth::True => Style::new().fg(Color::Rgb(r, g, b)),
        }
    }

    /// The last pass over a finished screen: in ASCII mode every cell becomes 7-bit, whatever text came from
    /// files and people.
    pub fn fold(&self, buf: &mut Buffer) {
        if !self.ascii {
            return;
        }
        for cell in &mut buf.content {
            if !cell.symbol().is_ascii() {
                let folded = cell.symbol().chars().next().map_or(' ', plain);
                cell.set_char(folded);
            }
        }
    }
}

/// The 7-bit character that comes nearest.
pub fn plain(c: char) -> char {
    match c {
        _ if c.is_ascii() => c,
        '─' | '━' | '–' | '—' | '╌' => '-',
        '│' | '┃' | '╎' | '┊' => '|',
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╯' | '╰' => '+',
        '█' | '▓' | '▀' | '▄' | '■' | '▪' => '#',
        '▒' => ':',
        '░' | '·' | '…' => '.',
        '●' | '•' | '◆' | '♥' => '*',
        '○' | '◦' => 'o',
        '→' | '▸' | '▶' | '›' => '>',
        '←' | '◂' | '‹' => '<',
        '↑' | '▲' => '^',
        '↓' | '▼' => 'v',
        '✓' => '+',
        '✗' | '×' => 'x',
        '≥' => '>',
        '≤' => '<',
        '±' => '~',
        'µ' | 'μ' | 'ú' | 'ù' | 'ü' | 'û' => 'u',
        'á' | 'à' | 'ä' | 'â' | 'å' | 'ã' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'ø' | 'õ' => 'o',
        'ç' => 'c',
        'ñ' => 'n',
        'ß' => 's',
        'Ä' | 'Å' | 'Á' | 'À' => 'A',
        'Ö' | 'Ø' | 'Ó' => 'O',
        'Ü' | 'Ú' => 'U',
        'É' | 'È' => 'E',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pairs: &[(&str, &str)]) -> Caps {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect();
        Caps::detect(false, None, move |name| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
    }

    #[test]
    fn flags_beat_no_color_beats_colorterm_beats_term() {
        assert_eq!(seen(&[("TERM", "xterm")]).depth, Depth::Sixteen);
        assert_eq!(seen(&[("TERM", "xterm-256color")]).depth, Depth::TwoFiftySix);
        assert_eq!(seen(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(seen(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")]).depth, Depth::Mono);
        assert_eq!(seen(&[("TERM", "xterm"), ("NO_COLOR", "")]).depth, Depth::Sixteen);
        let flagged = Caps::detect(true, Some(Depth::True), |name| (name == "NO_COLOR").then(|| "1".to_string()));
        assert_eq!(flagged, Caps { ascii: true, depth: Depth::True, light: false });
    }

    #[test]
    fn light_backgrounds_have_darker_inks() {
        assert!(seen(&[("COLORFGBG", "0;15")]).light && seen(&[("COLORFGBG", "0;default;7")]).light);
        assert!(!seen(&[("COLORFGBG", "15;0")]).light && !seen(&[]).light);
        let on = |light| Caps { ascii: false, depth: Depth::True, light };
        for ink in
            [Ink::Dim, Ink::Accent, Ink::Good, Ink::Fair, Ink::Bad, Ink::Simulated, Ink::Trace, Ink::Heart, Ink::Warm, Ink::Cool]
        {
            let brightness = |caps: Caps| match caps.style(ink).fg {
                Some(Color::Rgb(r, g, b)) => 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b),
                other => panic!("{ink:?} is {other:?}"),
            };
            assert!(brightness(on(false)) > 115.0 && brightness(on(true)) < 115.0, "{ink:?}");
        }
    }

    #[test]
    fn seven_bit_where_the_terminal_or_the_locale_says_so() {
        assert!(seen(&[("TERM", "linux")]).ascii && seen(&[("TERM", "dumb")]).ascii);
        assert!(seen(&[("TERM", "xterm"), ("LANG", "C")]).ascii);
        assert!(!seen(&[("TERM", "xterm"), ("LANG", "en_GB.UTF-8")]).ascii);
        assert!(!seen(&[("TERM", "xterm")]).ascii);
    }
}
