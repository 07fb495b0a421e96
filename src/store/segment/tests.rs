//! A segment under flips, cuts and frames within frames.

use super::*;

fn payload(i: u32) -> Vec<u8> {
    (0..100 + i * 7).flat_map(|k| (k ^ (i * 0x9E37)).to_le_bytes()).collect()
}

fn written(dir: &Path) -> (std::path::PathBuf, Vec<u64>) {
    let path = dir.join("x-000.seg");
    let mut segment = Segment::create(&path).expect("creates");
    let mut offsets = Vec::new();
    for i in 0..60u32 {
        let mut buffer = Vec::new();
        put_frame(&mut buffer, &i.to_be_bytes(), |out| out.extend(payload(i))).expect("fits");
        offsets.push(segment.end());
        segment.append(&buffer).expect("appends");
    }
    (path, offsets)
}

fn read(path: &Path) -> (Vec<u32>, Recovery) {
    let mut seen = Vec::new();
    let recovery = scan(path, |_, key, data| {
        let i = u32::from_be_bytes(key.try_into().expect("four bytes"));
        assert_eq!(data, payload(i), "frame {i} comes back as it was");
        seen.push(i);
        true
    });
    (seen, recovery.expect("reads"))
}

#[test]
fn frames_come_back_as_they_were() {
    let dir = tempfile::tempdir().expect("dir");
    let (path, offsets) = written(dir.path());
    let (seen, recovery) = read(&path);
    assert_eq!(seen, (0..60).collect::<Vec<_>>());
    assert!(recovery.is_clean());
    let file = File::open(&path).expect("opens");
    assert_eq!(read_frame(&file, &path, offsets[41]).expect("whole"), (41u32.to_be_bytes().to_vec(), payload(41)));
    assert!(matches!(read_frame(&file, &path, offsets[41] + 1), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_flipped_bit_costs_one_frame_wherever_it_is() {
    let dir = tempfile::tempdir().expect("dir");
    let (path, _) = written(dir.path());
    let whole = std::fs::read(&path).expect("reads");
    let mut seed = crate::signal::Seed::new(3);
    for _ in 0..50 {
        let mut bytes = whole.clone();
        let at = seed.below(bytes.len());
        bytes[at] ^= 1 << seed.below(8);
        std::fs::write(&path, &bytes).expect("writes");
        let (seen, recovery) = read(&path);
        assert_eq!((seen.len(), recovery.bad_frames), (59, 1), "flip at {at}");
    }
}

#[test]
fn a_cut_file_loses_only_its_tail_and_is_not_changed() {
    let dir = tempfile::tempdir().expect("dir");
    let (path, offsets) = written(dir.path());
    let whole = std::fs::read(&path).expect("reads");
    let mut seed = crate::signal::Seed::new(4);
    for _ in 0..30 {
        let cut = seed.below(whole.len());
        std::fs::write(&path, &whole[..cut]).expect("writes");
        let (seen, recovery) = read(&path);
        let kept = offsets.iter().skip(1).chain([&(whole.len() as u64)]).filter(|end| **end <= cut as u64).count();
        assert_eq!(seen.len(), kept, "cut at {cut}");
        assert_eq!(recovery.tail, cut as u64 - offsets.get(kept).copied().unwrap_or(whole.len() as u64));
        assert_eq!(std::fs::read(&path).expect("reads"), &whole[..cut]);
    }
}

#[test]
fn a_frame_inside_a_payload_is_not_taken_for_one() {
    let dir = tempfile::tempdir().expect("dir");
    let path = dir.path().join("x-000.seg");
    let mut inner = Vec::new();
    put_frame(&mut inner, b"other", |out| out.extend(b"stolen")).expect("fits");
    let mut buffer = Vec::new();
    put_frame(&mut buffer, b"mine", |out| out.extend(&inner)).expect("fits");
    buffer[20] ^= 1; // the outer frame is damaged, the copy inside it is whole
    put_frame(&mut buffer, b"mine", |out| out.extend(b"next")).expect("fits");
    Segment::create(&path).expect("creates").append(&buffer).expect("appends");
    let mut seen = Vec::new();
    let accept = |_, key: &[u8], payload: &[u8]| {
        let mine = key == b"mine";
        if mine {
            seen.push(payload.to_vec());
        }
        mine
    };
    let recovery = scan(&path, accept).expect("reads");
    assert_eq!((seen, recovery.bad_frames), (vec![b"next".to_vec()], 1));
}
