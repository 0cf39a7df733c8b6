//! Keeps a shrinking map small: an underfull node is absorbed by its left neighbour.
//!
//! To absorb R into its left neighbour L, a thread locks the parent that covers R's low fence, then L, then
//! R. It takes R's entry out of the parent, moves R's slots and range into L, and retires R. If R heads its
//! parent, the parent itself must be absorbed first, so the thread tries that.

use crate::arena::BlockPool;
use crate::few::Few;
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::lock::{lock_neighbours, lock_three};
use crate::index::search::probe::{At, Before};
use crate::index::write::commit::Commit;
use crate::key::KeyKind;
use crate::node::{Fill, InnerShape, LeafShape, LevelMark, NodeKeys, ShapeOf};
use crate::section::Section;

pub(in crate::index) enum Merge {
    Done,
    /// There are no two neighbours at that key, or they do not fit into one.
    Refused,
    /// Another thread changed one of the nodes: try again.
    Contended,
}

/// Boundaries to look at, last in first out. If the list is full, a further boundary is left out: it is
/// looked at again when keys near it are removed.
type Work<K> = Few<(usize, <K as KeyKind>::Owned), { 4 * LEVELS }>;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Merges the leaf at `key` with a neighbour while the leaf is underfull and one has room. Then makes the
    /// merges at other levels that this makes possible.
    #[cold]
    #[inline(never)]
    pub(in crate::index) fn compact(&self, key: K::Ref<'_>) {
        let mut work = Work::<K>::new();
        work.push((0, K::own(key)));
        while let Some((level, key)) = work.pop() {
            let key = K::borrow(&key);
            if level == 0 {
                self.merge_at::<LeafShape<K, V>>(level, key, &mut work);
            } else {
                self.merge_at::<InnerShape<K>>(level, key, &mut work);
            }
        }
    }

    /// What a merge at `boundary` makes possible. The merged node may merge again. Its parent has one entry
    /// less. If two inner nodes have merged, the first child of the second one can now be absorbed.
    fn push_around(&self, level: usize, boundary: K::Ref<'_>, work: &mut Work<K>) {
        if level < self.tree.root().0 {
            work.push((level + 1, K::own(boundary)));
        }
        work.push((level, K::own(boundary)));
        if level > 0 {
            work.push((level - 1, K::own(boundary)));
        }
    }

    /// Merges the node of `level` at `key`, if it is underfull, with its right or left neighbour.
    fn merge_at<S: ShapeOf<K>>(&self, level: usize, key: K::Ref<'_>, work: &mut Work<K>) {
        let mut backoff = self.tree.backoff();
        loop {
            let (node, version) = self.node_at::<S>(At(key), level);
            let (underfull, low, high) = (node.is_underfull(), node.low(), node.high());
            let (is_head, is_last) = (node.id() == self.tree.head(level), node.next().is_none());
            if !node.validate(version) {
                backoff.wait();
                continue;
            }
            if !underfull {
                return;
            }
            let boundaries = [(!is_last).then_some(high), (!is_head).then_some(low)];
            let mut contended = false;
            for boundary in boundaries.into_iter().flatten() {
                let boundary = K::borrow(&boundary);
                let merged = &mut |level| self.push_around(level, boundary, work);
                match self.absorb::<S>(level, boundary, Fill::Loose, merged) {
                    Merge::Done => return,
                    Merge::Refused => {}
                    Merge::Contended => contended = true,
                }
            }
            if !contended {
                return;
            }
            backoff.wait();
        }
    }

    /// Merges the node of `level` that starts at `boundary` into its left neighbour, if both fit into one.
    /// Calls `merged` with the level of this merge, and of each merge above that it needs.
    pub(in crate::index) fn absorb<S: ShapeOf<K>>(
        &self,
        level: usize,
        boundary: K::Ref<'_>,
        fill: Fill,
        merged: &mut dyn FnMut(usize),
    ) -> Merge {
        let Some(before) = Before::<K>::new(boundary) else { return Merge::Refused };
        let (left, left_version) = self.node_at::<S>(before, level);
        let (next, ends_there) = (left.next(), left.compare_high(boundary).is_eq());
        if !left.validate(left_version) {
            return Merge::Contended;
        }
        let Some(next) = next.filter(|_| ends_there) else { return Merge::Refused };
        let right = self.tree.node::<S>(next);
        let right_version = self.tree.read_begin(right);
        let is_right = right.level() == LevelMark::of(level) && right.compare_low(boundary).is_eq();
        let fits = left.fits(right, fill);
        if !left.validate(left_version) || !right.validate(right_version) || !is_right {
            return Merge::Contended;
        }
        if !fits {
            return Merge::Refused;
        }
        // The root's level is read after the right node's version. Suppose another thread adds a level and
        // posts the right node there. If its unlock of the right node came before our read of the version,
        // that read makes the new level visible to us. If it comes later, the version changes.
        if level == self.tree.root().0 {
            let section = Section::<P::Platform>::enter();
            let Some((left, right)) = lock_neighbours((left, left_version), (right, right_version)) else {
                return Merge::Contended;
            };
            let commit = Commit::new(self);
            left.reshape(&commit).absorb(right.reshape(&commit));
            drop(section);
            drop(commit);
            merged(level);
            return Merge::Done;
        }
        let (parent, parent_version) = self.inner_at(At(boundary), level + 1);
        let (rank, listed) = parent.find(boundary);
        let heads_parent = listed && rank == 1;
        if heads_parent {
            if !parent.validate(parent_version) {
                return Merge::Contended;
            }
            // The parent starts at the boundary too. Once the parent is absorbed, the node is an ordinary
            // child.
            return match self.absorb_inner(level + 1, boundary, fill, merged) {
                Merge::Done => Merge::Contended,
                other => other,
            };
        }
        let (left, right) = ((left, left_version), (right, right_version));
        let section = Section::<P::Platform>::enter();
        let Some((parent, left, right)) = lock_three((parent, parent_version), left, right) else {
            return Merge::Contended;
        };
        let commit = Commit::new(self);
        let mut parent = parent.reshape(&commit);
        if listed {
            parent.remove(rank - 1);
        }
        left.reshape(&commit).absorb(right.reshape(&commit));
        drop(parent);
        drop(section);
        drop(commit);
        merged(level);
        Merge::Done
    }

    /// [`absorb`](Self::absorb) for a level of inner nodes. A function of its own, so that the compiler does
    /// not see a recursion of types.
    fn absorb_inner(
        &self,
        level: usize,
        boundary: K::Ref<'_>,
        fill: Fill,
        merged: &mut dyn FnMut(usize),
    ) -> Merge {
        self.absorb::<InnerShape<K>>(level, boundary, fill, merged)
    }
}
