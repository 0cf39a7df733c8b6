//! Removing a range leaves what a map of the other keys looks like.
//!
//! Properties, for every arena and promotion policy, ranges at the start, in the middle, at the end, within one leaf,
//! and of everything, with every kind of bound:
//! - the call returns how many keys were in the range, and these keys are gone;
//! - the invariants hold: each leaf that is left has its entry, and the pool has back every block of the others;
//! - a map that is emptied takes as little as a new one, and can be filled again.

use bskip_core::BSkipMap;
use core::ops::Bound;
use tests::arena::{AnyArena, ArenaKind};
use tests::config::{CRUEL_PROMOTIONS, config};

const KEYS: u64 = 20_000;

#[test]
fn removed_ranges() {
    for (arena, promotion) in
        ArenaKind::chosen().iter().flat_map(|&arena| CRUEL_PROMOTIONS.map(|promotion| (arena, promotion)))
    {
        let bounds = [
            (Bound::Unbounded, Bound::Excluded(30)),
            (Bound::Included(100), Bound::Included(100)),
            (Bound::Excluded(100), Bound::Excluded(140)),
            (Bound::Included(1_000), Bound::Excluded(1_500)),
            (Bound::Included(3_001), Bound::Included(9_999)),
            (Bound::Excluded(12_345), Bound::Included(12_999)),
            (Bound::Included(15_000), Bound::Unbounded),
            (Bound::Unbounded, Bound::Unbounded),
        ];
        let mut map: BSkipMap<u64, u64, AnyArena> =
            BSkipMap::with_config(arena.make(), config(promotion, 4)).expect("memory");
        let new = map.check_invariants();
        for _ in 0..2 {
            let mut keys: Vec<u64> = (0..KEYS).collect();
            for i in 0..KEYS {
                let key = i * 7_919 % KEYS;
                assert_eq!(map.insert(key, !key), None);
            }
            for range in bounds {
                let (before, blocks) = (keys.len(), map.usage().issued_blocks);
                let is_in = |key: &u64| core::ops::RangeBounds::contains(&range, key);
                assert_eq!(map.range_count(range), keys.iter().filter(|key| is_in(key)).count());
                keys.retain(|key| !is_in(key));
                assert_eq!(map.remove_range(range), before - keys.len(), "{range:?}");
                assert_eq!(map.range_count(range), 0);
                assert_eq!(map.check_invariants().keys, keys.len(), "{range:?}");
                assert!(map.keys().eq(keys.iter().copied()), "{range:?}");
                // Of the leaves of a long range, no more stay than have pairs.
                let gone = (before - keys.len()) / 64;
                assert!(
                    map.usage().issued_blocks + gone * 3 / 4 <= blocks + 4,
                    "{range:?}: of {blocks} blocks"
                );
            }
            let emptied = map.check_invariants();
            assert!(emptied.leaves <= new.leaves + 2, "{promotion:?}: {emptied:?}");
        }
    }
}
