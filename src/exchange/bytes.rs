//! Reading binary formats piece by piece: a cursor that never steps past the end.

/// A place in some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pub at: usize,
    /// Most significant byte first.
    pub big: bool,
}

macro_rules! number {
    ($name:ident, $kind:ty) => {
        pub fn $name(&mut self) -> Option<$kind> {
            let word = self.array()?;
            Some(if self.big { <$kind>::from_be_bytes(word) } else { <$kind>::from_le_bytes(word) })
        }
    };
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { bytes, at: 0, big: false }
    }

    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The next `n` bytes; None, and no step, where there are fewer.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(n)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    number!(u16, u16);
    number!(u32, u32);
    number!(u64, u64);
    number!(i32, i32);
    number!(f64, f64);
}

/// How numbers stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
}

impl Kind {
    /// Bytes of one number.
    pub fn width(self) -> usize {
        match self {
            Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// One number of that kind in exactly its bytes; 0 where they are too few.
    pub fn value(self, bytes: &[u8], big: bool) -> f64 {
        let mut word = [0u8; 8];
        let width = self.width().min(bytes.len());
        word[..width].copy_from_slice(&bytes[..width]);
        if big {
            word[..width].reverse();
        }
        let [a, b, c, d, ..] = word;
        match self {
            Kind::I8 => f64::from(a as i8),
            Kind::U8 => f64::from(a),
            Kind::I16 => f64::from(i16::from_le_bytes([a, b])),
            Kind::U16 => f64::from(u16::from_le_bytes([a, b])),
            Kind::I32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Kind::U32 => f64::from(u32::from_le_bytes([a, b, c, d])),
            Kind::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Kind::I64 => i64::from_le_bytes(word) as f64,
            Kind::U64 => u64::from_le_bytes(word) as f64,
            Kind::F64 => f64::from_le_bytes(word),
        }
    }
}

/// Where `needle` begins in `bytes`, at `from` or behind.
pub(super) fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(needle.len()).position(|window| window == needle).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_past_the_end() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!((cursor.u16(), cursor.u16(), cursor.u8(), cursor.u8()), (Some(513), None, Some(3), None));
        assert_eq!(Cursor::new(&[0]).take(usize::MAX), None);
        assert_eq!(Kind::I16.value(&[0xFF, 0xFE], true), -2.0);
        assert_eq!(Kind::F64.value(&1.5f64.to_le_bytes(), false), 1.5);
        assert_eq!(find(b"abcab", b"ab", 1), Some(3));
    }
}
