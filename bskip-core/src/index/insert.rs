//! Insertion: into one leaf nearly always; splitting it when it is full; and for the rare tall key,
//! splitting every level below its height.

use super::Index;
use super::descend::At;
use crate::arena::{AllocError, BlockId, BlockPool};
use crate::backoff::Backoff;
use crate::height::LEVELS;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Inner, InnerShape, Leaf, LeafShape, Locked, LockedInner, LockedLeaf, Node, Shape};

/// What to do with a key that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Store the new value, give the old one back.
    Replace,
    /// Leave the old value, give the new one back.
    Keep,
}

/// A pair that was not inserted, and why.
type Refused<K, V> = (K, V, AllocError);

/// A node that came about by an overflow split: its low fence and its block.
pub(super) type SplitOff<K> = (K, BlockId);

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Inserts the pair if the key is new, else does as `existing` says: `Some` is the value that did not
    /// stay.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn insert(
        &self,
        key: K,
        mut value: V,
        existing: Existing,
    ) -> Result<Option<V>, Refused<K, V>> {
        let height = self.heights.of(key);
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find(key);
            if height > 0 && !found {
                if leaf.validate(version) {
                    return self.insert_tall(key, value, existing, height);
                }
                continue;
            }
            if leaf.count() == Leaf::<K, V>::CAPACITY && !found {
                match self.insert_into_full(leaf, version, rank, key, value) {
                    Ok(inserted) => return inserted.map(|()| None),
                    Err(back) => value = back,
                }
                backoff.wait();
                continue;
            }
            let Some(mut leaf) = leaf.try_lock(version) else {
                backoff.wait();
                continue;
            };
            if found {
                return Ok(Some(settle_existing(leaf, rank - 1, value, existing)));
            }
            leaf.insert(rank, key, value);
            return Ok(None);
        }
    }

    /// Inserts a key of height 0, of that rank, that is not there, into `leaf`, full in the state `version`: a neighbour
    /// takes pairs, or the leaf splits. The value comes back if the leaf has changed.
    #[cold]
    #[inline(never)]
    fn insert_into_full(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        rank: usize,
        key: K,
        mut value: V,
    ) -> Result<Result<(), Refused<K, V>>, V> {
        // A key behind all others is better off in a leaf of its own: more may follow.
        if rank < Leaf::<K, V>::CAPACITY {
            match self.insert_spilling(leaf, version, key, value) {
                Ok(()) => return Ok(Ok(())),
                Err(back) => value = back,
            }
        }
        let low = split_key(&leaf, rank, key);
        if !leaf.validate(version) {
            return Err(value);
        }
        let above = self.to_post_in(low);
        let Some(mut leaf) = leaf.try_lock(version) else { return Err(value) };
        let spare = match self.acquire::<LeafShape<K, V>>(Some(low)) {
            Ok(spare) => spare,
            Err(error) => {
                leaf.unlock_unchanged();
                return Ok(Err((key, value, error)));
            }
        };
        let fresh = self.split_and_insert(&mut leaf, rank, key, value, spare);
        drop(leaf);
        self.note_leaf(*fresh);
        self.post_locked(fresh, above);
        Ok(Ok(()))
    }

    /// Splits the full node into itself and `spare`, and inserts on the side where `rank` then is. Gives the new node,
    /// complete and locked; by `next` it is found after the node is unlocked.
    pub(super) fn split_and_insert<'a, S: Shape<Key = K>>(
        &'a self,
        node: &mut Locked<'_, S>,
        rank: usize,
        key: K,
        payload: S::Payload,
        spare: BlockId,
    ) -> Locked<'a, S> {
        let capacity = Node::<S>::CAPACITY;
        // A key behind all others starts a node of its own: ascending keys then leave full nodes behind.
        let at = if rank == capacity { capacity } else { capacity / 2 };
        let low = split_key(node, rank, key);
        let goes_left = rank < at || (rank == at && at < capacity && key < low);
        let mut right = self.node::<S>(spare).lock_unshared();
        node.split_off(at, low, &mut right);
        if goes_left {
            node.insert(rank, key, payload);
        } else {
            right.insert(rank - at, key, payload);
        }
        right
    }

    /// Inserts a key of `height > 0`: the paper's promotion. At each level below its height the node is split
    /// at the key, the new node headed by it; at its height it becomes an entry.
    #[cold]
    #[inline(never)]
    fn insert_tall(
        &self,
        key: K,
        value: V,
        existing: Existing,
        height: usize,
    ) -> Result<Option<V>, Refused<K, V>> {
        if let Err(error) = self.raise(height) {
            return Err((key, value, error));
        }
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            if let Some((mut path, mut leaf)) = self.lock_path(key, height) {
                let (rank, found) = leaf.find(key);
                if found {
                    path.unlock_unchanged();
                    return Ok(Some(settle_existing(leaf, rank - 1, value, existing)));
                }
                let spares = match self.spares_for(key, height, &path, &leaf) {
                    Ok(spares) => spares,
                    Err(error) => {
                        path.unlock_unchanged();
                        leaf.unlock_unchanged();
                        return Err((key, value, error));
                    }
                };
                let (leaf_split, top_split) = self.promote(key, value, height, &mut path, &mut leaf, spares);
                path.levels.into_iter().flatten().for_each(|node| self.finish(node));
                drop(leaf);
                if let Some(split) = leaf_split {
                    self.post(1, split);
                }
                if let Some(split) = top_split {
                    self.post(height + 1, split);
                }
                if height > 1 {
                    self.note_change_of_level_2();
                }
                return Ok(None);
            }
            backoff.wait();
        }
    }

    /// Locks the nodes for `key` at levels `height` to 0, top-down; `None` if one of them changed meanwhile.
    ///
    /// All are found before the first is locked: a search must not meet a lock of its own thread.
    fn lock_path(&self, key: K, height: usize) -> Option<(Path<'_, K>, LockedLeaf<'_, K, V>)> {
        let mut found: [Option<(Inner<'_, K>, Version)>; LEVELS] = [None; LEVELS];
        for (level, found) in found.iter_mut().enumerate().take(height + 1).skip(1) {
            *found = Some(self.inner_at(At(key), level));
        }
        let (leaf, leaf_version) = self.leaf_at(At(key));
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
            Some(leaf) => Some((path, leaf)),
            None => {
                path.unlock_unchanged();
                None
            }
        }
    }

    /// Takes every block that [`promote`](Self::promote) will use, so that nothing can fail half-way.
    fn spares_for(
        &self,
        key: K,
        height: usize,
        path: &Path<'_, K>,
        leaf: &LockedLeaf<'_, K, V>,
    ) -> Result<Spares, AllocError> {
        let mut spares = Spares { leaves: [None; 2], inners: [None; LEVELS] };
        let taken = (|| {
            let starts_here = leaf.compare_low(key).is_eq();
            let (rank, count) = (leaf.rank(key), leaf.count());
            if !starts_here {
                spares.leaves[0] = Some(self.acquire::<LeafShape<K, V>>(Some(key))?);
            }
            // What goes into the key's leaf besides the key: all of a leaf that starts at it, else what is
            // right of the key.
            if count - if starts_here { 0 } else { rank } == Leaf::<K, V>::CAPACITY {
                spares.leaves[1] = Some(self.acquire::<LeafShape<K, V>>(Some(key))?);
            }
            for level in 1..=height {
                let node = path.at(level);
                let needed = if level < height {
                    node.compare_low(key).is_ne()
                } else {
                    node.count() == Inner::<K>::CAPACITY && !node.find(key).1
                };
                if needed {
                    spares.inners[level] = Some(self.acquire::<InnerShape<K>>(Some(key))?);
                }
            }
            Ok(())
        })();
        if let Err(error) = taken {
            spares.leaves.into_iter().flatten().for_each(|id| self.release::<LeafShape<K, V>>(id));
            spares.inners.into_iter().flatten().for_each(|id| self.release::<InnerShape<K>>(id));
            return Err(error);
        }
        Ok(spares)
    }

    /// Makes the change, bottom-up, every node of it locked. Gives the overflow splits that are to be posted:
    /// of the leaf, and of the top node.
    fn promote(
        &self,
        key: K,
        value: V,
        height: usize,
        path: &mut Path<'_, K>,
        leaf: &mut LockedLeaf<'_, K, V>,
        spares: Spares,
    ) -> (Option<SplitOff<K>>, Option<SplitOff<K>>) {
        let rank = leaf.rank(key);
        let mut child = leaf.id();
        let leaf_split = match spares.leaves[0] {
            None => self.insert_with_spare(leaf, rank, key, value, spares.leaves[1]),
            Some(spare) => {
                let mut right = self.leaf(spare).lock_unshared();
                leaf.split_off(rank, key, &mut right);
                child = spare;
                self.note_leaf(*right);
                self.insert_with_spare(&mut right, 0, key, value, spares.leaves[1])
            }
        };
        for level in 1..height {
            let node = path.at_mut(level);
            // A node without a spare is headed by the key already.
            let Some(spare) = spares.inners[level] else {
                child = node.id();
                continue;
            };
            let (rank, found) = node.find(key);
            let mut right = self.inner(spare).lock_unshared();
            node.split_off(rank - usize::from(found), key, &mut right);
            if !found {
                right.insert(0, key, child);
            }
            self.finish(right);
            child = spare;
        }
        let top = path.at_mut(height);
        let (rank, found) = top.find(key);
        let top_split = match found {
            true => None,
            false => self.insert_with_spare(top, rank, key, child, spares.inners[height]),
        };
        (leaf_split, top_split)
    }

    /// Inserts; a full node splits into itself and `spare`.
    fn insert_with_spare<S: Shape<Key = K>>(
        &self,
        node: &mut Locked<'_, S>,
        rank: usize,
        key: K,
        payload: S::Payload,
        spare: Option<BlockId>,
    ) -> Option<SplitOff<K>> {
        match spare {
            None => {
                node.insert(rank, key, payload);
                None
            }
            Some(spare) => {
                let fresh = self.split_and_insert(node, rank, key, payload, spare);
                let split = (fresh.low(), spare);
                self.finish(fresh);
                Some(split)
            }
        }
    }
}

