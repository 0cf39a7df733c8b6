//! Values that carry a number, in every way in which a map may hold a value.

use crate::read::{Cloning, Optimistic, Read};
use core::fmt::Debug;

/// A value type that a number maps to and from.
pub trait NumberedValue: Clone + Debug + Send + Sync {
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
