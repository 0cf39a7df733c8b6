//! Growing a stripe: more of its address space becomes usable, from the front.

use bskip_core::arena::AllocErrorKind;

use super::{Frontier, MOST_SLABS, RUN_BYTES, Stripe, bind};
use crate::arena::Shared;
use crate::fallback::Fallback;
use crate::pages::PageSize;
use crate::places::Place;
use crate::prefault::prefault;
use crate::region::{Region, SLAB, Span};

impl Stripe {
    /// Commits more memory for this stripe, the one at `index`. The first step is a run's worth, and each later one
    /// doubles what there is, up to [`START`](crate::memory::START) bytes. From then on a step is 1/64 of what there
    /// is, in whole slabs. A limit or the system may make it smaller, but it has room for one block at least.
    ///
    /// # Safety
    /// The stripe's memory is alive.
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
            // SAFETY: this stripe's own frontier; its memory is alive.
            if unsafe { self.grow_hugetlb(page, index, frontier, arena) }? {
                return Ok(());
            }
            // No further than to where the pool is asked again.
            stop = stop.min(end.next_multiple_of(page));
        }
        let need = end.next_multiple_of(arena.page) - committed;
        let before = committed - self.shape.front;
        let want = if self.shape.front > 0 && end <= SLAB {
            // Within the part before the first huge page: as much again.
            (committed + before.max(RUN_BYTES).max(need)).next_multiple_of(arena.page).min(SLAB)
        } else {
            let step = (before / 64).clamp(SLAB, MOST_SLABS * SLAB).max(need);
            (committed + step).next_multiple_of(SLAB)
        };
        let want = want.min(stop) - committed;
        let granted = arena.budget.take(index, want, need).ok_or(AllocErrorKind::LimitReached)?;
        let mut bytes = granted;
        // SAFETY: this stripe's own frontier; its memory is alive.
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

    /// Makes `bytes` more usable, and the links and replicas of their blocks.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    unsafe fn commit(
        &self,
        frontier: &mut Frontier,
        bytes: usize,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        // SAFETY: the stripe's memory is alive.
        unsafe { self.commit_links(frontier, bytes, arena) }?;
        // SAFETY: as above.
        unsafe { self.commit_replicas(frontier, bytes, arena) }?;
        // SAFETY: whole pages, alive.
        unsafe { self.claim(&self.blocks, Some(self.place), frontier.committed + bytes, arena) }?;
        let blocks = self.blocks.span().part(frontier.committed, bytes);
        // SAFETY: whole pages, alive, and reserved.
        unsafe { blocks.commit() }.map_err(|_| AllocErrorKind::OutOfMemory)?;
        // SAFETY: whole pages, alive, and committed just now.
        unsafe { prepare(blocks, arena) };
        frontier.committed += bytes;
        Ok(())
    }

    /// Sees to it that the first `end` bytes of one of the stripe's regions are reserved, and asked of `place`.
    ///
    /// # Safety
    /// The stripe's memory is alive, and `end` is whole pages.
    pub(super) unsafe fn claim(
        &self,
        region: &Region,
        place: Option<Place>,
        end: usize,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        let fresh = region.claim(end).map_err(|_| AllocErrorKind::AddressSpaceExhausted)?;
        if let (Some(fresh), Some(place)) = (fresh, place) {
            // SAFETY: whole pages, alive.
            unsafe { bind(fresh, place, arena) };
        }
        Ok(())
    }

    /// Makes the links of `bytes` more usable.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    pub(super) unsafe fn commit_links(
        &self,
        frontier: &mut Frontier,
        bytes: usize,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        let end = self.shape.link_bytes(frontier.committed + bytes, arena.page);
        if end > frontier.links_committed {
            // SAFETY: whole pages, alive.
            unsafe { self.claim(&self.link_region, None, end, arena) }?;
            let links =
                self.link_region.span().part(frontier.links_committed, end - frontier.links_committed);
            // SAFETY: whole pages, alive, and reserved.
            unsafe { links.commit() }.map_err(|_| AllocErrorKind::OutOfMemory)?;
            if arena.prefault {
                // SAFETY: committed just now, so that nobody else knows it.
                unsafe { prefault(links, arena) };
            }
            frontier.links_committed = end;
        }
        Ok(())
    }
}

/// Asks for the pages that the arena wants in fresh memory, and touches them if they are to be touched.
///
/// # Safety
/// The span is whole pages, alive, and committed just now, so that nobody else knows it.
pub(super) unsafe fn prepare(span: Span, arena: &Shared) {
    let huge = arena.pages != PageSize::Small;
    // SAFETY: whole pages, alive.
    if let Err(errno) = unsafe { span.advise_huge(huge) }
        && huge
    {
        arena.notes.note(Fallback::HugePagesRefused { errno });
    }
    if arena.prefault {
        // SAFETY: by the caller's promise.
        unsafe { prefault(span, arena) };
    }
}
