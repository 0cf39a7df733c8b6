//! Parallel iterators and collecting, by rayon (feature).
//!
//! A range is divided where a node of the tree starts, as near the middle as the highest level tells. So a split is
//! one short search, and the parts meet at the border of two leaves.

mod bytes;
mod collect;
mod numbers;

use core::mem;
use core::ops::Bound;

use crate::arena::BlockPool;
use crate::index::Index;
use crate::node::NodeKeys;

pub use bytes::{ClonedParBytesRange, ParBytesRange, ParBytesSetRange};
pub use numbers::{ClonedParRange, ParRange, ParSetRange};

/// A range of an index, which threads divide among them.
struct Part<'a, K: NodeKeys, V, P: BlockPool> {
    index: &'a Index<K, V, P>,
    lower: Bound<K::Owned>,
    upper: Bound<K::Owned>,
}

impl<'a, K: NodeKeys, V, P: BlockPool> Part<'a, K, V, P> {
    fn new(index: &'a Index<K, V, P>, lower: Bound<K::Owned>, upper: Bound<K::Owned>) -> Self {
        Self { index, lower, upper }
    }

    /// Two parts, or one if the range is too short.
    fn split(mut self) -> (Self, Option<Self>) {
        let (lower, upper) = (self.lower.as_ref().map(K::borrow), self.upper.as_ref().map(K::borrow));
        let Some(middle) = self.index.middle(lower, upper) else { return (self, None) };
        let upper = mem::replace(&mut self.upper, Bound::Excluded(middle.clone()));
        let right = Self { index: self.index, lower: Bound::Included(middle), upper };
        (self, Some(right))
    }
}

impl<K: NodeKeys, V, P: BlockPool> Clone for Part<'_, K, V, P> {
    fn clone(&self) -> Self {
        Self { index: self.index, lower: self.lower.clone(), upper: self.upper.clone() }
    }
}
