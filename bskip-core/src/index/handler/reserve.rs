//! Blocks that a thread takes in advance, for insertions that must not call a pool.

use crate::arena::{AllocError, BlockPool};
use crate::few::Few;
use crate::index::engine::Index;
use crate::index::tree::Fresh;
use crate::index::write::split::SplitOff;
use crate::node::{LeafShape, NodeKeys};

/// See the module. Dropping this gives the blocks back, so it calls the pool and may wait.
pub(crate) struct Reserve<'i, K: NodeKeys, V, P: BlockPool, const MOST: usize> {
    index: &'i Index<K, V, P>,
    blocks: Few<Fresh<'i, LeafShape<K, V>, K, V, P>, MOST>,
    /// Leaves that were made of blocks and have no entry in the level above yet.
    unposted: Few<SplitOff<K::Owned>, MOST>,
}

impl<'i, K: NodeKeys, V, P: BlockPool, const MOST: usize> Reserve<'i, K, V, P, MOST> {
    pub(crate) fn new(index: &'i Index<K, V, P>) -> Self {
        Self { index, blocks: Few::new(), unposted: Few::new() }
    }

    /// How many blocks are left.
    pub(crate) fn len(&self) -> usize {
        self.blocks.as_slice().len()
    }

    /// Makes the entries that are missing, then takes blocks until there are `blocks`, at most `MOST`.
    pub(crate) fn refill(&mut self, blocks: usize) -> Result<(), AllocError> {
        self.post();
        // The first leaf may be made of a block of this reserve.
        self.index.choose_seed();
        while self.len() < blocks {
            let has_room = self.blocks.push(self.index.tree.acquire(None)?);
            debug_assert!(has_room, "`blocks` is at most `MOST`");
        }
        Ok(())
    }

    fn post(&mut self) {
        while let Some(split) = self.unposted.pop() {
            self.index.post(1, split);
        }
    }

    /// Whether this is a reserve of `index`.
    pub(crate) fn is_of(&self, index: &Index<K, V, P>) -> bool {
        core::ptr::eq(self.index, index)
    }

    /// Takes a block out.
    pub(super) fn take(&mut self) -> Option<Fresh<'i, LeafShape<K, V>, K, V, P>> {
        self.blocks.pop()
    }

    /// Makes a block the map's first leaf, unless another thread is faster. False if there is no block.
    pub(super) fn make_first_leaf(&mut self) -> bool {
        let Some(block) = self.take() else { return false };
        if let Some(unused) = self.index.tree.offer_first_leaf(block) {
            let has_room = self.blocks.push(unused);
            debug_assert!(has_room, "it was taken from here");
        }
        true
    }

    /// Remembers a leaf without an entry. It was made of a block of this reserve.
    pub(super) fn post_later(&mut self, split: SplitOff<K::Owned>) {
        // If there is no room, because other entries are still missing, searches step right to this leaf.
        _ = self.unposted.push(split);
    }
}

impl<K: NodeKeys, V, P: BlockPool, const MOST: usize> Drop for Reserve<'_, K, V, P, MOST> {
    fn drop(&mut self) {
        self.post();
    }
}
