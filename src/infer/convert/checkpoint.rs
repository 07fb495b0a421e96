//! The weights of a PyTorch checkpoint in its older form, up to release 1.5: some pickles one behind the other, then the
//! numbers of every storage. Nothing of it is ever run: it may name dictionaries and tensors of float32 or int64, nothing
//! else.

use super::manifest::Weight;
use crate::exchange::pickle::{Node, Pickle, load_kept};
use std::collections::BTreeMap;

/// Two pickles of a number each: what says that it is such a file, and the version of its form.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";
const VERSION: &[u8] = b"\x80\x02M\xe9\x03.";
/// No list of names and shapes is longer, bytes: some 7000 tensors. A pickle of so many bytes takes 100 MB at most.
const LONGEST: usize = 1 << 20;
/// A tensor has no more axes.
const MOST_AXES: usize = 8;
const REBUILD: &str = "torch._utils _rebuild_tensor_v2";
const FLOATS: &str = "torch FloatStorage";
const WHOLE_NUMBERS: &str = "torch LongStorage";
const ALLOWED: [&str; 4] = ["collections OrderedDict", REBUILD, FLOATS, WHOLE_NUMBERS];

/// A tensor as the checkpoint tells of it: places in a storage.
struct Tensor<'a> {
    name: &'a str,
    storage: &'a str,
    /// Numbers that its storage holds.
    stored: usize,
    /// Bytes of one number: 4 of float32, 8 of int64.
    width: usize,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// The float32 weights by their names, row-major. Whole numbers (how many batches a normalisation saw) are left out.
///
/// # Errors
/// Bytes that are no such checkpoint, that are damaged or cut off, or that hold something else, in a few words.
pub fn weights(bytes: &[u8]) -> Result<BTreeMap<String, Weight>, String> {
    if bytes.starts_with(b"PK") {
        return Err("it is a checkpoint of PyTorch 1.6 or newer (a zip file), and only the older form is read".into());
    }
    let mut rest = bytes.strip_prefix(MAGIC).ok_or("it is no checkpoint of PyTorch")?;
    rest = rest.strip_prefix(VERSION).ok_or("it is a checkpoint of another version than 1001")?;
    let machine = pickled(&mut rest, &[])?;
    if entries(&machine)?.into_iter().find(|(name, _)| *name == "little_endian").and_then(|(_, id)| machine.count(id)) != Some(1)
    {
        return Err("its numbers are not stored as little-endian".into());
    }
    let told = pickled(&mut rest, &ALLOWED)?;
    let tensors = entries(&told)?.into_iter().map(|(name, id)| tensor(&told, name, id)).collect::<Result<Vec<_>, _>>()?;
    let keys = pickled(&mut rest, &[])?;
    let storages = storages(&keys, &tensors, rest)?;
    // Tensors may share a storage: all together they are no more numbers than the file could hold apart.
    let mut left = bytes.len() / 4;
    let mut found = BTreeMap::new();
    for tensor in tensors.iter().filter(|t| t.width == 4) {
        let weight = storages.get(tensor.storage).and_then(|numbers| tensor.values(numbers));
        let weight = weight.ok_or_else(|| format!("its tensor {} does not lie within its numbers", tensor.name))?;
        left = left.checked_sub(weight.values.len()).ok_or("its tensors are more than the file holds")?;
        found.insert(tensor.name.to_string(), weight);
    }
    Ok(found)
}

/// The pickle at the beginning of `rest`, which goes on behind it.
fn pickled(rest: &mut &[u8], allowed: &[&str]) -> Result<Pickle, String> {
    let (pickle, end) = load_kept(&rest[..rest.len().min(LONGEST)], allowed)?;
    *rest = &rest[end..];
    Ok(pickle)
}

/// Names and values of a pickled dictionary.
fn entries(pickle: &Pickle) -> Result<Vec<(&str, usize)>, String> {
    let Node::Dict(pairs) = pickle.root() else { return Err("it holds something else than weights by their names".into()) };
    let named = pairs.iter().map(|(key, value)| Some((pickle.text(*key)?, *value))).collect::<Option<_>>();
    named.ok_or_else(|| "it holds a weight without a name".into())
}

