//! The nodes of one arena, and how far each is from each.

use core::fmt;

use bskip_core::arena::NodeId;

use crate::fallback::{Fallback, Fallbacks};
use crate::nodes::{Machine, Node};
use crate::policy::NodeList;
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
    /// A weight is zero: then nothing should go to the node, which is said by leaving it out.
    ZeroWeight {
        /// The node with this weight.
        node: NodeId,
    },
    /// A node has two weights.
    TwoWeights {
        /// The node that was named twice.
        node: NodeId,
    },
    /// The bounds of [`Policy::Range`](crate::Policy::Range) do not ascend.
    BoundsOutOfOrder,
    /// The weights, divided by what divides them all, add up to more than 32 bits hold.
    LargeWeights,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode { node, available } => {
                write!(f, "no NUMA node {node} with memory to use here; there are: {}", NodeList(available))
            }
            Self::NoNodes => f.write_str("a set of NUMA nodes was given and it is empty"),
            Self::ZeroWeight { node } => {
                write!(f, "NUMA node {node} has weight 0; leave it out, or give it at least 1")
            }
            Self::TwoWeights { node } => write!(f, "NUMA node {node} has two weights; give it one"),
            Self::BoundsOutOfOrder => {
                f.write_str("the keys of a range placement must ascend, as in range:0=0,5000=1")
            }
            Self::LargeWeights => {
                f.write_str("the weights of NUMA nodes add up to 2^32 or more; divide them by something")
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
    /// It has CPUs.
    pub(crate) cpus: bool,
}

/// An arena's nodes, by index.
#[derive(Debug)]
pub(crate) struct Places {
    places: Vec<Place>,
    /// Index by CPU number.
    of_cpu: Vec<usize>,
    /// The nodes are pretended: threads are dealt out to so many of them.
    pretended: Option<usize>,
    /// From each node all of them, nearest first.
    nearest: Vec<Vec<usize>>,
}

impl Places {
    /// The nodes of `machine` with memory, or of those the nodes `only` if given.
    pub(crate) fn new(
        machine: &Machine,
        only: Option<&[NodeId]>,
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
        let place = |node: &&Node| Place {
            node: NodeId(node.id),
            bind: several.then_some(node.id),
            cpus: !node.cpus.is_empty(),
        };
        Ok(Self { places: nodes.iter().map(place).collect(), of_cpu, pretended: None, nearest })
    }

    /// Nodes numbered from 0, on the memory of the machine's real ones: `with_cpus` of them, and then
    /// `without`.
    pub(crate) fn pretended(machine: &Machine, with_cpus: u32, without: u32) -> Result<Self, BuildError> {
        if with_cpus == 0 {
            return Err(BuildError::NoNodes);
        }
        let real = machine.with_memory();
        let bind = |i: u32| Some(real[i as usize % real.len()]);
        let place = |i: u32| Place { node: NodeId(i), bind: bind(i), cpus: i < with_cpus };
        let places: Vec<_> = (0..with_cpus + without).map(place).collect();
        let count = places.len();
        let nearest = (0..count).map(|i| (0..count).map(|step| (i + step) % count).collect()).collect();
        Ok(Self { places, of_cpu: Vec::new(), pretended: Some(with_cpus as usize), nearest })
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
        if let Some(with_cpus) = self.pretended {
            return thread::number() % with_cpus;
        }
        sys::current_cpu().and_then(|cpu| self.of_cpu.get(cpu).copied()).unwrap_or(0)
    }

    /// From each node, by index, all of them by distance.
    pub(crate) fn nearest(&self) -> &[Vec<usize>] {
        &self.nearest
    }

    /// The index of `node`, if the arena has it.
    pub(crate) fn index_of(&self, node: NodeId) -> Option<usize> {
        self.places.iter().position(|place| place.node == node)
    }

    /// The indices of `named`.
    ///
    /// # Errors
    /// One is not there, or there is none.
    pub(crate) fn indices_of(&self, named: &[NodeId]) -> Result<Vec<usize>, BuildError> {
        let available: Vec<NodeId> = self.places.iter().map(|place| place.node).collect();
        check(named, &available)?;
        Ok(named.iter().filter_map(|&node| self.index_of(node)).collect())
    }

