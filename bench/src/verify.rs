//! The check of the whole map after a run: it must hold every key that it should, no other, and in order.

use crate::exec::Violation;
use crate::keys::{ANY_VERSION, fingerprint, value_of};
use crate::maps::Lack;
use crate::maps::ordered_map::OrderedMap;
use std::collections::HashSet;

/// What a map must answer to one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Not found.
    Absent,
    /// This value.
    Value(u64),
    /// One of these values.
    OneOf(Vec<u64>),
    /// This value in some version.
    Like(u64),
}

/// A read and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The key to read.
    pub key: u64,
    /// What must come back.
    pub answer: Answer,
}

/// What a map must hold when no thread writes.
pub struct Expected<'a> {
    /// How many keys, if known.
    pub count: Option<u64>,
    /// The sum of their fingerprints, if known. If a key is missing or there is one too many, the sum
    /// differs.
    pub checksum: Option<u64>,
    /// Bits of the values that are known of every key.
    pub mask: u64,
    /// The only keys that are allowed, if count and checksum are not known.
    pub known: Option<&'a HashSet<u64>>,
    /// Reads to try.
    pub probes: Box<dyn Iterator<Item = Probe> + 'a>,
}

/// How many short scans are compared with the full scan, and their length.
const WINDOWS: u64 = 64;
const WINDOW: u64 = 100;

/// Compares a map with what it must hold, and its answers with each other: a full scan, short scans from keys
/// in the middle of it, and the probes. Returns how many answers were compared.
///
/// # Errors
/// The first wrong answer.
pub fn check<M: OrderedMap>(map: &M, expected: Expected<'_>) -> Result<u64, Box<Violation>> {
    let (mut checked, windows) = full_scan(map, &expected)?;
    // The scan of the whole map shows what such a map holds.
    if !map.lacks().contains(&Lack::ExactScans) {
        checked += short_scans(map, &windows)?;
    }
    for Probe { key, answer } in expected.probes {
        let got = map.get(key);
        let good = match &answer {
            Answer::Absent => got.is_none(),
            Answer::Value(value) => got == Some(*value),
            Answer::OneOf(values) => got.is_some_and(|v| values.contains(&v)),
            Answer::Like(value) => got.is_some_and(|v| (v ^ value) & ANY_VERSION == 0),
        };
        if !good {
            return Err(wrong("read after the run of", key, format!("{answer:x?}"), format!("{got:x?}")));
        }
        checked += 1;
    }
    Ok(checked)
}

fn wrong(doing: &str, key: u64, expected: String, got: String) -> Box<Violation> {
    Box::new(Violation { doing: doing.into(), key, expected, got })
}

/// Scans the whole map. Returns the number of comparisons and the keys of evenly spaced windows.
fn full_scan<M: OrderedMap>(
    map: &M,
    expected: &Expected<'_>,
) -> Result<(u64, Vec<Vec<u64>>), Box<Violation>> {
    const DOING: &str = "full scan after the run, at";
    let (mut count, mut sum, mut last) = (0_u64, 0_u64, None);
    let mut first_bad: Option<Box<Violation>> = None;
    let mut windows: Vec<Vec<u64>> = Vec::new();
    let spacing = expected.count.map_or(WINDOW * 8, |n| (n / WINDOWS).max(WINDOW));
    map.scan(0, usize::MAX, |key, value| {
        if last.is_some_and(|l| key <= l) {
            first_bad
                .get_or_insert_with(|| wrong(DOING, key, format!("a key above {last:?}"), "this key".into()));
        }
        if (value ^ value_of(key, 0)) & expected.mask != 0 {
            let right = value_of(key, 0) & (expected.mask | ANY_VERSION);
            first_bad.get_or_insert_with(|| {
                wrong(DOING, key, format!("value {right:#x}"), format!("value {value:#x}"))
            });
        }
        if expected.known.is_some_and(|known| !known.contains(&key)) {
            first_bad.get_or_insert_with(|| {
                wrong(DOING, key, "only keys that were inserted".into(), "this key".into())
            });
        }
        match count % spacing {
            0 => windows.push(vec![key]),
            1..WINDOW => windows.last_mut().expect("pushed at 0").push(key),
            _ => {}
        }
        count += 1;
        sum = sum.wrapping_add(fingerprint(key));
        last = Some(key);
    });
    if let Some(bad) = first_bad {
        return Err(bad);
    }
    if expected.count.is_some_and(|n| n != count) {
        let n = expected.count.unwrap_or_default();
        return Err(wrong(DOING, last.unwrap_or(0), format!("{n} pairs"), format!("{count} pairs")));
    }
    if expected.checksum.is_some_and(|s| s != sum) {
        let right = expected.checksum.unwrap_or_default();
        let (right, got) = (format!("keys with checksum {right:#x}"), format!("{sum:#x}"));
        return Err(wrong(DOING, last.unwrap_or(0), right, got));
    }
    Ok((count + 2, windows))
}

fn short_scans<M: OrderedMap>(map: &M, windows: &[Vec<u64>]) -> Result<u64, Box<Violation>> {
    let mut checked = 0;
    for window in windows {
        let mut got = Vec::with_capacity(window.len());
        map.scan(window[0], window.len(), |key, _| got.push(key));
        if got != *window {
            let (right, got) = (format!("keys {window:?}"), format!("{got:?}"));
            return Err(wrong("scan after the run from", window[0], right, got));
        }
        checked += window.len() as u64;
    }
    Ok(checked)
}
