//! Bringing replicas up to date on demand.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::node::{LevelMark, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Brings every replica of every inner node up to date, except for nodes that other threads change
    /// meanwhile. Returns how many copies it made.
    pub(crate) fn refresh_replicas(&self) -> usize {
        let mut copies = 0;
        if self.router.replicas() == 0 {
            return copies;
        }
        for level in 1..=self.tree.root().0 {
            let mut at = Some(self.tree.head(level));
            // Where the node should start, and where the last one ended.
            let mut start: Option<K::Owned> = None;
            let mut done: Option<K::Owned> = None;
            while let Some(id) = at {
                let node = self.tree.inner(id);
                let version = self.tree.read_begin(node);
                let (next, high) = (node.next(), node.high());
                let starts_here =
                    start.as_ref().is_none_or(|start| node.compare_low(K::borrow(start)).is_eq());
                let is_it = node.level() == LevelMark::of(level) && starts_here;
                if !node.validate(version) || !is_it {
                    // The chain has changed here: the walk continues from where this node should have been.
                    let again = done.as_ref().map(|done| self.inner_at(At(K::borrow(done)), level).0.id());
                    (at, start) = (again.or_else(|| Some(self.tree.head(level))), None);
                    continue;
                }
                let stale = |&replica: &usize| !self.tree.replica(replica, id).is_of(version);
                if (0..self.router.replicas()).any(|replica| stale(&replica))
                    && let Some(node) = node.try_guard::<P::Platform>(version)
                {
                    for replica in (0..self.router.replicas()).filter(stale) {
                        node.copy_unchanged_to(self.tree.replica(replica, id));
                        copies += 1;
                    }
                    node.unlock_unchanged();
                }
                (at, start, done) = (next, Some(high.clone()), Some(high));
            }
        }
        copies
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::arena::paired::{PairedArena, PairedPool};
    use crate::config::{Config, Promotion, Refresh};
    use crate::index::write::existing::Existing;
    use crate::mix::mix;

    type U64Index = Index<u64, u64, PairedPool>;

    const KEYS: u64 = 20_000;

    fn index(promotion: Promotion, refresh: Refresh) -> U64Index {
        let config = Config::new().promotion(promotion).refresh(refresh).seed(1);
        let index =
            Index::new(&PairedArena { replicated: true, ..PairedArena::default() }, &config).expect("memory");
        (0..KEYS).map(mix).for_each(|key| assert!(index.insert(key, !key, Existing::Replace).is_ok()));
        index
    }

    fn found(index: &U64Index) -> usize {
        let by_replica = |key: u64| {
            index.replicated_leaf(At(key)).is_some_and(|(leaf, version)| {
                let found = leaf.find(key).1;
                leaf.validate(version) && found
            })
        };
        (0..KEYS).map(mix).filter(|&key| by_replica(key)).count()
    }

    #[test]
    fn replicas_that_follow_lead_every_search_to_its_leaf() {
        for promotion in [Promotion::Overflow, Promotion::CoinAndOverflow { one_in: 32 }] {
            let index = index(promotion, Refresh::Synchronous);
            assert_eq!(found(&index), KEYS as usize);
        }
    }

    #[test]
    fn a_lazy_replica_leads_to_the_leaf_once_a_search_has_refreshed_it() {
        let mut index = index(Promotion::Overflow, Refresh::Lazy);
        // Each search refreshes the replica that led it astray, so the second time none does.
        found(&index);
        assert_eq!(found(&index), KEYS as usize);
        assert_eq!(index.walk().stale_replicas, index.refresh_replicas());
        assert_eq!(index.walk().stale_replicas, 0);
    }

    /// A retired node's replica must not pass for a node of the map any longer.
    #[test]
    fn a_merged_node_ends_in_its_replica_too() {
        let index = index(Promotion::Overflow, Refresh::Synchronous);
        let level_1 = |index: &U64Index| {
            let mut nodes = alloc::vec::Vec::new();
            let mut at = Some(index.tree.head(1));
            while let Some(id) = at {
                nodes.push(id);
                at = index.tree.inner(id).next();
            }
            nodes
        };
        let before = level_1(&index);
        (0..KEYS).map(mix).for_each(|key| assert_eq!(index.remove(key), Some(!key)));
        let left = level_1(&index);
        let gone: alloc::vec::Vec<_> = before.iter().filter(|id| !left.contains(id)).collect();
        assert!(gone.len() * 2 > before.len());
        for &&id in &gone {
            assert_ne!(index.tree.replica(0, id).level(), LevelMark::of(1));
        }
    }

    /// Leaves without an entry become many before there is a level above them.
    #[test]
    fn no_level_above_the_leaves() {
        let config = Config::new().promotion(Promotion::Coin { one_in: u32::MAX }).seed(1);
        let index: U64Index =
            Index::new(&PairedArena { replicated: true, ..PairedArena::default() }, &config).expect("memory");
        (0..1000).for_each(|key| assert!(index.insert(key, !key, Existing::Replace).is_ok()));
        assert_eq!(index.tree.root().0, 0);
        assert!(index.near_parent(At(500)).is_none() && index.replicated_leaf(At(500)).is_none());
        assert_eq!(index.get(500), Some(!500));
    }
}
