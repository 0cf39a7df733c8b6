//! `pop_first` and `pop_last` take the least and the greatest key in the map, each key once.
//!
//! Properties, with many threads, for every promotion policy:
//! - every key is popped exactly once, half of them on a condition;
//! - pops are linearizable: if a pop began after another had ended, it got a greater key (a lesser one, for
//!   `pop_last`), also while other threads insert keys beyond all others;
//! - pops from both ends meet without overlap;
//! - a key that is there throughout is never skipped.

use bskip_core::BSkipMap;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::config::{CRUEL_PROMOTIONS, map_of};
use tests::rng::{Rng, mix};
use tests::threads;

const THREADS: usize = 8;

/// A pop: it began after `start` ticks and had ended by `end` ticks.
#[derive(Clone, Copy, Debug)]
struct Pop {
    start: u64,
    end: u64,
    key: u64,
}

/// Pops until `pop` finds nothing more, and records the ticks of a common clock.
fn drain(clock: &AtomicU64, pop: impl Fn() -> Option<u64>) -> Vec<Pop> {
    let mut pops = Vec::new();
    loop {
        // SeqCst pairs with all the other ticks: they have one order, which agrees with real time.
        let start = clock.fetch_add(1, Ordering::SeqCst);
        let Some(key) = pop() else { return pops };
        // SeqCst pairs with the other ticks, as above.
        let end = clock.fetch_add(1, Ordering::SeqCst);
        pops.push(Pop { start, end, key });
    }
}

/// Panics if a pop began after another had ended and got a lesser key.
fn expect_linearizable(pops: &mut [Pop]) {
    let mut by_end = pops.to_vec();
    by_end.sort_unstable_by_key(|pop| pop.end);
    pops.sort_unstable_by_key(|pop| pop.start);
    let mut ended = by_end.into_iter().peekable();
    let mut greatest: Option<Pop> = None;
    for pop in pops {
        while let Some(before) = ended.next_if(|before| before.end < pop.start) {
            if greatest.is_none_or(|greatest| greatest.key < before.key) {
                greatest = Some(before);
            }
        }
        if let Some(before) = greatest {
            assert!(before.key < pop.key, "{before:?} had ended before {pop:?} began");
        }
    }
}

/// Fills the map with this many scattered keys, and returns them in order.
fn filled(keys: u64, map: &BSkipMap<u64, u64>) -> Vec<u64> {
    let mut all: Vec<u64> = (0..keys).map(|i| mix(i) >> 1).collect();
    all.iter().for_each(|key| assert_eq!(map.insert(*key, !key), None));
    all.sort_unstable();
    all
}

fn keys_of(pops: &[Pop]) -> Vec<u64> {
    let mut keys: Vec<u64> = pops.iter().map(|pop| pop.key).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn pop_first_in_order() {
    for promotion in CRUEL_PROMOTIONS {
        for keys in [100, 30_000] {
            let mut map = map_of(promotion);
            let all = filled(keys, &map);
            let clock = AtomicU64::new(0);
            let pops = threads::run(THREADS, |t| {
                let all = t % 2 == 0;
                let pop = || if all { map.pop_first() } else { map.pop_first_if(|k, v| *v == !k) };
                drain(&clock, || pop().map(|(k, _)| k))
            });
            assert!(pops.iter().all(|mine| mine.is_sorted_by(|a, b| a.key < b.key)));
            let mut pops = pops.concat();
            assert_eq!(keys_of(&pops), all, "{promotion:?}");
            expect_linearizable(&mut pops);
            assert_eq!(map.check_invariants().keys, 0);
        }
    }
}

#[test]
fn pop_last_in_order() {
    for promotion in CRUEL_PROMOTIONS {
        for keys in [100, 30_000] {
            let mut map = map_of(promotion);
            let all = filled(keys, &map);
            let clock = AtomicU64::new(0);
            let pops = threads::run(THREADS, |t| {
                let all = t % 2 == 0;
                let pop = || if all { map.pop_last() } else { map.pop_last_if(|k, v| *v == !k) };
                drain(&clock, || pop().map(|(k, _)| k))
            });
            let mut pops = pops.concat();
            assert_eq!(keys_of(&pops), all, "{promotion:?}");
            pops.iter_mut().for_each(|pop| pop.key = !pop.key);
            expect_linearizable(&mut pops);
            assert_eq!(map.check_invariants().keys, 0);
        }
    }
}

#[test]
fn pops_while_greater_keys_come() {
    const NEW: u64 = 20_000;
    for promotion in CRUEL_PROMOTIONS {
        let map = map_of(promotion);
        let all = filled(20_000, &map);
        let clock = AtomicU64::new(0);
        let pops = threads::run(THREADS, |t| {
            if t < 2 {
                // Ascending, above all others, each thread in a range of its own.
                let from = (1 << 63) + t as u64 * NEW;
                (from..from + NEW).for_each(|key| assert_eq!(map.insert(key, !key), None));
                Vec::new()
            } else {
                drain(&clock, || map.pop_first().map(|(k, v)| (v == !k).then_some(k).expect("its value")))
            }
        });
        let pops = pops.concat();
        let mut old: Vec<Pop> = pops.iter().copied().filter(|pop| pop.key < 1 << 63).collect();
        expect_linearizable(&mut old);
        let mut keys = keys_of(&pops);
        keys.extend(map.iter().map(|(k, _)| k));
        keys.sort_unstable();
        assert_eq!(keys[..all.len()], all[..]);
        assert!(keys[all.len()..].iter().copied().eq((1 << 63)..(1 << 63) + 2 * NEW), "{promotion:?}");
    }
}

#[test]
fn both_ends_meet() {
    for promotion in CRUEL_PROMOTIONS {
        for keys in [70, 20_000] {
            let mut map = map_of(promotion);
            let all = filled(keys, &map);
            let clock = AtomicU64::new(0);
            let pops = threads::run(THREADS, |t| {
                let pop = || if t % 2 == 0 { map.pop_first() } else { map.pop_last() };
                drain(&clock, || pop().map(|(k, _)| k))
            });
            let (mut first, mut last) = (Vec::new(), Vec::new());
            pops.into_iter()
                .enumerate()
                .for_each(|(t, mine)| if t % 2 == 0 { &mut first } else { &mut last }.extend(mine));
            assert_eq!([keys_of(&first), keys_of(&last)].concat(), all, "{promotion:?}: overlap or loss");
            expect_linearizable(&mut first);
            last.iter_mut().for_each(|pop| pop.key = !pop.key);
            expect_linearizable(&mut last);
            assert_eq!(map.check_invariants().keys, 0);
        }
    }
}

#[test]
fn present_keys_are_not_passed_over() {
    const ROUNDS: u64 = 10_000;
    const END: u64 = 1 << 40;
    for promotion in CRUEL_PROMOTIONS {
        // Each thread inserts a key before it pops one. So whenever a thread pops, a key below `END` is
        // there.
        let map = map_of::<u64, ()>(promotion);
        map.insert(END, ());
        threads::run(THREADS, |t| {
            let mut rng = Rng::new(t as u64);
            for i in 0..ROUNDS {
                let key = (rng.below(1 << 20) << 20) | (t as u64) << 16 | (i & 0xFFFF);
                map.insert(key, ());
                let (popped, ()) = map.pop_first().expect("a key is there");
                assert!(popped < END, "{promotion:?}: skipped a key that was there");
            }
        });
        assert!(map.contains_key(&END));
    }
}
