//! The first leaf of a map: made with the map, or at the first insertion if the pools are lazy.
//!
//! Until then searches end at the sentinel (`node/empty.rs`). An operation that may insert makes the first leaf before
//! it searches, so it never meets the sentinel. If there is no memory, the map stays as it is.

use crate::arena::{AllocError, BlockPool};
use crate::index::tree::Tree;
use crate::node::{LeafShape, LevelMark, NodeKeys, Unreached};

impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// Makes the first leaf if there is none, and lets searches start there.
    ///
    /// # Errors
    /// [`AllocError`] if there was no memory at a moment at which there was no first leaf.
    pub(in crate::index) fn make_first_leaf(&self) -> Result<(), AllocError> {
        if self.try_head(0).is_none() {
            match self.acquire::<LeafShape<K, V>>(None) {
                Ok(block) => {
                    let mut head = block.make(Unreached);
                    head.format(LevelMark::of(0), None);
                    if !self.propose_head(0, head.id()) {
                        // Another thread was faster. No thread has seen this leaf unlocked, as in `make_head`.
                        self.release(head.retire());
                    }
                }
                // Another thread may have had more luck.
                Err(error) if self.try_head(0).is_none() => return Err(error),
                Err(_) => {}
            }
        }
        self.raise_root(0);
        Ok(())
    }
}
