//! The nodes of one arena, and how far each is from each.

use core::fmt;

use bskip_core::arena::NumaNodeId;
use bskip_numa_nodes::{Homes, Node, Nodes};

use crate::fallback::{Fallback, Fallbacks};
use crate::policy::{NodeList, Policy};
use crate::{sys, thread};

/// Why an arena could not be made.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A node was named that the arena cannot have.
    NoSuchNode {
        /// The node that was named.
        node: NumaNodeId,
        /// The nodes to choose from: those with memory that this process may use, or those that the builder
        /// was given.
        available: Vec<NumaNodeId>,
    },
    /// A set of nodes was given and it is empty.
    NoNodes,
    /// A weight is zero: then nothing should go to the node, which is said by leaving it out.
    ZeroWeight {
        /// The node with this weight.
        node: NumaNodeId,
    },
    /// A node has two weights.
    TwoWeights {
        /// The node that was named twice.
        node: NumaNodeId,
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
    pub(crate) node: NumaNodeId,
    /// As the kernel knows it: another number only where nodes are pretended. `None`: the machine has but
    /// this one, nothing needs to be asked of the kernel.
    pub(crate) bind: Option<u32>,
    /// It has CPUs, or is home to some.
    pub(crate) cpus: bool,
}

/// Which nodes an arena is to have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted<'a> {
    /// These and no others.
    pub(crate) only: Option<&'a [NumaNodeId]>,
    /// These as well, although they may have memory alone: a policy names them.
    pub(crate) named: &'a [NumaNodeId],
    /// All that have memory alone as well.
    pub(crate) memory_alone: bool,
}

/// An arena's nodes, by index: first those that are home to CPUs, then those that are in use without being named, then
/// the others.
#[derive(Debug)]
pub(crate) struct Places {
    places: Vec<Place>,
    /// So many are home to a CPU.
    homes: usize,
    /// So many are in use without being named by a policy.
    in_use: usize,
    /// What a user may name.
    available: Vec<NumaNodeId>,
    /// Index by CPU number. The first place is the home of CPUs beyond.
    of_cpu: Vec<usize>,
    /// The nodes are pretended: threads are dealt out to the homes.
    pretended: bool,
    /// From each node all of them, itself and then the nearest first.
    by_distance: Vec<Vec<usize>>,
    /// As `by_distance`, but behind itself those in use come before the others.
    nearest: Vec<Vec<usize>>,
}

/// The nodes of the running system.
pub(crate) fn this_machine(notes: &Fallbacks) -> Nodes {
    Nodes::this_machine().unwrap_or_else(|_| {
        notes.note(Fallback::NodesUnknown);
        Nodes::assumed()
    })
}

impl Places {
    /// The nodes of a machine that these policies need, or of those the nodes `only`.
    pub(crate) fn for_policies(
        machine: &Nodes,
        only: Option<&[NumaNodeId]>,
        policies: [&Policy; 2],
        notes: &Fallbacks,
    ) -> Result<Self, BuildError> {
        let named = policies.map(Policy::named).concat();
        let wanted = Wanted { only, named: &named, memory_alone: policies.contains(&&Policy::Tiered) };
        let affinity = bskip_numa_nodes::allowed_cpus().unwrap_or_default();
        Self::new(machine, wanted, &affinity, notes)
    }

