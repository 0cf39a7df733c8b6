//! The order in which a policy tries the nodes of an arena. Linux calls such an order a zonelist.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::error::BuildError;
use crate::fallback::{Fallback, Fallbacks};
use crate::nodes::ArenaNodes;
use crate::policy::Policy;
use crate::weights::Shares;

/// How a policy selects one of its orders for a block.
#[derive(Debug)]
enum Selector {
    /// The order of the calling thread's node.
    Here,
    /// The orders in turn.
    InTurn,
    /// The orders in proportion to weights.
    Weighted(Shares),
    /// Always the first order.
    First,
    /// By the block's key. A block without a key gets the order of the calling thread's node. Each pair is
    /// the first word of a key and the order from there on; the words ascend.
    Range(Vec<(u64, usize)>),
    /// By a hash of the block's key. A block without a key gets the order of the calling thread's node.
    Hash,
}

/// A request for a block.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    /// For a leaf: the first word of the least key that it may hold.
    pub(crate) key: Option<u64>,
    /// Counts the blocks that were placed in turn.
    pub(crate) turn: &'a AtomicU32,
}

/// The orders of a policy on the nodes of an arena.
#[derive(Debug)]
pub(crate) struct NodeOrder {
    selector: Selector,
    /// Each order lists the nodes to try, by index, the first choice first.
    orders: Vec<Vec<usize>>,
}

impl NodeOrder {
    /// The orders of `policy` on `nodes`.
    ///
    /// # Errors
    /// The policy names a node that does not exist, or its weights or bounds are wrong.
    pub(crate) fn new(
        policy: &Policy,
        nodes: &ArenaNodes,
        fallbacks: &Fallbacks,
    ) -> Result<Self, BuildError> {
        let nearest = nodes.nearest();
        let in_use = nodes.in_use();
        // The orders from each node in use. Each order begins with the nodes that are `wanted` from it. The
        // others in use follow, then the rest, each by distance.
        let sorted = |wanted: &dyn Fn(usize, usize) -> bool| {
            let from = |(from, order): (usize, &Vec<usize>)| {
                let mut order = order.clone();
                order.sort_by_key(|&to| match wanted(from, to) {
                    true => 0,
                    false if to < in_use => 1,
                    false => 2,
                });
                order
            };
            nodes.by_distance()[..in_use].iter().enumerate().map(from).collect()
        };
        Ok(match policy {
            Policy::Local => Self { selector: Selector::Here, orders: nearest[..in_use].to_vec() },
            Policy::Interleave => Self { selector: Selector::InTurn, orders: nearest[..in_use].to_vec() },
            Policy::Node(node) => {
                let index = nodes.indices_of(&[*node])?[0];
                Self { selector: Selector::First, orders: vec![nearest[index].clone()] }
            }
            Policy::WeightedInterleave(weights) => {
                let named: Vec<_> = weights.iter().map(|(node, _)| *node).collect();
                let indices = nodes.indices_of(&named)?;
                for (i, &(node, weight)) in weights.iter().enumerate() {
                    if weight == 0 {
                        return Err(BuildError::ZeroWeight { node });
                    }
                    if named[..i].contains(&node) {
                        return Err(BuildError::TwoWeights { node });
                    }
                }
                let shares = Shares::new(weights.iter().map(|(_, weight)| *weight));
                Self {
                    selector: Selector::Weighted(shares.ok_or(BuildError::LargeWeights)?),
                    orders: indices.into_iter().map(|index| nearest[index].clone()).collect(),
                }
            }
            Policy::PreferredMany(set) => {
                let set = nodes.indices_of(set)?;
                Self { selector: Selector::Here, orders: sorted(&|_, to| set.contains(&to)) }
            }
            Policy::Range(bounds) => {
                let named: Vec<_> = bounds.iter().map(|(_, node)| *node).collect();
                let indices = nodes.indices_of(&named)?;
                if !bounds.is_sorted_by(|a, b| a.0 < b.0) {
                    return Err(BuildError::BoundsOutOfOrder);
                }
                let bounds = bounds.iter().map(|bound| bound.0).zip(indices).collect();
                Self { selector: Selector::Range(bounds), orders: nearest.to_vec() }
            }
            Policy::Hash => Self { selector: Selector::Hash, orders: nearest[..in_use].to_vec() },
            Policy::NearestRemote => {
                if in_use == 1 {
                    fallbacks.note(Fallback::NoRemoteNode);
                }
                Self { selector: Selector::Here, orders: sorted(&|from, to| to != from && to < in_use) }
            }
            Policy::MemoryOnly => {
                if nodes.all().iter().all(|node| node.cpus) {
                    fallbacks.note(Fallback::NoMemoryOnlyNode);
                }
                Self { selector: Selector::Here, orders: sorted(&|_, to| !nodes.all()[to].cpus) }
            }
        })
    }

