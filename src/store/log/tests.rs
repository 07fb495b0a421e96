//! The log: syncs that fail, segments that follow one another.

use super::*;

fn keys(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (_, name) in disk::segments(folder, "j").expect("lists") {
        let path = folder.join(&name);
        scan(&path, |_, key, _| {
            all.push((name.clone(), key.to_vec()));
            true
        })
        .expect("reads");
    }
    all
}

#[test]
fn a_failed_sync_moves_on_to_the_next_segment_with_everything() {
    let dir = tempfile::tempdir().expect("dir");
    let mut log = Log::behind(dir.path(), "j").expect("opens");
    log.put(b"a", b"1").expect("fits");
    log.flush().expect("flushes");
    log.put(b"b", b"2").expect("fits");
    log.failing_syncs = 1;
    let places = log.flush().expect("goes on in the next file");
    assert_eq!(places, [Place { file: "j-001.seg".into(), offset: 0 }]);
    log.put(b"c", b"3").expect("fits");
    log.failing_syncs = 2;
    assert!(log.flush().is_err(), "two in a row are an error");
    log.put(b"d", b"4").expect("fits");
    assert_eq!(log.flush().expect("the next call succeeds").len(), 2);
    let mut seen: Vec<Vec<u8>> = keys(dir.path()).into_iter().map(|(_, k)| k).collect();
    // A segment that could not be made durable may still hold what the next one holds for certain.
    seen.dedup();
    assert_eq!(seen, [b"a", b"b", b"c", b"d"]);
}

#[test]
fn what_was_written_before_a_failed_sync_is_written_again() {
    let dir = tempfile::tempdir().expect("dir");
    let mut log = Log::behind(dir.path(), "j").expect("opens");
    log.put(b"a", b"1").expect("fits");
    log.write().expect("writes");
    log.put(b"b", b"2").expect("fits");
    log.write().expect("writes");
    assert_eq!(keys(dir.path()).len(), 2, "readable before it is durable");
    log.failing_syncs = 1;
    let places = log.flush().expect("goes on in the next file");
    assert_eq!(places[0], Place { file: "j-001.seg".into(), offset: 0 });
    assert_eq!(keys(dir.path()).len(), 4, "both stand whole in the second file");
    log.put(b"c", b"3").expect("fits");
    assert_eq!(log.flush().expect("flushes")[0].file, "j-001.seg");
}

#[test]
fn only_a_cleanly_closed_segment_is_continued() {
    let dir = tempfile::tempdir().expect("dir");
    let put = |log: &mut Log, key: &[u8]| {
        log.put(key, b"x").expect("fits");
        log.flush().expect("flushes").pop().expect("a place").file
    };
    let mut log = Log::resume(dir.path(), "j").expect("opens");
    assert_eq!(put(&mut log, b"a"), "j-000.seg");
    log.close().expect("closes");
    drop(log);
    let mut log = Log::resume(dir.path(), "j").expect("opens");
    assert_eq!(put(&mut log, b"b"), "j-000.seg");
    drop(log); // as a killed process leaves it
    let mut log = Log::resume(dir.path(), "j").expect("opens");
    assert_eq!(put(&mut log, b"c"), "j-001.seg");
    assert_eq!(keys(dir.path()).len(), 4);
}

#[test]
fn a_full_segment_is_followed_by_the_next() {
    let dir = tempfile::tempdir().expect("dir");
    let mut log = Log::behind(dir.path(), "j").expect("opens");
    log.rotate_at(200);
    for i in 0..10u8 {
        log.put(&[i], &[i; 60]).expect("fits");
        log.flush().expect("flushes");
    }
    let seen = keys(dir.path());
    assert_eq!(seen.iter().map(|(_, k)| k[0]).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert!(seen.iter().any(|(name, _)| name == "j-004.seg"), "{seen:?}");
}
