//! The arena, as its users hold it, and its builder.

use core::alloc::Layout;
use core::fmt;
use std::sync::{Arc, Mutex, Weak};

use bskip_core::arena::{AllocError, AllocErrorKind, BlockArena, BlockKind, NumaNodeId};

use crate::budget::Budgets;
use crate::error::BuildError;
use crate::fallback::{Fallback, Fallbacks};
use crate::kernel;
use crate::nodes::{self, ArenaNodes};
use crate::order::NodeOrder;
use crate::pages::PageSize;
use crate::policy::{Policy, RemoteFrees};
use crate::pool::{Core, NumaPool};
use crate::shared::{ByKind, Shared};
use crate::sync::lock;
use crate::sys;

/// An arena that places the blocks of an index on NUMA nodes. This is a handle: its clones share the pools,
/// the limits, the figures and the fallbacks.
///
/// Give a clone to each map and keep one to ask for [`stats`](Self::stats). A new pool takes address space
/// but no memory: up to 256 GiB, and as much again on each node for replicas. It unmaps everything when it
/// drops. The more pools there are, the less address space a new pool takes; the documentation of the crate
/// says how much. While a pool lives, its memory only grows, usually in slabs of 2 MiB, unless you call
/// [`trim`](Self::trim).
#[derive(Clone)]
pub struct NumaArena {
    pub(crate) shared: Arc<Shared>,
    /// All pools that the handles have made, oldest first. Some may have been dropped.
    pools: Arc<Mutex<Vec<Weak<Core>>>>,
}

impl NumaArena {
    /// An arena on all nodes of the machine that have CPUs. It places each block on the node of the thread
    /// that acquires it, uses huge pages and has no limit.
    ///
    /// # Errors
    /// None today: if the machine lacks something, that is a [`Fallback`], not an error. The signature is
    /// that of [`Builder::build`].
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// A builder for an arena with other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The placement policy of leaves.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        self.shared.policies.of(BlockKind::Leaf)
    }

    /// The placement policy of inner levels.
    #[must_use]
    pub fn inner_policy(&self) -> &Policy {
        self.shared.policies.of(BlockKind::Inner)
    }

    /// The size of the pages that the arena asks for. [`huge_page_bytes`](Self::huge_page_bytes) says how
    /// much memory is on huge pages.
    #[must_use]
    pub fn page_size(&self) -> PageSize {
        self.shared.pages
    }

    /// Whether each inner block has a replica on every node that is home to CPUs.
    #[must_use]
    pub fn replicates_inner(&self) -> bool {
        self.shared.replicate
    }

    /// What happens to blocks that threads of other nodes release.
    #[must_use]
    pub fn remote_frees(&self) -> RemoteFrees {
        self.shared.remote_frees
    }

    /// Whether memory is touched when it is committed.
    #[must_use]
    pub fn prefault(&self) -> bool {
        self.shared.prefault
    }

    /// The limit in bytes over all pools; `None` if there is none.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.shared.budget.limit()
    }

    /// The nodes that the arena places blocks on. Nodes that are home to CPUs come first.
    #[must_use]
    pub fn nodes(&self) -> Vec<NumaNodeId> {
        self.shared.nodes.all().iter().map(|node| node.id).collect()
    }

    /// The features that this machine refused, and that the arena works without. The list names each fallback
    /// once, in the order in which the arena met it. Some show only when the arena first uses memory, so the
    /// list may grow.
    #[must_use]
    pub fn fallbacks(&self) -> Vec<Fallback> {
        self.shared.fallbacks.list()
    }

    /// Gives memory that holds only free blocks back to the system, in whole slabs of 2 MiB. Returns the
    /// number of bytes. The part of a stripe in front of its first whole slab stays, at most 256 KiB. Call
    /// this after a peak: after many keys were removed, or after a map was shrunk.
    ///
    /// Other threads may use the maps on this arena meanwhile. An acquisition that finds its free list empty
    /// waits, for up to a second per million free blocks. The memory counts against the limits again when it
    /// is used again. An arena on hugetlb pages gives nothing back, because the pages might be gone when it
    /// needs them again. Neither does an arena on a system other than Linux.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use numa_alloc::NumaArena;
    ///
    /// let arena = NumaArena::new()?;
    /// let mut map = BSkipMap::with_arena(arena.clone())?;
    /// (0..600_000_u64).for_each(|key| _ = map.insert(key, key));
    /// map.clear();
    /// let before = arena.stats().total().reserved_bytes;
    /// let given_back = arena.trim();
    /// assert_eq!(arena.stats().total().reserved_bytes, before - given_back);
    /// # assert!(given_back >= 4 << 20 || !cfg!(target_os = "linux") || cfg!(bskip_narrow), "{given_back} of {before}");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn trim(&self) -> usize {
        // The arena writes first words as one number of 64 bits. Maps of such a build use them as two words.
        if cfg!(bskip_narrow) {
            return 0;
        }
        if self.page_size().hugetlb().is_some() {
            return 0;
        }
        self.pools().iter().map(|pool| pool.trim()).sum()
    }

    /// The pools that have not been dropped.
    pub(crate) fn pools(&self) -> Vec<Arc<Core>> {
        lock(&self.pools).iter().filter_map(Weak::upgrade).collect()
    }
}

