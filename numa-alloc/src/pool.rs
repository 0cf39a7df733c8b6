//! A pool: equal blocks in one range of addresses, one stripe of it for each node.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
use std::sync::Arc;

use bskip_core::arena::{
    AllocError, AllocErrorKind, BlockId, BlockKind, BlockPool, DefaultRelax, NumaBlocks, NumaNodeId,
    Placement, PoolUsage,
};

use crate::arena::Shared;
use crate::fallback::Fallback;
use crate::memory::{Cut, Memory, Shape, UNIT};
use crate::orders::Ask;
use crate::region::Span;
use crate::remote::RemoteFrees;
use crate::stripe::{Stripe, StripeUsage};
use crate::thread;

/// A pool of a [`NumaArena`](crate::NumaArena).
///
/// A block's number counts 64-byte units from the start of the pool's range, so that its address is one shift
/// and one addition away. Acquiring and releasing lock one of 16 free lists of the node in question, picked
/// by thread; both are constant time except for the acquisition that finds its list empty, which refills it.
///
/// The pool keeps its arena's state alive, not the other way round.
pub struct NumaPool {
    /// The blocks of `core.memory`, here to spare `address` an indirection.
    blocks: Span,
    /// The same for `replica_address`. Without replicas the blocks.
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
    /// One for each place of the arena, in its order. The memory is theirs.
    stripes: Vec<Stripe>,
    /// Blocks dealt out in turn.
    turn: AtomicU32,
    /// Replicas of each block: one for each place that is home to CPUs, or none.
    replicas: usize,
    /// After the stripes, so that it goes after they have.
    memory: Memory,
}

impl NumaPool {
    pub(crate) fn new(arena: &Arc<Shared>, layout: Layout, kind: BlockKind) -> Result<Self, AllocError> {
        let error = |kind| AllocError { layout, kind };
        let exhausted = error(AllocErrorKind::AddressSpaceExhausted);
        let places = arena.places.all();
        let hugetlb = arena.pages.hugetlb();
        let shape = Shape::of(layout, hugetlb).ok_or(exhausted)?;
        let replicas = if arena.replicate && kind == BlockKind::Inner { arena.places.homes() } else { 0 };
        let cut = Cut { stripes: places.len(), replicas, page: arena.page, slab: arena.pages.slab() };
        let (memory, parts) = Memory::reserve(shape, cut, arena.budget.limit()).ok_or(exhausted)?;
        if let Some(bytes) = memory.small {
            arena.notes.note(Fallback::SmallRange { bytes });
        }
        let out_of_memory = |_| error(AllocErrorKind::OutOfMemory);
        let mut stripes = Vec::new();
        stripes.try_reserve_exact(places.len()).map_err(out_of_memory)?;
        for (index, (&place, part)) in places.iter().zip(parts).enumerate() {
            let stripe = Stripe::new(place, shape, (index, places.len()), part).map_err(out_of_memory)?;
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
        arena.enlist(&core).map_err(out_of_memory)?;
        Ok(Self { blocks: core.memory.blocks(), replica_ranges: core.memory.replicas(), core })
    }
}

impl Core {
    /// The stripes, in the order of the arena's places.
    pub(crate) fn stripes(&self) -> &[Stripe] {
        &self.stripes
    }

    /// The ranges of the replicas, in the order of the arena's places.
    pub(crate) fn replica_ranges(&self) -> impl Iterator<Item = Span> {
        (0..self.replicas).map(|replica| self.memory.replica(replica))
    }

    /// Bytes of a block, as issued.
    pub(crate) fn block_bytes(&self) -> usize {
        self.shape.size
    }

    /// What each stripe holds, in the order of the arena's places.
    pub(crate) fn usage(&self) -> Vec<StripeUsage> {
        let mut usage = vec![StripeUsage::default(); self.stripes.len()];
        for (index, stripe) in self.stripes.iter().enumerate() {
            stripe.add_usage(index, &mut usage);
        }
        usage
    }

    /// Gives free memory back to the system; how many bytes.
    pub(crate) fn trim(&self) -> usize {
        let trim = |(index, stripe): (usize, &Stripe)| {
            // SAFETY: the stripe is alive, and its memory with it.
            unsafe { stripe.trim(index, &self.stripes, &self.arena) }
        };
        self.stripes.iter().enumerate().map(trim).sum()
    }

    /// The key by which a policy may place a block: only leaves are for keys.
    fn key_of(&self, placement: Placement) -> Option<u64> {
        match (placement, self.kind) {
            (Placement::KeysFrom(low), BlockKind::Leaf) => Some(low.to_bits()),
            _ => None,
        }
    }

