//! The iterator over the keys of a set of byte strings.

use core::fmt;
use core::iter::FusedIterator;

use crate::arena::{BlockArena, GlobalArena};
use crate::bytes_map::BytesRange;
use crate::key::BytesKey;

/// A double-ended iterator over the keys of a range of a [`BSkipBytesSet`](crate::BSkipBytesSet), in order.
/// [Consistency](crate::BSkipMap#consistency) says what it promises while other threads write.
pub struct BytesSetRange<'a, K: BytesKey + ?Sized, A: BlockArena = GlobalArena>(BytesRange<'a, K, (), A>);

impl<'a, K: BytesKey + ?Sized, A: BlockArena> BytesSetRange<'a, K, A> {
    pub(super) fn new(range: BytesRange<'a, K, (), A>) -> Self {
        Self(range)
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Iterator for BytesSetRange<'_, K, A> {
    type Item = K::Owned;
    #[inline]
    fn next(&mut self) -> Option<K::Owned> {
        self.0.next().map(|pair| pair.0)
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> DoubleEndedIterator for BytesSetRange<'_, K, A> {
    #[inline]
    fn next_back(&mut self) -> Option<K::Owned> {
        self.0.next_back().map(|pair| pair.0)
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> FusedIterator for BytesSetRange<'_, K, A> {}

impl<K: BytesKey + ?Sized, A: BlockArena> fmt::Debug for BytesSetRange<'_, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesSetRange").finish_non_exhaustive()
    }
}
