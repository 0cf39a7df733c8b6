//! Many keys at a time, among threads that split and merge the leaves meanwhile. When a key's turn comes,
//! what its search has found may be out of date. Then the key is served alone.

use std::boxed::Box;
use std::collections::BTreeMap;
use std::vec::Vec;

use super::{DEPTH, Map, SCHEDULES, Worker, draw, map, run};
use crate::sync::model;

const SPACE: u64 = 36;

/// Batches of thread `who` of `threads` on its own keys. Checks all answers. Returns those of its keys that
/// are there at the end.
fn own(map: &Map, who: u64, threads: u64, batches: u64) -> BTreeMap<u64, u64> {
    let mut expected: BTreeMap<u64, u64> =
        (0..SPACE).step_by(2).filter(|key| key % threads == who).map(|key| (key, key * 10)).collect();
    for round in 1..=batches {
        // Keys of one leaf, or of several; some twice.
        let (start, step) = (draw(SPACE), draw(3));
        let keys: Vec<u64> =
            (0..1 + draw(6)).map(|i| (start + i * step) % (SPACE / threads) * threads + who).collect();
        match draw(5) {
            0 | 1 => {
                let mut pairs: Vec<(u64, Option<u64>)> = keys
                    .iter()
                    .zip(round * 1000..)
                    .map(|(&key, value)| (key, (draw(8) > 0).then_some(value)))
                    .collect();
                let old: Vec<(u64, Option<u64>)> = pairs
                    .iter()
                    .map(|&(key, value)| (key, value.and_then(|value| expected.insert(key, value))))
                    .collect();
                map.insert_many(&mut pairs);
                assert_eq!(pairs, old, "insert_many {keys:?}");
            }
            2 | 3 => {
                let old: Vec<Option<u64>> = keys.iter().map(|key| expected.remove(key)).collect();
                let mut values = std::vec![Some(1); keys.len()];
                map.remove_many(&keys, &mut values);
                assert_eq!(values, old, "remove_many {keys:?}");
            }
            _ => {
                let right: Vec<Option<u64>> = keys.iter().map(|key| expected.get(key).copied()).collect();
                let mut values = std::vec![Some(1); keys.len()];
                map.get_many(&keys, &mut values);
                assert_eq!(values, right, "get_many {keys:?}");
                let mut found = std::vec![false; keys.len()];
                map.contains_many(&keys, &mut found);
                assert!(found.iter().zip(&right).all(|(&found, value)| found == value.is_some()));
            }
        }
    }
    expected
}

#[test]
fn owners_of_batches() {
    type Owner = Worker<BTreeMap<u64, u64>>;
    model("two owners, six batches each", SCHEDULES, DEPTH, || {
        let map = map((0..SPACE).step_by(2));
        let owners = (0..2).map(|who| Box::new(move |map: &Map| own(map, who, 2, 6)) as Owner);
        let (owned, pairs) = run(map, owners.collect());
        let expected: BTreeMap<u64, u64> = owned.into_iter().flatten().collect();
        assert_eq!(pairs, expected.into_iter().collect::<Vec<_>>(), "what is left");
    });
}

/// A batch holds one key several times, while another thread increments the key's value. A later answer is
/// never an earlier value.
#[test]
fn answers_come_in_the_order_of_the_slice() {
    model("a batch of one key while its leaf changes", SCHEDULES, DEPTH, || {
        let map = map((0..12).map(|i| i * 2));
        let look = |map: &Map| {
            let mut last = 100;
            for _ in 0..2 {
                let mut values = [None; 6];
                map.get_many(&[10, 4, 10, 10, 16, 10], &mut values);
                for i in [0, 2, 3, 5] {
                    let value = values[i].expect("it stays");
                    assert!(value >= last, "{values:?} after {last}");
                    last = value;
                }
            }
        };
        let change = |map: &Map| {
            for round in 1..=4 {
                map.insert(10, 100 + round);
                // Splits its leaf, or fills it, and merges it again.
                map.insert_many(&mut [(9, Some(0)), (11, Some(0))]);
                map.remove_many(&[9, 11], &mut [None; 2]);
            }
        };
        run(map, std::vec![Box::new(look) as Worker<()>, Box::new(change)]);
    });
}
