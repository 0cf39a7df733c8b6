//! Giving the memory of free blocks back to the system, and taking it again.
//!
//! Blocks stay mapped: who still looks at one reads what was there, or zeros. What must not come back is a
//! first word, the version of a node: a reader could take what it read under it before for still true. So the
//! pool keeps the largest of the first words that went, and has blocks begin anew with a larger one.

use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;

use super::{Frontier, RUN_BLOCKS, RUN_BYTES, SHARDS, Stripe};
use crate::arena::Shared;
use crate::chain::Chain;
use crate::memory::UNIT;
use crate::mutex::lock;
use crate::prefault::prefault;
use crate::region::SLAB;

/// Blocks in a row that were free when their memory went back to the system: whole slabs, and what of the
/// first and the last block stands out.
#[derive(Debug)]
pub(super) struct Hole {
    /// The first block that it had, and where its memory began.
    origin: (u32, usize),
    /// The first of the blocks that are still in it.
    first: u32,
    blocks: usize,
    /// Memory that was not taken again, in bytes from the stripe's start.
    start: usize,
    end: usize,
    /// What the first word of each block will be.
    seed: u64,
}

impl Stripe {
    /// Gives slabs of which all is free back to the system; how many bytes. Whoever needs a block of this
    /// stripe, the one at `index`, and has none at hand waits meanwhile.
    ///
    /// # Safety
    /// The memory of all `stripes` is alive.
    pub(crate) unsafe fn trim(&self, index: usize, stripes: &[Self], arena: &Shared) -> usize {
        let mut frontier = lock(&self.frontier);
        // SAFETY: the memory of all stripes is alive.
        let mut free = unsafe { self.collect(index, stripes) };
        let mut blocks = Vec::new();
        let mut kept = Chain::default();
        let before = frontier.released;
        if blocks.try_reserve_exact(free.len() as usize).is_ok() {
            // SAFETY: what was collected is of this stripe.
            blocks
                .extend(core::iter::from_fn(|| unsafe { free.pop(&self.links) }).map(|block| block.0.get()));
            blocks.sort_unstable();
            let Frontier { holes, released, .. } = &mut *frontier;
            for hole in holes {
                // SAFETY: free blocks of this stripe, collected above.
                *released += unsafe { self.close(hole, &mut blocks) };
            }
            for run in blocks.chunk_by(|a, b| b - a == self.shape.units()) {
                // SAFETY: free blocks of this stripe, collected above.
                let gone = unsafe { self.give_back(run, &mut frontier) };
                for &block in run[gone.end..].iter().chain(&run[..gone.start]).rev() {
                    // SAFETY: as above.
                    unsafe { kept.push(&self.links, block) };
                }
            }
        }
        let bytes = frontier.released - before;
        arena.budget.give(index, bytes);
        for chain in [free, kept] {
            // SAFETY: of this stripe, and in no other chain.
            unsafe { self.lists(0).free.prepend(&self.links, chain) };
        }
        bytes
    }

    /// All free blocks of this stripe, the one at `index`, that are in a list now.
    ///
    /// # Safety
    /// The memory of all `stripes` is alive.
    unsafe fn collect(&self, index: usize, stripes: &[Self]) -> Chain {
        let mut all = Chain::default();
        for (i, stripe) in stripes.iter().enumerate() {
            for shard in 0..SHARDS {
                let mut lists = stripe.lists(shard);
                let chain = if i == index { lists.free.take() } else { lists.away[index].chain.take() };
                drop(lists);
                // SAFETY: both are of this stripe.
                unsafe { all.prepend(&self.links, chain.unwrap_or_default()) };
            }
        }
        // SAFETY: this stripe's inbox and links, alive.
        let sent = unsafe { self.inbox.drain(&self.links) };
        // SAFETY: both are of this stripe.
        unsafe { all.prepend(&self.links, sent.unwrap_or_default()) };
        all
    }

    /// Makes a hole that was opened in part what it was, if all blocks that came out of it are in `free`, where they are
    /// ascending, and takes them out of there. How many bytes went back is the answer.
    ///
    /// # Safety
    /// The free blocks are of this stripe, and in no chain.
    unsafe fn close(&self, hole: &mut Hole, free: &mut Vec<u32>) -> usize {
        let (first, start) = hole.origin;
        let count = ((hole.first - first) / self.shape.units()) as usize;
        let Ok(at) = free.binary_search(&first) else { return 0 };
        let Some(blocks) = free.get(at..at + count) else { return 0 };
        if blocks.last() != Some(&(hole.first - self.shape.units())) {
            return 0;
        }
        // SAFETY: of this stripe.
        let most = unsafe { self.largest_first_word(blocks) };
        let bytes = hole.start - start;
        // SAFETY: whole pages of committed memory, in which all blocks are free.
        if unsafe { self.blocks.part(start, bytes).discard() }.is_err() {
            return 0;
        }
        free.drain(at..at + count);
        let blocks = hole.blocks + count;
        *hole = Hole { first, blocks, start, seed: next_even(most), ..*hole };
        bytes
    }

