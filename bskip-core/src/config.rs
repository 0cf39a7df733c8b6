//! What the creator of a map may choose.

use crate::platform::Platform;

/// The *promoted set*: which nodes a level of the index lists, besides the level's first node.
///
/// A node splits for two reasons. Either the coin gives a key a height, so a node must start at that key. Or
/// the node is full: this is an overflow. (A full leaf splits only if no neighbour has room.) The paper lists
/// only nodes of the first kind in the level above, and searches reach the others by stepping right. If the
/// level lists the others too ("posting", as B-link trees do), nodes are fuller and searches shorter.
/// `bench/NOTES.md` in the repository has what each policy costs on which kind of machine, and
/// `bskip-core/docs/GUIDE.md` has our figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promotion {
    /// The paper's coin alone: one key in `one_in` rises from each level to the next. Nodes are about 38 %
    /// full, and a quarter of the leaves have no entry in the level above.
    Coin {
        /// One key in this many rises from each level to the next. The paper's value for full nodes is 64.
        /// Values below 2 count as 2.
        one_in: u32,
    },
    /// The coin, and an entry for every node that an overflow splits off.
    CoinAndOverflow {
        /// As for [`Coin`](Promotion::Coin). The greater the number, the fuller the nodes.
        one_in: u32,
    },
    /// An entry for every node that an overflow splits off, and no coin: the shape of a B-link tree. Nodes
    /// are fullest.
    Overflow,
}

impl Default for Promotion {
    fn default() -> Self {
        Promotion::CoinAndOverflow { one_in: 4096 }
    }
}

/// When replicas of inner nodes are updated, if the map's arena keeps replicas
/// ([`NumaBlocks::replicas`](crate::arena::NumaBlocks::replicas)). A replica that is out of date makes a
/// search slower, never wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Refresh {
    /// At once: the thread that changes an inner node also writes every replica of it. About one insertion in
    /// fifty changes an inner node. Searches leave their own replica only if they meet such a change.
    #[default]
    Synchronous,
    /// When a replica has led a search astray: the searching thread copies the nodes on its way into its own
    /// replica, each under the node's lock. Writers copy nothing, and inner nodes that no thread nearby
    /// searches are copied nowhere. But a search may lock inner nodes, so a thread suspended in a search may
    /// delay others, as a suspended writer does.
    Lazy,
}

/// How a map is set up. The defaults are right for most maps.
///
/// ```
/// use bskip_core::{BSkipMap, Config, GlobalArena, Promotion};
///
/// let config = Config::new().promotion(Promotion::Overflow).seed(7);
/// let map: BSkipMap<u64, u64> = BSkipMap::with_config(GlobalArena::new(), config)?;
/// # assert!(map.is_empty());
/// # Ok::<(), bskip_core::AllocError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[must_use]
pub struct Config {
    pub(crate) promotion: Promotion,
    pub(crate) refresh: Refresh,
    pub(crate) counted: bool,
    /// `None`: each map takes one of its own.
    pub(crate) seed: Option<u64>,
}

impl Config {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            promotion: Promotion::CoinAndOverflow { one_in: 4096 },
            refresh: Refresh::Synchronous,
            counted: false,
            seed: None,
        }
    }

    /// Which nodes are promoted.
    pub const fn promotion(mut self, promotion: Promotion) -> Self {
        self.promotion = promotion;
        self
    }

    /// When replicas are updated.
    pub const fn refresh(mut self, refresh: Refresh) -> Self {
        self.refresh = refresh;
        self
    }

    /// Whether the map counts its pairs, so that `len` takes no longer for a large map. By default it does
    /// not: `len` then counts leaf by leaf.
    ///
    /// With `std`, the first 64 threads that count, in any map, have a cache line each, so they do not get in
    /// each other's way. Later threads share these lines. Without `std`, two threads may share one. An
    /// insertion of a new key or a removal takes some nanoseconds longer, and a map takes 8 KiB more.
    ///
    /// `len` is exact while no thread writes. While threads write, it may or may not include each of the
    /// operations that overlap the call.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, Config, GlobalArena};
    ///
    /// let map = BSkipMap::with_config(GlobalArena::new(), Config::new().counted(true))?;
    /// std::thread::scope(|threads| {
    ///     for first in [0, 1] {
    ///         let map = &map;
    ///         threads.spawn(move || (first..1000u64).step_by(2).for_each(|k| drop(map.insert(k, "value"))));
    ///     }
    /// });
    /// map.remove(&7);
    /// assert_eq!(map.len(), 999);
    /// # Ok::<(), bskip_core::AllocError>(())
    /// ```
    pub const fn counted(mut self, counted: bool) -> Self {
        self.counted = counted;
        self
    }

    /// The seed of the coin, for runs that can be repeated.
    ///
    /// An attacker who knows the seed and chooses the keys can make a map lopsided. So by default each map
    /// takes a seed of its own, from [`Platform::seed`] of its arena's platform.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The seed that was given, or a fresh one.
    pub(crate) fn seed_of_a_map<R: Platform>(&self) -> u64 {
        self.seed.unwrap_or_else(R::seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backoff::DefaultPlatform;

    #[test]
    fn new_is_the_default_and_a_seed_is_taken_once_a_map() {
        assert_eq!(Config::new(), Config::default());
        let config = Config::new();
        assert_ne!(config.seed_of_a_map::<DefaultPlatform>(), config.seed_of_a_map::<DefaultPlatform>());
        assert_eq!(config.seed(7).seed_of_a_map::<DefaultPlatform>(), 7);
    }
}
