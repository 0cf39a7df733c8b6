//! A trace whose keys are byte strings, turned into one of numbers.
//!
//! A key's number is its place among all keys of the trace in ascending order. So numbers are ordered as
//! their keys are, and everything that is known of a trace of numbers is known of this one.

use super::lines::each_of;
use super::words::{Key, Line, Verb};
use crate::protocol::TraceKeys;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

/// All keys of a trace, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyList {
    /// All keys, one behind the other.
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl KeyList {
    fn new(ascending: &[&[u8]]) -> Self {
        let mut list = Self { bytes: Vec::new(), ends: Vec::with_capacity(ascending.len()) };
        for key in ascending {
            list.bytes.extend_from_slice(key);
            list.ends.push(list.bytes.len());
        }
        list
    }

    /// The key of a number.
    ///
    /// # Panics
    /// There is none.
    #[inline]
    #[must_use]
    pub fn key(&self, number: u64) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    /// The key of a number, if there is one.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&[u8]> {
        (number < self.ends.len() as u64).then(|| self.key(number))
    }

    /// The number of a key; `u64::MAX` if it is not in the list. This is fast if the number is `guess`.
    #[inline]
    #[must_use]
    pub fn number(&self, key: &[u8], guess: u64) -> u64 {
        let count = self.ends.len() as u64;
        if guess < count && self.key(guess) == key {
            return guess;
        }
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        if low < count && self.key(low) == key { low } else { u64::MAX }
    }
}

/// A trace of byte strings as lines with numbers, and the keys of these.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Lines run before the measurement.
    pub load: Vec<Line>,
    /// Lines measured.
    pub run: Vec<Line>,
    /// The keys.
    pub keys: KeyList,
}

/// Reads the files of a trace whose keys are byte strings.
///
/// # Errors
/// As [`read`](super::read).
pub fn read_strings(load: &Path, run: &Path, keys: TraceKeys) -> Result<Listed, String> {
    let mut bytes = Vec::new();
    let mut lines = |path: &Path| {
        let mut lines: Vec<(Verb, Range<usize>)> = Vec::new();
        each_of(path, keys, |Line { verb, key }| {
            if let Key::Bytes(key) = key {
                let start = bytes.len();
                bytes.extend_from_slice(&key);
                lines.push((verb, start..bytes.len()));
            }
            Ok(())
        })?;
        Ok::<_, String>(lines)
    };
    let (load, run) = (lines(load)?, lines(run)?);
    let all = load.iter().chain(&run).map(|(_, key)| (&bytes[key.clone()], 0));
    let mut numbers: HashMap<&[u8], u64> = all.collect();
    let mut ascending: Vec<&[u8]> = numbers.keys().copied().collect();
    ascending.sort_unstable();
    ascending.iter().zip(0..).for_each(|(key, number)| _ = numbers.insert(key, number));
    let numbered = |lines: &[(Verb, Range<usize>)]| {
        lines.iter().map(|(verb, key)| Line { verb: *verb, key: numbers[&bytes[key.clone()]] }).collect()
    };
    Ok(Listed { load: numbered(&load), run: numbered(&run), keys: KeyList::new(&ascending) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_their_keys_are_and_lead_back_to_them() {
        let keys: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"ab", b"b"];
        let list = KeyList::new(&keys);
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(list.key(number as u64), *key);
            assert_eq!(list.get(number as u64), Some(*key));
            for guess in [0, number as u64, 5, 6, u64::MAX] {
                assert_eq!(list.number(key, guess), number as u64);
            }
        }
        for strange in [&b"aa"[..], b"\0\0", b"c"] {
            assert_eq!(list.number(strange, 3), u64::MAX);
        }
        assert_eq!((list.get(6), list.get(u64::MAX)), (None, None));
        assert_eq!(KeyList::default().number(b"", 0), u64::MAX);
    }

    #[test]
    fn both_files_share_their_keys() {
        let path = |name: &str| std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let (load, run) = (path("listed-load"), path("listed-run"));
        std::fs::write(&load, "INSERT pear\nINSERT \"an apple\"\n").unwrap();
        std::fs::write(&run, "READ plum\nSCAN pear 7\n").unwrap();
        let listed = read_strings(&load, &run, TraceKeys::Strings).unwrap();
        let put = |key| Line { verb: Verb::Put, key };
        assert_eq!(listed.load, [put(1), put(0)]);
        let (read, scan) = (Line { verb: Verb::Read, key: 2 }, Line { verb: Verb::Scan(7), key: 1 });
        assert_eq!(listed.run, [read, scan]);
        assert_eq!(listed.keys, KeyList::new(&[b"an apple", b"pear", b"plum"]));
        for file in [load, run] {
            std::fs::remove_file(file).unwrap();
        }
    }
}
