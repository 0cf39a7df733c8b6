//! Locks what a search has found, in the state in which the search found it.
//!
//! No function here waits for a lock while it holds another. If one fails, the function unlocks what it has,
//! unchanged, and the caller starts again.

use crate::arena::BlockPool;
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::index::search::settle::Versioned;
use crate::node::{Guarded, GuardedLeaf, InnerShape, Locked, LockedInner, NodeKeys, Shape};
use crate::section::Section;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Locks the leaf that holds `key`. Returns the key's slot too, or `None` if the key is not there.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn lock_pair(&self, key: K::Ref<'_>) -> Option<(GuardedLeaf<'_, K, V, P>, usize)> {
        let mut backoff = self.tree.backoff();
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find_within(key);
            if !found {
                if leaf.validate(version) {
                    return None;
                }
                continue;
            }
            if let Some(leaf) = leaf.try_guard(version) {
                return Some((leaf, rank - 1));
            }
            backoff.wait();
        }
    }

    /// Locks the nodes for `key` at levels `height` to 0, top-down, within one section; `None` if one of them changed
    /// meanwhile. The section ends with the leaf, so the caller drops the leaf last.
    ///
    /// All nodes are found before the first is locked, because a search must not meet a lock of its own
    /// thread.
    pub(in crate::index) fn lock_path(
        &self,
        key: K::Ref<'_>,
        height: usize,
    ) -> Option<(GuardedLeaf<'_, K, V, P>, Path<'_, K>)> {
        let mut found: [Option<Versioned<'_, InnerShape<K>>>; LEVELS] = [None; LEVELS];
        for (level, found) in (1..).zip(&mut found[1..=height]) {
            *found = Some(self.inner_at(At(key), level));
        }
        let (leaf, leaf_version) = self.leaf_at(At(key));
        let section = Section::enter();
        let mut path = Path { levels: [const { None }; LEVELS] };
        for level in (1..=height).rev() {
            let locked = found[level].and_then(|(node, version)| node.try_lock(version));
            if locked.is_none() {
                path.unlock_unchanged();
                return None;
            }
            path.levels[level] = locked;
        }
        match leaf.try_lock(leaf_version) {
            Some(leaf) => Some((Guarded::new(section, leaf), path)),
            None => {
                path.unlock_unchanged();
                None
            }
        }
    }
}

/// Locks two neighbours, each in the state in which it was found, or neither. The caller is in a section.
pub(in crate::index) fn lock_neighbours<'a, S: Shape>(
    (left, left_version): Versioned<'a, S>,
    (right, right_version): Versioned<'a, S>,
) -> Option<(Locked<'a, S>, Locked<'a, S>)> {
    let left = left.try_lock(left_version)?;
    let Some(right) = right.try_lock(right_version) else {
        left.unlock_unchanged();
        return None;
    };
    Some((left, right))
}

/// A node, and two neighbours of the level below it, all locked.
type Three<'a, I, S> = (Locked<'a, I>, Locked<'a, S>, Locked<'a, S>);

/// Locks a node, and two neighbours of the level below it, each in the state in which it was found, or none
/// of them. The caller is in a section.
pub(in crate::index) fn lock_three<'a, I: Shape, S: Shape>(
    (parent, parent_version): Versioned<'a, I>,
    left: Versioned<'a, S>,
    right: Versioned<'a, S>,
) -> Option<Three<'a, I, S>> {
    let parent = parent.try_lock(parent_version)?;
    match lock_neighbours(left, right) {
        Some((left, right)) => Some((parent, left, right)),
        None => {
            parent.unlock_unchanged();
            None
        }
    }
}

/// The locked nodes of levels 1 to a key's height.
pub(in crate::index) struct Path<'a, K: NodeKeys> {
    levels: [Option<LockedInner<'a, K>>; LEVELS],
}

impl<'a, K: NodeKeys> Path<'a, K> {
    pub(in crate::index) fn at(&self, level: usize) -> &LockedInner<'a, K> {
        self.levels[level].as_ref().expect("locked up to the height")
    }

    pub(in crate::index) fn into_levels(self) -> [Option<LockedInner<'a, K>>; LEVELS] {
        self.levels
    }

    pub(in crate::index) fn unlock_unchanged(self) {
        self.levels.into_iter().flatten().for_each(Locked::unlock_unchanged);
    }
}
