//! The iterator over the keys of a set.

use core::fmt;
use core::iter::FusedIterator;

use crate::arena::{BlockArena, GlobalArena};
use crate::iter::Range;
use crate::key::Key;

/// A double-ended iterator over the keys of a range of a [`BSkipSet`](crate::BSkipSet), in order.
/// [Consistency](crate::BSkipMap#consistency) says what it promises while other threads write.
pub struct SetRange<'a, K: Key, A: BlockArena = GlobalArena>(Range<'a, K, (), A>);

impl<'a, K: Key, A: BlockArena> SetRange<'a, K, A> {
    pub(super) fn new(range: Range<'a, K, (), A>) -> Self {
        Self(range)
    }
}

impl<K: Key, A: BlockArena> Iterator for SetRange<'_, K, A> {
    type Item = K;
    #[inline]
    fn next(&mut self) -> Option<K> {
        self.0.next().map(|pair| pair.0)
    }
}

impl<K: Key, A: BlockArena> DoubleEndedIterator for SetRange<'_, K, A> {
    #[inline]
    fn next_back(&mut self) -> Option<K> {
        self.0.next_back().map(|pair| pair.0)
    }
}

impl<K: Key, A: BlockArena> FusedIterator for SetRange<'_, K, A> {}

impl<K: Key, A: BlockArena> fmt::Debug for SetRange<'_, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetRange").finish_non_exhaustive()
    }
}
