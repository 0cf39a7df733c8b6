//! Values that carry a number, in every way in which a map may hold a value.

use crate::read::{Cloning, Optimistic, Read};
use crate::rng::mix;
use core::fmt::Debug;

/// A value type that a number maps to and from.
pub trait NumberedValue: Clone + PartialEq + Debug + Send + Sync {
    /// How a map of these values is read.
    type Reader: Read<Self>;

    /// The value of `number`.
    fn of(number: u64) -> Self;

    /// The number of this value.
    ///
    /// # Panics
    /// If the value is torn: its parts come from different numbers.
    fn number(&self) -> u64;
}

impl NumberedValue for u64 {
    type Reader = Optimistic;

    fn of(number: u64) -> Self {
        number
    }

    fn number(&self) -> u64 {
        *self
    }
}

/// Several words, read without locks: a torn read mixes numbers.
impl NumberedValue for [u64; 5] {
    type Reader = Optimistic;

    fn of(number: u64) -> Self {
        [number; 5]
    }

    fn number(&self) -> u64 {
        assert!(self.iter().all(|word| *word == self[0]), "torn: {self:?}");
        self[0]
    }
}

/// Of a size that is no multiple of a word.
impl NumberedValue for [u8; 19] {
    type Reader = Optimistic;

    fn of(number: u64) -> Self {
        let mut value = [number as u8; 19];
        value[3..11].copy_from_slice(&number.to_le_bytes());
        value
    }

    fn number(&self) -> u64 {
        let number = u64::from_le_bytes(self[3..11].try_into().expect("eight bytes"));
        assert_eq!(*self, Self::of(number), "torn");
        number
    }
}

/// Owned text.
impl NumberedValue for String {
    type Reader = Cloning;

    fn of(number: u64) -> Self {
        format!("{number:020}")
    }

    fn number(&self) -> u64 {
        assert_eq!(self.len(), 20, "torn or freed: {self:?}");
        self.parse().expect("torn or freed")
    }
}

/// Owned memory, which a reader must not touch after it was freed.
impl NumberedValue for Box<[u64; 3]> {
    type Reader = Cloning;

    fn of(number: u64) -> Self {
        Box::new([number, !number, number])
    }

    fn number(&self) -> u64 {
        assert!(self[0] == !self[1] && self[0] == self[2], "torn or freed: {self:?}");
        self[0]
    }
}

/// Bytes of any length: in a word, in a cell of each size, in several cells. A part of one value beside a part of
/// another is no value, nor is a value with another's length.
impl NumberedValue for Vec<u8> {
    type Reader = Cloning;

    fn of(number: u64) -> Self {
        let digits = number.to_le_bytes();
        let length = match mix(number) % 16 {
            0..6 => 0,
            6..10 => 8 + mix(!number) % 40,
            10..14 => 48 + mix(!number) % 1985,
            _ => 2033 + mix(!number) % 4400,
        } as usize;
        if length == 0 && digits[7] == 0 {
            return digits[..(8 - number.leading_zeros() as usize / 8).min(7)].to_vec();
        }
        (0..length.max(8)).map(|i| digits[i % 8] ^ (i / 8) as u8).collect()
    }

    fn number(&self) -> u64 {
        let mut digits = [0; 8];
        let end = self.len().min(8);
        digits[..end].copy_from_slice(&self[..end]);
        let number = u64::from_le_bytes(digits);
        assert!(*self == Self::of(number), "torn, {} bytes: {:?}", self.len(), &self[..self.len().min(80)]);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_whether_they_are_whole() {
        let numbers = || (0..2000).chain((0..2000).map(|i| mix(i) >> (i % 64)));
        for number in numbers() {
            assert_eq!(Vec::of(number).number(), number);
        }
        let of_length = |least: usize, most: usize| {
            numbers().map(Vec::of).filter(|value| (least..=most).contains(&value.len())).take(3).collect()
        };
        let sizes: [Vec<Vec<u8>>; 4] =
            [of_length(1, 7), of_length(8, 48), of_length(49, 2032), of_length(2033, 9000)];
        for values in &sizes {
            assert_eq!(values.len(), 3, "each length is there");
        }
        let [one, other] = [&sizes[3][0], &sizes[3][1]];
        for broken in [[&one[..2032], &other[2032..]].concat(), one[..one.len() - 1].to_vec()] {
            assert!(std::panic::catch_unwind(|| broken.number()).is_err());
        }
    }
}
