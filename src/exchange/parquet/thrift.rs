//! Thrift's compact protocol, as far as Parquet's footers need it: structures of numbers, texts, lists and structures.

/// Types of fields and of lists' elements.
const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A structure being written; fields come in rising order.
#[derive(Debug, Clone, Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    pub fn new() -> Struct {
        Struct::default()
    }

    /// The head of a field: the distance from the field before (at most 15 here) and the type.
    fn field(mut self, id: u8, kind: u8) -> Struct {
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
        self
    }

    pub fn i32(self, id: u8, value: i32) -> Struct {
        let mut made = self.field(id, I32);
        varint(&mut made.bytes, zigzag(i64::from(value)));
        made
    }

    pub fn i64(self, id: u8, value: i64) -> Struct {
        let mut made = self.field(id, I64);
        varint(&mut made.bytes, zigzag(value));
        made
    }

    pub fn text(self, id: u8, value: &str) -> Struct {
        let mut made = self.field(id, BINARY);
        binary(&mut made.bytes, value);
        made
    }

    pub fn inner(self, id: u8, value: Struct) -> Struct {
        let mut made = self.field(id, STRUCT);
        made.bytes.extend(value.bytes());
        made
    }

    pub fn list_i32(self, id: u8, values: &[i32]) -> Struct {
        let mut list = list_head(values.len(), I32);
        values.iter().for_each(|v| varint(&mut list, zigzag(i64::from(*v))));
        self.list(id, list)
    }

    pub fn list_text(self, id: u8, values: &[&str]) -> Struct {
        let mut list = list_head(values.len(), BINARY);
        values.iter().for_each(|v| binary(&mut list, v));
        self.list(id, list)
    }

    /// A list as the functions here make it.
    pub fn list(self, id: u8, list: Vec<u8>) -> Struct {
        let mut made = self.field(id, LIST);
        made.bytes.extend(list);
        made
    }

    /// The fields and the end of the structure.
    pub fn bytes(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

pub(super) fn list_of_structs(values: Vec<Struct>) -> Vec<u8> {
    let mut list = list_head(values.len(), STRUCT);
    values.into_iter().for_each(|v| list.extend(v.bytes()));
    list
}

fn list_head(count: usize, kind: u8) -> Vec<u8> {
    if count < 15 {
        return vec![(count as u8) << 4 | kind];
    }
    let mut head = vec![0xF0 | kind];
    varint(&mut head, count as u64);
    head
}

fn binary(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend(text.bytes());
}

/// Small numbers of either sign become small ones without sign.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// Seven bits a byte, least significant first.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compact_protocols_own_examples() {
        let mut bytes = Vec::new();
        varint(&mut bytes, 300);
        assert_eq!(bytes, [0xAC, 0x02]);
        assert_eq!((zigzag(-1), zigzag(1), zigzag(-2)), (1, 2, 3));
        // Field 1 = 5, field 3 = "a", the end.
        assert_eq!(Struct::new().i32(1, 5).text(3, "a").bytes(), [0x15, 10, 0x28, 1, b'a', 0]);
        assert_eq!(list_head(15, I32), [0xF5, 15]);
    }
}
