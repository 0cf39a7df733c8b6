//! Keys beside a key, ranges of keys, and taking keys out.

use alloc::vec::Vec;
use core::iter::FusedIterator;
use core::ops::{Bound, RangeBounds};

use super::BSkipBytesSet;
use crate::arena::BlockArena;
use crate::bytes_map::BSkipBytesMap;
use crate::key::BytesKey;
use crate::sets::keys_and_ranges;
use crate::taken::IntoKeys;

keys_and_ranges! {
    /// # Beside a key, and in a range
    ///
    /// These methods do what those of [`BSkipBytesMap`] with the same names do.
    ///
    /// ```
    /// use bskip_core::BSkipBytesSet;
    /// use std::ops::Bound;
    ///
    /// let mut set: BSkipBytesSet<str> = BSkipBytesSet::from(["b", "d", "f", "h"]);
    /// assert_eq!((set.floor("c").as_deref(), set.ceiling("c").as_deref()), (Some("b"), Some("d")));
    /// assert_eq!((set.lower("b"), set.higher("b").as_deref()), (None, Some("d")));
    /// assert_eq!(set.lower_bound(Bound::Excluded("d")).as_deref(), Some("f"));
    /// assert_eq!(set.upper_bound(Bound::Included("d")).as_deref(), Some("d"));
    /// assert_eq!(set.range_count("c".."g"), 2);
    /// assert_eq!(set.range_snapshot("e"..), ["f".to_string(), "h".to_string()]);
    ///
    /// assert_eq!(set.remove_range(.."c"), 1);
    /// set.retain(|key| key != "d");
    /// assert!(set.extract_if("a".."g", |key| key == "f").eq(["f"]));
    /// let upper = set.split_off("g");
    /// assert!(set.is_empty() && upper.into_iter().eq(["h"]));
    /// ```
    impl<K: [BytesKey + ?Sized]> for BSkipBytesSet(BSkipBytesMap);
    gives K::Owned; takes <Q> Q [Q: BytesKey<Form = K::Form> + ?Sized,] [Q: BytesKey<Form = K::Form>,]
}
