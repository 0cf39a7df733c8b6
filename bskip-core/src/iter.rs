//! Iterators over pairs in key order.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::Bound;

use crate::arena::{GlobalArena, NodeArena, NodePool};
use crate::index::{Chunk, Cloned, Copied, Index, Place, Read};
use crate::key::Key;

/// A double-ended iterator over the pairs of a range, in key order, for values that are `Copy`; see
/// [`BSkipMap::range`](crate::BSkipMap::range) for what it promises while others write.
pub struct Range<'a, K: Key, V, A: NodeArena = GlobalArena>(Pairs<'a, K, V, A::Pool, Copied>);

/// A [`Range`] over values of any `Clone` type; see [`Range::cloned`].
pub struct ClonedRange<'a, K: Key, V, A: NodeArena = GlobalArena>(Pairs<'a, K, V, A::Pool, Cloned>);

impl<'a, K: Key, V, A: NodeArena> Range<'a, K, V, A> {
    pub(crate) fn new(index: &'a Index<K, V, A::Pool>, lower: Bound<K>, upper: Bound<K>) -> Self {
        Self(Pairs::new(index, lower, upper))
    }

    /// The same range for values that are not `Copy`: cloned, some dozens at a time, under their leaf's lock.
    /// `V::clone` [must not use the map](crate::BSkipMap#closures).
    #[must_use]
    pub fn cloned(self) -> ClonedRange<'a, K, V, A> {
        ClonedRange(Pairs::new(self.0.index, self.0.lower, self.0.upper))
    }
}

macro_rules! iterator {
    ($range:ident, $bound:ident) => {
        impl<K: Key, V: $bound, A: NodeArena> Iterator for $range<'_, K, V, A> {
            type Item = (K, V);
            #[inline]
            fn next(&mut self) -> Option<(K, V)> {
                self.0.next()
            }
        }

        impl<K: Key, V: $bound, A: NodeArena> DoubleEndedIterator for $range<'_, K, V, A> {
            #[inline]
            fn next_back(&mut self) -> Option<(K, V)> {
                self.0.next_back()
            }
        }

        impl<K: Key, V: $bound, A: NodeArena> FusedIterator for $range<'_, K, V, A> {}

        impl<K: Key, V, A: NodeArena> fmt::Debug for $range<'_, K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($range)).finish_non_exhaustive()
            }
        }
    };
}
iterator!(Range, Copy);
iterator!(ClonedRange, Clone);

/// Both iterators: `R` says how values are read.
struct Pairs<'a, K: Key, V, P: NodePool, R> {
    index: &'a Index<K, V, P>,
    /// What is left: keys between these. `lower` follows the keys handed out in front, `upper` those
    /// behind.
    lower: Bound<K>,
    upper: Bound<K>,
    front: Chunk<K, V>,
    front_place: Place<'a, K, V>,
    back: Chunk<K, V>,
    back_place: Place<'a, K, V>,
    done: bool,
    _reader: PhantomData<fn() -> R>,
}

impl<'a, K: Key, V, P: NodePool, R> Pairs<'a, K, V, P, R> {
    fn new(index: &'a Index<K, V, P>, lower: Bound<K>, upper: Bound<K>) -> Self {
        Self {
            index,
            lower,
            upper,
            front: Chunk::new(),
            front_place: None,
            back: Chunk::new(),
            back_place: None,
            done: false,
            _reader: PhantomData,
        }
    }
}

impl<K: Key, V, P: NodePool, R: Read<V>> Pairs<'_, K, V, P, R> {
    #[inline(always)]
    fn next(&mut self) -> Option<(K, V)> {
        if self.done {
            return None;
        }
        let pair = match self.front.pop_front() {
            Some(pair) => Some(pair),
            None => {
                self.index.next_chunk::<R>(self.lower, &mut self.front_place, &mut self.front);
                self.front.pop_front()
            }
        };
        let pair = pair.filter(|(key, _)| is_below(*key, self.upper));
        match &pair {
            Some((key, _)) => self.lower = Bound::Excluded(*key),
            None => self.done = true,
        }
        pair
    }

    #[inline(always)]
    fn next_back(&mut self) -> Option<(K, V)> {
        if self.done {
            return None;
        }
        let pair = match self.back.pop_back() {
            Some(pair) => Some(pair),
            None => {
                self.index.previous_chunk::<R>(self.upper, &mut self.back_place, &mut self.back);
                self.back.pop_back()
            }
        };
        let pair = pair.filter(|(key, _)| is_above(*key, self.lower));
        match &pair {
            Some((key, _)) => self.upper = Bound::Excluded(*key),
            None => self.done = true,
        }
        pair
    }
}

#[inline(always)]
fn is_below<K: Ord>(key: K, upper: Bound<K>) -> bool {
    match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => key <= upper,
        Bound::Excluded(upper) => key < upper,
    }
}

#[inline(always)]
fn is_above<K: Ord>(key: K, lower: Bound<K>) -> bool {
    match lower {
        Bound::Unbounded => true,
        Bound::Included(lower) => key >= lower,
        Bound::Excluded(lower) => key > lower,
    }
}
