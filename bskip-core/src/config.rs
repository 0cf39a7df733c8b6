//! What a map's creator may choose.

/// Which nodes a level of the index lists, besides its first: the *promoted set*.
///
/// A node splits for two reasons: a key whose height promises that a node starts at it (the coin), and a
/// full node (overflow; a leaf only if no neighbour has room). The paper lists only the first kind in the
/// level above; nodes split off by overflow are then reached only by stepping right. Listing them too
/// ("posting", as B-link trees do) gives fuller nodes and shorter searches. See `bench/NOTES.md` for what each costs on your kind of machine;
/// the README's table has our numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promotion {
    /// The paper's coin alone: heights by coin flip, one key in `one_in` a level. Nodes are about 38 % full,
    /// a quarter of the leaves have no entry above.
    Coin {
        /// One key in so many is promoted from each level to the next; the paper's 1/64 for full nodes.
        /// Below 2 counts as 2.
        one_in: u32,
    },
    /// The coin, and an entry for every overflow split.
    CoinAndOverflow {
        /// As for [`Coin`](Promotion::Coin); the rarer, the fuller the nodes.
        one_in: u32,
    },
    /// Overflow splits alone: a B-link tree's shape. The fullest nodes; heights are not known before the
    /// descent, so growth is always bottom-up.
    Overflow,
}

impl Default for Promotion {
    fn default() -> Self {
        Promotion::CoinAndOverflow { one_in: 4096 }
    }
}

/// When the replicas of inner nodes follow their originals, if the map's arena keeps replicas
/// ([`BlockPool::replicas`](crate::BlockPool::replicas)). A replica that has not followed yet makes a search slower, never
/// wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Refresh {
    /// At once: whoever changes an inner node writes it to every replica, about one insertion in fifty. Searches then
    /// find their way on their own NUMA node, but for those that meet such a change.
    #[default]
    Synchronous,
    /// When a search was led astray: the searching thread copies the nodes on its way to its own replica, each under its
    /// lock. Writers do nothing, and the nodes where nobody searches are copied nowhere; but a search may lock inner
    /// nodes, so one that is suspended then delays others, as a writer would.
    Lazy,
}

/// How a map is set up. `Config::default()` is right for most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which nodes are promoted.
    pub promotion: Promotion,
    /// When replicas are brought up to date.
    pub refresh: Refresh,
    /// Seed of the coin. Whoever knows it and chooses the keys can make a map lopsided, so the default is
    /// random with the feature `std`; give one for runs that repeat.
    pub seed: u64,
}

impl Config {
    /// The default with this seed.
    #[must_use]
    pub fn with_seed(seed: u64) -> Self {
        Self { promotion: Promotion::default(), refresh: Refresh::default(), seed }
    }
}

impl Default for Config {
    /// The default promotion. The seed is random with the feature `std`, else it is made of an address and a
    /// counter: different for every map, but not secret.
    fn default() -> Self {
        Self::with_seed(some_seed())
    }
}

#[cfg(feature = "std")]
fn some_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

#[cfg(not(feature = "std"))]
fn some_seed() -> u64 {
    use crate::sync::{AtomicUsize, Ordering};
    static MAPS: AtomicUsize = AtomicUsize::new(1);
    let count = MAPS.fetch_add(1, Ordering::Relaxed) as u64;
    count.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (&raw const MAPS).addr() as u64
}
