//! Free lists: chains of blocks, and the inbox that receives whole chains.
//!
//! The contract forbids a pool to write into its blocks. So every block of a stripe has a 32-bit link in an
//! array beside the blocks. The owner of a chain owns the links of its blocks. Links are atomic only so that
//! no access needs a proof of exclusive access.

use core::num::NonZeroU32;
use core::ptr::NonNull;

use bskip_core::arena::BlockId;
use crossbeam_utils::CachePadded;

use crate::region::Span;
use crate::sync::{AtomicU32, Ordering};

/// Marks the end of a chain. No block has this number.
const NIL: u32 = 0;

/// The links of the blocks of a stripe.
#[derive(Debug)]
pub(crate) struct Links {
    span: Span,
    /// The number of the stripe's first block.
    first: u32,
    /// Units from one block to the next.
    block_units: u32,
}

impl Links {
    /// Links in `span` for the blocks `first`, `first + block_units`, and so on.
    pub(crate) fn new(span: Span, first: u32, block_units: u32) -> Self {
        Self { span, first, block_units }
    }

    /// The link of `block`.
    ///
    /// # Safety
    /// `block` was carved from this stripe, whose region is alive.
    unsafe fn of(&self, block: u32) -> &AtomicU32 {
        let slot = ((block - self.first) / self.block_units) as usize;
        let links: NonNull<AtomicU32> = self.span.start().cast();
        // SAFETY: the link of a carved block is in the committed part of the span (`Stripe::commit_links`).
        let link = unsafe { links.add(slot) };
        // SAFETY: committed memory that was zero at first, aligned because a span starts at a page, and only
        // accessed as atomics.
        unsafe { link.as_ref() }
    }
}

/// Free blocks of one stripe, linked from the first to the last. Only the owner of the chain accesses their
/// links.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    first: u32,
    last: u32,
    len: u32,
}

impl Chain {
    /// The number of blocks.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Takes the whole chain; `None` if it is empty.
    pub(crate) fn take(&mut self) -> Option<Self> {
        if self.len == 0 { None } else { Some(core::mem::take(self)) }
    }

    /// Adds a block at the front.
    ///
    /// # Safety
    /// The caller owns `block`. It was carved from the stripe of `links`, as were all blocks of this chain.
    #[inline]
    pub(crate) unsafe fn push(&mut self, links: &Links, block: u32) {
        // SAFETY: carved from this stripe, by the caller's promise.
        unsafe { links.of(block) }.store(self.first, Ordering::Relaxed);
        if self.len == 0 {
            self.last = block;
        }
        self.first = block;
        self.len += 1;
    }

    /// Takes the first block.
    ///
    /// # Safety
    /// The blocks of this chain were carved from the stripe of `links`.
    #[inline]
    pub(crate) unsafe fn pop(&mut self, links: &Links) -> Option<BlockId> {
        let block = NonZeroU32::new(self.first)?;
        // SAFETY: carved from this stripe, by the caller's promise.
        self.first = unsafe { links.of(block.get()) }.load(Ordering::Relaxed);
        self.len -= 1;
        Some(BlockId(block))
    }

    /// Puts all blocks of `front` before the blocks of this chain.
    ///
    /// # Safety
    /// The blocks of both chains were carved from the stripe of `links`.
    pub(crate) unsafe fn prepend(&mut self, links: &Links, front: Self) {
        if front.len == 0 {
            return;
        }
        if self.len == 0 {
            *self = front;
            return;
        }
        // SAFETY: carved from this stripe, by the caller's promise.
        unsafe { links.of(front.last) }.store(self.first, Ordering::Relaxed);
        self.first = front.first;
        self.len += front.len;
    }
}

/// Where threads leave chains of blocks for another node. Any thread may push a chain. The node's stripe
/// takes all chains at once. Blocks are never popped one by one, so there is no ABA problem.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// On cache lines of its own.
    first: CachePadded<AtomicU32>,
}

impl Inbox {
    /// Leaves a chain. Lock-free.
    ///
    /// # Safety
    /// The blocks of `chain` were carved from the stripe of `links`, and this is the inbox of that stripe.
    pub(crate) unsafe fn push(&self, links: &Links, chain: &Chain) {
        if chain.len == 0 {
            return;
        }
        let mut rest = self.first.load(Ordering::Relaxed);
        loop {
            // SAFETY: carved from this stripe, by the caller's promise.
            unsafe { links.of(chain.last) }.store(rest, Ordering::Relaxed);
            // Release pairs with the Acquire in `drain`: the thread that drains sees the links of this chain,
            // and what the releasing threads wrote into its blocks.
            match self.first.compare_exchange_weak(rest, chain.first, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => rest = now,
            }
        }
    }

