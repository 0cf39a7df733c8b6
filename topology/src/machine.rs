//! What a machine looks like: nodes, CPUs, caches, distances, and what the process may use of them.

use crate::cpuset::CpuSet;
use crate::distances::Distances;

/// A NUMA node: memory, and the CPUs whose home it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NumaNode {
    /// The number that the operating system gives the node.
    pub os_index: u32,
    /// The CPUs whose home is this node, allowed or not. Each CPU has exactly one home, a node with memory
    /// for this process. The crate `bskip-numa-nodes` says which node that is, also for the arena of
    /// `numa-alloc`. If the system lists CPUs with a node without memory, their home is the nearest node with
    /// memory, and [`Machine::notes`] says so.
    pub cpus: CpuSet,
    /// Bytes of memory that the operating system counts for the node, huge pages included; `None` if unknown.
    /// On a guest, memory that was added at run time may be missing.
    pub memory: Option<u64>,
    /// Whether the process may allocate on the node (cpuset `mems`). `true` if unknown.
    pub allowed: bool,
    /// The bandwidth in MiB/s from the CPUs that reach the node best, as the firmware states it (ACPI HMAT;
    /// the mean of reading and writing). Use it to compare nodes: `Policy::weighted_by` of `numa-alloc`
    /// computes a placement from it. `None` if the firmware does not state it, as on most machines.
    pub bandwidth: Option<u64>,
}

impl NumaNode {
    /// Whether no CPU has its home here. The node is then a memory-only node (CXL, HBM, persistent memory, a
    /// GPU), or it has no memory for this process. An arena uses a memory-only node only if it is named.
    #[must_use]
    pub fn is_cpuless(&self) -> bool {
        self.cpus.is_empty()
    }
}

/// A CPU as the operating system counts them: a hardware thread. hwloc calls it a processing unit (PU).
///
/// `core`, `package`, `l2` and `l3` count from 0 in the order of the hardware tree and are unique in the
/// machine. So two CPUs with equal numbers share the unit, and CPUs in the order of `(core, smt)` are in the
/// order of the tree, neighbours first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpu {
    /// The number that the operating system gives the CPU.
    pub os_index: u32,
    /// The core. CPUs of the same core are SMT siblings.
    pub core: u32,
    /// The package (socket).
    pub package: u32,
    /// The home of the CPU: a NUMA node with memory, by the number of the operating system. See
    /// [`NumaNode::cpus`].
    pub node: u32,
    /// The L2 cache that the CPU uses, as the [`Cache::index`] of a cache of level 2; `None` if unknown.
    pub l2: Option<u32>,
    /// The L3 cache that the CPU uses, as the [`Cache::index`] of a cache of level 3; `None` if unknown.
    pub l3: Option<u32>,
    /// The rank among the siblings of the core: 0 for the first hardware thread.
    pub smt: u32,
}

/// A data or unified cache. Instruction caches are not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cache {
    /// 1 for L1, 2 for L2, and so on.
    pub level: u8,
    /// The number of the cache among those of its level, from 0.
    pub index: u32,
    /// The size in bytes; `None` if unknown.
    pub size: Option<u64>,
    /// The size of a line in bytes; `None` if unknown.
    pub line_size: Option<u32>,
    /// The CPUs that share the cache.
    pub cpus: CpuSet,
}

/// What a machine looks like, and which of its CPUs this process may use.
///
/// A value is a snapshot. It does not show CPUs that go offline later, or changes of a cpuset.
///
/// ```
/// use bskip_topology::Machine;
///
/// let machine = Machine::discover();
/// for node in machine.nodes() {
///     println!("node {}: CPUs {}", node.os_index, node.cpus);
/// }
/// if let Some(reason) = machine.fallback() {
///     println!("only one node is known: {reason}");
/// }
/// assert!(!machine.allowed().is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Ascending by number; never empty.
    pub(crate) nodes: Vec<NumaNode>,
    /// Ascending by number; never empty.
    pub(crate) cpus: Vec<Cpu>,
    /// Ascending by level, then index.
    pub(crate) caches: Vec<Cache>,
    pub(crate) distances: Option<Distances>,
    /// A subset of `cpus`, by the numbers of the operating system.
    pub(crate) allowed: CpuSet,
    /// The CPU time that a cgroup grants, in whole CPUs; `None` without a quota.
    pub(crate) quota: Option<usize>,
    /// Whether this is the machine that runs the process.
    pub(crate) is_this_machine: bool,
    pub(crate) fallback: Option<String>,
    pub(crate) notes: Vec<String>,
}

