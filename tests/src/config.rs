//! The configurations that every suite runs under.

use bskip_core::{BSkipMap, Config, GlobalArena, Key, Promotion, Refresh};

/// The promotion policies as one would use them.
pub const PROMOTIONS: [Promotion; 3] =
    [Promotion::Coin { one_in: 64 }, Promotion::CoinAndOverflow { one_in: 256 }, Promotion::Overflow];

/// The same, and coins so frequent that tall keys and short nodes are everywhere.
pub const CRUEL_PROMOTIONS: [Promotion; 5] = [
    Promotion::Coin { one_in: 64 },
    Promotion::Coin { one_in: 3 },
    Promotion::CoinAndOverflow { one_in: 256 },
    Promotion::CoinAndOverflow { one_in: 4 },
    Promotion::Overflow,
];

/// A configuration of this policy; with an odd seed replicas, where there are any, follow lazily.
#[must_use]
pub fn config(promotion: Promotion, seed: u64) -> Config {
    let refresh = if seed.is_multiple_of(2) { Refresh::Synchronous } else { Refresh::Lazy };
    Config { promotion, refresh, seed }
}

/// An empty map of this policy on the global allocator.
///
/// # Panics
/// When there is no memory for it.
#[must_use]
pub fn map_of<K: Key, V>(promotion: Promotion) -> BSkipMap<K, V> {
    BSkipMap::with_config(GlobalArena, config(promotion, 0x5EED)).expect("memory for an empty map")
}
