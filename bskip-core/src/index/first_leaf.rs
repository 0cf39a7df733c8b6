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

    /// Lets searches start at the first leaf, if it has been made. The thread that has made it may be interrupted
    /// before it does so. Neither waits nor calls the pool.
    pub(in crate::index) fn raise_first_leaf(&self) -> bool {
        let is_there = self.try_head(0).is_some();
        if is_there {
            self.raise_root(0);
        }
        is_there
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

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use alloc::boxed::Box;
    use alloc::vec;

    use crate::arena::{StaticArena, StaticPool};
    use crate::busy::{Busy, TryInsertCause};
    use crate::config::Config;
    use crate::index::Index;
    use crate::node::{LeafShape, LevelMark, Unreached};

    type Lazy = Index<u64, u64, StaticPool>;

    /// A handler comes between the steps of a thread that makes the first leaf.
    #[test]
    fn a_handler_uses_a_first_leaf_that_the_root_does_not_name_yet() {
        let arena: &'static StaticArena = Box::leak(Box::new(StaticArena::new()));
        arena.add_region(vec![0; 10_000].leak()).expect("the first region");
        let index = Lazy::lazy_in(arena, (), &Config::new().seed(1));

        let mut head =
            index.tree.acquire::<LeafShape<u64, u64>>(None).expect("room for a leaf").make(Unreached);
        head.format(LevelMark::of(0), None);
        assert_eq!(index.insert_within::<0>(1, 10, None), Err((10, TryInsertCause::Full)));
        assert!(index.tree.propose_head(0, head.id()));
        assert_eq!(index.insert_within::<0>(1, 10, None), Err((10, TryInsertCause::Busy)));
        assert_eq!(index.get_within(1), Err(Busy));
        drop(head);
        assert_eq!(index.insert_within::<0>(1, 10, None), Ok(None));
        assert_eq!(index.get_within(1), Ok(Some(10)));
    }
}