    /// The nodes to try for the next block, by index.
    #[inline]
    pub(crate) fn next(&self, nodes: &ArenaNodes, request: Request<'_>) -> &[usize] {
        // Relaxed: only the count matters.
        let turn = || request.turn.fetch_add(1, Ordering::Relaxed);
        &self.orders[match &self.selector {
            Selector::InTurn => turn() as usize % self.orders.len(),
            Selector::Weighted(shares) => shares.of(turn()),
            _ => self.fixed(request.key).unwrap_or_else(|| nodes.here()),
        }]
    }

    /// The order for blocks of this key; `None` if it depends on the calling thread or on the turn.
    fn fixed(&self, key: Option<u64>) -> Option<usize> {
        match (&self.selector, key) {
            (Selector::First, _) => Some(0),
            (Selector::Range(bounds), Some(key)) => {
                let above = bounds.partition_point(|bound| bound.0 <= key);
                Some(bounds[above.saturating_sub(1)].1)
            }
            (Selector::Hash, Some(key)) => Some((mix(key) % self.orders.len() as u64) as usize),
            _ => None,
        }
    }

    /// The index of the node that blocks of this key should be on; `None` if it depends on the calling thread
    /// or on the turn.
    pub(crate) fn wanted(&self, key: Option<u64>) -> Option<usize> {
        self.fixed(key).map(|order| self.orders[order][0])
    }
}

/// Spreads keys evenly over all words. This is the finalizer of MurmurHash3, by Appleby.
fn mix(mut word: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        word = (word ^ (word >> 33)).wrapping_mul(factor);
    }
    word ^ (word >> 33)
}

#[cfg(test)]
impl NodeOrder {
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
    use crate::nodes::Wanted;
    use crate::nodes::tests::{four, machine, nodes_of, numbers};

    fn orders(policy: &Policy) -> Result<NodeOrder, BuildError> {
        NodeOrder::new(policy, &nodes_of(&four()), &Fallbacks::default())
    }

    /// The orders of `policy` on `machine`, as node numbers, and the fallbacks that were recorded.
    fn all(policy: &Policy, machine: &Nodes) -> (Vec<Vec<u32>>, Vec<Fallback>) {
        let notes = Fallbacks::default();
        let (named, memory_only) = (policy.nodes(), *policy == Policy::MemoryOnly);
        let wanted = Wanted { only: None, named: &named, memory_only };
        let nodes = ArenaNodes::new(machine, wanted, &[], &Fallbacks::default()).unwrap();
        let orders = NodeOrder::new(policy, &nodes, &notes).unwrap();
        (orders.orders.iter().map(|order| numbers(&nodes, order)).collect(), notes.list())
    }

    /// The first choices for the next blocks.
    fn firsts(policy: &Policy, blocks: usize) -> Vec<u32> {
        let nodes = nodes_of(&four());
        let orders = orders(policy).unwrap();
        let turn = AtomicU32::new(0);
        let request = Request { key: None, turn: &turn };
        (0..blocks).map(|_| numbers(&nodes, orders.next(&nodes, request))[0]).collect()
    }

    #[test]
    fn a_node_comes_first_and_then_the_nearest() {
        assert_eq!(all(&Policy::Node(NumaNodeId(2)), &four()).0, [[2, 0, 5]]);
        assert_eq!(firsts(&Policy::Node(NumaNodeId(2)), 3), [2, 2, 2]);
    }

    #[test]
    fn a_preferred_set_comes_before_the_rest() {
        let policy = Policy::PreferredMany(vec![NumaNodeId(5), NumaNodeId(2)]);
        assert_eq!(all(&policy, &four()).0, [[2, 5, 0], [2, 5, 0], [5, 2, 0]]);
    }

    #[test]
    fn a_preferred_set_with_a_memory_only_node_is_in_order_of_distance() {
        // Node 2 is memory-only. From node 0 it is nearer than node 1.
        let machine = machine(&[
            (0, "0-3", true, &[10, 21, 17]),
            (1, "4-7", true, &[21, 10, 28]),
            (2, "", true, &[17, 28, 10]),
        ]);
        let policy = Policy::PreferredMany(vec![NumaNodeId(1), NumaNodeId(2)]);
        assert_eq!(all(&policy, &machine).0, [[2, 1, 0], [1, 2, 0]]);
    }

