//! Divides work among the workers of a plan so that the part of each node is in one piece.

use std::ops::{Range, RangeInclusive};

use crate::plan::PinPlan;

impl PinPlan {
    /// The workers in the order of their parts: by node, ascending, and within a node by L3 cache.
    fn by_node(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        // Workers that may move between nodes come last.
        order.sort_by_key(|&worker| {
            let binding = &self.bindings()[worker];
            (binding.node.is_none(), binding.node, binding.l3)
        });
        order
    }

    /// The positions of `worker` among `len` items. Shares differ by one item at most. The shares of a node's
    /// workers follow each other, so each node has one stretch of items in proportion to its workers.
    /// O(workers log workers).
    ///
    /// ```
    /// # #[cfg(feature = "hwloc")] {
    /// use bskip_topology::{Machine, PinPolicy};
    ///
    /// let machine = Machine::synthetic("package:2 numa:1 core:2 pu:1")?;
    /// let plan = PinPolicy::Scatter.plan(&machine, 4)?; // on nodes 0, 1, 0, 1
    /// let shares: Vec<_> = (0..4).map(|worker| plan.share(worker, 100)).collect();
    /// assert_eq!(shares, [0..25, 50..75, 25..50, 75..100]);
    /// # }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If the plan has no such worker.
    #[must_use]
    pub fn share(&self, worker: usize, len: usize) -> Range<usize> {
        let part = self.by_node().iter().position(|&other| other == worker);
        let part =
            part.unwrap_or_else(|| panic!("the plan has no worker {worker}, only {} workers", self.len()));
        let cut = |part| at(len as u128, part, self.len()) as usize;
        cut(part)..cut(part + 1)
    }
}

/// The start of part `part` of `parts` equal parts of `len`.
fn at(len: u128, part: usize, parts: usize) -> u128 {
    // A length is at most 2^64, and there are at most as many parts as threads, so this does not overflow.
    len * part as u128 / parts as u128
}

/// Keys divided among the workers of a plan by value. Each worker has a range, and the ranges of a node's
/// workers follow each other.
///
/// If each worker inserts only keys of its range, the leaves that it makes are on its node and stay there.
/// [`bounds`](Self::bounds) tells a map or an arena where leaves belong that other threads make.
///
/// ```
/// # #[cfg(feature = "hwloc")] {
/// use bskip_topology::{Machine, Partition, PinPolicy};
///
/// let machine = Machine::synthetic("package:2 numa:1 core:2 pu:1")?;
/// let plan = PinPolicy::Scatter.plan(&machine, 4)?; // on nodes 0, 1, 0, 1
/// let partition = Partition::new(&plan, 0..=999);
/// assert_eq!(partition.range(2), 250..=499);
/// assert_eq!((partition.worker_of(700), partition.node_of(700)), (1, Some(1)));
/// assert_eq!(partition.bounds(), [(0, 0), (500, 1)]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// In ascending order of their keys. There is at least one.
    parts: Vec<Part>,
    /// The largest key.
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    /// The smallest key. If the next part begins with the same key, this one is empty.
    first: u64,
    worker: usize,
    node: Option<u32>,
}

impl Partition {
    /// Divides `keys` into ranges of equal width. Use this if keys are spread evenly, like hashes and random
    /// numbers. The range of all keys is `0..=u64::MAX`.
    ///
    /// # Panics
    /// If the plan has no workers or the range no keys.
    #[must_use]
    pub fn new(plan: &PinPlan, keys: RangeInclusive<u64>) -> Self {
        let (first, last) = keys.into_inner();
        assert!(first <= last, "cannot divide the empty range {first}..={last} of keys: swap its bounds");
        let width = u128::from(last - first) + 1;
        // This is less than `width`, so the sum is at most `last`.
        Self::cut(plan, last, |part| first + at(width, part, plan.len()) as u64)
    }

