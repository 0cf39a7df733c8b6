//! A stripe's replicas: memory beside its blocks, on every node of the arena.

use bskip_core::arena::AllocErrorKind;

use super::grow::prepare;
use super::{Frontier, Stripe, lock};
use crate::arena::Shared;
use crate::region::Span;

impl Stripe {
    /// Its replicas' memory that may have been touched, in the order of the arena's places.
    pub(crate) fn committed_replicas(&self) -> impl Iterator<Item = Span> {
        let committed = lock(&self.frontier).replicas_committed;
        self.replicas.iter().map(move |replica| self.used(replica, committed))
    }

    /// Makes the replicas of `bytes` more usable, charged to the nodes that they are on; nothing if one of them cannot be
    /// had.
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
        for (place, (replica, &there)) in self.replicas.iter().zip(arena.places.all()).enumerate() {
            let charged = arena.budget.take(place, more, more).ok_or((place, AllocErrorKind::LimitReached));
            let committed = charged.and_then(|_| {
                // SAFETY: whole pages, alive.
                unsafe { self.claim(replica, Some(there), start + more, arena) }
                    .map_err(|why| (place + 1, why))?;
                // SAFETY: whole pages, alive, and reserved.
                let committed = unsafe { replica.span().part(start, more).commit() };
                committed.map_err(|_| (place + 1, AllocErrorKind::OutOfMemory))
            });
            if let Err((charged, why)) = committed {
                (0..charged).for_each(|place| arena.budget.give(place, more));
                return Err(why);
            }
        }
        for replica in &self.replicas {
            let fresh = replica.span().part(start, more);
            // SAFETY: whole pages, alive, and committed just now.
            unsafe { prepare(fresh, arena) };
        }
        frontier.replicas_committed = start + more;
        Ok(())
    }
}