    #[test]
    fn interleave_goes_round() {
        assert_eq!(firsts(&Policy::Interleave, 6), [0, 2, 5, 0, 2, 5]);
    }

    #[test]
    fn weights_are_exact_and_overflow_to_the_nearest() {
        let policy = Policy::WeightedInterleave(vec![(NumaNodeId(5), 1), (NumaNodeId(2), 3)]);
        assert_eq!(all(&policy, &four()).0, [[5, 2, 0], [2, 0, 5]]);
        let blocks = firsts(&policy, 4000);
        for period in blocks.chunks(4) {
            assert_eq!(period.iter().filter(|node| **node == 5).count(), 1, "{period:?}");
            assert_eq!(period.iter().filter(|node| **node == 2).count(), 3, "{period:?}");
        }
    }

    #[test]
    fn impossible_weights_are_errors() {
        let refusal = |weights: &[(u32, u32)]| {
            let weights = weights.iter().map(|(node, weight)| (NumaNodeId(*node), *weight)).collect();
            orders(&Policy::WeightedInterleave(weights)).unwrap_err()
        };
        assert_eq!(refusal(&[]), BuildError::NoNodes);
        assert_eq!(refusal(&[(0, 1), (2, 0)]), BuildError::ZeroWeight { node: NumaNodeId(2) });
        assert_eq!(refusal(&[(0, 1), (0, 2)]), BuildError::TwoWeights { node: NumaNodeId(0) });
        assert_eq!(refusal(&[(0, u32::MAX), (2, 2)]), BuildError::LargeWeights);
        assert!(matches!(refusal(&[(3, 1)]), BuildError::NoSuchNode { node: NumaNodeId(3), .. }));
        let message = refusal(&[(2, 0)]).to_string();
        assert_eq!(message, "NUMA node 2 has weight 0; leave it out, or give it a weight of at least 1");
    }

    /// The first choice for a block of this key, and the node that `wanted` names in advance.
    fn by_key(policy: &Policy, key: Option<u64>) -> (u32, Option<u32>) {
        let nodes = nodes_of(&four());
        let orders = orders(policy).unwrap();
        let order = orders.next(&nodes, Request { key, turn: &AtomicU32::new(0) });
        (numbers(&nodes, order)[0], orders.wanted(key).map(|index| nodes.all()[index].id.0))
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
    fn nearest_remote_is_another_node_if_there_is_one() {
        assert_eq!(
            all(&Policy::NearestRemote, &four()),
            (vec![vec![2, 5, 0], vec![0, 5, 2], vec![2, 0, 5]], vec![])
        );
        let one = machine(&[(4, "0-3", true, &[10])]);
        assert_eq!(all(&Policy::NearestRemote, &one), (vec![vec![4]], vec![Fallback::NoRemoteNode]));
    }

    #[test]
    fn memory_only_nodes_come_by_distance_before_nodes_with_cpus() {
        // Two sockets, each with a memory-only node near it.
        let tiers = machine(&[
            (0, "0-3", true, &[10, 21, 17, 28]),
            (1, "4-7", true, &[21, 10, 28, 17]),
            (2, "", true, &[17, 28, 10, 28]),
            (3, "", true, &[28, 17, 28, 10]),
        ]);
        // There are orders only from the nodes with CPUs, because threads run only there.
        let expected = vec![vec![2, 3, 0, 1], vec![3, 2, 1, 0]];
        assert_eq!(all(&Policy::MemoryOnly, &tiers), (expected, vec![]));
        let none = machine(&[(0, "0", true, &[10, 20]), (1, "1", true, &[20, 10])]);
        let expected = (vec![vec![0, 1], vec![1, 0]], vec![Fallback::NoMemoryOnlyNode]);
        assert_eq!(all(&Policy::MemoryOnly, &none), expected);
    }

    #[test]
    fn missing_nodes_are_errors() {
        for policy in [Policy::Node(NumaNodeId(3)), Policy::PreferredMany(vec![NumaNodeId(0), NumaNodeId(3)])]
        {
            let available = vec![NumaNodeId(0), NumaNodeId(2), NumaNodeId(5)];
            assert_eq!(
                orders(&policy).unwrap_err(),
                BuildError::NoSuchNode { node: NumaNodeId(3), available }
            );
        }
        assert_eq!(orders(&Policy::PreferredMany(vec![])).unwrap_err(), BuildError::NoNodes);
    }
}
