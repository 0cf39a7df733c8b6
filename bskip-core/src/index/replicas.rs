//! Replicas of the inner levels: a thread searches the copies on its own NUMA node, and only the leaf is shared.
//!
//! Nothing depends on a replica being up to date: what it leads to is a leaf that must state by itself that it covers the
//! key, by the rule that holds for every search. A search that a replica leads nowhere goes by the originals.
//!
//! A replica is written under its original's lock only, and has the version that names the state it is a copy of.

use super::Index;
use super::descend::{At, Found, MOST_STEPS, Probe};
use crate::arena::{BlockId, NodePool};
use crate::config::Refresh;
use crate::key::Key;
use crate::node::{Inner, InnerShape, LeafShape, LevelMark, Locked, Shape};

impl<K: Key, V, P: NodePool> Index<K, V, P> {
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
            _ => self.replica(self.inners.nearest_replica(), id),
        }
    }

    /// The level-1 node at `probe` near this thread, if hint table or replica know it or one close to its left: to be
    /// read, never locked. The map has levels above the leaves.
    #[inline(always)]
    pub(super) fn near_parent(&self, probe: impl Probe<K>) -> Option<Found<'_, InnerShape<K>>> {
        match self.replicas {
            0 => self.hinted(probe),
            _ => self.replicated_parent(self.inners.nearest_replica(), probe),
        }
    }

    /// As [`near_parent`](Self::near_parent), of that replica.
    #[inline(never)]
    fn replicated_parent(&self, replica: usize, probe: impl Probe<K>) -> Option<Found<'_, InnerShape<K>>> {
        let near = |id| self.replica(replica, id);
        if let Some(id) = self.hints.find(probe.word()) {
            let node = near(id);
            node.prefetch();
            let found = self.walk_right::<_, MOST_STEPS>(node, LevelMark::of(1), probe, near);
            if found.is_some() {
                return found;
            }
        }
        let (mut level, head) = self.root();
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

    /// The leaf at `probe`, by this thread's replica; `None` if that does not lead there.
    #[inline(never)]
    pub(super) fn replicated_leaf(&self, probe: impl Probe<K>) -> Option<Found<'_, LeafShape<K, V>>> {
        let replica = self.inners.nearest_replica();
        let child = self
            .replicated_parent(replica, probe)
            .and_then(|(parent, version)| Self::child_at(parent, version, probe));
        let found = child.and_then(|child| {
            let leaf = self.leaf(child);
            leaf.prefetch();
            self.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), probe)
        });
        if self.refresh == Refresh::Lazy {
            let straight = found.zip(child).is_some_and(|((leaf, _), child)| leaf.id() == child);
            if !straight {
                self.refresh_path(replica, probe);
            }
        }
        found
    }

    /// Brings the nodes on the way to `probe` up to date in one replica. Skips what another thread holds.
    #[cold]
    #[inline(never)]
    fn refresh_path(&self, replica: usize, probe: impl Probe<K>) {
        for level in 1..=self.root().0 {
            if let Some((node, version)) = self.try_inner_at(probe, level)
                && !self.replica(replica, node.id()).is_of(version)
                && let Some(node) = node.try_lock(version)
            {
                node.copy_unchanged_to(self.replica(replica, node.id()));
                node.unlock_unchanged();
            }
        }
    }

    /// Unlocks a changed node; if it is an inner one, its replicas follow before.
    #[inline(always)]
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
            let mut low = None;
            while let Some(id) = at {
                let node = self.inner(id);
                let version = node.read_begin();
                let (next, high, is_linked) =
                    (node.next(), node.high(), node.level() == LevelMark::of(level));
                if !node.validate(version) || !is_linked {
                    // The chain has changed here: go on from where this node should have been.
                    at = low
                        .map(|low| self.inner_at(At(low), level).0.id())
                        .or_else(|| Some(self.head(level)));
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
                (at, low) = (next, Some(high));
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
