//! The arena that users hold, and its builder.

use core::alloc::Layout;
use core::fmt;
use std::collections::TryReserveError;
use std::sync::{Arc, Mutex, Weak};

use bskip_core::arena::{AllocError, BlockArena, BlockKind, NumaNodeId};

use crate::budget::Budgets;
use crate::fallback::{Fallback, Fallbacks};
use crate::mutex::lock;
use crate::orders::Orders;
use crate::pages::PageSize;
use crate::places::{self, BuildError, Places};
use crate::policy::Policy;
use crate::pool::{Core, NumaPool};
use crate::remote::RemoteFrees;
use crate::{sys, thp};

/// Node memory placed on NUMA nodes. A handle: clones share the limit, the figures and the fallbacks.
///
/// Give a clone to each map, keep one to ask for [`stats`](Self::stats). A pool takes address space (up to
/// 256 GiB, and with replicas as much again for each node, none of it memory) when it is made and unmaps everything when it
/// drops. The more pools there are, the less a new one takes: the crate's documentation says how much. Memory in between
/// only grows, in slabs of 2 MiB as a rule, unless [`trim`](Self::trim) is called.
#[derive(Clone)]
pub struct NumaArena {
    pub(crate) shared: Arc<Shared>,
}

/// What the handles and the pools of an arena share.
#[derive(Debug)]
pub(crate) struct Shared {
    policies: ByKind<Policy>,
    pub(crate) pages: PageSize,
    pub(crate) remote_frees: RemoteFrees,
    /// Inner blocks have a replica on every node.
    pub(crate) replicate: bool,
    /// Memory is touched when it is committed.
    pub(crate) prefault: bool,
    /// Bytes of a base page.
    pub(crate) page: usize,
    pub(crate) places: Places,
    /// Where the policies look for a block.
    pub(crate) orders: ByKind<Orders>,
    pub(crate) budget: Budgets,
    pub(crate) notes: Fallbacks,
    pools: Mutex<Vec<Weak<Core>>>,
}

/// One for leaves, one for inner levels.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByKind<T> {
    leaf: T,
    inner: T,
}

impl<T> ByKind<T> {
    #[inline]
    pub(crate) fn of(&self, kind: BlockKind) -> &T {
        match kind {
            BlockKind::Leaf => &self.leaf,
            BlockKind::Inner => &self.inner,
        }
    }
}

impl Shared {
    /// Puts a new pool on the list, and takes those off that are gone.
    pub(crate) fn enlist(&self, pool: &Arc<Core>) -> Result<(), TryReserveError> {
        let mut pools = lock(&self.pools);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.try_reserve(1)?;
        pools.push(Arc::downgrade(pool));
        Ok(())
    }
}

impl NumaArena {
    /// An arena on all nodes of the machine that have CPUs: blocks on the node of the thread that asks, huge pages, no
    /// limit.
    ///
    /// # Errors
    /// None today: what the machine lacks is a [`Fallback`], not an error. The signature is that of
    /// [`Builder::build`].
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// An arena made to measure.
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

    /// The pages asked for. Whether the system gives huge ones: [`huge_pages`](Self::huge_pages).
    #[must_use]
    pub fn pages(&self) -> PageSize {
        self.shared.pages
    }

    /// Whether inner blocks have a replica on every node that is home to CPUs.
    #[must_use]
    pub fn replicates_inner(&self) -> bool {
        self.shared.replicate
    }

    /// What becomes of blocks that threads of other nodes release.
    #[must_use]
    pub fn remote_frees(&self) -> RemoteFrees {
        self.shared.remote_frees
    }

    /// Whether memory is touched as soon as it is committed.
    #[must_use]
    pub fn prefault(&self) -> bool {
        self.shared.prefault
    }