    /// The nodes that a block wanted on `node` tries; `None` if the arena does not have it.
    pub(crate) fn near(&self, node: NodeId) -> Option<&[usize]> {
        Some(&self.nearest[self.index_of(node)?])
    }
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
pub(crate) mod tests {
    use super::*;
    use crate::nodes::tests::machine;

    /// Nodes 0, 2 and 5 with memory, 3 without; 5 has no CPUs, is near 3, and far from the rest.
    pub(crate) fn four() -> Machine {
        machine(&[
            (0, "0-1", true, &[10, 20, 25, 40]),
            (2, "2-3", true, &[20, 10, 25, 30]),
            (3, "4-5", false, &[25, 25, 10, 12]),
            (5, "", true, &[40, 30, 12, 10]),
        ])
    }

    pub(crate) fn places(machine: &Machine) -> Places {
        Places::new(machine, None, &Fallbacks::default()).unwrap()
    }

    pub(crate) fn numbers(places: &Places, order: &[usize]) -> Vec<u32> {
        order.iter().map(|&i| places.all()[i].node.0).collect()
    }

    #[test]
    fn nodes_without_memory_are_replaced_by_the_nearest() {
        let notes = Fallbacks::default();
        let places = Places::new(&four(), None, &notes).unwrap();
        assert_eq!(notes.list(), [Fallback::NoMemoryOn { node: NodeId(3), instead: NodeId(5) }]);
        assert_eq!(places.of_cpu, [0, 0, 1, 1, 2, 2]);
        let bound: Vec<_> = places.all().iter().map(|place| (place.bind, place.cpus)).collect();
        assert_eq!(bound, [(Some(0), true), (Some(2), true), (Some(5), false)]);
    }

    #[test]
    fn a_placement_names_its_node_and_then_the_nearest() {
        let places = places(&four());
        assert_eq!(numbers(&places, places.near(NodeId(5)).unwrap()), [5, 2, 0]);
        assert_eq!(numbers(&places, places.near(NodeId(2)).unwrap()), [2, 0, 5]);
        assert!(places.near(NodeId(3)).is_none());
    }

    #[test]
    fn a_subset_is_bound_although_it_is_one_node() {
        let places = Places::new(&four(), Some(&[NodeId(5)]), &Fallbacks::default()).unwrap();
        assert_eq!(places.all().len(), 1);
        assert_eq!(places.all()[0].bind, Some(5));
        assert_eq!(places.here(), 0);
        let one = machine(&[(0, "0-1", true, &[10])]);
        assert_eq!(super::tests::places(&one).all()[0].bind, None);
    }

    #[test]
    fn missing_nodes_are_named_with_those_to_choose_from() {
        let available = vec![NodeId(0), NodeId(2), NodeId(5)];
        let all = places(&four());
        assert_eq!(all.indices_of(&[NodeId(5), NodeId(0)]), Ok(vec![2, 0]));
        for node in [NodeId(3), NodeId(9)] {
            let error = BuildError::NoSuchNode { node, available: available.clone() };
            assert_eq!(all.indices_of(&[NodeId(0), node]), Err(error.clone()));
            assert_eq!(
                error.to_string(),
                format!("no NUMA node {node} with memory to use here; there are: 0,2,5")
            );
            let subset = Places::new(&four(), Some(&[node]), &Fallbacks::default());
            assert_eq!(subset.unwrap_err(), error);
        }
        assert_eq!(all.indices_of(&[]), Err(BuildError::NoNodes));
        let none = Places::new(&four(), Some(&[]), &Fallbacks::default());
        assert_eq!(none.unwrap_err(), BuildError::NoNodes);
        let outside = Places::new(&four(), Some(&[NodeId(0)]), &Fallbacks::default()).unwrap();
        let error = BuildError::NoSuchNode { node: NodeId(2), available: vec![NodeId(0)] };
        assert_eq!(outside.indices_of(&[NodeId(2)]), Err(error));
    }

    #[test]
    fn pretended_nodes_without_cpus_come_last() {
        let machine = machine(&[(0, "0", true, &[10])]);
        let places = Places::pretended(&machine, 2, 1).unwrap();
        let cpus: Vec<_> = places.all().iter().map(|place| (place.node.0, place.bind, place.cpus)).collect();
        assert_eq!(cpus, [(0, Some(0), true), (1, Some(0), true), (2, Some(0), false)]);
        assert!(places.here() < 2);
        assert_eq!(Places::pretended(&machine, 0, 1).unwrap_err(), BuildError::NoNodes);
    }
}
