//! Inserts the rare tall key, which splits every level below its height: the promotion of the paper.

use crate::arena::{AllocError, BlockPool};
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::lock::Path;
use crate::index::tree::{Fresh, FreshInner};
use crate::index::write::commit::{Commit, InnerChange};
use crate::index::write::existing::{Existing, Outcome, settle_existing};
use crate::index::write::split::{SplitOff, insert_or_split};
use crate::node::{InnerShape, LeafShape, LockedLeaf, NodeKeys, Room};
use crate::platform::Platform;

/// Blocks that are taken before the change that needs them.
pub(in crate::index) struct Spares<'t, K: NodeKeys, V, P: BlockPool> {
    /// For the leaf that starts at the key.
    leaf: Option<Fresh<'t, LeafShape<K, V>, K, V, P>>,
    /// For the overflow of the key's leaf.
    overflow: Option<Fresh<'t, LeafShape<K, V>, K, V, P>>,
    /// For each level, a block for the node that starts at the key; at the level of the entry, a block for an
    /// overflow.
    inners: [Option<FreshInner<'t, K, V, P>>; LEVELS],
    /// The level where the key becomes an entry.
    top: usize,
}

/// The nodes that a promotion changes, levels 1 to the key's height.
type Levels<'c, K, V, P> = [Option<InnerChange<'c, K, V, P>>; LEVELS];

/// The overflow splits of a promotion, which are still to be posted.
pub(in crate::index) struct Overflows<O> {
    leaf: Option<SplitOff<O>>,
    top: Option<SplitOff<O>>,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Inserts a key of `height > 0`. At each level below its height, the node splits at the key, and the key
    /// heads the new node. At its height, the key becomes an entry.
    #[cold]
    #[inline(never)]
    pub(in crate::index) fn insert_tall(
        &self,
        kept: K::Kept<'_>,
        value: V,
        existing: Existing,
        height: usize,
    ) -> Outcome<V> {
        let key = K::key_of(kept);
        if let Err(error) = self.raise(height) {
            return Outcome::Refused((value, error));
        }
        let mut backoff = self.tree.backoff();
        let (leaf, path) = loop {
            match self.lock_path(key, height) {
                Some(locked) => break locked,
                None => backoff.wait(),
            }
        };
        let (rank, found) = leaf.find(key);
        if found {
            path.unlock_unchanged();
            return Outcome::Done(Some(settle_existing(leaf, rank - 1, value, existing)));
        }
        let spares = match self.spares_for(key, height, &path, &leaf) {
            Ok(Some(spares)) => spares,
            refused => {
                path.unlock_unchanged();
                leaf.unlock_unchanged();
                return match refused {
                    Err(error) => Outcome::Refused((value, error)),
                    Ok(_) => Outcome::Flat(value),
                };
            }
        };
        let (commit, top) = (Commit::new(self), spares.top);
        let (section, leaf) = leaf.into_parts();
        let overflows = promote(&commit, kept, Some(value), path, leaf, spares);
        drop(section);
        // The pool may panic while overflows get their entries.
        self.pairs.add_one();
        self.post_overflows(overflows, top);
        Outcome::Done(None)
    }

    /// Promotes `key`, which was inserted as a key of height 0 and is of `height > 0`. Leaves it as it is if it is
    /// not in the map any more, or if there is no memory: searches then take more steps.
    #[cold]
    #[inline(never)]
    pub(in crate::index) fn promote_later(&self, key: K::Ref<'_>, height: usize) {
        let Ok(held) = self.tree.hold(key) else { return };
        if self.raise(height).is_err() {
            return;
        }
        let mut backoff = self.tree.backoff();
        let (leaf, path) = loop {
            match self.lock_path(key, height) {
                Some(locked) => break locked,
                None => backoff.wait(),
            }
        };
        let (_, found) = leaf.find(key);
        let Some(spares) = found.then(|| self.spares_for(key, height, &path, &leaf).ok().flatten()).flatten()
        else {
            path.unlock_unchanged();
            leaf.unlock_unchanged();
            return;
        };
        let (commit, top) = (Commit::new(self), spares.top);
        let (section, leaf) = leaf.into_parts();
        let overflows = promote(&commit, K::kept(key, held.number()), None, path, leaf, spares);
        drop(section);
        self.post_overflows(overflows, top);
    }

