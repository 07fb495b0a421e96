//! DEAP's pickles for the tests that make such data sets.

/// A pickled array as Python 2's NumPy writes it.
pub fn pickled(out: &mut Vec<u8>, name: &str, shape: &[u16], values: &[f64]) {
    out.extend([b'U', name.len() as u8]);
    out.extend(name.bytes());
    out.extend(b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01(");
    shape.iter().for_each(|n| out.extend([b"M", n.to_le_bytes().as_slice()].concat()));
    out.extend(b"tcnumpy\ndtype\n(U\x02f8K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
    out.extend((values.len() as u32 * 8).to_le_bytes());
    values.iter().for_each(|v| out.extend(v.to_le_bytes()));
    out.extend(b"tb");
}
