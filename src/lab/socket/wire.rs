//! The bytes on the socket: a preamble of eight bytes each way, then frames of a length (u32, little endian) and a
//! MessagePack value with field names.
//!
//! The preamble never changes, so that any two versions can at least refuse each other in words. Everything after it
//! is read with hard limits: what does not fit them, or is not understood to its last byte, is an error with a
//! sentence and never more.

use crate::lab::message::{Command, Event, Snapshot};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read, Write};

/// Changes whenever a message changes its shape.
pub const PROTOCOL: u8 = 1;
const MAGIC: [u8; 7] = *b"limbic\0";

/// Most bytes that a visitor may say at once: a note of 2,000 characters fits many times.
pub const LARGEST_SAY: usize = 64 << 10;
/// Most bytes that the lab tells at once: a snapshot with a review of hundreds of trials.
pub const LARGEST_TELL: usize = 64 << 20;

/// What a visitor wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Gives commands, where nobody else does; looks on meanwhile.
    Keyboard,
    /// Gives commands from now on; whoever did so before looks on.
    TakeOver,
    /// Looks on.
    Watch,
    /// The participant: sees the protocol's phase and answers questions.
    Rate,
    /// Asks the lab to end, which it does unless it is recording.
    Stop,
}

/// The first frame of a visitor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The program's version; only the same one is let in.
    pub version: String,
    /// Names this client over all its connections: its command ids belong to it.
    pub nonce: u64,
    pub role: Role,
}

/// What a visitor says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Say {
    Hello(Hello),
    /// Applied once per id and client; answered by one event, again whenever it is repeated.
    Command(Command),
    /// The snapshot of this number was taken up.
    Seen {
        seq: u64,
    },
}

/// What the lab tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    /// Let in. `lab` names this run of the lab: another one knows nothing of earlier commands.
    Welcome {
        lab: u64,
        keyboard: bool,
    },
    Event(Event),
    /// The catalogue and the review are left out (empty) where they are the ones told last.
    Snapshot {
        catalogue: bool,
        review: bool,
        snapshot: Box<Snapshot>,
    },
    /// The keyboard comes or goes.
    Keyboard {
        held: bool,
        why: String,
    },
    /// The lab is going to end, as asked.
    Ending,
    /// The last frame: one sentence.
    Goodbye {
        why: String,
    },
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("the line is closed")]
    Closed,
    #[error("nothing came for too long")]
    Silent,
    #[error("a lab's socket speaks only with limbic; use the limbic commands")]
    Magic,
    #[error("limbic of protocol {theirs} cannot speak with limbic of protocol {PROTOCOL}; use the same version on both ends")]
    Protocol { theirs: u8 },
    #[error("a message of {length} bytes is not allowed; the most are {largest}")]
    Length { length: usize, largest: usize },
    #[error("a message broke off after {came} of {length} bytes")]
    Short { came: usize, length: usize },
    #[error("a message cannot be understood: {0}")]
    Malformed(String),
    #[error("a message is followed by {0} bytes that do not belong to it")]
    Trailing(usize),
    #[error(transparent)]
    Io(std::io::Error),
}

impl From<std::io::Error> for WireError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => WireError::Silent,
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => WireError::Closed,
            _ => WireError::Io(error),
        }
    }
}

/// Sends our preamble.
///
/// # Errors
/// The line.
pub fn greet(to: &mut impl Write) -> Result<(), WireError> {
    let mut preamble = [PROTOCOL; 8];
    preamble[..7].copy_from_slice(&MAGIC);
    Ok(to.write_all(&preamble)?)
}

/// Reads the other end's preamble.
///
/// # Errors
/// It is no limbic, or one of another protocol; the line.
pub fn greeted(from: &mut impl Read) -> Result<(), WireError> {
    let mut preamble = [0; 8];
    from.read_exact(&mut preamble)?;
    match preamble {
        [magic @ .., _] if magic != MAGIC => Err(WireError::Magic),
        [.., PROTOCOL] => Ok(()),
        [.., theirs] => Err(WireError::Protocol { theirs }),
    }
}

