//! The nodes of one arena and the order in which a block tries them.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use bskip_core::arena::NodeId;

use crate::fallback::{Fallback, Fallbacks};
use crate::nodes::{Machine, Node};
use crate::policy::{NodeList, Policy};
use crate::{sys, thread};

/// Why an arena could not be made.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A node was named that the arena cannot have.
    NoSuchNode {
        /// The node that was named.
        node: NodeId,
        /// The nodes to choose from: those with memory that this process may use, or those that the builder
        /// was given.
        available: Vec<NodeId>,
    },
    /// A set of nodes was given and it is empty.
    NoNodes,
    /// The bounds of [`Policy::Range`] do not ascend.
    BoundsOutOfOrder,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode { node, available } => {
                write!(f, "no NUMA node {node} with memory to use here; there are: {}", NodeList(available))
            }
            Self::NoNodes => f.write_str("a set of NUMA nodes was given and it is empty"),
            Self::BoundsOutOfOrder => {
                f.write_str("the keys of a range placement must ascend, as in range:0=0,5000=1")
            }
        }
    }
}

impl core::error::Error for BuildError {}

/// One node of an arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// As the arena's user knows it.
    pub(crate) node: NodeId,
    /// As the kernel knows it: another number only where nodes are pretended. `None`: the machine has but
    /// this one, nothing needs to be asked of the kernel.
    pub(crate) bind: Option<u32>,
}

/// Where the search for a block starts.
#[derive(Debug)]
enum Start {
    Here,
    InTurn,
    At(usize),
    /// By the key, else here: first words of keys, ascending, and the place from there on.
    ByRange(Vec<(u64, usize)>),
    /// By the key's hash, else here.
    ByHash,
}

/// How a block is to be placed that the policy places.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The first word of the least key that a leaf may hold.
    pub(crate) key: Option<u64>,
    /// Counts the blocks that were dealt out in turn.
    pub(crate) turn: &'a AtomicU32,
}

/// An arena's nodes, by index, and its policy in terms of them.
#[derive(Debug)]
pub(crate) struct Places {
    places: Vec<Place>,
    /// Index by CPU number.
    of_cpu: Vec<usize>,
    /// The nodes are pretended: threads are dealt out to them.
    pretended: bool,
    start: Start,
    /// From each start the nodes to try, the policy's first choice first.
    policy_orders: Vec<Vec<usize>>,
    /// From each node all of them, nearest first.
    nearest: Vec<Vec<usize>>,
}

impl Places {
    /// The places of `policy` on `machine`, on the nodes `only` if given.
    pub(crate) fn new(
        machine: &Machine,
        only: Option<&[NodeId]>,
        policy: &Policy,
        notes: &Fallbacks,
    ) -> Result<Self, BuildError> {
        if !machine.known {
            notes.note(Fallback::NodesUnknown);
        }
        let mut nodes: Vec<&Node> = machine.nodes.iter().filter(|node| node.memory).collect();
        let several = nodes.len() > 1;
        if let Some(only) = only {
            let available: Vec<NodeId> = nodes.iter().map(|node| NodeId(node.id)).collect();
            check(only, &available)?;
            nodes.retain(|node| only.contains(&NodeId(node.id)));
        }
        let by_distance = |from: &Node| {
            let mut order: Vec<usize> = (0..nodes.len()).collect();
            order.sort_by_key(|&i| (from.distance(nodes[i].id), nodes[i].id != from.id));
            order
        };
        let nearest: Vec<_> = nodes.iter().map(|node| by_distance(node)).collect();
        let mut of_cpu = Vec::new();
        for node in &machine.nodes {
            let place = by_distance(node)[0];
            if !node.memory && !node.cpus.is_empty() {
                let (node, instead) = (NodeId(node.id), NodeId(nodes[place].id));
                notes.note(Fallback::NoMemoryOn { node, instead });
            }
            for &cpu in &node.cpus {
                let cpu = cpu as usize;
                if of_cpu.len() <= cpu {
                    of_cpu.resize(cpu + 1, 0);
                }
                of_cpu[cpu] = place;
            }
        }
        if nodes.len() > 1 && sys::current_cpu().is_none() {
            notes.note(Fallback::CurrentNodeUnknown);
        }
        let place = |node: &&Node| Place { node: NodeId(node.id), bind: several.then_some(node.id) };
        Self::with_policy(nodes.iter().map(place).collect(), of_cpu, false, nearest, policy)
    }

    /// `count` nodes, numbered from 0, on the memory of the machine's real ones.
    pub(crate) fn pretended(machine: &Machine, count: u32, policy: &Policy) -> Result<Self, BuildError> {
        if count == 0 {
            return Err(BuildError::NoNodes);
        }
        let real = machine.with_memory();
        let place = |i: u32| Place { node: NodeId(i), bind: Some(real[i as usize % real.len()]) };
        let count_ = count as usize;
        let nearest = (0..count_).map(|i| (0..count_).map(|step| (i + step) % count_).collect()).collect();
        Self::with_policy((0..count).map(place).collect(), Vec::new(), true, nearest, policy)
    }

