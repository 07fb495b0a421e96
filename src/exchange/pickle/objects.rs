//! What a pickle may call for: NumPy's arrays and types, and bytes, or what the caller of `load_kept` names; everything else
//! is refused by name.

use super::machine::Machine;
use super::value::{Array, Node, NumpyType};

const RECONSTRUCT: [&str; 2] = ["numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct"];
const ENCODE: &str = "_codecs encode";
const ALLOWED: [&str; 4] = ["numpy ndarray", "numpy dtype", "numpy.core.multiarray scalar", "__builtin__ bytes"];

/// A dictionary in order, which all dictionaries are here.
const ORDERED: &str = "collections OrderedDict";

/// What is understood of Python's globals.
#[derive(Debug, Clone, Copy)]
pub(super) enum Calls<'a> {
    /// NumPy's arrays are made.
    Numpy,
    /// These; calls of them are kept as they stand.
    Kept(&'a [&'a str]),
}

impl Machine<'_> {
    pub(super) fn global(&mut self) -> Result<Option<()>, String> {
        let Some((module, name)) = self.line().zip(self.line()) else { return Ok(None) };
        self.known(&module, &name)
    }

    pub(super) fn stack_global(&mut self) -> Result<Option<()>, String> {
        let Some((name, module)) = self.pop().zip(self.pop()) else { return Ok(None) };
        let word = |node: Option<&Node>| if let Some(Node::Text(text)) = node { text.clone() } else { String::new() };
        let (module, name) = (word(self.nodes.get(module)), word(self.nodes.get(name)));
        self.known(&module, &name)
    }

    fn known(&mut self, module: &str, name: &str) -> Result<Option<()>, String> {
        let full = format!("{module} {name}");
        let (understood, thing) = match self.calls {
            Calls::Numpy => {
                (RECONSTRUCT.contains(&full.as_str()) || full == ENCODE || ALLOWED.contains(&full.as_str()), "no array")
            }
            Calls::Kept(allowed) => (allowed.contains(&full.as_str()), "nothing that is wanted here"),
        };
        if understood {
            return Ok(self.push(Node::Global(full)));
        }
        let shown: String = full.chars().filter(|c| !c.is_control()).take(80).collect();
        Err(format!("the pickle wants Python's \"{shown}\", which is {thing}; nothing of it is run"))
    }

    /// What the pickle says lies outside of it; only a caller who keeps calls knows what to do with that.
    pub(super) fn outside(&mut self) -> Option<()> {
        let Calls::Kept(_) = self.calls else { return None };
        let id = self.pop()?;
        self.push(Node::Outside(id))
    }

    /// A call: only those that make arrays, types and bytes.
    pub(super) fn reduce(&mut self) -> Result<Option<()>, String> {
        let Some((arguments, function)) = self.pop().zip(self.pop()) else { return Ok(None) };
        let Some(Node::Global(name)) = self.nodes.get(function).cloned() else { return Ok(None) };
        if let Calls::Kept(_) = self.calls {
            let empty = self.list(arguments).is_some_and(<[usize]>::is_empty);
            let dict = name == ORDERED && empty;
            return Ok(self.push(if dict { Node::Dict(Vec::new()) } else { Node::Call(name, arguments) }));
        }
        let first = self.list(arguments).and_then(|a| a.first().copied()).and_then(|id| self.nodes.get(id)).cloned();
        if RECONSTRUCT.contains(&name.as_str()) {
            return Ok(self.push(Node::Array(Array::default())));
        }
        match (name.as_str(), first) {
            // Python 2 text that stands for bytes: one character, one byte.
            (ENCODE, Some(Node::Text(text))) => Ok(self.push(Node::Bytes(text.chars().map(|c| c as u32 as u8).collect()))),
            ("numpy dtype", Some(Node::Text(word))) => Ok(self.push(Node::Type(NumpyType::named(&word)))),
            ("numpy dtype", Some(Node::Bytes(word))) => {
                Ok(self.push(Node::Type(NumpyType::named(&String::from_utf8_lossy(&word)))))
            }
            ("__builtin__ bytes", _) => Ok(self.push(Node::Bytes(Vec::new()))),
            _ => Err(format!("the pickle calls \"{name}\" in a way that makes no array")),
        }
    }

    /// The state of an array or a type; what is set beside the entries of a dictionary is left out.
    pub(super) fn build(&mut self) -> Result<Option<()>, String> {
        let Some((state, top)) = self.pop().zip(self.top()) else { return Ok(None) };
        if let (Calls::Kept(_), Some(Node::Dict(_))) = (self.calls, self.nodes.get(top)) {
            return Ok(Some(()));
        }
        let Some(items) = self.list(state).map(<[usize]>::to_vec) else { return Ok(None) };
        match self.nodes.get(top) {
            Some(Node::Type(kind)) => {
                let order = items.get(1).and_then(|id| self.nodes.get(*id));
                let big = matches!(order, Some(Node::Text(t)) if t == ">") || matches!(order, Some(Node::Bytes(b)) if b == b">");
                let kind = kind.in_order(big);
                self.nodes[top] = Node::Type(kind);
                Ok(Some(()))
            }
            Some(Node::Array(_)) => Ok(self.build_array(top, &items)),
            _ => Err("the pickle holds an object that is no array".into()),
        }
    }

    /// (version, shape, type, is it in Fortran's order, bytes).
    fn build_array(&mut self, top: usize, items: &[usize]) -> Option<()> {
        let &[_, shape, kind, fortran, bytes] = items else { return None };
        let size = |id: &usize| if let Some(Node::Number(n)) = self.nodes.get(*id) { Some(n.max(0.0) as usize) } else { None };
        let shape: Vec<usize> = self.list(shape)?.iter().map(size).collect::<Option<_>>()?;
        let Node::Type(kind) = *self.nodes.get(kind)? else { return None };
        let fortran = matches!(self.nodes.get(fortran), Some(Node::Number(n)) if *n != 0.0);
        // The bytes move into the array: they are most of the file and nobody else wants them.
        let bytes = match self.nodes.get_mut(bytes)? {
            Node::Bytes(bytes) => std::mem::take(bytes),
            Node::Text(text) => text.chars().map(|c| c as u32 as u8).collect(),
            _ => return None,
        };
        self.nodes[top] = Node::Array(Array::new(shape, fortran, kind, bytes));
        Some(())
    }
}
