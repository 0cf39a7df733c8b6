//! Values that are byte strings, and that tell whether they are whole.

use crate::rng::mix;

/// A number that follows from all bytes.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(7, |hash, &byte| mix(hash ^ u64::from(byte)))
}

/// A value of `len` bytes for `key`. Those of different seeds differ, if they are long enough.
#[must_use]
pub fn value(key: &[u8], seed: u8, len: usize) -> Vec<u8> {
    let start = mix(hash(key) ^ len as u64);
    (0..len).map(|i| if i == 0 { seed } else { byte(start, seed, i) }).collect()
}

/// Panics if `bytes` are not what [`value`] returned for the key, with any seed and length.
pub fn check(key: &[u8], bytes: &[u8]) {
    let Some(&seed) = bytes.first() else { return };
    let start = mix(hash(key) ^ bytes.len() as u64);
    let torn = (1..bytes.len()).find(|&i| bytes[i] != byte(start, seed, i));
    assert_eq!(torn, None, "of {} bytes, seed {seed}: this one is of another value", bytes.len());
}

fn byte(start: u64, seed: u8, i: usize) -> u8 {
    (mix(start ^ u64::from(seed) << 56 ^ (i / 8) as u64) >> (i % 8 * 8)) as u8
}

/// Lengths at which something changes: in the word, in one cell of each size, in several cells.
pub const LENGTHS: [usize; 34] = [
    0, 1, 6, 7, 8, 9, 15, 16, 17, 47, 48, 49, 80, 81, 112, 113, 176, 177, 240, 241, 256, 257, 368, 369, 496,
    497, 752, 1008, 1520, 2032, 2033, 4064, 4065, 65536,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_tell_whether_they_are_whole() {
        for len in LENGTHS {
            check(b"key", &value(b"key", 3, len));
        }
        let mixed = [&value(b"key", 3, 100)[..50], &value(b"key", 4, 100)[50..]].concat();
        assert!(std::panic::catch_unwind(|| check(b"key", &mixed)).is_err());
        assert!(std::panic::catch_unwind(|| check(b"yek", &value(b"key", 3, 100))).is_err());
        assert!(std::panic::catch_unwind(|| check(b"key", &value(b"key", 3, 100)[..99])).is_err());
    }
}
