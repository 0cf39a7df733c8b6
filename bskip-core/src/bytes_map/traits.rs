//! The traits of std's maps, for maps whose values can be cloned.

use core::cmp::Ordering;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use super::{BSkipBytesMap, BytesInsertErrorKind, failed};
use crate::arena::{AllocError, BlockArena};
use crate::key::BytesKey;
use crate::whole;

/// # Whole maps
/// As for [`BSkipMap`](crate::BSkipMap#whole-maps). Keys are compared by their encodings.
impl<K: BytesKey + ?Sized, V: Clone, A: BlockArena + Clone> BSkipBytesMap<K, V, A> {
    /// As `clone`, but returns an error if there is no memory: see
    /// [`BSkipMap::try_clone`](crate::BSkipMap::try_clone).
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no memory for the copy. What was copied is dropped.
    pub fn try_clone(&self) -> Result<Self, AllocError> {
        let arena = self.arena.clone();
        Ok(Self { index: whole::copy(&self.index, &arena)?, arena, _keys: PhantomData })
    }
}

/// A copy [from sorted pairs](BSkipBytesMap::from_sorted), in a clone of the arena.
///
/// # Panics
/// If the arena has no memory for the copy. [`try_clone`](BSkipBytesMap::try_clone) returns an error instead.
impl<K: BytesKey + ?Sized, V: Clone, A: BlockArena + Clone> Clone for BSkipBytesMap<K, V, A> {
    fn clone(&self) -> Self {
        self.try_clone().unwrap_or_else(|cause| failed("try_clone", &BytesInsertErrorKind::Alloc(cause)))
    }
}

/// Whether both maps have the same pairs. See [whole maps](crate::BSkipMap#whole-maps).
impl<K, V, A> PartialEq for BSkipBytesMap<K, V, A>
where
    K: BytesKey + ?Sized,
    V: Clone + PartialEq,
    A: BlockArena,
{
    fn eq(&self, other: &Self) -> bool {
        whole::eq(&self.index, &other.index)
    }
}

impl<K: BytesKey + ?Sized, V: Clone + Eq, A: BlockArena> Eq for BSkipBytesMap<K, V, A> {}

/// The order of the first pairs that differ, as for std's maps. See [whole maps](crate::BSkipMap#whole-maps).
impl<K, V, A> PartialOrd for BSkipBytesMap<K, V, A>
where
    K: BytesKey + ?Sized,
    V: Clone + PartialOrd,
    A: BlockArena,
{
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        whole::compare(&self.index, &other.index, V::partial_cmp)
    }
}

impl<K: BytesKey + ?Sized, V: Clone + Ord, A: BlockArena> Ord for BSkipBytesMap<K, V, A> {
    fn cmp(&self, other: &Self) -> Ordering {
        whole::compare(&self.index, &other.index, |a, b| Some(a.cmp(b))).unwrap_or(Ordering::Equal)
    }
}

/// A hash of all pairs. See [whole maps](crate::BSkipMap#whole-maps). The hash changes with the pairs: do not
/// change a map that is a key of a hash map.
impl<K, V, A> Hash for BSkipBytesMap<K, V, A>
where
    K: BytesKey<Owned: Hash> + ?Sized,
    V: Clone + Hash,
    A: BlockArena,
{
    fn hash<H: Hasher>(&self, state: &mut H) {
        let pairs = self.iter().cloned().inspect(|pair| pair.hash(state)).count();
        state.write_usize(pairs);
    }
}

/// As `collect` makes a map: if a key comes several times, the last value stays.
///
/// ```
/// use bskip_core::BSkipBytesMap;
///
/// let map: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("pear", 2), ("apple", 1)]);
/// assert_eq!(map.get("pear"), Some(2));
/// ```
impl<Q, K, V, const N: usize> From<[(Q, V); N]> for BSkipBytesMap<K, V>
where
    Q: BytesKey<Form = K::Form>,
    K: BytesKey + ?Sized,
{
    fn from(pairs: [(Q, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}

/// Inserts copies of the pairs: for references, as std's maps lend them. `extend(&map)` takes the pairs of another
/// map of this crate.
///
/// ```
/// use bskip_core::BSkipBytesMap;
/// use std::collections::BTreeMap;
///
/// let mut map: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("pear", 2)]);
/// map.extend(&BTreeMap::from([("apple", 1)]));
/// assert_eq!(map.len(), 2);
/// ```
///
/// # Panics
/// As for pairs that are no references.
impl<'a, Q, K, V, A> Extend<(Q, &'a V)> for BSkipBytesMap<K, V, A>
where
    Q: BytesKey<Form = K::Form>,
    K: BytesKey + ?Sized,
    V: Copy,
    A: BlockArena,
{
    fn extend<I: IntoIterator<Item = (Q, &'a V)>>(&mut self, pairs: I) {
        self.extend(pairs.into_iter().map(|(key, &value)| (key, value)));
    }
}
