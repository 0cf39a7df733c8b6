//! The height of a key: the skiplist's coin. A seeded hash of the key decides it.
//!
//! Because the height is a hash, it is known before the descent, and it is the same each time the key comes
//! back. Heights stay random for any key pattern, even one chosen by an attacker, because the hash is seeded.

use crate::config::{Config, Promotion};
use crate::key::KeyKind;

/// Levels that a map can have, leaves included. Even nodes of 5 entries reach 10^11 keys.
pub(crate) const LEVELS: usize = 16;

/// The promotion policy of one map.
#[derive(Clone)]
pub(crate) struct Heights {
    seed: u64,
    /// A key whose hash is below `below[l]` has height `l` or more; `below[0]` is not used.
    below: [u64; LEVELS],
    /// Whether overflow splits get an entry in the level above.
    pub(crate) posts: bool,
}

impl Heights {
    pub(crate) fn new(config: &Config, seed: u64) -> Self {
        let (one_in, posts) = match config.promotion {
            Promotion::Coin { one_in } => (one_in.max(2), false),
            Promotion::CoinAndOverflow { one_in } => (one_in.max(2), true),
            Promotion::Overflow => (0, true),
        };
        let mut below = [0; LEVELS];
        if one_in > 0 {
            let mut bound = u64::MAX;
            for level in &mut below[1..] {
                bound /= u64::from(one_in);
                *level = bound;
            }
        }
        Self { seed, below, posts }
    }

    /// The height of `key`: 0 for most, below [`LEVELS`].
    #[inline(always)]
    pub(crate) fn of<K: KeyKind>(&self, key: K::Ref<'_>) -> usize {
        let hash = K::hash(key, self.seed);
        if hash >= self.below[1] { 0 } else { self.tall(hash) }
    }

    #[cold]
    fn tall(&self, hash: u64) -> usize {
        let mut height = 1;
        while height + 1 < LEVELS && hash < self.below[height + 1] {
            height += 1;
        }
        height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tall_share(one_in: u32, keys: impl Iterator<Item = u64> + Clone) -> [f64; 3] {
        let heights = Heights::new(&Config::new().promotion(Promotion::Coin { one_in }), 7);
        let total = keys.clone().count() as f64;
        [1, 2, 3].map(|at| keys.clone().filter(|&k| heights.of::<u64>(k) >= at).count() as f64 / total)
    }

    /// The paper's code never promoted odd keys and always promoted multiples of 2^24.
    #[test]
    fn every_pattern_of_keys_gets_its_share_of_heights() {
        let n = 1 << 20;
        let shapes: [fn(u64) -> u64; 4] = [|i| i, |i| 2 * i + 1, |i| i << 24, u64::reverse_bits];
        for shape in shapes {
            let shares = tall_share(16, (0..n).map(shape));
            for (at, share) in shares.into_iter().enumerate() {
                let expected = 16f64.powi(-(at as i32) - 1);
                let deviation = (expected / n as f64).sqrt();
                assert!((share - expected).abs() < 5.0 * deviation, "height {} in {share}", at + 1);
            }
        }
    }

    /// The documented least rate also holds if `one_in` makes no sense.
    #[test]
    fn one_in_less_than_two_is_one_in_two() {
        for one_in in [0, 1] {
            let [half, ..] = tall_share(one_in, 0..100_000);
            assert!((0.49..0.51).contains(&half), "{half}");
        }
    }

    #[test]
    fn overflow_alone_promotes_no_key() {
        let heights = Heights::new(&Config::new().promotion(Promotion::Overflow), 7);
        assert!((0u64..100_000).all(|k| heights.of::<u64>(k) == 0));
    }
}
