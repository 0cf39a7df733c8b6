//! What an acquisition does when its free list is empty.

use bskip_core::arena::{AllocErrorKind, BlockId};

use super::lists::{Frontier, RUN_BLOCKS, RUN_BYTES, SHARDS, Stripe};
use crate::chain::Chain;
use crate::memory::UNIT;
use crate::shared::Shared;
use crate::sync::lock;

impl Stripe {
    /// Takes a block when the thread's shard is empty. Tries, in this order: the inbox, memory that was never
    /// used, the other shards of all `stripes`, memory that was given back to the system, and more memory.
    /// This is the stripe at `index`.
    ///
    /// # Errors
    /// Why the stripe cannot grow.
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
            // SAFETY: these are this stripe's inbox and links, and its memory is alive.
            let chain = unsafe { self.inbox.drain(&self.links) };
            let chain = chain
                // SAFETY: this is the stripe's own frontier, and its memory is alive.
                .or_else(|| unsafe { self.carve(&mut frontier) })
                .or_else(|| Self::steal(index, stripes, thread))
                // A chain may have arrived during the search through the shards.
                // SAFETY: these are this stripe's inbox and links, and its memory is alive.
                .or_else(|| unsafe { self.inbox.drain(&self.links) })
                // SAFETY: this is the stripe's own frontier, and its memory is alive.
                .or_else(|| unsafe { self.reopen(index, &mut frontier, arena) });
            match chain {
                // SAFETY: each source above yields free blocks of this stripe.
                Some(chain) => match unsafe { self.put_and_take(thread, chain) } {
                    Some(block) => return Ok(block),
                    None => continue,
                },
                // SAFETY: this is the stripe's own frontier, and its memory is alive.
                None => unsafe { self.grow(index, &mut frontier, arena) }?,
            }
        }
    }

    /// The free blocks that one shard has of the stripe at `index`. Looks through the stripe's own shards
    /// first, then through those of the other stripes, which collect blocks to send home.
    fn steal(index: usize, stripes: &[Self], thread: usize) -> Option<Chain> {
        let own = (0..SHARDS).find_map(|i| stripes[index].lists(thread + i).free.take());
        own.or_else(|| {
            stripes.iter().enumerate().filter(|(other, _)| *other != index).find_map(|(_, stripe)| {
                (0..SHARDS).find_map(|i| stripe.lists(thread + i).away[index].chain.take())
            })
        })
    }

    /// Carves a chain of blocks from committed memory that was never used, in ascending order.
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
            // SAFETY: the block is beyond what was carved, so no thread has it, and within what is committed.
            unsafe { chain.push(&self.links, block) };
        }
        frontier.carved += run * size;
        chain.take()
    }
}
