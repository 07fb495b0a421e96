//! What a pickle holds once it is read: numbers, text, lists, arrays.

use crate::exchange::bytes::Kind;

/// An array as NumPy pickles it: its bytes stay where they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Array {
    pub shape: Vec<usize>,
    pub fortran: bool,
    kind: Option<Kind>,
    big: bool,
    bytes: Vec<u8>,
}

impl Array {
    pub(super) fn new(shape: Vec<usize>, fortran: bool, kind: NumpyType, bytes: Vec<u8>) -> Array {
        Array { shape, fortran, kind: kind.kind, big: kind.big, bytes }
    }

    /// Value number `i` of the bytes.
    pub fn value(&self, i: usize) -> f64 {
        let Some(kind) = self.kind else { return f64::NAN };
        self.bytes
            .get(i.saturating_mul(kind.width())..)
            .map_or(f64::NAN, |rest| kind.value(rest.get(..kind.width()).unwrap_or_default(), self.big))
    }

    fn is_whole(&self) -> bool {
        let count = self.shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        self.kind.zip(count).is_some_and(|(kind, n)| n.checked_mul(kind.width()).is_some_and(|bytes| bytes <= self.bytes.len()))
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    None,
    Number(f64),
    Bytes(Vec<u8>),
    Text(String),
    /// Tuples and lists.
    List(Vec<usize>),
    Dict(Vec<(usize, usize)>),
    Array(Array),
    Type(NumpyType),
    Global(String),
    /// A call that was kept: the global's name, and the arguments.
    Call(String, usize),
    /// Something outside of the pickle, by what names it.
    Outside(usize),
    Mark,
}

/// A NumPy type: how numbers stand, and their byte order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct NumpyType {
    kind: Option<Kind>,
    big: bool,
}

impl NumpyType {
    /// With that byte order.
    pub(super) fn in_order(self, big: bool) -> NumpyType {
        NumpyType { big, ..self }
    }

    /// "f8", "<f4", ...
    pub(super) fn named(word: &str) -> NumpyType {
        let big = word.starts_with('>');
        let kind = match word.trim_start_matches(['<', '>', '=', '|']) {
            "f4" => Some(Kind::F32),
            "f8" => Some(Kind::F64),
            "i1" => Some(Kind::I8),
            "u1" => Some(Kind::U8),
            "i2" => Some(Kind::I16),
            "i4" => Some(Kind::I32),
            "i8" => Some(Kind::I64),
            _ => None,
        };
        NumpyType { kind, big }
    }
}

/// What a pickle holds.
#[derive(Debug)]
pub struct Pickle {
    nodes: Vec<Node>,
    root: usize,
}

impl Pickle {
    pub(super) fn new(nodes: Vec<Node>, root: usize) -> Pickle {
        Pickle { nodes, root }
    }

    pub fn root(&self) -> &Node {
        self.node(self.root)
    }

    pub fn node(&self, id: usize) -> &Node {
        self.nodes.get(id).unwrap_or(&Node::None)
    }

    /// The text of a node.
    pub fn text(&self, id: usize) -> Option<&str> {
        if let Node::Text(text) = self.node(id) { Some(text) } else { None }
    }

    /// The parts of a tuple or a list.
    pub fn list(&self, id: usize) -> Option<&[usize]> {
        if let Node::List(items) = self.node(id) { Some(items) } else { None }
    }

    /// A whole number from 0.
    pub fn count(&self, id: usize) -> Option<usize> {
        let Node::Number(value) = *self.node(id) else { return None };
        // Up to 2^53 every whole number is itself.
        (value >= 0.0 && value.fract() == 0.0 && value < 9.0e15).then_some(value as usize)
    }

    /// The array under a key of the outermost dictionary.
    pub fn array(&self, key: &str) -> Option<&Array> {
        let Node::Dict(pairs) = self.root() else { return None };
        let named = |id: usize| match self.node(id) {
            Node::Text(text) => text == key,
            Node::Bytes(bytes) => bytes == key.as_bytes(),
            _ => false,
        };
        let (_, value) = pairs.iter().find(|(k, _)| named(*k))?;
        if let Node::Array(array) = self.node(*value) { Some(array).filter(|a| a.is_whole()) } else { None }
    }
}
