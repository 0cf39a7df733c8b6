//! The picture of a machine: nodes, CPUs, caches, distances, and what the process may use of them.

use crate::{CpuSet, Distances, MachineError};

/// A NUMA node: memory, and the CPUs that have their home there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NumaNode {
    /// The operating system's number of the node.
    pub number: u32,
    /// The CPUs whose home is this node, allowed or not. Each CPU has exactly one home, and that has memory for this
    /// process: by the rule of the crate `bskip-numa-nodes`, as for `numa-alloc`'s arena. CPUs that the system lists with
    /// a node without memory have their home on the nearest node with memory, and [`Machine::notes`] says so.
    pub cpus: CpuSet,
    /// Bytes of memory that the operating system accounts to the node, huge pages included; `None` if
    /// unknown. Guests may lack memory that was added while they ran.
    pub memory: Option<u64>,
    /// Whether the process may allocate here (cpuset `mems`); `true` where that is unknown.
    pub allowed: bool,
    /// Bandwidth from the CPUs that reach the node best, in MiB/s, as the firmware states it (ACPI HMAT; the
    /// mean of reading and writing): for comparing nodes. `None` if it does not, as most do not.
    /// `numa-alloc`'s `Policy::weighted_by` makes a placement of such numbers.
    pub bandwidth: Option<u64>,
}

impl NumaNode {
    /// Whether no CPU has its home here: the node has memory alone (CXL, HBM, persistent memory, a GPU), or it has no memory
    /// for this process. An arena uses it only when it is named.
    #[must_use]
    pub fn is_cpuless(&self) -> bool {
        self.cpus.is_empty()
    }
}

/// A CPU in the operating system's sense: one hardware thread.
///
/// `core`, `package`, `l2` and `l3` count from 0 in the order of the hardware tree and are unique in
/// the machine, so equal numbers mean "the same one": CPUs in `(core, smt)` order are in the order of
/// the tree, neighbours first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpu {
    /// The operating system's number of the CPU.
    pub number: u32,
    /// The core; CPUs with the same core are SMT siblings.
    pub core: u32,
    /// The package (socket).
    pub package: u32,
    /// Home NUMA node, by the operating system's number: a node with memory. See [`NumaNode::cpus`].
    pub node: u32,
    /// The L2 cache that the CPU uses, the [`Cache::index`] of a cache of level 2; `None` if unknown.
    pub l2: Option<u32>,
    /// The L3 cache that the CPU uses, the [`Cache::index`] of a cache of level 3; `None` if unknown.
    pub l3: Option<u32>,
    /// Rank among the siblings of the core: 0 for the first hardware thread.
    pub smt: u32,
}

/// A data or unified cache. Instruction caches are not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cache {
    /// 1 for L1, 2 for L2 and so on.
    pub level: u8,
    /// Number of the cache among those of its level, from 0.
    pub index: u32,
    /// Size in bytes; `None` if unknown.
    pub size: Option<u64>,
    /// Size of a line in bytes; `None` if unknown.
    pub line_size: Option<u32>,
    /// The CPUs that share the cache.
    pub cpus: CpuSet,
}

/// What a machine looks like, and which of its CPUs this process may use.
///
/// A value is a snapshot: CPUs that go offline later, or a cpuset that changes, do not show.
///
/// ```
/// use bskip_topology::Machine;
///
/// let machine = Machine::discover();
/// for node in machine.nodes() {
///     println!("node {}: CPUs {}", node.number, node.cpus);
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
    /// A subset of the numbers of `cpus`.
    pub(crate) allowed: CpuSet,
    /// Whole CPUs' worth of time that a cgroup grants; `None` without a quota.
    pub(crate) quota: Option<usize>,
    /// Whether this is the machine that runs the process.
    pub(crate) is_this_machine: bool,
    pub(crate) fallback: Option<String>,
    pub(crate) notes: Vec<String>,
}

impl Machine {
    /// The machine that runs this process. Never fails: where neither hwloc nor Linux shows its nodes it is
    /// one node, and [`Machine::fallback`] says why.
    ///
    /// The allowed CPUs are those of the calling thread, which a new process inherits from `taskset`
    /// or its container: call this before the thread pins itself.
    ///
    /// Cost: 10 ms on a small host, hundreds in an emulated guest or on a big machine. Call it once.
    /// hwloc may move the calling thread between CPUs meanwhile; its binding is restored.
    #[must_use]
    pub fn discover() -> Self {
        crate::discover::this_machine()
    }

    /// A machine described in hwloc's [synthetic] notation, for tests and what-if plans, with at most
    /// 8192 CPUs. All its CPUs are allowed and it has no distances.
    ///
    /// [synthetic]: https://www.open-mpi.org/projects/hwloc/doc/v2.9.0/a00369.php
    ///
    /// ```
    /// # #[cfg(feature = "hwloc")] {
    /// use bskip_topology::Machine;
    ///
    /// let machine = Machine::synthetic("package:2 numa:1 l3:1 core:4 pu:2")?;
    /// assert_eq!(machine.nodes().len(), 2);
    /// assert_eq!(machine.cpus().len(), 16);
    /// # }
    /// # Ok::<(), bskip_topology::MachineError>(())
    /// ```
    ///
    /// # Errors
    /// [`MachineError::Invalid`] if hwloc refuses the description; [`MachineError::NoHwloc`] in a
    /// build without hwloc.
    pub fn synthetic(description: &str) -> Result<Self, MachineError> {
        #[cfg(feature = "hwloc")]
        return crate::hwloc::synthetic(description);
        #[cfg(not(feature = "hwloc"))]
        {
            let _ = description;
            Err(MachineError::NoHwloc)
        }
    }