    /// The limit in bytes over all pools, if there is one.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.shared.budget.limit()
    }

    /// The nodes that the arena places blocks on, those that are home to CPUs first.
    #[must_use]
    pub fn nodes(&self) -> Vec<NumaNodeId> {
        self.shared.places.all().iter().map(|place| place.node).collect()
    }

    /// What this machine refuses, so that the arena works without it: each once, in the order met. Some are
    /// met only when memory is used.
    #[must_use]
    pub fn fallbacks(&self) -> Vec<Fallback> {
        self.shared.notes.list()
    }

    /// Gives memory in which there are only free blocks back to the system, in whole slabs of 2 MiB, and says
    /// how many bytes. What lies before a stripe's first whole slab, 256 KiB at most, stays. Worth calling after a peak: after many keys were removed, or a map was shrunk.
    ///
    /// Others may go on using the maps on this arena meanwhile, except that acquisitions that find their free
    /// list empty wait, for up to a second for each million of free blocks. The memory counts against the limits
    /// again when it is used again. Arenas on pages of the hugetlb pool give nothing back: such pages might be
    /// gone when they are needed again. Nor do systems other than Linux.
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
    /// # assert!(given_back >= 4 << 20 || !cfg!(target_os = "linux"), "{given_back} of {before}");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn trim(&self) -> usize {
        if self.pages().hugetlb().is_some() {
            return 0;
        }
        self.pools().iter().map(|pool| pool.trim()).sum()
    }

    /// The pools that are alive.
    pub(crate) fn pools(&self) -> Vec<Arc<Core>> {
        lock(&self.shared.pools).iter().filter_map(Weak::upgrade).collect()
    }
}

// SAFETY: `NumaPool` keeps the contract for its layout; see there.
unsafe impl BlockArena for NumaArena {
    type Pool = NumaPool;

    /// Takes the pool's addresses; no memory is committed before the first block. Leaf and inner pools
    /// are separate ranges, so they never share a page. Alignments of 64 bytes to 2 MiB are kept; a layout of
    /// fewer than 64 bytes is rounded up.
    ///
    /// # Errors
    /// `AddressSpaceExhausted` if there are no addresses for a slab for each node, or for a layout aligned
    /// to more than 2 MiB; `OutOfMemory` if the free lists cannot be had. The pool's and the arena's handles
    /// (about a page) come from the global allocator by `Arc`, which has no fallible form.
    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<NumaPool, AllocError> {
        NumaPool::new(&self.shared, layout, kind)
    }
}

impl fmt::Debug for NumaArena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumaArena")
            .field("policy", self.policy())
            .field("inner_policy", self.inner_policy())
            .field("pages", &self.shared.pages)
            .field("prefault", &self.shared.prefault)
            .field("replicate_inner", &self.shared.replicate)
            .field("remote_frees", &self.shared.remote_frees)
            .field("limit", &self.limit())
            .field("nodes", &self.nodes())
            .finish_non_exhaustive()
    }
}

/// Makes a [`NumaArena`]. Every setting has a default: all nodes with CPUs, [`Policy::Local`], [`PageSize::Huge`], no
/// limit.
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing before `build`"]
pub struct Builder {
    policy: Policy,
    inner_policy: Option<Policy>,
    pages: PageSize,
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
    /// Where blocks go.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Where the blocks of inner levels go (those of pools made for [`BlockKind::Inner`]), if not where
    /// [`policy`](Self::policy) says. They are about 1/64 of a map and read by every operation, so the
    /// fastest memory is for them:
    ///
    /// ```
    /// use numa_alloc::{NumaArena, Policy};
    ///
    /// // Leaves on memory-only nodes where there are any, what leads to them on the nodes of the threads.
    /// let arena = NumaArena::builder().policy(Policy::Tiered).inner_policy(Policy::Local).build()?;
    /// assert_eq!(arena.inner_policy(), &Policy::Local);
    /// # Ok::<(), numa_alloc::BuildError>(())
    /// ```
    pub fn inner_policy(mut self, policy: Policy) -> Self {
        self.inner_policy = Some(policy);
        self
    }

    /// On pages of which size.
    pub fn pages(mut self, pages: PageSize) -> Self {
        self.pages = pages;
        self
    }

    /// Whether memory is touched as soon as it is committed, so that no operation waits for a page fault
    /// later. Off by default.
    ///
    /// The price is paid by the acquisition that makes a stripe grow, while others that need the same wait
    /// for it: from 256 KiB on it clears a slab of 2 MiB, later 1/64 of what the stripe has, up to 32 MiB: some hundred
    /// microseconds for each 2 MiB in huge pages, more in small ones. And all that was committed is resident,
    /// blocks that no one asked for yet included. Pages of the hugetlb pool are touched in any case.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// What becomes of blocks that threads of other nodes release.
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

