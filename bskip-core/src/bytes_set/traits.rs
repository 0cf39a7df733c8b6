//! The traits of std's sets, for byte strings.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::{BSkipBytesSet, BytesSetRange};
use crate::arena::{AllocError, BlockArena};
use crate::key::BytesKey;

impl<K: BytesKey + ?Sized> Default for BSkipBytesSet<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: BytesKey<Owned: fmt::Debug> + ?Sized, A: BlockArena> fmt::Debug for BSkipBytesSet<K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<'a, K: BytesKey + ?Sized, A: BlockArena> IntoIterator for &'a BSkipBytesSet<K, A> {
    type Item = K::Owned;
    type IntoIter = BytesSetRange<'a, K, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena + Clone> BSkipBytesSet<K, A> {
    /// As `clone`, but returns an error if there is no memory: see [`BSkipMap::try_clone`](crate::BSkipMap::try_clone).
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no memory for the copy.
    pub fn try_clone(&self) -> Result<Self, AllocError> {
        self.map.try_clone().map(Self::from)
    }
}

/// See [`try_clone`](BSkipBytesSet::try_clone).
impl<K: BytesKey + ?Sized, A: BlockArena + Clone> Clone for BSkipBytesSet<K, A> {
    fn clone(&self) -> Self {
        Self { map: self.map.clone() }
    }
}

/// Whether both sets have the same keys: see [whole maps](crate::BSkipMap#whole-maps).
impl<K: BytesKey + ?Sized, A: BlockArena> PartialEq for BSkipBytesSet<K, A> {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Eq for BSkipBytesSet<K, A> {}

/// The order of the first keys that differ, as for std's sets. See [whole maps](crate::BSkipMap#whole-maps).
impl<K: BytesKey + ?Sized, A: BlockArena> PartialOrd for BSkipBytesSet<K, A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Ord for BSkipBytesSet<K, A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.map.cmp(&other.map)
    }
}

/// A hash of all keys. See [whole maps](crate::BSkipMap#whole-maps). The hash changes with the keys: do not change a set
/// that is a key of a hash map.
impl<K: BytesKey<Owned: Hash> + ?Sized, A: BlockArena> Hash for BSkipBytesSet<K, A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.map.hash(state);
    }
}

/// Sorts the keys and builds the set from them. Sorting takes memory for the keys once more.
///
/// # Panics
/// If there is no memory, or a key is refused.
impl<Q, K, A> FromIterator<Q> for BSkipBytesSet<K, A>
where
    Q: BytesKey<Form = K::Form>,
    K: BytesKey + ?Sized,
    A: BlockArena + Default,
{
    fn from_iter<I: IntoIterator<Item = Q>>(keys: I) -> Self {
        Self { map: keys.into_iter().map(|key| (key, ())).collect() }
    }
}

impl<Q: BytesKey<Form = K::Form>, K: BytesKey + ?Sized, const N: usize> From<[Q; N]> for BSkipBytesSet<K> {
    fn from(keys: [Q; N]) -> Self {
        keys.into_iter().collect()
    }
}

/// Inserts the keys. As long as they ascend and are above all others, they are appended without a search.
///
/// # Panics
/// If there is no memory, or a key is refused. The keys before that one are in the set.
impl<Q: BytesKey<Form = K::Form>, K: BytesKey + ?Sized, A: BlockArena> Extend<Q> for BSkipBytesSet<K, A> {
    fn extend<I: IntoIterator<Item = Q>>(&mut self, keys: I) {
        self.map.extend(keys.into_iter().map(|key| (key, ())));
    }
}
