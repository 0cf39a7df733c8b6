//! Maps on lazy pools: threads that make the first leaf, and readers meanwhile.

use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

use loom::thread;

use crate::arena::StaticArena;
use crate::config::{Config, Promotion};
use crate::sync::{self, model};
use crate::{AllocErrorKind, BSkipMap};

type Map = BSkipMap<u64, u64, &'static StaticArena>;

/// A map without a leaf, in an arena with room for this many leaves.
fn map(leaves: usize) -> Arc<Map> {
    let arena: &'static StaticArena = Box::leak(Box::new(StaticArena::new()));
    let bytes = 64 + leaves * (64 + Map::NODE_BYTES.0) + 64;
    arena.add_region(std::vec![0; bytes].leak()).expect("the first region");
    Arc::new(Map::new_in_with(arena, Config::new().promotion(Promotion::Overflow).seed(1)))
}

/// Runs both on one map, and checks it.
fn duel(name: &str, leaves: usize, at_least: usize, one: fn(&Map), other: fn(&Map), left: &'static [u64]) {
    model(&std::format!("first leaf: {name}"), Some(1), at_least, move || {
        let mut map = map(leaves);
        sync::watch(100);
        let thread = {
            let map = map.clone();
            thread::spawn(move || other(&map))
        };
        one(&map);
        thread.join().expect("no thread panics");
        sync::unwatch();
        assert_eq!(map.keys().collect::<Vec<_>>(), left);
        assert_eq!(map.usage().issued_blocks, 1);
        Arc::get_mut(&mut map).expect("the other thread has ended").check_invariants();
    });
}

fn insert(map: &Map, key: u64) {
    assert_eq!(map.insert(key, key * 10), None);
    assert_eq!(map.get(&key), Some(key * 10));
}

#[test]
fn two_insertions_make_one_leaf() {
    duel("two insertions", 2, 50, |map| insert(map, 10), |map| insert(map, 20), &[10, 20]);
}

/// The second thread may get no block for a leaf of its own. Its insertion fails only if it could have come first.
#[test]
fn a_thread_without_a_block_uses_the_leaf_of_the_other() {
    fn insists(map: &Map, key: u64) {
        while let Err(refused) = map.try_insert(key, key * 10) {
            assert_eq!((refused.key, refused.cause.kind), (key, AllocErrorKind::OutOfMemory));
            sync::give_way();
        }
        assert_eq!(map.get(&key), Some(key * 10));
    }
    duel("one block for two", 1, 20, |map| insists(map, 10), |map| insists(map, 20), &[10, 20]);
}

#[test]
fn a_reader_sees_no_leaf_or_a_whole_one() {
    let reads = |map: &Map| {
        let before = map.get(&10);
        let (first, last) = (map.first_key_value(), map.last_key_value());
        let now = map.get(&10);
        assert!([before, now].iter().all(|value| value.is_none_or(|value| value == 100)));
        assert!(before.is_none() || first == Some((10, 100)), "the pair had come before");
        assert!(first.is_none() || last == first);
        assert!(last.is_none() || now == Some(100));
    };
    duel("a reader", 1, 50, |map| insert(map, 10), reads, &[10]);
}