    /// A machine saved as hwloc XML, as `lstopo --of xml` writes it. The allowed CPUs are those that
    /// the file calls allowed.
    ///
    /// A file does not say which of the nodes near a CPU is its home: of those with memory the one with the fewest CPUs is
    /// taken, then the lowest number. Load only files that you trust: hwloc's debug checks abort the
    /// process on an inconsistent tree.
    ///
    /// # Errors
    /// [`MachineError::Invalid`] if hwloc refuses the text; [`MachineError::NoHwloc`] in a build
    /// without hwloc.
    pub fn from_xml(xml: &str) -> Result<Self, MachineError> {
        #[cfg(feature = "hwloc")]
        return crate::hwloc::from_xml(xml);
        #[cfg(not(feature = "hwloc"))]
        {
            let _ = xml;
            Err(MachineError::NoHwloc)
        }
    }

    /// The same machine for a process that may only use `cpus`; numbers that the machine does not have
    /// are ignored. For plans that keep clear of some CPUs, and for tests.
    ///
    /// This does not change what the operating system allows.
    #[must_use]
    pub fn with_allowed(mut self, cpus: &CpuSet) -> Self {
        self.allowed = self.cpu_numbers().intersection(cpus);
        self
    }

    /// The same machine for a process that gets the time of only `cpus` CPUs; at least 1 is taken. For
    /// plans that leave time to others, and for tests.
    ///
    /// This does not change what the operating system grants.
    #[must_use]
    pub fn with_quota(mut self, cpus: usize) -> Self {
        self.quota = Some(cpus.max(1));
        self
    }

    /// The NUMA nodes, ascending by number. At least one; numbers may have gaps.
    #[must_use]
    pub fn nodes(&self) -> &[NumaNode] {
        &self.nodes
    }

    /// The node with this number. O(log nodes).
    #[must_use]
    pub fn node(&self, number: u32) -> Option<&NumaNode> {
        self.nodes.binary_search_by_key(&number, |node| node.number).ok().map(|i| &self.nodes[i])
    }

    /// The CPUs that are online, allowed or not, ascending by number. At least one; numbers may have
    /// gaps.
    #[must_use]
    pub fn cpus(&self) -> &[Cpu] {
        &self.cpus
    }

    /// The CPU with this number. O(log CPUs).
    #[must_use]
    pub fn cpu(&self, number: u32) -> Option<&Cpu> {
        self.cpus.binary_search_by_key(&number, |cpu| cpu.number).ok().map(|i| &self.cpus[i])
    }

    /// The numbers of all online CPUs. Builds the set: O(CPUs).
    #[must_use]
    pub fn cpu_numbers(&self) -> CpuSet {
        self.cpus.iter().map(|cpu| cpu.number).collect()
    }

    /// Home node of a CPU; `None` if the machine has no such CPU. O(log CPUs), a few nanoseconds.
    #[must_use]
    pub fn node_of_cpu(&self, cpu: u32) -> Option<u32> {
        self.cpu(cpu).map(|cpu| cpu.node)
    }

    /// The data and unified caches, by level and then index. Empty if unknown.
    #[must_use]
    pub fn caches(&self) -> &[Cache] {
        &self.caches
    }

    /// Relative latencies between the nodes; `None` if unknown.
    #[must_use]
    pub fn distances(&self) -> Option<&Distances> {
        self.distances.as_ref()
    }

    /// The CPUs that this process may use.
    #[must_use]
    pub fn allowed(&self) -> &CpuSet {
        &self.allowed
    }

    /// The CPU time that the process's cgroup grants (`cpu.max`, container option `--cpus`), in whole
    /// CPUs, rounded down but at least 1; `None` if that is not less than the allowed CPUs.
    #[must_use]
    pub fn quota(&self) -> Option<usize> {
        self.quota.filter(|&cpus| cpus < self.allowed.len())
    }

    /// How many workers can run at once: the allowed CPUs, or the [quota](Self::quota) if that is less. The
    /// number of workers to plan for if nothing else is known.
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

    /// Whether this is the machine that runs the process, not a described one.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        self.is_this_machine
    }

    /// Why only one node is known, if the nodes of this machine could not be read. Cores, packages and
    /// caches may be unknown with them.
    #[must_use]
    pub fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// What a reader of results from this machine should know, as sentences: that hwloc is absent, the
    /// fallback, a CPU quota, CPUs that the process may not use, memory of no node, CPUs whose node has no memory or that
    /// several nodes or none list, CPUs that the system hides (lxcfs).
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}
