//! Keys and values as functions of numbers, so that every answer of a map can be checked without a copy of
//! it.
//!
//! A key is a bijective function of an index. Different indices give different keys, so the range of indices
//! that were inserted determines the key set. A value is made from its key and a version. Its upper half
//! alone tells whether it belongs to the key.

use crate::maps::names::unknown;
use crate::protocol::DISTRIBUTIONS;
use std::str::FromStr;

/// Mixes 64 bits so that every bit of the result depends on every bit of `x` (the finalizer of splitmix64).
/// This is bijective: two inputs never give the same output.
#[inline]
#[must_use]
pub const fn mix64(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Mixes the lowest `bits` bits of `x` among themselves, bijectively, and drops the bits above.
#[inline]
pub(crate) const fn mix_low(x: u64, bits: u32) -> u64 {
    let mask = u64::MAX >> (64 - bits);
    let half = bits.div_ceil(2);
    let mut x = x & mask;
    // Multiplying by an odd number and folding the upper half down are both invertible modulo 2^bits.
    x = (x ^ (x >> half)).wrapping_mul(0x9E37_79B9_7F4A_7C15) & mask;
    x = (x ^ (x >> half)).wrapping_mul(0xD6E8_FEB8_6659_FD93) & mask;
    x ^ (x >> half)
}

/// Which 64-bit numbers serve as keys, and in which order of index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Evenly spread over all of `u64`, in random order.
    Mixed,
    /// 0, 1, 2, …
    Ascending,
    /// `u64::MAX`, `u64::MAX - 1`, …
    Descending,
    /// Odd numbers in random order. A map whose heights come from low key bits never promotes them.
    Odd,
    /// Multiples of 2^24 in random order. The same map promotes all of them.
    Shift24,
    /// The index with its bits reversed: every key falls into the widest gap so far.
    BitReversed,
    /// Evenly spread over all of `u64`, in random order, but four neighbours at a time: index 0 to 3, 4 to 7, …
    Fours,
}

/// How a key is chosen among those loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Each as likely as the others.
    Uniform,
    /// By Zipf's law with YCSB's exponent of 0.99.
    Zipfian,
    /// One after the other in the order of loading, each thread from its own place on.
    InOrder,
}

/// A distribution of the protocol: the keys there are, and how one is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// The keys there are.
    pub shape: Shape,
    /// How one is chosen.
    pub pick: Pick,
}

impl FromStr for Distribution {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let (shape, pick) = match name {
            "uniform" => (Shape::Mixed, Pick::Uniform),
            "zipfian" => (Shape::Mixed, Pick::Zipfian),
            "sequential" | "ascending" => (Shape::Ascending, Pick::InOrder),
            "descending" => (Shape::Descending, Pick::Uniform),
            "odd" => (Shape::Odd, Pick::Uniform),
            "shift24" => (Shape::Shift24, Pick::Uniform),
            "bitrev" => (Shape::BitReversed, Pick::Uniform),
            _ => return Err(unknown("distribution", name, DISTRIBUTIONS)),
        };
        Ok(Self { shape, pick })
    }
}

/// The key of every index.
#[derive(Clone, Copy, Debug)]
pub struct KeySet {
    shape: Shape,
    offset: u64,
}

impl KeySet {
    /// The keys of `shape` under `seed`. Only shapes in random order depend on the seed.
    #[must_use]
    pub const fn new(shape: Shape, seed: u64) -> Self {
        Self { shape, offset: mix64(seed) }
    }

    /// The indices below this number give different keys.
    #[must_use]
    pub const fn distinct(&self) -> u64 {
        match self.shape {
            Shape::Shift24 => 1 << 40,
            Shape::Odd => 1 << 63,
            _ => u64::MAX,
        }
    }

    /// The key of index `i`. Different below [`distinct`](Self::distinct).
    #[inline]
    #[must_use]
    pub const fn key(&self, i: u64) -> u64 {
        match self.shape {
            Shape::Mixed => mix64(i.wrapping_add(self.offset)),
            Shape::Ascending => i,
            Shape::Descending => u64::MAX - i,
            Shape::Odd => (mix_low(i.wrapping_add(self.offset), 63) << 1) | 1,
            Shape::Shift24 => mix_low(i.wrapping_add(self.offset), 40) << 24,
            Shape::BitReversed => i.reverse_bits(),
            Shape::Fours => (mix_low((i >> 2).wrapping_add(self.offset), 62) << 2) | (i & 3),
        }
    }
}

