//! Pixels as a PNG file (W3C recommendation, third edition): true colour, each row as the difference to the one above it,
//! deflated with the fixed code (RFC 1951, 3.2.6) and runs of equal bytes.

/// The file of `width` pixels a row, red, green and blue by turns.
pub fn encode(width: usize, pixels: &[[u8; 3]]) -> Vec<u8> {
    let width = width.max(1);
    let height = pixels.len() / width;
    let mut raw = Vec::with_capacity(pixels.len() * 3 + height);
    for row in 0..height {
        // Filter 2: what stands above is subtracted.
        raw.push(2);
        for column in 0..width {
            let above = if row > 0 { pixels[(row - 1) * width + column] } else { [0; 3] };
            raw.extend(pixels[row * width + column].iter().zip(above).map(|(a, b)| a.wrapping_sub(b)));
        }
    }
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = |n: usize| (n as u32).to_be_bytes();
    chunk(&mut file, b"IHDR", &[&size(width)[..], &size(height), &[8, 2, 0, 0, 0]].concat());
    chunk(&mut file, b"IDAT", &deflated(&raw));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(kind);
    sum.update(data);
    file.extend(kind);
    file.extend(data);
    file.extend(sum.finalize().to_be_bytes());
}

/// A zlib stream (RFC 1950) of one block.
fn deflated(raw: &[u8]) -> Vec<u8> {
    let mut bits = Bits { out: vec![0x78, 0x01], held: 0, count: 0 };
    bits.put(0b011, 3);
    let mut at = 0;
    while at < raw.len() {
        bits.literal(u32::from(raw[at]));
        let run = raw[at + 1..].iter().take(258).take_while(|b| **b == raw[at]).count();
        at += 1;
        if run >= 3 {
            bits.run(run as u32);
            at += run;
        }
    }
    bits.literal(256);
    let mut out = bits.finish();
    out.extend(adler(raw).to_be_bytes());
    out
}

fn adler(raw: &[u8]) -> u32 {
    let (a, b) = raw.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}

/// Bits, the first in the lowest place of a byte.
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.out.push((self.held & 0xff) as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A code word: its highest bit first.
    fn code(&mut self, value: u32, count: u32) {
        self.put(value.reverse_bits() >> (32 - count), count);
    }

    fn literal(&mut self, symbol: u32) {
        match symbol {
            0..=143 => self.code(0x30 + symbol, 8),
            144..=255 => self.code(0x190 + symbol - 144, 9),
            256..=279 => self.code(symbol - 256, 7),
            _ => self.code(0xc0 + symbol - 280, 8),
        }
    }

    /// The byte before, `length` (3..=258) times more.
    fn run(&mut self, length: u32) {
        if length == 258 {
            self.literal(285);
        } else {
            // Lengths share symbols in groups that double: 8 of one, then 4 of each 2, 4, 8, 16 and 32.
            let extra = (3..8).rev().find(|e| length - 3 >= 1 << *e).map_or(0, |e| e - 2);
            let base = if extra == 0 { 257 + length - 3 } else { 261 + 4 * extra + ((length - 3) >> extra) - 4 };
            self.literal(base);
            self.put((length - 3) & ((1 << extra) - 1), extra);
        }
        // Distance 1.
        self.code(0, 5);
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_and_a_known_stream() {
        assert_eq!(adler(b"Wikipedia"), 0x11E6_0398);
        // What zlib makes of "a" with the fixed code: one literal and the end.
        assert_eq!(deflated(b"a"), [0x78, 0x01, 0x4b, 0x04, 0x00, 0x00, 0x62, 0x00, 0x62]);
    }

    #[test]
    fn a_file_names_its_size_and_shrinks_what_repeats() {
        let file = encode(200, &vec![[255, 255, 255]; 200 * 100]);
        assert!(file.starts_with(b"\x89PNG") && file.ends_with(b"IEND\xae\x42\x60\x82"));
        assert_eq!(file[16..24], [0, 0, 0, 200, 0, 0, 0, 100]);
        assert!(file.len() < 2_000, "{}", file.len());
    }
}