    /// The index of the stripe that holds the block.
    #[inline]
    fn stripe_of(&self, block: BlockId) -> usize {
        (block.0.get() / self.stripe_units) as usize
    }

    /// Takes a block from the first node of `order` that has one, and says which.
    fn take(&self, order: &[usize]) -> Result<(BlockId, usize), AllocErrorKind> {
        let thread = thread::number();
        let mut refusal = AllocErrorKind::OutOfMemory;
        for (tried, &index) in order.iter().enumerate() {
            let stripe = &self.stripes[index];
            // SAFETY: the stripe is alive, and its memory with it.
            if let Some(block) = unsafe { stripe.take(thread) } {
                return Ok((block, index));
            }
            if tried == 0 && self.arena.remote_frees == RemoteFrees::Adopt {
                let here = &self.stripes[self.arena.places.here()];
                // SAFETY: as above.
                if let Some(adopted) = unsafe { here.take_adopted(thread, order, &self.stripes) } {
                    return Ok(adopted);
                }
            }
            // SAFETY: as above.
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
            for (place, replica) in stripe.committed_replicas().enumerate() {
                self.arena.budget.give(place, replica.len());
            }
        }
    }
}

// SAFETY: 1. A free block is in one chain at a time: it enters one when it is carved, which a frontier does
// once, or given back by its owner, and leaves it when it is issued. 2. An address is the start of the range
// plus the number, and the range lives as long as `core`; blocks lie within committed memory, which stays
// readable and writable until then; stripes begin at 2 MiB boundaries, blocks in them at multiples of a size
// that is a multiple of the alignment. 3. Fresh private pages are zero, and links live elsewhere;
// what `trim` does with first words is the exception that the contract has. 4. A block passes from releaser
// to owner through a shard's mutex, or through an inbox (Release, Acquire) and then a mutex. 5. See 2. 6. The NUMA
// side is this pool itself.
unsafe impl BlockPool for NumaPool {
    type Relax = DefaultRelax;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        let core = &*self.core;
        let places = &core.arena.places;
        let near = if let Placement::NumaNode(node) = placement { places.near(node) } else { None };
        let ask = Ask { key: core.key_of(placement), turn: &core.turn };
        let order = near.unwrap_or_else(|| core.arena.orders.of(core.kind).next(places, ask));
        let (block, index) = core.take(order).map_err(|kind| AllocError { layout: core.layout, kind })?;
        if index != order[0] || (near.is_none() && matches!(placement, Placement::NumaNode(_))) {
            core.stripes[order[0]].miss();
        }
        Ok(block)
    }

    unsafe fn release(&self, block: BlockId) {
        let core = &*self.core;
        let (home, here) = (core.stripe_of(block), core.arena.places.here());
        let thread = thread::number();
        if home == here {
            // SAFETY: the stripes are alive, and their memory with them; the caller owns the block, and its number says it is of `home`.
            unsafe { core.stripes[home].give(thread, block) };
        } else {
            let frees = core.arena.remote_frees;
            // SAFETY: as above.
            unsafe { core.stripes[here].give_away(thread, (home, &core.stripes[home]), block, frees) };
        }
    }

    #[inline(always)]
    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: the pool issued this number, so that many units lie within its range.
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

// SAFETY: replicas are ranges of their own, as long as the blocks', committed before them and never given back before,
// aligned as they are. `here` is a place, and there are as many replicas as places, if any.
unsafe impl NumaBlocks for NumaPool {
    #[inline]
    unsafe fn home(&self, block: BlockId) -> NumaNodeId {
        self.core.stripes[self.core.stripe_of(block)].place().node
    }

    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        let core = &*self.core;
        if let Placement::NumaNode(node) = placement {
            return core.arena.places.index_of(node).map(|_| node);
        }
        let index = core.arena.orders.of(core.kind).wanted(core.key_of(placement))?;
        Some(core.stripes[index].place().node)
    }

    #[inline(always)]
    fn replicas(&self) -> usize {
        self.core.replicas
    }

    #[inline]
    fn nearest_replica(&self) -> usize {
        self.core.arena.places.here()
    }

    #[inline(always)]
    unsafe fn replica_address(&self, replica: usize, block: BlockId) -> NonNull<u8> {
        let offset = replica * self.blocks.len() + block.0.get() as usize * UNIT;
        // SAFETY: the pool has so many replicas, each as long as the blocks, within which that number lies.
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
