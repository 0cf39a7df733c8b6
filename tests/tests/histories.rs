//! Whatever threads do at once, the map gives only answers that its documentation allows.
//!
//! Properties, checked on the recorded history of every call ([`tests::history`]):
//! - the calls on each key are linearizable: `insert`, `try_insert`, `get`, `get_cloned`, `get_with`,
//!   `contains_key`, `update`, `remove`, `get_or_insert_with`, `compute`, `compare_exchange`, `fetch_update`,
//!   `remove_if`, and what pops, reads of the ends, ranges and snapshots say about the keys that they return; for
//!   byte-string values `replace`, `take`, `get_into` and `insert_if_absent` too;
//! - `pop_first`, `pop_last`, `first`, `last` skip no key that is there; `is_empty` and `None` are right;
//! - `range_snapshot` shows a range as it was at one moment;
//! - ranges with bounds of every kind, forwards, backwards and from both ends, are strictly ordered, in
//!   bounds, and miss no key that is there while they pass it; `len` counts what it must and no more;
//! - at the end the map holds what the history says, and the invariants hold.
//!
//! This holds for every promotion policy, few and many keys, ascending and adversarial ones, keys of one to
//! eight words and byte strings, plain, owning and byte-string values, every arena, and 2 to 64 threads. Threads alternate
//! between growing and shrinking the map. So nodes split and merge, and blocks are reused as other nodes, while
//! readers visit them.

use bskip_core::Promotion;
use tests::arena::ArenaKind;
use tests::config::CRUEL_PROMOTIONS;
use tests::history::Checked;
use tests::history::case::{Case, Keys, run, run_on};
use tests::numbered::SpelledMap;
use tests::numbered_blobs::SpelledBlobs;
use tests::spelled::{Far, Shared, Short};

/// All policies, and the coin that makes most keys tall. `cargo test` takes every other one.
fn promotions() -> impl Iterator<Item = Promotion> {
    let step = if cfg!(thorough) { 1 } else { 2 };
    [Promotion::Coin { one_in: 2 }].into_iter().chain(CRUEL_PROMOTIONS).step_by(step)
}

/// Prints what was checked; `cargo test -- --nocapture` shows it.
fn report(name: &str, all: impl Iterator<Item = Checked>) {
    let mut sum = Checked::default();
    all.for_each(|checked| sum += checked);
    println!("histories, {name}: {sum}");
    assert!(sum.histories > 0 && sum.events > 100 * sum.histories, "hardly anything was checked");
}

/// Runs each case under each promotion policy. The seeds count from 1.
fn each<const CASES: usize, const RUNS: usize>(
    cases: [Case; CASES],
    run: impl Fn(Promotion, Case, u64) -> [Checked; RUNS],
) -> impl Iterator<Item = Checked> {
    promotions().flat_map(move |promotion| {
        (1..).zip(cases).flat_map(|(seed, case)| run(promotion, case, seed)).collect::<Vec<_>>()
    })
}

#[test]
fn few_keys() {
    let cases = [
        Case { threads: 2, steps: 6_000, keys: Keys::Few(12) },
        Case { threads: 4, steps: 5_000, keys: Keys::Few(40) },
        Case { threads: 8, steps: 4_000, keys: Keys::Few(150) },
        Case { threads: 8, steps: 8_000, keys: Keys::Few(500) },
    ];
    report(
        "few keys",
        each(cases, |promotion, case, seed| [run::<u64, u64>(ArenaKind::Global, promotion, case, seed)]),
    );
}

#[test]
fn narrow_nodes() {
    // Eight slots a node: a hundred keys make three levels, and almost every step changes the structure.
    let cases = [
        Case { threads: 4, steps: 5_000, keys: Keys::Few(24) },
        Case { threads: 8, steps: 4_000, keys: Keys::Few(100) },
        Case { threads: 4, steps: 8_000, keys: Keys::Ascending(60) },
    ];
    report(
        "narrow nodes",
        each(cases, |promotion, case, seed| [run::<[u8; 64], u64>(ArenaKind::Global, promotion, case, seed)]),
    );
}

