//! Walks a whole map and checks everything that must hold while no thread changes it.

use alloc::collections::BTreeMap;

use crate::arena::{BlockId, BlockPool};
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::node::{InnerShape, LeafShape, LevelMark, Node, NodeKeys, ShapeOf};

/// What [`check_invariants`](crate::BSkipMap::check_invariants) counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Structure {
    /// Pairs in the map.
    pub keys: usize,
    /// Leaves.
    pub leaves: usize,
    /// Inner nodes, of all levels.
    pub inners: usize,
    /// Levels, leaves included.
    pub levels: usize,
    /// Nodes below the top level without an entry in the level above.
    pub unlisted: usize,
    /// Replicas that differ from their inner nodes. With [`Refresh::Synchronous`](crate::Refresh) there are
    /// none.
    pub stale_replicas: usize,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// See [`BSkipMap::check_invariants`](crate::BSkipMap::check_invariants).
    pub(crate) fn walk(&mut self) -> Structure {
        let top = self.tree.root().0;
        let mut found = Structure { levels: top + 1, ..Structure::default() };
        (found.leaves, found.keys) = self.walk_level::<LeafShape<K, V>>(0);
        assert!(
            self.pairs.get().is_none_or(|pairs| pairs == found.keys),
            "{:?} pairs counted, {found:?}",
            self.pairs.get()
        );
        let mut below = found.leaves;
        for level in 1..=top {
            let (nodes, entries) = self.walk_level::<InnerShape<K>>(level);
            match level {
                1 => self.walk_entries::<LeafShape<K, V>>(level),
                _ => self.walk_entries::<InnerShape<K>>(level),
            }
            assert!(entries <= below, "level {level} has {entries} entries for {below} nodes");
            found.unlisted += below - entries;
            found.inners += nodes;
            below = nodes;
        }
        for level in top + 1..LEVELS {
            assert_eq!(self.tree.try_head(level), None, "level {level} is above the root's");
        }
        found.stale_replicas = self.stale_replicas();
        let leaves = self.usage_of::<LeafShape<K, V>>(0, 0).issued_blocks;
        let inners = self.usage_of::<InnerShape<K>>(1, top).issued_blocks;
        assert_eq!(found.leaves, leaves, "leaves reached, and blocks issued");
        assert_eq!(found.inners, inners, "inner nodes reached, and blocks issued");
        let mut references = BTreeMap::new();
        self.count_references::<LeafShape<K, V>>(0, &mut references);
        (1..=top).for_each(|level| self.count_references::<InnerShape<K>>(level, &mut references));
        self.tree.check_store(&references);
        found
    }

    /// Counts the references of a level's nodes to strings outside of them.
    fn count_references<S: ShapeOf<K>>(&self, level: usize, references: &mut BTreeMap<u32, usize>) {
        let mut at = self.tree.try_head(level);
        while let Some(id) = at {
            let node: Node<'_, S> = self.tree.node(id);
            node.each_number(&mut |number| *references.entry(number).or_default() += 1);
            at = node.next();
        }
    }

    /// Counts the replicas of linked nodes that differ from their originals. The map must be at rest.
    #[cfg(feature = "check")]
    pub(in crate::index) fn stale_replicas(&self) -> usize {
        let mut stale = 0;
        for level in 1..=self.tree.root().0 {
            let mut at = Some(self.tree.head(level));
            while let Some(id) = at {
                let node = self.tree.inner(id);
                let version = self.tree.read_begin(node);
                let is_stale = |&replica: &usize| !self.tree.replica(replica, id).is_of(version);
                stale += (0..self.router.replicas()).filter(is_stale).count();
                let fresh = (0..self.router.replicas()).filter(|replica| !is_stale(replica));
                fresh.for_each(|replica| {
                    let copy = self.tree.replica(replica, id);
                    copy.check_is_copy_of(node);
                    assert!(
                        (0..node.count()).all(|slot| copy.child(slot) == node.child(slot)),
                        "a replica's children"
                    );
                });
                at = node.next();
            }
        }
        stale
    }

    /// Checks the nodes of a level from left to right: levels, fences, order, samples. Returns how many nodes
    /// and slots there are.
    fn walk_level<S: ShapeOf<K>>(&self, level: usize) -> (usize, usize) {
        let (mut nodes, mut slots) = (0, 0);
        let mut at: Option<BlockId> = self.tree.try_head(level);
        let mut expected_low: Option<K::Owned> = None;
        while let Some(id) = at {
            let node: Node<'_, S> = self.tree.node(id);
            let what = alloc::format!("level {level}, block {}", id.0);
            assert!(!node.is_locked(), "{what}: left locked");
            assert_eq!(node.level(), LevelMark::of(level), "{what}: level");
            match &expected_low {
                None => assert!(node.low_is_least(), "{what}: the first node starts below every key"),
                Some(low) => {
                    assert!(node.compare_low(K::borrow(low)).is_eq(), "{what}: fences of neighbours")
                }
            }
            let count = node.count();
            // The first entry of a level's first node stands below every key. Its word is zero, and zero need
            // not be a key.
            let sentinels = usize::from(level > 0 && expected_low.is_none());
            if sentinels > 0 {
                assert!(node.key_is_least(0), "{what}: the first entry stands below every key");
            }
            for slot in sentinels..count {
                let key = node.key(slot);
                let key = K::borrow(&key);
                assert!(node.compare_low(key).is_ge(), "{what}: a key below the low fence");
                assert!(
                    node.next().is_none() || node.compare_high(key).is_lt(),
                    "{what}: a key above the fence"
                );
                assert!(
                    slot <= sentinels || node.compare_key(key, slot - 1).is_gt(),
                    "{what}: keys out of order"
                );
                assert_eq!(node.find(key), (slot + 1, true), "{what}: search misses a key");
            }
            node.check_samples();
            if level > 0 {
                assert!(count > 0, "{what}: an inner node without entries");
                assert!(
                    sentinels > 0 || node.compare_low(K::borrow(&node.key(0))).is_eq(),
                    "{what}: the first entry stands at the fence"
                );
            }
            nodes += 1;
            slots += count;
            at = node.next();
            expected_low = Some(node.high());
        }
        (nodes, slots)
    }

    /// Checks that every entry of `level` leads to the node below that starts there.
    fn walk_entries<S: ShapeOf<K>>(&self, level: usize) {
        let mut at = Some(self.tree.head(level));
        let mut below = Some(self.tree.head(level - 1));
        while let Some(id) = at {
            let node = self.tree.inner(id);
            for slot in 0..node.count() {
                let child = node.child(slot).expect("an entry in use has a child");
                // Steps right on the level below until the child comes. Entries are in order, so one pass
                // finds all children.
                while let Some(candidate) = below.filter(|&candidate| candidate != child) {
                    below = self.tree.node::<S>(candidate).next();
                }
                assert_eq!(below, Some(child), "level {level}: an entry leads to no node of its level");
                let child: Node<'_, S> = self.tree.node(child);
                assert!(
                    node.key_is_least(slot) && child.low_is_least()
                        || child.compare_low(K::borrow(&node.key(slot))).is_eq(),
                    "level {level}: an entry and its child's fence"
                );
            }
            at = node.next();
        }
    }
}
