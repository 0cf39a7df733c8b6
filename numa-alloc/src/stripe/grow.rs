//! Growing a stripe: how much of its address space becomes usable next.

use bskip_core::arena::AllocErrorKind;

use super::commit::MOST_SLABS;
use super::lists::{Frontier, RUN_BYTES, Stripe};
use crate::region::SLAB;
use crate::shared::Shared;

impl Stripe {
    /// Commits more memory for this stripe, the one at `index`. The first step is as large as a run of
    /// blocks. Each later step doubles what there is, up to [`START`](crate::memory::START) bytes. From then
    /// on a step is 1/64 of what there is, in whole slabs. A limit or the system may make a step smaller, but
    /// it has room for at least one block.
    ///
    /// # Errors
    /// Why the stripe cannot grow.
    ///
    /// # Safety
    /// This is the stripe's own frontier, and its memory is alive.
    pub(super) unsafe fn grow(
        &self,
        index: usize,
        frontier: &mut Frontier,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        let committed = frontier.committed;
        let end = frontier.carved + self.shape.size;
        if end > frontier.end {
            return Err(AllocErrorKind::AddressSpaceExhausted);
        }
        let mut stop = frontier.end;
        if let Some(page) = arena.pages.hugetlb() {
            // SAFETY: this is the stripe's own frontier, and its memory is alive.
            if unsafe { self.grow_hugetlb(page, index, frontier, arena) }? {
                return Ok(());
            }
            // Stop at the next page boundary, where the stripe asks the hugetlb pool again.
            stop = stop.min(end.next_multiple_of(page));
        }
        let need = end.next_multiple_of(arena.page) - committed;
        let before = committed - self.shape.front;
        let want = if self.shape.front > 0 && end <= SLAB {
            // In front of the first huge page: double what there is.
            (committed + before.max(RUN_BYTES).max(need)).next_multiple_of(arena.page).min(SLAB)
        } else {
            let step = (before / 64).clamp(SLAB, MOST_SLABS * SLAB).max(need);
            (committed + step).next_multiple_of(SLAB)
        };
        let want = want.min(stop) - committed;
        let granted = arena.budget.take(index, want, need).ok_or(AllocErrorKind::LimitReached)?;
        let mut bytes = granted;
        // SAFETY: this is the stripe's own frontier, and its memory is alive.
        while let Err(why) = unsafe { self.commit(frontier, bytes, arena) } {
            if bytes == need {
                arena.budget.give(index, granted);
                return Err(why);
            }
            bytes = (bytes / 2).next_multiple_of(arena.page).max(need);
        }
        arena.budget.give(index, granted - bytes);
        Ok(())
    }
}
