//! The configurations that every suite runs under.

use bskip_core::{BSkipMap, Config, GlobalArena, Key, Promotion, Refresh};

/// The promotion policies as users would choose them.
pub const PROMOTIONS: [Promotion; 3] =
    [Promotion::Coin { one_in: 64 }, Promotion::CoinAndOverflow { one_in: 256 }, Promotion::Overflow];

/// The same policies, and coins so frequent that tall keys and short nodes are common.
pub const CRUEL_PROMOTIONS: [Promotion; 5] = [
    Promotion::Coin { one_in: 64 },
    Promotion::Coin { one_in: 3 },
    Promotion::CoinAndOverflow { one_in: 256 },
    Promotion::CoinAndOverflow { one_in: 4 },
    Promotion::Overflow,
];

/// [`CRUEL_PROMOTIONS`], of which the short form of the tests takes every other one.
pub fn some_promotions() -> impl Iterator<Item = Promotion> {
    CRUEL_PROMOTIONS.into_iter().step_by(if cfg!(thorough) { 1 } else { 2 })
}

/// A configuration with this policy and seed. With an odd seed, replicas (if the arena has any) are updated
/// lazily.
pub fn config(promotion: Promotion, seed: u64) -> Config {
    let refresh = if seed.is_multiple_of(2) { Refresh::Synchronous } else { Refresh::Lazy };
    Config::new().promotion(promotion).refresh(refresh).seed(seed)
}

/// An empty map of this policy on the global allocator.
///
/// # Panics
/// If there is no memory for it.
#[must_use]
pub fn map_of<K: Key, V>(promotion: Promotion) -> BSkipMap<K, V> {
    BSkipMap::with_config(GlobalArena::new(), config(promotion, 0x5EED)).expect("memory for an empty map")
}

/// A number of keys, steps or rounds: all of them in the thorough build, which `cargo xtask verify` makes
/// (`--cfg thorough`), else a fifth.
#[must_use]
pub const fn scaled(all: u64) -> u64 {
    if cfg!(thorough) { all } else { all / 5 }
}

/// The number of steps for threads that share a map. `ordinary` steps suffice for nodes of the usual size.
/// With small nodes half as many suffice: nearly every insertion changes more than one node, and threads
/// yield in every window. [`scaled`] applies too.
#[must_use]
pub const fn shared_steps(ordinary: u64) -> u64 {
    scaled(if cfg!(small_nodes) { ordinary / 2 } else { ordinary })
}
