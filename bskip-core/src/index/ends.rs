//! Reads, changes and takes out the first and the last pair: those beside the ends of the keys.

use crate::arena::BlockPool;
use crate::compute::{Compute, Operation};
use crate::index::beside::{Beside, Passed, Place, Way, outermost};
use crate::index::engine::Index;
use crate::index::read::cursor::Read;
use crate::index::search::probe::Rightmost;
use crate::index::write::compute::Step;
use crate::index::write::pair::Asked;
use crate::lock::Version;
use crate::node::{GuardedLeaf, Leaf, NodeKeys};

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// A copy of the pair at this end, read as `R` does.
    pub(crate) fn end<R: Read<V>>(&self, end: End) -> Option<(K::Owned, R::Value)> {
        let mut backoff = self.tree.backoff();
        loop {
            let mut passed = Passed::none();
            match self.find_end(end, &mut passed) {
                Beside::Nothing => return None,
                Beside::Conflict => {}
                Beside::Pair(Place { leaf, version, slot }) => {
                    // SAFETY: in the state in which the leaf was found it has pairs, and this slot is its first or
                    // last pair. In any state this is a slot of the leaf, because the count is never more than the
                    // capacity.
                    let pair = unsafe { R::read(leaf, version, slot) };
                    if let Some(pair) = pair.filter(|_| passed.validate()) {
                        return Some(pair);
                    }
                }
            }
            backoff.wait();
        }
    }

    /// Takes out the pair at this end.
    pub(crate) fn pop(&self, end: End) -> Option<(K::Owned, V)> {
        let (mut leaf, slot, key) = self.lock_end(end, |leaf, _, slot| Some(leaf.key(slot)))?;
        let value = leaf.remove(slot);
        self.end_removal(leaf, 1, K::borrow(&key));
        Some((key, value))
    }

    /// Runs `f` on the pair at this end and does what `f` says. `f` sees the key as `prepare` makes it.
    pub(crate) fn operate_end<Q, T>(
        &self,
        end: End,
        prepare: impl Fn(&K::Owned) -> Q,
        f: impl FnOnce(&Q, &V) -> Operation<V, T>,
    ) -> Option<(Q, Compute<V, T>)> {
        let (key, old, asked) = self.compute_end(end, prepare, |key, value| Asked::step(f(key, value)))?;
        Some((key, asked.outcome(old)))
    }

    /// Takes out the pair at this end if `f` says so. `f` sees the key as `prepare` makes it.
    pub(crate) fn pop_end_if<Q>(
        &self,
        end: End,
        prepare: impl Fn(&K::Owned) -> Q,
        f: impl FnOnce(&Q, &V) -> bool,
    ) -> Option<(Q, V)> {
        let decide = |key: &Q, value: &mut V| (if f(key, value) { Step::Remove } else { Step::Keep }, ());
        let (key, old, ()) = self.compute_end(end, prepare, decide)?;
        Some((key, old?))
    }

    /// Runs `prepare` on the key at this end, without a lock, and `f` on what that returned and on the value,
    /// under the leaf's lock. Then does what `f` says. Returns the prepared key, the value that left the map,
    /// if one did, and what `f` returned. `prepare` may run several times, `f` runs once.
    fn compute_end<Q, R>(
        &self,
        end: End,
        prepare: impl Fn(&K::Owned) -> Q,
        f: impl FnOnce(&Q, &mut V) -> (Step<V>, R),
    ) -> Option<(Q, Option<V>, R)> {
        let prepared = |leaf: Leaf<'_, K, V>, version, slot| {
            let key = leaf.key(slot);
            leaf.validate(version).then(|| (prepare(&key), key))
        };
        let (leaf, slot, (prepared, key)) = self.lock_end(end, prepared)?;
        let (old, result) = self.decide(leaf, slot, K::borrow(&key), |value| f(&prepared, value));
        Some((prepared, old, result))
    }

    /// Locks the leaf with the pair at this end. Returns the pair's slot too, and what `read` returned for the leaf,
    /// its version and this slot, before the lock: the copy of a long key takes memory. If that is `None`, the leaf
    /// has changed meanwhile, and this tries again.
    #[inline(always)]
    fn lock_end<Q>(
        &self,
        end: End,
        read: impl Fn(Leaf<'_, K, V>, Version, usize) -> Option<Q>,
    ) -> Option<(GuardedLeaf<'_, K, V, P>, usize, Q)> {
        let mut backoff = self.tree.backoff();
        loop {
            let mut passed = Passed::none();
            match self.find_end(end, &mut passed) {
                Beside::Nothing => return None,
                Beside::Conflict => {}
                Beside::Pair(Place { leaf, version, slot }) => {
                    let read = read(leaf, version, slot);
                    if let Some((read, leaf)) = read.and_then(|read| Some((read, leaf.try_guard(version)?))) {
                        if passed.validate() {
                            return Some((leaf, slot, read));
                        }
                        leaf.unlock_unchanged();
                    }
                }
            }
            backoff.wait();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        let mut backoff = self.tree.backoff();
        loop {
            let mut passed = Passed::none();
            match self.find_end(End::First, &mut passed) {
                Beside::Nothing => return true,
                // It was not empty when `beside` validated that leaf.
                Beside::Pair(..) => return false,
                Beside::Conflict => backoff.wait(),
            }
        }
    }

    /// The pair at this end, and the empty leaves before it.
    #[inline(always)]
    pub(in crate::index) fn find_end<'a>(
        &'a self,
        end: End,
        passed: &mut Passed<'a, K, V>,
    ) -> Beside<'a, K, V> {
        let (way, (leaf, version)) = match end {
            End::First => {
                let head = self.tree.leaf(self.tree.head(0));
                (Way::Up, (head, self.tree.read_begin(head)))
            }
            End::Last => (Way::Down, self.leaf_at(Rightmost)),
        };
        self.beside(way, Place { leaf, version, slot: outermost(way, leaf.count()) }, passed)
    }
}
