//! The traits of std's sets.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::{BSkipSet, SetRange};
use crate::arena::{AllocError, BlockArena};
use crate::key::Key;

impl<K: Key> Default for BSkipSet<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Key + fmt::Debug, A: BlockArena> fmt::Debug for BSkipSet<K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<'a, K: Key, A: BlockArena> IntoIterator for &'a BSkipSet<K, A> {
    type Item = K;
    type IntoIter = SetRange<'a, K, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Key, A: BlockArena + Clone> BSkipSet<K, A> {
    /// As `clone`, but returns an error if there is no memory: see [`BSkipMap::try_clone`](crate::BSkipMap::try_clone).
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no memory for the copy.
    pub fn try_clone(&self) -> Result<Self, AllocError> {
        self.map.try_clone().map(Self::from)
    }
}

/// See [`try_clone`](BSkipSet::try_clone).
impl<K: Key, A: BlockArena + Clone> Clone for BSkipSet<K, A> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

/// Whether both sets have the same keys: see [whole maps](crate::BSkipMap#whole-maps).
impl<K: Key, A: BlockArena> PartialEq for BSkipSet<K, A> {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<K: Key, A: BlockArena> Eq for BSkipSet<K, A> {}

/// The order of the first keys that differ, as for std's sets. See [whole maps](crate::BSkipMap#whole-maps).
impl<K: Key, A: BlockArena> PartialOrd for BSkipSet<K, A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Key, A: BlockArena> Ord for BSkipSet<K, A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.map.cmp(&other.map)
    }
}

/// A hash of all keys. See [whole maps](crate::BSkipMap#whole-maps). The hash changes with the keys: do not change a set
/// that is a key of a hash map.
impl<K: Key + Hash, A: BlockArena> Hash for BSkipSet<K, A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.map.hash(state);
    }
}

/// Sorts the keys and builds the set from them. Sorting takes memory for the keys once more.
///
/// # Panics
/// If there is no memory.
impl<K: Key, A: BlockArena + Default> FromIterator<K> for BSkipSet<K, A> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self { map: keys.into_iter().map(|key| (key, ())).collect() }
    }
}

impl<K: Key, const N: usize> From<[K; N]> for BSkipSet<K> {
    fn from(keys: [K; N]) -> Self {
        keys.into_iter().collect()
    }
}

/// Inserts the keys. As long as they ascend and are above all others, they are appended without a search.
///
/// # Panics
/// If there is no memory. The keys before that one are in the set.
impl<K: Key, A: BlockArena> Extend<K> for BSkipSet<K, A> {
    fn extend<I: IntoIterator<Item = K>>(&mut self, keys: I) {
        self.map.extend(keys.into_iter().map(|key| (key, ())));
    }
}

/// As for keys that are no references.
impl<'a, K: Key, A: BlockArena> Extend<&'a K> for BSkipSet<K, A> {
    fn extend<I: IntoIterator<Item = &'a K>>(&mut self, keys: I) {
        self.extend(keys.into_iter().copied());
    }
}
