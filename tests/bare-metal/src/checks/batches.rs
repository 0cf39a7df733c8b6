//! Calls for many keys at a time, by all CPUs at once.

use super::common::{ARENA, Context, Map, report, scattered, value_of};
use crate::team;

/// Keys of a batch.
const BATCH: usize = 64;
/// Batches of each CPU.
const BATCHES: usize = 16;

static MAP: Map = Map::new_in(&ARENA);

/// Every CPU inserts batches, reads each together with keys that are not there, and removes every other batch.
pub(super) fn check(_: &mut Context) {
    let cpus = team::cpus();
    let counts = team::all(&|cpu| {
        let mut calls = 0;
        for batch in 0..BATCHES {
            let first = ((batch * cpus + cpu) * BATCH) as u64;
            // Even keys are inserted, odd ones are not.
            let keys: [u64; BATCH] = core::array::from_fn(|number| scattered(first + number as u64) & !1);
            let mut pairs = keys.map(|key| (key, Some(value_of(key))));
            MAP.insert_many(&mut pairs);
            assert!(pairs.iter().all(|(_, old)| old.is_none()));

            let mut values = [None; BATCH];
            MAP.get_many(&keys, &mut values);
            assert!(keys.iter().zip(values).all(|(&key, value)| value == Some(value_of(key))));

            let half = core::array::from_fn::<u64, BATCH, _>(|number| keys[number] | (number % 2) as u64);
            let mut found = [false; BATCH];
            MAP.contains_many(&half, &mut found);
            assert!(found.iter().enumerate().all(|(number, &found)| found == (number % 2 == 0)));

            calls += 3;
            if batch % 2 == 1 {
                MAP.remove_many(&keys, &mut values);
                assert!(keys.iter().zip(values).all(|(&key, value)| value == Some(value_of(key))));
                calls += 1;
            }
        }
        calls
    });
    assert_eq!(MAP.len(), cpus * BATCHES / 2 * BATCH);
    report(format_args!("{} batches of {BATCH} keys, {counts}; {} keys left", counts.sum(), MAP.len()));
}
