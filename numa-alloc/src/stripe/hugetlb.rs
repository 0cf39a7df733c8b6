//! Growing a stripe with pages of the hugetlb pool.

use bskip_core::arena::AllocErrorKind;

use super::commit::MOST_SLABS;
use super::lists::{Frontier, Stripe};
use crate::fallback::Fallback;
use crate::kernel::note_huge_page_settings;
use crate::region::SLAB;
use crate::shared::Shared;

impl Stripe {
    /// Commits more memory for this stripe, the one at `index`, in pages of `page` bytes from the hugetlb
    /// pool of its node. Returns whether it did. A step is as large as in [`grow`](Self::grow); if the pool
    /// has too few pages it is smaller, but it has room for at least one block.
    ///
    /// # Errors
    /// The stripe has lost the memory in front of it and cannot grow any more.
    ///
    /// # Safety
    /// This is the stripe's own frontier, and its memory is alive.
    pub(super) unsafe fn grow_hugetlb(
        &self,
        page: usize,
        index: usize,
        frontier: &mut Frontier,
        arena: &Shared,
    ) -> Result<bool, AllocErrorKind> {
        let committed = frontier.committed;
        let need = (frontier.carved + self.shape.size).next_multiple_of(page) - committed;
        if !committed.is_multiple_of(page) || need > frontier.end - committed {
            return Ok(false);
        }
        let step = (committed / 64).min(MOST_SLABS * SLAB).next_multiple_of(page);
        let want = step.max(need).min(frontier.end - committed);
        let Some(granted) = arena.budget.take(index, want, need) else { return Ok(false) };
        let mut bytes = granted / page * page;
        // SAFETY: the stripe's memory is alive.
        let links = unsafe { self.commit_links(frontier, bytes, arena) };
        // SAFETY: the stripe's memory is alive.
        let beside = links.and_then(|()| unsafe { self.commit_replicas(frontier, bytes, arena) });
        while beside.is_ok() {
            // SAFETY: whole pages of a live region.
            if unsafe { self.claim(&self.blocks, Some(self.node), committed + bytes, arena) }.is_err() {
                if bytes == need {
                    break;
                }
                bytes = (bytes / 2).next_multiple_of(page).max(need);
                continue;
            }
            let blocks = self.blocks.span().part(committed, bytes);
            // SAFETY: whole pages of a live region, reserved and never committed. The stripe and its
            // committed part begin at multiples of `page`.
            match unsafe { blocks.commit_hugetlb(page, self.node.os_index) } {
                Ok(refused) => {
                    if let Some(errno) = refused {
                        arena.fallbacks.note(Fallback::MbindRefused { errno });
                    }
                    frontier.committed += bytes;
                    arena.budget.give(index, granted - bytes);
                    return Ok(true);
                }
                Err(error) if error.lost => {
                    frontier.end = committed;
                    // SAFETY: nothing from `committed` on was ever used, and `end` keeps it so.
                    unsafe { self.blocks.abandon(committed, committed + bytes) };
                    arena.budget.give(index, granted);
                    return Err(AllocErrorKind::OutOfMemory);
                }
                Err(error) if bytes == need => {
                    arena.fallbacks.note(Fallback::HugetlbRefused { bytes: page, errno: error.errno });
                    note_huge_page_settings(&arena.fallbacks);
                    break;
                }
                Err(_) => bytes = (bytes / 2).next_multiple_of(page).max(need),
            }
        }
        arena.budget.give(index, granted);
        Ok(false)
    }
}