    /// Divides all possible keys so that each worker has equally many keys of `sample`. Use this if keys are
    /// not spread evenly. A sample of a few thousand keys in any order is enough. O(sample log sample).
    ///
    /// If one key makes up more than a worker's share of the sample, some workers get no keys.
    ///
    /// # Panics
    /// If the plan has no workers or the sample no keys.
    #[must_use]
    pub fn from_sample(plan: &PinPlan, sample: impl IntoIterator<Item = u64>) -> Self {
        let mut sample: Vec<u64> = sample.into_iter().collect();
        assert!(!sample.is_empty(), "cannot divide keys by an empty sample: use `Partition::new`");
        sample.sort_unstable();
        Self::cut(plan, u64::MAX, |part| match part {
            0 => 0,
            _ => sample[at(sample.len() as u128, part, plan.len()) as usize],
        })
    }

    /// The parts that begin with these keys, which ascend.
    fn cut(plan: &PinPlan, last: u64, first: impl Fn(usize) -> u64) -> Self {
        assert!(!plan.is_empty(), "cannot divide keys among no workers: plan for at least one");
        let part = |(part, worker): (usize, usize)| {
            let node = plan.bindings()[worker].node;
            Part { first: first(part), worker, node }
        };
        Self { parts: plan.by_node().into_iter().enumerate().map(part).collect(), last }
    }

    /// The parts that are not empty, ascending, each with its largest key.
    fn filled(&self) -> impl Iterator<Item = (Part, u64)> {
        let nexts = self.parts.iter().skip(1).map(|part| Some(part.first)).chain([None]);
        self.parts.iter().zip(nexts).filter_map(|(&part, next)| match next {
            Some(next) => (part.first < next).then(|| (part, next - 1)),
            None => Some((part, self.last)),
        })
    }

    /// The keys of a worker. If there are fewer keys than workers, a worker's range may be empty.
    ///
    /// # Panics
    /// If the plan has no such worker.
    #[must_use]
    #[allow(clippy::reversed_empty_ranges, reason = "an inclusive range has no other way to be empty")]
    pub fn range(&self, worker: usize) -> RangeInclusive<u64> {
        assert!(
            worker < self.parts.len(),
            "the partition has no worker {worker}, only {} workers",
            self.parts.len()
        );
        let own = self.filled().find(|(part, _)| part.worker == worker);
        own.map_or(1..=0, |(part, last)| part.first..=last)
    }

    /// The part that holds a key. A key outside of all parts belongs to the nearest part.
    fn part_of(&self, key: u64) -> &Part {
        let key = key.clamp(self.parts[0].first, self.last);
        // Of several parts that begin with the same key, the last one is not empty.
        &self.parts[self.parts.partition_point(|part| part.first <= key) - 1]
    }

    /// The worker whose range holds `key`. A key below all ranges belongs to the first worker that has keys,
    /// a key above all ranges to the last one. O(log workers).
    #[must_use]
    pub fn worker_of(&self, key: u64) -> usize {
        self.part_of(key).worker
    }

    /// The NUMA node of the worker whose range holds `key`, as for [`worker_of`](Self::worker_of); `None` if
    /// that worker may move between nodes.
    #[must_use]
    pub fn node_of(&self, key: u64) -> Option<u32> {
        self.part_of(key).node
    }