/// Writes one frame of at most `largest` bytes.
///
/// # Errors
/// The value is larger; the line.
pub fn write<T: Serialize>(to: &mut impl Write, value: &T, largest: usize) -> Result<(), WireError> {
    let mut frame = vec![0; 4];
    rmp_serde::encode::write_named(&mut frame, value).map_err(|e| WireError::Malformed(e.to_string()))?;
    let length = frame.len() - 4;
    if length > largest {
        return Err(WireError::Length { length, largest });
    }
    frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(to.write_all(&frame)?)
}

/// Reads one frame of at most `largest` bytes, all of which must belong to the value.
///
/// # Errors
/// A length of 0 or above `largest`, bytes that are not understood or left over; the line.
pub fn read<T: DeserializeOwned>(from: &mut impl Read, largest: usize) -> Result<T, WireError> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length == 0 || length > largest {
        return Err(WireError::Length { length, largest });
    }
    // Grows with what really comes, not with what was claimed.
    let mut frame = Vec::new();
    let came = from.by_ref().take(length as u64).read_to_end(&mut frame)?;
    if came < length {
        return Err(WireError::Short { came, length });
    }
    let mut rest = frame.as_slice();
    // Without the list of everything that would have been understood.
    let value = rmp_serde::from_read(&mut rest).map_err(|e| WireError::Malformed(e.to_string().chars().take(160).collect()))?;
    if rest.is_empty() { Ok(value) } else { Err(WireError::Trailing(rest.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::message::Action;
    use crate::signal::{Emotion, Rating};

    fn hello() -> Say {
        Say::Hello(Hello { version: "0.1.0".into(), nonce: u64::MAX, role: Role::TakeOver })
    }

    #[test]
    fn what_is_written_is_read() {
        let rating = Rating { valence: Some(3.5), arousal: None, emotion: Some(Emotion::Calm) };
        let action = Action::Rate { rating, by: "participant".into(), done: true, reason: "ä".into() };
        for say in [hello(), Say::Command(Command { id: 7, action }), Say::Seen { seq: 0 }] {
            let mut bytes = Vec::new();
            write(&mut bytes, &say, LARGEST_SAY).expect("fits");
            assert_eq!(read::<Say>(&mut bytes.as_slice(), LARGEST_SAY).expect("reads"), say);
        }
    }

    #[test]
    fn limits_hold_on_both_ends() {
        let mut bytes = Vec::new();
        assert!(matches!(write(&mut bytes, &"x".repeat(100), 50), Err(WireError::Length { length: 102, largest: 50 })));
        assert!(bytes.is_empty(), "nothing of it was sent");
        write(&mut bytes, &hello(), LARGEST_SAY).expect("fits");
        let short = &bytes[..bytes.len() - 1];
        assert!(matches!(read::<Say>(&mut &short[..], LARGEST_SAY), Err(WireError::Short { .. })));
        bytes[0] += 1;
        bytes.push(0);
        assert!(matches!(read::<Say>(&mut bytes.as_slice(), LARGEST_SAY), Err(WireError::Trailing(1))));
        assert!(matches!(read::<Say>(&mut [0u8; 4].as_slice(), 9), Err(WireError::Length { length: 0, largest: 9 })));
    }

    #[test]
    fn preambles_tell_strangers_from_other_versions() {
        let mut bytes = Vec::new();
        greet(&mut bytes).expect("a vector");
        assert!(greeted(&mut bytes.as_slice()).is_ok());
        bytes[7] = PROTOCOL + 1;
        assert!(matches!(greeted(&mut bytes.as_slice()), Err(WireError::Protocol { theirs }) if theirs == PROTOCOL + 1));
        assert!(matches!(greeted(&mut b"GET / HT".as_slice()), Err(WireError::Magic)));
        assert!(matches!(greeted(&mut b"limbic".as_slice()), Err(WireError::Closed)));
    }
}