/// `_rebuild_tensor_v2(storage, offset, shape, strides, ...)`, where the storage is named from outside of the pickle:
/// ("storage", type, key, where it was, numbers, a part of it or none).
fn tensor<'a>(told: &'a Pickle, name: &'a str, id: usize) -> Result<Tensor<'a>, String> {
    let read = || {
        let Node::Call(function, arguments) = told.node(id) else { return None };
        let &[storage, offset, shape, strides, ..] = told.list(*arguments)? else { return None };
        let Node::Outside(storage) = told.node(storage) else { return None };
        let &[word, kind, key, _, stored, part] = told.list(*storage)? else { return None };
        let Node::Global(kind) = told.node(kind) else { return None };
        let width = match kind.as_str() {
            FLOATS => 4,
            WHOLE_NUMBERS => 8,
            _ => return None,
        };
        let sizes = |id: usize| {
            let items = told.list(id).filter(|items| items.len() <= MOST_AXES)?;
            items.iter().map(|id| told.count(*id)).collect::<Option<Vec<usize>>>()
        };
        let (shape, strides) = (sizes(shape)?, sizes(strides)?);
        let whole = function == REBUILD
            && told.text(word) == Some("storage")
            && *told.node(part) == Node::None
            && shape.len() == strides.len();
        let (storage, stored, offset) = (told.text(key)?, told.count(stored)?, told.count(offset)?);
        whole.then_some(Tensor { name, storage, stored, width, offset, shape, strides })
    };
    read().ok_or_else(|| {
        format!("its entry {} is no plain tensor", name.chars().filter(|c| !c.is_control()).take(80).collect::<String>())
    })
}

/// The bytes of the storages: for each key, how many numbers there are (int64), and the numbers.
fn storages<'a>(keys: &'a Pickle, tensors: &[Tensor<'_>], mut rest: &'a [u8]) -> Result<BTreeMap<&'a str, &'a [u8]>, String> {
    let Node::List(ids) = keys.root() else { return Err("it does not say in which order its numbers are stored".into()) };
    let mut sizes = BTreeMap::new();
    for tensor in tensors {
        if *sizes.entry(tensor.storage).or_insert((tensor.stored, tensor.width)) != (tensor.stored, tensor.width) {
            return Err(format!("its tensor {} shares numbers of another kind", tensor.name));
        }
    }
    let mut found = BTreeMap::new();
    for id in ids {
        let known = keys.text(*id).and_then(|key| Some((key, *sizes.get(key)?)));
        let (key, (stored, width)) = known.ok_or("it stores numbers that belong to no tensor")?;
        let cut = || "its numbers are cut off or damaged".to_string();
        let (count, behind) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let length = stored.checked_mul(width).filter(|_| u64::from_le_bytes(*count) == stored as u64).ok_or_else(cut)?;
        let (numbers, behind) = behind.split_at_checked(length).ok_or_else(cut)?;
        found.insert(key, numbers);
        rest = behind;
    }
    if rest.is_empty() { Ok(found) } else { Err(format!("{} bytes of numbers are left over", rest.len())) }
}

