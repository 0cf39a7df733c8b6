//! Cursors over maps whose values are byte strings.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::BSkipBlobMap;
use crate::arena::{BlockArena, GlobalArena};
use crate::blob::{Blob, Short};
use crate::bytes_map::encoded::{decoded, encoded};
use crate::bytes_map::keys;
use crate::cursor::moves;
use crate::index::{Steps, Target};
use crate::key::{ByteKeys, BytesKey};

/// # Cursors
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// A [cursor](BlobCursor) before the first pair.
    #[must_use]
    pub fn cursor(&self) -> BlobCursor<'_, K, A> {
        BlobCursor { map: self, steps: Steps::new() }
    }

    /// A [cursor](OwnedBlobCursor) before the first pair, which keeps the map alive.
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    /// use std::sync::Arc;
    ///
    /// let map: Arc<BSkipBlobMap<str>> = Arc::new([("b", "22"), ("a", "1")].into_iter().collect());
    /// let mut cursor = map.clone().cursor_owned();
    /// std::thread::spawn(move || {
    ///     assert!(cursor.next());
    ///     assert_eq!(cursor.key(), Some(b"a".as_slice()));
    /// })
    /// .join()
    /// .unwrap();
    /// ```
    #[must_use]
    pub fn cursor_owned(self: Arc<Self>) -> OwnedBlobCursor<K, A> {
        OwnedBlobCursor { map: self, steps: Steps::new() }
    }
}

/// A cursor over a [`BSkipBlobMap`]: it stands at a pair, and moves to the pairs beside it. Of
/// [`BSkipBlobMap::cursor`].
///
/// It does what a [`BytesCursor`](crate::BytesCursor) does. What is said there and of
/// [`Cursor`](crate::Cursor), about where it stands, consistency and allocations, holds here too. Only its
/// values differ.
///
/// # Values
/// A move copies no value. [`value_with`](Self::value_with) and [`value_into`](Self::value_into) copy the
/// value that the current key has at the time of that call, without a lock. If the leaf has not changed since
/// the cursor came to the pair, they need no search. If the key is no longer in the map, there is no value.
///
/// ```
/// use bskip_core::BSkipBlobMap;
/// use std::cmp::Reverse;
///
/// // The versions of a key, the newest first.
/// let versions: BSkipBlobMap<(String, Reverse<u64>)> = BSkipBlobMap::new();
/// versions.insert(&("k", Reverse(1u64)), b"old");
/// versions.insert(&("k", Reverse(7u64)), b"new");
/// let mut cursor = versions.cursor();
/// // The newest version that is visible at 5, in one search.
/// assert!(cursor.seek(&("k", Reverse(5u64))));
/// assert_eq!(cursor.key_decoded(), Some(("k".to_owned(), Reverse(1))));
/// assert_eq!(cursor.value_with(|value| value == b"old"), Some(true));
/// // A newer one, copied to where there is room already.
/// let mut value = Vec::with_capacity(100);
/// assert!(cursor.prev() && cursor.value_into(&mut value));
/// assert_eq!(value, b"new");
/// ```
pub struct BlobCursor<'a, K: BytesKey + ?Sized, A: BlockArena = GlobalArena> {
    map: &'a BSkipBlobMap<K, A>,
    steps: Steps<ByteKeys, Blob>,
}

/// A [`BlobCursor`] that keeps its map alive, so it borrows nothing. Of [`BSkipBlobMap::cursor_owned`].
///
/// While there is such a cursor, methods that need `&mut` access, as [`clear`](BSkipBlobMap::clear) does,
/// cannot be called, because the [`Arc`] is shared.
pub struct OwnedBlobCursor<K: BytesKey + ?Sized, A: BlockArena = GlobalArena> {
    map: Arc<BSkipBlobMap<K, A>>,
    steps: Steps<ByteKeys, Blob>,
}

macro_rules! cursor {
    ($cursor:ident $(<$a:lifetime>)?) => {
        impl<K: BytesKey + ?Sized, A: BlockArena> $cursor<$($a,)? K, A> {
            /// The map.
            #[must_use]
            pub fn map(&self) -> &BSkipBlobMap<K, A> {
                &self.map
            }

            keys!(blobs.index);
            moves!(blobs.index);

            /// Calls `f` with a copy of the value that the current key has now, and returns its result.
            /// `None` if the cursor is not [`valid`](Self::valid), or if the key is no longer in the map.
            ///
            /// The copy is on the stack if it has at most 256 bytes. `f` runs without a lock and may use the
            /// map. O(bytes), or expected O(log n) and O(bytes) if the leaf has changed since the last move.
            pub fn value_with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
                let mut value = Short::new();
                self.map.blobs.read_current(&self.steps, &mut value).then(|| f(value.bytes()))
            }

            /// Makes `value` a copy of the value that the current key has now, and returns true. If the
            /// cursor is not [`valid`](Self::valid), or if the key is no longer in the map, makes `value`
            /// empty and returns false.
            ///
            /// Allocates only if `value` has not enough room. O(bytes), or expected O(log n) and O(bytes) if
            /// the leaf has changed since the last move.
            pub fn value_into(&self, value: &mut Vec<u8>) -> bool {
                let found = self.map.blobs.read_current(&self.steps, value);
                if !found {
                    value.clear();
                }
                found
            }
        }

        impl<K: BytesKey + ?Sized, A: BlockArena> Clone for $cursor<$($a,)? K, A> {
            fn clone(&self) -> Self {
                Self { map: self.map.clone(), steps: self.steps.clone() }
            }
        }

        impl<K: BytesKey + ?Sized, A: BlockArena> fmt::Debug for $cursor<$($a,)? K, A> {
            /// Shows the key's encoding.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let key = self.key().map(<[u8]>::escape_ascii);
                f.debug_struct(stringify!($cursor)).field("key", &key).finish_non_exhaustive()
            }
        }
    };
}
cursor!(BlobCursor<'_>);
cursor!(OwnedBlobCursor);
