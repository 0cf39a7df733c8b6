//! One node's part of a pool: blocks carved from the front of a range that grows, and free lists by shard.

mod adopt;
mod grow;
mod hugetlb;
mod replicas;
mod trim;
mod usage;

use trim::Hole;
pub(crate) use usage::StripeUsage;

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;
use std::collections::TryReserveError;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use bskip_core::arena::{AllocErrorKind, BlockId};

use crate::arena::Shared;
use crate::chain::{Chain, Inbox, Links};
use crate::fallback::Fallback;
use crate::memory::{Part, Shape, UNIT};
use crate::mutex::lock;
use crate::nodes::balances;
use crate::places::Place;
use crate::region::{Region, Span};
use crate::remote::RemoteFrees;
use crate::sys::Tie;

/// Free lists of a stripe. Threads are dealt out to them by number.
const SHARDS: usize = 16;
/// Blocks that a shard carves at a time, at most.
const RUN_BLOCKS: usize = 16;
/// Bytes that a shard carves at a time, unless one block is larger.
const RUN_BYTES: usize = 32 << 10;
/// Blocks of another node that a shard collects before it sends them home.
const SEND_BLOCKS: u32 = 32;
/// The largest growth step in slabs.
const MOST_SLABS: usize = 16;

/// One node's part of a pool. Lock order: a frontier before a shard, and one of each at a time.
#[derive(Debug)]
pub(crate) struct Stripe {
    place: Place,
    shape: Shape,
    /// The number of the unit at its start.
    first_unit: u32,
    blocks: Region,
    /// Its part of each replica, in the order of the arena's places.
    replicas: Vec<Region>,
    link_region: Region,
    links: Links,
    /// How far it is used. Whoever refills a shard of this stripe holds it all the while, so that blocks on
    /// their way from one shard to another do not look lost to a third.
    frontier: Mutex<Frontier>,
    inbox: Inbox,
    shards: Vec<Shard>,
    /// Acquisitions that tried this stripe first and could not be placed as wanted. A plain counter.
    misses: AtomicU64,
}

/// How far a stripe is used, in bytes from its start.
#[derive(Debug)]
pub(crate) struct Frontier {
    /// Blocks before this were issued or are in a chain.
    carved: usize,
    /// Memory before this is readable and writable.
    committed: usize,
    /// The same for its links.
    links_committed: usize,
    /// The same for its replicas.
    replicas_committed: usize,
    /// Memory from here on cannot be used: it is another stripe's, or was lost.
    end: usize,
    /// Blocks whose memory went back to the system, the last ones first, and how much of it has not been taken
    /// again.
    holes: Vec<Hole>,
    released: usize,
}

/// The free lists of the threads that share it.
#[derive(Debug)]
#[repr(align(128))] // On cache lines of its own, as `Inbox`.
struct Shard(Mutex<Lists>);

#[derive(Debug)]
struct Lists {
    /// Free blocks of this stripe.
    free: Chain,
    /// Blocks of this stripe taken from this shard, and given back to it.
    taken: u64,
    given: u64,
    /// By stripe, the blocks of other stripes that were given back here. Empty if there is but one stripe.
    away: Vec<Away>,
}

#[derive(Debug, Default)]
struct Away {
    chain: Chain,
    given: u64,
    /// Those taken again from here.
    taken: u64,
}

