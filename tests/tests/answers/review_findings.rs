//! Defects that a review found, each as the input that showed it.
//!
//! Properties:
//! - the ends of a map are found past any number of empty leaves, also with narrow nodes;
//! - if a level cannot be made, nothing of it remains;
//! - if a map cannot be made, it drops without a panic;
//! - if a `Key` panics, no value is dropped twice or leaked.

use bskip_core::{AllocErrorKind, BSkipMap, BumpArena, Config, GlobalArena, Key, Promotion};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::scaled;
use tests::rationed::{Rationed, Refuse};

/// Keys of 64 bytes: inner nodes of eight entries, so that many levels can hold an empty leaf each.
#[test]
fn pops_pass_any_number_of_empty_leaves() {
    let key = |i: u64| {
        let mut key = [0; 64];
        key[..8].copy_from_slice(&i.to_be_bytes());
        key
    };
    let n = scaled(320_000);
    for promotion in [Promotion::Overflow, Promotion::default()] {
        for from_the_end in [false, true] {
            let config = Config::new().promotion(promotion).seed(1);
            let mut map = BSkipMap::<[u8; 64], u64>::with_config(GlobalArena::new(), config).unwrap();
            (0..n).for_each(|i| assert_eq!(map.insert(key(i), i), None));
            for i in 0..n {
                let (pair, expected) = match from_the_end {
                    false => (map.pop_first(), i),
                    true => (map.pop_last(), n - 1 - i),
                };
                assert_eq!(pair, Some((key(expected), expected)));
            }
            assert!(map.is_empty());
            assert_eq!(map.check_invariants().keys, 0);
        }
    }
}

#[test]
fn a_level_that_could_not_be_made_leaves_no_trace() {
    let arena = Rationed::only_inner_nodes();
    let ration = arena.ration.clone();
    let config = Config::new().promotion(Promotion::Coin { one_in: 4 }).seed(3);
    let mut map = BSkipMap::<u64, u64, Rationed>::with_config(arena, config).unwrap();
    let mut refused = 0;
    let n = 20_000;
    for k in 0..n {
        ration.set(Refuse::After(1));
        if let Err(error) = map.try_insert(k, k) {
            assert_eq!((error.key, error.value), (k, k));
            refused += 1;
            ration.set(Refuse::Nothing);
            map.check_invariants();
        }
    }
    assert!(refused > 0, "no key was tall enough");
    ration.set(Refuse::Nothing);
    assert_eq!(map.len() as u64, n - refused);
    map.clear();
    assert_eq!(map.check_invariants().keys, 0);
    (0..n).for_each(|k| assert_eq!(map.insert(k, k), None));
    assert_eq!(map.check_invariants().keys as u64, n);
}

#[test]
fn a_map_that_could_not_be_made_says_so() {
    let error = BSkipMap::<u64, String, BumpArena>::with_arena(BumpArena::with_limit(0)).err().unwrap();
    assert_eq!(error.kind, AllocErrorKind::LimitReached);
}

thread_local! {
    /// Conversions of `Panicky` until one panics.
    static FUSE: Cell<isize> = const { Cell::new(isize::MAX) };
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Panicky(u64);

impl Key for Panicky {
    type Words = u64;
    fn to_words(self) -> u64 {
        FUSE.set(FUSE.get() - 1);
        assert!(FUSE.get() != 0, "the key's own panic");
        self.0
    }
    fn from_words(words: u64) -> Self {
        Self(words)
    }
}

/// Counts its drops.
struct Dropped<'a>(&'a Cell<i64>);
impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Inserts into a leaf, splits it, merges it, redistributes its pairs, and shrinks, with a panic at every
/// call in turn.
#[test]
fn a_key_that_panics_drops_no_value_twice() {
    for case in 0..5 {
        for fuse in 1..30 {
            let live = Cell::new(0);
            let value = || {
                live.set(live.get() + 1);
                Dropped(&live)
            };
            let config = Config::new().promotion(Promotion::Overflow).seed(1);
            let map = BSkipMap::<Panicky, Dropped<'_>>::with_config(GlobalArena::new(), config).unwrap();
            let n = match case {
                0 => 10,
                3 => 2 * 64,
                _ => 3 * 64,
            };
            (0..n).for_each(|i| drop(map.insert(Panicky(2 * i), value())));
            if case == 3 {
                // The first leaf is full, the second one has room.
                (64..100).for_each(|i| drop(map.remove(&Panicky(2 * i))));
            }
            if case == 2 || case == 4 {
                (0..43).chain(64..100).for_each(|i| drop(map.remove(&Panicky(2 * i))));
            }
            FUSE.set(fuse);
            let _ = catch_unwind(AssertUnwindSafe(|| match case {
                2 => (43..64).for_each(|i| drop(map.remove(&Panicky(2 * i)))),
                4 => drop(map.shrink_to_fit()),
                _ => drop(map.insert(Panicky(3), value())),
            }));
            FUSE.set(isize::MAX);
            drop(map);
            assert_eq!(live.get(), 0, "case {case}, fuse {fuse}: values leaked, or dropped twice");
        }
    }
}