    fn with_policy(
        places: Vec<Place>,
        of_cpu: Vec<usize>,
        pretended: bool,
        nearest: Vec<Vec<usize>>,
        policy: &Policy,
    ) -> Result<Self, BuildError> {
        let available: Vec<NodeId> = places.iter().map(|place| place.node).collect();
        let mut policy_orders = nearest.clone();
        let start = match policy {
            Policy::Local => Start::Here,
            Policy::Interleave => Start::InTurn,
            Policy::Node(node) => {
                check(&[*node], &available)?;
                Start::At(available.iter().position(|have| have == node).unwrap_or(0))
            }
            Policy::Preferred(set) => {
                check(set, &available)?;
                for order in &mut policy_orders {
                    order.sort_by_key(|&i| !set.contains(&available[i]));
                }
                Start::Here
            }
            Policy::Range(bounds) => {
                let nodes: Vec<NodeId> = bounds.iter().map(|bound| bound.1).collect();
                check(&nodes, &available)?;
                if !bounds.is_sorted_by(|a, b| a.0 < b.0) {
                    return Err(BuildError::BoundsOutOfOrder);
                }
                let place = |node| available.iter().position(|&have| have == node).unwrap_or(0);
                Start::ByRange(bounds.iter().map(|&(key, node)| (key, place(node))).collect())
            }
            Policy::Hash => Start::ByHash,
        };
        Ok(Self { places, of_cpu, pretended, start, policy_orders, nearest })
    }

    /// The nodes, by index.
    pub(crate) fn all(&self) -> &[Place] {
        &self.places
    }

    /// The index of the calling thread's node.
    #[inline]
    pub(crate) fn here(&self) -> usize {
        if self.places.len() == 1 {
            return 0;
        }
        if self.pretended {
            return thread::number() % self.places.len();
        }
        sys::current_cpu().and_then(|cpu| self.of_cpu.get(cpu).copied()).unwrap_or(0)
    }

    /// The nodes that a block placed by the policy tries, in order, by index.
    #[inline]
    pub(crate) fn order(&self, ask: Ask<'_>) -> &[usize] {
        &self.policy_orders[match (&self.start, ask.key) {
            // Relaxed: only the count matters.
            (Start::InTurn, _) => ask.turn.fetch_add(1, Ordering::Relaxed) as usize % self.places.len(),
            _ => self.fixed(ask.key).unwrap_or_else(|| self.here()),
        }]
    }

    /// Where the policy places blocks of this key, if that does not depend on who asks or when.
    fn fixed(&self, key: Option<u64>) -> Option<usize> {
        match (&self.start, key) {
            (Start::At(place), _) => Some(*place),
            (Start::ByRange(bounds), Some(key)) => {
                let after = bounds.partition_point(|bound| bound.0 <= key);
                Some(bounds[after.saturating_sub(1)].1)
            }
            (Start::ByHash, Some(key)) => Some((mix(key) % self.places.len() as u64) as usize),
            _ => None,
        }
    }

    /// The node of [`fixed`](Self::fixed).
    pub(crate) fn wanted(&self, key: Option<u64>) -> Option<NodeId> {
        self.fixed(key).map(|place| self.places[place].node)
    }

    /// The nodes that a block wanted on `node` tries; `None` if the arena does not have it.
    pub(crate) fn near(&self, node: NodeId) -> Option<&[usize]> {
        let place = self.places.iter().position(|place| place.node == node)?;
        Some(&self.nearest[place])
    }
}

/// Spreads keys evenly over all words (the finalizer of MurmurHash3, by Appleby).
fn mix(mut word: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        word = (word ^ (word >> 33)).wrapping_mul(factor);
    }
    word ^ (word >> 33)
}

