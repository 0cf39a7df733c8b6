//! NUMA-aware memory for an index that is built of blocks: placed, verified, limited, aligned to cache lines.
//!
//! [`NumaArena`] implements [`BlockArena`](bskip_core::arena::BlockArena). Give it to a map, and each block
//! of the map lives where the arena's [`Policy`] says, on huge pages if there are any. In this crate, *node*
//! always means a NUMA node.
//!
//! ```
//! use bskip_core::BSkipMap;
//! use numa_alloc::NumaArena;
//!
//! let arena = NumaArena::new()?;
//! let map = BSkipMap::with_arena(arena.clone())?;
//! map.insert(1u64, 10u64);
//! assert_eq!(map.get(&1), Some(10));
//! println!("{}", arena.report());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A pool of the arena serves any structure that is built of equal blocks:
//!
//! ```
//! use bskip_core::arena::{BlockArena, BlockKind, BlockPool, Placement};
//! use numa_alloc::{NumaArena, Policy};
//!
//! let arena = NumaArena::builder().policy(Policy::Interleave).limit(64 << 20).build()?;
//! let pool = arena.pool(std::alloc::Layout::from_size_align(1152, 64)?, BlockKind::Leaf)?;
//! let block = pool.acquire(Placement::Policy)?;
//! // SAFETY: the block was acquired just now. It is mapped, aligned and zero.
//! assert_eq!(unsafe { pool.address(block).cast::<u64>().read() }, 0);
//! // SAFETY: this code owns the block and does not use it again.
//! unsafe { pool.release(block) };
//! assert_eq!(arena.stats().total().issued_blocks, 0);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! With the feature `config`, a program loads the settings that `cargo xtask bench-numa` of the repository
//! found to be the best of its machine: see `NumaConfig`.
//!
//! # What it promises
//!
//! - **Preference, not force.** A block goes to the wanted node while that node has room. Otherwise it goes
//!   to the next nearest node and counts as a miss. The arena asks for pages with `MPOL_PREFERRED`, because
//!   with a strict bind, a full node would make the kernel kill the process. [`NumaArena::verify_placement`]
//!   asks the kernel where every page really is.
//! - **Pages stay.** Automatic NUMA balancing (`kernel.numa_balancing`) does not move memory that has a
//!   policy of its own, and every stripe has one (see `vma_policy_mof` in the kernel's `mm/mempolicy.c`). On
//!   a machine with memory tiers, reclaim may still move pages, whatever their policy, if
//!   `/sys/kernel/mm/numa/demotion_enabled` is on.
//! - **Out of memory is the only error.** If the machine refuses something, that is a [`Fallback`].
//!   [`NumaArena::fallbacks`] lists each one once; the crate prints nothing. If memory runs out, an
//!   acquisition fails with an [`AllocError`](bskip_core::arena::AllocError), and the pool stays usable.
//! - **Type-stable memory.** A pool never unmaps blocks before it drops. So its memory only grows, up to the
//!   largest number of blocks that were ever in use. After a peak, [`NumaArena::trim`] gives the memory of
//!   free blocks back; their addresses stay readable.
//! - **Cheap.** An acquisition or release takes one uncontended lock: that of one of the node's 16 free
//!   lists, each on cache lines of its own. It takes a lock of the whole node once per 16 blocks at most. An
//!   address takes one shift and one addition.
//!
//! # Where blocks live
//!
//! A pool has one range of addresses, usually 256 GiB, with a stripe for each node. The number of a block
//! counts 64-byte units from the start of the range, so 32 bits are enough, and a division gives the node of
//! the block.
//!
//! ```text
//! base, 2 MiB-aligned                       base + stripe
//! │                                         │
//! ├──────────── stripe of node 0 ───────────┼──────────── stripe of node 1 ───────────┤ …
//! │     │B│B┊B│B│B│B│      │                │     │B│B┊        │
//!  ▲    ╰ carved ───╯      no access,        ▲
//!  │    ╰── committed ─────╯ no memory       │
//!  ╰ never used: the first block begins      ╰ so no block has the number 0
//!    256 KiB before the second slab (┊)
//!
//! carved      blocks that were issued at some time, or are in a free list
//! committed   readable and writable, zero until touched, madvise(MADV_HUGEPAGE)
//! stripe      mbind(MPOL_PREFERRED) to its node, once, before the first touch
//! ```
//!
//! The first block lies in a slab that is never a huge page, because the rest of that slab is not used. So a
//! map of one key takes a page of leaves and a page of links, and 32 KiB count against a limit. From 256 KiB
//! on, a stripe gets huge pages.
//!
//! With [`Builder::replicate_inner`], a pool of inner blocks has one more such range for each node that is
//! home to CPUs, bound to the node as a whole. The replica of a block has the same offset in this range, and
//! is committed together with the block.
//!
//! Behind these ranges lies a range of 32-bit links, one for each block. Free lists use the links and never
//! write into a block.
//!
//! # How large a pool can be
//!
//! All pools of a process share its addresses, and leave most of them to the rest of the program. The crate
//! counts ranges: one for the blocks of each pool and one for each replica. A new range has this size:
//!
//! | ranges that are alive | bytes of a new range |
//! | --- | --- |
//! | up to 32 | 256 GiB |
//! | up to 64 | 128 GiB |
//! | up to 2,048 (a thousand maps) | 4 GiB |
//! | up to 4,096 (a thousand maps with replicas on two nodes) | 2 GiB |
//! | each time twice as many | half as much |
//!
//! A range keeps its size while its pool lives, so make the maps that will be large first. All ranges
//! together have at most 8 TiB, and 4 TiB more for each time that their number doubles: 36 TiB for 4,096
//! ranges. A process has 128 TiB of addresses on x86-64. The ranges are reserved, so no other mapping can use
//! them.
//!
//! If `RLIMIT_AS` (`ulimit -v`) limits the addresses, reserving whole ranges would use up the limit. A pool
//! then has a range of the same size, but reserves only what it commits. So a thousand small maps fit in a
//! limit of 8 GiB, and each of them may grow until the limit is reached. 1/16 of the limit, at most 64 MiB,
//! is left to the rest of the process.
//!
//! Under such a limit, the ranges are in the middle of the address space, where the system maps nothing by
//! itself. If a program maps something there by address, the pool cannot grow over it and returns an
//! `AllocError`. A pool works in the same way if the system refuses to reserve its range for another reason,
//! such as `RLIMIT_MEMLOCK` after `mlockall`. In both cases, and for the smaller ranges above,
//! [`Fallback::SmallAddressRange`] says how much a pool can hold.
//!
//! Each pool takes a few mappings of the kernel: about 2 for a small map, 7 with replicas on two nodes. A
//! process may have `vm.max_map_count` of them, usually 65,530.
//!
//! # Slabs and free lists
//!
//! With [`PageSize::Hugetlb2M`] and [`PageSize::Hugetlb1G`], the arena maps slabs from the hugetlb pool while
//! the pool has pages. It binds them to the node and touches them before it issues a block of them. Such
//! slabs, and the stripes, begin at multiples of the page size.
//!
//! Leaves and inner blocks come from separate pools, and each kind may have its own [`Policy`]
//! ([`Builder::inner_policy`]). A policy only selects the stripe that a block comes from. So weighted
//! interleave places blocks in turn, not pages.
//!
//! A stripe commits its memory from the front: first 32 KiB, then 64, 128 and 256 KiB in total, then slabs of
//! 2 MiB, later up to 32 MiB at a time. It carves committed memory into blocks in runs of up to 16, each for
//! one of its 16 shards. A shard is a set of free lists; each thread uses one shard.
//!
//! A thread that releases a block of another node collects it in its own shard. It sends 32 such blocks home
//! together, with one compare-and-swap on the inbox of their stripe. With [`RemoteFrees::Adopt`] it keeps
//! them instead.
//!
//! A shard that is empty tries these sources in order: the inbox, a new run, the list of another shard,
//! memory that was given back to the system, and more memory for the stripe. If all of them fail, the
//! acquisition goes to the next node.
//!
//! # Which nodes
//!
//! An arena uses the nodes with memory that have CPUs. It uses a memory-only node (CXL, persistent memory,
//! the memory of a GPU) only if the node is named: by [`Builder::nodes`], by a policy, or by
//! [`Policy::MemoryOnly`], which names all such nodes. A node that a policy names serves this policy. It
//! serves other policies only when all other nodes are full. Replicas are on the nodes that threads run on.
//!
//! A thread counts as a thread of its CPU's home, which is a node with memory. The crate `bskip-numa-nodes`
//! says which node that is, for this crate and for `bskip-topology`. So every node that a pin plan names is a
//! node of the arena.
//!
//! # Fallbacks
//!
//! | the machine | the arena |
//! | --- | --- |
//! | does not show its nodes, or shows none with memory for this process | assumes node 0 |
//! | has CPUs on a node without memory | serves their threads from the nearest node with memory |
//! | lists a CPU of this process on no node (lxcfs) | counts its threads as on the lowest-numbered home of a CPU |
//! | has one node with CPUs, and the policy is `nearest-remote` | places blocks on that node |
//! | has no memory-only node, and the policy is `memory-only` | places blocks as `local` does |
//! | does not show the current CPU | counts every thread as on the first node |
//! | refuses `mbind` (containers without `CAP_SYS_NICE`) | lets the kernel place pages, usually on first touch |
//! | refuses `mbind` and has automatic NUMA balancing on | lets the kernel move pages, and says how to stop it |
//! | has huge pages off: for all, for this process or for their size; or refuses `madvise` | uses the pages that it gets |
//! | makes no room for huge pages (`defrag` is `never`) | uses those that are free, and base pages |
//! | has no huge page left on the wanted node | first gets huge pages from other nodes. So with `PageSize::Transparent`, pages may be elsewhere while the node has small ones; `verify_placement` shows it |
//! | has no hugetlb page left on a node, or none of that size | uses transparent huge pages there |
//! | is older than Linux 5.14 (`MADV_POPULATE_WRITE`) | takes no hugetlb pages, and touches memory itself to prefault it |
//! | limits addresses (`RLIMIT_AS`), or refuses to reserve those of a pool | reserves only what becomes memory |
//! | has more than 32 pools and replicas | gives later ones fewer addresses |
//! | is a Unix system other than Linux | does all of the above |
//!
//! If the arena cannot do without something, that is an error: a named node does not exist ([`BuildError`]),
//! or memory, a limit or address space is used up (`AllocError`).

#[cfg(not(unix))]
compile_error!(
    "numa-alloc reserves addresses with mmap, so it needs a Unix system; use bskip-core's GlobalArena"
);

mod areas;
mod arena;
mod budget;
mod chain;
#[cfg(feature = "config")]
pub mod config;
mod error;
mod fallback;
mod kernel;
#[cfg(all(test, loom))]
mod loom_tests;
mod memory;
mod nodes;
mod order;
mod pages;
mod policy;
mod pool;
mod ranges;
mod region;
mod room;
mod shared;
mod stats;
mod stripe;
mod sync;
mod sys;
mod verify;
mod weights;

pub use arena::{Builder, NumaArena};
#[cfg(feature = "config")]
pub use config::NumaConfig;
pub use error::{BuildError, ParseError};
pub use fallback::Fallback;
pub use pages::PageSize;
pub use policy::{Policy, RemoteFrees};
pub use pool::NumaPool;
pub use ranges::AddressRange;
pub use stats::{ArenaStats, NodeStats};
pub use verify::{NodePages, PlacementReport};
