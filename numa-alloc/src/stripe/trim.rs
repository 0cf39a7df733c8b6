//! Gives the memory of free blocks back to the system, and takes it again.
//!
//! The blocks stay mapped: a reader that still holds a reference to one finds its old contents or zeros. But
//! the first word of a block, a node's version in the map, must never repeat. Otherwise a reader could accept
//! what it read under the same version before. So the stripe keeps the largest of the first words that went,
//! and gives blocks a larger one before it issues them again.

use core::ops::Range;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::Relaxed;

use super::lists::{Frontier, Hole, RUN_BLOCKS, RUN_BYTES, SHARDS, Stripe};
use super::pages::prefault;
use crate::chain::Chain;
use crate::memory::UNIT;
use crate::region::SLAB;
use crate::shared::Shared;
use crate::sync::lock;

/// Consecutive free blocks. Blocks that are not free lie before and behind them.
struct Run<'a> {
    first: u32,
    blocks: usize,
    /// The blocks that were in a list, ascending.
    listed: &'a [u32],
    /// The holes that hold the other blocks, ascending.
    holes: &'a [Hole],
}

impl Stripe {
    /// Gives the slabs in which all blocks are free back to the system. Returns how many bytes. An
    /// acquisition from this stripe, the one at `index`, waits meanwhile if its free list is empty.
    ///
    /// # Safety
    /// The memory of all `stripes` is alive.
    pub(crate) unsafe fn trim(&self, index: usize, stripes: &[Self], arena: &Shared) -> usize {
        let mut frontier = lock(&self.frontier);
        // SAFETY: the memory of all stripes is alive.
        let mut free = unsafe { self.collect(index, stripes) };
        let (mut listed, mut holes, mut kept) = (Vec::new(), Vec::new(), Chain::default());
        let count = free.len() as usize;
        // A run that gets no new hole keeps at most its own holes. A new hole holds at least a slab of listed
        // blocks.
        let most = frontier.holes.len() + count * self.shape.size / SLAB;
        let mut bytes = 0;
        if listed.try_reserve_exact(count).is_ok() && holes.try_reserve_exact(most).is_ok() {
            // SAFETY: the collected blocks are of this stripe.
            listed
                .extend(core::iter::from_fn(|| unsafe { free.pop(&self.links) }).map(|block| block.0.get()));
            listed.sort_unstable();
            let mut before = core::mem::replace(&mut frontier.holes, holes);
            before.reverse();
            let (mut listed, mut before) = (&listed[..], &before[..]);
            while let Some(run) = self.next_run(&mut listed, &mut before) {
                // SAFETY: the listed blocks of the run were collected above.
                let gone = match unsafe { self.give_back(&run) } {
                    Some((hole, gained, gone)) => {
                        frontier.holes.push(hole);
                        bytes += gained;
                        gone
                    }
                    None => {
                        frontier.holes.extend_from_slice(run.holes);
                        0..0
                    }
                };
                let mut stay = Chain::default();
                for &block in run.listed[gone.end..].iter().chain(&run.listed[..gone.start]).rev() {
                    // SAFETY: the block was collected above, and is in no other chain.
                    unsafe { stay.push(&self.links, block) };
                }
                // SAFETY: both chains hold blocks of this stripe.
                unsafe { stay.prepend(&self.links, kept) };
                kept = stay;
            }
            frontier.holes.reverse();
            frontier.released += bytes;
        }
        arena.budget.give(index, bytes);
        for chain in [free, kept] {
            // SAFETY: the blocks are of this stripe, and in no other chain.
            unsafe { self.lists(0).free.prepend(&self.links, chain) };
        }
        bytes
    }

