//! Inserts the rare tall key, which splits every level below its height: the promotion of the paper.

use crate::arena::{AllocError, BlockPool};
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::lock::Path;
use crate::index::tree::{Fresh, FreshInner};
use crate::index::write::commit::{Commit, InnerChange};
use crate::index::write::existing::{Existing, Refused, settle_existing};
use crate::index::write::split::{SplitOff, insert_or_split};
use crate::node::{LeafShape, LockedLeaf, NodeKeys};

/// Blocks that are taken before the change that needs them.
pub(in crate::index) struct Spares<'t, K: NodeKeys, V, P: BlockPool> {
    /// For the leaf that starts at the key.
    leaf: Option<Fresh<'t, LeafShape<K, V>, K, V, P>>,
    /// For the overflow of the key's leaf.
    overflow: Option<Fresh<'t, LeafShape<K, V>, K, V, P>>,
    /// For each level below the key's height, a block for the node that starts at the key.
    inners: [Option<FreshInner<'t, K, V, P>>; LEVELS],
    /// For each level up to the key's height, a block for an overflow of the node that gets the key.
    inner_overflows: [Option<FreshInner<'t, K, V, P>>; LEVELS],
}

/// The nodes that a promotion changes, levels 1 to the key's height.
type Levels<'c, K, V, P> = [Option<InnerChange<'c, K, V, P>>; LEVELS];

/// The overflow splits of a promotion, which are still to be posted.
pub(in crate::index) struct Overflows<O> {
    leaf: Option<SplitOff<O>>,
    inners: [Option<SplitOff<O>>; LEVELS],
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Inserts a key of `height > 0`. At each level below its height, the node splits at the key, and the key
    /// heads the new node. At its height, the key becomes an entry.
    #[cold]
    #[inline(never)]
    pub(in crate::index) fn insert_tall(
        &self,
        key: K::Ref<'_>,
        value: V,
        existing: Existing,
        height: usize,
    ) -> Result<Option<V>, Refused<V>> {
        if let Err(error) = self.raise(height) {
            return Err((value, error));
        }
        let mut backoff = self.tree.backoff();
        let (path, leaf) = loop {
            match self.lock_path(key, height) {
                Some(locked) => break locked,
                None => backoff.wait(),
            }
        };
        let (rank, found) = leaf.find(key);
        if found {
            path.unlock_unchanged();
            return Ok(Some(settle_existing(leaf, rank - 1, value, existing)));
        }
        let spares = match self.spares_for(key, &value, height, &path, &leaf) {
            Ok(spares) => spares,
            Err(error) => {
                path.unlock_unchanged();
                leaf.unlock_unchanged();
                return Err((value, error));
            }
        };
        let commit = Commit::new(self);
        let overflows = promote(&commit, key, value, height, path, leaf, spares);
        if let Some(split) = overflows.leaf {
            self.post(1, split);
        }
        for (level, split) in overflows.inners.into_iter().enumerate() {
            if let Some(split) = split {
                self.post(level + 1, split);
            }
        }
        Ok(None)
    }

    /// Takes every block that [`promote`] will use, so that nothing can fail half-way.
    fn spares_for(
        &self,
        key: K::Ref<'_>,
        value: &V,
        height: usize,
        path: &Path<'_, K>,
        leaf: &LockedLeaf<'_, K, V>,
    ) -> Result<Spares<'_, K, V, P>, AllocError> {
        let mut spares = Spares {
            leaf: None,
            overflow: None,
            inners: [const { None }; LEVELS],
            inner_overflows: [const { None }; LEVELS],
        };
        let starts_here = leaf.compare_low(key).is_eq();
        if !starts_here {
            spares.leaf = Some(self.tree.acquire(Some(key))?);
        }
        // What goes into the key's leaf besides the key: everything if the leaf starts at the key, or what is
        // right of the key if it does not.
        let from = if starts_here { 0 } else { leaf.rank(key) };
        if leaf.may_overflow(from, key, value) {
            spares.overflow = Some(self.tree.acquire(Some(key))?);
        }
        for level in 1..=height {
            let node = path.at(level);
            let (rank, found) = node.find(key);
            let starts_at_key = level < height && node.compare_low(key).is_ne();
            if starts_at_key {
                spares.inners[level] = Some(self.tree.acquire(Some(key))?);
            }
            let gets_key = !found && (starts_at_key || level == height);
            let from = if level < height { rank } else { 0 };
            if gets_key && node.may_overflow(from, key, &leaf.id()) {
                spares.inner_overflows[level] = Some(self.tree.acquire(Some(key))?);
            }
        }
        Ok(spares)
    }
}

/// Makes the change, bottom-up, while every node of it is locked. Then unlocks the nodes of the path from
/// level 1 up, and last the leaf.
pub(in crate::index) fn promote<'c, K: NodeKeys, V, P: BlockPool>(
    commit: &'c Commit<'c, K, V, P>,
    key: K::Ref<'_>,
    value: V,
    height: usize,
    path: Path<'c, K>,
    leaf: LockedLeaf<'c, K, V>,
    spares: Spares<'c, K, V, P>,
) -> Overflows<K::Owned> {
    let mut levels: Levels<'c, K, V, P> =
        path.into_levels().map(|node| node.map(|node| node.reshape(commit)));
    let mut leaf = leaf.reshape(commit);
    let Spares { leaf: spare, overflow, mut inners, mut inner_overflows } = spares;
    let rank = leaf.rank(key);
    let mut child = leaf.id();
    let leaf_overflow = match spare {
        None => insert_or_split(commit, &mut leaf, rank, key, value, overflow),
        Some(spare) => {
            let mut right = spare.make(commit);
            leaf.split_off(rank, key, &mut right);
            child = right.id();
            insert_or_split(commit, &mut right, 0, key, value, overflow)
        }
    };
    let mut overflows = Overflows { leaf: leaf_overflow, inners: [const { None }; LEVELS] };
    for (level, node) in levels.iter_mut().enumerate().take(height).skip(1) {
        let node = node.as_mut().expect("locked up to the height");
        // A node without a spare already starts at the key.
        let Some(spare) = inners[level].take() else {
            child = node.id();
            continue;
        };
        let (rank, found) = node.find(key);
        let mut right = spare.make(commit);
        node.split_off(rank - usize::from(found), key, &mut right);
        if !found {
            let overflow = inner_overflows[level].take();
            overflows.inners[level] = insert_or_split(commit, &mut right, 0, key, child, overflow);
        }
        child = right.id();
    }
    let top = levels[height].as_mut().expect("locked up to the height");
    let (rank, found) = top.find(key);
    if !found {
        let overflow = inner_overflows[height].take();
        overflows.inners[height] = insert_or_split(commit, top, rank, key, child, overflow);
    }
    levels.into_iter().for_each(drop);
    drop(leaf);
    overflows
}
