//! Cursors: one pair at a time, in both directions, held for any time.

use alloc::sync::Arc;
use core::fmt;

use super::BSkipMap;
use crate::arena::{BlockArena, GlobalArena};
use crate::cursor::{moves, values};
use crate::index::{Steps, Target};
use crate::key::Key;

/// # Cursors
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// A [cursor](Cursor) before the first pair.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_, K, V, A> {
        Cursor { map: self, steps: Steps::new() }
    }

    /// A [cursor](OwnedCursor) before the first pair, which keeps the map alive.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use std::sync::Arc;
    ///
    /// let map: Arc<BSkipMap<u64, u64>> = Arc::new((0..100).map(|k| (k, k * k)).collect());
    /// let mut cursor = map.clone().cursor_owned();
    /// let sum = std::thread::spawn(move || {
    ///     let mut sum = 0;
    ///     while cursor.next() {
    ///         sum += cursor.value().unwrap();
    ///     }
    ///     sum
    /// });
    /// assert_eq!(sum.join().unwrap(), 328350);
    /// ```
    #[must_use]
    pub fn cursor_owned(self: Arc<Self>) -> OwnedCursor<K, V, A> {
        OwnedCursor { map: self, steps: Steps::new() }
    }
}

/// A cursor over a [`BSkipMap`]: it stands at a pair, and moves to the pairs beside it. Of
/// [`BSkipMap::cursor`].
///
/// A cursor has a copy of its pair. It holds no lock and keeps no memory from being reused. So it may be held
/// for hours while other threads change the map, and delays nothing. A move allocates nothing and writes no
/// shared memory, unless many empty leaves lie in the way: it merges them. [`OwnedCursor`] is the same
/// without a lifetime.
///
/// ```
/// use bskip_core::BSkipMap;
///
/// let map: BSkipMap<u64, char> = [(1, 'a'), (5, 'b'), (9, 'c')].into_iter().collect();
/// let mut cursor = map.cursor();
/// assert!(cursor.seek(&4));
/// assert_eq!(cursor.key_value(), Some((5, 'b')));
/// // The cursor keeps its pair, and goes on from there, if the pair is removed.
/// map.remove(&5);
/// assert_eq!(cursor.key_value(), Some((5, 'b')));
/// assert!(cursor.prev());
/// assert_eq!(cursor.key_value(), Some((1, 'a')));
/// assert!(cursor.next());
/// assert_eq!(cursor.key_value(), Some((9, 'c')));
/// // Behind the last pair. A pair that is inserted there is the next one.
/// assert!(!cursor.next() && !cursor.valid());
/// map.insert(10, 'd');
/// assert!(cursor.next());
/// assert_eq!(cursor.key_value(), Some((10, 'd')));
/// ```
///
/// # Where it stands
/// A cursor stands at a pair, or in a gap between keys. A new cursor stands in the gap before every key.
///
/// | call | finds | if there is no such pair, the cursor stands |
/// | --- | --- | --- |
/// | [`next`](Self::next) | the least pair above the cursor | just behind the key where it was, or in the same gap |
/// | [`prev`](Self::prev) | the greatest pair below the cursor | just before the key where it was, or in the same gap |
/// | [`seek(k)`](Self::seek) | the least pair at or above `k` | just before `k` |
/// | [`seek_for_prev(k)`](Self::seek_for_prev) | the greatest pair at or below `k` | just behind `k` |
/// | [`seek_to_first`](Self::seek_to_first) | the least pair | before every key |
/// | [`seek_to_last`](Self::seek_to_last) | the greatest pair | behind every key |
///
/// So `prev` after a `next` that found nothing finds the pair where the cursor was, if that is still there.
/// The calls return [`valid`](Self::valid): whether the cursor now stands at a pair.
///
/// # Consistency
/// **Each move is one linearizable look-up.** There is a moment between the call and its return at which the
/// pair was the one that the table above names. It does not matter whether the key where the cursor was is
/// still in the map. A move that finds nothing has such a moment too. (On machines with a weak memory order,
/// moves that change the leaf are linearizable as the operations on the first and last pair are: see
/// [`BSkipMap`](BSkipMap#consistency).)
///
/// Moves taken together are no snapshot: each one sees the map as it is then. So `next` strictly ascends,
/// meets every key that stays, and also meets keys that are inserted before the cursor reaches them.
///
/// # Values
/// [`value`](Self::value) is for `Copy` values. The cursor has copied the value together with its key, so it is
/// the value as it was when the cursor came to the pair. A move does not read values of other types.
/// [`value_cloned`](Self::value_cloned) and [`value_with`](Self::value_with) read the value that the key has at
/// the time of that call, under its leaf's lock. They return `None` if the key is no longer in the map.
///
/// # Names
/// A gap cursor as std's (unstable) `BTreeMap` cursors returns references to pairs, and no reference can
/// leave this map. RocksDB's iterators stand at a pair, as this cursor does, so its moves have RocksDB's
/// names: `seek`, `seek_for_prev`, `seek_to_first`, `seek_to_last`, `next`, `prev`, `valid`. Unlike there,
/// `next` and `prev` may be called at any time.
pub struct Cursor<'a, K: Key, V, A: BlockArena = GlobalArena> {
    map: &'a BSkipMap<K, V, A>,
    steps: Steps<K::Words, V>,
}

