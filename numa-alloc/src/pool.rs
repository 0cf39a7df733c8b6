//! A pool: equal blocks in one range of addresses, with a stripe for each node.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
use std::sync::Arc;

use bskip_core::arena::{
    AllocError, AllocErrorKind, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalHints, NumaBlocks,
    NumaNodeId, Placement, PoolUsage,
};

use crate::fallback::Fallback;
use crate::memory::{Cut, Memory, Shape, UNIT};
use crate::order::Request;
use crate::policy::RemoteFrees;
use crate::region::Span;
use crate::shared::Shared;
use crate::stripe::{Stripe, StripeUsage};
use crate::sync::thread_number;

/// A pool of a [`NumaArena`](crate::NumaArena).
///
/// The number of a block counts 64-byte units from the start of the pool's range, so its address takes one
/// shift and one addition. Acquiring and releasing a block lock one of the node's 16 free lists, which the
/// thread's number selects. Both take constant time, unless an acquisition finds its list empty and refills
/// it.
///
/// The pool keeps the state of its arena alive. The arena does not keep its pools alive.
pub struct NumaPool {
    /// The range of the blocks, copied from `core.memory` to save `address` an indirection.
    blocks: Span,
    /// The range of the replicas, copied for `replica_address`. Without replicas, the range of the blocks.
    replica_ranges: Span,
    core: Arc<Core>,
}

/// What a pool consists of.
#[derive(Debug)]
pub(crate) struct Core {
    arena: Arc<Shared>,
    layout: Layout,
    pub(crate) kind: BlockKind,
    shape: Shape,
    /// Units of a stripe.
    stripe_units: u32,
    /// One stripe for each node of the arena, in the arena's order. They own the memory.
    stripes: Vec<Stripe>,
    /// Counts the blocks that were placed in turn.
    turn: AtomicU32,
    /// Replicas of each block: one for each node that is home to CPUs, or none.
    replicas: usize,
    /// Declared after the stripes, so that it is dropped after them.
    memory: Memory,
}

impl NumaPool {
    pub(crate) fn new(arena: &Arc<Shared>, layout: Layout, kind: BlockKind) -> Result<Self, AllocError> {
        let error = |kind| AllocError { layout, kind };
        let exhausted = error(AllocErrorKind::AddressSpaceExhausted);
        let nodes = arena.nodes.all();
        let hugetlb = arena.pages.hugetlb();
        let shape = Shape::of(layout, hugetlb).ok_or(exhausted)?;
        let replicas = if arena.replicate && kind == BlockKind::Inner { arena.nodes.homes() } else { 0 };
        let cut = Cut { stripes: nodes.len(), replicas, page: arena.page, slab: arena.pages.slab() };
        let (memory, parts) = Memory::reserve(shape, cut, arena.budget.limit()).ok_or(exhausted)?;
        if let Some(bytes) = memory.small {
            arena.fallbacks.note(Fallback::SmallAddressRange { bytes });
        }
        let out_of_memory = |_| error(AllocErrorKind::OutOfMemory);
        let mut stripes = Vec::new();
        stripes.try_reserve_exact(nodes.len()).map_err(out_of_memory)?;
        for (index, (&node, part)) in nodes.iter().zip(parts).enumerate() {
            let stripe = Stripe::new(node, shape, (index, nodes.len()), part).map_err(out_of_memory)?;
            stripe.bind(arena);
            stripes.push(stripe);
        }
        let core = Arc::new(Core {
            arena: Arc::clone(arena),
            layout,
            kind,
            shape,
            stripe_units: (memory.stripe_bytes() / UNIT) as u32,
            stripes,
            turn: AtomicU32::new(0),
            replicas,
            memory,
        });
        Ok(Self { blocks: core.memory.blocks(), replica_ranges: core.memory.replicas(), core })
    }

    /// The pool itself, for the arena's list of pools.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl Core {
    /// The stripes, in the order of the arena's nodes.
    pub(crate) fn stripes(&self) -> &[Stripe] {
        &self.stripes
    }

    /// The ranges of the replicas, in the order of the arena's nodes.
    pub(crate) fn replica_ranges(&self) -> impl Iterator<Item = Span> {
        (0..self.replicas).map(|replica| self.memory.replica(replica))
    }

    /// Bytes of a block.
    pub(crate) fn block_bytes(&self) -> usize {
        self.shape.size
    }

    /// The figures of each stripe, in the order of the arena's nodes.
    pub(crate) fn usage(&self) -> Vec<StripeUsage> {
        let mut usage = vec![StripeUsage::default(); self.stripes.len()];
        for (index, stripe) in self.stripes.iter().enumerate() {
            stripe.add_usage(index, &mut usage);
        }
        usage
    }

    /// Gives free memory back to the system. Returns the number of bytes.
    pub(crate) fn trim(&self) -> usize {
        let trim = |(index, stripe): (usize, &Stripe)| {
            // SAFETY: the stripe is alive, and its memory with it.
            unsafe { stripe.trim(index, &self.stripes, &self.arena) }
        };
        self.stripes.iter().enumerate().map(trim).sum()
    }

    /// The key by which a policy may place a block. Only leaves have keys.
    fn key_of(&self, placement: Placement) -> Option<u64> {
        match (placement, self.kind) {
            (Placement::KeysFrom(low), BlockKind::Leaf) => Some(low.to_bits()),
            _ => None,
        }
    }

    /// The index of the stripe that the block is in.
    #[inline]
    fn stripe_of(&self, block: BlockId) -> usize {
        (block.0.get() / self.stripe_units) as usize
    }