impl Tensor<'_> {
    /// Its numbers out of those of its storage; `None` where they do not lie within.
    fn values(&self, numbers: &[u8]) -> Option<Weight> {
        let numbers = numbers.as_chunks::<4>().0;
        let axes = || self.shape.iter().zip(&self.strides);
        let count = self.shape.iter().try_fold(1usize, |n, size| n.checked_mul(*size)).filter(|n| *n <= numbers.len())?;
        let last = axes().try_fold(self.offset, |at, (size, stride)| at.checked_add(size.checked_sub(1)?.checked_mul(*stride)?));
        if count > 0 && last.is_none_or(|last| last >= numbers.len()) {
            return None;
        }
        let place = |mut index: usize| {
            axes().rev().fold(self.offset, |at, (size, stride)| {
                let step = index % size * stride;
                index /= size;
                at + step
            })
        };
        let values = (0..count).map(|i| f32::from_le_bytes(numbers[place(i)])).collect();
        Some(Weight { shape: self.shape.clone(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(word: &str) -> Vec<u8> {
        [&b"X"[..], &(word.len() as u32).to_le_bytes(), word.as_bytes()].concat()
    }

    /// A name and its tensor, as `torch.save(state_dict, file, _use_new_zipfile_serialization=False)` pickles them.
    fn entry(name: &str, storage: &str, (key, stored, offset): (&str, u8, u8), shape: [u8; 2], strides: [u8; 2]) -> Vec<u8> {
        let mut p = [text(name), b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(), text("storage")].concat();
        p.extend([format!("ctorch\n{storage}\n").into_bytes(), text(key), text("cpu"), vec![b'K', stored, b'N']].concat());
        p.extend([b't', b'Q', b'K', offset, b'K', shape[0], b'K', shape[1], 0x86, b'K', strides[0], b'K', strides[1], 0x86]);
        p.extend(b"\x89ccollections\nOrderedDict\n)RtR");
        p
    }

    fn checkpoint(entries: &[Vec<u8>], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut p =
            [MAGIC, VERSION, b"\x80\x02}(", &text("little_endian"), b"\x88", &text("protocol_version"), b"M\xe9\x03u."].concat();
        // What is set beside the entries (versions of the layers) is left out.
        p.extend(
            [&b"\x80\x02ccollections\nOrderedDict\n)R("[..], &entries.concat(), b"u}", &text("_metadata"), b"}sb."].concat(),
        );
        let keys: Vec<u8> = storages.iter().flat_map(|(key, _)| text(key)).collect();
        p.extend([&b"\x80\x02]("[..], &keys, b"e."].concat());
        for (_, numbers) in storages {
            p.extend(numbers);
        }
        p
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        let numbers = values.iter().flat_map(|v| v.to_le_bytes());
        (values.len() as u64).to_le_bytes().into_iter().chain(numbers).collect()
    }

    /// A turned tensor of 2 x 3, a part of the same storage, and a whole number.
    fn small() -> Vec<u8> {
        let entries = [
            entry("a.weight", "FloatStorage", ("7", 6, 0), [2, 3], [1, 2]),
            entry("a.part", "FloatStorage", ("7", 6, 4), [1, 2], [2, 1]),
            entry("a.batches", "LongStorage", ("8", 1, 0), [1, 1], [1, 1]),
        ];
        let whole = [1u64.to_le_bytes(), 5u64.to_le_bytes()].concat();
        checkpoint(&entries, &[("7", floats(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.5])), ("8", whole)])
    }

    #[test]
    fn tensors_come_row_major_wherever_they_lie() {
        let found = weights(&small()).expect("a good checkpoint");
        assert_eq!(found.len(), 2, "whole numbers are left out");
        assert_eq!(
            (&found["a.weight"].shape[..], &found["a.weight"].values[..]),
            (&[2, 3][..], &[0.0, 2.0, 4.0, 1.0, 3.0, 5.5][..])
        );
        assert_eq!(found["a.part"].values, [4.0, 5.5]);
    }

    #[test]
    fn what_is_no_plain_tensor_is_refused_in_a_sentence() {
        let numbers = || [("7", floats(&[0.0; 6]))];
        let one = |storage, place, shape, strides| checkpoint(&[entry("w", storage, place, shape, strides)], &numbers());
        let command = [MAGIC, VERSION, b"\x80\x02cos\nsystem\n", &text("true"), b"\x85R."].concat();
        let cases = [
            (one("HalfStorage", ("7", 6, 0), [2, 3], [3, 1]), "torch HalfStorage"),
            (one("FloatStorage", ("7", 6, 1), [2, 3], [3, 1]), "does not lie within"),
            (one("FloatStorage", ("7", 6, 0), [200, 200], [0, 0]), "does not lie within"),
            (one("FloatStorage", ("7", 9, 0), [2, 3], [3, 1]), "cut off or damaged"),
            (one("FloatStorage", ("9", 6, 0), [2, 3], [3, 1]), "belong to no tensor"),
            (checkpoint(&[[text("w"), b"K\x01".to_vec()].concat()], &[]), "no plain tensor"),
            (checkpoint(&[], &numbers()), "belong to no tensor"),
            ([small(), vec![0]].concat(), "1 bytes of numbers are left over"),
            (command, "os system"),
            (b"PK\x03\x04".to_vec(), "PyTorch 1.6"),
            (b"nonsense".to_vec(), "no checkpoint"),
            ([MAGIC, b"\x80\x02K\x01."].concat(), "another version"),
        ];
        for (bytes, wanted) in cases {
            let why = weights(&bytes).expect_err(wanted);
            assert!(why.contains(wanted), "{why}");
        }
        // Many names of one storage do not make a small file large.
        let many: Vec<Vec<u8>> =
            (0..200).map(|i| entry(&format!("w{i}"), "FloatStorage", ("7", 255, 0), [255, 1], [1, 1])).collect();
        let shared = checkpoint(&many, &[("7", floats(&[1.0; 255]))]);
        assert!(weights(&shared).is_err_and(|why| why.contains("more than the file holds")));
    }

    #[test]
    fn every_cut_and_every_changed_byte_ends_with_weights_or_a_sentence() {
        let whole = small();
        for cut in 0..whole.len() {
            assert!(weights(&whole[..cut]).is_err());
        }
        for at in 0..whole.len() {
            for with in [0, 0xFF, b'R', b'Q', b'b', b'(', b'.', b'h'] {
                let mut changed = whole.clone();
                changed[at] = with;
                let _ = weights(&changed);
            }
        }
    }
}
