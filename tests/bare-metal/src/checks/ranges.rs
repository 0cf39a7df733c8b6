//! Scans in both directions, while other CPUs insert and remove between the keys that stay.

use super::common::{ARENA, Context, Map, report, value_of};
use crate::cpu::MOST;
use crate::random::Random;
use crate::team;

/// Keys that stay.
const KEYS: u64 = 2_000;
/// Their distance. Between two of them, each CPU has one key that comes and goes.
const STEP: u64 = MOST as u64 + 1;
/// Scans of each CPU.
const SCANS: usize = 60;
/// Keys that stay, in each scan.
const LENGTH: u64 = 50;

static MAP: Map = Map::new_in(&ARENA);

/// Every CPU writes a little and scans a little, in turn.
pub(super) fn check(_: &mut Context) {
    for number in 0..KEYS {
        assert_eq!(MAP.insert(number * STEP, value_of(number * STEP)), None);
    }
    let counts = team::all(&|cpu| {
        let mut random = Random::new(cpu);
        let mut pairs = 0;
        for scan in 0..SCANS {
            let first = random.below(KEYS - LENGTH) * STEP;
            let mine = first + 1 + cpu as u64;
            for number in 0..LENGTH {
                let key = mine + number * STEP;
                match MAP.remove(&key) {
                    Some(value) => assert_eq!(value, value_of(key)),
                    None => assert_eq!(MAP.insert(key, value_of(key)), None),
                }
            }
            let range = MAP.range(first..first + LENGTH * STEP);
            pairs += match scan % 2 {
                0 => scanned(first, range, |last, key| last < key),
                _ => scanned(first, range.rev(), |last, key| last > key),
            };
        }
        pairs
    });
    let counted = MAP.iter().inspect(|&(key, value)| assert_eq!(value, value_of(key))).count();
    assert_eq!(MAP.iter().rev().count(), counted);
    assert_eq!((0..KEYS).filter(|number| MAP.contains_key(&(number * STEP))).count() as u64, KEYS);
    report(format_args!("{} scans of {} pairs, {counts}", SCANS * team::cpus(), counts.sum()));
}

/// Checks what a scan from `first` on found: all pairs that stay, in order. Returns how many pairs it found.
fn scanned(
    first: u64,
    pairs: impl Iterator<Item = (u64, u64)>,
    is_in_order: impl Fn(u64, u64) -> bool,
) -> u64 {
    let (mut last, mut staying, mut count) = (None, 0, 0);
    for (key, value) in pairs {
        assert_eq!(value, value_of(key));
        assert!((first..first + LENGTH * STEP).contains(&key));
        assert!(last.is_none_or(|last| is_in_order(last, key)));
        last = Some(key);
        staying += u64::from(key % STEP == 0);
        count += 1;
    }
    assert_eq!(staying, LENGTH);
    count
}
