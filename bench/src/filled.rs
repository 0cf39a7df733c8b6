//! A map of random keys, filled by a team, and plain memory of the size of its leaves to compare with.

use crate::keys::{Random, fingerprint, value_of};
use crate::plain::Plain;
use crate::team::Team;
use crate::turns::total;
use bskip_core::BSkipMap;

pub(crate) type Map = BSkipMap<u64, u64>;

/// See the module.
pub(crate) struct Filled {
    pub(crate) map: Map,
    /// All pairs, summed up by [`add`].
    pub(crate) sum: u64,
    pub(crate) leaf_bytes: usize,
    /// At least as large as the leaves.
    pub(crate) plain: Plain,
}

/// The key number `i`; its value is its version 0.
pub(crate) fn key(i: u64) -> u64 {
    Random::new(1, i).bits()
}

/// What a pair adds to a sum.
pub(crate) fn add(sum: &mut u64, key: u64, value: u64) {
    *sum = sum.wrapping_add(fingerprint(key) ^ value);
}

impl Filled {
    /// Inserts keys number 0 up to `keys`.
    pub(crate) fn new(team: &Team, keys: u64) -> Result<Self, String> {
        let map = Map::new();
        let filled = team.run(|t| {
            let mut sum = 0;
            for key in (t as u64..keys).step_by(team.len()).map(key) {
                if map.insert(key, value_of(key, 0)).is_none() {
                    add(&mut sum, key, value_of(key, 0));
                }
            }
            sum
        });
        let sum = total(filled.results)?;
        let mut leaves = 0;
        map.for_each_chunk(.., |_, _| {
            leaves += 1;
        });
        let leaf_bytes = leaves * Map::NODE_BYTES.0;
        let plain = Plain::new(leaf_bytes)?;
        Ok(Self { map, sum, leaf_bytes, plain })
    }
}