/// A [`Cursor`] that keeps its map alive, so it borrows nothing. Of [`BSkipMap::cursor_owned`].
///
/// Put it into a session, a task or a stream. While there is such a cursor, methods that need `&mut` access,
/// as [`clear`](BSkipMap::clear) does, cannot be called, because the [`Arc`] is shared.
pub struct OwnedCursor<K: Key, V, A: BlockArena = GlobalArena> {
    map: Arc<BSkipMap<K, V, A>>,
    steps: Steps<K::Words, V>,
}

macro_rules! cursor {
    ($cursor:ident $(<$a:lifetime>)?) => {
        impl<K: Key, V, A: BlockArena> $cursor<$($a,)? K, V, A> {
            /// The map.
            #[must_use]
            pub fn map(&self) -> &BSkipMap<K, V, A> {
                &self.map
            }

            /// Moves to the least pair whose key is at least `key`. Returns [`valid`](Self::valid).
            ///
            /// Expected O(log n).
            #[inline]
            pub fn seek(&mut self, key: &K) -> bool {
                self.map.index.seek(&mut self.steps, Target::AtOrAbove(key.to_words()))
            }

            /// Moves to the greatest pair whose key is at most `key`. Returns [`valid`](Self::valid).
            ///
            /// Expected O(log n).
            #[inline]
            pub fn seek_for_prev(&mut self, key: &K) -> bool {
                self.map.index.seek(&mut self.steps, Target::AtOrBelow(key.to_words()))
            }

            /// The current key; `None` if the cursor is not [`valid`](Self::valid).
            #[inline]
            #[must_use]
            pub fn key(&self) -> Option<K> {
                self.steps.key().map(K::from_words)
            }

            /// [`key`](Self::key) and [`value`](Self::value).
            #[inline]
            #[must_use]
            pub fn key_value(&self) -> Option<(K, V)>
            where
                V: Copy,
            {
                Some((self.key()?, self.value()?))
            }

            moves!(index);
            values!(index);
        }

        impl<K: Key, V: Copy, A: BlockArena> Clone for $cursor<$($a,)? K, V, A> {
            fn clone(&self) -> Self {
                Self { map: self.map.clone(), steps: self.steps.clone() }
            }
        }

        impl<K: Key + fmt::Debug, V, A: BlockArena> fmt::Debug for $cursor<$($a,)? K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($cursor)).field("key", &self.key()).finish_non_exhaustive()
            }
        }
    };
}
cursor!(Cursor<'_>);
cursor!(OwnedCursor);
