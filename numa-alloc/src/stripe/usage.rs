//! What a stripe holds, as figures.

use core::sync::atomic::Ordering::Relaxed;

use super::Stripe;
use crate::mutex::lock;

/// What a stripe holds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StripeUsage {
    pub(crate) taken: u64,
    pub(crate) given: u64,
    /// Of the given ones, those given back by threads of other nodes.
    pub(crate) given_remotely: u64,
    pub(crate) committed: usize,
    pub(crate) misses: u64,
}

impl Stripe {
    /// Adds what this stripe and its shards know to the usage of all, by stripe.
    pub(crate) fn add_usage(&self, index: usize, all: &mut [StripeUsage]) {
        for shard in &self.shards {
            let lists = lock(&shard.0);
            all[index].taken += lists.taken;
            all[index].given += lists.given;
            for (away, usage) in lists.away.iter().zip(&mut *all) {
                usage.taken += away.taken;
                usage.given += away.given;
                usage.given_remotely += away.given;
            }
        }
        all[index].committed += self.held();
        all[index].misses += self.misses.load(Relaxed);
    }
}
