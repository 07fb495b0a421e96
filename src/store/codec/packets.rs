//! The packets of which a frame was put together: how many samples each brought and when it arrived. Arrival stamps
//! are raw data: joining packets into one frame keeps every one of them.

use super::Head;
use crate::signal::Nanos;

/// What one packet of a device brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Packet {
    /// Samples per channel.
    pub n: u32,
    pub device_time: Option<Nanos>,
    pub arrived: Nanos,
}

/// Appends the table; stamps are written as differences to the packet before, the first ones to the frame's header.
pub(super) fn write(packets: &[Packet], out: &mut Vec<u8>) {
    let Some(first) = packets.first() else { return };
    let (mut arrived, mut taken) = (first.arrived, first.device_time.unwrap_or(0));
    varint(packets.len() as u64, out);
    for packet in packets {
        varint(u64::from(packet.n) << 1 | u64::from(packet.device_time.is_some()), out);
        signed(packet.arrived.wrapping_sub(arrived), out);
        arrived = packet.arrived;
        if let Some(time) = packet.device_time {
            signed(time.wrapping_sub(taken), out);
            taken = time;
        }
    }
}

/// The table at the beginning of these bytes and what stands behind it; None when it is not whole or does not add up
/// to the samples of the frame.
pub(super) fn read<'a>(head: &Head, mut bytes: &'a [u8]) -> Option<(Vec<Packet>, &'a [u8])> {
    let (mut arrived, mut taken) = (head.arrived, head.device_time.unwrap_or(0));
    let count = take(&mut bytes)?;
    let mut packets = Vec::new();
    let mut total = 0u64;
    for _ in 0..count {
        let word = take(&mut bytes)?;
        arrived = arrived.wrapping_add(take_signed(&mut bytes)?);
        let device_time = if word & 1 == 1 {
            taken = taken.wrapping_add(take_signed(&mut bytes)?);
            Some(taken)
        } else {
            None
        };
        let n = u32::try_from(word >> 1).ok()?;
        total += u64::from(n);
        packets.push(Packet { n, device_time, arrived });
    }
    (total == u64::from(head.n)).then_some((packets, bytes))
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn signed(value: i64, out: &mut Vec<u8>) {
    varint(((value << 1) ^ (value >> 63)) as u64, out);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    take(bytes).map(|word| ((word >> 1) as i64) ^ -((word & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_come_back_whatever_they_are() {
        let packet = |n, device_time, arrived| Packet { n, device_time, arrived };
        let packets = [
            packet(32, Some(5), 1_000_000_000),
            packet(0, None, 1_000_000_000),
            packet(7, Some(Nanos::MAX), Nanos::MIN),
            packet(1, Some(Nanos::MIN + 1), Nanos::MAX),
        ];
        let mut bytes = Vec::new();
        write(&packets, &mut bytes);
        bytes.extend_from_slice(b"rest");
        let head = Head { codec: 0, n: 40, first: 0, device_time: Some(5), arrived: 1_000_000_000, gap: 0 };
        assert_eq!(read(&head, &bytes), Some((packets.to_vec(), &b"rest"[..])));
        assert_eq!(read(&Head { n: 41, ..head }, &bytes), None, "the samples must add up");
        for cut in 0..bytes.len() - 4 {
            assert_eq!(read(&head, &bytes[..cut]), None);
        }
    }
}
