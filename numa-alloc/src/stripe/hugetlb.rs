//! Growing a stripe by pages of the hugetlb pool.

use bskip_core::arena::AllocErrorKind;

use super::{Frontier, MOST_SLABS, Stripe};
use crate::arena::Shared;
use crate::fallback::Fallback;
use crate::region::SLAB;
use crate::thp;

impl Stripe {
    /// Commits more memory for this stripe, the one at `index`, in pages of `page` bytes from the pool of its
    /// node: whether it could. As much as [`grow`](Self::grow) would, less while that is not to be had, but
    /// at least a block's worth.
    ///
    /// # Errors
    /// The memory was lost on the way: the stripe cannot grow any more.
    ///
    /// # Safety
    /// The stripe's memory is alive.
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
        // SAFETY: as above.
        let beside = links.and_then(|()| unsafe { self.commit_replicas(frontier, bytes, arena) });
        while beside.is_ok() {
            // SAFETY: whole pages, alive.
            if unsafe { self.claim(&self.blocks, Some(self.place), committed + bytes, arena) }.is_err() {
                if bytes == need {
                    break;
                }
                bytes = (bytes / 2).next_multiple_of(page).max(need);
                continue;
            }
            let blocks = self.blocks.span().part(committed, bytes);
            // SAFETY: alive, reserved, and beyond what was committed; the stripe and what it has committed begin at
            // multiples of `page`.
            match unsafe { blocks.commit_hugetlb(page, self.place.bind) } {
                Ok(refused) => {
                    if let Some(errno) = refused {
                        arena.notes.note(Fallback::BindRefused { errno });
                    }
                    frontier.committed += bytes;
                    arena.budget.give(index, granted - bytes);
                    return Ok(true);
                }
                Err(error) if error.lost => {
                    frontier.end = committed;
                    arena.budget.give(index, granted);
                    return Err(AllocErrorKind::OutOfMemory);
                }
                Err(error) if bytes == need => {
                    arena.notes.note(Fallback::HugetlbRefused { bytes: page, errno: error.errno });
                    thp::note_refusals(&arena.notes);
                    break;
                }
                Err(_) => bytes = (bytes / 2).next_multiple_of(page).max(need),
            }
        }
        arena.budget.give(index, granted);
        Ok(false)
    }
}
