//! The values in minified JavaScript modules that export one literal: objects, lists, strings, numbers, `!0` and `!1`.

use serde_json::{Map, Number, Value};

/// Literals are not nested deeper.
const DEEPEST: usize = 64;

/// The value that a module assigns to its exports (`NAME.exports=...`).
///
/// # Errors
/// No such assignment, or something that is no literal, in a few words.
pub fn exported(source: &str) -> Result<Value, String> {
    // The wrapper tests for exports before the module itself assigns them: the last assignment is the module's.
    let at = source.rfind(".exports=").ok_or("it exports nothing")? + ".exports=".len();
    let mut reader = Reader { rest: &source.as_bytes()[at..] };
    reader.value(0)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err("it is nested too deeply".into());
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' | b'\'' => self.text().map(Value::String),
            b'!' => {
                let value = self.rest.get(1) == Some(&b'0');
                self.rest = self.rest.get(2..).unwrap_or_default();
                Ok(Value::Bool(value))
            }
            _ => self.word(),
        }
    }

    fn peek(&self) -> Result<u8, String> {
        self.rest.first().copied().ok_or_else(|| "it ends in the middle of a value".into())
    }

    fn take(&mut self, wanted: u8) -> Result<(), String> {
        match self.peek()? {
            found if found == wanted => {
                self.rest = &self.rest[1..];
                Ok(())
            }
            found => Err(format!("\"{}\" stands where \"{}\" should", char::from(found), char::from(wanted))),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.take(b'{')?;
        let mut object = Map::new();
        while self.peek()? != b'}' {
            let key = match self.peek()? {
                b'"' | b'\'' => self.text()?,
                _ => self.bare(),
            };
            self.take(b':')?;
            object.insert(key, self.value(depth + 1)?);
            if self.peek()? == b',' {
                self.take(b',')?;
            }
        }
        self.take(b'}')?;
        Ok(Value::Object(object))
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        self.take(b'[')?;
        let mut list = Vec::new();
        while self.peek()? != b']' {
            list.push(self.value(depth + 1)?);
            if self.peek()? == b',' {
                self.take(b',')?;
            }
        }
        self.take(b']')?;
        Ok(Value::Array(list))
    }

    /// A string without escapes: names and base64 need none.
    fn text(&mut self) -> Result<String, String> {
        let quote = self.peek()?;
        let end = self.rest[1..].iter().position(|b| *b == quote).ok_or("a string does not end")?;
        let text = String::from_utf8(self.rest[1..=end].to_vec()).map_err(|e| e.to_string())?;
        if text.contains('\\') {
            return Err("a string has escapes".into());
        }
        self.rest = &self.rest[end + 2..];
        Ok(text)
    }

    /// A key without quotes.
    fn bare(&mut self) -> String {
        let end =
            self.rest.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        String::from_utf8_lossy(word).into_owned()
    }

    fn word(&mut self) -> Result<Value, String> {
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_');
        let end = self.rest.iter().position(|b| !is_part(b)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let word = String::from_utf8_lossy(word);
        match &*word {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            number => {
                if let Ok(whole) = number.parse::<i64>() {
                    return Ok(Value::Number(whole.into()));
                }
                let value = number.parse::<f64>().ok().and_then(Number::from_f64);
                value.map(Value::Number).ok_or_else(|| format!("\"{number}\" is no literal"))
            }
        }
    }
}

/// The bytes of a base64 string (RFC 4648).
///
/// # Errors
/// A letter that base64 does not have.
pub fn base64(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes().take_while(|b| *b != b'=') {
        let six = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            other => return Err(format!("\"{}\" is no letter of base64", char::from(other))),
        };
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minified_module_is_read() {
        let source = "!function(a){module.exports=a()}(function(){return 1}({1:[function(a,n,i){n.exports={a:[null,.5,-3,!1],\"b c\":{d:\"x\"},e:1e-7}},{}]},{},[1])(1)});";
        let value = exported(source).expect("a literal");
        assert_eq!(value, serde_json::json!({"a": [null, 0.5, -3, false], "b c": {"d": "x"}, "e": 1e-7}));
        for bad in ["nothing", "n.exports=", "n.exports={a:f(1)}", "n.exports=[1,", "n.exports=\"a"] {
            assert!(exported(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn base64_of_known_bytes() {
        assert_eq!(base64("bGltYmlj").as_deref(), Ok(&b"limbic"[..]));
        assert_eq!(base64("AP8=").as_deref(), Ok(&[0u8, 255][..]));
        assert!(base64("a b").is_err());
    }
}
