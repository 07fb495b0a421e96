//! The pickle machine, protocols 0 to 4, over an arena: values refer to each other by number, so that nothing recurses.

use super::objects::Calls;
use super::value::{Node, Pickle};
use crate::exchange::bytes::{Cursor, Kind};
use std::collections::BTreeMap;

/// Reads one pickle.
///
/// # Errors
/// A sentence: the pickle ends early, is damaged, or wants something that is no array.
pub fn load(bytes: &[u8]) -> Result<Pickle, String> {
    run(bytes, Calls::Numpy).map(|(pickle, _)| pickle)
}

/// Reads the pickle at the beginning of `bytes`, and says where it ends. Of these globals ("module name") calls are kept as
/// they stand, for the caller to understand; an OrderedDict among them becomes a dictionary.
///
/// # Errors
/// A sentence: the pickle ends early, is damaged, or wants anything else.
pub fn load_kept(bytes: &[u8], allowed: &[&str]) -> Result<(Pickle, usize), String> {
    run(bytes, Calls::Kept(allowed))
}

fn run(bytes: &[u8], calls: Calls<'_>) -> Result<(Pickle, usize), String> {
    let (cursor, memo) = (Cursor::new(bytes), BTreeMap::new());
    let mut machine = Machine { cursor, nodes: Vec::new(), stack: Vec::new(), memo, calls };
    loop {
        let at = machine.cursor.at;
        let damaged = || format!("the pickle is damaged or ends early at byte {at}");
        let code = machine.cursor.u8().ok_or_else(damaged)?;
        if code == b'.' {
            let root = machine.pop().ok_or_else(damaged)?;
            return Ok((Pickle::new(machine.nodes, root), machine.cursor.at));
        }
        machine.step(code)?.ok_or_else(damaged)?;
    }
}

pub(super) struct Machine<'a> {
    cursor: Cursor<'a>,
    pub(super) nodes: Vec<Node>,
    stack: Vec<usize>,
    memo: BTreeMap<u32, usize>,
    pub(super) calls: Calls<'a>,
}

