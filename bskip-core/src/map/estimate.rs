//! Estimates, and keys that chance chooses, in O(log n).

use core::ops::{Bound, RangeBounds};

use super::{BSkipMap, bounds, pair};
use crate::arena::BlockArena;
use crate::index::{Copied, Skipped};
use crate::key::Key;

/// # Estimates
///
/// `estimate_range_count`, `estimate_rank` and `estimate_nth` take O(log n), however many keys are counted. They take
/// no lock and write no shared memory. While no thread writes, they always give the same answer.
///
/// A range within some dozens of leaves, about 2000 keys, is counted exactly. In a longer range, the map counts the
/// entries of a higher level, and takes 64 ways down to learn how many keys an entry stands for.
///
/// **The error.** Estimates are right on average. Their standard error is that of a mean of 64 samples: an eighth of
/// how much entries differ. With the default [`Promotion`](crate::Promotion) and random keys, it is 2 % for 20 000
/// keys and 3 to 4 % for millions; one estimate in twenty is twice as far off. If keys were inserted in order, it is
/// 1 %. With [`Promotion::Coin`](crate::Promotion::Coin), nodes differ much more: it is 8 to 20 % for one key in 64,
/// and more if more keys rise. `estimate_nth` is about one and a half times as far off.
///
/// The exact counterparts take longer: [`range_count`](Self::range_count), and `iter().nth(n)`.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// About how many keys are in `range`. Expected O(log n).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1_000_000).map(|key| (key, key)).collect();
    /// let about = map.estimate_range_count(250_000..750_000);
    /// assert!((400_000..600_000).contains(&about));
    /// // A short range is counted.
    /// assert_eq!(map.estimate_range_count(500..700), 200);
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    #[must_use]
    pub fn estimate_range_count(&self, range: impl RangeBounds<K>) -> usize {
        let (lower, upper) = bounds(&range);
        self.index.estimate_range(lower, upper)
    }

    /// About how many keys are below `key`. Expected O(log n).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1_000_000).map(|key| (key, key)).collect();
    /// assert!((400_000..600_000).contains(&map.estimate_rank(&500_000)));
    /// assert_eq!(map.estimate_rank(&100), 100);
    /// ```
    #[must_use]
    pub fn estimate_rank(&self, key: &K) -> usize {
        self.index.estimate_range(Bound::Unbounded, Bound::Excluded(key.to_words()))
    }

    /// A key below which there are about `n` keys. `None` if the map probably has no more than `n` keys. Expected
    /// O(log n).
    ///
    /// It divides a map into parts of about the same size, for instance for several threads:
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1_000_000).map(|key| (key, key)).collect();
    /// let size = map.estimate_range_count(..);
    /// let median = map.estimate_nth(size / 2).expect("the map has more keys");
    /// assert!((400_000..600_000).contains(&median));
    /// assert_eq!(map.estimate_nth(0), Some(0));
    /// assert_eq!(map.estimate_nth(2_000_000), None);
    /// ```
    #[must_use]
    pub fn estimate_nth(&self, n: usize) -> Option<K> {
        let (words, ()) = self.index.nearest::<Skipped>(&self.index.estimate_nth(n)?)?;
        Some(K::from_words(words))
    }

    /// Any pair. See [`sample_key`](Self::sample_key).
    ///
    /// ```
    /// # use bskip_core::BSkipMap;
    /// let map: BSkipMap<u64, &str> = [(1, "a"), (2, "b"), (3, "c")].into_iter().collect();
    /// # let mut seed = 1u64;
    /// # let mut random = || { seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(17); seed };
    /// // `random` returns any `u64`, as `|| rng.next_u64()` does.
    /// let (key, value) = map.sample(random).expect("the map is not empty");
    /// assert_eq!(map.get(&key), Some(value));
    /// ```
    pub fn sample(&self, random: impl FnMut() -> u64) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.any_pair::<Copied>(random))
    }

    /// A key that chance chooses, each key with nearly the same probability. `None` if the map is empty. Expected
    /// O(log n): nine ways down from the root. Takes no lock and writes no shared memory.
    ///
    /// `random` must return words of 64 random bits, independent of each other. It is called about ten times for each
    /// level.
    ///
    /// A way down prefers keys in nodes with few keys. Eight further ways correct that: each replaces the one before
    /// with a probability that makes up for it (Metropolis, Hastings). If the fullest ways are twice as full as the
    /// average, the probabilities as a whole differ from equal ones by less than 1 % (in total variation). They may
    /// differ more while other threads write, with [`Promotion::Coin`](crate::Promotion::Coin), and if many leaves are
    /// empty.
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, String> = (0..1000).map(|key| (key, key.to_string())).collect();
    /// # let mut seed = 1u64;
    /// # let mut random = || { seed = seed.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(17); seed };
    /// let value = map.sample_key(random).and_then(|key| map.get_cloned(&key));
    /// assert!(value.is_some());
    /// ```
    pub fn sample_key(&self, random: impl FnMut() -> u64) -> Option<K> {
        pair(self.index.any_pair::<Skipped>(random)).map(|(key, ())| key)
    }
}