    /// Takes all free blocks of this stripe, the one at `index`, out of the lists.
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
                // SAFETY: both chains hold blocks of this stripe.
                unsafe { all.prepend(&self.links, chain.unwrap_or_default()) };
            }
        }
        // SAFETY: these are this stripe's inbox and links, and its memory is alive.
        let sent = unsafe { self.inbox.drain(&self.links) };
        // SAFETY: both chains hold blocks of this stripe.
        unsafe { all.prepend(&self.links, sent.unwrap_or_default()) };
        all
    }

    /// Splits the first run off `listed` and `holes`, which are ascending.
    fn next_run<'a>(&self, listed: &mut &'a [u32], holes: &mut &'a [Hole]) -> Option<Run<'a>> {
        let firsts = [listed.first().copied(), holes.first().map(|hole| hole.first)];
        let first = firsts.into_iter().flatten().min()?;
        let (mut blocks, mut from_lists, mut from_holes) = (0, 0, 0);
        loop {
            let next = first + blocks as u32 * self.shape.units();
            if listed.get(from_lists) == Some(&next) {
                blocks += 1;
                from_lists += 1;
            } else if let Some(hole) = holes.get(from_holes).filter(|hole| hole.first == next) {
                blocks += hole.blocks;
                from_holes += 1;
            } else {
                break;
            }
        }
        let run = Run { first, blocks, listed: &listed[..from_lists], holes: &holes[..from_holes] };
        (*listed, *holes) = (&listed[from_lists..], &holes[from_holes..]);
        Some(run)
    }

    /// Gives the whole slabs of a run back to the system. Returns the one hole that the run has now, the
    /// number of bytes that went back in addition, and which of the listed blocks are in the hole. Returns
    /// `None` if there is no additional slab, or if the system refuses.
    ///
    /// # Safety
    /// The listed blocks are of this stripe, and in no chain.
    unsafe fn give_back(&self, run: &Run<'_>) -> Option<(Hole, usize, Range<usize>)> {
        let (size, units) = (self.shape.size, self.shape.units());
        let begin = self.offset(run.first);
        let slab = begin.next_multiple_of(SLAB);
        // A hole that was partly taken again begins within a slab.
        let start = run.holes.first().map_or(slab, |hole| hole.start.min(slab));
        let end = (begin + run.blocks * size) / SLAB * SLAB;
        let before: usize = run.holes.iter().map(|hole| hole.end - hole.start).sum();
        let gained = end.saturating_sub(start).saturating_sub(before);
        if gained == 0 {
            return None;
        }
        let mut blocks = start.saturating_sub(begin) / size..(end - begin).div_ceil(size);
        if let Some(hole) = run.holes.first() {
            // The first blocks of a hole may lie on a page that was taken again.
            blocks.start = blocks.start.min(((hole.first - run.first) / units) as usize);
        }
        let number = |block: usize| run.first + block as u32 * units;
        let index = |block: usize| run.listed.partition_point(|&listed| listed < number(block));
        let gone = index(blocks.start)..index(blocks.end);
        // SAFETY: the blocks are of this stripe.
        let most = unsafe { self.largest_first_word(&run.listed[gone.clone()]) };
        // SAFETY: whole pages of committed memory in which all blocks are free.
        unsafe { self.blocks.span().part(start, end - start).discard() }.ok()?;
        let seed = run.holes.iter().map(|hole| hole.seed).fold(next_even(most), u64::max);
        let hole = Hole { first: number(blocks.start), blocks: blocks.len(), start, end, seed };
        Some((hole, gained, gone))
    }

    /// Takes a run of blocks out of the last hole, if the budget of this stripe, the one at `index`, allows
    /// it.
    ///
    /// # Safety
    /// This is the stripe's own frontier, and its memory is alive.
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
                // SAFETY: committed memory; all blocks there are free and in no chain.
                unsafe { prefault(self.blocks.span().part(hole.start, bytes), arena) };
            }
            hole.start = reach;
            frontier.released -= bytes;
        }
        let mut chain = Chain::default();
        for i in (0..run as u32).rev() {
            let block = hole.first + i * self.shape.units();
            // Relaxed: the next owner gets the block, and this word, through a lock.
            // SAFETY: the block is of this stripe.
            unsafe { self.first_word(block) }.store(hole.seed, Relaxed);
            // SAFETY: the block is of this stripe, and in no chain.
            unsafe { chain.push(&self.links, block) };
        }
        hole.first += run as u32 * self.shape.units();
        hole.blocks -= run;
        if hole.blocks == 0 {
            frontier.holes.pop();
        }
        chain.take()
    }

    /// The largest first word of these blocks; 0 for none.
    ///
    /// # Safety
    /// The blocks were carved from this stripe, whose memory is alive.
    unsafe fn largest_first_word(&self, blocks: &[u32]) -> u64 {
        // SAFETY: the block is of this stripe.
        let word = |block: &u32| unsafe { self.first_word(*block) }.load(Relaxed);
        blocks.iter().map(word).max().unwrap_or(0)
    }

    /// The start of a block, in bytes from the stripe's start.
    fn offset(&self, block: u32) -> usize {
        (block - self.first_unit) as usize * UNIT
    }

    /// The first word of a block.
    ///
    /// # Safety
    /// The block was carved from this stripe, whose memory is alive.
    unsafe fn first_word(&self, block: u32) -> &AtomicU64 {
        let word = self.blocks.span().part(self.offset(block), size_of::<u64>()).start().cast();
        // SAFETY: committed memory, aligned to a unit. By the contract, all access to this word is atomic.
        unsafe { word.as_ref() }
    }
}

/// The even number after `word`.
fn next_even(word: u64) -> u64 {
    (word | 1) + 1
}