    /// Takes all chains as one. Takes time in proportion to the number of blocks.
    ///
    /// # Safety
    /// This is the inbox of the stripe of `links`.
    pub(crate) unsafe fn drain(&self, links: &Links) -> Option<Chain> {
        if self.first.load(Ordering::Relaxed) == NIL {
            return None;
        }
        // Acquire pairs with the Release in every `push` since the last drain: each push continues the
        // release sequence of the one before.
        let first = self.first.swap(NIL, Ordering::Acquire);
        let mut chain = Chain { first, last: first, len: 0 };
        let mut block = first;
        while block != NIL {
            chain.last = block;
            chain.len += 1;
            // SAFETY: threads push only blocks of this stripe.
            block = unsafe { links.of(block) }.load(Ordering::Relaxed);
        }
        chain.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::{Region, SLAB};

    /// The links of a stripe with the blocks 3, 5, 7, …, of two units each.
    fn links() -> (Region, Links) {
        let region = Region::reserve(SLAB, SLAB).unwrap();
        // SAFETY: the region is alive and a slab is whole pages.
        unsafe { region.span().commit() }.unwrap();
        let links = Links::new(region.span(), 3, 2);
        (region, links)
    }

    fn chain(links: &Links, blocks: &[u32]) -> Chain {
        let mut chain = Chain::default();
        for &block in blocks.iter().rev() {
            // SAFETY: the tests own all blocks of their stripe.
            unsafe { chain.push(links, block) };
        }
        chain
    }

    fn all(links: &Links, mut chain: Chain) -> Vec<u32> {
        let mut blocks = Vec::new();
        // SAFETY: the chain holds blocks of this stripe.
        while let Some(block) = unsafe { chain.pop(links) } {
            blocks.push(block.0.get());
        }
        assert_eq!(chain.len(), 0);
        blocks
    }

    #[test]
    fn chains_keep_their_order_and_length() {
        let (_region, links) = links();
        assert!(all(&links, Chain::default()).is_empty());
        assert_eq!(all(&links, chain(&links, &[3, 9, 5])), [3, 9, 5]);
        let mut joined = chain(&links, &[3, 5]);
        // SAFETY: all blocks are of this stripe.
        unsafe { joined.prepend(&links, chain(&links, &[7, 9, 11])) };
        assert_eq!(joined.len(), 5);
        // SAFETY: all blocks are of this stripe.
        unsafe { joined.prepend(&links, Chain::default()) };
        let taken = joined.take().unwrap();
        assert!(joined.take().is_none());
        // SAFETY: all blocks are of this stripe.
        unsafe { joined.prepend(&links, taken) };
        assert_eq!(all(&links, joined), [7, 9, 11, 3, 5]);
    }

    #[test]
    fn an_inbox_gives_back_every_chain_once() {
        let (_region, links) = links();
        let inbox = Inbox::default();
        // SAFETY: this is the stripe's only inbox.
        assert!(unsafe { inbox.drain(&links) }.is_none());
        for blocks in [&[3, 5][..], &[7], &[], &[9, 11]] {
            // SAFETY: all blocks are of this stripe.
            unsafe { inbox.push(&links, &chain(&links, blocks)) };
        }
        // SAFETY: this is the stripe's only inbox.
        let drained = unsafe { inbox.drain(&links) }.unwrap();
        assert_eq!(drained.len(), 5);
        assert_eq!(drained.last, 5);
        assert_eq!(all(&links, drained), [9, 11, 7, 3, 5]);
        // SAFETY: this is the stripe's only inbox.
        assert!(unsafe { inbox.drain(&links) }.is_none());
    }

    #[test]
    fn pushes_of_many_threads_all_arrive() {
        let (_region, links) = links();
        let inbox = Inbox::default();
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            for thread in 0..4u32 {
                let (inbox, links) = (&inbox, &links);
                scope.spawn(move || {
                    for i in 0..1000 {
                        let block = 3 + 2 * (thread * 1000 + i);
                        // SAFETY: each thread has its own blocks, all of this stripe.
                        unsafe { inbox.push(links, &chain(links, &[block])) };
                    }
                });
            }
            for _ in 0..1000 {
                // SAFETY: this is the stripe's only inbox.
                seen.extend(unsafe { inbox.drain(&links) }.map(|c| all(&links, c)).into_iter().flatten());
            }
        });
        // SAFETY: this is the stripe's only inbox.
        seen.extend(unsafe { inbox.drain(&links) }.map(|c| all(&links, c)).into_iter().flatten());
        seen.sort_unstable();
        assert_eq!(seen, (0..4000).map(|i| 3 + 2 * i).collect::<Vec<u32>>());
    }
}
