//! The traits of std's maps.

use core::cmp::Ordering;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;

use super::{BSkipBlobMap, failed};
use crate::arena::{AllocError, BlockArena};
use crate::bytes_map::BytesInsertErrorKind;
use crate::key::BytesKey;

/// # Whole maps
/// As for [`BSkipMap`](crate::BSkipMap#whole-maps), but no lock is taken for a value. Keys are compared by their
/// encodings.
impl<K: BytesKey + ?Sized, A: BlockArena + Clone> BSkipBlobMap<K, A> {
    /// As `clone`, but returns an error if there is no memory. The copy is in a clone of the arena, and has the
    /// choices of this map's [`Config`](crate::Config). The pairs are appended: O(n), and O(bytes) for the values.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no memory for the copy.
    pub fn try_clone(&self) -> Result<Self, AllocError> {
        let arena = self.arena.clone();
        Ok(Self { blobs: self.blobs.copy(&arena)?, arena, _keys: PhantomData })
    }
}

/// See [`try_clone`](BSkipBlobMap::try_clone).
///
/// # Panics
/// If the arena has no memory for the copy. [`try_clone`](BSkipBlobMap::try_clone) returns an error instead.
impl<K: BytesKey + ?Sized, A: BlockArena + Clone> Clone for BSkipBlobMap<K, A> {
    fn clone(&self) -> Self {
        self.try_clone().unwrap_or_else(|cause| failed("try_clone", &BytesInsertErrorKind::Alloc(cause)))
    }
}

/// The order of the first pairs that differ; keys by their encodings.
fn compare<K: BytesKey + ?Sized, A: BlockArena>(
    one: &BSkipBlobMap<K, A>,
    other: &BSkipBlobMap<K, A>,
) -> Ordering {
    let (mut one, mut other) = (one.iter(), other.iter());
    loop {
        let (a, b) = (one.lend_next(), other.lend_next());
        if a.is_none() || a != b {
            return a.cmp(&b);
        }
    }
}

/// Whether both maps have the same pairs. See [whole maps](crate::BSkipMap#whole-maps).
impl<K, A> PartialEq for BSkipBlobMap<K, A>
where
    K: BytesKey + ?Sized,
    A: BlockArena,
{
    fn eq(&self, other: &Self) -> bool {
        compare(self, other).is_eq()
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Eq for BSkipBlobMap<K, A> {}

/// The order of the first pairs that differ, as for std's maps. See [whole maps](crate::BSkipMap#whole-maps).
impl<K, A> PartialOrd for BSkipBlobMap<K, A>
where
    K: BytesKey + ?Sized,
    A: BlockArena,
{
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Ord for BSkipBlobMap<K, A> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self, other)
    }
}

/// A hash of all pairs, of keys by their encodings. See [whole maps](crate::BSkipMap#whole-maps). The hash changes
/// with the pairs: do not change a map that is a key of a hash map.
impl<K: BytesKey + ?Sized, A: BlockArena> Hash for BSkipBlobMap<K, A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (mut pairs, mut count) = (self.iter(), 0);
        while let Some(pair) = pairs.lend_next() {
            pair.hash(state);
            count += 1;
        }
        state.write_usize(count);
    }
}

/// As `collect` makes a map: if a key comes several times, the last value stays.
///
/// ```
/// use bskip_core::BSkipBlobMap;
///
/// let map: BSkipBlobMap<str> = BSkipBlobMap::from([("pear", "yellow"), ("apple", "red")]);
/// assert_eq!(map.get("apple").as_deref(), Some(b"red".as_slice()));
/// ```
impl<Q, V, K, const N: usize> From<[(Q, V); N]> for BSkipBlobMap<K>
where
    Q: BytesKey<Form = K::Form>,
    V: AsRef<[u8]>,
    K: BytesKey + ?Sized,
{
    fn from(pairs: [(Q, V); N]) -> Self {
        pairs.into_iter().collect()
    }
}
