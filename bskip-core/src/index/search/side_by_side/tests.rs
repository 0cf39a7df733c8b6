//! Checks that searches side by side find their leaf. The answers do not show this, because a search that
//! fails is repeated alone.

use alloc::vec::Vec;
use core::convert::Infallible;

use super::*;
use crate::arena::{GlobalArena, GlobalPool};
use crate::config::{Config, Promotion};
use crate::index::write::existing::Existing;

const SMALL_NODES: bool = cfg!(small_nodes);

/// Looks for keys that are there, and counts the searches that found their key.
struct Look<K> {
    keys: Vec<K>,
    at: usize,
    alone: usize,
}

impl<K: KeyWords> Batch<K, u64, GlobalPool> for Look<K> {
    type Error = Infallible;
    const SLOTS: Slots = Slots::Pair;

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn key(&self, i: usize) -> K {
        self.keys[i]
    }

    fn at(&mut self, _: &Index<K, u64, GlobalPool>, i: usize, spot: Spot<'_, K, u64>) -> Option<Version> {
        assert!(spot.leaf.find_in(spot.line, self.keys[i]).1 && spot.leaf.validate(spot.version));
        self.at += 1;
        Some(spot.version)
    }

    fn alone(&mut self, _: &Index<K, u64, GlobalPool>, _: usize) -> Result<(), Infallible> {
        self.alone += 1;
        Ok(())
    }
}

fn mix(i: u64) -> u64 {
    crate::mix::mix(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// How many of a hundred searches for these keys end where they should, in the order of insertion and sorted.
fn percent<K: KeyWords>(keys: impl Iterator<Item = K>, promotion: Promotion) -> [usize; 2] {
    let index: Index<K, u64, GlobalPool> =
        Index::new(&GlobalArena::new(), &Config::new().promotion(promotion).seed(1)).expect("memory");
    let mut keys: Vec<K> = keys.collect();
    keys.iter().for_each(|&key| assert!(index.insert(key, 0, Existing::Replace).is_ok()));
    let mut in_order = |sort: bool| {
        if sort {
            keys.sort_unstable();
        }
        let mut look = Look { keys: keys.clone(), at: 0, alone: 0 };
        assert!(index.run(&mut look).is_ok());
        assert_eq!(look.at + look.alone, keys.len());
        look.at * 100 / keys.len()
    };
    [in_order(false), in_order(true)]
}

#[test]
fn searches_end_where_the_keys_are() {
    // All but those whose hints are out of date. If nodes are small, that is up to an eighth.
    let enough = |[random, sorted]: [usize; 2]| random.min(sorted) >= if SMALL_NODES { 85 } else { 95 };
    for promotion in [Promotion::Overflow, Promotion::default()] {
        // Two levels, which have no hints, and more levels.
        for n in [500, 150_000] {
            assert!(enough(percent((0..n).map(mix), promotion)), "{n} random keys");
            assert!(enough(percent(0..n as i32, promotion)), "{n} ascending keys");
            assert!(enough(percent((0..n).map(|i| (mix(i) % 4, i)), promotion)), "{n} of two words");
        }
    }
}
