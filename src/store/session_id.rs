//! The number of a session, as it stands in rows, in JSON and on screens.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970 << 20 | random bits. Printed as 16 hex digits, which is also the folder's name; so it stands in
/// JSON too, whose readers round numbers above 2^53. Rows hold the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_u64(self.0) }
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() { deserializer.deserialize_any(Either) } else { deserializer.deserialize_u64(Either) }
    }
}

/// Digits, or the number that earlier versions wrote into JSON.
struct Either;

impl Visitor<'_> for Either {
    type Value = SessionId;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("16 hex digits of a session, or its number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<SessionId, E> {
        Ok(SessionId(number))
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<SessionId, E> {
        let whole = digits.len() == 16;
        let number = u64::from_str_radix(digits, 16).ok().filter(|_| whole);
        number.map(SessionId).ok_or_else(|| E::invalid_value(Unexpected::Str(digits), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_digits_that_no_reader_rounds_and_rows_the_number() {
        let id = SessionId(0x1a20_2b2e_0000_0001);
        let json = serde_json::to_string(&id).expect("written");
        assert_eq!(json, "\"1a202b2e00000001\"");
        assert_eq!(serde_json::from_str::<SessionId>(&json).expect("read"), id);
        assert_eq!(serde_json::from_str::<SessionId>(&id.0.to_string()).expect("an earlier version's"), id);
        assert!(serde_json::from_str::<SessionId>("\"1a20\"").is_err());
        let row = rmp_serde::to_vec_named(&id).expect("written");
        assert_eq!(row, rmp_serde::to_vec(&id.0).expect("written"));
        assert_eq!(rmp_serde::from_slice::<SessionId>(&row).expect("read"), id);
    }
}
