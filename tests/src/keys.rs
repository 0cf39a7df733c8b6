//! Makes keys of every type from plain numbers, extremes first.

use crate::rng::mix;
use bskip_core::Key;
use core::fmt::Debug;

/// A key type that the suites run on.
pub trait TestKey: Key + Debug + 'static {
    /// The least key.
    const LEAST: Self;
    /// The greatest key.
    const GREATEST: Self;

    /// Key number `i`: 0 is the least, 1 the greatest. Even numbers lie close together, odd ones far apart.
    /// Different numbers may give the same key.
    fn nth(i: u32) -> Self;
}

/// An integer that looks random, as wide as needed.
fn scattered(i: u32) -> u128 {
    u128::from(mix(u64::from(i))) << 64 | u128::from(mix(u64::from(i) << 32 | 1))
}

macro_rules! integers {
    ($($t:ty)*) => { $(
        impl TestKey for $t {
            const LEAST: Self = <$t>::MIN;
            const GREATEST: Self = <$t>::MAX;

            fn nth(i: u32) -> Self {
                match i {
                    0 => Self::LEAST,
                    1 => Self::GREATEST,
                    _ if i.is_multiple_of(2) => i.wrapping_sub(300) as $t,
                    _ => scattered(i) as $t,
                }
            }
        }
    )* };
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

impl<const N: usize> TestKey for [u8; N] {
    const LEAST: Self = [0; N];
    const GREATEST: Self = [u8::MAX; N];

    fn nth(i: u32) -> Self {
        let mut key = [0; N];
        match i {
            0 => return Self::LEAST,
            1 => return Self::GREATEST,
            // Differ in the last bytes only.
            _ if i.is_multiple_of(2) => {
                key.iter_mut().rev().zip(i.to_le_bytes()).for_each(|(byte, digit)| *byte = digit);
            }
            // Differ in the first bytes only.
            _ if i.is_multiple_of(3) => {
                key.iter_mut().zip(i.to_le_bytes()).for_each(|(byte, digit)| *byte = digit);
            }
            _ => {
                key.iter_mut().zip(1..).for_each(|(byte, place)| *byte = mix(u64::from(i) << 8 | place) as u8)
            }
        }
        key
    }
}

impl<A: TestKey, B: TestKey> TestKey for (A, B) {
    const LEAST: Self = (A::LEAST, B::LEAST);
    const GREATEST: Self = (A::GREATEST, B::GREATEST);

    fn nth(i: u32) -> Self {
        (A::nth(i / 64), B::nth(i % 64))
    }
}

impl<A: TestKey, B: TestKey, C: TestKey> TestKey for (A, B, C) {
    const LEAST: Self = (A::LEAST, B::LEAST, C::LEAST);
    const GREATEST: Self = (A::GREATEST, B::GREATEST, C::GREATEST);

    fn nth(i: u32) -> Self {
        (A::nth(i / 256), B::nth(i / 16 % 16), C::nth(i % 16))
    }
}

/// A key type in which each number has a key and each key has a number. Keys have the same order as their
/// numbers.
pub trait NumberedKey: Key + Debug {
    /// The key of number `i`. Keys have the same order as their numbers.
    fn of(i: u64) -> Self;
    /// The number of this key.
    fn number(&self) -> u64;
}

impl NumberedKey for u64 {
    fn of(i: u64) -> Self {
        i
    }

    fn number(&self) -> u64 {
        *self
    }
}

impl NumberedKey for i128 {
    fn of(i: u64) -> Self {
        (i128::from(i) << 60) - (1 << 70)
    }

    fn number(&self) -> u64 {
        ((self + (1 << 70)) >> 60) as u64
    }
}

impl NumberedKey for u128 {
    fn of(i: u64) -> Self {
        u128::from(i) << 32 | 0xFFFF
    }

    fn number(&self) -> u64 {
        (self >> 32) as u64
    }
}

/// So wide that a node holds eight keys: a few dozen keys make several levels.
impl NumberedKey for [u8; 64] {
    fn of(i: u64) -> Self {
        let mut key = [0x80; 64];
        key[50..58].copy_from_slice(&i.to_be_bytes());
        key
    }

    fn number(&self) -> u64 {
        u64::from_be_bytes(self[50..58].try_into().expect("eight bytes"))
    }
}

/// The number is in the middle, so that every word of the key differs.
impl NumberedKey for [u8; 20] {
    fn of(i: u64) -> Self {
        let mut key = [0; 20];
        key[6..14].copy_from_slice(&i.to_be_bytes());
        key[14..].fill(i as u8);
        key
    }

    fn number(&self) -> u64 {
        u64::from_be_bytes(self[6..14].try_into().expect("eight bytes"))
    }
}

impl NumberedKey for (u32, u64) {
    fn of(i: u64) -> Self {
        ((i >> 4) as u32, i & 15)
    }

    fn number(&self) -> u64 {
        u64::from(self.0) << 4 | self.1
    }
}
