//! What unit tests of several files begin with.

use crate::arena::{GlobalArena, GlobalPool};
use crate::config::{Config, Promotion};
use crate::index::engine::Index;
use crate::index::write::existing::Existing;
use crate::node::Leaf;

pub(in crate::index) type U64Index = Index<u64, u64, GlobalPool>;

/// Pairs of a leaf.
pub(in crate::index) const CAPACITY: u64 = Leaf::<u64, u64>::CAPACITY as u64;

/// An index of these keys. Each value is the complement of its key.
pub(in crate::index) fn index(promotion: Promotion, keys: impl IntoIterator<Item = u64>) -> U64Index {
    let index = Index::new(&GlobalArena::new(), &Config::new().promotion(promotion).seed(1)).expect("memory");
    keys.into_iter().for_each(|key| assert!(index.insert(key, !key, Existing::Replace).is_ok()));
    index
}
