//! A pool of equal blocks out of a static arena's regions.

use core::alloc::Layout;
use core::iter::successors;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use super::arena::StaticArena;
use super::line::{UNIT, Window};
use super::notes::Record;
use crate::arena::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, NoHints, NumaBlocks, NumaNodeId,
    Placement, PoolUsage,
};
use crate::backoff::DefaultPlatform;
use crate::platform::Platform;
use crate::spin::SpinLock;
use crate::sync::{AtomicUsize, Ordering};

/// A pool of a [`StaticArena`].
pub struct StaticPool<P: Platform = DefaultPlatform> {
    arena: &'static StaticArena<P>,
    /// The origin of the arena's window, once the pool has a block.
    window: AtomicUsize,
    /// Lines of a block.
    lines: u32,
    issued: AtomicUsize,
    /// Lines that the pool has taken, those for notes included.
    reserved: AtomicUsize,
    /// The number of the newest record, or 0.
    records: SpinLock<u32>,
}

impl<P: Platform> StaticPool<P> {
    /// A pool of blocks of `layout`, rounded up to whole lines of 64 bytes. It takes no memory yet.
    ///
    /// # Panics
    /// If the layout asks for a larger alignment than 64, for no memory, or for 128 GiB or more.
    #[must_use]
    pub const fn new(arena: &'static StaticArena<P>, layout: Layout) -> Self {
        assert!(layout.align() <= UNIT, "blocks are aligned to 64 bytes");
        let lines = layout.size().div_ceil(UNIT);
        assert!(lines > 0 && lines < 1 << 31, "a block has a line, and fits into a region");
        Self {
            arena,
            window: AtomicUsize::new(0),
            lines: lines as u32,
            issued: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            records: SpinLock::new(0),
        }
    }

    /// A block out of this region.
    fn take(&self, newest: &mut u32, region: usize) -> Option<u32> {
        let record = self.records(*newest).find(|record| record.region() == region);
        match record {
            Some(record) => record.pop().or_else(|| self.grow(record)),
            None => self.begin(newest, region),
        }
    }

    /// A new block out of a region from which the pool has blocks.
    fn grow(&self, record: Record) -> Option<u32> {
        self.arena.with_region(record.region(), |window, region| {
            // SAFETY: the arena's lock is held, and this is the record's region.
            let (block, lines) = unsafe { record.grow(region, self.lines) }?;
            Some(self.issue_new(window, block, lines))
        })
    }

    /// The first block out of a region.
    fn begin(&self, newest: &mut u32, index: usize) -> Option<u32> {
        self.arena.with_region(index, |window, region| {
            // SAFETY: the pool's lock and the arena's are held.
            let (record, block) = unsafe { Record::make(window, (index, region), self.lines, *newest) }?;
            *newest = record.number;
            Some(self.issue_new(window, block, 2 + self.lines))
        })
    }

    /// Zeroes a new block, for which that many lines were taken.
    fn issue_new(&self, window: Window, block: u32, lines: u32) -> u32 {
        // Release pairs with the Acquire in `address`. A thread that knows a block's number learned it after this
        // store.
        self.window.store(window.origin, Ordering::Release);
        self.reserved.fetch_add(lines as usize, Ordering::Relaxed);
        let block_at: *mut u8 = ptr::with_exposed_provenance_mut(window.address(block));
        // SAFETY: the block was just taken from its region, so no other thread knows it.
        unsafe { block_at.write_bytes(0, self.block_bytes()) };
        block
    }

    /// Whether the pool has a free block on this NUMA node, or a region there has memory for one. If that memory is in
    /// pieces, it may still be too little.
    fn has_room(&self, numa_node: NumaNodeId) -> bool {
        let is_free = |record: Record| record.has_free() && self.arena.home(record.number) == numa_node;
        let mut regions = self.arena.regions().filter(|region| region.numa_node == numa_node);
        regions.any(|region| region.remaining >= self.block_bytes())
            || self.records.with::<P, _>(|newest| self.records(*newest).any(is_free))
    }

