//! Blocks of other stripes that a stripe's threads released and may take again.

use bskip_core::arena::BlockId;

use super::Stripe;

impl Stripe {
    /// Takes a block that the thread's shard of this stripe has of another, and the index of that: of the
    /// first in `order` of which it has one.
    ///
    /// # Safety
    /// The memory of all stripes is alive.
    pub(crate) unsafe fn take_adopted(
        &self,
        thread: usize,
        order: &[usize],
        stripes: &[Self],
    ) -> Option<(BlockId, usize)> {
        let mut lists = self.lists(thread);
        order.iter().find_map(|&index| {
            let away = lists.away.get_mut(index)?;
            // SAFETY: the chain at `index` holds blocks of the stripe there.
            let block = unsafe { away.chain.pop(&stripes[index].links) }?;
            away.taken += 1;
            Some((block, index))
        })
    }
}
