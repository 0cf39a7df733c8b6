//! The first and the last pair: looking at them, and taking them out.
//!
//! The outermost leaf may be empty for a while, so a search for the edge may pass empty leaves. Each is
//! remembered with its version, and all are validated after the pair was read (or its leaf locked): at that
//! moment they were empty together, which makes the pair the edge, and the operation linearizable.

use super::Index;
use super::cursor::Read;
use super::descend::{At, Before, End};
use super::merge::is_underfull;
use crate::arena::BlockPool;
use crate::backoff::Backoff;
use crate::height::LEVELS;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Leaf, LevelMark};

/// Which end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    First,
    Last,
}

/// Empty leaves passed on the way, with their versions. More than this are merged first, which is possible:
/// two empty neighbours cannot merge only if the second heads a node of some level that cannot go, and of
/// the seams in a row that are left after all merges each is held by another level.
const PASSED: usize = LEVELS;

struct Passed<'a, K, V> {
    leaves: [Option<(Leaf<'a, K, V>, Version)>; PASSED],
    len: usize,
}

impl<K: KeyWords, V> Passed<'_, K, V> {
    /// Whether all are still as they were: empty.
    fn validate(&self) -> bool {
        self.leaves[..self.len].iter().flatten().all(|&(leaf, version)| leaf.validate(version))
    }
}

/// What a search for the edge found.
enum Found<'a, K, V> {
    /// This leaf holds it.
    Leaf(Leaf<'a, K, V>, Version),
    /// The map was empty.
    Nothing,
    /// Start again.
    Conflict,
}

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// A copy of the pair at the edge, read as `R` does.
    pub(crate) fn edge<R: Read<V>>(&self, edge: Edge) -> Option<(K, V)> {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let mut passed = Passed { leaves: [None; PASSED], len: 0 };
            match self.find_edge(edge, &mut passed) {
                Found::Nothing => return None,
                Found::Conflict => {}
                Found::Leaf(leaf, version) => {
                    let slot = slot_at(edge, leaf.count());
                    // SAFETY: in the state in which it was found the leaf has pairs, of which this is the first or the last;
                    // and in any state it is a slot of the leaf, whose count is never more than the capacity.
                    let pair = unsafe { R::read(leaf, version, slot) };
                    if let Some(pair) = pair.filter(|_| passed.validate()) {
                        return Some(pair);
                    }
                }
            }
            backoff.wait();
        }
    }

    /// Takes out the pair at the edge.
    pub(crate) fn pop(&self, edge: Edge) -> Option<(K, V)> {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let mut passed = Passed { leaves: [None; PASSED], len: 0 };
            match self.find_edge(edge, &mut passed) {
                Found::Nothing => return None,
                Found::Conflict => {}
                Found::Leaf(leaf, version) => {
                    if let Some(mut leaf) = leaf.try_lock(version) {
                        if passed.validate() {
                            let slot = slot_at(edge, leaf.count());
                            let key = leaf.key(slot);
                            let value = leaf.remove(slot);
                            let underfull = is_underfull(*leaf);
                            drop(leaf);
                            if underfull {
                                self.compact(key);
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
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let mut passed = Passed { leaves: [None; PASSED], len: 0 };
            match self.find_edge(Edge::First, &mut passed) {
                Found::Nothing => return true,
                // It was not empty when `find_edge` validated that leaf.
                Found::Leaf(..) => return false,
                Found::Conflict => backoff.wait(),
            }
        }
    }

    /// The outermost leaf that is not empty (validated once), past the empty ones.
    fn find_edge<'a>(&'a self, edge: Edge, passed: &mut Passed<'a, K, V>) -> Found<'a, K, V> {
        let (mut leaf, mut version) = match edge {
            Edge::First => {
                let head = self.leaf(self.head(0));
                (head, head.read_begin())
            }
            Edge::Last => self.leaf_at(End),
        };
        loop {
            let empty = leaf.count() == 0;
            let (next, low, high) = (leaf.next(), leaf.low(), leaf.high());
            if !leaf.validate(version) {
                return Found::Conflict;
            }
            if !empty {
                return Found::Leaf(leaf, version);
            }
            if passed.len == PASSED {
                self.compact(low);
                passed.leaves.iter().flatten().for_each(|(leaf, _)| self.compact(leaf.low()));
                return Found::Conflict;
            }
            passed.leaves[passed.len] = Some((leaf, version));
            passed.len += 1;
            let neighbour = match edge {
                Edge::First => next.map(|next| {
                    self.settle(self.leaf(next), LevelMark::of(0), At(high))
                        .filter(|(found, _)| found.id() == next)
                }),
                Edge::Last if leaf.id() == self.head(0) => None,
                Edge::Last => Before::new(low).map(|before| {
                    let (found, version) = self.leaf_at(before);
                    (found.next() == Some(leaf.id())).then_some((found, version))
                }),
            };
            match neighbour {
                // All leaves are empty, if they were so at one moment.
                None if passed.validate() => return Found::Nothing,
                None | Some(None) => return Found::Conflict,
                Some(Some(found)) => (leaf, version) = found,
            }
        }
    }
}

fn slot_at(edge: Edge, count: usize) -> usize {
    match edge {
        Edge::First => 0,
        Edge::Last => count.saturating_sub(1),
    }
}