// SAFETY: `NumaPool` keeps the contract for its layout, as its own comment argues.
unsafe impl BlockArena for NumaArena {
    type Pool = NumaPool;

    /// Reserves the addresses of a pool; the pool commits no memory before its first block. Pools for leaves
    /// and for inner blocks have separate ranges, so they never share a page. The pool keeps alignments of 64
    /// bytes to 2 MiB. It rounds a layout of fewer than 64 bytes up.
    ///
    /// # Errors
    /// `AddressSpaceExhausted` if there are too few addresses for one slab on each node, or if the layout is
    /// aligned to more than 2 MiB. `OutOfMemory` if there is no memory for the free lists. The handles of the
    /// pool and the arena, about a page, come from the global allocator through `Arc`, which has no fallible
    /// form.
    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<NumaPool, AllocError> {
        let pool = NumaPool::new(&self.shared, layout, kind)?;
        let mut pools = lock(&self.pools);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.try_reserve(1).map_err(|_| AllocError { layout, kind: AllocErrorKind::OutOfMemory })?;
        pools.push(Arc::downgrade(pool.core()));
        drop(pools);
        Ok(pool)
    }
}

impl fmt::Debug for NumaArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumaArena")
            .field("policy", self.policy())
            .field("inner_policy", self.inner_policy())
            .field("page_size", &self.shared.pages)
            .field("prefault", &self.shared.prefault)
            .field("replicate_inner", &self.shared.replicate)
            .field("remote_frees", &self.shared.remote_frees)
            .field("limit", &self.limit())
            .field("nodes", &self.nodes())
            .finish_non_exhaustive()
    }
}

/// Builds a [`NumaArena`]. The defaults are all nodes with CPUs, [`Policy::Local`], [`PageSize::Transparent`]
/// and no limit.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    policy: Policy,
    inner_policy: Option<Policy>,
    page_size: PageSize,
    prefault: bool,
    remote_frees: RemoteFrees,
    limit: Option<usize>,
    node_limits: Vec<(NumaNodeId, usize)>,
    nodes: Option<Vec<NumaNodeId>>,
    replicate: bool,
    pretended: Option<u32>,
    pretended_without_cpus: u32,
}

impl Builder {
    /// Sets where blocks are placed.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets where the blocks of inner levels are placed (those of pools for [`BlockKind::Inner`]). The
    /// default is the [`policy`](Self::policy) for all blocks. Inner levels are about 1/64 of a map and every
    /// operation reads them, so put them on the fastest memory:
    ///
    /// ```
    /// use numa_alloc::{NumaArena, Policy};
    ///
    /// // Leaves on memory-only nodes, if there are any; inner levels on the nodes of the threads.
    /// let arena = NumaArena::builder().policy(Policy::MemoryOnly).inner_policy(Policy::Local).build()?;
    /// assert_eq!(arena.inner_policy(), &Policy::Local);
    /// # Ok::<(), numa_alloc::BuildError>(())
    /// ```
    pub fn inner_policy(mut self, policy: Policy) -> Self {
        self.inner_policy = Some(policy);
        self
    }

    /// Sets the size of the pages that the arena asks for.
    pub fn page_size(mut self, page_size: PageSize) -> Self {
        self.page_size = page_size;
        self
    }

    /// Sets whether memory is touched when it is committed, so that no operation waits for a page fault
    /// later. Off by default.
    ///
    /// The acquisition that makes a stripe grow pays for this, and acquisitions that need the same growth
    /// wait for it. From 256 KiB on, it clears a slab of 2 MiB. Later it clears 1/64 of what the stripe has,
    /// at most 32 MiB. Clearing 2 MiB takes some hundred microseconds with huge pages, and longer with small
    /// ones. All committed memory is then resident, even memory for blocks that were not acquired yet.
    /// Hugetlb pages are always touched.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// Sets what happens to blocks that threads of other nodes release.
    ///
    /// ```
    /// use numa_alloc::{NumaArena, RemoteFrees};
    ///
    /// let arena = NumaArena::builder().remote_frees(RemoteFrees::Adopt).build()?;
    /// assert_eq!(arena.remote_frees(), RemoteFrees::Adopt);
    /// # Ok::<(), numa_alloc::BuildError>(())
    /// ```
    pub fn remote_frees(mut self, remote_frees: RemoteFrees) -> Self {
        self.remote_frees = remote_frees;
        self
    }