impl Machine<'_> {
    pub(super) fn push(&mut self, node: Node) -> Option<()> {
        self.nodes.push(node);
        self.stack.push(self.nodes.len() - 1);
        Some(())
    }

    pub(super) fn pop(&mut self) -> Option<usize> {
        self.stack.pop()
    }

    pub(super) fn top(&self) -> Option<usize> {
        self.stack.last().copied()
    }

    pub(super) fn list(&self, id: usize) -> Option<&[usize]> {
        if let Node::List(items) = self.nodes.get(id)? { Some(items) } else { None }
    }

    /// Everything above the last mark, which goes too.
    fn above_mark(&mut self) -> Option<Vec<usize>> {
        let at = self.stack.iter().rposition(|id| self.nodes[*id] == Node::Mark)?;
        let above = self.stack.split_off(at + 1);
        self.stack.pop();
        Some(above)
    }

    pub(super) fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            match self.cursor.u8()? {
                b'\n' => return Some(String::from_utf8_lossy(&line).into_owned()),
                byte => line.push(byte),
            }
        }
    }

    fn bytes(&mut self, n: u64) -> Option<()> {
        let taken = self.cursor.take(usize::try_from(n).ok()?)?.to_vec();
        self.push(Node::Bytes(taken))
    }

    fn text(&mut self, n: u64) -> Option<()> {
        let taken = self.cursor.take(usize::try_from(n).ok()?)?;
        let text = String::from_utf8_lossy(taken).into_owned();
        self.push(Node::Text(text))
    }

    fn memorise(&mut self, key: u32) -> Option<()> {
        let top = self.top()?;
        self.memo.insert(key, top);
        Some(())
    }

    fn recall(&mut self, key: u32) -> Option<()> {
        let id = *self.memo.get(&key)?;
        self.stack.push(id);
        Some(())
    }

    fn tuple(&mut self, n: usize) -> Option<()> {
        let at = self.stack.len().checked_sub(n)?;
        let items = self.stack.split_off(at);
        self.push(Node::List(items))
    }

    /// One opcode: Ok(None) is damage, Err something that is refused.
    fn step(&mut self, code: u8) -> Result<Option<()>, String> {
        Ok(match code {
            0x80 => self.cursor.u8().map(drop),
            0x95 => self.cursor.u64().map(drop),
            b'(' => self.push(Node::Mark),
            b'}' => self.push(Node::Dict(Vec::new())),
            b']' | b')' => self.push(Node::List(Vec::new())),
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Number(1.0)),
            0x89 => self.push(Node::Number(0.0)),
            b'0' => self.pop().map(drop),
            b'd' => self.marked_dict(),
            b't' | b'l' => self.above_mark().and_then(|items| self.push(Node::List(items))),
            0x85..=0x87 => self.tuple(usize::from(code - 0x84)),
            b'a' => self.append(),
            b'e' => self.appends(),
            b's' => self.tuple(2).and_then(|()| self.pop()).and_then(|pair| self.set(&[pair])),
            b'u' => self.above_mark().and_then(|items| self.update(&items)),
            b'c' => return self.global(),
            0x93 => return self.stack_global(),
            b'R' => return self.reduce(),
            b'b' => return self.build(),
            b'Q' => self.outside(),
            _ => self.constant(code),
        })
    }

    /// Numbers, text, memo.
    fn constant(&mut self, code: u8) -> Option<()> {
        match code {
            b'K' => self.cursor.u8().and_then(|v| self.push(Node::Number(f64::from(v)))),
            b'M' => self.cursor.u16().and_then(|v| self.push(Node::Number(f64::from(v)))),
            b'J' => self.cursor.i32().and_then(|v| self.push(Node::Number(f64::from(v)))),
            b'G' => {
                let value = self.cursor.take(8).map(|w| Kind::F64.value(w, true))?;
                self.push(Node::Number(value))
            }
            0x8A => {
                let n = usize::from(self.cursor.u8()?);
                let word = self.cursor.take(n)?;
                let value = word.iter().rev().fold(0f64, |sum, b| sum * 256.0 + f64::from(*b));
                self.push(Node::Number(value))
            }
            b'I' | b'L' | b'F' => {
                let line = self.line()?;
                let value = line.trim_end_matches('L').parse().ok()?;
                self.push(Node::Number(value))
            }
            b'S' => {
                let line = self.line()?;
                let inner = line.get(1..line.len().checked_sub(1)?)?;
                let bytes = unescaped(inner);
                self.push(Node::Bytes(bytes))
            }
            b'V' => {
                let line = self.line()?;
                self.push(Node::Text(line))
            }
            b'U' | b'C' => self.cursor.u8().and_then(|n| self.bytes(u64::from(n))),
            b'T' | b'B' => self.cursor.u32().and_then(|n| self.bytes(u64::from(n))),
            0x8E | 0x96 => self.cursor.u64().and_then(|n| self.bytes(n)),
            0x8C => self.cursor.u8().and_then(|n| self.text(u64::from(n))),
            b'X' => self.cursor.u32().and_then(|n| self.text(u64::from(n))),
            0x8D => self.cursor.u64().and_then(|n| self.text(n)),
            b'p' => self.line().and_then(|l| l.parse().ok()).and_then(|key| self.memorise(key)),
            b'q' => self.cursor.u8().and_then(|key| self.memorise(u32::from(key))),
            b'r' => self.cursor.u32().and_then(|key| self.memorise(key)),
            0x94 => self.memorise(self.memo.len() as u32),
            b'g' => self.line().and_then(|l| l.parse().ok()).and_then(|key| self.recall(key)),
            b'h' => self.cursor.u8().and_then(|key| self.recall(u32::from(key))),
            b'j' => self.cursor.u32().and_then(|key| self.recall(key)),
            _ => None,
        }
    }

    fn marked_dict(&mut self) -> Option<()> {
        let items = self.above_mark()?;
        self.push(Node::Dict(Vec::new()))?;
        self.update(&items)
    }

    fn append(&mut self) -> Option<()> {
        let item = self.pop()?;
        let top = self.top()?;
        let Node::List(items) = self.nodes.get_mut(top)? else { return None };
        items.push(item);
        Some(())
    }

    fn appends(&mut self) -> Option<()> {
        let new = self.above_mark()?;
        let top = self.top()?;
        let Node::List(items) = self.nodes.get_mut(top)? else { return None };
        items.extend(new);
        Some(())
    }

    fn set(&mut self, pairs: &[usize]) -> Option<()> {
        let items: Vec<usize> = pairs.iter().filter_map(|p| self.list(*p)).flatten().copied().collect();
        self.update(&items)
    }

    fn update(&mut self, items: &[usize]) -> Option<()> {
        let top = self.top()?;
        let Node::Dict(pairs) = self.nodes.get_mut(top)? else { return None };
        pairs.extend(items.chunks_exact(2).map(|p| (p[0], p[1])));
        Some(())
    }
}

/// The escapes of Python's repr: \n, \r, \t, \\, \', \xhh.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        if c != '\\' {
            out.push(c as u32 as u8);
            continue;
        }
        match letters.next() {
            Some('n') => out.push(b'\n'),
            Some('r') => out.push(b'\r'),
            Some('t') => out.push(b'\t'),
            Some('x') => {
                let code: String = letters.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&code, 16).unwrap_or(0));
            }
            Some(other) => out.push(other as u32 as u8),
            None => {}
        }
    }
    out
}
