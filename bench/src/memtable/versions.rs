//! The versions that every memtable gets, as functions of numbers, so that every answer is known.
//!
//! Version `i` belongs to key `i` modulo the number of keys and has the sequence number `i + 1`. So all keys
//! get a first version, then all get a second one, and so on.

use crate::keys::{KeySet, mix64};
use crate::strings::KeysLike;
use crate::strings::shape::Key;

/// See the module.
pub(super) struct Versions {
    count: u64,
    users: u64,
    like: KeysLike,
    keys: KeySet,
    value_bytes: usize,
}

impl Versions {
    /// `count` versions, `each` of a key.
    pub(super) fn new(count: u64, each: u64, like: KeysLike, value_bytes: usize) -> Self {
        Self { count, users: count.div_ceil(each), like, keys: KeySet::new(like.numbers(), 1), value_bytes }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many keys have versions.
    pub(super) fn users(&self) -> u64 {
        self.users
    }

    /// The key of a number below [`users`](Self::users).
    pub(super) fn key(&self, user: u64) -> Key {
        self.like.key(self.keys.key(user))
    }

    /// The key of version `i`, and its sequence number.
    pub(super) fn version(&self, i: u64) -> (Key, u64) {
        (self.key(i % self.users), i + 1)
    }

    /// The newest sequence number of a key at `sequence` or before.
    pub(super) fn newest(&self, user: u64, sequence: u64) -> Option<u64> {
        // The numbers of a key are `user + 1` and those that are greater by a multiple of `users`.
        let above = sequence.min(self.count).checked_sub(user + 1)?;
        Some(sequence.min(self.count) - above % self.users)
    }

    /// How many versions a key has, and the sum of their sequence numbers.
    pub(super) fn of_key(&self, user: u64) -> (u64, u64) {
        let numbers = (user + 1..=self.count).step_by(self.users as usize);
        numbers.fold((0, 0), |(count, sum), number| (count + 1, sum + number))
    }

    /// Writes the value of a sequence number into `buffer`.
    pub(super) fn value<'b>(&self, sequence: u64, buffer: &'b mut Vec<u8>) -> &'b [u8] {
        buffer.resize(self.value_bytes, b'.');
        buffer[..8].copy_from_slice(&mix64(sequence).to_le_bytes());
        buffer
    }

    /// The sum of the [words](word) of all values.
    pub(super) fn sum_of_words(&self) -> u64 {
        (1..=self.count).fold(0, |sum, sequence| sum.wrapping_add(mix64(sequence)))
    }

    /// Whether a value is that of a sequence number.
    #[inline]
    pub(super) fn is_value(&self, value: &[u8], sequence: u64) -> bool {
        value.len() == self.value_bytes && word(value) == mix64(sequence)
    }

    /// The mean bytes of a version: key, sequence number, kind and value.
    pub(super) fn mean_bytes(&self) -> f64 {
        let sample = self.users.min(100_000);
        let bytes: u64 = (0..sample).map(|user| self.key(user).as_bytes().len() as u64).sum();
        bytes as f64 / sample as f64 + 9.0 + self.value_bytes as f64
    }
}

/// The first eight bytes of a value, which tell its sequence number.
#[inline]
pub(super) fn word(value: &[u8]) -> u64 {
    value.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_the_greatest_number_of_the_key_that_is_not_above() {
        for (count, each) in [(10, 4), (12, 4), (7, 1), (7, 7)] {
            let versions = Versions::new(count, each, KeysLike::Ycsb, 8);
            for user in 0..versions.users() {
                let numbers: Vec<u64> =
                    (0..count).filter(|i| i % versions.users() == user).map(|i| i + 1).collect();
                for sequence in 0..count + 3 {
                    let right = numbers.iter().copied().filter(|&number| number <= sequence).max();
                    assert_eq!(versions.newest(user, sequence), right, "{count} {each} {user} {sequence}");
                }
                assert_eq!(versions.of_key(user), (numbers.len() as u64, numbers.iter().sum()));
            }
        }
    }
}
