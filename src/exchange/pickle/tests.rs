//! Pickles written here opcode by opcode, as Python 2 (protocol 2) and Python 3 write them.

use super::*;

/// {"data": array of shape (2, 2), f8} in protocol 2, with Python 2 strings.
fn two() -> Vec<u8> {
    let mut p =
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R"
            .to_vec();
    p.extend(
        b"(K\x01K\x02K\x02\x86cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T",
    );
    p.extend(32u32.to_le_bytes());
    [1.0f64, 2.0, 3.0, -4.5].iter().for_each(|v| p.extend(v.to_le_bytes()));
    p.extend(b"tbu.");
    p
}

#[test]
fn an_array_of_python_2() {
    let pickle = load(&two()).expect("a good pickle");
    let array = pickle.array("data").expect("there");
    assert_eq!((array.shape.as_slice(), array.fortran), ([2, 2].as_slice(), false));
    assert_eq!((0..4).map(|i| array.value(i)).collect::<Vec<_>>(), [1.0, 2.0, 3.0, -4.5]);
    assert!(pickle.array("labels").is_none());
}

#[test]
fn whatever_is_no_array_is_refused_and_never_run() {
    let error = load(b"cos\nsystem\n(S'true'\ntR.").expect_err("a command");
    assert!(error.contains("os system") && error.contains("nothing of it is run"), "{error}");
    let error = load(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.").expect_err("a command");
    assert!(error.contains("builtins eval"), "{error}");
}

#[test]
fn calls_that_a_caller_names_are_kept_and_no_others() {
    let pickle = b"\x80\x02ccollections\nOrderedDict\n)R(X\x01\0\0\0acm\nf\nX\x01\0\0\0bQK\x07\x86Ru}X\x01\0\0\0cK\x01sb.more";
    let (held, end) = load_kept(pickle, &["collections OrderedDict", "m f"]).expect("both are named");
    assert_eq!(&pickle[end..], b"more");
    let Node::Dict(pairs) = held.root() else { panic!("{held:?}") };
    let [(key, value)] = pairs[..] else { panic!("{held:?}") };
    let Node::Call(name, arguments) = held.node(value) else { panic!("{held:?}") };
    let arguments = held.list(*arguments).expect("a tuple");
    assert_eq!((held.text(key), name.as_str(), held.count(arguments[1])), (Some("a"), "m f", Some(7)));
    assert!(matches!(held.node(arguments[0]), Node::Outside(id) if held.text(*id) == Some("b")), "{held:?}");
    let why = load_kept(pickle, &["collections OrderedDict"]).expect_err("one is not named");
    assert!(why.contains("m f") && why.contains("nothing of it is run"), "{why}");
    assert!(load(b"\x80\x02K\x01Q.").is_err(), "nothing lies outside of a file of arrays");
}

#[test]
fn every_cut_and_every_changed_byte_ends_with_a_sentence() {
    let whole = two();
    for cut in 0..whole.len() {
        assert!(load(&whole[..cut]).is_err());
    }
    for at in 0..whole.len() {
        for with in [0, 0xFF, b'R', b'b', b'('] {
            let mut changed = whole.clone();
            changed[at] = with;
            if let Ok(pickle) = load(&changed) {
                let _ = pickle.array("data").map(|a| a.value(3));
            }
        }
    }
}
