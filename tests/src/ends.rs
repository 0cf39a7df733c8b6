//! The least and the greatest key of a type.

use crate::arena::{AnyArena, ArenaKind};
use crate::config::{CRUEL_PROMOTIONS, config};
use crate::keys::TestKey;
use bskip_core::BSkipMap;
use core::ops::Bound::{self, Excluded, Included, Unbounded};
use std::collections::BTreeMap;

/// The pairs of a range from the front. The pairs from the back must be the same.
fn pairs<K: TestKey>(map: &BSkipMap<K, u64, AnyArena>, lo: Bound<K>, hi: Bound<K>) -> Vec<(K, u64)> {
    let mut back: Vec<_> = map.range((lo, hi)).rev().collect();
    back.reverse();
    let pairs: Vec<_> = map.range((lo, hi)).collect();
    assert_eq!(pairs, back, "{lo:?} {hi:?}");
    pairs
}

/// Checks that the least and the greatest key are ordinary keys: in maps of 0, 1, 2 and many keys, on every
/// arena, under every promotion policy.
///
/// # Panics
/// If they are not.
pub fn check_ends<K: TestKey>() {
    for (turn, (arena, promotion)) in
        (0..).zip(ArenaKind::ALL.into_iter().zip(CRUEL_PROMOTIONS.into_iter().cycle()))
    {
        for others in [0, 1, 700] {
            let map = BSkipMap::with_config(arena.make(), config(promotion, turn));
            let mut map: BSkipMap<K, u64, AnyArena> = map.expect("an empty map");
            let middle: BTreeMap<K, u64> = (2..2 + others)
                .map(|i| (K::nth(i), u64::from(i)))
                .filter(|(key, _)| *key != K::LEAST && *key != K::GREATEST)
                .collect();
            middle.iter().for_each(|(k, v)| assert_eq!(map.insert(*k, *v), None));
            for end in [K::GREATEST, K::LEAST] {
                assert_eq!((map.get(&end), map.remove(&end)), (None, None));
                assert_eq!(map.insert(end, 1), None);
                assert_eq!(map.insert(end, 2), Some(1));
                assert_eq!(map.get_or_insert_with(end, || unreachable!()), 2);
                assert!(map.update(&end, |v| *v += 1).is_some());
                assert_eq!(map.get_with(&end, |v| *v), Some(3));
            }
            assert_eq!(map.check_invariants().keys, middle.len() + 2);
            assert_eq!(
                (map.first_key_value(), map.last_key_value()),
                (Some((K::LEAST, 3)), Some((K::GREATEST, 3)))
            );
            let (least, greatest) = (K::LEAST, K::GREATEST);
            let inner: Vec<_> = middle.into_iter().collect();
            let whole = [&[(least, 3)], &inner[..], &[(greatest, 3)]].concat();
            let last = whole.len() - 1;
            assert_eq!(pairs(&map, Unbounded, Unbounded), whole);
            assert_eq!(pairs(&map, Included(least), Included(greatest)), whole);
            assert_eq!(pairs(&map, Included(least), Excluded(greatest)), whole[..last]);
            assert_eq!(pairs(&map, Excluded(least), Unbounded), whole[1..]);
            assert_eq!(pairs(&map, Excluded(least), Excluded(greatest)), inner);
            assert_eq!(pairs(&map, Included(greatest), Unbounded), whole[last..]);
            assert_eq!(pairs(&map, Unbounded, Included(least)), whole[..1]);
            assert_eq!(pairs(&map, Excluded(greatest), Unbounded), []);
            assert_eq!(pairs(&map, Unbounded, Excluded(least)), []);
            assert_eq!(map.pop_first(), Some((least, 3)));
            assert_eq!(map.pop_last(), Some((greatest, 3)));
            assert_eq!(pairs(&map, Unbounded, Unbounded), inner);
            map.check_invariants();
        }
    }
}