    /// The nodes of a machine that are `wanted`. `affinity` are the CPUs that the process may run on.
    pub(crate) fn new(
        machine: &Nodes,
        wanted: Wanted<'_>,
        affinity: &[u32],
        notes: &Fallbacks,
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
            let named = wanted.named.contains(&NumaNodeId(*node)) || wanted.memory_alone;
            in_use.contains(node) || (named && available.contains(&NumaNodeId(*node)))
        };
        let mut nodes: Vec<&Node> =
            usable.iter().filter(|node| is_wanted(node)).filter_map(|&node| machine.node(node)).collect();
        nodes.sort_by_key(|node| (!homes.is_home(node.number), !in_use.contains(&node.number), node.number));
        let index_of = |number: u32| nodes.iter().position(|node| node.number == number).unwrap_or(0);
        let mut of_cpu = Vec::new();
        for (cpu, home) in homes.listed() {
            of_cpu.resize(cpu as usize, index_of(homes.of_others()));
            of_cpu.push(index_of(home));
        }
        for (node, instead) in without_memory(machine, &homes) {
            notes.note(Fallback::NoMemoryOn { node: NumaNodeId(node), instead: NumaNodeId(instead) });
        }
        let unlisted = affinity.iter().copied().find(|&cpu| !homes.is_listed(cpu));
        if let Some(cpu) = unlisted.filter(|_| nodes.len() > 1) {
            notes.note(Fallback::CpuOfNoNode { cpu, instead: NumaNodeId(homes.of_others()) });
        }
        if nodes.len() > 1 && sys::current_cpu().is_none() {
            notes.note(Fallback::CurrentNodeUnknown);
        }
        let several = usable.len() > 1;
        let place = |node: &&Node| Place {
            node: NumaNodeId(node.number),
            bind: several.then_some(node.number),
            cpus: with_cpus.contains(&node.number),
        };
        let by_distance = |from: &&Node| {
            let mut order: Vec<usize> = (0..nodes.len()).collect();
            let far = |to: &Node| (to.number != from.number, from.distance(to.number), to.number);
            order.sort_by_key(|&to| far(nodes[to]));
            order
        };
        let order = Order {
            homes: nodes.iter().filter(|node| homes.is_home(node.number)).count(),
            in_use: in_use.len(),
            by_distance: nodes.iter().map(by_distance).collect(),
        };
        Ok(Self::ordered(nodes.iter().map(place).collect(), order, available, of_cpu))
    }

    /// Nodes numbered from 0, on the memory of the machine's real ones: `with_cpus` of them, and then
    /// `without`.
    pub(crate) fn pretended(machine: &Nodes, with_cpus: u32, without: u32) -> Result<Self, BuildError> {
        if with_cpus == 0 {
            return Err(BuildError::NoNodes);
        }
        let real = machine.in_use();
        let bind = |i: u32| Some(real[i as usize % real.len()]);
        let place = |i: u32| Place { node: NumaNodeId(i), bind: bind(i), cpus: i < with_cpus };
        let places: Vec<_> = (0..with_cpus + without).map(place).collect();
        let count = places.len();
        let by_distance = (0..count).map(|i| (0..count).map(|step| (i + step) % count).collect()).collect();
        let available = places.iter().map(|place| place.node).collect();
        let order = Order { homes: with_cpus as usize, in_use: count, by_distance };
        Ok(Self { pretended: true, ..Self::ordered(places, order, available, Vec::new()) })
    }

    fn ordered(places: Vec<Place>, order: Order, available: Vec<NumaNodeId>, of_cpu: Vec<usize>) -> Self {
        let Order { homes, in_use, by_distance } = order;
        let in_use_first = |(from, order): (usize, &Vec<usize>)| {
            let mut order = order.clone();
            order.sort_by_key(|&to| (to != from, to >= in_use));
            order
        };
        let nearest = by_distance.iter().enumerate().map(in_use_first).collect();
        Self { places, homes, in_use, available, of_cpu, pretended: false, by_distance, nearest }
    }

    /// The nodes, by index.
    pub(crate) fn all(&self) -> &[Place] {
        &self.places
    }

    /// How many nodes are home to a CPU. They come first, so [`here`](Self::here) is below.
    pub(crate) fn homes(&self) -> usize {
        self.homes
    }

    /// How many nodes are in use although no policy names them. They come first.
    pub(crate) fn in_use(&self) -> usize {
        self.in_use
    }

    /// The index of the calling thread's node.
    #[inline]
    pub(crate) fn here(&self) -> usize {
        if self.places.len() == 1 {
            return 0;
        }
        if self.pretended {
            return thread::number() % self.homes;
        }
        sys::current_cpu().and_then(|cpu| self.of_cpu.get(cpu).copied()).unwrap_or(0)
    }

    /// From each node, by index, all of them by distance.
    pub(crate) fn by_distance(&self) -> &[Vec<usize>] {
        &self.by_distance
    }

    /// From each node, by index, itself, then those in use by distance, then the others.
    pub(crate) fn nearest(&self) -> &[Vec<usize>] {
        &self.nearest
    }

    /// The index of `node`, if the arena has it.
    pub(crate) fn index_of(&self, node: NumaNodeId) -> Option<usize> {
        self.places.iter().position(|place| place.node == node)
    }

    /// Whether all of `named` may be named.
    ///
    /// # Errors
    /// One is not there, or there is none.
    pub(crate) fn check(&self, named: &[NumaNodeId]) -> Result<(), BuildError> {
        check(named, &self.available)
    }

    /// The indices of `named`.
    ///
    /// # Errors
    /// One is not there, or there is none.
    pub(crate) fn indices_of(&self, named: &[NumaNodeId]) -> Result<Vec<usize>, BuildError> {
        self.check(named)?;
        Ok(named.iter().filter_map(|&node| self.index_of(node)).collect())
    }

    /// The nodes that a block wanted on `node` tries; `None` if the arena does not have it.
    pub(crate) fn near(&self, node: NumaNodeId) -> Option<&[usize]> {
        Some(&self.nearest[self.index_of(node)?])
    }
}

/// In which order the places are, and how far each is from each: the fields of [`Places`].
struct Order {
    homes: usize,
    in_use: usize,
    by_distance: Vec<Vec<usize>>,
}

/// The nodes that have CPUs and no memory to use, each with the home of those CPUs.
fn without_memory(machine: &Nodes, homes: &Homes) -> Vec<(u32, u32)> {
    let listed = |cpu: &u32| machine.all().iter().any(|node| node.is_usable() && node.cpus.contains(cpu));
    let stranded = |node: &Node| node.cpus.iter().copied().find(|cpu| !listed(cpu));
    let bare = machine.all().iter().filter(|node| !node.is_usable());
    bare.filter_map(|node| Some((node.number, homes.of(stranded(node)?)))).collect()
}

/// All of `named` are `available`, and there is one.
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