impl Stripe {
    /// The stripe at `index` of `count`.
    pub(crate) fn new(
        place: Place,
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
            shards.push(Shard(Mutex::new(Lists { free: Chain::default(), taken: 0, given: 0, away })));
        }
        Ok(Self {
            place,
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

    /// Asks the kernel for this stripe's node, and for each replica's, for all that is reserved so far.
    pub(crate) fn bind(&self, arena: &Shared) {
        let replicas = self.replicas.iter().zip(arena.places.all());
        for (region, &place) in replicas.chain([(&self.blocks, &self.place)]) {
            // SAFETY: whole pages, alive as long as the stripe is.
            unsafe { bind(region.reserved(), place, arena) };
        }
    }

    /// Where it is.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// All that it may ever carve into blocks.
    pub(crate) fn blocks(&self) -> Span {
        self.used(&self.blocks, self.blocks.span().len())
    }

    /// Its memory that may have been touched.
    pub(crate) fn committed(&self) -> Span {
        self.used(&self.blocks, lock(&self.frontier).committed)
    }

    /// What is used of a region's first `end` bytes.
    fn used(&self, region: &Region, end: usize) -> Span {
        region.span().part(self.shape.front, end - self.shape.front)
    }

    /// Bytes that it has of the arena's budget.
    pub(crate) fn held(&self) -> usize {
        let frontier = lock(&self.frontier);
        frontier.committed - self.shape.front - frontier.released
    }

    fn lists(&self, thread: usize) -> MutexGuard<'_, Lists> {
        lock(&self.shards[thread % SHARDS].0)
    }

    /// Takes a block from the thread's shard.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    #[inline]
    pub(crate) unsafe fn take(&self, thread: usize) -> Option<BlockId> {
        let mut lists = self.lists(thread);
        // SAFETY: only blocks of this stripe get into its free lists.
        let block = unsafe { lists.free.pop(&self.links) }?;
        lists.taken += 1;
        Some(block)
    }

    /// Puts a chain in the thread's shard and takes a block from it.
    ///
    /// # Safety
    /// The stripe's memory is alive, and the chain holds free blocks of it.
    unsafe fn put_and_take(&self, thread: usize, chain: Chain) -> Option<BlockId> {
        let mut lists = self.lists(thread);
        // SAFETY: both chains hold blocks of this stripe.
        unsafe { lists.free.prepend(&self.links, chain) };
        // SAFETY: as above.
        let block = unsafe { lists.free.pop(&self.links) }?;
        lists.taken += 1;
        Some(block)
    }

    /// Gives a block of this stripe to the thread's shard.
    ///
    /// # Safety
    /// The stripe's memory is alive; the caller owns the block, which is of this stripe.
    #[inline]
    pub(crate) unsafe fn give(&self, thread: usize, block: BlockId) {
        let mut lists = self.lists(thread);
        // SAFETY: by the caller's promise, and as in `take`.
        unsafe { lists.free.push(&self.links, block.0.get()) };
        lists.given += 1;
    }

    /// Gives a block of `home`, the stripe at `index`, to the thread's shard of this one, to be sent home in
    /// company or kept.
    ///
    /// # Safety
    /// The memory of both is alive; the caller owns the block, which is of `home`.
    pub(crate) unsafe fn give_away(
        &self,
        thread: usize,
        (index, home): (usize, &Self),
        block: BlockId,
        frees: RemoteFrees,
    ) {
        let mut lists = self.lists(thread);
        let away = &mut lists.away[index];
        // SAFETY: the chain at `index` holds blocks of `home`, and so is this one.
        unsafe { away.chain.push(&home.links, block.0.get()) };
        away.given += 1;
        if frees == RemoteFrees::SendHome && away.chain.len() >= SEND_BLOCKS {
            let chain = core::mem::take(&mut away.chain);
            // SAFETY: as above.
            unsafe { home.inbox.push(&home.links, &chain) };
        }
    }

    /// Counts an acquisition that tried this stripe first and could not be placed as wanted.
    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// Takes a block although the thread's shard is empty: from the inbox, from memory that was never used,
    /// from another shard of any of `stripes`, of which this is the one at `index`, from memory that was
    /// given back, at last by growing.
    ///
    /// # Safety
    /// The memory of all stripes is alive.
    #[cold]
    pub(crate) unsafe fn refill(
        &self,
        index: usize,
        stripes: &[Self],
        thread: usize,
        arena: &Shared,
    ) -> Result<BlockId, AllocErrorKind> {
        let mut frontier = lock(&self.frontier);
        loop {
            // SAFETY: this stripe's inbox and links, alive.
            let chain = unsafe { self.inbox.drain(&self.links) };
            let chain = chain
                // SAFETY: this stripe's own frontier; its memory is alive.
                .or_else(|| unsafe { self.carve(&mut frontier) })
                .or_else(|| Self::steal(index, stripes, thread))
                // A chain may have come while the shards were looked through.
                // SAFETY: this stripe's inbox and links, alive.
                .or_else(|| unsafe { self.inbox.drain(&self.links) })
                // SAFETY: this stripe's own frontier; its memory is alive.
                .or_else(|| unsafe { self.reopen(index, &mut frontier, arena) });
            match chain {
                // SAFETY: each of the sources above holds free blocks of this stripe.
                Some(chain) => match unsafe { self.put_and_take(thread, chain) } {
                    Some(block) => return Ok(block),
                    None => continue,
                },
                // SAFETY: this stripe's own frontier; its memory is alive.
                None => unsafe { self.grow(index, &mut frontier, arena) }?,
            }
        }
    }

    /// Free blocks of the stripe at `index` out of any one shard: first its own shards', the thread's among
    /// them, then what others collected for it.
    fn steal(index: usize, stripes: &[Self], thread: usize) -> Option<Chain> {
        let own = (0..SHARDS).find_map(|i| stripes[index].lists(thread + i).free.take());
        own.or_else(|| {
            stripes.iter().enumerate().filter(|(other, _)| *other != index).find_map(|(_, stripe)| {
                (0..SHARDS).find_map(|i| stripe.lists(thread + i).away[index].chain.take())
            })
        })
    }

    /// A chain of never issued blocks of committed memory, in ascending order.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    unsafe fn carve(&self, frontier: &mut Frontier) -> Option<Chain> {
        let size = self.shape.size;
        let room = frontier.committed.saturating_sub(frontier.carved) / size;
        let run = room.min(RUN_BLOCKS).min((RUN_BYTES / size).max(1));
        let mut chain = Chain::default();
        for i in (0..run).rev() {
            let block = self.first_unit + ((frontier.carved + i * size) / UNIT) as u32;
            // SAFETY: beyond what was carved, so nobody has it, and within what is committed.
            unsafe { chain.push(&self.links, block) };
        }
        frontier.carved += run * size;
        chain.take()
    }
}

/// Asks the kernel for the node of `place`, once, for memory that nobody has touched yet.
///
/// # Safety
/// The span is whole pages, alive.
unsafe fn bind(span: Span, place: Place, arena: &Shared) {
    let Some(node) = place.bind.filter(|_| span.len() > 0) else { return };
    // SAFETY: by the caller's promise.
    if let Err(errno) = unsafe { span.tie_to_node(node, Tie::Prefer) } {
        arena.notes.note(Fallback::BindRefused { errno });
        if balances(Path::new("/proc/sys/kernel/numa_balancing")) {
            arena.notes.note(Fallback::PagesMayMove);
        }
    }
}
