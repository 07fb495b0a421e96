//! A contact sheet: what was seen, as one picture that a person can check at a glance.

use super::{Face, Picture, Seen};

/// Size of one picture on the sheet, pixels, and of the gap between them.
const WIDTH: usize = 240;
const HEIGHT: usize = 160;
const GAP: usize = 6;
/// Height of the bars below a picture: one line a class.
const LINE: usize = 12;
const COLUMNS: usize = 4;
const GROUND: [u8; 3] = [24, 26, 30];
const INK: [u8; 3] = [225, 225, 225];
const BAR: [u8; 3] = [90, 140, 200];
const CHOSEN: [u8; 3] = [70, 220, 110];
const OTHER: [u8; 3] = [230, 180, 60];
const GROUND_OF_PICTURE: [u8; 3] = [0; 3];

/// Pictures that are put on it one after another.
pub struct Sheet {
    classes: Vec<String>,
    tiles: Vec<Picture>,
}

impl Sheet {
    pub fn new(classes: &[String]) -> Sheet {
        Sheet { classes: classes.to_vec(), tiles: Vec::new() }
    }

    /// Adds a picture with boxes around its faces (green: the participant), its caption and one bar a class.
    pub fn add(&mut self, picture: &Picture, seen: &Seen, caption: &str) {
        let ratio = (WIDTH as f32 / picture.width as f32).min(HEIGHT as f32 / picture.height as f32);
        let size = |n: usize| ((n as f32 * ratio) as usize).max(1);
        let mut small = picture.resized(size(picture.width), size(picture.height));
        for (i, face) in seen.faces.iter().enumerate() {
            frame(&mut small, &face.clone().moved(0.0, 0.0, ratio), if seen.participant == Some(i) { CHOSEN } else { OTHER });
        }
        let left = (WIDTH - small.width) / 2;
        let mut tile = Picture::filled(WIDTH, HEIGHT + LINE * (1 + self.classes.len()), GROUND);
        tile.put(&Picture::filled(WIDTH, HEIGHT, GROUND_OF_PICTURE), 0, 0);
        tile.put(&small, left, 0);
        write(&mut tile, 2, HEIGHT + 3, caption, INK);
        for (k, class) in self.classes.iter().enumerate() {
            let top = HEIGHT + LINE * (k + 1);
            let p = seen.expression.as_ref().and_then(|e| e.get(k)).copied().unwrap_or(0.0);
            let best = seen.expression.as_ref().is_some_and(|e| e.iter().all(|other| *other <= p));
            write(&mut tile, 2, top + 3, class, if best { CHOSEN } else { INK });
            let length = ((WIDTH - 84) as f64 * p) as usize;
            tile.put(&Picture::filled(length, LINE - 4, if best { CHOSEN } else { BAR }), 80, top + 2);
        }
        self.tiles.push(tile);
    }

    pub fn len(&self) -> usize {
        self.tiles.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }

    /// The sheet, four pictures a row.
    pub fn picture(&self) -> Picture {
        let (tall, wide) = (HEIGHT + LINE * (1 + self.classes.len()) + GAP, WIDTH + GAP);
        let columns = self.tiles.len().clamp(1, COLUMNS);
        let rows = self.tiles.len().div_ceil(columns).max(1);
        let mut sheet = Picture::filled(columns * wide + GAP, rows * tall + GAP, GROUND);
        for (i, tile) in self.tiles.iter().enumerate() {
            sheet.put(tile, GAP + (i % columns) * wide, GAP + (i / columns) * tall);
        }
        sheet
    }
}

/// A box, two pixels thick, with its landmarks.
fn frame(picture: &mut Picture, face: &Face, colour: [u8; 3]) {
    let [left, top, right, bottom] = face.bounds.map(|v| v.max(0.0) as usize);
    for thick in 0..2 {
        for x in left..=right {
            picture.set(x, top + thick, colour);
            picture.set(x, bottom.saturating_sub(thick), colour);
        }
        for y in top..=bottom {
            picture.set(left + thick, y, colour);
            picture.set(right.saturating_sub(thick), y, colour);
        }
    }
    for [x, y] in &face.landmarks {
        let (x, y) = (x.max(0.0) as usize, y.max(0.0) as usize);
        (0..4).for_each(|i| picture.set(x + i % 2, y + i / 2, colour));
    }
}

/// Letters of three by five points, five rows of three bits each, from the top; digits, then A-Z, then the point,
/// the colon and the percent sign.
const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.:%-";
const POINTS: [u16; 40] = [
    0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71111, 0o75757, 0o75717, 0o25755, 0o65656, 0o34443, 0o65556,
    0o74647, 0o74644, 0o34553, 0o55755, 0o72227, 0o11152, 0o55655, 0o44447, 0o57755, 0o65555, 0o25552, 0o65644, 0o25563, 0o65655,
    0o34216, 0o72222, 0o55557, 0o55552, 0o55775, 0o55255, 0o55222, 0o71247, 0o00002, 0o02020, 0o51245, 0o00700,
];

/// Writes a word in letters 6 pixels wide and 8 tall, 8 pixels apart; what has no letter is a space.
fn write(picture: &mut Picture, left: usize, top: usize, text: &str, colour: [u8; 3]) {
    for (i, letter) in text.bytes().enumerate() {
        let Some(points) = LETTERS.iter().position(|l| *l == letter.to_ascii_uppercase()).map(|k| POINTS[k]) else { continue };
        for bit in 0..15 {
            if points >> (14 - bit) & 1 == 1 {
                let (x, y) = (left + 8 * i + 2 * (bit % 3), top + (bit / 3) * 3 / 2);
                (0..4).for_each(|k| picture.set(x + k % 2, y + k / 2, colour));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_place_for_every_picture() {
        let seen = Seen {
            time: 0.0,
            faces: vec![Face { bounds: [10.0, 10.0, 40.0, 40.0], score: 0.9, landmarks: vec![[20.0, 20.0]] }],
            participant: Some(0),
            crowded: false,
            expression: Some(vec![0.2, 0.8]),
        };
        let mut sheet = Sheet::new(&["sad".into(), "happy".into()]);
        (0..5).for_each(|_| sheet.add(&Picture::filled(120, 80, [50; 3]), &seen, "0.0 S"));
        let picture = sheet.picture();
        assert_eq!((picture.width, picture.height), (4 * 246 + 6, 2 * (160 + 36 + 6) + 6));
        let green = picture.rgb.chunks_exact(3).filter(|p| *p == CHOSEN).count();
        assert!(green > 5 * (4 * 60 + 80), "{green}");
    }
}
