//! Inserts one pair without waiting: into the key's leaf, or into the two that this becomes by a reserved block.
//!
//! The key gets height 0, also if the coin says more: a promotion locks more nodes and takes blocks of other levels.
//! A full leaf gives no pairs to neighbours. If the leaf's new half cannot have its entry at once, the entry is made
//! when the reserve is filled up or dropped.
//!
//! If the map has no leaf yet, a block of the reserve becomes the first one.

use super::{Reserve, STEPS, TRIES};
use crate::arena::BlockPool;
use crate::busy::TryInsertCause;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::key::KeyWords;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Inserts the pair, or replaces the value of the key and returns the old one. The error gives the value back.
    pub(crate) fn insert_within<const MOST: usize>(
        &self,
        key: K,
        value: V,
        mut reserve: Option<&mut Reserve<'_, K, V, P, MOST>>,
    ) -> Result<Option<V>, (V, TryInsertCause)> {
        // What is wrong if the leaf is full and no block is left.
        let mut without_block = TryInsertCause::Full;
        if self.tree.has_no_leaf() && !self.tree.raise_first_leaf() {
            if !reserve.as_deref_mut().is_some_and(Reserve::make_first_leaf) {
                return Err((value, TryInsertCause::Full));
            }
            // The caller had a block. Other threads have filled the first leaf since.
            without_block = TryInsertCause::Busy;
        }
        for _ in 0..TRIES {
            let Some((leaf, version)) = self.leaf_within(At(key)) else { continue };
            let (rank, found) = leaf.find_within(key);
            if found || leaf.has_room(key) {
                let Some(mut leaf) = leaf.try_guard::<P::Platform>(version) else { continue };
                if found {
                    return Ok(Some(leaf.replace(rank - 1, value)));
                }
                leaf.insert(rank, key, value);
                drop(leaf);
                self.pairs.add_one();
                return Ok(None);
            }
            if !leaf.validate(version) {
                continue;
            }
            let Some(reserve) = reserve.as_deref_mut().filter(|reserve| reserve.len() > 0) else {
                return Err((value, without_block));
            };
            // Words need no memory besides the block, so there is a plan if the leaf has not changed.
            let Some(Ok(plan)) = self.plan_split_within::<STEPS>(leaf, version, rank, key) else { continue };
            let Some(leaf) = leaf.try_guard::<P::Platform>(version) else { continue };
            let Some(block) = reserve.take() else { return Err((value, without_block)) };
            if let Some(split) = self.split_unposted(plan, leaf, block, rank, key, value) {
                reserve.post_later(split);
            }
            return Ok(None);
        }
        Err((value, TryInsertCause::Busy))
    }
}
