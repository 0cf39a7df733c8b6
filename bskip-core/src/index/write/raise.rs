//! Making levels.

use crate::arena::{AllocError, BlockPool};
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::write::commit::Commit;
use crate::node::{InnerShape, LevelMark, NodeKeys};
use crate::section::Section;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Makes `level` and all levels below it, and lets searches start there or higher.
    pub(in crate::index) fn raise(&self, level: usize) -> Result<(), AllocError> {
        debug_assert!(level < LEVELS);
        if self.tree.root().0 >= level {
            return Ok(());
        }
        for level in 1..=level {
            self.make_head(level)?;
            // One level at a time: if a level cannot be made, the root knows all that were made.
            self.tree.raise_root(level);
        }
        Ok(())
    }

    /// Makes the first node of `level` if there is none.
    fn make_head(&self, level: usize) -> Result<(), AllocError> {
        if self.tree.try_head(level).is_some() {
            return Ok(());
        }
        let commit = Commit::new(self);
        let block = self.tree.acquire::<InnerShape<K>>(None)?;
        let section = Section::<P::Platform>::enter();
        let mut node = block.make(&commit);
        node.format(LevelMark::of(level), None);
        node.insert_first(self.tree.head(level - 1));
        if !self.tree.propose_head(level, node.id()) {
            // Another thread was faster. No thread may see this node unlocked: a thread with a stale
            // reference would take it for the first node of the level.
            let retired = node.retire();
            drop(section);
            self.tree.release(retired);
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "std", not(any(loom, shuttle))))]
mod tests {
    use std::panic::{self, AssertUnwindSafe};

    use crate::arena::{GlobalArena, GlobalPool};
    use crate::config::Config;
    use crate::index::engine::Index;
    use crate::platform::Platform;

    struct Mine;

    impl Platform for Mine {
        fn relax(_: u32) {}

        fn broken(message: &'static str) -> ! {
            panic::panic_any((7, message))
        }
    }

    #[test]
    fn what_is_broken_is_told_to_the_platform() {
        let arena = GlobalArena::new().platform::<Mine>();
        let index: Index<u64, u64, GlobalPool<Mine>> = Index::new(&arena, &Config::new()).expect("memory");
        let told =
            panic::catch_unwind(AssertUnwindSafe(|| index.tree.head(3))).expect_err("the map has no level 3");
        let (number, message) = *told.downcast_ref::<(i32, &str)>().expect("what `Mine` throws");
        assert!(number == 7 && message.contains("levels up to the root's"), "{message}");
    }
}
