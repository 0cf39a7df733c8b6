//! The NUMA nodes of an arena and the distances between them.

use bskip_core::arena::NumaNodeId;
use bskip_numa_nodes::{Node, Nodes};

use crate::error::BuildError;
use crate::fallback::{Fallback, Fallbacks};
use crate::policy::Policy;
use crate::sync;
use crate::sys;

/// One node of an arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArenaNode {
    /// The node's number for the user of the arena.
    pub(crate) id: NumaNodeId,
    /// The node's number for the kernel, which differs from `id` only if nodes are pretended. `None` if the
    /// machine has only this node, so that the arena need not ask the kernel for it.
    pub(crate) os_index: Option<u32>,
    /// Whether the node has CPUs or is home to some.
    pub(crate) cpus: bool,
}

/// The nodes that an arena should have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// Only these nodes. `None` means all nodes with CPUs.
    pub(crate) only: Option<&'a [NumaNodeId]>,
    /// These nodes as well, because a policy names them. They may be memory-only nodes.
    pub(crate) named: &'a [NumaNodeId],
    /// All memory-only nodes as well.
    pub(crate) memory_only: bool,
}

/// The nodes of an arena, by index. First come the nodes that are home to CPUs, then the others in use, then
/// the nodes that only a policy names. A node *in use* serves every policy. A node that is not in use serves
/// the policies that name it, and others only when all nodes in use are full.
#[derive(Debug)]
pub(crate) struct ArenaNodes {
    nodes: Vec<ArenaNode>,
    /// How many nodes are home to a CPU.
    homes: usize,
    /// How many nodes are in use.
    in_use: usize,
    /// The nodes that a user may name.
    available: Vec<NumaNodeId>,
    /// The home of each CPU, as an index. CPU numbers beyond the list belong to the first node.
    of_cpu: Vec<usize>,
    /// Whether the nodes are pretended. Threads are then assigned to the homes in turn.
    pretended: bool,
    /// For each node, all nodes: itself first, then the others by distance.
    by_distance: Vec<Vec<usize>>,
    /// For each node, all nodes: itself first, then the nodes in use by distance, then the rest by distance.
    nearest: Vec<Vec<usize>>,
}

/// The nodes of the machine that runs this process.
pub(crate) fn this_machine(fallbacks: &Fallbacks) -> Nodes {
    Nodes::this_machine().unwrap_or_else(|_| {
        fallbacks.note(Fallback::NodesUnknown);
        Nodes::assumed()
    })
}

impl ArenaNodes {
    /// The nodes of `machine` that these policies need. If `only` is given, the arena has no other nodes.
    ///
    /// # Errors
    /// `only` is empty or names a node that does not exist.
    pub(crate) fn for_policies(
        machine: &Nodes,
        only: Option<&[NumaNodeId]>,
        policies: [&Policy; 2],
        fallbacks: &Fallbacks,
    ) -> Result<Self, BuildError> {
        let named = policies.map(Policy::nodes).concat();
        let wanted = Wanted { only, named: &named, memory_only: policies.contains(&&Policy::MemoryOnly) };
        let affinity = bskip_numa_nodes::allowed_cpus().unwrap_or_default();
        Self::new(machine, wanted, &affinity, fallbacks)
    }

    /// The nodes of `machine` that are `wanted`. `affinity` holds the CPUs that the process may run on.
    ///
    /// # Errors
    /// `wanted.only` is empty or names a node that does not exist.
    pub(crate) fn new(
        machine: &Nodes,
        wanted: Wanted<'_>,
        affinity: &[u32],
        fallbacks: &Fallbacks,
    ) -> Result<Self, BuildError> {
        let usable = machine.usable();
        let with_cpus = machine.in_use();
        let ids = |numbers: &[u32]| -> Vec<NumaNodeId> { numbers.iter().copied().map(NumaNodeId).collect() };
        let (available, in_use) = match wanted.only {
            Some(only) => {
                check(only, &ids(&usable))?;
                let only: Vec<u32> =
                    usable.iter().copied().filter(|&node| only.contains(&NumaNodeId(node))).collect();
                (ids(&only), only)
            }
            None => (ids(&usable), with_cpus.clone()),
        };
        let homes = machine.homes_among(&in_use);
        let is_wanted = |node: &u32| {
            let named = wanted.named.contains(&NumaNodeId(*node)) || wanted.memory_only;
            in_use.contains(node) || (named && available.contains(&NumaNodeId(*node)))
        };
        let mut nodes: Vec<&Node> =
            usable.iter().filter(|node| is_wanted(node)).filter_map(|&node| machine.node(node)).collect();
        nodes.sort_by_key(|node| {
            (!homes.is_home(node.os_index), !in_use.contains(&node.os_index), node.os_index)
        });
        let index_of = |number: u32| nodes.iter().position(|node| node.os_index == number).unwrap_or(0);
        let mut of_cpu = Vec::new();
        for (cpu, home) in homes.listed() {
            of_cpu.resize(cpu as usize, index_of(homes.of_others()));
            of_cpu.push(index_of(home));
        }
        for (node, cpus) in machine.cpus_without_memory() {
            let instead = NumaNodeId(homes.of(cpus[0]));
            fallbacks.note(Fallback::NodeWithoutMemory { node: NumaNodeId(node.os_index), instead });
        }
        let unlisted = affinity.iter().copied().find(|&cpu| !homes.is_listed(cpu));
        if let Some(cpu) = unlisted.filter(|_| nodes.len() > 1) {
            fallbacks.note(Fallback::UnlistedCpu { cpu, instead: NumaNodeId(homes.of_others()) });
        }
        if nodes.len() > 1 && sys::current_cpu().is_none() {
            fallbacks.note(Fallback::CurrentCpuUnknown);
        }
        let several = usable.len() > 1;
        let arena_node = |node: &&Node| ArenaNode {
            id: NumaNodeId(node.os_index),
            os_index: several.then_some(node.os_index),
            cpus: with_cpus.contains(&node.os_index),
        };
        let by_distance = |from: &&Node| {
            let mut order: Vec<usize> = (0..nodes.len()).collect();
            let far = |to: &Node| (to.os_index != from.os_index, from.distance(to.os_index), to.os_index);
            order.sort_by_key(|&to| far(nodes[to]));
            order
        };
        let order = Order {
            homes: nodes.iter().filter(|node| homes.is_home(node.os_index)).count(),
            in_use: in_use.len(),
            by_distance: nodes.iter().map(by_distance).collect(),
        };
        Ok(Self::ordered(nodes.iter().map(arena_node).collect(), order, available, of_cpu))
    }

