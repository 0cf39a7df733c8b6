//! Places among the keys that a search looks for.

use core::cmp;

use crate::node::{Node, NodeKeys, ShapeOf, Side};

/// A place among the keys that a search looks for.
pub(in crate::index) trait Probe<K: NodeKeys>: Copy {
    /// The word behind the first `stem` bytes of a key close to the place.
    fn word_behind(self, stem: usize) -> u64;
    /// How many of the node's slots lie before the place, which is neither left nor right of the node.
    fn rank<S: ShapeOf<K>>(self, node: Node<'_, S>) -> usize;
    /// Where the place is, as seen from the node.
    fn side_of<S: ShapeOf<K>>(self, node: Node<'_, S>) -> Side;
    /// The same place, for code that need not be compiled once for each kind of place.
    fn any<'k>(self) -> Any<'k, K>
    where
        Self: 'k;
}

/// A place of any kind.
pub(in crate::index) enum Any<'k, K: NodeKeys> {
    At(At<'k, K>),
    Before(Before<'k, K>),
    Rightmost(Rightmost),
}

impl<K: NodeKeys> Clone for Any<'_, K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: NodeKeys> Copy for Any<'_, K> {}

impl<K: NodeKeys> Probe<K> for Any<'_, K> {
    fn word_behind(self, stem: usize) -> u64 {
        match self {
            Self::At(place) => place.word_behind(stem),
            Self::Before(place) => place.word_behind(stem),
            Self::Rightmost(place) => Probe::<K>::word_behind(place, stem),
        }
    }
    fn rank<S: ShapeOf<K>>(self, node: Node<'_, S>) -> usize {
        match self {
            Self::At(place) => place.rank(node),
            Self::Before(place) => place.rank(node),
            Self::Rightmost(place) => place.rank(node),
        }
    }
    fn side_of<S: ShapeOf<K>>(self, node: Node<'_, S>) -> Side {
        match self {
            Self::At(place) => place.side_of(node),
            Self::Before(place) => place.side_of(node),
            Self::Rightmost(place) => place.side_of(node),
        }
    }
    fn any<'k>(self) -> Any<'k, K>
    where
        Self: 'k,
    {
        match self {
            Self::At(place) => place.any(),
            Self::Before(place) => place.any(),
            Self::Rightmost(place) => place.any(),
        }
    }
}

/// Where this key is or would be: `low ≤ key < high`.
pub(in crate::index) struct At<'k, K: NodeKeys>(pub(in crate::index) K::Ref<'k>);

impl<K: NodeKeys> Clone for At<'_, K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: NodeKeys> Copy for At<'_, K> {}

impl<K: NodeKeys> Probe<K> for At<'_, K> {
    #[inline(always)]
    fn word_behind(self, stem: usize) -> u64 {
        K::word_behind(self.0, stem)
    }
    #[inline(always)]
    fn rank<S: ShapeOf<K>>(self, node: Node<'_, S>) -> usize {
        node.rank_within(self.0)
    }
    #[inline(always)]
    fn side_of<S: ShapeOf<K>>(self, node: Node<'_, S>) -> Side {
        node.side_of(self.0, cmp::Ordering::is_lt, cmp::Ordering::is_ge)
    }
    #[inline(always)]
    fn any<'k>(self) -> Any<'k, K>
    where
        Self: 'k,
    {
        Any::At(At(K::shorten(self.0)))
    }
}

/// Just before this key, which is not the least of all: `low < key ≤ high`.
pub(in crate::index) struct Before<'k, K: NodeKeys>(pub(in crate::index) K::Ref<'k>);

impl<K: NodeKeys> Clone for Before<'_, K> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: NodeKeys> Copy for Before<'_, K> {}

impl<'k, K: NodeKeys> Before<'k, K> {
    /// `None` for the key before which there is none.
    pub(in crate::index) fn new(key: K::Ref<'k>) -> Option<Self> {
        (!K::is_least(key)).then_some(Self(key))
    }
}

impl<K: NodeKeys> Probe<K> for Before<'_, K> {
    fn word_behind(self, stem: usize) -> u64 {
        K::word_behind(self.0, stem).saturating_sub(1)
    }
    fn rank<S: ShapeOf<K>>(self, node: Node<'_, S>) -> usize {
        let (rank, found) = node.find_within(self.0);
        rank - usize::from(found)
    }
    fn side_of<S: ShapeOf<K>>(self, node: Node<'_, S>) -> Side {
        node.side_of(self.0, cmp::Ordering::is_le, cmp::Ordering::is_gt)
    }
    #[inline(always)]
    fn any<'k>(self) -> Any<'k, K>
    where
        Self: 'k,
    {
        Any::Before(Before(K::shorten(self.0)))
    }
}

/// Behind every key.
#[derive(Clone, Copy)]
pub(in crate::index) struct Rightmost;

impl<K: NodeKeys> Probe<K> for Rightmost {
    fn word_behind(self, _: usize) -> u64 {
        u64::MAX
    }
    fn rank<S: ShapeOf<K>>(self, node: Node<'_, S>) -> usize {
        node.count()
    }
    fn side_of<S: ShapeOf<K>>(self, _: Node<'_, S>) -> Side {
        Side::Right
    }
    #[inline(always)]
    fn any<'k>(self) -> Any<'k, K>
    where
        Self: 'k,
    {
        Any::Rightmost(self)
    }
}
