//! Removal, and what keeps a shrinking map small: an underfull node is absorbed by its left neighbour.
//!
//! To absorb R into its left neighbour L, a thread locks the parent that covers R's low fence, then L, then
//! R; takes R's entry out of the parent; moves R's slots into L, which takes over R's range; and retires R.
//! A node that heads its parent can only go when the parent itself is absorbed first, which then is tried.

use super::Index;
use super::descend::{At, Before};
use crate::arena::BlockPool;
use crate::backoff::Backoff;
use crate::chaos;
use crate::height::LEVELS;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Inner, InnerShape, Leaf, LeafShape, LevelMark, Locked, Node, Shape};
use crate::simd::LINE;

/// A node with at most this part of its slots in use looks for a neighbour to merge with…
const UNDERFULL: usize = 4;

/// …and two nodes merge if this much of a node stays free, so that the next insert does not split them again.
const SPARE: usize = 4;

/// How full a merge may make a node.
#[derive(Clone, Copy)]
pub(super) enum Fill {
    /// So that [`SPARE`] stays free.
    Loose,
    /// To the last slot.
    Tight,
}

pub(super) enum Merge {
    Done,
    /// There are no two neighbours at that key, or they do not fit into one.
    Refused,
    /// Another thread changed one of the nodes: try again.
    Contended,
}

/// Seams to look at, last in first out. One that finds no room is skipped: it is looked at again when keys
/// near it are removed.
struct Work<K> {
    seams: [Option<(usize, K)>; 4 * LEVELS],
    len: usize,
}

impl<K: KeyWords> Work<K> {
    fn push(&mut self, level: usize, key: K) {
        if let Some(seam) = self.seams.get_mut(self.len) {
            *seam = Some((level, key));
            self.len += 1;
        }
    }

