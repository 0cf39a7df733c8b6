//! Removing a range of byte strings, whole leaves at a time.
//!
//! Properties, for short keys, keys that begin alike and keys in cells, and some promotion policies:
//! - the call returns how many keys were in the range, and these keys are gone;
//! - values that own memory drop once each, and the cells of byte-string values are free again;
//! - the invariants hold. That includes that each cell of a key has as many references as nodes hold;
//! - an emptied map has few leaves;
//! - beside threads that insert, no pair is lost and none is counted twice.

use bskip_core::{BSkipBlobMap, BSkipBytesMap, GlobalArena, Promotion};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;
use tests::arena::ArenaKind;
use tests::config::{config, scaled, some_promotions};
use tests::rng::Rng;
use tests::spelled::{Far, Shared, Short, Spelling};
use tests::threads;

const KEYS: u64 = if cfg!(small_nodes) { 400 } else { 4_000 };

/// A leaf at the end of what is removed at once may stay: about one in 33.
const LEFT: u64 = if cfg!(small_nodes) { 3 + KEYS / 60 } else { 3 + KEYS / 300 };

fn removed<S: Spelling>(promotion: Promotion) {
    let arena = ArenaKind::chosen()[0];
    let counted = Arc::new(());
    let mut bytes =
        BSkipBytesMap::<[u8], Arc<()>, _>::with_config(arena.make(), config(promotion, 4)).expect("memory");
    let mut blobs = BSkipBlobMap::<[u8], _>::with_config(arena.make(), config(promotion, 5)).expect("memory");
    for _ in 0..2 {
        let mut order: Vec<u64> = (0..KEYS).collect();
        Rng::new(3).shuffle(&mut order);
        for &i in &order {
            bytes.insert(&S::of(i), counted.clone());
            blobs.insert(&S::of(i), &vec![i as u8; i as usize % 60]);
        }
        let mut keys: Vec<u64> = (0..KEYS).collect();
        let part = |tenths: u64| KEYS * tenths / 10;
        for (lower, upper) in [
            (Bound::Included(part(1)), Bound::Excluded(part(1) + 3)),
            (Bound::Excluded(part(2) + 1), Bound::Included(part(4))),
            (Bound::Unbounded, Bound::Excluded(part(1))),
            (Bound::Included(part(5) + 7), Bound::Excluded(part(8) - 5)),
            (Bound::Included(part(9)), Bound::Unbounded),
            (Bound::Unbounded, Bound::Unbounded),
        ] {
            let gone = keys.iter().filter(|key| (lower, upper).contains(*key)).count();
            keys.retain(|key| !(lower, upper).contains(key));
            let range = (lower.map(S::of), upper.map(S::of));
            assert_eq!(bytes.remove_range(range.clone()), gone, "{lower:?}, {upper:?}, {promotion:?}");
            assert_eq!(blobs.remove_range(range), gone, "{lower:?}, {upper:?}, {promotion:?}");
            assert_eq!(bytes.check_invariants().keys, keys.len());
            assert_eq!(blobs.check_invariants().keys, keys.len());
            assert_eq!(Arc::strong_count(&counted), keys.len() + 1, "values drop once each");
            let spelled = || keys.iter().map(|&i| S::of(i));
            assert!(bytes.iter().cloned().map(|pair| pair.0).eq(spelled()));
            assert!(blobs.iter().map(|pair| pair.0).eq(spelled()));
        }
        assert_eq!(blobs.cells_usage().issued_blocks, 0);
        let leaves = bytes.check_invariants().leaves;
        assert!(leaves as u64 <= LEFT, "{leaves} leaves of an empty map, {promotion:?}");
    }
}

#[test]
fn removed_ranges() {
    for promotion in some_promotions() {
        removed::<Short>(promotion);
        removed::<Shared>(promotion);
        removed::<Far>(promotion);
    }
}

/// Half of the threads insert keys of their own, each once. The others remove ranges.
#[test]
fn ranges_are_removed_beside_writers() {
    const THREADS: usize = 4;
    let steps = scaled(4_000);
    for promotion in some_promotions() {
        let counted = Arc::new(());
        let mut map = BSkipBytesMap::<[u8], Arc<()>>::with_config(GlobalArena::new(), config(promotion, 4))
            .expect("memory");
        let counts = threads::run(THREADS, |t| {
            let (mut rng, mut count) = (Rng::new(t as u64 + 8), 0isize);
            for step in 0..steps {
                if t % 2 == 0 {
                    // Every key once, in a scattered order.
                    let key = (step * 7919 % steps) * THREADS as u64 + t as u64;
                    assert!(map.insert(&Far::of(key), counted.clone()).is_none());
                    count += 1;
                } else if step % 64 == 0 {
                    let (a, b) = (rng.below(steps * 4), rng.below(steps * 4));
                    count -= map.remove_range(Far::of(a.min(b))..=Far::of(a.max(b))) as isize;
                }
            }
            count
        });
        let left = map.check_invariants().keys;
        assert_eq!(counts.into_iter().sum::<isize>(), left as isize, "{promotion:?}");
        assert_eq!(Arc::strong_count(&counted), left + 1);
    }
}
