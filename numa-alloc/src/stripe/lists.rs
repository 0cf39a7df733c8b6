//! A stripe and its free lists: taking and giving a block, and its figures.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use std::collections::TryReserveError;
use std::sync::{Mutex, MutexGuard};

use bskip_core::arena::{BlockId, PoolUsage};
use crossbeam_utils::CachePadded;

use super::pages::bind;
use crate::chain::{Chain, Inbox, Links};
use crate::memory::{Part, Shape, UNIT};
use crate::nodes::ArenaNode;
use crate::policy::RemoteFrees;
use crate::region::{Region, Span};
use crate::shared::Shared;
use crate::sync::lock;

/// Shards of a stripe. A thread uses the shard of its number.
pub(super) const SHARDS: usize = 16;
/// The most blocks that a shard carves at a time.
pub(super) const RUN_BLOCKS: usize = 16;
/// The most bytes that a shard carves at a time, unless one block is larger.
pub(super) const RUN_BYTES: usize = 32 << 10;
/// How many blocks of another node a shard collects before it sends them home.
const SEND_BLOCKS: u32 = 32;

/// One node's part of a pool. Lock order: the frontier before a shard. A thread holds at most one of each at
/// a time.
#[derive(Debug)]
pub(crate) struct Stripe {
    pub(super) node: ArenaNode,
    pub(super) shape: Shape,
    /// The number of the unit at the stripe's start.
    pub(super) first_unit: u32,
    pub(super) blocks: Region,
    /// The stripe's part of each replica, in the order of the arena's nodes.
    pub(super) replicas: Vec<Region>,
    pub(super) link_region: Region,
    pub(super) links: Links,
    /// How far the stripe is used. A thread that refills a shard of this stripe holds this lock throughout.
    /// Otherwise a second thread could miss the blocks that the first one is moving between shards, and would
    /// grow the stripe.
    pub(super) frontier: Mutex<Frontier>,
    pub(super) inbox: Inbox,
    /// Each shard is on cache lines of its own.
    shards: Vec<CachePadded<Mutex<Lists>>>,
    /// Acquisitions that tried this stripe first and got a block of another node. A plain counter.
    misses: AtomicU64,
}

/// How far a stripe is used, in bytes from its start.
#[derive(Debug)]
pub(super) struct Frontier {
    /// Blocks before this were issued or are in a chain.
    pub(super) carved: usize,
    /// Memory before this is readable and writable.
    pub(super) committed: usize,
    /// The same for the links.
    pub(super) links_committed: usize,
    /// The same for the replicas.
    pub(super) replicas_committed: usize,
    /// Memory from here on cannot be used: it belongs to another stripe, or the stripe has lost it.
    pub(super) end: usize,
    /// Blocks whose memory went back to the system, the last ones first.
    pub(super) holes: Vec<Hole>,
    /// Bytes of that memory that have not been taken again.
    pub(super) released: usize,
}

/// Consecutive free blocks whose memory went back to the system. The memory is whole slabs; the first and the
/// last block may extend beyond it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    /// The first block of the hole.
    pub(super) first: u32,
    pub(super) blocks: usize,
    /// The memory that has not been taken again, in bytes from the stripe's start.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The first word that each block will get.
    pub(super) seed: u64,
}

/// The free lists of a shard: those of all threads that share it.
#[derive(Debug)]
pub(super) struct Lists {
    /// Free blocks of this stripe.
    pub(super) free: Chain,
    /// How many blocks of this stripe were taken from this shard and given back to it.
    taken: u64,
    given: u64,
    /// By stripe, the blocks of other stripes that were given back here. Empty if there is only one stripe.
    pub(super) away: Vec<Away>,
}

/// Blocks of another stripe in a shard.
#[derive(Debug, Default)]
pub(super) struct Away {
    pub(super) chain: Chain,
    given: u64,
    /// How many of the blocks were taken again from here.
    taken: u64,
}