    fn pop(&mut self) -> Option<(usize, K)> {
        self.len = self.len.checked_sub(1)?;
        self.seams[self.len]
    }
}

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Takes out the pair of `key`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove(&self, key: K) -> Option<V> {
        let (mut leaf, slot) = self.lock_pair(key)?;
        let value = leaf.remove(slot);
        let underfull = is_underfull(*leaf);
        drop(leaf);
        if underfull {
            self.compact(key);
        }
        Some(value)
    }

    /// Merges the leaf at `key` with a neighbour while it is underfull and one has room, and whatever that
    /// makes possible at other levels.
    #[cold]
    #[inline(never)]
    pub(super) fn compact(&self, key: K) {
        let mut work = Work { seams: [None; 4 * LEVELS], len: 0 };
        work.push(0, key);
        while let Some((level, key)) = work.pop() {
            if level == 0 {
                self.merge_at::<LeafShape<K, V>>(level, key, &mut work);
            } else {
                self.merge_at::<InnerShape<K>>(level, key, &mut work);
            }
        }
    }

    /// What a merge at `seam` makes possible: the merged node may merge again; its parent has an entry less;
    /// and of two merged inner nodes, the second one's first child can now be absorbed.
    fn push_around(&self, level: usize, seam: K, work: &mut Work<K>) {
        if level < self.root().0 {
            work.push(level + 1, seam);
        }
        work.push(level, seam);
        if level > 0 {
            work.push(level - 1, seam);
        }
    }

    /// Merges the node of `level` at `key`, if it is underfull, with its right or left neighbour.
    fn merge_at<S: Shape<Key = K>>(&self, level: usize, key: K, work: &mut Work<K>) {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (node, version) = self.node_at::<S>(At(key), level);
            let (underfull, low, high) = (is_underfull(node), node.low(), node.high());
            let (is_head, is_last) = (node.id() == self.head(level), node.next().is_none());
            if !node.validate(version) {
                backoff.wait();
                continue;
            }
            if !underfull {
                return;
            }
            let seams = [(!is_last).then_some(high), (!is_head).then_some(low)];
            let mut contended = false;
            for seam in seams.into_iter().flatten() {
                let merged = &mut |level, seam| self.push_around(level, seam, work);
                match self.absorb::<S>(level, seam, Fill::Loose, merged) {
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

    /// The node of shape `S` and `level` at `probe`.
    pub(super) fn node_at<S: Shape<Key = K>>(
        &self,
        probe: impl super::descend::Probe<K>,
        level: usize,
    ) -> (Node<'_, S>, Version) {
        let (id, version) = if level == 0 {
            let (leaf, version) = self.leaf_at(probe);
            (leaf.id(), version)
        } else {
            let (inner, version) = self.inner_at(probe, level);
            (inner.id(), version)
        };
        (self.node::<S>(id), version)
    }

    /// The node of `level` at `key`, or the level's first.
    pub(super) fn node_or_first<S: Shape<Key = K>>(
        &self,
        key: Option<K>,
        level: usize,
    ) -> (Node<'_, S>, Version) {
        match key {
            Some(key) => self.node_at::<S>(At(key), level),
            None => {
                let head = self.node::<S>(self.head(level));
                (head, head.read_begin())
            }
        }
    }

    /// Merges the node of `level` that starts at `seam` into its left neighbour, if both fit into one. Calls `merged`
    /// for that, and for each merge above that it takes.
    pub(super) fn absorb<S: Shape<Key = K>>(
        &self,
        level: usize,
        seam: K,
        fill: Fill,
        merged: &mut dyn FnMut(usize, K),
    ) -> Merge {
        let Some(before) = Before::new(seam) else { return Merge::Refused };
        let (left, left_version) = self.node_at::<S>(before, level);
        let (next, ends_there) = (left.next(), left.compare_high(seam).is_eq());
        let left_count = left.count();
        if !left.validate(left_version) {
            return Merge::Contended;
        }
        let Some(next) = next.filter(|_| ends_there) else { return Merge::Refused };
        let right = self.node::<S>(next);
        let right_version = right.read_begin();
        let right_count = right.count();
        let is_right = right.level() == LevelMark::of(level) && right.compare_low(seam).is_eq();
        if !right.validate(right_version) || !is_right {
            return Merge::Contended;
        }
        if !fits::<S>(left_count, right_count, fill) {
            return Merge::Refused;
        }
        // The root's level is read after the right node's version: had a thread added a level and posted the
        // right node there before, its unlock of the right node would show us both; posting it later changes
        // that version.
        if level == self.root().0 {
            let Some((mut left, mut right)) = lock_neighbours((left, left_version), (right, right_version))
            else {
                return Merge::Contended;
            };
            let ended = right.id();
            left.absorb(&mut right);
            self.finish(right);
            self.finish(left);
            chaos::window();
            self.release::<S>(ended);
            merged(level, seam);
            return Merge::Done;
        }
        let (parent, parent_version) = self.inner_at(At(seam), level + 1);
        let (rank, listed) = parent.find(seam);
        let heads_parent = listed && rank == 1;
        if heads_parent {
            if !parent.validate(parent_version) {
                return Merge::Contended;
            }
            // The parent starts at the seam too. Once it is absorbed, the node is an ordinary child.
            return match self.absorb_inner(level + 1, seam, fill, merged) {
                Merge::Done => Merge::Contended,
                other => other,
            };
        }
        let Some(mut parent) = parent.try_lock(parent_version) else { return Merge::Contended };
        let Some((mut left, mut right)) = lock_neighbours((left, left_version), (right, right_version))
        else {
            parent.unlock_unchanged();
            return Merge::Contended;
        };
        if listed {
            parent.remove(rank - 1);
        }
        let ended = right.id();
        left.absorb(&mut right);
        if level == 0 {
            self.note_leaf(self.leaf(left.id()));
        }
        self.finish(right);
        self.finish(left);
        self.finish(parent);
        chaos::window();
        self.release::<S>(ended);
        if level == 1 {
            self.note_change_of_level_2();
        }
        merged(level, seam);
        Merge::Done
    }

    /// [`absorb`](Self::absorb) for a level of inner nodes; the compiler need not see the recursion as one of
    /// types.
    fn absorb_inner(&self, level: usize, seam: K, fill: Fill, merged: &mut dyn FnMut(usize, K)) -> Merge {
        self.absorb::<InnerShape<K>>(level, seam, fill, merged)
    }
}

/// Locks two neighbours, each in the state in which it was found, or neither.
pub(super) fn lock_neighbours<'a, S: Shape>(
    (left, left_version): (Node<'a, S>, Version),
    (right, right_version): (Node<'a, S>, Version),
) -> Option<(Locked<'a, S>, Locked<'a, S>)> {
    let left = left.try_lock(left_version)?;
    let Some(right) = right.try_lock(right_version) else {
        left.unlock_unchanged();
        return None;
    };
    Some((left, right))
}

pub(super) fn is_underfull<S: Shape>(node: Node<'_, S>) -> bool {
    node.count() <= Node::<S>::CAPACITY / UNDERFULL
}

/// Whether two nodes with these counts may become one. An empty one always may: nothing is moved for it.
fn fits<S: Shape>(left: usize, right: usize, fill: Fill) -> bool {
    let capacity = Node::<S>::CAPACITY;
    let limit = match fill {
        Fill::Loose if left > 0 && right > 0 => capacity - capacity / SPARE,
        Fill::Loose | Fill::Tight => capacity,
    };
    left + right <= limit
}

// The counts above must leave room for a merge of two underfull nodes.
const _: () = {
    const CAPACITY: usize = LINE * LINE;
    assert!(2 * (CAPACITY / UNDERFULL) <= CAPACITY - CAPACITY / SPARE);
    assert!(Leaf::<u64, u64>::CAPACITY == CAPACITY && Inner::<u64>::CAPACITY == CAPACITY);
};
