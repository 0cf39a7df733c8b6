//! Pairs beside a key, and what is done to all pairs of a range.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::ops::{Bound, ControlFlow, RangeBounds};

use super::{BSkipBlobMap, NAME};
use crate::arena::BlockArena;
use crate::bytes_map::encoded::{bounds, decoded, encoded};
use crate::bytes_map::neighbours::{from, to};
use crate::index::{Step, Target};
use crate::key::BytesKey;

/// The pairs beside a key, as copies.
macro_rules! beside {
    ($($what:literal, $target:ident, $example:literal: $name:ident),* $(,)?) => { $(
        #[doc = concat!("The pair with ", $what, ", as a copy. Linearizable. Expected O(log n), and O(bytes).")]
        ///
        /// ```
        /// # use bskip_core::BSkipBlobMap;
        /// # let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "1"), ("d", "2"), ("f", "3")]);
        #[doc = $example]
        /// ```
        pub fn $name<Q>(&self, key: &Q) -> Option<(K::Owned, Vec<u8>)>
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
        {
            encoded(key, |key| self.beside(Target::$target(key)))
        }
    )* };
}

/// # The pair beside a key
///
/// These are the methods of [`BSkipMap`](crate::BSkipMap#the-pair-beside-a-key), for borrowed keys. They take
/// no lock.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    beside! {
        "the greatest key at or below `key`", AtOrBelow,
        "assert_eq!(map.floor(\"c\"), Some((\"b\".to_string(), b\"1\".to_vec())));": floor,
        "the least key at or above `key`", AtOrAbove,
        "assert_eq!(map.ceiling(\"d\"), Some((\"d\".to_string(), b\"2\".to_vec())));": ceiling,
        "the greatest key below `key`", Below,
        "assert_eq!(map.lower(\"b\"), None);": lower,
        "the least key above `key`", Above,
        "assert_eq!(map.higher(\"d\"), Some((\"f\".to_string(), b\"3\".to_vec())));": higher,
    }

    /// The first pair of the range that starts at `bound`, as a copy: as
    /// [`BSkipMap::lower_bound`](crate::BSkipMap::lower_bound).
    ///
    /// ```
    /// # use bskip_core::BSkipBlobMap;
    /// # use std::ops::Bound;
    /// # let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "1"), ("d", "2"), ("f", "3")]);
    /// assert_eq!(map.lower_bound(Bound::Excluded("b")), Some(("d".to_string(), b"2".to_vec())));
    /// ```
    pub fn lower_bound<Q>(&self, bound: Bound<&Q>) -> Option<(K::Owned, Vec<u8>)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        from(bound, |target| self.beside(target))
    }

    /// The last pair of the range that ends at `bound`, as a copy: as
    /// [`BSkipMap::upper_bound`](crate::BSkipMap::upper_bound).
    ///
    /// ```
    /// # use bskip_core::BSkipBlobMap;
    /// # use std::ops::Bound;
    /// # let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "1"), ("d", "2"), ("f", "3")]);
    /// assert_eq!(map.upper_bound(Bound::Excluded("d")), Some(("b".to_string(), b"1".to_vec())));
    /// ```
    pub fn upper_bound<Q>(&self, bound: Bound<&Q>) -> Option<(K::Owned, Vec<u8>)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        to(bound, |target| self.beside(target))
    }
}

/// # Ranges as a whole
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// The number of keys in `range`: exact while no thread writes, otherwise as [`len`](Self::len). It
    /// counts leaf by leaf.
    ///
    /// ```
    /// # use bskip_core::BSkipBlobMap;
    /// # let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "1"), ("d", "2"), ("f", "3")]);
    /// assert_eq!(map.range_count("c"..), 2);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    #[must_use]
    pub fn range_count<Q>(&self, range: impl RangeBounds<Q>) -> usize
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.blobs.index.count_range(lower, upper)
    }

    /// Removes each pair for which `keep` returns false. `keep` gets a copy of the key and of the value. It
    /// runs under the leaf's lock, and [must not use the map](crate::BSkipMap#closures). O(n), and O(bytes)
    /// for the copies.
    ///
    /// ```
    /// # use bskip_core::BSkipBlobMap;
    /// # let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "1"), ("d", "2"), ("f", "3")]);
    /// map.retain(|key, value| key == "b" || value == b"3");
    /// assert!(map.keys().eq(["b", "f"]));
    /// ```
    ///
    /// # Panics
    /// If `keep` panics, that pair and the later ones stay.
    pub fn retain(&self, mut keep: impl FnMut(&K::Owned, &[u8]) -> bool) {
        let mut copy = Vec::new();
        let ControlFlow::Continue(()) = self.blobs.index.visit(
            Bound::Unbounded,
            Bound::Unbounded,
            |bytes| decoded::<K>(bytes),
            |key, blob| {
                // A thread frees a value's cells after it has taken the value out of the leaf, which is
                // locked now.
                blob.read_kept(self.blobs.cells.directory(), &mut copy);
                let step = if keep(key, &copy) { Step::Keep } else { Step::Remove };
                (step, ControlFlow::<Infallible>::Continue(()))
            },
            |_, blob| {
                drop(self.blobs.taken(blob));
                ControlFlow::Continue(())
            },
        );
    }
}