    /// At most so many bytes of blocks, free ones included, over all pools of the arena; the 4 bytes of
    /// book-keeping for each block and the pool's own tables are not counted. Memory is counted in base
    /// pages when it is committed, before it is touched. A small limit also keeps the reservations of address
    /// space small.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// At most so many bytes of blocks on `node`, counted as for [`limit`](Self::limit), which holds as well.
    /// Blocks that would pass it go to the nearest node with room, and count as misses of `node`
    /// ([`NodeStats::misses`](crate::NodeStats::misses)). 0 keeps all blocks off. Of several limits of one
    /// node the last holds.
    ///
    /// A block wanted on a node at its limit costs a look through that node's free lists first, under a lock
    /// that all who want the same share: a microsecond or two. For a limit that is reached for good, name the
    /// other nodes in the [policy](Self::policy) instead.
    pub fn node_limit(mut self, node: NumaNodeId, bytes: usize) -> Self {
        self.node_limits.push((node, bytes));
        self
    }

    /// On these nodes only, instead of all that have CPUs. Threads of other nodes use the nearest of these. Nodes of memory
    /// alone that are named here are used like the others; under [`Policy::Local`] only what is asked for by number
    /// (`BSkipMap::migrate`) goes there.
    pub fn nodes(mut self, nodes: &[NumaNodeId]) -> Self {
        self.nodes = Some(nodes.to_vec());
        self
    }

    /// Whether each block of inner nodes has a replica on every node of the arena that is home to CPUs: a search then reads the
    /// inner levels on its own node, and only the leaf is on another. Costs the inner nodes' bytes, about 1/64 of
    /// the map's, on every node ([`NodeStats::replica_bytes`](crate::NodeStats)), counted by the limits; and time
    /// when inner nodes change, see `bskip_core::Refresh`. Without effect where there is but one such node. Replicas are on
    /// transparent huge pages at most. Off by default.
    pub fn replicate_inner(mut self, replicate: bool) -> Self {
        self.replicate = replicate;
        self
    }

    /// For tests on small machines: `count` nodes are pretended, numbered from 0, with the memory of the real
    /// ones. Threads are dealt out to them in turn. Replaces [`nodes`](Self::nodes).
    #[doc(hidden)]
    pub fn pretend_nodes(mut self, count: u32) -> Self {
        self.pretended = Some(count);
        self
    }

    /// With [`pretend_nodes`](Self::pretend_nodes): `count` more nodes, without CPUs, so that no thread is on
    /// them.
    #[doc(hidden)]
    pub fn pretend_cpuless_nodes(mut self, count: u32) -> Self {
        self.pretended_without_cpus = count;
        self
    }

    /// Looks at the machine and makes the arena. Takes no memory to speak of.
    ///
    /// # Errors
    /// [`BuildError`] if a node is named that is not there, or has no memory that this process may use, or if
    /// weights are not such as to deal by.
    pub fn build(self) -> Result<NumaArena, BuildError> {
        let notes = Fallbacks::default();
        let machine = places::this_machine(&notes);
        let inner = self.inner_policy.unwrap_or_else(|| self.policy.clone());
        let policies = ByKind { leaf: self.policy, inner };
        let places = match self.pretended {
            Some(count) => Places::pretended(&machine, count, self.pretended_without_cpus)?,
            None => {
                let both = [&policies.leaf, &policies.inner];
                Places::for_policies(&machine, self.nodes.as_deref(), both, &notes)?
            }
        };
        let orders = ByKind {
            leaf: Orders::new(&policies.leaf, &places, &notes)?,
            inner: Orders::new(&policies.inner, &places, &notes)?,
        };
        if self.pages == PageSize::Huge {
            thp::note_refusals(&notes);
        }
        let page = sys::page_size();
        let mut node_limits = vec![None; places.all().len()];
        for (node, bytes) in self.node_limits {
            places.check(&[node])?;
            // A node of memory alone that is not in use stays below any limit.
            if let Some(index) = places.index_of(node) {
                node_limits[index] = Some(bytes);
            }
        }
        let budget = Budgets::new(self.limit, &node_limits, page);
        let replicate = self.replicate && places.homes() > 1;
        let Self { pages, prefault, remote_frees, .. } = self;
        let pools = Mutex::default();
        let shared = Shared {
            policies,
            pages,
            remote_frees,
            replicate,
            prefault,
            page,
            places,
            orders,
            budget,
            notes,
            pools,
        };
        Ok(NumaArena { shared: Arc::new(shared) })
    }
}