/// Where the new node starts when the full `node` splits to take in `key`, which has that rank there.
pub(super) fn split_key<S: Shape>(node: &Node<'_, S>, rank: usize, key: S::Key) -> S::Key {
    let capacity = Node::<S>::CAPACITY;
    if rank == capacity { key } else { node.key(capacity / 2) }
}

/// The key is in `slot` already.
#[cfg_attr(not(debug_assertions), inline(always))]
fn settle_existing<K: KeyWords, V>(
    mut leaf: LockedLeaf<'_, K, V>,
    slot: usize,
    value: V,
    existing: Existing,
) -> V {
    match existing {
        Existing::Replace => leaf.replace(slot, value),
        Existing::Keep => {
            leaf.unlock_unchanged();
            value
        }
    }
}

/// The locked nodes of levels 1 to a key's height.
struct Path<'a, K: KeyWords> {
    levels: [Option<LockedInner<'a, K>>; LEVELS],
}

impl<'a, K: KeyWords> Path<'a, K> {
    fn at(&self, level: usize) -> &LockedInner<'a, K> {
        self.levels[level].as_ref().expect("locked up to the height")
    }

    fn at_mut(&mut self, level: usize) -> &mut LockedInner<'a, K> {
        self.levels[level].as_mut().expect("locked up to the height")
    }

    fn unlock_unchanged(self) {
        self.levels.into_iter().flatten().for_each(Locked::unlock_unchanged);
    }
}

/// Blocks taken before a change that will need them.
struct Spares {
    /// For the leaf that starts at the key, and for its overflow.
    leaves: [Option<BlockId>; 2],
    /// For the node of each level that starts at the key; at the key's height for its overflow.
    inners: [Option<BlockId>; LEVELS],
}
