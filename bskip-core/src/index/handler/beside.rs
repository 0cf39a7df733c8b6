//! The pair beside a place, and the first and the last one, without waiting.
//!
//! This is the search of `index/beside.rs` with a bound. It merges no leaves: if it has passed too many empty ones,
//! it gives up.

use super::{STEPS, TRIES};
use crate::arena::BlockPool;
use crate::busy::Busy;
use crate::few::Few;
use crate::index::beside::{Beside, PASSED, Place, Target, Way, outermost, slot_beside};
use crate::index::ends::End;
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, Read};
use crate::index::search::probe::{At, Before, Rightmost};
use crate::index::search::settle::Versioned;
use crate::node::{LeafShape, LevelMark, NodeKeys};

/// Leaves that a search has passed: the first one, and empty ones.
type Passed<'a, K, V> = Few<Versioned<'a, LeafShape<K, V>>, PASSED>;

/// Whether all are still as they were: without a pair on the way.
fn validate<K: NodeKeys, V>(passed: &Passed<'_, K, V>) -> bool {
    passed.as_slice().iter().all(|&(leaf, version)| leaf.validate(version))
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// A copy of the pair beside `target`.
    pub(crate) fn neighbour_within(&self, target: Target<'_, K>) -> Result<Option<(K::Owned, V)>, Busy>
    where
        V: Copy,
    {
        self.at_beside(target, |Place { leaf, version, slot }, passed| {
            // SAFETY: in the state in which the leaf was found, the slot is in use. In any state it is a slot of the
            // leaf, because the count is never more than the capacity.
            unsafe { Copied::read(leaf, version, slot) }.filter(|_| validate::<K, V>(passed))
        })
    }

    /// As [`pop`](Self::pop), without waiting. The leaf does not merge, even if it is empty now.
    pub(crate) fn pop_within(&self, end: End) -> Result<Option<(K::Owned, V)>, Busy> {
        let target = match end {
            End::First => Target::First,
            End::Last => Target::Last,
        };
        self.at_beside(target, |Place { leaf, version, slot }, passed| {
            let key = leaf.key(slot);
            let mut leaf = leaf.try_guard::<P::Platform>(version)?;
            if !validate::<K, V>(passed) {
                leaf.unlock_unchanged();
                return None;
            }
            let value = leaf.remove(slot);
            drop(leaf);
            self.pairs.take_one();
            Some((key, value))
        })
    }

    /// What `take` returns for the place of the pair beside `target` and the leaves passed on the way. If that is
    /// `None`, something has changed meanwhile, and this tries again, a bounded number of times.
    fn at_beside<'a, T>(
        &'a self,
        target: Target<'_, K>,
        take: impl Fn(Place<'a, K, V>, &Passed<'a, K, V>) -> Option<T>,
    ) -> Result<Option<T>, Busy> {
        for _ in 0..TRIES {
            let mut passed = Few::new();
            match self.beside_within(target, &mut passed) {
                Beside::Nothing => return Ok(None),
                Beside::Conflict => {}
                Beside::Pair(place) => {
                    if let Some(taken) = take(place, &passed) {
                        return Ok(Some(taken));
                    }
                }
            }
        }
        Err(Busy)
    }

    /// One search for the pair beside `target`. The leaf with the pair has been validated once.
    fn beside_within<'a>(&'a self, target: Target<'_, K>, passed: &mut Passed<'a, K, V>) -> Beside<'a, K, V> {
        let found = match target {
            Target::First => {
                let head = self.tree.leaf(self.tree.head(0));
                head.try_read_begin().map(|version| (head, version))
            }
            Target::Last => self.leaf_within(Rightmost),
            Target::AtOrAbove(key) | Target::Above(key) | Target::AtOrBelow(key) => self.leaf_within(At(key)),
            Target::Below(key) => match Before::<K>::new(key) {
                Some(before) => self.leaf_within(before),
                None => return Beside::Nothing,
            },
        };
        let Some((mut leaf, mut version)) = found else { return Beside::Conflict };
        let (way, mut slot) = slot_beside(&target, leaf);
        loop {
            let (next, low, high) = (leaf.next(), leaf.low(), leaf.high());
            if !leaf.validate(version) {
                return Beside::Conflict;
            }
            if let Some(slot) = slot {
                return Beside::Pair(Place { leaf, version, slot });
            }
            if !passed.push((leaf, version)) {
                return Beside::Conflict;
            }
            let beyond = match way {
                Way::Up => next.map(|next| {
                    let next = self.tree.leaf(next);
                    let settled =
                        self.tree.settle_within::<_, STEPS>(next, LevelMark::of(0), At(K::borrow(&high)));
                    settled.filter(|(found, _)| found.id() == next.id())
                }),
                Way::Down if leaf.id() == self.tree.head(0) => None,
                Way::Down => Before::<K>::new(K::borrow(&low)).map(|before| {
                    self.leaf_within(before).filter(|(found, _)| found.next() == Some(leaf.id()))
                }),
            };
            match beyond {
                // No leaf has such a pair, if they were in these states at one moment.
                None if validate::<K, V>(passed) => return Beside::Nothing,
                None | Some(None) => return Beside::Conflict,
                Some(Some(found)) => (leaf, version) = found,
            }
            slot = outermost(way, leaf.count());
        }
    }
}
