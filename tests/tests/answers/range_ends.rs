//! The ends of ranges, and bounds that make no range.
//!
//! Properties:
//! - once an iterator has returned `None` at either end, it returns `None` at both ends from then on,
//!   whatever is inserted, also through `cloned` and std's adaptors, under every promotion policy;
//! - an iterator that has not reached its end goes on through `cloned` where it was;
//! - a cursor of `shrink` or `migrate` that is done stays done, whatever is inserted and removed;
//! - no method calls the caller's iterator again after its end;
//! - if std's `BTreeMap` with a key panics for some bounds, this map panics for them too. This holds for an
//!   empty map, for ranges, and for chunks in both directions. Bounds that make an empty range do not panic.

use bskip_core::{BSkipMap, BulkLoad, MigrateCursor, NumaNodeId, Range, ShrinkCursor};
use std::collections::BTreeMap;
use std::iter;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::{CRUEL_PROMOTIONS, map_of};

/// The ways to read a range to its end and past it.
type Finish = fn(&mut Range<'_, u64, u64>);

const FINISHES: [Finish; 6] = [
    |range| range.by_ref().for_each(drop),
    |range| range.by_ref().rev().for_each(drop),
    |range| {
        // From both ends, in turn.
        while range.next().is_some() && range.next_back().is_some() {}
        assert_eq!(range.next(), None);
    },
    |range| {
        while range.next_back().is_some() && range.next().is_some() {}
        assert_eq!(range.next_back(), None);
    },
    |range| assert_eq!(range.nth(100_000), None),
    |range| assert_eq!(range.nth_back(100_000), None),
];

/// Keys from 10 on, so that others fit before, behind and between them.
fn filled(promotion: bskip_core::Promotion, keys: u64) -> BSkipMap<u64, u64> {
    let map = map_of(promotion);
    (0..keys).for_each(|key| assert_eq!(map.insert(10 + 2 * key, key), None));
    map
}

#[test]
fn a_finished_range_stays_finished() {
    for promotion in CRUEL_PROMOTIONS {
        for keys in [0, 1, 2, 3, 64, 500] {
            for finish in FINISHES {
                for bounds in [(Unbounded, Unbounded), (Included(8), Unbounded), (Unbounded, Excluded(5000))]
                {
                    let map = filled(promotion, keys);
                    let finished = || {
                        let mut range = map.range(bounds);
                        finish(&mut range);
                        range
                    };
                    let [mut range, cloned, back, chained] = [(); 4].map(|()| finished());
                    let mut cloned_before = map.range(bounds).cloned();
                    cloned_before.by_ref().for_each(drop);
                    (0..2000).for_each(|key| assert!(map.insert(key, 0).is_none_or(|old| old < 500)));
                    assert_eq!((range.next(), range.next_back(), range.next()), (None, None, None));
                    assert_eq!(range.cloned().next(), None);
                    let mut cloned = cloned.cloned();
                    assert_eq!((cloned.next_back(), cloned.next()), (None, None));
                    assert_eq!(back.cloned().rev().count(), 0);
                    assert_eq!(chained.fuse().chain(iter::empty()).peekable().peek(), None);
                    assert_eq!((cloned_before.next_back(), cloned_before.next()), (None, None));
                }
            }
        }
    }
}

/// The smallest case.
#[test]
fn a_finished_range_of_an_empty_map() {
    let map = BSkipMap::<u64, u64>::new();
    let mut range = map.iter();
    range.by_ref().for_each(drop);
    map.insert(9, 0);
    assert_eq!(range.cloned().next(), None);
}

#[test]
fn an_unfinished_range_goes_on() {
    for promotion in CRUEL_PROMOTIONS {
        let map = filled(promotion, 500);
        for (front, back) in [(0, 0), (3, 0), (0, 3), (100, 100), (250, 250), (499, 1)] {
            let mut range = map.iter();
            assert_eq!(range.by_ref().take(front).count(), front);
            assert_eq!(range.by_ref().rev().take(back).count(), back);
            let left = (front as u64..500 - back as u64).map(|key| (10 + 2 * key, key));
            assert!(range.cloned().eq(left));
        }
    }
}

#[test]
fn a_cursor_that_is_done_stays_done() {
    for promotion in CRUEL_PROMOTIONS {
        for keys in [0, 1, 64, 500] {
            let map = filled(promotion, keys);
            let (mut shrink, mut migrate) = (ShrinkCursor::new(), MigrateCursor::new());
            while map.shrink(&mut shrink, 3) {}
            while map.migrate(&mut migrate, 3, |_, _| None) {}
            let freed = shrink.freed_blocks();
            // What an iterator would find if it went on: leaves behind it, and room in them.
            (0..5000).for_each(|key| assert!(map.insert(key, 0).is_none_or(|old| old < 500)));
            (0..5000).filter(|key| key % 3 > 0).for_each(|key| assert_eq!(map.remove(&key), Some(0)));
            for budget in [0, 1, usize::MAX] {
                let asked = |_, _| -> Option<NumaNodeId> { panic!("it is done") };
                assert!(!map.shrink(&mut shrink, budget) && shrink.is_done());
                assert!(!map.migrate(&mut migrate, budget, asked) && migrate.is_done());
                assert!(!map.rebalance(&mut migrate, budget));
            }
            assert_eq!(shrink.freed_blocks(), freed);
        }
    }
}

/// Panics if it is called again after its end.
struct Once<I>(Option<I>);

impl<I: Iterator> Iterator for Once<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        let next = self.0.as_mut().expect("asked after its end").next();
        if next.is_none() {
            self.0 = None;
        }
        next
    }
}