    /// Pretends `with_cpus` nodes with CPUs and then `without` nodes without, numbered from 0. Their memory
    /// is that of the machine's real nodes.
    ///
    /// # Errors
    /// There is no node with CPUs.
    pub(crate) fn pretended(machine: &Nodes, with_cpus: u32, without: u32) -> Result<Self, BuildError> {
        if with_cpus == 0 {
            return Err(BuildError::NoNodes);
        }
        let real = machine.in_use();
        let os_index = |i: u32| Some(real[i as usize % real.len()]);
        let arena_node = |i: u32| ArenaNode { id: NumaNodeId(i), os_index: os_index(i), cpus: i < with_cpus };
        let nodes: Vec<_> = (0..with_cpus + without).map(arena_node).collect();
        let count = nodes.len();
        let by_distance = (0..count).map(|i| (0..count).map(|step| (i + step) % count).collect()).collect();
        let available = nodes.iter().map(|node| node.id).collect();
        let order = Order { homes: with_cpus as usize, in_use: count, by_distance };
        Ok(Self { pretended: true, ..Self::ordered(nodes, order, available, Vec::new()) })
    }

    /// Adds the orders of the nodes from each node.
    fn ordered(nodes: Vec<ArenaNode>, order: Order, available: Vec<NumaNodeId>, of_cpu: Vec<usize>) -> Self {
        let Order { homes, in_use, by_distance } = order;
        let in_use_first = |(from, order): (usize, &Vec<usize>)| {
            let mut order = order.clone();
            order.sort_by_key(|&to| (to != from, to >= in_use));
            order
        };
        let nearest = by_distance.iter().enumerate().map(in_use_first).collect();
        Self { nodes, homes, in_use, available, of_cpu, pretended: false, by_distance, nearest }
    }

    /// All nodes, by index.
    pub(crate) fn all(&self) -> &[ArenaNode] {
        &self.nodes
    }

    /// How many nodes are home to a CPU. These come first, so [`here`](Self::here) is less than this.
    pub(crate) fn homes(&self) -> usize {
        self.homes
    }

    /// How many nodes are in use. These come first.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use
    }

    /// The index of the calling thread's node.
    #[inline]
    pub(crate) fn here(&self) -> usize {
        if self.nodes.len() == 1 {
            return 0;
        }
        if self.pretended {
            return sync::thread_number() % self.homes;
        }
        sys::current_cpu().and_then(|cpu| self.of_cpu.get(cpu).copied()).unwrap_or(0)
    }

    /// For each node, all nodes: itself first, then the others by distance.
    pub(crate) fn by_distance(&self) -> &[Vec<usize>] {
        &self.by_distance
    }

    /// For each node, all nodes: itself first, then the nodes in use by distance, then the rest by distance.
    pub(crate) fn nearest(&self) -> &[Vec<usize>] {
        &self.nearest
    }

    /// The index of `node`; `None` if the arena does not have it.
    pub(crate) fn index_of(&self, node: NumaNodeId) -> Option<usize> {
        self.nodes.iter().position(|known| known.id == node)
    }

    /// Checks that a user may name these nodes.
    ///
    /// # Errors
    /// The list is empty, or a node does not exist.
    pub(crate) fn check(&self, named: &[NumaNodeId]) -> Result<(), BuildError> {
        check(named, &self.available)
    }

    /// The indices of these nodes.
    ///
    /// # Errors
    /// The list is empty, or a node does not exist.
    pub(crate) fn indices_of(&self, named: &[NumaNodeId]) -> Result<Vec<usize>, BuildError> {
        self.check(named)?;
        Ok(named.iter().filter_map(|&node| self.index_of(node)).collect())
    }

    /// The nodes to try for a block that is wanted on `node`, in order; `None` if the arena does not have the
    /// node.
    pub(crate) fn order_from(&self, node: NumaNodeId) -> Option<&[usize]> {
        Some(&self.nearest[self.index_of(node)?])
    }
}

/// The fields of [`ArenaNodes`] that say how its nodes are ordered.
struct Order {
    homes: usize,
    in_use: usize,
    by_distance: Vec<Vec<usize>>,
}

/// Checks that `named` is not empty and that all of it is `available`.
fn check(named: &[NumaNodeId], available: &[NumaNodeId]) -> Result<(), BuildError> {
    if named.is_empty() {
        return Err(BuildError::NoNodes);
    }
    match named.iter().find(|node| !available.contains(node)) {
        Some(&node) => Err(BuildError::NoSuchNode { node, available: available.to_vec() }),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
