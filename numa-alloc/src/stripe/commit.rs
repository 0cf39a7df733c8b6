//! Makes a piece of a stripe usable, with the links and replicas of its blocks.

use bskip_core::arena::AllocErrorKind;

use super::lists::{Frontier, Stripe};
use super::pages::{bind, prefault, prepare};
use crate::nodes::ArenaNode;
use crate::region::Region;
use crate::shared::Shared;

/// The largest growth step, in slabs.
pub(super) const MOST_SLABS: usize = 16;

impl Stripe {
    /// Makes the next `bytes` of the stripe usable, with their links and replicas. The arena's budget was
    /// charged for the blocks, not for the replicas.
    ///
    /// # Safety
    /// This is the stripe's own frontier, and its memory is alive.
    pub(super) unsafe fn commit(
        &self,
        frontier: &mut Frontier,
        bytes: usize,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        // SAFETY: the stripe's memory is alive.
        unsafe { self.commit_links(frontier, bytes, arena) }?;
        // SAFETY: the stripe's memory is alive.
        unsafe { self.commit_replicas(frontier, bytes, arena) }?;
        // SAFETY: whole pages of a live region.
        unsafe { self.claim(&self.blocks, Some(self.node), frontier.committed + bytes, arena) }?;
        let blocks = self.blocks.span().part(frontier.committed, bytes);
        // SAFETY: whole pages of a live region, reserved above.
        unsafe { blocks.commit() }.map_err(|_| AllocErrorKind::OutOfMemory)?;
        // SAFETY: whole pages of a live region, committed just now.
        unsafe { prepare(blocks, arena) };
        frontier.committed += bytes;
        Ok(())
    }

    /// Reserves the first `end` bytes of one of the stripe's regions, unless they are reserved already, and
    /// asks the kernel to take new ones from `node`.
    ///
    /// # Safety
    /// The stripe's memory is alive, and `end` is whole pages.
    pub(super) unsafe fn claim(
        &self,
        region: &Region,
        node: Option<ArenaNode>,
        end: usize,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        let fresh = region.claim(end).map_err(|_| AllocErrorKind::AddressSpaceExhausted)?;
        if let (Some(fresh), Some(node)) = (fresh, node) {
            // SAFETY: whole pages of a live region.
            unsafe { bind(fresh, node, arena) };
        }
        Ok(())
    }

    /// Makes the links for the next `bytes` of the stripe usable.
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
            // SAFETY: whole pages of a live region.
            unsafe { self.claim(&self.link_region, None, end, arena) }?;
            let links =
                self.link_region.span().part(frontier.links_committed, end - frontier.links_committed);
            // SAFETY: whole pages of a live region, reserved above.
            unsafe { links.commit() }.map_err(|_| AllocErrorKind::OutOfMemory)?;
            if arena.prefault {
                // SAFETY: committed just now, so no other thread uses it.
                unsafe { prefault(links, arena) };
            }
            frontier.links_committed = end;
        }
        Ok(())
    }

    /// Makes the replicas of the next `bytes` usable. Charges them to the budgets of their nodes, or charges
    /// nothing if one of them is refused.
    ///
    /// # Safety
    /// The stripe's memory is alive.
    pub(super) unsafe fn commit_replicas(
        &self,
        frontier: &mut Frontier,
        bytes: usize,
        arena: &Shared,
    ) -> Result<(), AllocErrorKind> {
        let start = frontier.replicas_committed;
        let more = (frontier.committed + bytes).saturating_sub(start);
        if more == 0 || self.replicas.is_empty() {
            return Ok(());
        }
        for (index, (replica, &node)) in self.replicas.iter().zip(arena.nodes.all()).enumerate() {
            let charged = arena.budget.take(index, more, more).ok_or((index, AllocErrorKind::LimitReached));
            let committed = charged.and_then(|_| {
                // SAFETY: whole pages of a live region.
                unsafe { self.claim(replica, Some(node), start + more, arena) }
                    .map_err(|why| (index + 1, why))?;
                // SAFETY: whole pages of a live region, reserved above.
                let committed = unsafe { replica.span().part(start, more).commit() };
                committed.map_err(|_| (index + 1, AllocErrorKind::OutOfMemory))
            });
            if let Err((charged, why)) = committed {
                (0..charged).for_each(|index| arena.budget.give(index, more));
                return Err(why);
            }
        }
        for replica in &self.replicas {
            let fresh = replica.span().part(start, more);
            // SAFETY: whole pages of a live region, committed just now.
            unsafe { prepare(fresh, arena) };
        }
        frontier.replicas_committed = start + more;
        Ok(())
    }
}
