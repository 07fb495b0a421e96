//! As much of FlatBuffers as reading a model takes: tables, vectors, strings, numbers, all little endian.

/// A table in a buffer. Whatever lies outside the buffer reads as absent.
#[derive(Clone, Copy)]
pub struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

impl<'a> Table<'a> {
    /// The root of a buffer.
    pub fn root(bytes: &'a [u8]) -> Option<Table<'a>> {
        Some(Table { bytes, at: word(bytes, 0)? as usize })
    }

    /// Where field `index` lies.
    fn field(&self, index: usize) -> Option<usize> {
        let back = word(self.bytes, self.at)?.cast_signed();
        let names = usize::try_from(i64::try_from(self.at).ok()? - i64::from(back)).ok()?;
        let half = |at: usize| Some(u16::from_le_bytes(self.bytes.get(at..at + 2)?.try_into().ok()?));
        if 4 + 2 * index >= usize::from(half(names)?) {
            return None;
        }
        match half(names + 4 + 2 * index)? {
            0 => None,
            offset => Some(self.at + usize::from(offset)),
        }
    }

    fn reference(&self, index: usize) -> Option<usize> {
        let at = self.field(index)?;
        Some(at + word(self.bytes, at)? as usize)
    }

    pub fn byte(&self, index: usize) -> u8 {
        self.field(index).and_then(|at| self.bytes.get(at).copied()).unwrap_or(0)
    }

    pub fn number(&self, index: usize) -> i32 {
        self.field(index).and_then(|at| word(self.bytes, at)).unwrap_or(0).cast_signed()
    }

    pub fn table(&self, index: usize) -> Option<Table<'a>> {
        Some(Table { bytes: self.bytes, at: self.reference(index)? })
    }

    /// (Where it begins, how many.)
    fn vector(&self, index: usize, width: usize) -> Option<(usize, usize)> {
        let at = self.reference(index)?;
        let count = word(self.bytes, at)? as usize;
        (at + 4 + count.checked_mul(width)? <= self.bytes.len()).then_some((at + 4, count))
    }

    pub fn tables(&self, index: usize) -> Vec<Table<'a>> {
        let Some((start, count)) = self.vector(index, 4) else { return Vec::new() };
        let one = |k: usize| {
            let at = start + 4 * k;
            Some(Table { bytes: self.bytes, at: at + word(self.bytes, at)? as usize })
        };
        (0..count).filter_map(one).collect()
    }

    pub fn numbers(&self, index: usize) -> Vec<i32> {
        let Some((start, count)) = self.vector(index, 4) else { return Vec::new() };
        (0..count).filter_map(|k| word(self.bytes, start + 4 * k)).map(u32::cast_signed).collect()
    }

    pub fn bytes(&self, index: usize) -> &'a [u8] {
        self.vector(index, 1).and_then(|(start, count)| self.bytes.get(start..start + count)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_reads_as_absent() {
        // A table of two fields, a byte 7 and a vector [5, 6]; its list of fields stands before it.
        let mut bytes = vec![12, 0, 0, 0, 8, 0, 12, 0, 4, 0, 8, 0];
        bytes.extend([8, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0]);
        let root = Table::root(&bytes).expect("a root");
        assert_eq!((root.byte(0), root.numbers(1), root.byte(9)), (7, vec![5, 6], 0));
        for end in 0..bytes.len() {
            if let Some(root) = Table::root(&bytes[..end]) {
                assert!(root.numbers(1).is_empty() || end == bytes.len());
                assert!(root.tables(1).is_empty() && root.table(5).is_none());
            }
        }
    }
}
