//! The words of a line: the operation, its key, and the length of a scan.

use crate::protocol::TraceKeys;
use std::borrow::Cow;

/// Characters of a line that an error quotes.
const QUOTED: usize = 60;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `INSERT k` or `UPDATE k`.
    Put,
    /// `READ k`.
    Read,
    /// `REMOVE k`.
    Remove,
    /// `SCAN k n`, with the `n`.
    Scan(u32),
}

/// A line of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<K = u64> {
    /// What to do.
    pub verb: Verb,
    /// The key, or where a scan starts.
    pub key: K,
}

/// A key as a trace spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'l> {
    /// With [`TraceKeys::Numbers`].
    Number(u64),
    /// With the other kinds.
    Bytes(Cow<'l, [u8]>),
}

/// The operation that a line begins with. A scan's length is not known yet.
pub(super) fn verb(content: &[u8], keys: TraceKeys) -> Option<Verb> {
    let word = content.split(u8::is_ascii_whitespace).next()?;
    Some(match (word, keys) {
        (b"INSERT" | b"UPDATE", _) => Verb::Put,
        (b"READ", _) => Verb::Read,
        (b"REMOVE", TraceKeys::Numbers | TraceKeys::Strings) | (b"DELETE", TraceKeys::Ycsb) => Verb::Remove,
        (b"SCAN", _) => Verb::Scan(0),
        _ => return None,
    })
}

/// Whether the first word of a line looks like an operation, but has an invisible or other strange character before or
/// behind it. YCSB prints no such line.
pub(super) fn is_disguised(content: &[u8]) -> bool {
    let is_strange = |byte: &u8| !matches!(byte, b' '..=b'~');
    let start = content.iter().position(|byte| !is_strange(byte)).unwrap_or(content.len());
    let word = &content[start..];
    let end = word.iter().position(|byte| !byte.is_ascii_uppercase()).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let is_name = [&b"INSERT"[..], b"READ", b"UPDATE", b"DELETE", b"SCAN"].contains(&name);
    is_name && (start > 0 || rest.first().is_some_and(is_strange))
}

/// The operation of a line that is not blank.
pub(super) fn operation(content: &str, keys: TraceKeys) -> Result<Line<Key<'_>>, String> {
    let (name, rest) = content.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((content, ""));
    let Some(verb) = verb(name.as_bytes(), keys) else {
        let (name, remove) =
            (quoted(name.as_bytes()), if keys == TraceKeys::Ycsb { "DELETE" } else { "REMOVE" });
        let hint = ycsb_hint(keys);
        return Err(format!(
            "unknown operation {name}; known are INSERT, READ, UPDATE, {remove}, SCAN{hint}"
        ));
    };
    let mut words = Words(rest);
    if keys == TraceKeys::Ycsb {
        words.next().ok_or_else(|| format!("{name} needs a table and a key"))?;
    }
    let key = words.key(keys)?.ok_or_else(|| format!("{name} needs a key"))?;
    let verb = match verb {
        Verb::Scan(_) => {
            let what = "a number of pairs";
            let word = words.next().ok_or_else(|| format!("{name} needs {what}"))?;
            let count = number(word).ok_or_else(|| format!("{} is not {what}", quoted(word.as_bytes())))?;
            Verb::Scan(u32::try_from(count).map_err(|_| format!("a scan of {count} pairs is too long"))?)
        }
        verb => verb,
    };
    match words.next() {
        None => Ok(Line { verb, key }),
        Some(extra) => {
            let hint = if content.contains('[') { ycsb_hint(keys) } else { "" };
            Err(format!("{} is too much in {}{hint}", quoted(extra.as_bytes()), quoted(content.as_bytes())))
        }
    }
}

/// What to do if the trace is what YCSB prints, and the flags do not say so.
const fn ycsb_hint(keys: TraceKeys) -> &'static str {
    match keys {
        TraceKeys::Ycsb => "",
        TraceKeys::Numbers | TraceKeys::Strings => " (what YCSB prints needs --trace-keys ycsb)",
    }
}

/// What is left of a line.
struct Words<'l>(&'l str);

impl<'l> Words<'l> {
    fn next(&mut self) -> Option<&'l str> {
        let text = self.0.trim_ascii_start();
        let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn key(&mut self, keys: TraceKeys) -> Result<Option<Key<'l>>, String> {
        if keys == TraceKeys::Strings
            && let Some(text) = self.0.trim_ascii_start().strip_prefix('"')
        {
            return self.quoted_key(text).map(Some);
        }
        let Some(word) = self.next() else { return Ok(None) };
        Ok(Some(match (keys, number(word)) {
            (TraceKeys::Numbers, Some(number)) => Key::Number(number),
            (TraceKeys::Numbers, None) => {
                let why = "an unsigned 64-bit number; other keys need --trace-keys strings or ycsb";
                return Err(format!("{} is not a key ({why})", quoted(word.as_bytes())));
            }
            _ => Key::Bytes(word.as_bytes().into()),
        }))
    }

    /// The key whose text begins behind the opening quote.
    fn quoted_key(&mut self, text: &'l str) -> Result<Key<'l>, String> {
        let (mut key, mut rest) = (Vec::new(), text);
        loop {
            let stop = rest.find(['"', '\\']).ok_or_else(|| {
                let start = quoted(self.0.trim_ascii_start().as_bytes());
                format!("{start} has no closing quote")
            })?;
            key.extend_from_slice(&rest.as_bytes()[..stop]);
            let is_end = rest[stop..].starts_with('"');
            rest = &rest[stop + 1..];
            if is_end {
                break;
            }
            let (byte, length) = escaped(rest).ok_or_else(|| {
                let known = r#"\\, \", \n, \r, \t and \x with two hexadecimal digits"#;
                let start: String = rest.chars().take(3).collect();
                format!("{} is no escape; there are {known}", quoted(format!("\\{start}").as_bytes()))
            })?;
            key.push(byte);
            rest = &rest[length..];
        }
        self.0 = rest;
        match rest.starts_with(|c: char| !c.is_ascii_whitespace()) {
            true => Err(format!("a blank must follow the quote before {}", quoted(rest.as_bytes()))),
            false => Ok(Key::Bytes(key.into())),
        }
    }
}

/// The byte of an escape whose text begins behind the backslash, and the length of this text.
fn escaped(text: &str) -> Option<(u8, usize)> {
    Some(match text.as_bytes() {
        [b'x', digits @ ..] => {
            let digits = digits.first_chunk::<2>().filter(|two| two.iter().all(u8::is_ascii_hexdigit))?;
            (u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?, 3)
        }
        [b'n', ..] => (b'\n', 1),
        [b'r', ..] => (b'\r', 1),
        [b't', ..] => (b'\t', 1),
        [byte @ (b'"' | b'\\'), ..] => (*byte, 1),
        _ => return None,
    })
}

/// The beginning of a text in quotes, with invisible characters escaped.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let Ok(text) = str::from_utf8(bytes) else {
        let start = bytes.escape_ascii().to_string();
        return match start.char_indices().nth(QUOTED) {
            None => format!("\"{start}\""),
            Some((end, _)) => format!("\"{}\"...", &start[..end]),
        };
    };
    match text.char_indices().nth(QUOTED) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

fn number(word: &str) -> Option<u64> {
    // `from_str_radix` would take a sign.
    let (digits, radix) = word.strip_prefix("0x").map_or((word, 10), |hex| (hex, 16));
    digits.bytes().all(|b| b.is_ascii_alphanumeric()).then(|| u64::from_str_radix(digits, radix).ok())?
}
