//! Reads and takes out the first and the last pair.
//!
//! The outermost leaf may be empty for a while, so a search for the end may pass empty leaves. It remembers
//! each one with its version. After it has read the pair (or locked its leaf), it validates all of them. So
//! there was a moment at which all of them were empty. At that moment the pair was the first or last, and the
//! operation takes effect there.

use crate::arena::BlockPool;
use crate::few::Few;
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, Read};
use crate::index::search::probe::{At, Before, Rightmost};
use crate::lock::{State, Version};
use crate::node::{Leaf, LevelMark, NodeKeys};

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    Last,
}

/// How many empty leaves a search may pass, each with its version. If there are more, the search first merges
/// some. That is possible: two empty neighbours cannot merge only if the second heads a node, on some level,
/// that cannot be absorbed. So when all merges are done, the boundaries that are left in a row are each held
/// by a different level.
pub(in crate::index) const PASSED: usize = LEVELS;

pub(in crate::index) struct Passed<'a, K: NodeKeys, V> {
    leaves: Few<(Leaf<'a, K, V>, Version), PASSED>,
}

impl<K: NodeKeys, V> Passed<'_, K, V> {
    fn none() -> Self {
        Self { leaves: Few::new() }
    }

    /// Whether all are still as they were: empty.
    fn validate(&self) -> bool {
        self.leaves.as_slice().iter().all(|&(leaf, version)| leaf.validate(version))
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
        // SAFETY: in the state in which the leaf was found it has pairs, and this slot is its first or last
        // pair. In any state this is a slot of the leaf, because the count is never more than the capacity.
        self.at_end(end, |leaf, version, slot| unsafe { R::read(leaf, version, slot) })
    }

    /// The key at this end, and what `follow` makes of the value and of the leaf's state. If that is `None`, the
    /// leaf has changed meanwhile, and this tries again.
    pub(crate) fn end_following<T>(
        &self,
        end: End,
        mut follow: impl FnMut(V, State<'_>) -> Option<T>,
    ) -> Option<(K::Owned, T)>
    where
        V: Copy,
    {
        self.at_end(end, |leaf, version, slot| {
            // SAFETY: as in `end`.
            let (key, value) = unsafe { Copied::read(leaf, version, slot) }?;
            Some((key, follow(value, State::new(leaf.lock(), version))?))
        })
    }

    /// What `read` returns for the leaf at this end, its version, and its slot at this end. If that is `None`, the
    /// leaf has changed meanwhile, and this tries again.
    fn at_end<T>(
        &self,
        end: End,
        mut read: impl FnMut(Leaf<'_, K, V>, Version, usize) -> Option<T>,
    ) -> Option<T> {
        let mut backoff = self.tree.backoff();
        loop {
            let mut passed = Passed::none();
            match self.find_end(end, &mut passed) {
                EndSearch::Nothing => return None,
                EndSearch::Conflict => {}
                EndSearch::Leaf(leaf, version) => {
                    let pair = read(leaf, version, slot_at(end, leaf.count()));
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
            let mut passed = Passed::none();
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
            let mut passed = Passed::none();
            match self.find_end(End::First, &mut passed) {
                EndSearch::Nothing => return true,
                // It was not empty when `find_end` validated that leaf.
                EndSearch::Leaf(..) => return false,
                EndSearch::Conflict => backoff.wait(),
            }
        }
    }

    /// The outermost leaf that is not empty, validated once, and the empty ones before it.
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
            if !passed.leaves.push((leaf, version)) {
                self.compact(K::borrow(&low));
                passed.leaves.as_slice().iter().for_each(|(leaf, _)| self.compact(K::borrow(&leaf.low())));
                return EndSearch::Conflict;
            }
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
                // All leaves are empty, if they were in these states at one moment.
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
