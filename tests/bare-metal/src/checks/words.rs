//! Insertions, lookups and removals of words by all CPUs at once.

use super::common::{ARENA, Context, Map, report, scattered, value_of};
use crate::team;

/// Keys that each CPU inserts.
const KEYS: u64 = 2_000;

static MAP: Map = Map::new_in(&ARENA);

/// Every CPU inserts keys of its own, among those of the others, looks for all of them, and removes half.
pub(super) fn check(_: &mut Context) {
    let cpus = team::cpus() as u64;
    let key = |cpu: u64, number: u64| scattered(number * cpus + cpu);
    let removed = |number: u64| number % 2 == 1;
    let counts = team::all(&|cpu| {
        let (cpu, other) = (cpu as u64, (cpu as u64 + 1) % cpus);
        let mut calls = 0;
        for number in 0..KEYS {
            let key = key(cpu, number);
            assert_eq!(MAP.get(&key), None);
            assert_eq!(MAP.insert(key, value_of(key)), None);
            assert_eq!(MAP.get(&key), Some(value_of(key)));
            calls += 3;
        }
        for number in 0..KEYS {
            // The other CPU may not have inserted the key yet, or may have removed it.
            let foreign = key(other, number);
            assert!(MAP.get(&foreign).is_none_or(|value| value == value_of(foreign)));
            if removed(number) {
                let key = key(cpu, number);
                assert_eq!(MAP.remove(&key), Some(value_of(key)));
                assert_eq!(MAP.remove(&key), None);
                calls += 2;
            }
            calls += 1;
        }
        calls
    });
    assert_eq!(MAP.len() as u64, cpus * KEYS / 2);
    let mut left = 0;
    for (key, value) in MAP.iter() {
        assert_eq!(value, value_of(key));
        left += 1;
    }
    assert_eq!(left, cpus * KEYS / 2);
    for (cpu, number) in (0..cpus).flat_map(|cpu| (0..KEYS).map(move |number| (cpu, number))) {
        let key = key(cpu, number);
        assert_eq!(MAP.get(&key), (!removed(number)).then(|| value_of(key)));
    }
    report(format_args!("{} calls, {counts}; {left} keys left", counts.sum()));
}
