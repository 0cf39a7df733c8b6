//! The traits of std's maps, for maps whose values can be cloned.

use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use super::{BSkipMap, out_of_memory};
use crate::arena::{AllocError, BlockArena};
use crate::key::Key;
use crate::whole;

/// # Whole maps
/// `clone`, `==`, the order of maps and their hash read the whole map, as [`iter`](Self::iter) does: O(n), and
/// [no snapshot](Self#consistency) while other threads write. Values are cloned under their leaf's lock, and then
/// compared or hashed without a lock. So two maps may be compared while other threads compare them, too. Maps in arenas
/// of different types are compared by their iterators.
impl<K: Key, V: Clone, A: BlockArena + Clone> BSkipMap<K, V, A> {
    /// As `clone`, but returns an error if there is no memory.
    ///
    /// The copy is in a clone of the arena and has the choices of this map's [`Config`](crate::Config), with
    /// the same seed. It is built [from sorted pairs](Self::from_sorted), so its nodes are full. O(n).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, String> = BSkipMap::from([(1, "one".to_string()), (2, "two".to_string())]);
    /// let copy = map.try_clone()?;
    /// map.remove(&1);
    /// assert_eq!(copy.get_cloned(&1).as_deref(), Some("one"));
    /// # Ok::<(), bskip_core::AllocError>(())
    /// ```
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no memory for the copy. What was copied is dropped.
    ///
    /// # Panics
    /// If `V::clone` panics. What was copied is dropped, and this map is as before.
    pub fn try_clone(&self) -> Result<Self, AllocError> {
        let arena = self.arena.clone();
        Ok(Self { index: whole::copy(&self.index, &arena)?, arena })
    }
}

/// A copy [from sorted pairs](BSkipMap::from_sorted): see [`try_clone`](BSkipMap::try_clone).
///
/// # Panics
/// If the arena has no memory for the copy. [`try_clone`](BSkipMap::try_clone) returns an error instead.
impl<K: Key, V: Clone, A: BlockArena + Clone> Clone for BSkipMap<K, V, A> {
    fn clone(&self) -> Self {
        self.try_clone().unwrap_or_else(|cause| out_of_memory("try_clone", &cause))
    }
}

/// Whether both maps have the same pairs. See [whole maps](BSkipMap#whole-maps).
impl<K: Key, V: Clone + PartialEq, A: BlockArena> PartialEq for BSkipMap<K, V, A> {
    fn eq(&self, other: &Self) -> bool {
        whole::eq(&self.index, &other.index)
    }
}

impl<K: Key, V: Clone + Eq, A: BlockArena> Eq for BSkipMap<K, V, A> {}

/// The order of the first pairs that differ, as for std's maps. See [whole maps](BSkipMap#whole-maps).
impl<K: Key, V: Clone + PartialOrd, A: BlockArena> PartialOrd for BSkipMap<K, V, A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        whole::compare(&self.index, &other.index, V::partial_cmp)
    }
}

impl<K: Key, V: Clone + Ord, A: BlockArena> Ord for BSkipMap<K, V, A> {
    fn cmp(&self, other: &Self) -> Ordering {
        whole::compare(&self.index, &other.index, |a, b| Some(a.cmp(b))).unwrap_or(Ordering::Equal)
    }
}

/// A hash of all pairs. See [whole maps](BSkipMap#whole-maps). The hash changes with the pairs: do not change a
/// map that is a key of a hash map.
impl<K: Key + Hash, V: Clone + Hash, A: BlockArena> Hash for BSkipMap<K, V, A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let pairs = self.iter().cloned().inspect(|pair| pair.hash(state)).count();
        state.write_usize(pairs);
    }
}

/// As `collect` makes a map: if a key comes several times, the last value stays.
impl<K: Key, V, const N: usize> From<[(K, V); N]> for BSkipMap<K, V> {
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map = BSkipMap::from([(2, "two"), (1, "one")]);
    /// assert!(map.iter().eq([(1, "one"), (2, "two")]));
    /// ```
    fn from(pairs: [(K, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

/// Inserts copies of the pairs: for references, as std's maps lend them. `extend(&map)` takes the pairs of another
/// map of this crate.
///
/// ```
/// use bskip_core::BSkipMap;
/// use std::collections::BTreeMap;
///
/// let mut map = BSkipMap::from([(1, 10)]);
/// map.extend(&BTreeMap::from([(2, 20)]));
/// map.extend(&BSkipMap::from([(3, 30)]));
/// assert_eq!(map, BSkipMap::from([(1, 10), (2, 20), (3, 30)]));
/// ```
///
/// # Panics
/// If there is no memory. The pairs before that one are in the map.
impl<'a, K: Key, V: Copy, A: BlockArena> Extend<(&'a K, &'a V)> for BSkipMap<K, V, A> {
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, pairs: I) {
        self.extend(pairs.into_iter().map(|(&key, &value)| (key, value)));
    }
}
