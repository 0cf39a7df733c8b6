//! Numbers spelled as byte strings. The strings are awkward for a map: many begin with the same bytes, many
//! begin with others of them, and many end with zeros.

use bskip_core::BSkipBytesMap;

/// The most bytes of a key.
const MOST: usize = BSkipBytesMap::<[u8], ()>::MAX_KEY_BYTES;

/// Byte strings for numbers below 2^50. They have the same order as their numbers.
pub trait Spelling: 'static {
    /// How many bytes all strings have in common, if a map's keys may be that long.
    const START: usize;

    /// The string of a number.
    #[must_use]
    fn of(i: u64) -> Vec<u8> {
        let mut string = vec![b's'; start(Self::START)];
        string.extend_from_slice(&(i / 4).to_be_bytes()[2..]);
        // All of these but the first are continuations of the one before. In a node whose keys share all but
        // the last byte of the number, three of them differ only in their lengths and in the heap.
        match i % 4 {
            0 => {}
            1 => string.push(0),
            2 => string.extend([0; 9]),
            _ => string.extend([0; 9].into_iter().chain(core::iter::repeat_n(1, tail(i)))),
        }
        string
    }

    /// The number of a string.
    ///
    /// # Panics
    /// If no number has this string: the map has made a string from two.
    #[must_use]
    fn number(string: &[u8]) -> u64 {
        let (digits, end) = string[start(Self::START)..].split_at(6);
        let quarter = digits.iter().fold(0, |number, &digit| number << 8 | u64::from(digit));
        let number = quarter * 4 + [0, 1, 9].iter().filter(|&&len| end.len() > len).count() as u64;
        assert_eq!(string, Self::of(number), "a string that was never a key");
        number
    }
}

/// The bytes that all strings have in common.
const fn start(wanted: usize) -> usize {
    if wanted < MOST - 40 { wanted } else { MOST - 40 }
}

/// How many bytes end the string of `i`. Some strings are too long for a node, if a map takes such strings.
const fn tail(i: u64) -> usize {
    if (i / 4).is_multiple_of(4) && MOST > 2000 { 150 } else { 2 }
}

/// The strings begin with the number.
#[derive(Debug)]
pub enum Short {}

impl Spelling for Short {
    const START: usize = 0;
}

/// The strings begin as addresses of one page do.
#[derive(Debug)]
pub enum Shared {}

impl Spelling for Shared {
    const START: usize = 20;
}

/// The strings begin with 1000 bytes that are the same.
#[derive(Debug)]
pub enum Far {}

impl Spelling for Far {
    const START: usize = 1000;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<S: Spelling>() {
        let numbers = [0, 100, 1 << 24, 1 << 33, (1 << 50) - 40];
        for from in numbers {
            let strings: Vec<_> = (from..from + 40).map(S::of).collect();
            assert!(strings.is_sorted_by(|a, b| a < b), "from {from}");
            assert!(strings.iter().all(|string| string.len() <= MOST));
            assert!(strings.iter().map(|string| S::number(string)).eq(from..from + 40));
        }
        assert!(numbers.map(S::of).is_sorted());
    }

    #[test]
    fn strings_have_the_order_of_their_numbers() {
        check::<Short>();
        check::<Shared>();
        check::<Far>();
    }
}
