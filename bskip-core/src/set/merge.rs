//! Operations on two sets.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::{BitAnd, BitOr, BitXor, Sub};

use super::BSkipSet;
use crate::arena::{BlockArena, GlobalArena};
use crate::key::Key;
use crate::merge::{self, Merge, Wanted};
use crate::sets::merges;

merges! {
    /// # Two sets
    /// Both sets are read in order, side by side, as [`iter`](Self::iter) reads: O(n + m), and no snapshot of either
    /// while other threads write. Where a long part of one set is not wanted, it is skipped by a search. So the
    /// intersection of a small set and a large one does not read all of the large one. The sets may be in different
    /// arenas.
    ///
    /// ```
    /// use bskip_core::BSkipSet;
    ///
    /// let (odd, prime) = (BSkipSet::from([1, 3, 5, 7]), BSkipSet::from([2, 3, 5, 7]));
    /// assert!(odd.union(&prime).eq([1, 2, 3, 5, 7]));
    /// assert!(odd.intersection(&prime).eq([3, 5, 7]));
    /// assert!(odd.difference(&prime).eq([1]));
    /// assert!(odd.symmetric_difference(&prime).eq([1, 2]));
    /// assert!(!odd.is_subset(&prime) && !odd.is_disjoint(&prime));
    /// assert_eq!(&odd & &prime, BSkipSet::from([3, 5, 7]));
    /// ```
    impl<K: [Key]> for BSkipSet where [Key];
    Merged(K::Words) -> K = K::from_words
}
