//! Places among the keys that a search looks for.

use crate::key::KeyWords;
use crate::node::{Node, Shape};

/// A place among the keys that a search looks for.
pub(in crate::index) trait Probe<K: KeyWords>: Copy {
    /// The first word of a key close to the place.
    fn word(self) -> u64;
    /// How many of the node's slots lie before the place.
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize;
    /// Whether the place is left of the node.
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool;
    /// Whether the place is right of the node, if there is a next one.
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool;
    /// The same place, for code that need not be compiled once for each kind of place.
    fn any(self) -> Any<K>;
}

/// A place of any kind.
#[derive(Clone, Copy)]
pub(in crate::index) enum Any<K> {
    At(At<K>),
    Before(Before<K>),
    Rightmost(Rightmost),
}

impl<K: KeyWords> Probe<K> for Any<K> {
    fn word(self) -> u64 {
        match self {
            Self::At(place) => place.word(),
            Self::Before(place) => place.word(),
            Self::Rightmost(place) => Probe::<K>::word(place),
        }
    }
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        match self {
            Self::At(place) => place.rank(node),
            Self::Before(place) => place.rank(node),
            Self::Rightmost(place) => place.rank(node),
        }
    }
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        match self {
            Self::At(place) => place.is_left_of(node),
            Self::Before(place) => place.is_left_of(node),
            Self::Rightmost(place) => place.is_left_of(node),
        }
    }
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        match self {
            Self::At(place) => place.is_right_of(node),
            Self::Before(place) => place.is_right_of(node),
            Self::Rightmost(place) => place.is_right_of(node),
        }
    }
    fn any(self) -> Self {
        self
    }
}

/// Where this key is or would be: `low ≤ key < high`.
#[derive(Clone, Copy)]
pub(in crate::index) struct At<K>(pub(in crate::index) K);

impl<K: KeyWords> Probe<K> for At<K> {
    #[inline(always)]
    fn word(self) -> u64 {
        self.0.word(0)
    }
    #[inline(always)]
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        node.rank(self.0)
    }
    #[inline(always)]
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_low(self.0).is_lt()
    }
    #[inline(always)]
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_high(self.0).is_ge()
    }
    #[inline(always)]
    fn any(self) -> Any<K> {
        Any::At(self)
    }
}

/// Just before this key, which is not the least of all: `low < key ≤ high`.
#[derive(Clone, Copy)]
pub(in crate::index) struct Before<K>(pub(in crate::index) K);

impl<K: KeyWords> Before<K> {
    /// `None` for the key before which there is none.
    pub(in crate::index) fn new(key: K) -> Option<Self> {
        (0..K::WORDS).any(|i| key.word(i) != 0).then_some(Self(key))
    }
}

impl<K: KeyWords> Probe<K> for Before<K> {
    fn word(self) -> u64 {
        self.0.word(0).saturating_sub(1)
    }
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        let (rank, found) = node.find(self.0);
        rank - usize::from(found)
    }
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_low(self.0).is_le()
    }
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_high(self.0).is_gt()
    }
    #[inline(always)]
    fn any(self) -> Any<K> {
        Any::Before(self)
    }
}

/// Behind every key.
#[derive(Clone, Copy)]
pub(in crate::index) struct Rightmost;

impl<K: KeyWords> Probe<K> for Rightmost {
    fn word(self) -> u64 {
        u64::MAX
    }
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        node.count()
    }
    fn is_left_of<S: Shape<Key = K>>(self, _: Node<'_, S>) -> bool {
        false
    }
    fn is_right_of<S: Shape<Key = K>>(self, _: Node<'_, S>) -> bool {
        true
    }
    #[inline(always)]
    fn any(self) -> Any<K> {
        Any::Rightmost(self)
    }
}
