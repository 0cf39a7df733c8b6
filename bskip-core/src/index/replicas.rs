//! Replicas of the inner levels: a thread searches the copies on its own NUMA node, and only the leaf is shared.
//!
//! Nothing depends on a replica being up to date: what it leads to is a leaf that must state by itself that it covers the
//! key, by the rule that holds for every search. A search that a replica leads nowhere goes by the originals.
//!
//! A replica is written under its original's lock only, and has the version that names the state it is a copy of.

use super::Index;
use super::descend::{Any, At, Found, MOST_STEPS, Probe};
use super::hints::Hints;
use crate::arena::{BlockId, BlockPool, Numa};
use crate::config::Refresh;
use crate::key::KeyWords;
use crate::node::{Inner, InnerShape, LeafShape, LevelMark, Locked, Shape};

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Replica number `replica` of the inner node in block `id`: to be read, never locked.
    #[inline(always)]
    fn replica(&self, replica: usize, id: BlockId) -> Inner<'_, K> {
        debug_assert!(replica < self.replicas);
        // SAFETY: the pool has issued `id`, as for `node`, and has so many replicas: callers take `replica` from
        // `nearest_replica` or below `replicas`.
        let base = unsafe { self.inners.replica_address(replica, id) };
        // SAFETY: the pool was made with the layout of inner nodes, lives as long as `self`, and its replicas are only
        // accessed here.
        unsafe { Inner::from_raw(base, id) }
    }

    /// The inner node in block `id` as it is near this thread: to be read, never locked.
    #[inline(always)]
    pub(super) fn near(&self, id: BlockId) -> Inner<'_, K> {
        match self.replicas {
            0 => self.inner(id),
            _ => self.nearest(id),
        }
    }

    #[inline(never)]
    fn nearest(&self, id: BlockId) -> Inner<'_, K> {
        self.replica(self.inners.nearest_replica(), id)
    }

    /// The hint table near this thread.
    #[inline(always)]
    pub(super) fn nearest_hints(&self) -> &Hints {
        match self.replicas {
            0 => &self.hints,
            _ => self.hints_of_replica(),
        }
    }

    #[inline(never)]
    fn hints_of_replica(&self) -> &Hints {
        &self.near_hints[self.inners.nearest_replica()]
    }

    /// The level-1 node at `probe` near this thread, if hint table or replica know it or one close to its left: to be
    /// read, never locked.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn near_parent(&self, probe: impl Probe<K>) -> Option<Found<'_, InnerShape<K>>> {
        match self.replicas {
            0 => self.hinted(probe),
            _ => self.replicated_parent(self.inners.nearest_replica(), probe.any()),
        }
    }

    /// As [`near_parent`](Self::near_parent), of that replica.
    #[inline(never)]
    fn replicated_parent(&self, replica: usize, probe: Any<K>) -> Option<Found<'_, InnerShape<K>>> {
        let near = |id| self.replica(replica, id);
        let hinted = self.near_hints[replica].find(probe.word()).and_then(|id| {
            let node = near(id);
            node.prefetch();
            self.walk_right::<_, MOST_STEPS>(node, LevelMark::of(1), probe, near)
        });
        hinted.or_else(|| self.parent_below_root(replica, probe))
    }

    /// The level-1 node at `probe` by this thread's replica, for a search that its hint led nowhere; `None` if there is
    /// none, or it does not lead there.
    #[inline(always)]
    pub(super) fn unhinted_parent(&self, probe: impl Probe<K>) -> Option<Found<'_, InnerShape<K>>> {
        match self.replicas {
            0 => None,
            _ => self.parent_below_root(self.inners.nearest_replica(), probe.any()),
        }
    }

    /// As [`unhinted_parent`](Self::unhinted_parent), of that replica.
    #[inline(never)]
    fn parent_below_root(&self, replica: usize, probe: Any<K>) -> Option<Found<'_, InnerShape<K>>> {
        let near = |id| self.replica(replica, id);
        let (mut level, head) = self.root();
        // What the root names then is a leaf.
        if level == 0 {
            return None;
        }
        // Where nobody of this node writes, searches see to its table.
        let hints = &self.near_hints[replica];
        if hints.is_stale() {
            self.renew(hints);
        }
        let mut node = near(head);
        loop {
            let (here, version) =
                self.walk_right::<_, MOST_STEPS>(node, LevelMark::of(level), probe, near)?;
            if level == 1 {
                return Some((here, version));
            }
            node = near(Self::child_at(here, version, probe)?);
            node.prefetch();
            level -= 1;
        }
    }

    /// The leaf at `probe`, by this thread's replica; `None` if there is none, or it does not lead there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn replicated_leaf(&self, probe: impl Probe<K>) -> Option<Found<'_, LeafShape<K, V>>> {
        if self.replicas == 0 { None } else { self.leaf_of_replica(probe.any()) }
    }

    #[inline(never)]
    fn leaf_of_replica(&self, probe: Any<K>) -> Option<Found<'_, LeafShape<K, V>>> {
        let replica = self.inners.nearest_replica();
        let parent = self.replicated_parent(replica, probe);
        let child = parent.and_then(|(parent, version)| Self::child_at(parent, version, probe));
        let found = child.and_then(|child| {
            let leaf = self.leaf(child);
            leaf.prefetch();
            self.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), probe)
        });
        let straight = || found.zip(child).is_some_and(|((leaf, _), child)| leaf.id() == child);
        if self.refresh == Refresh::Lazy && !straight() {
            // A leaf may have no entry, or another thread may hold it: then there is nothing to refresh.
            let is_current = parent.is_some_and(|(parent, version)| self.inner(parent.id()).is_of(version));
            if !is_current {
                self.refresh_path(replica, probe);
            }
        }
        found
    }

    /// Brings the nodes on the way to `probe` up to date in one replica. Waits for nobody: ends at what another thread
    /// holds.
    #[cold]
    #[inline(never)]
    fn refresh_path(&self, replica: usize, probe: Any<K>) -> Option<()> {
        let (mut level, head) = self.root();
        let mut node = self.inner(head);
        while level > 0 {
            let (here, version) = self.settle_within::<_, MOST_STEPS>(node, LevelMark::of(level), probe)?;
            let child = Self::child_at(here, version, probe)?;
            if !self.replica(replica, here.id()).is_of(version) {
                let here = here.try_lock(version)?;
                here.copy_unchanged_to(self.replica(replica, here.id()));
                here.unlock_unchanged();
            }
            level -= 1;
            if level > 0 {
                node = self.inner(child);
            }
        }
        Some(())
    }

    /// Unlocks a changed node; if it is an inner one, its replicas follow before.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn finish<S: Shape<Key = K>>(&self, node: Locked<'_, S>) {
        if self.replicas > 0
            && self.refresh == Refresh::Synchronous
            && let Some(inner) = S::as_inner(&node)
        {
            self.copy_to_replicas(inner);
        }
        drop(node);
    }

    #[cold]
    #[inline(never)]
    fn copy_to_replicas(&self, node: &Locked<'_, InnerShape<K>>) {
        for replica in 0..self.replicas {
            node.copy_changed_to(self.replica(replica, node.id()));
        }
    }

    /// Whether every node gets its entry in the level above.
    #[cfg(all(test, shuttle))]
    pub(crate) fn posts(&self) -> bool {
        self.heights.posts
    }

    /// When replicas follow.
    pub(crate) fn refresh(&self) -> Refresh {
        self.refresh
    }

    /// Brings every replica of every inner node up to date, but for nodes that other threads change meanwhile. Gives how
    /// many copies were made.
    pub(crate) fn refresh_replicas(&self) -> usize {
        let mut copies = 0;
        if self.replicas == 0 {
            return copies;
        }
        for level in 1..=self.root().0 {
            let mut at = Some(self.head(level));
            // Where the node should start, and where the last one ended.
            let (mut start, mut done) = (None, None);
            while let Some(id) = at {
                let node = self.inner(id);
                let version = node.read_begin();
                let (next, high) = (node.next(), node.high());
                let starts_here = start.is_none_or(|start| node.compare_low(start).is_eq());
                let is_it = node.level() == LevelMark::of(level) && starts_here;
                if !node.validate(version) || !is_it {
                    // The chain has changed here: go on from where this node should have been.
                    let again = done.map(|done| self.inner_at(At(done), level).0.id());
                    (at, start) = (again.or_else(|| Some(self.head(level))), None);
                    continue;
                }
                let stale = |&replica: &usize| !self.replica(replica, id).is_of(version);
                if (0..self.replicas).any(|replica| stale(&replica))
                    && let Some(node) = node.try_lock(version)
                {
                    for replica in (0..self.replicas).filter(stale) {
                        node.copy_unchanged_to(self.replica(replica, id));
                        copies += 1;
                    }
                    node.unlock_unchanged();
                }
                (at, start, done) = (next, Some(high), Some(high));
            }
        }
        copies
    }

    /// Replicas of linked nodes that are not what their originals are. For a map at rest.
    #[cfg(feature = "check")]
    pub(super) fn stale_replicas(&self) -> usize {
        let mut stale = 0;
        for level in 1..=self.root().0 {
            let mut at = Some(self.head(level));
            while let Some(id) = at {
                let node = self.inner(id);
                let version = node.read_begin();
                let is_stale = |&replica: &usize| !self.replica(replica, id).is_of(version);
                stale += (0..self.replicas).filter(is_stale).count();
                let fresh = (0..self.replicas).filter(|replica| !is_stale(replica));
                fresh.for_each(|replica| {
                    let copy = self.replica(replica, id);
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
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::arena::paired::{PairedArena, PairedPool};
    use crate::config::{Config, Promotion};
    use crate::height::mix;
    use crate::index::Existing;

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
        // Each search refreshes what led it astray: the second time there is nothing of that kind.
        found(&index);
        assert_eq!(found(&index), KEYS as usize);
        assert_eq!(index.walk().stale_replicas, index.refresh_replicas());
        assert_eq!(index.walk().stale_replicas, 0);
    }

    /// A retired node's replica must not go on to pass for a node of the map.
    #[test]
    fn a_merged_node_ends_in_its_replica_too() {
        let index = index(Promotion::Overflow, Refresh::Synchronous);
        let level_1 = |index: &U64Index| {
            let mut nodes = alloc::vec::Vec::new();
            let mut at = Some(index.head(1));
            while let Some(id) = at {
                nodes.push(id);
                at = index.inner(id).next();
            }
            nodes
        };
        let before = level_1(&index);
        (0..KEYS).map(mix).for_each(|key| assert_eq!(index.remove(key), Some(!key)));
        let left = level_1(&index);
        let gone: alloc::vec::Vec<_> = before.iter().filter(|id| !left.contains(id)).collect();
        assert!(gone.len() * 2 > before.len());
        for &&id in &gone {
            assert_ne!(index.replica(0, id).level(), LevelMark::of(1));
        }
    }

    /// Without an entry above them leaves are many before there is a level above.
    #[test]
    fn no_level_above_the_leaves() {
        let config = Config::new().promotion(Promotion::Coin { one_in: u32::MAX }).seed(1);
        let index: U64Index =
            Index::new(&PairedArena { replicated: true, ..PairedArena::default() }, &config).expect("memory");
        (0..1000).for_each(|key| assert!(index.insert(key, !key, Existing::Replace).is_ok()));
        assert_eq!(index.root().0, 0);
        assert!(index.near_parent(At(500)).is_none() && index.replicated_leaf(At(500)).is_none());
        assert_eq!(index.get(500), Some(!500));
    }
}
