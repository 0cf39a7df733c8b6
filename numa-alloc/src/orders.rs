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
        // Of each node's order those first that are `wanted` from it, each part still by distance.
        let sorted = |wanted: &dyn Fn(usize, usize) -> bool| {
            let from = |(from, order): (usize, &Vec<usize>)| {
                let mut order = order.clone();
                order.sort_by_key(|&to| !wanted(from, to));
                order
            };
            nearest.iter().enumerate().map(from).collect()
        };
        Ok(match policy {
            Policy::Local => Self { start: Start::Here, orders: nearest.to_vec() },
            Policy::Interleave => Self { start: Start::InTurn, orders: nearest.to_vec() },
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
            Policy::Nearest => {
                if nearest.len() == 1 {
                    notes.note(Fallback::NoOtherNode);
                }
                Self { start: Start::Here, orders: sorted(&|from, to| to != from) }
            }
            Policy::Tiered => {
                if places.all().iter().all(|place| place.cpus) {
                    notes.note(Fallback::NoCpulessNode);
                }
                Self { start: Start::Here, orders: sorted(&|_, to| !places.all()[to].cpus) }
            }
        })
    }

    /// The nodes that the next block tries, by index. `turn` counts the blocks that were dealt out in turn.
    #[inline]
    pub(crate) fn next(&self, places: &Places, turn: &AtomicU32) -> &[usize] {
        // Relaxed: only the count matters.
        let turn = || turn.fetch_add(1, Ordering::Relaxed);
        &self.orders[match &self.start {
            Start::Here => places.here(),
            Start::InTurn => turn() as usize % self.orders.len(),
            Start::Weighted(shares) => shares.of(turn()),
            Start::First => 0,
        }]
    }
}

#[cfg(test)]
mod tests {
    use bskip_core::arena::NodeId;

    use super::*;
    use crate::nodes::Machine;
    use crate::nodes::tests::machine;
    use crate::places::tests::{four, numbers, places};

    fn orders(policy: &Policy) -> Result<Orders, BuildError> {
        Orders::new(policy, &places(&four()), &Fallbacks::default())
    }

    /// The orders of `policy` on `machine`, by node numbers, and what was noted.
    fn all(policy: &Policy, machine: &Machine) -> (Vec<Vec<u32>>, Vec<Fallback>) {
        let notes = Fallbacks::default();
        let places = places(machine);
        let orders = Orders::new(policy, &places, &notes).unwrap();
        (orders.orders.iter().map(|order| numbers(&places, order)).collect(), notes.list())
    }

    /// The first choices of the next blocks.
    fn firsts(policy: &Policy, blocks: usize) -> Vec<u32> {
        let places = places(&four());
        let orders = orders(policy).unwrap();
        let turn = AtomicU32::new(0);
        (0..blocks).map(|_| numbers(&places, orders.next(&places, &turn))[0]).collect()
    }

    #[test]
    fn a_node_comes_first_and_then_the_nearest() {
        assert_eq!(all(&Policy::Node(NodeId(2)), &four()).0, [[2, 0, 5]]);
        assert_eq!(firsts(&Policy::Node(NodeId(2)), 3), [2, 2, 2]);
    }

    #[test]
    fn a_preferred_set_comes_before_the_rest() {
        let policy = Policy::Preferred(vec![NodeId(5), NodeId(2)]);
        assert_eq!(all(&policy, &four()).0, [[2, 5, 0], [2, 5, 0], [5, 2, 0]]);
    }

    #[test]
    fn interleave_goes_round() {
        assert_eq!(firsts(&Policy::Interleave, 6), [0, 2, 5, 0, 2, 5]);
    }

    #[test]
    fn weights_deal_exactly_and_spill_to_the_nearest() {
        let policy = Policy::Weighted(vec![(NodeId(5), 1), (NodeId(2), 3)]);
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
            let weights = weights.iter().map(|(node, weight)| (NodeId(*node), *weight)).collect();
            orders(&Policy::Weighted(weights)).unwrap_err()
        };
        assert_eq!(refusal(&[]), BuildError::NoNodes);
        assert_eq!(refusal(&[(0, 1), (2, 0)]), BuildError::ZeroWeight { node: NodeId(2) });
        assert_eq!(refusal(&[(0, 1), (0, 2)]), BuildError::TwoWeights { node: NodeId(0) });
        assert_eq!(refusal(&[(0, u32::MAX), (2, 2)]), BuildError::LargeWeights);
        assert!(matches!(refusal(&[(3, 1)]), BuildError::NoSuchNode { node: NodeId(3), .. }));
        let told = refusal(&[(2, 0)]).to_string();
        assert_eq!(told, "NUMA node 2 has weight 0; leave it out, or give it at least 1");
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
        let expected = vec![vec![2, 3, 0, 1], vec![3, 2, 1, 0], vec![2, 3, 0, 1], vec![3, 2, 1, 0]];
        assert_eq!(all(&Policy::Tiered, &tiers), (expected, vec![]));
        let none = machine(&[(0, "0", true, &[10, 20]), (1, "1", true, &[20, 10])]);
        let expected = (vec![vec![0, 1], vec![1, 0]], vec![Fallback::NoCpulessNode]);
        assert_eq!(all(&Policy::Tiered, &none), expected);
    }

    #[test]
    fn missing_nodes_are_refused() {
        for policy in [Policy::Node(NodeId(3)), Policy::Preferred(vec![NodeId(0), NodeId(3)])] {
            let available = vec![NodeId(0), NodeId(2), NodeId(5)];
            assert_eq!(orders(&policy).unwrap_err(), BuildError::NoSuchNode { node: NodeId(3), available });
        }
        assert_eq!(orders(&Policy::Preferred(vec![])).unwrap_err(), BuildError::NoNodes);
    }
}