#[test]
fn iterators_are_not_asked_after_their_end() {
    for keys in [0, 1, 64, 500] {
        let pairs = || Once(Some((0..keys).map(|key| (key, key))));
        let unsorted = || Once(Some((0..keys).rev().map(|key| (key, key))));
        let map = BSkipMap::from_sorted(pairs()).expect("ascending");
        assert_eq!(map.len() as u64, keys);
        let load = BulkLoad::new();
        load.part(pairs()).expect("ascending");
        let mut map = load.finish().expect("one part");
        map.extend(pairs());
        map.extend(unsorted());
        assert_eq!(map.len() as u64, keys);
        assert_eq!(unsorted().collect::<BSkipMap<u64, u64>>().len() as u64, keys);
    }
}

/// For each call with these bounds: whether it panicked, or how many pairs it yielded.
fn counts(map: &BSkipMap<u64, u64>, bounds: (Bound<u64>, Bound<u64>)) -> [Option<usize>; 5] {
    let calls: [&dyn Fn() -> usize; 5] = [
        &|| map.range(bounds).count(),
        &|| map.range(bounds).rev().count(),
        &|| map.range(bounds).cloned().count(),
        &|| {
            let mut count = 0;
            map.for_each_chunk(bounds, |keys, _| {
                count += keys.len();
            });
            count
        },
        &|| {
            let mut count = 0;
            map.for_each_chunk_rev(bounds, |keys, _| {
                count += keys.len();
            });
            count
        },
    ];
    calls.map(|call| catch_unwind(AssertUnwindSafe(call)).ok())
}

#[test]
fn bounds_panic_as_in_std() {
    let keys = [0, 1, 9, 10, 11, 12, u64::MAX - 1, u64::MAX];
    let ends = || keys.into_iter().flat_map(|key| [Included(key), Excluded(key)]).chain([Unbounded]);
    for count in [0, 1, 100] {
        let map = filled(CRUEL_PROMOTIONS[0], count);
        let model: BTreeMap<u64, u64> = map.iter().collect();
        // An empty `BTreeMap` accepts bounds for which its documentation says that it panics.
        let judge = BTreeMap::from([(10, 0)]);
        let mut panics = 0;
        for bounds in ends().flat_map(|lower| ends().map(move |upper| (lower, upper))) {
            let expected = catch_unwind(|| judge.range(bounds).count()).ok();
            let expected = expected.map(|_| model.range(bounds).count());
            panics += usize::from(expected.is_none());
            assert_eq!(counts(&map, bounds), [expected; 5], "{count} keys, {bounds:?}");
        }
        assert!(panics > 0);
        // Already the creation of the range panics.
        let (start, end) = (5, 4);
        assert!(
            catch_unwind(AssertUnwindSafe(|| {
                let _ = map.range(start..end);
            }))
            .is_err()
        );
    }
}