    fn post_overflows(&self, overflows: Overflows<K::Owned>, top: usize) {
        if let Some(split) = overflows.leaf {
            self.post(1, split);
        }
        if let Some(split) = overflows.top {
            self.post(top + 1, split);
        }
    }

    /// Takes every block that [`promote`] will use, so that nothing can fail half-way. `None` if a node may
    /// overflow and split at a long key: there is no number for that key, and none can be had half-way.
    fn spares_for(
        &self,
        key: K::Ref<'_>,
        height: usize,
        path: &Path<'_, K>,
        leaf: &LockedLeaf<'_, K, V>,
    ) -> Result<Option<Spares<'_, K, V, P>>, AllocError> {
        let mut spares = Spares { leaf: None, overflow: None, inners: [const { None }; LEVELS], top: height };
        let starts_here = leaf.compare_low(key).is_eq();
        if !starts_here {
            spares.leaf = Some(self.tree.acquire(Some(key))?);
        }
        let (rank, is_there) = leaf.find(key);
        // What goes into the key's leaf besides the key: everything if the leaf starts at the key, or what is
        // right of the key if it does not.
        let from = if starts_here { 0 } else { rank };
        if !is_there && leaf.may_overflow(from, key) {
            if leaf.may_split_at_long(key) {
                return Ok(None);
            }
            spares.overflow = Some(self.tree.acquire(Some(key))?);
        }
        for level in 1..=height {
            let node = path.at(level);
            let splits = level < height && node.compare_low(key).is_ne();
            if splits && !InnerShape::<K>::SAME_SIZE {
                // If the key may not go into the node that would start at it, the promotion ends here.
                let (rank, found) = node.find(key);
                if !found && node.may_overflow(rank, key) {
                    spares.top = level;
                }
            }
            let is_top = level == spares.top;
            let overflows = || node.may_overflow(0, key) && !node.find(key).1;
            if if is_top { overflows() } else { splits } {
                if is_top && node.may_split_at_long(key) {
                    return Ok(None);
                }
                spares.inners[level] = Some(self.tree.acquire(Some(key))?);
            }
            if is_top {
                break;
            }
        }
        Ok(Some(spares))
    }
}

/// Makes the change, bottom-up, while every node of it is locked. Then unlocks the nodes of the path from
/// level 1 up, and last the leaf. Without a value, the key is in the leaf already.
pub(in crate::index) fn promote<'c, K: NodeKeys, V, P: BlockPool>(
    commit: &'c Commit<'c, K, V, P>,
    kept: K::Kept<'_>,
    value: Option<V>,
    path: Path<'c, K>,
    leaf: LockedLeaf<'c, K, V>,
    spares: Spares<'c, K, V, P>,
) -> Overflows<K::Owned> {
    let key = K::key_of(kept);
    let mut levels: Levels<'c, K, V, P> =
        path.into_levels().map(|node| node.map(|node| node.reshape(commit)));
    let mut leaf = leaf.reshape(commit);
    let Spares { leaf: spare, overflow, inners, top } = spares;
    let mut inners = inners.into_iter();
    // Level 0 has none.
    inners.next();
    let rank = leaf.rank_before(key);
    let mut child = leaf.id();
    let mut right = None;
    let (target, rank) = match spare {
        None => (&mut leaf, rank),
        Some(spare) => {
            let right = right.insert(spare.make(commit));
            leaf.split_off(rank, kept, right);
            child = right.id();
            (right, 0)
        }
    };
    let leaf_overflow = value.and_then(|value| insert_or_split(commit, target, rank, kept, value, overflow));
    drop(right);
    for node in levels[1..top].iter_mut().flatten() {
        // A node without a spare already starts at the key.
        let Some(spare) = inners.next().flatten() else {
            child = node.id();
            continue;
        };
        let (rank, found) = node.find(key);
        let mut right = spare.make(commit);
        node.split_off(rank - usize::from(found), kept, &mut right);
        if !found {
            right.insert(0, kept, child);
        }
        child = right.id();
    }
    let broken = || P::Platform::broken("the path is locked up to the height");
    let top = levels[top].as_mut().unwrap_or_else(broken);
    let (rank, found) = top.find(key);
    let spare = inners.next().flatten();
    let top_overflow = match found {
        true => None,
        false => insert_or_split(commit, top, rank, kept, child, spare),
    };
    levels.into_iter().for_each(drop);
    drop(leaf);
    Overflows { leaf: leaf_overflow, top: top_overflow }
}