    /// The node of each stretch of keys, as pairs of lower bound and node. The bounds ascend from 0. A
    /// stretch ends at the next bound; the last one has no end. `Policy::Range` of `numa-alloc` takes such
    /// pairs. Empty if a worker of the plan may move between nodes.
    #[must_use]
    pub fn bounds(&self) -> Vec<(u64, u32)> {
        let stretches: Option<Vec<(u64, u32)>> =
            self.filled().map(|(part, _)| Some((part.first, part.node?))).collect();
        let mut bounds = stretches.unwrap_or_default();
        bounds.dedup_by_key(|(_, node)| *node);
        if let Some((lowest, _)) = bounds.first_mut() {
            *lowest = 0;
        }
        bounds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpuset::CpuSet;
    use crate::fixtures::grid;
    use crate::policy::PinPolicy;

    /// A plan of this many workers on nodes 0, 1, 0, 1, and so on.
    fn scattered(workers: usize) -> PinPlan {
        PinPolicy::Scatter.plan(&grid([2, 1, 1, 4, 1]), workers).expect("a possible plan")
    }

    fn ranges(partition: &Partition, workers: usize) -> Vec<RangeInclusive<u64>> {
        (0..workers).map(|worker| partition.range(worker)).collect()
    }

    /// Checks that every key belongs to the worker whose range holds it, and to the node that the bounds
    /// name.
    fn check(partition: &Partition, plan: &PinPlan, keys: impl Iterator<Item = u64>) {
        let bounds = partition.bounds();
        for key in keys {
            let worker = partition.worker_of(key);
            assert!(partition.range(worker).contains(&key), "key {key} of worker {worker}: {partition:?}");
            let others = (0..plan.len()).filter(|&other| other != worker);
            assert!(others.into_iter().all(|other| !partition.range(other).contains(&key)));
            assert_eq!(partition.node_of(key), plan.bindings()[worker].node);
            let stretch = bounds.iter().rev().find(|(lowest, _)| *lowest <= key).expect("bounds begin at 0");
            assert_eq!(Some(stretch.1), partition.node_of(key), "key {key} in {bounds:?}");
        }
    }

    #[test]
    fn all_keys_are_divided_evenly() {
        let plan = scattered(4);
        let partition = Partition::new(&plan, 0..=u64::MAX);
        let quarter = 1_u64 << 62;
        let expected = [
            0..=quarter - 1,
            2 * quarter..=3 * quarter - 1,
            quarter..=2 * quarter - 1,
            3 * quarter..=u64::MAX,
        ];
        assert_eq!(ranges(&partition, 4), expected);
        assert_eq!(partition.bounds(), [(0, 0), (1 << 63, 1)]);
        let edges =
            (0..4).flat_map(|part| [part * quarter, part * quarter + 1, (part * quarter).wrapping_sub(1)]);
        check(&partition, &plan, edges);
    }

    #[test]
    fn nodes_have_keys_in_proportion_to_their_workers() {
        // Five workers on node 0, one on node 1.
        let machine = grid([2, 1, 1, 5, 1]);
        let plan = PinPolicy::Compact.plan(&machine, 6).expect("a possible plan");
        let partition = Partition::new(&plan, 1000..=1599);
        assert_eq!(partition.bounds(), [(0, 0), (1500, 1)]);
        assert_eq!(partition.range(0), 1000..=1099);
        assert_eq!(partition.range(5), 1500..=1599);
        check(&partition, &plan, 1000..=1599);
        // Keys outside of all parts belong to the nearest part.
        assert_eq!((partition.worker_of(0), partition.worker_of(u64::MAX)), (0, 5));
        assert_eq!((partition.node_of(999), partition.node_of(1600)), (Some(0), Some(1)));
    }

    #[test]
    fn workers_of_an_l3_domain_are_neighbours() {
        // One node with two L3 domains: `scatter` puts the workers on domains 0, 1, 0, 1.
        let plan = PinPolicy::Scatter.plan(&grid([1, 1, 2, 2, 1]), 4).expect("a possible plan");
        assert_eq!(ranges(&Partition::new(&plan, 0..=3), 4), [0..=0, 2..=2, 1..=1, 3..=3]);
    }

    #[test]
    #[allow(clippy::reversed_empty_ranges, reason = "an inclusive range has no other way to be empty")]
    fn fewer_keys_than_workers_leave_some_without() {
        let plan = scattered(8);
        for keys in [0..=0, 7..=9, u64::MAX - 4..=u64::MAX, u64::MAX..=u64::MAX] {
            let partition = Partition::new(&plan, keys.clone());
            let filled = ranges(&partition, 8).into_iter().filter(|range| !range.is_empty());
            assert_eq!(filled.flatten().collect::<Vec<_>>().len() as u64, keys.end() - keys.start() + 1);
            assert!(ranges(&partition, 8).contains(&(1..=0)));
            check(&partition, &plan, keys.clone());
            // Keys outside of all parts also go to workers that have keys, and the bounds agree.
            for key in [0, u64::MAX] {
                assert!(!partition.range(partition.worker_of(key)).is_empty());
                let stretch = partition.bounds().into_iter().rev().find(|(lowest, _)| *lowest <= key);
                assert_eq!(stretch.map(|(_, node)| node), partition.node_of(key));
            }
        }
    }

    #[test]
    fn a_sample_makes_parts_of_equal_weight() {
        let plan = scattered(4);
        // Half of the keys are below 100.
        let sample = (0..100).chain((0..100).map(|key| 1_000_000 + 1000 * key)).rev();
        let partition = Partition::from_sample(&plan, sample.clone());
        assert_eq!(
            ranges(&partition, 4),
            [0..=49, 1_000_000..=1_049_999, 50..=999_999, 1_050_000..=u64::MAX]
        );
        check(&partition, &plan, sample);
        // The sample has only one key, so one worker gets all of it.
        let partition = Partition::from_sample(&plan, [5; 100]);
        check(&partition, &plan, 0..10);
        assert_eq!(partition.node_of(4), Some(0));
        assert_eq!(partition.range(partition.worker_of(5)), 5..=u64::MAX);
    }

    #[test]
    fn workers_that_may_move_have_keys_but_no_bounds() {
        let machine = grid([2, 1, 1, 2, 1]);
        let plan = PinPolicy::None.plan(&machine, 2).expect("a possible plan");
        let partition = Partition::new(&plan, 0..=9);
        assert_eq!(ranges(&partition, 2), [0..=4, 5..=9]);
        assert_eq!((partition.bounds(), partition.node_of(3)), (Vec::new(), None));
        // All CPUs are on one node, so the workers cannot leave it.
        let plan =
            PinPolicy::None.plan(&machine.with_allowed(&CpuSet::from([2, 3])), 2).expect("a possible plan");
        assert_eq!(Partition::new(&plan, 0..=9).bounds(), [(0, 1)]);
    }

    #[test]
    fn shares_of_items_are_even_and_complete() {
        for (workers, len) in [(4, 103), (4, 0), (8, 3), (1, 10), (7, 7), (3, usize::MAX)] {
            let plan = scattered(workers);
            let mut shares: Vec<_> = (0..workers).map(|worker| plan.share(worker, len)).collect();
            let lengths: Vec<usize> = shares.iter().map(ExactSizeIterator::len).collect();
            assert!(lengths.iter().all(|l| l.abs_diff(len / workers) <= 1), "{lengths:?}");
            shares.sort_by_key(|share| (share.start, share.end));
            assert_eq!((shares[0].start, shares[workers - 1].end), (0, len));
            assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn impossible_partitions_panic() {
        let refused = |make: fn() -> Partition| {
            let panic = std::panic::catch_unwind(make).expect_err("nothing to divide");
            let text = panic.downcast_ref::<String>().map(String::as_str);
            text.or(panic.downcast_ref::<&str>().copied()).expect("text").to_owned()
        };
        #[allow(clippy::reversed_empty_ranges, reason = "the mistake that is tested")]
        let swapped = refused(|| Partition::new(&scattered(2), 9..=3));
        assert!(swapped.contains("9..=3"), "{swapped}");
        assert!(refused(|| Partition::new(&scattered(0), 0..=9)).contains("at least one"));
        assert!(refused(|| Partition::from_sample(&scattered(2), [])).contains("Partition::new"));
    }
}
