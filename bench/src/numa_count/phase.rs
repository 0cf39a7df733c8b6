//! The operations that are counted, and the key of each.

use crate::keys::{KeySet, Shape, value_of};
use crate::maps::ordered_map::DynOperations;
use crate::random::{Random, random};
use rand::RngExt;
use std::hint::black_box;

/// Pairs that a scan visits.
pub const SCAN: usize = 100;

/// An operation that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The value of a key that is there, each as likely as the others.
    Get,
    /// [`SCAN`] pairs from a place in the lower half of the keys.
    Scan,
    /// A key that is not there.
    Insert,
    /// A key that is there.
    Remove,
    /// A key that is there, each as likely as the others, gets its value again.
    Update,
}

impl Operation {
    /// All operations in their order. Those that read come first.
    pub const ALL: [Self; 5] = [Self::Get, Self::Scan, Self::Insert, Self::Remove, Self::Update];

    /// What tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Scan => "scan 100",
            Self::Insert => "insert",
            Self::Remove => "remove",
            Self::Update => "update",
        }
    }

    /// How many of them there are for `wanted` lookups.
    pub(super) fn times(self, wanted: u64) -> u64 {
        // A scan touches as much as ten lookups.
        if self == Self::Scan { wanted / 10 } else { wanted }
    }

    /// Does it with `key`.
    #[inline]
    pub(super) fn run(self, map: &dyn DynOperations, key: u64) -> Answer {
        match self {
            Self::Get => Answer::Value(map.get(key)),
            Self::Remove => Answer::Value(map.remove(key)),
            Self::Insert | Self::Update => {
                map.insert(key, value_of(key, 0));
                Answer::None
            }
            Self::Scan => {
                let (mut pairs, mut wrong) = (0, 0);
                map.scan(key, SCAN, &mut |key, value| {
                    pairs += 1;
                    wrong |= value ^ value_of(key, 0);
                });
                Answer::Pairs(if black_box(wrong) == 0 { pairs } else { usize::MAX })
            }
        }
    }
}

/// What an operation answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// No answer. The check at the end shows whether an insertion or update succeeded.
    None,
    Value(Option<u64>),
    /// The number of pairs, if all had the right values.
    Pairs(usize),
}

impl Answer {
    pub(super) fn is_right(self, key: u64) -> bool {
        match self {
            Self::None => true,
            Self::Value(value) => value == Some(value_of(key, 0)),
            Self::Pairs(pairs) => pairs == SCAN,
        }
    }
}

/// The keys that one worker uses.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    set: KeySet,
    worker: u64,
    workers: u64,
    /// Keys that are loaded, by all workers together.
    loaded: u64,
    /// Keys of each worker that were removed, and replaced by new ones.
    removed: u64,
    /// Whether the worker has a range of keys of its own.
    ranges: bool,
    random: Random,
}

impl Keys {
    /// The keys of `worker`. Runs with different seeds have different keys, in another order.
    pub(super) fn new(seed: u64, worker: usize, workers: usize, loaded: u64, ranges: bool) -> Self {
        let (worker, workers) = (worker as u64, workers as u64);
        let (set, random) = (KeySet::new(Shape::Mixed, seed), random(seed.wrapping_add(1), worker));
        Self { set, worker, workers, loaded, removed: 0, ranges, random }
    }

    /// The first key of worker `of`'s range.
    pub(super) fn start(&self, of: u64) -> u64 {
        of * (u64::MAX / self.workers)
    }

    /// The key of index `i`. If workers have ranges, it lies in the range of the worker that the index
    /// belongs to.
    fn key(&self, i: u64) -> u64 {
        let key = self.set.key(i);
        if self.ranges { self.start(i % self.workers) + key / self.workers } else { key }
    }

    /// Key number `i` of those that only this worker inserts or removes.
    pub(super) fn own(&self, i: u64) -> u64 {
        self.key(i * self.workers + self.worker)
    }

    /// The key for the worker's operation number `i` of a kind.
    pub(super) fn pick(&mut self, operation: Operation, i: u64) -> u64 {
        match operation {
            Operation::Get => self.any(),
            Operation::Scan => {
                let start = if self.ranges { self.start(self.worker) } else { 0 };
                start + (self.any() - start) / 2
            }
            Operation::Insert => self.own(self.loaded / self.workers + i),
            Operation::Remove => {
                self.removed = i + 1;
                self.own(i)
            }
            Operation::Update => self.any(),
        }
    }

    /// A key that is there, each as likely as the others. All workers have removed equally many.
    fn any(&mut self) -> u64 {
        if self.ranges {
            let i = self.random.random_range(0..self.loaded / self.workers);
            self.own(self.removed + i)
        } else {
            let i = self.random.random_range(0..self.loaded);
            self.key(self.removed * self.workers + i)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn workers_divide_the_keys_among_them() {
        for ranges in [false, true] {
            let workers: Vec<_> = (0..4).map(|worker| Keys::new(1, worker, 4, 4000, ranges)).collect();
            let own = |keys: &Keys| (0..1000).map(|i| keys.own(i)).collect::<Vec<_>>();
            let all: HashSet<u64> = workers.iter().flat_map(own).collect();
            assert_eq!(all.len(), 4000);
            let new = |keys: &Keys| (1000..2000).map(|i| keys.own(i)).collect::<Vec<_>>();
            let there: HashSet<u64> = workers.iter().flat_map(new).collect();
            for mut keys in workers {
                let range = keys.start(keys.worker)..keys.start(keys.worker + 1);
                let inside = |key: &u64| range.contains(key);
                for i in 0..1000 {
                    assert!(all.contains(&keys.pick(Operation::Get, i)));
                    assert!(!ranges || inside(&keys.pick(Operation::Scan, i)));
                }
                for i in 0..1000 {
                    let new = keys.pick(Operation::Insert, i);
                    assert!(!all.contains(&new) && all.contains(&keys.pick(Operation::Remove, i)));
                    assert!(!ranges || inside(&new));
                }
                assert_eq!(own(&keys).iter().all(inside), ranges);
                // All loaded keys were removed, and as many new ones inserted.
                assert!((0..1000).all(|i| there.contains(&keys.pick(Operation::Update, i))));
            }
        }
    }

    #[test]
    fn a_wrong_answer_is_told_from_a_right_one() {
        assert!(Answer::Value(Some(value_of(5, 0))).is_right(5));
        assert!(!Answer::Value(Some(value_of(6, 0))).is_right(5));
        assert!(!Answer::Value(None).is_right(5));
        assert!(Answer::Pairs(SCAN).is_right(5));
        assert!(!Answer::Pairs(SCAN - 1).is_right(5) && !Answer::Pairs(usize::MAX).is_right(5));
    }
}
