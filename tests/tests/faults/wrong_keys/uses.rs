//! What a user's key type may do, and where it may be a part.

use super::keys::{Blown, FUSE, LIE, Liar, Lie, Panicky, Signless};
use bskip_core::{BSkipMap, Key};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use tests::rationed::{Rationed, Refuse};

static SHARED: LazyLock<BSkipMap<Busy, u64>> = LazyLock::new(BSkipMap::new);

thread_local! {
    /// Whether a conversion is running. Its own keys do not start another one.
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// A number whose conversions use the map that holds it as a key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Busy(u64);

impl Busy {
    fn use_the_map(number: u64) {
        if !BUSY.replace(true) {
            SHARED.insert(Busy(number), number);
            SHARED.remove(&Busy(number ^ 1));
            SHARED.insert(Busy(number ^ 1), number ^ 1);
            SHARED.update(&Busy(number), |value| *value = number);
            assert!(SHARED.range(Busy(number)..).next().is_some());
            BUSY.set(false);
        }
    }
}

impl Key for Busy {
    type Words = u64;

    fn to_words(self) -> u64 {
        Self::use_the_map(self.0);
        self.0
    }

    fn from_words(words: u64) -> Self {
        Self::use_the_map(words);
        Self(words)
    }
}

#[test]
fn a_conversion_may_use_the_map() {
    let map = &*SHARED;
    for i in 0..500 {
        map.insert(Busy(i), i);
        assert_eq!(map.get(&Busy(i)), Some(i));
        map.update(&Busy(i), |value| *value = i);
    }
    let mut pairs: Vec<_> = (500..600).map(|i| (Busy(i), Some(i))).collect();
    map.insert_many(&mut pairs);
    let keys: Vec<_> = (0..600).map(Busy).collect();
    let mut values = vec![None; 600];
    map.get_many(&keys, &mut values);
    assert!(values.into_iter().eq((0..600).map(Some)));
    assert!(map.iter().take(600).map(|pair| pair.1).eq(0..600));
    assert!(map.iter().rev().all(|(key, value)| key.0 == value));
    map.for_each_chunk(.., |keys, values| {
        assert!(keys.iter().zip(values).all(|(key, &value)| key.0 == value));
    });
    map.shrink_to_fit();
    assert_eq!((map.first_key_value(), map.pop_first()), (Some((Busy(0), 0)), Some((Busy(0), 0))));
    assert!(map.pop_last().is_some());
}

#[test]
fn pairs_and_triples_of_such_keys_are_keys() {
    let key = |i: i64| (i as u8 / 16, Signless(i - 100), [i as u64; 2]);
    let mut map = BSkipMap::new();
    (0..200).for_each(|i| assert_eq!(map.insert((key(i), Signless(i)), i), None));
    let mut expected: Vec<_> = (0..200).map(|i| ((key(i), Signless(i)), i)).collect();
    expected.sort_by_key(|pair| pair.0.to_words());
    assert!(map.iter().eq(expected.iter().copied()));
    let mut chunks = Vec::new();
    map.for_each_chunk(.., |keys, values| {
        chunks.extend(keys.iter().copied().zip(values.iter().copied()));
    });
    assert_eq!(chunks, expected);
    let keys: Vec<_> = expected.iter().map(|pair| pair.0).collect();
    let mut values = vec![None; 200];
    map.remove_many(&keys, &mut values);
    assert!(values.into_iter().eq(expected.iter().map(|pair| Some(pair.1))));
    assert_eq!(map.check_invariants().keys, 0);
}

#[test]
fn a_key_that_was_not_inserted_comes_back_as_it_was() {
    LIE.set(Lie::NoInverse);
    let arena = Rationed::all_nodes();
    let ration = arena.ration.clone();
    let map = BSkipMap::<Liar, u64, Rationed>::with_arena(arena).unwrap();
    ration.set(Refuse::After(0));
    let refused = (0..1000).find_map(|i| map.try_insert(Liar(i), i).err());
    let refused = refused.expect("no memory");
    assert_eq!(refused.key.0, refused.value);
}

#[test]
fn an_iterator_goes_on_behind_a_pair_whose_key_panicked() {
    let map: BSkipMap<Panicky, u64> = (0..100).map(|i| (Panicky(i), i)).collect();
    let mut pairs = map.range(Panicky(10)..Panicky(90));
    assert_eq!(pairs.next().map(|pair| pair.1), Some(10));
    for at_back in [false, true] {
        FUSE.set(1);
        let next = AssertUnwindSafe(|| if at_back { pairs.next_back() } else { pairs.next() });
        assert!(catch_unwind(next).is_err_and(|panic| panic.is::<Blown>()));
    }
    assert!(pairs.map(|pair| pair.1).eq(12..89));
}
