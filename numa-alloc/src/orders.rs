//! In which order a policy tries an arena's nodes.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::fallback::{Fallback, Fallbacks};
use crate::places::{BuildError, Places};
use crate::policy::Policy;
use crate::shares::Shares;

/// Which of the orders a block takes.
#[derive(Debug)]
enum Start {
    /// That of the asking thread's node.
    Here,
    /// One after the other.
    InTurn,
    /// In proportion to weights.
    Weighted(Shares),
    /// Always the first.
    First,
    /// By the key, else that of the asking thread's node: first words of keys, ascending, and the order from there on.
    Range(Vec<(u64, usize)>),
    /// By the key's hash, else that of the asking thread's node.
    Hash,
}

/// A block to be placed.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The first word of the least key that a leaf may hold, if it is for a leaf.
    pub(crate) key: Option<u64>,
    /// Counts the blocks that were dealt out in turn.
    pub(crate) turn: &'a AtomicU32,
}

/// A policy in terms of an arena's places.
#[derive(Debug)]
pub(crate) struct Orders {
    start: Start,
    /// Nodes to try, by index, the policy's first choice first.
    orders: Vec<Vec<usize>>,
}

impl Orders {
    /// The orders of `policy` on `places`.
    ///
    /// # Errors
    /// The policy names a node that is not there, or weights that cannot be dealt by.
    pub(crate) fn new(policy: &Policy, places: &Places, notes: &Fallbacks) -> Result<Self, BuildError> {
        let nearest = places.nearest();
        let in_use = places.in_use();
        // From each node in use: first the nodes that are `wanted` from it, then the others in use, then the rest, each
        // by distance.
        let sorted = |wanted: &dyn Fn(usize, usize) -> bool| {
            let from = |(from, order): (usize, &Vec<usize>)| {
                let mut order = order.clone();
                order.sort_by_key(|&to| (!wanted(from, to), to >= in_use));
                order
            };
            places.by_distance()[..in_use].iter().enumerate().map(from).collect()
        };
        Ok(match policy {
            Policy::Local => Self { start: Start::Here, orders: nearest[..in_use].to_vec() },
            Policy::Interleave => Self { start: Start::InTurn, orders: nearest[..in_use].to_vec() },
            Policy::Node(node) => {
                let index = places.indices_of(&[*node])?[0];
                Self { start: Start::First, orders: vec![nearest[index].clone()] }
            }
            Policy::Weighted(weights) => {
                let nodes: Vec<_> = weights.iter().map(|(node, _)| *node).collect();
                let indices = places.indices_of(&nodes)?;
                for (i, &(node, weight)) in weights.iter().enumerate() {
                    if weight == 0 {
                        return Err(BuildError::ZeroWeight { node });
                    }
                    if nodes[..i].contains(&node) {
                        return Err(BuildError::TwoWeights { node });
                    }
                }
                let shares = Shares::new(weights.iter().map(|(_, weight)| *weight));
                Self {
                    start: Start::Weighted(shares.ok_or(BuildError::LargeWeights)?),
                    orders: indices.into_iter().map(|index| nearest[index].clone()).collect(),
                }
            }
            Policy::Preferred(set) => {
                let set = places.indices_of(set)?;
                Self { start: Start::Here, orders: sorted(&|_, to| set.contains(&to)) }
            }
            Policy::Range(bounds) => {
                let nodes: Vec<_> = bounds.iter().map(|(_, node)| *node).collect();
                let indices = places.indices_of(&nodes)?;
                if !bounds.is_sorted_by(|a, b| a.0 < b.0) {
                    return Err(BuildError::BoundsOutOfOrder);
                }
                let bounds = bounds.iter().map(|bound| bound.0).zip(indices).collect();
                Self { start: Start::Range(bounds), orders: nearest.to_vec() }
            }
            Policy::Hash => Self { start: Start::Hash, orders: nearest[..in_use].to_vec() },
            Policy::Nearest => {
                if in_use == 1 {
                    notes.note(Fallback::NoOtherNode);
                }
                Self { start: Start::Here, orders: sorted(&|from, to| to != from && to < in_use) }
            }
            Policy::Tiered => {
                if places.all().iter().all(|place| place.cpus) {
                    notes.note(Fallback::NoCpulessNode);
                }
                Self { start: Start::Here, orders: sorted(&|_, to| !places.all()[to].cpus) }
            }
        })
    }

    /// The nodes that the next block tries, by index.
    #[inline]
    pub(crate) fn next(&self, places: &Places, ask: Ask<'_>) -> &[usize] {
        // Relaxed: only the count matters.
        let turn = || ask.turn.fetch_add(1, Ordering::Relaxed);
        &self.orders[match &self.start {
            Start::InTurn => turn() as usize % self.orders.len(),
            Start::Weighted(shares) => shares.of(turn()),
            _ => self.fixed(ask.key).unwrap_or_else(|| places.here()),
        }]
    }

