//! Iterators over pairs in key order.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::Bound;

use crate::arena::{BlockArena, BlockPool, GlobalArena};
use crate::index::{Cloned, Copied, Index, LeafCursor, Next, Read, Trail};
use crate::key::Key;
use crate::lock::State;
use crate::node::NodeKeys;

/// A double-ended iterator over the pairs of a range, in key order, for values that are `Copy`.
/// [Consistency](crate::BSkipMap#consistency) says what it promises while other threads write.
pub struct Range<'a, K: Key, V, A: BlockArena = GlobalArena>(Pairs<'a, K::Words, V, A::Pool, Copied>);

/// A [`Range`] over values of any `Clone` type; see [`Range::cloned`].
pub struct ClonedRange<'a, K: Key, V, A: BlockArena = GlobalArena>(
    Pairs<'a, K::Words, V, A::Pool, Cloned<A::Pool>>,
);

impl<'a, K: Key, V, A: BlockArena> Range<'a, K, V, A> {
    pub(crate) fn new(
        index: &'a Index<K::Words, V, A::Pool>,
        lower: Bound<K::Words>,
        upper: Bound<K::Words>,
    ) -> Self {
        Self(Pairs::new(index, lower, upper))
    }

    /// The rest of this range, for values that are not `Copy`: each is cloned under its leaf's lock.
    /// `V::clone` [must not use the map](crate::BSkipMap#closures).
    #[must_use]
    pub fn cloned(self) -> ClonedRange<'a, K, V, A> {
        ClonedRange(self.0.cloned())
    }
}

macro_rules! iterator {
    ($range:ident, $bound:ident) => {
        impl<K: Key, V: $bound, A: BlockArena> Iterator for $range<'_, K, V, A> {
            type Item = (K, V);
            #[inline]
            fn next(&mut self) -> Option<(K, V)> {
                self.0.next().map(|(words, value)| (K::from_words(words), value))
            }
        }

        impl<K: Key, V: $bound, A: BlockArena> DoubleEndedIterator for $range<'_, K, V, A> {
            #[inline]
            fn next_back(&mut self) -> Option<(K, V)> {
                self.0.next_back().map(|(words, value)| (K::from_words(words), value))
            }
        }

        impl<K: Key, V: $bound, A: BlockArena> FusedIterator for $range<'_, K, V, A> {}

        impl<K: Key, V, A: BlockArena> fmt::Debug for $range<'_, K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($range)).finish_non_exhaustive()
            }
        }
    };
}
iterator!(Range, Copy);
iterator!(ClonedRange, Clone);

/// Both iterators; `R` says how values are read.
pub(crate) struct Pairs<'a, K: NodeKeys, V, P: BlockPool, R> {
    index: &'a Index<K, V, P>,
    /// The keys that are left lie between these bounds. `lower` follows the keys handed out at the front,
    /// `upper` those handed out at the back.
    lower: Bound<K::Owned>,
    upper: Bound<K::Owned>,
    front: Option<LeafCursor<'a, K, V>>,
    back: Option<LeafCursor<'a, K, V>>,
    back_trail: Option<Trail<'a, K>>,
    /// Whether an end has found no more pairs. The iterator then stays at its end, even if keys are inserted
    /// later.
    done: bool,
    _reader: PhantomData<fn() -> R>,
}

impl<'a, K: NodeKeys, V, P: BlockPool, R> Pairs<'a, K, V, P, R> {
    pub(crate) fn new(index: &'a Index<K, V, P>, lower: Bound<K::Owned>, upper: Bound<K::Owned>) -> Self {
        Self {
            index,
            lower,
            upper,
            front: None,
            back: None,
            back_trail: None,
            done: false,
            _reader: PhantomData,
        }
    }

    /// The same for values that are to be cloned. It keeps the leaves that the iterator has reached, so they are
    /// not searched for again.
    pub(crate) fn cloned(self) -> Pairs<'a, K, V, P, Cloned<P>> {
        let Self { index, lower, upper, front, back, back_trail, done, .. } = self;
        Pairs { index, lower, upper, front, back, back_trail, done, _reader: PhantomData }
    }
}

