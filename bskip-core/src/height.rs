//! The height of a key: the skiplist's coin. A seeded hash of the key decides it.
//!
//! Because the height is a hash, it is known before the descent, and it is the same each time the key comes
//! back. Heights stay random for any key pattern, even one chosen by an attacker, because the hash is seeded.

use crate::config::{Config, Promotion};
use crate::key::KeyKind;
use crate::sync::{AtomicUsize, Ordering};

/// Levels that a map can have, leaves included. Even nodes of 5 entries reach 10^11 keys. Built for size, a map keeps
/// less for each level, on the stack and in itself: with nodes of 30 entries it then reaches 10^8 keys. Beyond that,
/// searches take more steps to the right at the topmost level.
pub(crate) const LEVELS: usize = if cfg!(small_code) { 6 } else { 16 };

/// The promotion policy of one map.
pub(crate) struct Heights {
    /// The seed of the hash. 0 if the first insertion is to choose it.
    seed: AtomicUsize,
    /// A key whose hash is below this has height 1 or more.
    below: u64,
    /// One key in this many rises from each of these levels to the next.
    one_in: u64,
    /// Whether overflow splits get an entry in the level above.
    pub(crate) posts: bool,
}

impl Heights {
    pub(crate) fn new(config: &Config, seed: u64) -> Self {
        Self { seed: AtomicUsize::new(stored(seed)), ..Self::without_seed(config) }
    }

    /// The policy of a map whose first insertion [chooses](Self::choose_seed) the seed, unless it is in `config`.
    pub(crate) const fn without_seed(config: &Config) -> Self {
        let (one_in, posts) = match config.promotion {
            Promotion::Coin { one_in } => (one_in, false),
            Promotion::CoinAndOverflow { one_in } => (one_in, true),
            Promotion::Overflow => (0, true),
        };
        let (one_in, below) = match one_in {
            _ if matches!(config.promotion, Promotion::Overflow) => (1, 0),
            0..2 => (2, u64::MAX / 2),
            one_in => (one_in as u64, u64::MAX / one_in as u64),
        };
        let seed = match config.seed {
            Some(seed) => stored(seed),
            None => 0,
        };
        Self { seed: AtomicUsize::new(seed), below, one_in, posts }
    }

    /// Takes the seed that `choose` returns, unless there is one.
    pub(crate) fn choose_seed(&self, choose: impl FnOnce() -> u64) {
        if self.seed.load(Ordering::Relaxed) == 0 {
            // If another thread was faster, its seed stays. Relaxed: a thread uses the seed after it has seen the
            // first leaf, which is made after this.
            let seed = stored(choose());
            let _ = self.seed.compare_exchange(0, seed, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// The seed; 0 if none is chosen yet.
    #[cfg(all(test, not(any(loom, shuttle))))]
    pub(crate) fn seed(&self) -> usize {
        self.seed.load(Ordering::Relaxed)
    }

    /// The height of `key`: 0 for most, below [`LEVELS`].
    #[inline(always)]
    pub(crate) fn of<K: KeyKind>(&self, key: K::Ref<'_>) -> usize {
        let hash = K::hash(key, self.seed.load(Ordering::Relaxed) as u64);
        if hash >= self.below { 0 } else { self.tall(hash) }
    }

    #[cold]
    fn tall(&self, hash: u64) -> usize {
        let (mut height, mut below) = (1, self.below / self.one_in);
        while height + 1 < LEVELS && hash < below {
            height += 1;
            below /= self.one_in;
        }
        height
    }
}

impl Clone for Heights {
    fn clone(&self) -> Self {
        let seed = AtomicUsize::new(self.seed.load(Ordering::Relaxed));
        Self { seed, below: self.below, one_in: self.one_in, posts: self.posts }
    }
}

/// The seed as a word that is not 0.
const fn stored(seed: u64) -> usize {
    let word = if usize::BITS < 64 { seed ^ seed >> 32 } else { seed } as usize;
    if word == 0 { usize::MAX } else { word }
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