    /// The order of blocks of this key, if that does not depend on who asks or when.
    fn fixed(&self, key: Option<u64>) -> Option<usize> {
        match (&self.start, key) {
            (Start::First, _) => Some(0),
            (Start::Range(bounds), Some(key)) => {
                let above = bounds.partition_point(|bound| bound.0 <= key);
                Some(bounds[above.saturating_sub(1)].1)
            }
            (Start::Hash, Some(key)) => Some((mix(key) % self.orders.len() as u64) as usize),
            _ => None,
        }
    }

    /// The index of the node that blocks of this key go to, if that does not depend on who asks or when.
    pub(crate) fn wanted(&self, key: Option<u64>) -> Option<usize> {
        self.fixed(key).map(|order| self.orders[order][0])
    }
}

/// Spreads keys evenly over all words (the finalizer of MurmurHash3, by Appleby).
fn mix(mut word: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        word = (word ^ (word >> 33)).wrapping_mul(factor);
    }
    word ^ (word >> 33)
}

#[cfg(test)]
impl Orders {
    /// The first choice of each order.
    pub(crate) fn firsts(&self) -> impl Iterator<Item = usize> {
        self.orders.iter().map(|order| order[0])
    }
}

#[cfg(test)]
mod tests {
    use bskip_core::arena::NumaNodeId;
    use bskip_numa_nodes::Nodes;

    use super::*;
    use crate::places::Wanted;
    use crate::places::tests::{four, machine, numbers, places};

    fn orders(policy: &Policy) -> Result<Orders, BuildError> {
        Orders::new(policy, &places(&four()), &Fallbacks::default())
    }

    /// The orders of `policy` on `machine`, by node numbers, and what was noted.
    fn all(policy: &Policy, machine: &Nodes) -> (Vec<Vec<u32>>, Vec<Fallback>) {
        let notes = Fallbacks::default();
        let (named, memory_alone) = (policy.named(), *policy == Policy::Tiered);
        let wanted = Wanted { only: None, named: &named, memory_alone };
        let places = Places::new(machine, wanted, &[], &Fallbacks::default()).unwrap();
        let orders = Orders::new(policy, &places, &notes).unwrap();
        (orders.orders.iter().map(|order| numbers(&places, order)).collect(), notes.list())
    }

    /// The first choices of the next blocks.
    fn firsts(policy: &Policy, blocks: usize) -> Vec<u32> {
        let places = places(&four());
        let orders = orders(policy).unwrap();
        let turn = AtomicU32::new(0);
        let ask = Ask { key: None, turn: &turn };
        (0..blocks).map(|_| numbers(&places, orders.next(&places, ask))[0]).collect()
    }

    #[test]
    fn a_node_comes_first_and_then_the_nearest() {
        assert_eq!(all(&Policy::Node(NumaNodeId(2)), &four()).0, [[2, 0, 5]]);
        assert_eq!(firsts(&Policy::Node(NumaNodeId(2)), 3), [2, 2, 2]);
    }

    #[test]
    fn a_preferred_set_comes_before_the_rest() {
        let policy = Policy::Preferred(vec![NumaNodeId(5), NumaNodeId(2)]);
        assert_eq!(all(&policy, &four()).0, [[2, 5, 0], [2, 5, 0], [5, 2, 0]]);
    }

    #[test]
    fn interleave_goes_round() {
        assert_eq!(firsts(&Policy::Interleave, 6), [0, 2, 5, 0, 2, 5]);
    }

    #[test]
    fn weights_deal_exactly_and_spill_to_the_nearest() {
        let policy = Policy::Weighted(vec![(NumaNodeId(5), 1), (NumaNodeId(2), 3)]);
        assert_eq!(all(&policy, &four()).0, [[5, 2, 0], [2, 0, 5]]);
        let blocks = firsts(&policy, 4000);
        for period in blocks.chunks(4) {
            assert_eq!(period.iter().filter(|node| **node == 5).count(), 1, "{period:?}");
            assert_eq!(period.iter().filter(|node| **node == 2).count(), 3, "{period:?}");
        }
    }