    /// Takes a block from the first node of `order` that has one. Returns the block and the index of its
    /// node.
    fn take(&self, order: &[usize]) -> Result<(BlockId, usize), AllocErrorKind> {
        let thread = thread_number();
        let mut refusal = AllocErrorKind::OutOfMemory;
        for (tried, &index) in order.iter().enumerate() {
            let stripe = &self.stripes[index];
            // SAFETY: the stripe is alive, and its memory with it.
            if let Some(block) = unsafe { stripe.take(thread) } {
                return Ok((block, index));
            }
            if tried == 0 && self.arena.remote_frees == RemoteFrees::Adopt {
                let here = &self.stripes[self.arena.nodes.here()];
                // SAFETY: the stripes are alive, and their memory with them.
                if let Some(adopted) = unsafe { here.take_adopted(thread, order, &self.stripes) } {
                    return Ok(adopted);
                }
            }
            // SAFETY: the stripes are alive, and their memory with them.
            match unsafe { stripe.refill(index, &self.stripes, thread, &self.arena) } {
                Ok(block) => return Ok((block, index)),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        for (index, stripe) in self.stripes.iter().enumerate() {
            self.arena.budget.give(index, stripe.held());
            for (index, replica) in stripe.committed_replicas().enumerate() {
                self.arena.budget.give(index, replica.len());
            }
        }
    }
}

// SAFETY: for each point of the contract:
// 1. A free block is in one chain at a time. It enters a chain when a frontier carves it, which happens once,
//    or when its owner gives it back. It leaves the chain when it is issued.
// 2. An address is the start of the range plus the number. The range lives as long as `core`. Blocks lie
//    within committed memory, which stays readable and writable until then. Stripes begin at 2 MiB
//    boundaries, and blocks in them at multiples of a size that is a multiple of the alignment.
// 3. Fresh private pages are zero, and links are elsewhere. The contract permits what `trim` does with first
//    words.
// 4. A block passes from releaser to owner through a shard's mutex, or through an inbox (Release, Acquire)
//    and then a mutex.
// 5. See 2.
// 6. The NUMA side is this pool itself.
unsafe impl BlockPool for NumaPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        let core = &*self.core;
        let nodes = &core.arena.nodes;
        let named = if let Placement::NumaNode(node) = placement { nodes.order_from(node) } else { None };
        let request = Request { key: core.key_of(placement), turn: &core.turn };
        let order = named.unwrap_or_else(|| core.arena.orders.of(core.kind).next(nodes, request));
        let (block, index) = core.take(order).map_err(|kind| AllocError { layout: core.layout, kind })?;
        if index != order[0] || (named.is_none() && matches!(placement, Placement::NumaNode(_))) {
            core.stripes[order[0]].miss();
        }
        Ok(block)
    }

    unsafe fn release(&self, block: BlockId) {
        let core = &*self.core;
        let (home, here) = (core.stripe_of(block), core.arena.nodes.here());
        let thread = thread_number();
        if home == here {
            // SAFETY: the stripes are alive, and their memory with them. The caller owns the block, and its
            // number says that it is of `home`.
            unsafe { core.stripes[home].give(thread, block) };
        } else {
            let frees = core.arena.remote_frees;
            // SAFETY: the stripes are alive, and their memory with them. The caller owns the block, and its
            // number says that it is of `home`.
            unsafe { core.stripes[here].give_away(thread, (home, &core.stripes[home]), block, frees) };
        }
    }

    #[inline(always)]
    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: the pool issued this number, so the unit lies within its range.
        unsafe { self.blocks.start().add(block.0.get() as usize * UNIT) }
    }

    fn usage(&self) -> Option<PoolUsage> {
        Some(self.usage())
    }

    #[inline(always)]
    fn numa(&self) -> Option<&impl NumaBlocks> {
        Some(self)
    }
}

// SAFETY: replicas have their own ranges, as long as that of the blocks and aligned like it. They are
// committed before the blocks and never given back earlier. `here` is the index of a home, and there are as
// many replicas as homes, or none.
unsafe impl NumaBlocks for NumaPool {
    #[inline]
    unsafe fn home(&self, block: BlockId) -> NumaNodeId {
        self.core.stripes[self.core.stripe_of(block)].node().id
    }

    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        let core = &*self.core;
        if let Placement::NumaNode(node) = placement {
            return core.arena.nodes.index_of(node).map(|_| node);
        }
        let index = core.arena.orders.of(core.kind).wanted(core.key_of(placement))?;
        Some(core.stripes[index].node().id)
    }

    #[inline(always)]
    fn replicas(&self) -> usize {
        self.core.replicas
    }

    #[inline]
    fn nearest_replica(&self) -> usize {
        self.core.arena.nodes.here()
    }

    #[inline(always)]
    unsafe fn replica_address(&self, replica: usize, block: BlockId) -> NonNull<u8> {
        let offset = replica * self.blocks.len() + block.0.get() as usize * UNIT;
        // SAFETY: each replica is as long as the range of the blocks, within which the number lies; `replica`
        // is below their number by the caller's promise.
        unsafe { self.replica_ranges.start().add(offset) }
    }
}

impl NumaPool {
    /// What the pool holds.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        let size = self.core.block_bytes();
        let stripes = self.core.usage();
        let blocks =
            stripes.iter().fold(PoolUsage::default(), |sum, stripe| sum.plus(stripe.in_blocks_of(size)));
        let replicas: usize =
            self.core.stripes.iter().flat_map(Stripe::committed_replicas).map(Span::len).sum();
        PoolUsage { reserved_bytes: blocks.reserved_bytes + replicas, ..blocks }
    }
}

impl fmt::Debug for NumaPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumaPool")
            .field("kind", &self.core.kind)
            .field("layout", &self.core.layout)
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}