/// All of `named` are `available`, and there is one.
fn check(named: &[NodeId], available: &[NodeId]) -> Result<(), BuildError> {
    if named.is_empty() {
        return Err(BuildError::NoNodes);
    }
    match named.iter().find(|node| !available.contains(node)) {
        Some(&node) => Err(BuildError::NoSuchNode { node, available: available.to_vec() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nodes::tests::machine;

    /// Nodes 0, 2 and 5 with memory, 3 without; 5 is near 3, and far from the rest.
    fn four() -> Machine {
        machine(&[
            (0, "0-1", true, &[10, 20, 25, 40]),
            (2, "2-3", true, &[20, 10, 25, 30]),
            (3, "4-5", false, &[25, 25, 10, 12]),
            (5, "", true, &[40, 30, 12, 10]),
        ])
    }

    fn numbers(places: &Places, order: &[usize]) -> Vec<u32> {
        order.iter().map(|&i| places.all()[i].node.0).collect()
    }

    fn places(policy: &Policy) -> Result<Places, BuildError> {
        Places::new(&four(), None, policy, &Fallbacks::default())
    }

    fn first(places: &Places, key: Option<u64>) -> &[usize] {
        places.order(Ask { key, turn: &AtomicU32::new(0) })
    }

    #[test]
    fn nodes_without_memory_are_replaced_by_the_nearest() {
        let notes = Fallbacks::default();
        let places = Places::new(&four(), None, &Policy::Local, &notes).unwrap();
        assert_eq!(notes.list(), [Fallback::NoMemoryOn { node: NodeId(3), instead: NodeId(5) }]);
        assert_eq!(places.of_cpu, [0, 0, 1, 1, 2, 2]);
        let bound: Vec<_> = places.all().iter().map(|place| place.bind).collect();
        assert_eq!(bound, [Some(0), Some(2), Some(5)]);
    }

    #[test]
    fn a_placement_names_its_node_and_then_the_nearest() {
        let places = places(&Policy::Node(NodeId(2))).unwrap();
        assert_eq!(numbers(&places, first(&places, None)), [2, 0, 5]);
        assert_eq!(numbers(&places, places.near(NodeId(5)).unwrap()), [5, 2, 0]);
        assert!(places.near(NodeId(3)).is_none());
    }

    #[test]
    fn a_preferred_set_comes_before_the_rest() {
        let places = places(&Policy::Preferred(vec![NodeId(5), NodeId(2)])).unwrap();
        assert_eq!(places.policy_orders, [[1, 2, 0], [1, 2, 0], [2, 1, 0]]);
    }

    #[test]
    fn interleave_goes_round() {
        let places = places(&Policy::Interleave).unwrap();
        let turn = AtomicU32::new(0);
        let firsts: Vec<_> = (0..6).map(|key| places.order(Ask { key: Some(key), turn: &turn })[0]).collect();
        assert_eq!(firsts, [0, 1, 2, 0, 1, 2]);
        assert_eq!(places.wanted(Some(1)), None);
    }

    #[test]
    fn ranges_of_keys_have_their_nodes_and_then_the_nearest() {
        let bounds = vec![(10, NodeId(5)), (20, NodeId(0)), (30, NodeId(5))];
        let range = places(&Policy::Range(bounds)).unwrap();
        for (key, node) in [(0, 5), (10, 5), (19, 5), (20, 0), (29, 0), (30, 5), (u64::MAX, 5)] {
            assert_eq!(range.wanted(Some(key)), Some(NodeId(node)), "{key}");
            assert_eq!(numbers(&range, first(&range, Some(key)))[0], node, "{key}");
        }
        assert_eq!(numbers(&range, first(&range, Some(20))), [0, 2, 5]);
        assert_eq!(range.wanted(None), None);
        for bounds in [vec![(5, NodeId(0)), (5, NodeId(2))], vec![(9, NodeId(0)), (5, NodeId(2))]] {
            let error = places(&Policy::Range(bounds)).unwrap_err();
            assert_eq!(error, BuildError::BoundsOutOfOrder);
        }
        assert_eq!(places(&Policy::Range(vec![])).unwrap_err(), BuildError::NoNodes);
        assert!(places(&Policy::Range(vec![(0, NodeId(3))])).is_err());
    }

    #[test]
    fn hashes_are_even_and_the_same_for_a_key() {
        let hash = places(&Policy::Hash).unwrap();
        let mut counts = [0; 3];
        for key in 0..30_000 {
            let place = first(&hash, Some(key))[0];
            assert_eq!(hash.wanted(Some(key)), Some(hash.all()[place].node));
            counts[place] += 1;
        }
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_subset_is_bound_although_it_is_one_node() {
        let places = Places::new(&four(), Some(&[NodeId(5)]), &Policy::Local, &Fallbacks::default()).unwrap();
        assert_eq!(places.all().len(), 1);
        assert_eq!(places.all()[0].bind, Some(5));
        assert_eq!(places.here(), 0);
        let one = machine(&[(0, "0-1", true, &[10])]);
        let places = Places::new(&one, None, &Policy::Local, &Fallbacks::default()).unwrap();
        assert_eq!(places.all()[0].bind, None);
    }

    #[test]
    fn missing_nodes_are_named_with_those_to_choose_from() {
        let available = vec![NodeId(0), NodeId(2), NodeId(5)];
        for node in [NodeId(3), NodeId(9)] {
            let error = BuildError::NoSuchNode { node, available: available.clone() };
            assert_eq!(places(&Policy::Node(node)).unwrap_err(), error);
            assert_eq!(places(&Policy::Preferred(vec![NodeId(0), node])).unwrap_err(), error);
            assert_eq!(
                error.to_string(),
                format!("no NUMA node {node} with memory to use here; there are: 0,2,5")
            );
        }
        assert_eq!(places(&Policy::Preferred(vec![])).unwrap_err(), BuildError::NoNodes);
        let none = Places::new(&four(), Some(&[]), &Policy::Local, &Fallbacks::default());
        assert_eq!(none.unwrap_err(), BuildError::NoNodes);
        let outside =
            Places::new(&four(), Some(&[NodeId(0)]), &Policy::Node(NodeId(2)), &Fallbacks::default());
        let available = vec![NodeId(0)];
        assert_eq!(outside.unwrap_err(), BuildError::NoSuchNode { node: NodeId(2), available });
    }
}
