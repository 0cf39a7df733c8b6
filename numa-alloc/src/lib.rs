//! NUMA-aware memory for the nodes of an index: placed, verified, aligned to cache lines, and limited.
//!
//! [`NumaArena`] implements [`BlockArena`](bskip_core::arena::BlockArena): give it to a map, and each node of
//! the map lives where the arena's [`Policy`] says, on huge pages where there are any.
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
//! Its pools serve any structure that is built of equal blocks:
//!
//! ```
//! use bskip_core::arena::{BlockArena, BlockKind, BlockPool, Placement};
//! use numa_alloc::{NumaArena, Policy};
//!
//! let arena = NumaArena::builder().policy(Policy::Interleave).limit(64 << 20).build()?;
//! let pool = arena.pool(std::alloc::Layout::from_size_align(1152, 64)?, BlockKind::Leaf)?;
//! let block = pool.acquire(Placement::Policy)?;
//! // SAFETY: acquired just now: ours, mapped, aligned, and zero.
//! assert_eq!(unsafe { pool.address(block).cast::<u64>().read() }, 0);
//! // SAFETY: ours, and not used again.
//! unsafe { pool.release(block) };
//! assert_eq!(arena.stats().total().issued_blocks, 0);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! - **Preference, not force.** A block goes to the wanted node while that has room, else to the next
//!   nearest, and a miss is counted. Pages are asked for with `MPOL_PREFERRED`: a strict bind on a full node
//!   gets the process killed. [`NumaArena::verify_placement`] asks the kernel where every page really is.
//! - **Pages stay.** Automatic NUMA balancing (`kernel.numa_balancing`) leaves memory alone that has a policy
//!   of its own, as every stripe has (`vma_policy_mof` in the kernel's `mm/mempolicy.c`). What may still move
//!   pages is reclaim on a machine with memory tiers, if `/sys/kernel/mm/numa/demotion_enabled` says so,
//!   whatever their policy.
//! - **Nothing fails but for memory.** What the machine refuses is a [`Fallback`], told once by
//!   [`NumaArena::fallbacks`]; the library prints nothing. Running out is an
//!   [`AllocError`](bskip_core::arena::AllocError), after which the pool goes on as before.
//! - **Type-stable memory.** Blocks are never unmapped before their pool drops, so memory only grows, up to
//!   the most blocks that were ever in use. After a peak, [`NumaArena::trim`] gives the memory of free blocks
//!   back, addresses staying readable.
//! - **Cheap.** Acquiring and releasing take one uncontended lock, of one in 16 free lists of the node, each
//!   on cache lines of its own; a lock of the node is taken once in 16 blocks or fewer. An address is one
//!   shift and one addition.
//!
//! # Where blocks live
//!
//! A pool has one range of addresses, 256 GiB as a rule, cut into a stripe for each node. A block's number counts
//! 64-byte units from the range's start, so 32 bits are enough, and its home is a division away.
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
//! The slab that the first block lies in is never a huge page, because the rest of it is not used. So a map of one key
//! takes a page of leaves and a page of links, and 32 KiB count against a limit. From 256 KiB on, a stripe gets huge
//! pages.
//!
//! With [`Builder::replicate_inner`] a pool of inner blocks has such a range once more for each node, bound to it as a whole:
//! a block's replica lies there at the block's own offset, and is committed with it.
//!
//! Behind it lies a range of 32-bit links, one for each block: free lists never write into a block.
//!
//! # How large a pool can be
//!
//! All pools of a process share its addresses, and leave most of them to the rest of the program. Ranges are counted:
//! one for a pool's blocks and one for each replica. A new range has
//!
//! | ranges that are alive | bytes of a new one |
//! | --- | --- |
//! | up to 32 | 256 GiB |
//! | up to 64 | 128 GiB |
//! | up to 2,048 (a thousand maps) | 4 GiB |
//! | up to 4,096 (a thousand maps with replicas on two nodes) | 2 GiB |
//! | each time twice as many | half as much |
//!
//! A range keeps its size for as long as its pool lives. So make the maps that are to be large first. All ranges
//! together have at most 8 TiB, and 4 TiB more for each line of the table: 36 TiB in the fourth, of the 128 TiB that a
//! process has on x86-64. They are reserved, so that nothing else comes to lie there.
//!
//! Where `RLIMIT_AS` (`ulimit -v`) limits the addresses, reserving them would use the limit up. There a pool has a range
//! of the same size, but reserves only what it commits. So a thousand small maps fit in a limit of 8 GiB, and any of them
//! may grow until the limit is reached, but for a 16th of it (64 MiB at most), which is left to the rest of the process.
//! The ranges are in the middle of the address space, where the system maps nothing by itself under such a limit. If
//! a program maps something there by address, the pool cannot grow over it: it gets an `AllocError`. A pool works in
//! the same way if the system refuses to reserve its range for another reason, such as `RLIMIT_MEMLOCK` after
//! `mlockall`. In both cases, and for the smaller ranges above, [`Fallback::SmallRange`] tells what a pool can hold.
//!
//! Each pool takes a few mappings of the kernel's, of which a process may have `vm.max_map_count` (65,530 as a rule): about
//! 2 a small map, 7 with replicas on two nodes.
//!
//! # Slabs and free lists
//!
//! With [`PageSize::Hugetlb2M`] and [`PageSize::Hugetlb1G`] slabs are mapped anew from the hugetlb pool where
//! that has pages, bound to the node, and touched before a block of theirs is issued: all such slabs begin at
//! multiples of the page, and so do stripes.
//!
//! Leaves and inner levels come from pools of their own, and each kind may have its own [`Policy`]
//! ([`Builder::inner_policy`]). A policy only says which stripe a block comes from: weighted interleave deals
//! blocks, not pages.
//!
//! Memory is committed from the front of a stripe, first 32 KiB, then 64, 128 and 256 KiB in all, then in slabs of
//! 2 MiB, later of up to 32 MiB, and carved into
//! blocks in runs of up to 16, one run for one of the node's 16 shards (free lists; a thread keeps to one). A
//! thread that releases a block of another node collects it in its own shard; 32 of them go home together,
//! pushed on the home's inbox by one compare-and-swap (or they stay, with [`RemoteFrees::Adopt`]). A shard
//! that is empty looks in the inbox, carves a run, takes another shard's list, memory that was given back, or
//! grows the stripe, and then turns to the next node, in this order.
//!
//! # Which nodes
//!
//! An arena uses the nodes with memory that have CPUs. A node of memory alone (CXL, persistent memory, the memory of a
//! GPU) is used only when it is named: by [`Builder::nodes`], by a policy, or by [`Policy::Tiered`], which asks for
//! all such nodes. Then it serves that policy, and others only when all else is full. Replicas are on the nodes that threads run on.
//!
//! A thread is on the home of its CPU, a node with memory. The crate `bskip-numa-nodes` says which node that is, for this
//! crate and for `bskip-topology`, so the nodes that a plan names are nodes of the arena.
//!
//! # Fallbacks
//!
//! | the machine | the arena |
//! | --- | --- |
//! | does not tell its nodes, or shows none with memory for this process | assumes node 0 |
//! | has CPUs on a node without memory | serves their threads from the nearest node with memory |
//! | lists a CPU of this process on no node (lxcfs) | counts its threads as on the lowest-numbered home of a CPU |
//! | has one node with CPUs, and the policy is `nearest` | places blocks there |
//! | has no node of memory alone, and the policy is `tiered` | places blocks as `local` does |
//! | does not tell the current CPU | counts every thread as on the first node |
//! | refuses `mbind` (containers without `CAP_SYS_NICE`) | lets the kernel place: on first touch, as a rule |
//! | refuses `mbind` and has automatic NUMA balancing on | lets the kernel move pages; says how to stop it |
//! | has huge pages off, for all, for this process or for their size, or refuses `madvise` | uses the pages it gets |
//! | makes no room for huge pages (`defrag` is `never`) | uses those that are free, and base pages |
//! | has no huge page left on the wanted node | gets huge pages from other nodes first, so with `PageSize::Huge` pages may lie elsewhere while the node has small ones: `verify_placement` tells |
//! | has no hugetlb page left on a node, or none of that size | goes on with transparent huge pages there |
//! | is older than Linux 5.14 (`MADV_POPULATE_WRITE`) | takes no hugetlb pages; touches memory itself to prefault it |
//! | limits addresses (`RLIMIT_AS`), or refuses to reserve a pool's | reserves only what becomes memory |
//! | has more than 32 pools and replicas | gives later ones fewer addresses |
//! | is not Linux (but a Unix) | does all of the above |
//!
//! What cannot be survived in silence is an error: a node that is named and not there ([`BuildError`]), and
//! memory, limit or address space that is used up (`AllocError`).

#[cfg(not(unix))]
compile_error!("numa-alloc reserves address space by mmap, so it needs a Unix; use bskip-core's GlobalArena");

mod areas;
mod arena;
mod budget;
mod chain;
mod fallback;
#[cfg(all(test, loom))]
mod loom_tests;
mod memory;
mod mutex;
mod nodes;
mod orders;
mod pages;
mod places;
mod policy;
mod pool;
mod prefault;
mod ranges;
mod region;
mod remote;
mod room;
mod shares;
mod stats;
mod stripe;
mod sync;
mod sys;
mod thp;
mod thread;
mod verify;

pub use arena::{Builder, NumaArena};
pub use fallback::Fallback;
pub use pages::PageSize;
pub use places::BuildError;
pub use policy::{ParseError, Policy};
pub use pool::NumaPool;
pub use ranges::AddressRange;
pub use remote::RemoteFrees;
pub use stats::{ArenaStats, NodeStats};
pub use verify::{NodePages, PlacementReport};
