//! Visits the pairs of a range in order. User code sees each value under its leaf's lock, and may change or remove it.
//!
//! One leaf is locked at a time, for one pair at a time. Between two pairs of a leaf, the visitor knows the leaf's
//! state without reading it again, because it made that state itself.

use core::convert::Infallible;
use core::mem;
use core::ops::{Bound, ControlFlow};

use crate::arena::BlockPool;
use crate::arena::keep::Keeps;
use crate::index::engine::Index;
use crate::index::write::compute::Step;
use crate::index::write::range::Removal;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// For each pair between the bounds, in order: runs `prepare` on the key, without a lock, and `f` on what that
    /// returned and on the value, under the leaf's lock. Then does what `f` says, and gives the pair to `left` if it
    /// has left the map, or the old value if it was replaced. Ends if `f` or `left` breaks.
    pub(crate) fn visit<Q, B>(
        &self,
        mut lower: Bound<K::Owned>,
        upper: Bound<K::Owned>,
        mut prepare: impl FnMut(&K::Owned) -> Q,
        mut f: impl FnMut(&Q, &mut V) -> (Step<V>, ControlFlow<B>),
        mut left: impl FnMut(Q, V) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let mut backoff = self.tree.backoff();
        let mut cursor = self.cursor_after(lower.as_ref().map(K::borrow), None);
        while let Some(mut here) = cursor {
            let is_last = here.end_before(upper.as_ref().map(K::borrow));
            let (node, mut version) = here.leaf();
            let (mut slot, mut end) = (here.start, here.end);
            let mut is_valid = node.validate(version);
            while is_valid && slot < end {
                let key = node.key(slot);
                if !node.validate(version) {
                    is_valid = false;
                    break;
                }
                let prepared = prepare(&key);
                // Before the lock: the copy of a long key takes memory.
                let behind = Bound::Excluded(key.clone());
                let Some(mut leaf) = node.try_guard(version) else {
                    is_valid = false;
                    break;
                };
                let (step, flow) = leaf.with_value(slot, |value| f(&prepared, value));
                lower = behind;
                let gone = match step {
                    Step::Keep => {
                        leaf.unlock_unchanged();
                        slot += 1;
                        None
                    }
                    Step::Changed => {
                        drop(leaf);
                        version = version.changed();
                        slot += 1;
                        None
                    }
                    Step::Store(value) => {
                        let old = leaf.replace(slot, value);
                        drop(leaf);
                        version = version.changed();
                        slot += 1;
                        Some(old)
                    }
                    Step::Remove => {
                        let value = leaf.remove(slot);
                        self.end_removal(leaf, 1, K::borrow(&key));
                        version = version.changed();
                        end -= 1;
                        Some(value)
                    }
                };
                if let Some(value) = gone {
                    left(prepared, value)?;
                }
                flow?;
            }
            cursor = if !is_valid {
                backoff.wait();
                self.cursor_after(lower.as_ref().map(K::borrow), None)
            } else if is_last {
                None
            } else {
                backoff = self.tree.backoff();
                here.advance_to(version);
                self.cursor_after(lower.as_ref().map(K::borrow), Some(here))
            };
        }
        ControlFlow::Continue(())
    }

    /// Removes the pairs between the bounds, whole leaves at a time, and returns their number. Without memory for a
    /// list of the values of a leaf, it removes pair by pair. `left` gets the values, without a lock, if they are
    /// `wanted`; otherwise they are forgotten, so they must need no drop.
    pub(crate) fn remove_range(
        &self,
        lower: Bound<K::Owned>,
        upper: Bound<K::Owned>,
        wanted: bool,
        left: impl FnMut(V),
    ) -> usize {
        debug_assert!(wanted || !mem::needs_drop::<V>());
        // A change of many leaves needs a list of their values.
        if wanted && !<P::Hints as Keeps>::GLOBAL {
            return self.remove_each(lower, upper, left);
        }
        let mut removal = Removal::new(upper.as_ref().map(K::borrow), wanted, left);
        let (mut removed, outcome) = self.remove_by_leaves(lower, &mut removal);
        if let Err(lower) = outcome {
            removed += self.remove_each(lower, upper.clone(), removal.into_left());
        }
        removed
    }

    /// Removes the pairs between the bounds one by one, gives each value to `left`, without a lock, and returns their
    /// number.
    fn remove_each(&self, lower: Bound<K::Owned>, upper: Bound<K::Owned>, mut left: impl FnMut(V)) -> usize {
        let mut removed = 0;
        let each = |(): &(), _: &mut V| (Step::Remove, ControlFlow::<Infallible>::Continue(()));
        let ControlFlow::Continue(()) = self.visit(
            lower,
            upper,
            |_| (),
            each,
            |(), value| {
                removed += 1;
                left(value);
                ControlFlow::Continue(())
            },
        );
        removed
    }
}

/// The pairs between two bounds that are to be taken out, one by one.
pub(crate) struct Extract<'a, K: NodeKeys, V, P: BlockPool> {
    index: &'a Index<K, V, P>,
    lower: Bound<K::Owned>,
    upper: Bound<K::Owned>,
    is_done: bool,
}

impl<'a, K: NodeKeys, V, P: BlockPool> Extract<'a, K, V, P> {
    pub(crate) fn new(index: &'a Index<K, V, P>, lower: Bound<K::Owned>, upper: Bound<K::Owned>) -> Self {
        Self { index, lower, upper, is_done: false }
    }

    /// Takes out the next pair for which `pred` returns true. `pred` gets what `prepare` makes of the key.
    pub(crate) fn next<Q>(
        &mut self,
        prepare: impl Fn(&K::Owned) -> Q,
        mut pred: impl FnMut(&Q, &mut V) -> bool,
    ) -> Option<(Q, V)> {
        if self.is_done {
            return None;
        }
        let found = self.index.visit(
            self.lower.clone(),
            self.upper.clone(),
            |key| (key.clone(), prepare(key)),
            |(_, key), value| {
                let step = if pred(key, value) { Step::Remove } else { Step::Changed };
                (step, ControlFlow::Continue(()))
            },
            |key, value| ControlFlow::Break((key, value)),
        );
        match found {
            ControlFlow::Break(((behind, key), value)) => {
                self.lower = Bound::Excluded(behind);
                Some((key, value))
            }
            ControlFlow::Continue(()) => {
                self.is_done = true;
                None
            }
        }
    }
}
