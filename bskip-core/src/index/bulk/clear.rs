//! Emptying a map.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Drops every value, gives back every block but the first leaf's, and starts over. If a drop panics, all
    /// of that still happens while the panic unwinds.
    pub(crate) fn clear(&mut self) {
        struct StartOver<'a, K: NodeKeys, V, P: BlockPool>(&'a mut Index<K, V, P>);
        impl<K: NodeKeys, V, P: BlockPool> Drop for StartOver<'_, K, V, P> {
            fn drop(&mut self) {
                self.0.pairs.reset();
                self.0.router.reset();
                self.0.tree.start_over();
            }
        }
        let index = StartOver(self);
        index.0.tree.drop_values(index.0.tree.chain());
    }
}