/// The value that version `version` of `key` has.
#[inline]
#[must_use]
pub const fn value_of(key: u64, version: u32) -> u64 {
    (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) & ANY_VERSION) | version as u64
}

/// The bits of a value that all versions of a key share. Values are compared under this mask if the version
/// is not known.
pub const ANY_VERSION: u64 = !0 << 32;

/// What a key adds to the checksum of a key set. Equal sets have equal wrapping sums. If two sets of one size
/// differ by accident, their sums almost certainly differ too. Computing it is cheap, because measured scans
/// do it for every pair.
#[inline]
#[must_use]
pub const fn fingerprint(key: u64) -> u64 {
    key ^ (key >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const SHAPES: [Shape; 7] = [
        Shape::Mixed,
        Shape::Ascending,
        Shape::Descending,
        Shape::Odd,
        Shape::Shift24,
        Shape::BitReversed,
        Shape::Fours,
    ];

    #[test]
    fn keys_of_every_shape_are_distinct() {
        for shape in SHAPES {
            let keys = KeySet::new(shape, 7);
            let set: HashSet<u64> = (0..200_000).map(|i| keys.key(i)).collect();
            assert_eq!(set.len(), 200_000, "{shape:?}");
        }
    }

    #[test]
    fn low_mix_permutes_a_whole_range() {
        for bits in [1, 2, 7, 16] {
            let set: HashSet<u64> = (0..1 << bits).map(|x| mix_low(x, bits)).collect();
            assert_eq!(set.len(), 1 << bits);
            assert!(set.iter().all(|&x| x < 1 << bits));
        }
    }

    #[test]
    fn mix64_has_an_inverse() {
        // Undoing each step of the finalizer gives back the input, so no two inputs collide.
        fn inverse(mut x: u64) -> u64 {
            x ^= (x >> 31) ^ (x >> 62);
            x = x.wrapping_mul(0x3196_42B2_D24D_8EC3);
            x ^= (x >> 27) ^ (x >> 54);
            x = x.wrapping_mul(0x96DE_1B17_3F11_9089);
            x ^ (x >> 30) ^ (x >> 60)
        }
        for x in (0..1000).chain([u64::MAX]).chain((0..1000).map(|i: u64| i << 54 | i << 27)) {
            assert_eq!(inverse(mix64(x)), x);
        }
    }

    #[test]
    fn shapes_are_what_they_say() {
        assert!((0..1000).all(|i| KeySet::new(Shape::Odd, 3).key(i) % 2 == 1));
        assert!((0..1000).all(|i| KeySet::new(Shape::Shift24, 3).key(i).is_multiple_of(1 << 24)));
        assert_eq!(KeySet::new(Shape::Descending, 3).key(2), u64::MAX - 2);
        assert_eq!(KeySet::new(Shape::BitReversed, 3).key(1), 1 << 63);
        let fours = KeySet::new(Shape::Fours, 3);
        assert!((0..1000).all(|i| fours.key(i) == fours.key(i & !3) + (i & 3)));
        assert_ne!(KeySet::new(Shape::Mixed, 3).key(0), KeySet::new(Shape::Mixed, 4).key(0));
    }

    #[test]
    fn values_tell_keys_and_versions_apart() {
        assert_eq!(value_of(5, 9) & !ANY_VERSION, 9);
        assert_eq!(value_of(5, 9) & ANY_VERSION, value_of(5, 0));
        let uppers: HashSet<u64> = (0..100_000).map(|k| value_of(k, 0)).collect();
        assert!(uppers.len() > 99_990, "neighbouring keys have different values");
    }

    #[test]
    fn every_distribution_of_the_protocol_is_known() {
        for name in DISTRIBUTIONS {
            assert!(name.parse::<Distribution>().is_ok(), "{name}");
        }
        assert!("normal".parse::<Distribution>().unwrap_err().contains("uniform"));
    }
}
