//! The bytes with which all keys of a map begin, but those of the first and of the last node of level 1: the stem.
//! The tables work on the words behind it.
//!
//! The words of other keys name the wrong nodes, which a search notices. A table keeps the stem that it was filled for.

use crate::arena::{BlockId, BlockPool};
use crate::index::tree::Tree;
use crate::key::KeyKind;
use crate::node::{LevelMark, NodeKeys};
use crate::sync::{AtomicUsize, Ordering};

/// A map whose level 2 has fewer entries has no stem: the first and the last of these nodes have too many of the keys.
const FEW: usize = 16;

/// The length of a table's stem.
pub(in crate::index) struct Stem(AtomicUsize);

impl Stem {
    pub(in crate::index) const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// The length, for keys of this kind.
    #[inline(always)]
    pub(in crate::index) fn of<K: KeyKind>(&self) -> usize {
        // Relaxed: with the stem of another filling, a reader finds the wrong nodes, and a writer enters nodes for the
        // wrong words. The next entry there, or the next filling, corrects that.
        if K::HAS_STEM { self.0.load(Ordering::Relaxed) } else { 0 }
    }

    pub(in crate::index) fn set(&self, stem: usize) {
        self.0.store(stem, Ordering::Relaxed);
    }
}

/// The length of the stem. `None` if other threads are changing the first or the last node of level 1, or what leads
/// to them.
#[cold]
pub(in crate::index) fn stem_of<K: NodeKeys, V, P: BlockPool>(tree: &Tree<K, V, P>) -> Option<usize> {
    if !K::HAS_STEM || tree.root().0 < 2 || has_few(tree)? {
        return Some(0);
    }
    let (first, last) = (tree.inner(tree.head(1)), tree.inner(last_of_level_1(tree)?));
    let versions = (first.try_read_begin()?, last.try_read_begin()?);
    let are_linked = [first, last].iter().all(|node| node.level() == LevelMark::of(1));
    let stem = last.stem_from(first);
    (first.validate(versions.0) && last.validate(versions.1) && are_linked).then_some(stem)
}

fn has_few<K: NodeKeys, V, P: BlockPool>(tree: &Tree<K, V, P>) -> Option<bool> {
    let node = tree.inner(tree.head(2));
    let version = node.try_read_begin()?;
    let has_few = node.next().is_none() && node.count() < FEW;
    node.validate(version).then_some(has_few)
}

fn last_of_level_1<K: NodeKeys, V, P: BlockPool>(tree: &Tree<K, V, P>) -> Option<BlockId> {
    let (mut level, mut id) = tree.root();
    while level > 1 {
        let node = tree.inner(id);
        let version = node.try_read_begin()?;
        let is_linked = node.level() == LevelMark::of(level);
        let (next, child) = (node.next(), node.child(node.count().saturating_sub(1)));
        if !node.validate(version) || !is_linked {
            return None;
        }
        if let Some(next) = next {
            id = next;
        } else {
            id = child?;
            level -= 1;
        }
    }
    Some(id)
}
