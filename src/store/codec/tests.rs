//! What goes into a frame comes out, bit for bit, whichever codec it takes.

use super::*;
use crate::signal::Seed;

fn chunk(rows: Vec<f32>, channels: usize) -> Chunk {
    Chunk { stream: StreamId(0), first_index: 1 << 40, lost_before: 3, arrived: -5, device_time: None, channels, rows }
}

/// Packs the chunk in packets of `by` samples and reads it again; the codec and the bytes of the payload.
fn round_trip(chunk: &Chunk, steps: &[Option<f64>], by: usize) -> (u8, usize) {
    let mut gathered = Gathered::default();
    for (i, rows) in chunk.rows.chunks(by * chunk.channels).enumerate() {
        let packet = Chunk {
            first_index: chunk.first_index + (i * by) as u64,
            lost_before: if i == 0 { chunk.lost_before } else { 0 },
            arrived: chunk.arrived + 1000 * i as Nanos,
            device_time: (i % 3 == 1).then_some(7 * i as Nanos),
            rows: rows.to_vec(),
            ..chunk.clone()
        };
        assert_eq!(gathered.continues_with(&packet), i > 0);
        gathered.push(packet);
    }
    let grids: Vec<Option<Grid>> = steps.iter().map(|step| step.map(Grid::of)).collect();
    let mut payload = Vec::new();
    Encoder::new().expect("zstd").samples(&gathered, &grids, &mut payload);
    let (opened, packets, _) = open(&payload).expect("opens");
    assert_eq!(packets, gathered.packets());
    let (head, planar) = decode_chunk(&payload, chunk.channels).expect("decodes");
    assert_eq!((head.first, u64::from(head.gap), head.arrived), (chunk.first_index, chunk.lost_before, chunk.arrived));
    assert_eq!((head, head.n as usize), (opened, chunk.len()));
    let want: Vec<u32> = (0..chunk.channels).flat_map(|c| chunk.channel(c)).map(f32::to_bits).collect();
    assert!(planar.iter().map(|v| v.to_bits()).eq(want), "every bit comes back");
    (head.codec, payload.len())
}

#[test]
fn floats_come_back_bit_for_bit_whatever_they_are() {
    let odd = [0.0, -0.0, f32::NAN, f32::from_bits(0xFFC0_1234), f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, 1e-45];
    let mut seed = Seed::new(1);
    let mut rows: Vec<f32> = odd.repeat(8);
    rows.extend((0..512).map(|_| (20.0 * seed.normal()) as f32));
    // Whichever is shorter.
    assert!([FLOATS, MIXED].contains(&round_trip(&chunk(rows.clone(), 8), &[None; 8], 72).0));
    assert!([FLOATS, MIXED].contains(&round_trip(&chunk(rows, 8), &[Some(0.1); 8], 7).0));
    let noise: Vec<f32> = (0..64).map(|_| f32::from_bits(seed.bits() as u32)).collect();
    assert_eq!(round_trip(&chunk(noise, 4), &[None; 4], 5).0, RAW);
    assert_eq!(round_trip(&chunk(vec![1.5], 1), &[Some(0.5)], 1).0, RICE);
}

fn counted(channels: usize, n: usize, step: f64) -> Vec<f32> {
    let mut seed = Seed::new(2);
    let mut level = 0.0;
    (0..channels * n)
        .map(|_| {
            level = 0.95 * level + 300.0 * seed.normal();
            ((level.round() + 0.0) * step) as f32 // no -0.0
        })
        .collect()
}

#[test]
fn counts_are_used_where_they_are_exact_and_only_there() {
    let step = 187_500.0 / 8_388_608.0;
    let mut rows = counted(32, 256, step);
    let steps = [Some(step); 32];
    let (codec, small) = round_trip(&chunk(rows.clone(), 32), &steps, 32);
    let (_, plain) = round_trip(&chunk(rows.clone(), 32), &[None; 32], 32);
    assert_eq!(codec, RICE);
    assert!(3 * small < 2 * plain, "{small} bytes as counts, {plain} as floats");
    for odd in [f32::NAN, -0.0, f32::INFINITY, 1e30, (0.4 * step) as f32] {
        rows[77] = odd;
        let (codec, bytes) = round_trip(&chunk(rows.clone(), 32), &steps, 100);
        assert_eq!(codec, MIXED);
        assert!(bytes < small + 256 * 4, "only the channel with {odd} is stored as floats");
    }
    rows[0..9].fill(f32::NAN);
    assert_eq!(round_trip(&chunk(rows, 32), &steps, 100).0, MIXED);
}

#[test]
fn channels_may_have_steps_of_their_own() {
    let rows: Vec<f32> = counted(3, 100, 1.0).chunks(3).flat_map(|r| [r[0], r[1] * 0.25, r[2] * 0.25]).collect();
    assert_eq!(round_trip(&chunk(rows, 3), &[Some(1.0), Some(0.25), Some(0.25)], 9).0, RICE);
    let wide = counted(37, 20, 0.5);
    assert_eq!(round_trip(&chunk(wide, 37), &[Some(0.5); 37], 20).0, RICE, "more than two tiles");
}

