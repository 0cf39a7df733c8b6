//! Keys beside a key, ranges of keys, and taking keys out.

use alloc::vec::Vec;
use core::iter::FusedIterator;
use core::ops::{Bound, RangeBounds};

use super::BSkipSet;
use crate::arena::BlockArena;
use crate::key::Key;
use crate::map::BSkipMap;
use crate::sets::keys_and_ranges;
use crate::taken::IntoKeys;

keys_and_ranges! {
    /// # Beside a key, and in a range
    ///
    /// These methods do what those of [`BSkipMap`] with the same names do.
    ///
    /// ```
    /// use bskip_core::BSkipSet;
    /// use std::ops::Bound;
    ///
    /// let mut set: BSkipSet<u64> = (0..10).map(|key| 10 * key).collect();
    /// assert_eq!((set.floor(&25), set.ceiling(&25), set.floor(&20)), (Some(20), Some(30), Some(20)));
    /// assert_eq!((set.lower(&20), set.higher(&20), set.higher(&90)), (Some(10), Some(30), None));
    /// assert_eq!(set.lower_bound(Bound::Excluded(&20)), Some(30));
    /// assert_eq!(set.upper_bound(Bound::Included(&20)), Some(20));
    /// assert_eq!((set.range_count(10..30), set.range_snapshot(10..30)), (2, vec![10, 20]));
    ///
    /// assert_eq!(set.remove_range(..20), 2);
    /// set.retain(|key| key % 20 == 0);
    /// assert!(set.extract_if(..50, |&key| key > 20).eq([40]));
    /// let upper = set.split_off(&60);
    /// assert!(set.into_iter().eq([20]) && upper.into_iter().rev().eq([80, 60]));
    /// ```
    impl<K: [Key]> for BSkipSet(BSkipMap);
    gives K; takes <> K [] []
}