    /// The records from the newest one on. The caller has the pool's lock, or exclusive access.
    fn records(&self, newest: u32) -> impl Iterator<Item = Record> {
        // SAFETY: the pool's records stay until it drops, and the caller has its lock, or the pool for itself.
        let newest = (newest != 0).then(|| unsafe { Record::at(self.arena.window(), newest) });
        successors(newest, |record| record.next())
    }

    fn block_bytes(&self) -> usize {
        self.lines as usize * UNIT
    }
}

// SAFETY: `StaticPool` keeps the contract, see there.
unsafe impl<P: Platform> BlockArena for &'static StaticArena<P> {
    type Pool = StaticPool<P>;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<StaticPool<P>, AllocError> {
        Ok(StaticPool::new(self, layout))
    }
}

// SAFETY: 1. A block is taken from its region once, and after that is in use or in the stack of its record, which the
// lock guards. 2. A region is there as long as the program, a number leads to one address, and the notes are in lines
// of their own. 3. `issue_new` zeroes the block. 4. The lock orders release before reissue. 5. `address` computes.
// 7. No line has the greatest number.
unsafe impl<P: Platform> BlockPool for StaticPool<P> {
    type Platform = P;
    type Hints = NoHints;
    const LAZY: bool = true;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        let wanted = match placement {
            Placement::NumaNode(node) => Some(node),
            Placement::Policy | Placement::KeysFrom(_) => P::numa_node(),
        };
        let order = self.arena.order(wanted);
        let block = self
            .records
            .with::<P, _>(|newest| order.as_slice().iter().find_map(|&region| self.take(newest, region)));
        let Some(block) = block.and_then(NonZeroU32::new) else {
            let layout = Layout::from_size_align(self.block_bytes(), UNIT).expect("as `new` was given it");
            return Err(AllocError { layout, kind: AllocErrorKind::OutOfMemory });
        };
        self.issued.fetch_add(1, Ordering::Relaxed);
        Ok(BlockId(block))
    }

    unsafe fn release(&self, block: BlockId) {
        self.issued.fetch_sub(1, Ordering::Relaxed);
        let number = block.0.get();
        self.records.with::<P, _>(|newest| {
            let record = self.records(*newest).find(|record| record.holds(number));
            // A block that the pool has issued is in a region of one of its records.
            if let Some(record) = record {
                record.push(number);
            }
        });
    }

    #[inline(always)]
    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // Acquire pairs with the Release in `issue_new`.
        let window = Window { origin: self.window.load(Ordering::Acquire) };
        // `StaticArena::add_region` exposed the region's provenance.
        let block = ptr::with_exposed_provenance_mut(window.address(block.0.get()));
        // SAFETY: the pool issued the block, so it lies in a region, and no region is at address 0.
        unsafe { NonNull::new_unchecked(block) }
    }

    fn usage(&self) -> Option<PoolUsage> {
        let issued_blocks = self.issued.load(Ordering::Relaxed);
        Some(PoolUsage {
            issued_blocks,
            issued_bytes: issued_blocks * self.block_bytes(),
            reserved_bytes: self.reserved.load(Ordering::Relaxed) * UNIT,
        })
    }

    fn numa(&self) -> Option<&impl NumaBlocks> {
        Some(self)
    }
}

// SAFETY: there are no replicas.
unsafe impl<P: Platform> NumaBlocks for StaticPool<P> {
    unsafe fn home(&self, block: BlockId) -> NumaNodeId {
        self.arena.home(block.0.get())
    }

    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        match placement {
            Placement::NumaNode(node) => self.has_room(node).then_some(node),
            Placement::Policy | Placement::KeysFrom(_) => None,
        }
    }
}

impl<P: Platform> Drop for StaticPool<P> {
    fn drop(&mut self) {
        let newest = *self.records.get_mut();
        let mut record = self.records(newest).next();
        while let Some(at) = record {
            record = at.next();
            let region = at.region();
            // A pool may have very many groups. So each one has the arena's lock to itself, for a short time.
            let give = |first, lines| {
                // SAFETY: the pool has taken the lines from this region. It drops, so nothing uses its blocks any more.
                self.arena
                    .with_region(region, |window, region| unsafe { region.free.give(window, first, lines) });
            };
            // SAFETY: the pool drops, so nothing else uses its records.
            unsafe { at.give_back(self.lines, give) };
        }
    }
}
