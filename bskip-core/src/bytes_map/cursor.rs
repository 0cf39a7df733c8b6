//! Cursors over maps of byte strings.

use alloc::sync::Arc;
use core::fmt;

use super::BSkipBytesMap;
use super::encoded::{decoded, encoded};
use crate::arena::{BlockArena, GlobalArena};
use crate::cursor::{moves, values};
use crate::index::{Steps, Target};
use crate::key::{ByteKeys, BytesKey};

/// # Cursors
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// A [cursor](BytesCursor) before the first pair.
    #[must_use]
    pub fn cursor(&self) -> BytesCursor<'_, K, V, A> {
        BytesCursor { map: self, steps: Steps::new() }
    }

    /// A [cursor](OwnedBytesCursor) before the first pair, which keeps the map alive.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    /// use std::sync::Arc;
    ///
    /// let map: Arc<BSkipBytesMap<str, u64>> = Arc::new([("b", 2), ("a", 1)].into_iter().collect());
    /// let mut cursor = map.clone().cursor_owned();
    /// std::thread::spawn(move || {
    ///     assert!(cursor.next());
    ///     assert_eq!(cursor.key(), Some(b"a".as_slice()));
    /// })
    /// .join()
    /// .unwrap();
    /// ```
    #[must_use]
    pub fn cursor_owned(self: Arc<Self>) -> OwnedBytesCursor<K, V, A> {
        OwnedBytesCursor { map: self, steps: Steps::new() }
    }
}

/// A cursor over a [`BSkipBytesMap`]: it stands at a pair, and moves to the pairs beside it. Of
/// [`BSkipBytesMap::cursor`].
///
/// It does what a [`Cursor`](crate::Cursor) does. What is said there of where it stands, of consistency and
/// of values holds here too. The differences:
///
/// * The cursor lends the current key's encoding: for `str` and `[u8]`, the key's own bytes.
///   [`key_decoded`](Self::key_decoded) gives the key itself.
/// * It has room for 104 bytes of a key. A move allocates only if it meets a longer key or a longer bound
///   between two leaves, or finds nothing at a longer key. A `seek` to a key that must be encoded also
///   allocates if the encoding has more than 64 bytes, and panics if there is no memory for it.
///
/// ```
/// use bskip_core::BSkipBytesMap;
/// use std::cmp::Reverse;
///
/// // The versions of a key, the newest first.
/// let versions: BSkipBytesMap<(String, Reverse<u64>), &str> = BSkipBytesMap::new();
/// versions.insert(&("k", Reverse(1u64)), "old");
/// versions.insert(&("k", Reverse(7u64)), "new");
/// let mut cursor = versions.cursor();
/// // The newest version that is visible at 5, in one search.
/// assert!(cursor.seek(&("k", Reverse(5u64))));
/// assert_eq!(cursor.key_decoded(), Some(("k".to_owned(), Reverse(1))));
/// assert_eq!(cursor.value(), Some("old"));
/// // A newer one.
/// assert!(cursor.prev());
/// assert_eq!(cursor.value(), Some("new"));
/// ```
pub struct BytesCursor<'a, K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena> {
    map: &'a BSkipBytesMap<K, V, A>,
    steps: Steps<ByteKeys, V>,
}

/// A [`BytesCursor`] that keeps its map alive, so it borrows nothing. Of [`BSkipBytesMap::cursor_owned`].
///
/// While there is such a cursor, methods that need `&mut` access, as [`clear`](BSkipBytesMap::clear) does,
/// cannot be called, because the [`Arc`] is shared.
pub struct OwnedBytesCursor<K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena> {
    map: Arc<BSkipBytesMap<K, V, A>>,
    steps: Steps<ByteKeys, V>,
}

/// What has to do with keys, within an `impl` of a cursor with the fields `map` and `steps` over a map of the keys
/// `K`. It gets the place of the map's engine, as the macros of `cursor` do.
macro_rules! keys {
    ($($index:ident).+) => {
        /// Moves to the least pair whose key is at least `key`. Returns [`valid`](Self::valid).
        ///
        /// Expected O(log n).
        #[inline]
        pub fn seek<Q>(&mut self, key: &Q) -> bool
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
        {
            encoded(key, |key| self.map.$($index).+.seek(&mut self.steps, Target::AtOrAbove(key)))
        }

        /// Moves to the greatest pair whose key is at most `key`. Returns [`valid`](Self::valid).
        ///
        /// Expected O(log n).
        #[inline]
        pub fn seek_for_prev<Q>(&mut self, key: &Q) -> bool
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
        {
            encoded(key, |key| self.map.$($index).+.seek(&mut self.steps, Target::AtOrBelow(key)))
        }

        /// The current key's encoding, lent: for `str` and `[u8]`, the key's own bytes. `None` if the
        /// cursor is not [`valid`](Self::valid).
        #[inline]
        #[must_use]
        pub fn key(&self) -> Option<&[u8]> {
            self.steps.key()
        }

        /// The current key; `None` if the cursor is not [`valid`](Self::valid).
        #[must_use]
        pub fn key_decoded(&self) -> Option<K::Owned> {
            self.key().map(decoded::<K>)
        }
    };
}
pub(crate) use keys;

macro_rules! cursor {
    ($cursor:ident $(<$a:lifetime>)?) => {
        impl<K: BytesKey + ?Sized, V, A: BlockArena> $cursor<$($a,)? K, V, A> {
            /// The map.
            #[must_use]
            pub fn map(&self) -> &BSkipBytesMap<K, V, A> {
                &self.map
            }

            keys!(index);
            moves!(index);
            values!(index);

            /// [`key`](Self::key) and [`value`](Self::value).
            #[inline]
            #[must_use]
            pub fn key_value(&self) -> Option<(&[u8], V)>
            where
                V: Copy,
            {
                Some((self.key()?, self.value()?))
            }
        }

        impl<K: BytesKey + ?Sized, V: Copy, A: BlockArena> Clone for $cursor<$($a,)? K, V, A> {
            fn clone(&self) -> Self {
                Self { map: self.map.clone(), steps: self.steps.clone() }
            }
        }

        impl<K: BytesKey + ?Sized, V, A: BlockArena> fmt::Debug for $cursor<$($a,)? K, V, A> {
            /// Shows the key's encoding.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let key = self.key().map(<[u8]>::escape_ascii);
                f.debug_struct(stringify!($cursor)).field("key", &key).finish_non_exhaustive()
            }
        }
    };
}
cursor!(BytesCursor<'_>);
cursor!(OwnedBytesCursor);