    /// Gives the whole slabs of a run of blocks in a row back. Which of the blocks went with them is the
    /// answer: none if there is no whole slab, or the system refuses.
    ///
    /// # Safety
    /// The blocks are of this stripe, free, and in no chain.
    unsafe fn give_back(&self, run: &[u32], frontier: &mut Frontier) -> core::ops::Range<usize> {
        let size = self.shape.size;
        let begin = self.offset(run[0]);
        // Before the stripe's first block there is nothing.
        let start = if begin == self.shape.lead { 0 } else { begin.next_multiple_of(SLAB) };
        let end = (begin + run.len() * size) / SLAB * SLAB;
        if start >= end || frontier.holes.try_reserve(1).is_err() {
            return 0..0;
        }
        let gone = start.saturating_sub(begin) / size..(end - begin).div_ceil(size);
        // SAFETY: of this stripe.
        let most = unsafe { self.largest_first_word(&run[gone.clone()]) };
        // SAFETY: whole pages of committed memory, in which all blocks are free.
        if unsafe { self.blocks.part(start, end - start).discard() }.is_err() {
            return 0..0;
        }
        frontier.released += end - start;
        let (first, seed) = (run[gone.start], next_even(most));
        let hole = Hole { origin: (first, start), first, blocks: gone.len(), start, end, seed };
        frontier.holes.push(hole);
        gone
    }

    /// A chain of blocks whose memory went back, as far as the budget of the stripe, the one at `index`,
    /// allows it.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    pub(super) unsafe fn reopen(
        &self,
        index: usize,
        frontier: &mut Frontier,
        arena: &Shared,
    ) -> Option<Chain> {
        let size = self.shape.size;
        let hole = frontier.holes.last_mut()?;
        let run = hole.blocks.min(RUN_BLOCKS).min((RUN_BYTES / size).max(1));
        let reach = (self.offset(hole.first) + run * size).next_multiple_of(arena.page).min(hole.end);
        if let Some(bytes) = reach.checked_sub(hole.start).filter(|bytes| *bytes > 0) {
            arena.budget.take(index, bytes, bytes)?;
            if arena.prefault {
                // SAFETY: committed, and all blocks there are free and in no chain.
                unsafe { prefault(self.blocks.part(hole.start, bytes), arena) };
            }
            hole.start = reach;
            frontier.released -= bytes;
        }
        let mut chain = Chain::default();
        for i in (0..run as u32).rev() {
            let block = hole.first + i * self.shape.units();
            // Relaxed: the next owner has it from the lock that the block goes through.
            // SAFETY: of this stripe.
            unsafe { self.first_word(block) }.store(hole.seed, Relaxed);
            // SAFETY: of this stripe, and in no chain.
            unsafe { chain.push(&self.links, block) };
        }
        hole.first += run as u32 * self.shape.units();
        hole.blocks -= run;
        if hole.blocks == 0 {
            frontier.holes.pop();
        }
        chain.take()
    }

    /// # Safety
    /// The blocks were carved from this stripe, whose memory is alive.
    unsafe fn largest_first_word(&self, blocks: &[u32]) -> u64 {
        // SAFETY: of this stripe.
        let word = |block: &u32| unsafe { self.first_word(*block) }.load(Relaxed);
        blocks.iter().map(word).max().unwrap_or(0)
    }

    /// Where a block begins, in bytes from the stripe's start.
    fn offset(&self, block: u32) -> usize {
        (block - self.first_unit) as usize * UNIT
    }

    /// The first word of a block.
    ///
    /// # Safety
    /// The block was carved from this stripe, whose memory is alive.
    unsafe fn first_word(&self, block: u32) -> &AtomicU64 {
        let word = self.blocks.part(self.offset(block), size_of::<u64>()).start().cast();
        // SAFETY: committed memory, aligned to a unit; by the contract all access to this word is atomic.
        unsafe { word.as_ref() }
    }
}

/// The even number after `word`.
fn next_even(word: u64) -> u64 {
    (word | 1) + 1
}
