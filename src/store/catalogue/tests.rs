//! The fence: large values, torn settings, a database that does not open.

use super::*;

fn row(i: u32, bytes: usize) -> Pair {
    let mut key = keys::prefix(Tag::Model, keys::HOME);
    key.extend_from_slice(&i.to_be_bytes());
    (key, vec![i as u8; bytes])
}

fn filled(home: &Path) -> Vec<Pair> {
    let (catalogue, notice) = Catalogue::open(home, "t").expect("opens");
    assert_eq!(notice, None);
    let rows: Vec<_> = (0..50).map(|i| row(i, 200)).collect();
    catalogue.put(keys::HOME, &rows, 7).expect("puts");
    catalogue.flush().expect("flushes");
    rows
}

#[test]
fn eight_kib_fit_and_one_byte_more_is_refused() {
    let home = tempfile::tempdir().expect("dir");
    let (catalogue, _) = Catalogue::open(home.path(), "t").expect("opens");
    catalogue.put(keys::HOME, &[row(1, LARGEST_VALUE)], 0).expect("fits");
    let refused = catalogue.put(keys::HOME, &[row(2, 10), row(3, LARGEST_VALUE + 1)], 0);
    assert!(matches!(refused, Err(StoreError::TooLarge { bytes: 8193, .. })), "{refused:?}");
    assert_eq!(catalogue.all().expect("reads").len(), 1, "nothing of a refused batch is written");
}

#[test]
fn leftover_snapshots_and_a_torn_conf_are_mended() {
    let home = tempfile::tempdir().expect("dir");
    let rows = filled(home.path());
    let conf = home.path().join("db/conf");
    let good = std::fs::read(&conf).expect("reads");
    assert!(good.starts_with(CONF.as_bytes()), "sled's settings file is what the fence expects");
    for torn in [&good[..0], &good[..30], &vec![0; good.len()][..]] {
        std::fs::write(&conf, torn).expect("writes");
        std::fs::write(home.path().join("db/snap.00000000000000AB.generating"), b"").expect("writes");
        let (catalogue, notice) = Catalogue::open(home.path(), "t").expect("opens");
        assert_eq!(notice, None, "mended, not replaced");
        assert_eq!(catalogue.all().expect("reads"), rows);
        assert_eq!(catalogue.head(keys::HOME).expect("reads"), Head { bytes: 7, rows: 50 });
    }
    assert_eq!(std::fs::read(&conf).expect("reads"), good);
}

#[test]
fn a_database_that_does_not_open_is_moved_aside() {
    let home = tempfile::tempdir().expect("dir");
    filled(home.path());
    let path = home.path().join("db/db");
    let mut bytes = std::fs::read(&path).expect("reads");
    let n = bytes.len();
    bytes[..n / 2].fill(0xA5);
    std::fs::write(&path, bytes).expect("writes");
    std::fs::write(home.path().join("db/conf"), b"segment_size: x").expect("writes");
    let (catalogue, _) = Catalogue::open(home.path(), "t").expect("opens whatever happened");
    assert!(catalogue.all().expect("reads").len() <= 50);
}

#[test]
fn a_database_that_is_still_held_is_waited_for_and_not_replaced() {
    let home = tempfile::tempdir().expect("dir");
    let rows = filled(home.path());
    // As a child that is being started holds it: a descriptor of its own, for a moment.
    let held = File::open(home.path().join("db/db")).expect("opens");
    rustix::fs::flock(&held, rustix::fs::FlockOperation::NonBlockingLockExclusive).expect("nobody else has it");
    let waiting = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(held);
    });
    let (catalogue, notice) = Catalogue::open(home.path(), "t").expect("opens");
    assert_eq!(notice, None, "waited for, not replaced");
    assert_eq!(catalogue.all().expect("reads"), rows);
    waiting.join().expect("ends");
}

#[test]
fn only_the_owner_can_read_it() {
    let home = tempfile::tempdir().expect("dir");
    filled(home.path());
    let (catalogue, _) = Catalogue::open(home.path(), "t").expect("opens");
    // As sled makes its snapshots, with whatever mode the umask leaves.
    std::fs::write(home.path().join("db/snap.00000000000000AB"), b"").expect("writes");
    drop(catalogue);
    for name in disk::file_names(&home.path().join("db")).expect("lists") {
        let mode = std::fs::metadata(home.path().join("db").join(&name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
