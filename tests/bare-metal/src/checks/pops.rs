//! Pops from both ends by all CPUs: each pair goes to one of them.

use core::sync::atomic::{AtomicBool, Ordering};

use super::common::{ARENA, Context, Map, report, value_of};
use crate::cpu::MOST;
use crate::team;

/// Pairs for each CPU.
const PAIRS: usize = 1_000;

static MAP: Map = Map::new_in(&ARENA);

/// Whether a pair was popped, by its key.
static POPPED: [AtomicBool; PAIRS * MOST] = [const { AtomicBool::new(false) }; PAIRS * MOST];

/// All CPUs insert together. Then each CPU pops as many pairs, at both ends in turn.
pub(super) fn check(_: &mut Context) {
    let cpus = team::cpus();
    team::all(&|cpu| {
        (0..PAIRS).for_each(|number| {
            let key = (number * cpus + cpu) as u64;
            assert_eq!(MAP.insert(key, value_of(key)), None);
        });
        PAIRS as u64
    })
    .sum();
    let counts = team::all(&|_| {
        let (mut least, mut greatest) = (None, None);
        for number in 0..PAIRS {
            let (key, value) = match number % 2 {
                0 => MAP.pop_first().expect("there is a pair for each pop"),
                _ => MAP.pop_last().expect("there is a pair for each pop"),
            };
            assert_eq!(value, value_of(key));
            // Relaxed: a swap is one step, and the keys carry no other data.
            assert!(!POPPED[key as usize].swap(true, Ordering::Relaxed), "key {key} was popped twice");
            // No pair is inserted meanwhile, so what a CPU gets at an end moves away from that end.
            match number % 2 {
                0 => assert!(least.replace(key) < Some(key)),
                _ => assert!(greatest.replace(key).is_none_or(|last| key < last)),
            }
        }
        PAIRS as u64
    });
    assert!(POPPED[..PAIRS * cpus].iter().all(|popped| popped.load(Ordering::Relaxed)));
    assert_eq!((MAP.pop_first(), MAP.pop_last(), MAP.len()), (None, None, 0));
    report(format_args!("{} pairs, {counts}", counts.sum()));
}