impl Machine {
    /// The same machine for a process that may use only `cpus`. Numbers that the machine does not have are
    /// ignored. Use this for plans that avoid some CPUs, and for tests.
    ///
    /// It does not change what the operating system allows.
    #[must_use]
    pub fn with_allowed(mut self, cpus: &CpuSet) -> Self {
        self.allowed = self.cpu_set().intersection(cpus);
        self
    }

    /// The same machine for a process that gets the time of only `cpus` CPUs, at least 1. Use this for plans
    /// that leave time to other programs, and for tests.
    ///
    /// It does not change what the operating system grants.
    #[must_use]
    pub fn with_quota(mut self, cpus: usize) -> Self {
        self.quota = Some(cpus.max(1));
        self
    }

    /// The NUMA nodes, ascending by number. There is at least one, and numbers may have gaps.
    #[must_use]
    pub fn nodes(&self) -> &[NumaNode] {
        &self.nodes
    }

    /// The node with this number. O(log nodes).
    #[must_use]
    pub fn node(&self, os_index: u32) -> Option<&NumaNode> {
        self.nodes.binary_search_by_key(&os_index, |node| node.os_index).ok().map(|i| &self.nodes[i])
    }

    /// The online CPUs, allowed or not, ascending by number. There is at least one, and numbers may have
    /// gaps.
    #[must_use]
    pub fn cpus(&self) -> &[Cpu] {
        &self.cpus
    }

    /// The CPU with this number. O(log CPUs).
    #[must_use]
    pub fn cpu(&self, os_index: u32) -> Option<&Cpu> {
        self.cpus.binary_search_by_key(&os_index, |cpu| cpu.os_index).ok().map(|i| &self.cpus[i])
    }

    /// The set of all online CPUs. Takes O(CPUs) to build.
    #[must_use]
    pub fn cpu_set(&self) -> CpuSet {
        self.cpus.iter().map(|cpu| cpu.os_index).collect()
    }

    /// The home node of a CPU; `None` if the machine has no such CPU. O(log CPUs), a few nanoseconds.
    #[must_use]
    pub fn node_of_cpu(&self, cpu: u32) -> Option<u32> {
        self.cpu(cpu).map(|cpu| cpu.node)
    }

    /// The data caches and unified caches, by level and then index. Empty if unknown.
    #[must_use]
    pub fn caches(&self) -> &[Cache] {
        &self.caches
    }

    /// The relative latencies between the nodes; `None` if unknown.
    #[must_use]
    pub fn distances(&self) -> Option<&Distances> {
        self.distances.as_ref()
    }

    /// The CPUs that this process may use.
    #[must_use]
    pub fn allowed(&self) -> &CpuSet {
        &self.allowed
    }

    /// The CPU time that the process's cgroup grants (`cpu.max`, container option `--cpus`), in whole CPUs,
    /// rounded down but at least 1. `None` if that is not less than the allowed CPUs.
    #[must_use]
    pub fn quota(&self) -> Option<usize> {
        self.quota.filter(|&cpus| cpus < self.allowed.len())
    }

    /// How many workers can run at once: the number of allowed CPUs, or the [quota](Self::quota) if that is
    /// less. Plan for this many workers if nothing else is known.
    ///
    /// ```
    /// # #[cfg(feature = "hwloc")] {
    /// use bskip_topology::Machine;
    ///
    /// let machine = Machine::synthetic("package:2 numa:1 core:32 pu:1")?;
    /// assert_eq!(machine.parallelism(), 64);
    /// assert_eq!(machine.with_quota(2).parallelism(), 2);
    /// # }
    /// # Ok::<(), bskip_topology::MachineError>(())
    /// ```
    #[must_use]
    pub fn parallelism(&self) -> usize {
        self.quota().unwrap_or(self.allowed.len())
    }

    /// Whether this is the machine that runs the process, and not a described one.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        self.is_this_machine
    }

    /// Why only one node is known, if the nodes of this machine could not be read. Cores, packages and caches
    /// may then be unknown too.
    #[must_use]
    pub fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// What a reader of results from this machine should know, as sentences: that hwloc is missing, the
    /// fallback, a CPU quota, CPUs that the process may not use, memory that belongs to no node, CPUs whose
    /// node has no memory, CPUs that several nodes or no node list, CPUs that the system hides (lxcfs).
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}
