//! The first and the last pair: looking at them, and taking them out.
//!
//! The outermost leaf may be empty for a while, so a search for the end may pass empty leaves. Each is
//! remembered with its version, and all are validated after the pair was read (or its leaf locked): at that
//! moment they were empty together, which makes the pair the first or last, and the operation linearizable.

use crate::arena::BlockPool;
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::read::cursor::Read;
use crate::index::search::probe::{At, Before, Rightmost};
use crate::lock::Version;
use crate::node::{Leaf, LevelMark, NodeKeys};

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

/// Empty leaves passed on the way, with their versions. More than this are merged first, which is possible:
/// two empty neighbours cannot merge only if the second heads a node of some level that cannot go, and of
/// the boundaries in a row that are left after all merges each is held by another level.
pub(in crate::index) const PASSED: usize = LEVELS;

pub(in crate::index) struct Passed<'a, K: NodeKeys, V> {
    leaves: [Option<(Leaf<'a, K, V>, Version)>; PASSED],
    len: usize,
}

impl<K: NodeKeys, V> Passed<'_, K, V> {
    /// Whether all are still as they were: empty.
    fn validate(&self) -> bool {
        self.leaves[..self.len].iter().flatten().all(|&(leaf, version)| leaf.validate(version))
    }
}

/// What a search for the end found.
enum EndSearch<'a, K: NodeKeys, V> {
    /// This leaf holds it.
    Leaf(Leaf<'a, K, V>, Version),
    /// The map was empty.
    Nothing,
    /// Start again.
    Conflict,
}

/// The leaf further inwards.
enum Neighbour<'a, K: NodeKeys, V> {
    Leaf(Leaf<'a, K, V>, Version),
    /// There is none.
    None,
    /// It is not next to the leaf any more.
    Changed,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// A copy of the pair at this end, read as `R` does.
    pub(crate) fn end<R: Read<V>>(&self, end: End) -> Option<(K::Owned, V)> {
        let mut backoff = self.tree.backoff();
        loop {
            let mut passed = Passed { leaves: [None; PASSED], len: 0 };
            match self.find_end(end, &mut passed) {
                EndSearch::Nothing => return None,
                EndSearch::Conflict => {}
                EndSearch::Leaf(leaf, version) => {
                    let slot = slot_at(end, leaf.count());
                    // SAFETY: in the state in which it was found the leaf has pairs, of which this is the
                    // first or the last; and in any state it is a slot of the leaf, whose count is never more
                    // than the capacity.
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
        let mut backoff = self.tree.backoff();
        loop {
            let mut passed = Passed { leaves: [None; PASSED], len: 0 };
            match self.find_end(end, &mut passed) {
                EndSearch::Nothing => return None,
                EndSearch::Conflict => {}
                EndSearch::Leaf(leaf, version) => {
                    if let Some(mut leaf) = leaf.try_lock(version) {
                        if passed.validate() {
                            let slot = slot_at(end, leaf.count());
                            let key = leaf.key(slot);
                            let value = leaf.remove(slot);
                            let underfull = leaf.is_underfull();
                            drop(leaf);
                            if underfull {
                                self.compact(K::borrow(&key));
                            }
                            return Some((key, value));
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
            let mut passed = Passed { leaves: [None; PASSED], len: 0 };
            match self.find_end(End::First, &mut passed) {
                EndSearch::Nothing => return true,
                // It was not empty when `find_end` validated that leaf.
                EndSearch::Leaf(..) => return false,
                EndSearch::Conflict => backoff.wait(),
            }
        }
    }

    /// The outermost leaf that is not empty (validated once), past the empty ones.
    fn find_end<'a>(&'a self, end: End, passed: &mut Passed<'a, K, V>) -> EndSearch<'a, K, V> {
        let (mut leaf, mut version) = match end {
            End::First => {
                let head = self.tree.leaf(self.tree.head(0));
                (head, self.tree.read_begin(head))
            }
            End::Last => self.leaf_at(Rightmost),
        };
        loop {
            let empty = leaf.count() == 0;
            let (next, low, high) = (leaf.next(), leaf.low(), leaf.high());
            if !leaf.validate(version) {
                return EndSearch::Conflict;
            }
            if !empty {
                return EndSearch::Leaf(leaf, version);
            }
            if passed.len == PASSED {
                self.compact(K::borrow(&low));
                passed.leaves.iter().flatten().for_each(|(leaf, _)| self.compact(K::borrow(&leaf.low())));
                return EndSearch::Conflict;
            }
            passed.leaves[passed.len] = Some((leaf, version));
            passed.len += 1;
            let neighbour: Neighbour<'_, K, V> = match end {
                End::First => next.map_or(Neighbour::None, |next| {
                    match self.tree.settle(self.tree.leaf(next), LevelMark::of(0), At(K::borrow(&high))) {
                        Some((found, version)) if found.id() == next => Neighbour::Leaf(found, version),
                        _ => Neighbour::Changed,
                    }
                }),
                End::Last if leaf.id() == self.tree.head(0) => Neighbour::None,
                End::Last => Before::<K>::new(K::borrow(&low)).map_or(Neighbour::None, |before| {
                    let (found, version) = self.leaf_at(before);
                    match found.next() {
                        Some(next) if next == leaf.id() => Neighbour::Leaf(found, version),
                        _ => Neighbour::Changed,
                    }
                }),
            };
            match neighbour {
                // All leaves are empty, if they were so at one moment.
                Neighbour::None if passed.validate() => return EndSearch::Nothing,
                Neighbour::None | Neighbour::Changed => return EndSearch::Conflict,
                Neighbour::Leaf(next, next_version) => (leaf, version) = (next, next_version),
            }
        }
    }
}

fn slot_at(end: End, count: usize) -> usize {
    match end {
        End::First => 0,
        End::Last => count.saturating_sub(1),
    }
}