    #[test]
    fn weights_that_cannot_be_are_refused() {
        let refusal = |weights: &[(u32, u32)]| {
            let weights = weights.iter().map(|(node, weight)| (NumaNodeId(*node), *weight)).collect();
            orders(&Policy::Weighted(weights)).unwrap_err()
        };
        assert_eq!(refusal(&[]), BuildError::NoNodes);
        assert_eq!(refusal(&[(0, 1), (2, 0)]), BuildError::ZeroWeight { node: NumaNodeId(2) });
        assert_eq!(refusal(&[(0, 1), (0, 2)]), BuildError::TwoWeights { node: NumaNodeId(0) });
        assert_eq!(refusal(&[(0, u32::MAX), (2, 2)]), BuildError::LargeWeights);
        assert!(matches!(refusal(&[(3, 1)]), BuildError::NoSuchNode { node: NumaNodeId(3), .. }));
        let told = refusal(&[(2, 0)]).to_string();
        assert_eq!(told, "NUMA node 2 has weight 0; leave it out, or give it at least 1");
    }

    /// Where a block of this key goes first, and what is said beforehand of that.
    fn by_key(policy: &Policy, key: Option<u64>) -> (u32, Option<u32>) {
        let places = places(&four());
        let orders = orders(policy).unwrap();
        let order = orders.next(&places, Ask { key, turn: &AtomicU32::new(0) });
        (numbers(&places, order)[0], orders.wanted(key).map(|index| places.all()[index].node.0))
    }

    #[test]
    fn ranges_of_keys_have_their_nodes() {
        let range = Policy::Range(vec![(10, NumaNodeId(5)), (20, NumaNodeId(0)), (30, NumaNodeId(5))]);
        for (key, node) in [(0, 5), (10, 5), (19, 5), (20, 0), (29, 0), (30, 5), (u64::MAX, 5)] {
            assert_eq!(by_key(&range, Some(key)), (node, Some(node)), "{key}");
        }
        assert_eq!(by_key(&range, None).1, None);
        for bounds in
            [vec![(5, NumaNodeId(0)), (5, NumaNodeId(2))], vec![(9, NumaNodeId(0)), (5, NumaNodeId(2))]]
        {
            assert_eq!(orders(&Policy::Range(bounds)).unwrap_err(), BuildError::BoundsOutOfOrder);
        }
        assert_eq!(orders(&Policy::Range(vec![])).unwrap_err(), BuildError::NoNodes);
        assert!(orders(&Policy::Range(vec![(0, NumaNodeId(3))])).is_err());
    }

    #[test]
    fn hashes_are_even_and_the_same_for_a_key() {
        let mut counts = std::collections::BTreeMap::new();
        for key in 0..3000 {
            let (node, wanted) = by_key(&Policy::Hash, Some(key));
            assert_eq!(wanted, Some(node));
            *counts.entry(node).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 3);
        assert!(counts.values().all(|count| (900..1100).contains(count)), "{counts:?}");
        assert_eq!(by_key(&Policy::Interleave, Some(1)).1, None);
        assert_eq!(by_key(&Policy::Node(NumaNodeId(2)), Some(1)), (2, Some(2)));
    }

    #[test]
    fn nearest_is_another_node_where_there_is_one() {
        assert_eq!(
            all(&Policy::Nearest, &four()),
            (vec![vec![2, 5, 0], vec![0, 5, 2], vec![2, 0, 5]], vec![])
        );
        let one = machine(&[(4, "0-3", true, &[10])]);
        assert_eq!(all(&Policy::Nearest, &one), (vec![vec![4]], vec![Fallback::NoOtherNode]));
    }

    #[test]
    fn tiers_come_by_distance_before_nodes_with_cpus() {
        // Two sockets, each with a memory-only node near it.
        let tiers = machine(&[
            (0, "0-3", true, &[10, 21, 17, 28]),
            (1, "4-7", true, &[21, 10, 28, 17]),
            (2, "", true, &[17, 28, 10, 28]),
            (3, "", true, &[28, 17, 28, 10]),
        ]);
        // Threads are on the nodes with CPUs alone.
        let expected = vec![vec![2, 3, 0, 1], vec![3, 2, 1, 0]];
        assert_eq!(all(&Policy::Tiered, &tiers), (expected, vec![]));
        let none = machine(&[(0, "0", true, &[10, 20]), (1, "1", true, &[20, 10])]);
        let expected = (vec![vec![0, 1], vec![1, 0]], vec![Fallback::NoCpulessNode]);
        assert_eq!(all(&Policy::Tiered, &none), expected);
    }

    #[test]
    fn missing_nodes_are_refused() {
        for policy in [Policy::Node(NumaNodeId(3)), Policy::Preferred(vec![NumaNodeId(0), NumaNodeId(3)])] {
            let available = vec![NumaNodeId(0), NumaNodeId(2), NumaNodeId(5)];
            assert_eq!(
                orders(&policy).unwrap_err(),
                BuildError::NoSuchNode { node: NumaNodeId(3), available }
            );
        }
        assert_eq!(orders(&Policy::Preferred(vec![])).unwrap_err(), BuildError::NoNodes);
    }
}