/// For readers of values that lead to memory outside of the leaf.
impl<'a, K: NodeKeys, V, P: BlockPool, R> Pairs<'a, K, V, P, R> {
    /// The state of the leaf in which `next` has read the pair that it returned last.
    pub(crate) fn state(&self) -> Option<State<'a>> {
        self.front.as_ref().map(LeafCursor::state)
    }

    /// The state of the leaf in which `next_back` has read the pair that it returned last.
    pub(crate) fn state_back(&self) -> Option<State<'a>> {
        self.back.as_ref().map(LeafCursor::state)
    }

    /// Makes `next` search for this key, which is the one that it returned last, or above.
    pub(crate) fn again(&mut self, key: K::Owned) {
        self.lower = Bound::Included(key);
        self.front = None;
    }

    /// Makes `next_back` search again for the key that it returned last.
    pub(crate) fn again_back(&mut self, key: K::Owned) {
        self.upper = Bound::Included(key);
        self.back = None;
    }
}

impl<K: NodeKeys, V, P: BlockPool, R: Read<V>> Pairs<'_, K, V, P, R> {
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn next(&mut self) -> Option<(K::Owned, R::Value)> {
        loop {
            match self.front.as_mut().map(LeafCursor::next::<R>) {
                Some(Next::Pair(key, value)) if is_below::<K>(&key, &self.upper) => {
                    self.lower = Bound::Excluded(key.clone());
                    return Some((key, value));
                }
                Some(Next::Pair(..)) => self.finish(),
                Some(Next::End) => {
                    self.front =
                        self.index.cursor_after(self.lower.as_ref().map(K::borrow), self.front.take())
                }
                // The first call, or the leaf has changed.
                None | Some(Next::Changed) => {
                    self.front = if self.done {
                        None
                    } else {
                        self.index.cursor_after(self.lower.as_ref().map(K::borrow), None)
                    };
                }
            }
            if self.front.is_none() {
                self.finish();
                return None;
            }
        }
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn next_back(&mut self) -> Option<(K::Owned, R::Value)> {
        loop {
            match self.back.as_mut().map(LeafCursor::next_back::<R>) {
                Some(Next::Pair(key, value)) if is_above::<K>(&key, &self.lower) => {
                    self.upper = Bound::Excluded(key.clone());
                    return Some((key, value));
                }
                Some(Next::Pair(..)) => self.finish(),
                Some(Next::End) => {
                    self.back = self.index.cursor_before(
                        self.upper.as_ref().map(K::borrow),
                        self.back.take(),
                        &mut self.back_trail,
                    )
                }
                // The first call, or the leaf has changed.
                None | Some(Next::Changed) => {
                    self.back = if self.done {
                        None
                    } else {
                        self.index.cursor_before(
                            self.upper.as_ref().map(K::borrow),
                            None,
                            &mut self.back_trail,
                        )
                    };
                }
            }
            if self.back.is_none() {
                self.finish();
                return None;
            }
        }
    }

    /// The ends have met.
    #[cold]
    fn finish(&mut self) {
        self.done = true;
        self.front = None;
        self.back = None;
    }
}

#[inline(always)]
fn is_below<K: NodeKeys>(key: &K::Owned, upper: &Bound<K::Owned>) -> bool {
    match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => K::borrow(key) <= K::borrow(upper),
        Bound::Excluded(upper) => K::borrow(key) < K::borrow(upper),
    }
}

#[inline(always)]
fn is_above<K: NodeKeys>(key: &K::Owned, lower: &Bound<K::Owned>) -> bool {
    match lower {
        Bound::Unbounded => true,
        Bound::Included(lower) => K::borrow(key) >= K::borrow(lower),
        Bound::Excluded(lower) => K::borrow(key) > K::borrow(lower),
    }
}

/// Panics if a range starts after its end, or excludes the one key at which it starts and ends. `map` is the name
/// of the map's type.
#[inline(always)]
pub(crate) fn check_bounds<T: Ord>(lower: &Bound<T>, upper: &Bound<T>, map: &str) {
    match (lower, upper) {
        (Bound::Excluded(start), Bound::Excluded(end)) if start == end => {
            panic!("range start and end are equal and excluded in {map}")
        }
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end))
            if start > end =>
        {
            panic!("range start is greater than range end in {map}")
        }
        _ => {}
    }
}
