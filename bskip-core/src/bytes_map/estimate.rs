//! Estimates, and keys that chance chooses, of maps of byte strings.

use super::BSkipBytesMap;
use super::encoded::pair;
use crate::arena::BlockArena;
use crate::index::Copied;
use crate::key::BytesKey;

/// The estimates of both maps of byte strings. Goes within an `impl` of a map that has a function `index`. Gets the
/// map's name, the types of an example, and an expression for the value of `key` in it.
macro_rules! estimates {
    ($map:ident, $example:literal, $value:literal) => {
        /// About how many keys are in `range`. Expected O(log n). See
        /// [`BSkipMap::estimate_range_count`](crate::BSkipMap::estimate_range_count).
        ///
        /// ```
        #[doc = concat!("use bskip_core::", stringify!($map), ";")]
        ///
        #[doc = concat!("let map: ", $example, " = ", stringify!($map), "::new();")]
        #[doc = concat!("(0..20_000).map(|i| format!(\"{i:05}\")).for_each(|key| _ = map.insert(&key, ", $value, "));")]
        /// assert!((8_000..12_000).contains(&map.estimate_range_count("05000".."15000")));
        /// assert_eq!(map.estimate_rank("00100"), 100);
        /// assert!(map.estimate_nth(10_000).is_some_and(|key| ("08000".."12000").contains(&key.as_str())));
        /// ```
        ///
        /// # Panics
        /// As [`range`](Self::range).
        #[must_use]
        pub fn estimate_range_count<Q>(&self, range: impl core::ops::RangeBounds<Q>) -> usize
        where
            Q: BytesKey<Form = K::Form>,
        {
            let (lower, upper) = crate::bytes_map::encoded::bounds(&range, stringify!($map));
            self.index().estimate_range(lower, upper)
        }

        /// About how many keys are below `key`. Expected O(log n). See
        /// [`BSkipMap::estimate_rank`](crate::BSkipMap::estimate_rank).
        #[must_use]
        pub fn estimate_rank<Q>(&self, key: &Q) -> usize
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
        {
            use core::ops::Bound;
            let own = |key: &[u8]| <crate::key::ByteKeys as crate::key::KeyKind>::own(key);
            let upper = Bound::Excluded(crate::bytes_map::encoded::encoded(key, own));
            self.index().estimate_range(Bound::Unbounded, upper)
        }

        /// A key below which there are about `n` keys. `None` if the map probably has no more than `n` keys. Expected
        /// O(log n). See [`BSkipMap::estimate_nth`](crate::BSkipMap::estimate_nth).
        #[must_use]
        pub fn estimate_nth(&self, n: usize) -> Option<K::Owned> {
            let near = self.index().estimate_nth(n)?;
            let (bytes, ()) = self.index().nearest::<crate::index::Skipped>(&near)?;
            Some(crate::bytes_map::encoded::decoded::<K>(&bytes))
        }

        /// A key that chance chooses, each key with nearly the same probability. `None` if the map is empty. `random`
        /// must return random words. Expected O(log n). See [`BSkipMap::sample_key`](crate::BSkipMap::sample_key).
        pub fn sample_key(&self, random: impl FnMut() -> u64) -> Option<K::Owned> {
            let (bytes, ()) = self.index().any_pair::<crate::index::Skipped>(random)?;
            Some(crate::bytes_map::encoded::decoded::<K>(&bytes))
        }
    };
}
pub(crate) use estimates;

/// # Estimates
///
/// These are those of [`BSkipMap`](crate::BSkipMap#estimates), with the same complexity. The nodes of byte strings
/// differ more in how full they are if keys differ in length, so the errors are then larger.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    estimates!(BSkipBytesMap, "BSkipBytesMap<str, u64>", "7");

    /// A pair that chance chooses, each with nearly the same probability. See [`sample_key`](Self::sample_key).
    pub fn sample(&self, random: impl FnMut() -> u64) -> Option<(K::Owned, V)>
    where
        V: Copy,
    {
        self.index().any_pair::<Copied>(random).map(pair::<K, V>)
    }
}
