//! A map of random keys that a team has filled, and plain memory of the size of its leaves to compare it
//! with.

use crate::interleaved::timed;
use crate::keys::{KeySet, Shape, fingerprint, value_of};
use crate::memory_baseline::MemoryBaseline;
use crate::team::Team;
use bskip_core::BSkipMap;

pub(crate) type Map = BSkipMap<u64, u64>;

/// The keys of the map. The value of each is its version 0.
pub(crate) const KEYS: KeySet = KeySet::new(Shape::Mixed, 1);

/// See the module.
pub(crate) struct Filled {
    pub(crate) map: Map,
    /// All pairs, summed up by [`add`].
    pub(crate) sum: u64,
    pub(crate) leaf_bytes: usize,
    /// At least as large as the leaves.
    pub(crate) memory: MemoryBaseline,
}

/// Adds a pair to a sum.
pub(crate) fn add(sum: &mut u64, key: u64, value: u64) {
    *sum = sum.wrapping_add(fingerprint(key) ^ value);
}

impl Filled {
    /// Inserts the first `keys` of [`KEYS`].
    pub(crate) fn new(team: &Team, keys: u64) -> Result<Self, String> {
        let map = Map::new();
        let (sum, _) = timed(team, |t| {
            let mut sum = 0;
            for key in (t as u64..keys).step_by(team.len()).map(|i| KEYS.key(i)) {
                assert_eq!(map.insert(key, value_of(key, 0)), None, "the keys are distinct");
                add(&mut sum, key, value_of(key, 0));
            }
            sum
        })?;
        let mut leaves = 0;
        map.for_each_chunk(.., |_, _| leaves += 1);
        let leaf_bytes = leaves * Map::NODE_BYTES.0;
        Ok(Self { map, sum, leaf_bytes, memory: MemoryBaseline::new(leaf_bytes)? })
    }
}