/// The figures of a stripe.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StripeUsage {
    taken: u64,
    given: u64,
    /// How many of the given blocks came from threads of other nodes.
    pub(crate) given_remotely: u64,
    committed: usize,
    pub(crate) misses: u64,
}

impl StripeUsage {
    /// The usage of a stripe whose blocks have `size` bytes.
    pub(crate) fn in_blocks_of(self, size: usize) -> PoolUsage {
        let issued_blocks = self.taken.saturating_sub(self.given) as usize;
        PoolUsage { issued_blocks, issued_bytes: issued_blocks * size, reserved_bytes: self.committed }
    }
}

impl Stripe {
    /// The stripe at `index` of `count`.
    pub(crate) fn new(
        node: ArenaNode,
        shape: Shape,
        (index, count): (usize, usize),
        Part { blocks, links: link_region, replicas }: Part,
    ) -> Result<Self, TryReserveError> {
        let first_unit = (index * (blocks.span().len() / UNIT)) as u32;
        let links = Links::new(link_region.span(), first_unit + (shape.lead / UNIT) as u32, shape.units());
        let mut shards = Vec::new();
        shards.try_reserve_exact(SHARDS)?;
        for _ in 0..SHARDS {
            let mut away = Vec::new();
            if count > 1 {
                away.try_reserve_exact(count)?;
                away.resize_with(count, Away::default);
            }
            let lists = Lists { free: Chain::default(), taken: 0, given: 0, away };
            shards.push(CachePadded::new(Mutex::new(lists)));
        }
        Ok(Self {
            node,
            shape,
            first_unit,
            frontier: Mutex::new(Frontier {
                carved: shape.lead,
                committed: shape.front,
                links_committed: 0,
                replicas_committed: shape.front,
                end: blocks.span().len(),
                holes: Vec::new(),
                released: 0,
            }),
            blocks,
            replicas,
            link_region,
            links,
            inbox: Inbox::default(),
            shards,
            misses: AtomicU64::new(0),
        })
    }

    /// Asks the kernel to take what is reserved so far from the stripe's node, and each replica from its
    /// node.
    pub(crate) fn bind(&self, arena: &Shared) {
        let replicas = self.replicas.iter().zip(arena.nodes.all());
        for (region, &node) in replicas.chain([(&self.blocks, &self.node)]) {
            // SAFETY: whole pages of a region that lives as long as the stripe.
            unsafe { bind(region.reserved(), node, arena) };
        }
    }

    /// The node that the stripe is on.
    pub(crate) fn node(&self) -> ArenaNode {
        self.node
    }

    /// All memory that the stripe may ever carve into blocks.
    pub(crate) fn blocks(&self) -> Span {
        self.used(&self.blocks, self.blocks.span().len())
    }

    /// The replicas' memory that may have been touched, in the order of the arena's nodes.
    pub(crate) fn committed_replicas(&self) -> impl Iterator<Item = Span> {
        let committed = lock(&self.frontier).replicas_committed;
        self.replicas.iter().map(move |replica| self.used(replica, committed))
    }

    /// The memory of the blocks that may have been touched.
    pub(crate) fn committed(&self) -> Span {
        self.used(&self.blocks, lock(&self.frontier).committed)
    }

    /// The used part of a region's first `end` bytes.
    fn used(&self, region: &Region, end: usize) -> Span {
        region.span().part(self.shape.front, end - self.shape.front)
    }

    /// The bytes of the arena's budget that the stripe holds.
    pub(crate) fn held(&self) -> usize {
        let frontier = lock(&self.frontier);
        frontier.committed - self.shape.front - frontier.released
    }