#[test]
fn shapes_of_keys() {
    let cases = [
        Case { threads: 4, steps: 5_000, keys: Keys::Multiples(12) },
        Case { threads: 4, steps: 8_000, keys: Keys::Multiples(300) },
        Case { threads: 4, steps: 10_000, keys: Keys::Ascending(200) },
    ];
    report(
        "shapes of keys",
        each(cases, |promotion, case, seed| [run::<u64, u64>(ArenaKind::Global, promotion, case, seed)]),
    );
}

#[cfg(thorough)]
#[test]
fn keys_of_several_words() {
    let case = Case { threads: 4, steps: 5_000, keys: Keys::Few(120) };
    report(
        "keys of several words",
        promotions().flat_map(|promotion| {
            [
                run::<u128, u64>(ArenaKind::Global, promotion, case, 1),
                run::<(u32, u64), u64>(ArenaKind::Global, promotion, case, 2),
                run::<[u8; 20], [u8; 19]>(ArenaKind::Global, promotion, case, 3),
            ]
        }),
    );
}

/// Strings that share their starts, that continue others, and that end with zeros.
#[test]
fn byte_strings() {
    let cases = [
        Case { threads: 4, steps: 5_000, keys: Keys::Few(24) },
        Case { threads: 4, steps: 8_000, keys: Keys::Few(400) },
        Case { threads: 4, steps: 8_000, keys: Keys::Ascending(150) },
    ];
    report(
        "byte strings",
        each(cases, |promotion, case, seed| {
            let arena = ArenaKind::chosen()[seed as usize % 3];
            [
                run_on::<SpelledMap<Shared, u64>>(arena, promotion, case, seed),
                run_on::<SpelledMap<Far, String>>(arena, promotion, case, seed),
                run_on::<SpelledMap<Short, [u64; 5]>>(arena, promotion, case, seed),
            ]
        }),
    );
}

/// Values in a word, in a cell, and in several cells, which are overwritten under readers.
#[test]
fn byte_values() {
    let cases = [
        Case { threads: 4, steps: 4_000, keys: Keys::Few(12) },
        Case { threads: 8, steps: 2_000, keys: Keys::Few(100) },
        Case { threads: 4, steps: 5_000, keys: Keys::Ascending(150) },
    ];
    report(
        "byte values",
        each(cases, |promotion, case, seed| {
            let arena = ArenaKind::chosen()[seed as usize % 3];
            [
                run_on::<SpelledBlobs<Shared>>(arena, promotion, case, seed),
                run_on::<SpelledBlobs<Far>>(arena, promotion, case, seed),
                run_on::<SpelledBlobs<Short>>(arena, promotion, case, seed),
            ]
        }),
    );
}

#[test]
fn owning_values() {
    let cases = [
        Case { threads: 4, steps: 5_000, keys: Keys::Few(12) },
        Case { threads: 8, steps: 4_000, keys: Keys::Few(200) },
    ];
    report(
        "owning values",
        each(cases, |promotion, case, seed| {
            [
                run::<u64, String>(ArenaKind::Global, promotion, case, seed),
                run::<[u8; 64], String>(ArenaKind::Global, promotion, case, seed),
            ]
        }),
    );
}

#[test]
fn every_arena() {
    let case = Case { threads: 4, steps: 5_000, keys: Keys::Few(150) };
    report(
        "every arena",
        ArenaKind::chosen().iter().copied().flat_map(|arena| {
            promotions().flat_map(move |promotion| {
                [
                    run::<u64, u64>(arena, promotion, case, 1),
                    run::<[u8; 64], String>(arena, promotion, case, 2),
                ]
            })
        }),
    );
}

#[test]
fn many_threads() {
    let cases = [
        Case { threads: 64, steps: 400, keys: Keys::Few(12) },
        Case { threads: 32, steps: 800, keys: Keys::Few(200) },
    ];
    report(
        "many threads",
        each(cases, |promotion, case, seed| [run::<u64, u64>(ArenaKind::Global, promotion, case, seed)]),
    );
}