#[test]
fn counts_with_an_offset_and_floats_stand_in_one_frame() {
    let mut seed = Seed::new(6);
    let grid = Grid { step: 0.031_25, offset: 0.0131 };
    let count = |seed: &mut Seed| (200.0 * seed.normal()).round();
    let row =
        |seed: &mut Seed| [(count(seed) * grid.step + grid.offset) as f32, (1e3 + seed.normal()) as f32, count(seed) as f32];
    let rows: Vec<f32> = (0..200).flat_map(|_| row(&mut seed)).collect();
    let mut gathered = Gathered::default();
    gathered.push(chunk(rows.clone(), 3));
    let mut encoder = Encoder::new().expect("zstd");
    let mut payload = Vec::new();
    encoder.samples(&gathered, &[Some(grid), None, Some(Grid::of(1.0))], &mut payload);
    assert_eq!(encoder.used(), [Some(grid), None, Some(Grid::of(1.0))]);
    let (head, planar) = decode_chunk(&payload, 3).expect("decodes");
    assert_eq!(head.codec, MIXED);
    let want = (0..3).flat_map(|c| rows.iter().skip(c).step_by(3)).map(|v| v.to_bits());
    assert!(planar.iter().map(|v| v.to_bits()).eq(want), "every bit comes back");
    assert!(payload.len() < 200 * (2 + 3 + 2), "{} bytes of {}", payload.len(), 200 * 12);
    for cut in 0..payload.len() {
        assert_eq!(decode_chunk(&payload[..cut], 3), None);
    }
}

#[test]
fn values_as_bits_in_a_frame_of_counts_can_be_read() {
    // Codec 5 as it was written: one channel of counts of step 0.5, one without a step, its values as they are.
    let head = Head { codec: RICE, n: 2, first: 9, device_time: None, arrived: 1, gap: 0 };
    let mut payload = Vec::new();
    head.write(&mut payload);
    for (length, step) in [(1u16, 0.5f64), (1, 0.0)] {
        payload.extend_from_slice(&length.to_le_bytes());
        payload.extend_from_slice(&step.to_le_bytes());
    }
    let mut bits = rice::BitWriter::default();
    let mut counts = [[0; rice::TILE]; 2];
    (counts[0][0], counts[1][0]) = (4, 6);
    rice::encode(&mut counts, 1, &mut rice::Room::default(), &mut bits);
    [1.25f32, -7.5].iter().for_each(|v| bits.put(v.to_bits(), 32));
    payload.extend_from_slice(bits.finish());
    assert_eq!(decode_chunk(&payload, 2), Some((head, vec![2.0, 3.0, 1.25, -7.5])));
}

#[test]
fn what_limbic_wrote_before_can_be_read() {
    // Codec 1 as version 0.1 wrote it: two channels of two counts, step 0.5.
    let counts = [[4i32, 6], [-2, -3]];
    let words: Vec<u32> = counts.iter().flat_map(|c| [c[0], c[1] - c[0]]).map(|d| ((d << 1) ^ (d >> 31)) as u32).collect();
    let head = Head { codec: COUNTS, n: 2, first: 9, device_time: None, arrived: 1, gap: 0 };
    let mut payload = Vec::new();
    head.write(&mut payload);
    payload.extend_from_slice(&0.5f64.to_le_bytes());
    payload.extend_from_slice(&zstd::bulk::compress(&planes(&words), 1).expect("packs"));
    assert_eq!(decode_chunk(&payload, 2), Some((head, vec![2.0, 3.0, -1.0, -1.5])));
}

#[test]
fn a_payload_that_is_not_what_it_says_is_none() {
    let mut gathered = Gathered::default();
    gathered.push(chunk(counted(4, 50, 0.5), 4));
    let mut payload = Vec::new();
    Encoder::new().expect("zstd").samples(&gathered, &[Some(Grid::of(0.5)); 4], &mut payload);
    assert!(decode_chunk(&payload, 4).is_some());
    for cut in 0..payload.len() {
        assert_eq!(decode_chunk(&payload[..cut], 4), None, "{cut} bytes of {}", payload.len());
    }
    assert_eq!((decode_chunk(&payload, 3), decode_chunk(&payload, 5)), (None, None));
}

#[test]
fn frames_keep_their_stamps() {
    let frame = Frame { stream: StreamId(2), index: 9, captured: 11, arrived: 12, jpeg: vec![0xFF, 0xD8, 1] };
    let mut payload = Vec::new();
    encode_frame(&frame, 9, 0, &mut payload);
    assert_eq!(decode_frame(&payload, StreamId(2)), Some(frame));
    assert_eq!(decode_frame(&[3; 20], StreamId(2)), None);
}