    /// Locks the thread's shard.
    pub(super) fn lists(&self, thread: usize) -> MutexGuard<'_, Lists> {
        lock(&self.shards[thread % SHARDS])
    }

    /// Takes a block from the thread's shard.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    #[inline]
    pub(crate) unsafe fn take(&self, thread: usize) -> Option<BlockId> {
        let mut lists = self.lists(thread);
        // SAFETY: the free list holds only blocks of this stripe.
        let block = unsafe { lists.free.pop(&self.links) }?;
        lists.taken += 1;
        Some(block)
    }

    /// Puts a chain into the thread's shard and takes a block from it.
    ///
    /// # Safety
    /// The stripe's memory is alive, and the chain holds free blocks of it.
    pub(super) unsafe fn put_and_take(&self, thread: usize, chain: Chain) -> Option<BlockId> {
        let mut lists = self.lists(thread);
        // SAFETY: both chains hold blocks of this stripe.
        unsafe { lists.free.prepend(&self.links, chain) };
        // SAFETY: the free list holds only blocks of this stripe.
        let block = unsafe { lists.free.pop(&self.links) }?;
        lists.taken += 1;
        Some(block)
    }

    /// Gives a block of this stripe to the thread's shard.
    ///
    /// # Safety
    /// The stripe's memory is alive. The caller owns the block, which is of this stripe.
    #[inline]
    pub(crate) unsafe fn give(&self, thread: usize, block: BlockId) {
        let mut lists = self.lists(thread);
        // SAFETY: the caller owns the block, and the free list holds only blocks of this stripe.
        unsafe { lists.free.push(&self.links, block.0.get()) };
        lists.given += 1;
    }

    /// Gives a block of `home`, the stripe at `index`, to the thread's shard of this stripe. `frees` says
    /// whether the shard keeps it or sends it home together with others.
    ///
    /// # Safety
    /// The memory of both stripes is alive. The caller owns the block, which is of `home`.
    pub(crate) unsafe fn give_away(
        &self,
        thread: usize,
        (index, home): (usize, &Self),
        block: BlockId,
        frees: RemoteFrees,
    ) {
        let mut lists = self.lists(thread);
        let away = &mut lists.away[index];
        // SAFETY: the chain at `index` holds blocks of `home`, and this block is one.
        unsafe { away.chain.push(&home.links, block.0.get()) };
        away.given += 1;
        if frees == RemoteFrees::SendHome && away.chain.len() >= SEND_BLOCKS {
            let chain = core::mem::take(&mut away.chain);
            // SAFETY: the chain holds blocks of `home`, and this is the inbox of `home`.
            unsafe { home.inbox.push(&home.links, &chain) };
        }
    }

    /// Counts an acquisition that tried this stripe first and got a block of another node.
    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// Takes a block of another stripe that was given to the thread's shard of this stripe. Tries the stripes
    /// in `order`; returns the block and the index of its stripe.
    ///
    /// # Safety
    /// The memory of all stripes is alive.
    pub(crate) unsafe fn take_adopted(
        &self,
        thread: usize,
        order: &[usize],
        stripes: &[Self],
    ) -> Option<(BlockId, usize)> {
        let mut lists = self.lists(thread);
        order.iter().find_map(|&index| {
            let away = lists.away.get_mut(index)?;
            // SAFETY: the chain at `index` holds blocks of the stripe there.
            let block = unsafe { away.chain.pop(&stripes[index].links) }?;
            away.taken += 1;
            Some((block, index))
        })
    }

    /// Adds the figures of this stripe, the one at `index`, to those of all stripes. Its shards also count
    /// blocks of the other stripes.
    pub(crate) fn add_usage(&self, index: usize, all: &mut [StripeUsage]) {
        for shard in &self.shards {
            let lists = lock(shard);
            all[index].taken += lists.taken;
            all[index].given += lists.given;
            for (away, usage) in lists.away.iter().zip(&mut *all) {
                usage.taken += away.taken;
                usage.given += away.given;
                usage.given_remotely += away.given;
            }
        }
        all[index].committed += self.held();
        all[index].misses += self.misses.load(Relaxed);
    }
}
