//! Numbers on command lines, each in the range that it may have.

use crate::memory::{self, Room};
use crate::protocol::MOST_THREADS;
use crate::units::parse_count;
use std::ops::RangeInclusive;

/// Operations or lookups that a flag may ask for: a day of them, and no sum of a few overflows.
pub const MOST_OPERATIONS: u64 = 1_000_000_000_000;
/// Rounds or repetitions that a flag may ask for.
pub const MOST_ROUNDS: u64 = 1_000_000;

/// Reads a count within `range`.
///
/// # Errors
/// `text` is not a count, or the count is too small or too large.
pub fn within(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    match parse_count(text)? {
        number if number < *range.start() => Err(format!("{text} is too small: at least {}", range.start())),
        number if number > *range.end() => Err(format!("{text} is too large: at most {}", range.end())),
        number => Ok(number),
    }
}

/// Reads a number of operations.
///
/// # Errors
/// As [`within`].
pub fn operations(text: &str) -> Result<u64, String> {
    within(text, 1..=MOST_OPERATIONS)
}

/// Reads a number of rounds.
///
/// # Errors
/// As [`within`].
pub fn rounds(text: &str) -> Result<usize, String> {
    Ok(within(text, 1..=MOST_ROUNDS)? as usize)
}

/// Reads a number of threads.
///
/// # Errors
/// As [`within`].
pub fn threads(text: &str) -> Result<usize, String> {
    Ok(within(text, 1..=MOST_THREADS as u64)? as usize)
}

/// Reads a number of keys, whose pairs must fit into the memory that this process may have.
///
/// # Errors
/// As [`within`].
pub fn keys(text: &str) -> Result<u64, String> {
    let keys = within(text, 1..=u64::MAX)?;
    let Room { bytes, source } = Room::of(&memory::read);
    match keys > bytes / 16 {
        true => Err(format!("{keys} keys are too many: {source} leaves room for {} pairs", bytes / 16)),
        false => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_of_their_range_are_refused() {
        assert_eq!((within("9", 1..=9), keys("1"), threads("4k")), (Ok(9), Ok(1), Ok(4000)));
        assert_eq!(within("18446744073709551615", 0..=u64::MAX), Ok(u64::MAX));
        for (error, hint) in [
            (within("0", 1..=9), "at least 1"),
            (within("10", 1..=9), "at most 9"),
            (keys("0"), "at least 1"),
            (keys("18446744073709551615"), "room for"),
            (threads("4097").map(|n| n as u64), "at most 4096"),
            (rounds("1000001").map(|n| n as u64), "at most 1000000"),
        ] {
            assert!(error.as_ref().unwrap_err().contains(hint), "{error:?}");
        }
    }
}
