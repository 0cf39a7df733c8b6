//! The first leaf of a map: made with the map, or at the first insertion if the pools are lazy.
//!
//! Until then searches end at the sentinel (`node/empty.rs`). An operation that may insert makes the first leaf before
//! it searches, so it never meets the sentinel. If there is no memory, the map stays as it is.

use crate::arena::{AllocError, BlockPool};
use crate::index::tree::{Fresh, Tree};
use crate::node::{LeafShape, LevelMark, NodeKeys, Unreached};
use crate::section::Section;

impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// Makes the first leaf if there is none, and lets searches start there.
    ///
    /// # Errors
    /// [`AllocError`] if there was no memory at a moment at which there was no first leaf.
    pub(in crate::index) fn make_first_leaf(&self) -> Result<(), AllocError> {
        if self.try_head(0).is_none() {
            match self.acquire::<LeafShape<K, V>>(None) {
                Ok(block) => drop(self.offer_first_leaf(block)),
                // Another thread may have had more luck.
                Err(error) if self.try_head(0).is_none() => return Err(error),
                Err(_) => {}
            }
        }
        self.raise_root(0);
        Ok(())
    }

    /// Makes a block the first leaf, and lets searches start at the first leaf. Returns the block if another thread was
    /// faster. Neither waits nor calls the pool.
    pub(in crate::index) fn offer_first_leaf<'t>(
        &'t self,
        block: Fresh<'t, LeafShape<K, V>, K, V, P>,
    ) -> Option<Fresh<'t, LeafShape<K, V>, K, V, P>> {
        let _section = Section::<P::Platform>::enter();
        let mut head = block.make(Unreached);
        head.format(LevelMark::of(0), None);
        // If another thread was faster, no thread has seen this leaf unlocked, as in `make_head`.
        let is_first = self.propose_head(0, head.id());
        let back = if is_first { None } else { Some(self.reuse(head.retire())) };
        self.raise_root(0);
        back
    }
}