    /// Limits the bytes of blocks, free ones included, over all pools of the arena. The 4 bytes of
    /// bookkeeping per block and the tables of a pool do not count. Memory counts in base pages, from the
    /// moment at which it is committed, even before it is touched. With a small limit, pools also reserve
    /// less address space.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Limits the bytes of blocks on `node`, counted as for [`limit`](Self::limit), which applies as well. A
    /// block that would exceed the limit goes to the nearest node with room and counts as a miss of `node`
    /// ([`NodeStats::misses`](crate::NodeStats::misses)). 0 keeps all blocks off the node. If a node gets
    /// several limits, the last one applies.
    ///
    /// An acquisition that wants a node at its limit first looks through the free lists of that node, under a
    /// lock that all such acquisitions share. That takes one or two microseconds. If a node stays at its
    /// limit, name the other nodes in the [policy](Self::policy) instead.
    pub fn node_limit(mut self, node: NumaNodeId, bytes: usize) -> Self {
        self.node_limits.push((node, bytes));
        self
    }

    /// Sets the nodes that the arena uses, instead of all nodes with CPUs. Threads of other nodes use the
    /// nearest of these. A memory-only node that is named here is used like the others. Under
    /// [`Policy::Local`], such a node gets only blocks that are requested for it by number
    /// (`BSkipMap::migrate`).
    pub fn nodes(mut self, nodes: &[NumaNodeId]) -> Self {
        self.nodes = Some(nodes.to_vec());
        self
    }

    /// Sets whether each inner block has a replica on every node of the arena that is home to CPUs. A search
    /// then reads the inner levels on its own node, and at most the leaf is on another node. Off by default,
    /// and without effect if there is only one such node.
    ///
    /// Every node then holds a copy of the inner levels, about 1/64 of the map
    /// ([`NodeStats::replica_bytes`](crate::NodeStats)), which counts against the limits. Changes of inner
    /// blocks take longer; see `bskip_core::Refresh`. Replicas never use hugetlb pages, only transparent huge
    /// pages.
    pub fn replicate_inner(mut self, replicate: bool) -> Self {
        self.replicate = replicate;
        self
    }

    /// For tests on small machines: the arena pretends that the machine has `count` nodes, numbered from 0.
    /// Their memory is that of the real nodes. Threads are assigned to them in turn. This replaces
    /// [`nodes`](Self::nodes).
    #[doc(hidden)]
    pub fn pretend_nodes(mut self, count: u32) -> Self {
        self.pretended = Some(count);
        self
    }

    /// Adds `count` pretended nodes without CPUs to those of [`pretend_nodes`](Self::pretend_nodes). No
    /// thread is on them.
    #[doc(hidden)]
    pub fn pretend_cpuless_nodes(mut self, count: u32) -> Self {
        self.pretended_without_cpus = count;
        self
    }

    /// Finds the nodes of the machine and builds the arena. This takes hardly any memory.
    ///
    /// # Errors
    /// [`BuildError`] if a named node does not exist or has no memory that this process may use, or if
    /// weights or bounds are wrong.
    pub fn build(self) -> Result<NumaArena, BuildError> {
        let fallbacks = Fallbacks::default();
        let machine = nodes::this_machine(&fallbacks);
        let inner = self.inner_policy.unwrap_or_else(|| self.policy.clone());
        let policies = ByKind { leaf: self.policy, inner };
        let nodes = match self.pretended {
            Some(count) => ArenaNodes::pretended(&machine, count, self.pretended_without_cpus)?,
            None => {
                let both = [&policies.leaf, &policies.inner];
                ArenaNodes::for_policies(&machine, self.nodes.as_deref(), both, &fallbacks)?
            }
        };
        let orders = ByKind {
            leaf: NodeOrder::new(&policies.leaf, &nodes, &fallbacks)?,
            inner: NodeOrder::new(&policies.inner, &nodes, &fallbacks)?,
        };
        if self.page_size == PageSize::Transparent {
            kernel::note_huge_page_settings(&fallbacks);
        }
        let page = sys::page_size();
        let mut node_limits = vec![None; nodes.all().len()];
        for (node, bytes) in self.node_limits {
            nodes.check(&[node])?;
            // A memory-only node that the arena does not use stays below any limit.
            if let Some(index) = nodes.index_of(node) {
                node_limits[index] = Some(bytes);
            }
        }
        let shared = Shared {
            policies,
            pages: self.page_size,
            remote_frees: self.remote_frees,
            replicate: self.replicate && nodes.homes() > 1,
            prefault: self.prefault,
            page,
            orders,
            budget: Budgets::new(self.limit, &node_limits, page),
            nodes,
            fallbacks,
        };
        Ok(NumaArena { shared: Arc::new(shared), pools: Arc::default() })
    }
}
