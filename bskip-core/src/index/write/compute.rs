//! Computations: user code looks at the pair of a key under the leaf's lock, and decides what becomes of it.
//!
//! The leaf stays locked from the moment at which the code sees the pair until the pair is what the code said.
//! So the computation takes effect at one moment. The code runs once.
//!
//! Whatever may be needed to insert an absent key, the thread takes before it locks the leaf: an insertion then
//! needs no other lock and cannot fail. If there is no memory, the code runs all the same, because it may insert
//! nothing. If there is not even memory for the map's first leaf, it runs without a lock. A tall key is inserted as
//! one of height 0 and promoted afterwards, by a change of its own, so the code never runs under the locks of inner
//! nodes.

use crate::arena::{AllocError, BlockPool};
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::index::tree::{Fresh, Held};
use crate::index::write::existing::Refused;
use crate::index::write::insert::SplitPlan;
use crate::lock::Version;
use crate::node::{GuardedLeaf, Leaf, LeafShape, NodeKeys};
use crate::reentrancy::while_holding;

/// What a computation makes of the pair that it has seen.
pub(crate) enum Step<V> {
    /// The pair stays as it is. A value that is `Copy` has not been changed through the reference.
    Keep,
    /// The value has been changed in place.
    Changed,
    /// The key gets this value.
    Store(V),
    /// The pair goes, if there is one.
    Remove,
}

/// How a leaf splits, and the block for its right part.
type Splitting<'t, K, V, P> = (SplitPlan<'t, K, V, P>, Fresh<'t, LeafShape<K, V>, K, V, P>);

/// What it takes to insert an absent key.
struct Plan<'t, K: NodeKeys, V, P: BlockPool> {
    /// The key, if it is long.
    held: Held<'t, K, V, P>,
    /// If the leaf has no room.
    split: Option<Splitting<'t, K, V, P>>,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Runs `f` on the value of `key`, or on `None`, under the leaf's lock. Then does what `f` said, and returns
    /// the value that left the map, if one did, and what `f` returned.
    ///
    /// If `f` panics, the pair stays as `f` leaves it, and the leaf is unlocked. An error gives back the value
    /// that `f` wanted to store; the map is unchanged.
    pub(crate) fn compute<R>(
        &self,
        key: K::Ref<'_>,
        f: impl FnOnce(Option<&mut V>) -> (Step<V>, R),
    ) -> Result<(Option<V>, R), Refused<V>> {
        if let Err(error) = self.begin_insertion() {
            return match f(None) {
                (Step::Store(value), _) => Err((value, error)),
                (_, result) => Ok((None, result)),
            };
        }
        let mut backoff = self.tree.backoff();
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find(key);
            if found {
                // The usual case takes nothing beforehand, so the compiler keeps it short.
                if let Some(leaf) = leaf.try_guard(version) {
                    return Ok(self.decide(leaf, rank - 1, key, |value| f(Some(value))));
                }
                backoff.wait();
                continue;
            }
            let plan = if leaf.has_room(key) && !leaf.needs_number(key) {
                Ok(Plan { held: self.tree.hold_nothing(), split: None })
            } else if let Some(plan) = self.plan(leaf, version, rank, key) {
                plan
            } else {
                backoff.wait();
                continue;
            };
            let Some(leaf) = leaf.try_guard(version) else {
                backoff.wait();
                continue;
            };
            let (step, result) = while_holding(leaf.lock(), || f(None));
            let Step::Store(value) = step else {
                leaf.unlock_unchanged();
                return Ok((None, result));
            };
            self.insert_by(plan, leaf, rank, key, value)?;
            return Ok((None, result));
        }
    }

    /// As [`compute`](Self::compute), but if `key` is not there, `f` does not run, and this returns `None`.
    pub(crate) fn compute_present<R>(
        &self,
        key: K::Ref<'_>,
        f: impl FnOnce(&mut V) -> (Step<V>, R),
    ) -> Option<(Option<V>, R)> {
        let (leaf, slot) = self.lock_pair(key)?;
        Some(self.decide(leaf, slot, key, f))
    }

    /// Runs `f` on the value in `slot` and does what it says. Unlocks the leaf.
    #[inline(always)]
    pub(in crate::index) fn decide<R>(
        &self,
        mut leaf: GuardedLeaf<'_, K, V, P>,
        slot: usize,
        key: K::Ref<'_>,
        f: impl FnOnce(&mut V) -> (Step<V>, R),
    ) -> (Option<V>, R) {
        let (step, result) = leaf.with_value(slot, f);
        let old = match step {
            Step::Keep => {
                leaf.unlock_unchanged();
                None
            }
            Step::Changed => None,
            Step::Store(value) => Some(leaf.replace(slot, value)),
            Step::Remove => {
                let value = leaf.remove(slot);
                self.end_removal(leaf, 1, key);
                Some(value)
            }
        };
        (old, result)
    }

    /// What it takes to insert `key`, which has that rank and is not in `leaf` in the state `version`. `None` if
    /// the leaf has changed: also if a neighbour has taken pairs from it.
    #[cold]
    #[inline(never)]
    fn plan(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        rank: usize,
        key: K::Ref<'_>,
    ) -> Option<Result<Plan<'_, K, V, P>, AllocError>> {
        let (needs_number, has_room) = (leaf.needs_number(key), leaf.has_room(key));
        // As for an insertion: a key above all others goes into a leaf of its own.
        if !has_room && rank < leaf.count() && self.make_room_beside(leaf, version) {
            return None;
        }
        let held = if needs_number { self.tree.hold(key) } else { Ok(self.tree.hold_nothing()) };
        let held = match held {
            Ok(held) => held,
            Err(error) => return Some(Err(error)),
        };
        if has_room {
            return Some(Ok(Plan { held, split: None }));
        }
        let split = self.plan_split(leaf, version, rank, key)?;
        let with_block = split.and_then(|plan| {
            let spare = self.tree.acquire::<LeafShape<K, V>>(Some(K::borrow(&plan.split.low)))?;
            Ok((plan, spare))
        });
        Some(with_block.map(|split| Plan { held, split: Some(split) }))
    }

    /// Inserts the pair into `leaf`, which is locked in the state that was planned for, and promotes the key if
    /// it is tall.
    #[inline(always)]
    fn insert_by(
        &self,
        plan: Result<Plan<'_, K, V, P>, AllocError>,
        mut leaf: GuardedLeaf<'_, K, V, P>,
        rank: usize,
        key: K::Ref<'_>,
        value: V,
    ) -> Result<(), Refused<V>> {
        let Plan { held, split } = match plan {
            Ok(plan) => plan,
            Err(error) => {
                leaf.unlock_unchanged();
                return Err((value, error));
            }
        };
        let kept = K::kept(key, held.number());
        match split {
            None => {
                leaf.insert(rank, kept, value);
                drop(leaf);
                self.pairs.add_one();
            }
            Some((plan, spare)) => self.split_by(plan, leaf, spare, rank, kept, value),
        }
        let height = self.heights.of::<K>(key);
        if height > 0 {
            self.promote_later(key, height);
        }
        Ok(())
    }
}
