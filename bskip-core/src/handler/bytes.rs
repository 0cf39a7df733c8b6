//! The calls of a map whose keys are byte strings: those that read.

use core::fmt;

use crate::arena::BlockArena;
use crate::busy::Busy;
use crate::bytes_map::BSkipBytesMap;
use crate::bytes_map::encoded::encoded;
use crate::index::Index;
use crate::key::{ByteKeys, BytesKey};

/// The calls of a map of byte-string keys that an interrupt handler may use. They read. All that
/// [`Handler`](crate::Handler) says of reading holds here too.
///
/// There are no writes: a key that is too long for a node takes memory of its own.
///
/// A key that is not its own encoding, such as a tuple, is encoded first. If the encoding has more than 64 bytes, that
/// allocates. Strings and slices are their own encodings.
///
/// ```
/// use bskip_core::BSkipBytesMap;
///
/// let map: BSkipBytesMap<str, u64> = [("fig", 2), ("pear", 5)].into_iter().collect();
/// assert_eq!(map.handler().try_get("pear"), Ok(Some(5)));
/// assert_eq!(map.handler().try_contains_key("plum"), Ok(false));
/// ```
pub struct BytesHandler<'m, K: BytesKey + ?Sized, V, A: BlockArena> {
    map: &'m BSkipBytesMap<K, V, A>,
}

/// # Interrupt handlers
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// The calls of this map that an interrupt handler may use. O(1).
    #[must_use]
    pub fn handler(&self) -> BytesHandler<'_, K, V, A> {
        BytesHandler { map: self }
    }
}

impl<K: BytesKey + ?Sized, V, A: BlockArena> Clone for BytesHandler<'_, K, V, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: BytesKey + ?Sized, V, A: BlockArena> Copy for BytesHandler<'_, K, V, A> {}

impl<K: BytesKey + ?Sized, V, A: BlockArena> fmt::Debug for BytesHandler<'_, K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesHandler").finish_non_exhaustive()
    }
}

impl<K: BytesKey + ?Sized, V, A: BlockArena> BytesHandler<'_, K, V, A> {
    /// A copy of the value of `key`. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_get`](crate::Handler::try_get).
    pub fn try_get<Q>(&self, key: &Q) -> Result<Option<V>, Busy>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Copy,
    {
        encoded(key, |key| self.index().get_within(key))
    }

    /// Whether `key` is there. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_get`](crate::Handler::try_get).
    pub fn try_contains_key<Q>(&self, key: &Q) -> Result<bool, Busy>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index().contains_within(key))
    }

    fn index(&self) -> &Index<ByteKeys, V, A::Pool> {
        self.map.index()
    }
}
