//! Inserts one pair, nearly always into one leaf. A full leaf gives pairs to a neighbour (`boundary`), or
//! splits.

use crate::arena::{AllocError, BlockPool};
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::index::search::settle::Versioned;
use crate::index::tree::{Fresh, Held};
use crate::index::write::commit::Commit;
use crate::index::write::existing::{Existing, Outcome, Refused, settle_existing};
use crate::index::write::split::{SplitOff, split_and_insert};
use crate::lock::Version;
use crate::node::{GuardedLeaf, InnerShape, Leaf, LeafShape, NodeKeys, Split};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Inserts the pair if the key is new, and returns `None`. Otherwise `existing` decides which of the two
    /// values stays in the map, and this returns the other one.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn insert(
        &self,
        key: K::Ref<'_>,
        mut value: V,
        existing: Existing,
    ) -> Result<Option<V>, Refused<V>> {
        if let Err(error) = self.begin_insertion() {
            return Err((value, error));
        }
        let mut height = self.heights.of::<K>(key);
        let mut held = self.tree.hold_nothing();
        let mut is_held = !K::HAS_LONG;
        let mut backoff = self.tree.backoff();
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find_within(key);
            if !is_held && !found && (height > 0 || leaf.needs_number(key)) {
                held = match self.tree.hold(key) {
                    Ok(held) => held,
                    Err(error) => return Err((value, error)),
                };
                is_held = true;
            }
            let number = held.number();
            if !found && (height > 0 || !leaf.has_room(key)) {
                let outcome = if height == 0 {
                    self.insert_into_full(leaf, version, rank, K::kept(key, number), value)
                } else if leaf.validate(version) {
                    self.insert_tall(K::kept(key, number), value, existing, height)
                } else {
                    continue;
                };
                match outcome {
                    Outcome::Done(old) => return Ok(old),
                    Outcome::Changed(back) => value = back,
                    Outcome::Flat(back) => {
                        value = back;
                        height = 0;
                    }
                    Outcome::Refused(refused) => return Err(refused),
                }
                backoff.wait();
                continue;
            }
            let Some(mut leaf) = leaf.try_guard::<P::Platform>(version) else {
                backoff.wait();
                continue;
            };
            if found {
                return Ok(Some(settle_existing(leaf, rank - 1, value, existing)));
            }
            leaf.insert(rank, K::kept(key, number), value);
            drop(leaf);
            self.pairs.add_one();
            return Ok(None);
        }
    }

    /// Inserts a key of height 0 and of that rank, which is not in the map, into `leaf`, which has no room
    /// for it in the state `version`. A neighbour takes pairs, or the leaf splits.
    #[cold]
    #[inline(never)]
    fn insert_into_full(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        rank: usize,
        kept: K::Kept<'_>,
        mut value: V,
    ) -> Outcome<V> {
        let key = K::key_of(kept);
        // A key above all others goes into a leaf of its own, because more may follow.
        if rank < leaf.count() {
            match self.insert_redistributing(leaf, version, kept, value) {
                Ok(()) => {
                    self.pairs.add_one();
                    return Outcome::Done(None);
                }
                Err(back) => value = back,
            }
        }
        let Some(plan) = self.plan_split(leaf, version, rank, key) else { return Outcome::Changed(value) };
        // One way out for both: in a build that is not optimised, each takes the stack of two values.
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => return Outcome::Refused((value, error)),
        };
        let Some(leaf) = leaf.try_guard::<P::Platform>(version) else { return Outcome::Changed(value) };
        let spare = match self.tree.acquire::<LeafShape<K, V>>(Some(K::borrow(&plan.split.low))) {
            Ok(spare) => spare,
            Err(error) => {
                leaf.unlock_unchanged();
                return Outcome::Refused((value, error));
            }
        };
        self.split_by(plan, leaf, spare, rank, kept, value);
        Outcome::Done(None)
    }

    /// What it takes to split `leaf`, which has no room for `key` of that rank in the state `version`, besides
    /// a block. `None` if the leaf has changed. The caller holds no lock, because this searches.
    #[inline(always)]
    pub(in crate::index) fn plan_split(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        rank: usize,
        key: K::Ref<'_>,
    ) -> Option<Result<SplitPlan<'_, K, V, P>, AllocError>> {
        self.plan_split_within::<{ usize::MAX }>(leaf, version, rank, key)
    }

    /// As [`plan_split`](Self::plan_split). If there is a limit of `STEPS`, the search for the node above does not
    /// wait.
    #[inline(always)]
    pub(in crate::index) fn plan_split_within<const STEPS: usize>(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        rank: usize,
        key: K::Ref<'_>,
    ) -> Option<Result<SplitPlan<'_, K, V, P>, AllocError>> {
        let split = leaf.split_for(rank, key);
        if !leaf.validate(version) {
            return None;
        }
        Some(split.and_then(|split| {
            let held = self.tree.hold(K::borrow(&split.low))?;
            let above = self.to_post_in::<STEPS>(K::borrow(&split.low));
            Ok(SplitPlan { split, held, above })
        }))
    }

    /// Splits `leaf`, which this thread has locked in the state that was planned for, and inserts the pair. Posts
    /// the new leaf.
    #[inline(always)]
    pub(in crate::index) fn split_by(
        &self,
        plan: SplitPlan<'_, K, V, P>,
        leaf: GuardedLeaf<'_, K, V, P>,
        spare: Fresh<'_, LeafShape<K, V>, K, V, P>,
        rank: usize,
        kept: K::Kept<'_>,
        value: V,
    ) {
        if let Some(split) = self.split_unposted(plan, leaf, spare, rank, kept, value) {
            self.post(1, split);
        }
    }

    /// As [`split_by`](Self::split_by), but returns the new leaf if it has no entry yet. Waits for no lock.
    #[inline(always)]
    pub(in crate::index) fn split_unposted(
        &self,
        plan: SplitPlan<'_, K, V, P>,
        leaf: GuardedLeaf<'_, K, V, P>,
        spare: Fresh<'_, LeafShape<K, V>, K, V, P>,
        rank: usize,
        kept: K::Kept<'_>,
        value: V,
    ) -> Option<SplitOff<K::Owned>> {
        let SplitPlan { split, held, above } = plan;
        let commit = Commit::new(self);
        let (section, leaf) = leaf.into_parts();
        let mut fresh = spare.make(&commit);
        let mut leaf = leaf.reshape(&commit);
        let low = K::kept(K::borrow(&split.low), held.number());
        split_and_insert(&mut leaf, (split.at, low), rank, kept, value, &mut fresh);
        drop(leaf);
        // The pool may panic while the leaf gets its entry.
        self.pairs.add_one();
        self.post_locked(&commit, fresh, split.low, above, section)
    }
}

/// Where a full leaf splits, a reference to the key there if it is long, and the node that is to hold the entry of
/// the new leaf.
pub(in crate::index) struct SplitPlan<'t, K: NodeKeys, V, P: BlockPool> {
    pub(in crate::index) split: Split<K::Owned>,
    held: Held<'t, K, V, P>,
    above: Option<Versioned<'t, InnerShape<K>>>,
}
