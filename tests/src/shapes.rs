//! Orders and choices of keys that break naive skiplists.

use crate::rng::{Rng, inverse, mix, unmix};

/// A sequence of distinct keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Uniform over all 64 bits: what the others are compared with.
    Random,
    /// 1, 3, 5, ... in random order: never promoted by a height taken from the key's low bits.
    Odd,
    /// Multiples of 2^24 in random order: always promoted by such a height.
    Multiples,
    /// 0, 1, 2, ...
    Ascending,
    /// ..., 2, 1, 0.
    Descending,
    /// The bits of a counter reversed: every insert lands between two others.
    BitReversed,
    /// Least, greatest, next least, next greatest, ...: converges on the middle.
    Converging,
    /// Starts in the middle and grows at both ends in turn.
    Diverging,
    /// Ascending runs of 1000 keys, far apart, in random order.
    Clustered,
    /// 64 ascending streams in turn.
    Streams,
    /// Keys that splitmix64's finaliser maps to numbers with 40 zero bits at the end.
    MixZeros,
    /// Keys that splitmix64's finaliser maps to numbers with 40 zero bits in front.
    MixLeading,
    /// Keys that a multiplication by the golden ratio maps to small numbers.
    Golden,
}

impl Shape {
    /// All shapes but [`Shape::Random`].
    pub const SPECIAL: [Self; 12] = [
        Self::Odd,
        Self::Multiples,
        Self::Ascending,
        Self::Descending,
        Self::BitReversed,
        Self::Converging,
        Self::Diverging,
        Self::Clustered,
        Self::Streams,
        Self::MixZeros,
        Self::MixLeading,
        Self::Golden,
    ];

    /// `count` distinct keys of this shape, `count` below 2^24.
    ///
    /// # Panics
    /// When `count` is too large.
    #[must_use]
    pub fn keys(self, count: u64) -> Vec<u64> {
        assert!(count < 1 << 24, "some shapes have no more keys");
        let mut keys: Vec<u64> = (0..count).map(|i| self.key(i, count)).collect();
        if matches!(self, Self::Odd | Self::Multiples | Self::MixZeros | Self::MixLeading | Self::Golden) {
            Rng::new(3).shuffle(&mut keys);
        }
        keys
    }

    /// The `i`-th of `count` keys.
    fn key(self, i: u64, count: u64) -> u64 {
        let even = i.is_multiple_of(2);
        match self {
            Self::Random => mix(i + 1),
            Self::Odd => 2 * i + 1,
            Self::Multiples => i << 24,
            Self::Ascending => i,
            Self::Descending => count - 1 - i,
            Self::BitReversed => i.reverse_bits(),
            Self::Converging => {
                if even {
                    i / 2
                } else {
                    u64::MAX - i / 2
                }
            }
            Self::Diverging => {
                if even {
                    (1 << 63) + i / 2
                } else {
                    (1 << 63) - 1 - i / 2
                }
            }
            Self::Clustered => (mix(i / 1000) & !0xFFFF) | (i % 1000),
            Self::Streams => ((i % 64) << 40) | (i / 64),
            Self::MixZeros => unmix(i << 40),
            Self::MixLeading => unmix(i),
            Self::Golden => i.wrapping_mul(inverse(0x9E37_79B9_7F4A_7C15)),
        }
    }
}
