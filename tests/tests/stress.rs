//! A stress test of all operations for sanitizers. It has no test harness, because a harness confuses them.
//!
//! On stable Rust, from the top of the repository; `T` is `x86_64-unknown-linux-gnu`:
//!
//! ```sh
//! RUSTC_BOOTSTRAP=1 \
//! RUSTFLAGS="-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan --cfg small_nodes" \
//!     cargo test -p tests --test stress --target T
//! RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address --cfg small_nodes" \
//!     cargo test -p tests --test stress --target T
//! ```
//!
//! ThreadSanitizer finds plain accesses that race: to memory that a value owns, if the lock does not order
//! them, and to a block's or a pool's own fields. It does not model fences and does not see vector
//! instructions in `asm!`, so it misses a missing fence. AddressSanitizer finds use after free, and leaks of
//! what values own and of whole slabs. It does not find stale reads of recycled nodes, which are valid
//! memory.
//!
//! For the sanitizers' sake, every thread is joined explicitly, threads meet at an atomic and at no lock of
//! the standard library, and results come back through `join`.
//!
//! `STRESS_STEPS` sets the steps of each thread (3000); arguments choose parts by name.

use bskip_core::{BSkipMap, Promotion};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use tests::arena::{AnyArena, ArenaKind};
use tests::config::config;
use tests::history::play::{Clock, Phase, Player, Watched};
use tests::history::{Checked, History};
use tests::numbered::{InAnyArena, SpelledMap};
use tests::numbered_blobs::SpelledBlobs;
use tests::owner::{Owner, Space};
use tests::rng::Rng;
use tests::shared::{self, Sum, count_of};
#[cfg(small_nodes)]
use tests::spelled::Far;
use tests::spelled::Shared;
use tests::tally::Tally;
use tests::values::NumberedValue;

const THREADS: usize = 4;

const PROMOTIONS: [Promotion; 3] =
    [Promotion::Coin { one_in: 3 }, Promotion::CoinAndOverflow { one_in: 16 }, Promotion::Overflow];

fn steps() -> u64 {
    std::env::var("STRESS_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(3_000)
}

/// Runs `work(t)` on threads that start together.
fn run<R: Send>(work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let arrived = AtomicUsize::new(0);
    thread::scope(|scope| {
        let spawn = |t| {
            let (arrived, work) = (&arrived, &work);
            scope.spawn(move || {
                // AcqRel pairs with the other threads' additions and loads: all threads have arrived before
                // one goes on.
                arrived.fetch_add(1, Ordering::AcqRel);
                // Acquire pairs with the additions above.
                while arrived.load(Ordering::Acquire) < THREADS {
                    thread::yield_now();
                }
                work(t)
            })
        };
        let handles: Vec<_> = (0..THREADS).map(spawn).collect();
        handles.into_iter().map(|handle| handle.join().expect("a thread failed")).collect()
    })
}

/// A map of each arena and policy.
fn maps<M: InAnyArena>() -> impl Iterator<Item = M> {
    ArenaKind::chosen()
        .iter()
        .copied()
        .flat_map(|arena| PROMOTIONS.into_iter().map(move |promotion| M::made(arena, config(promotion, 8))))
}

/// Keys of fixed width.
type Words<K, V> = BSkipMap<K, V, AnyArena>;

/// Each thread has its own keys, on common leaves.
fn owners<M: InAnyArena + Sync>() {
    let space = Space { classes: THREADS as u64, per_class: 60 };
    for mut map in maps::<M>() {
        let models = run(|t| {
            let mut owner = Owner::new(t as u64, space, 3);
            (0..steps()).for_each(|_| owner.step(&map));
            owner.model().clone()
        });
        let all: BTreeMap<u64, u64> = models.into_iter().flatten().collect();
        assert!(map.numbers().eq(all));
        map.check_invariants();
    }
}

/// Counters that all threads change. All threads read the memory that the values own.
fn counters<M: InAnyArena + Sync>() {
    for mut map in maps::<M>() {
        let sums = run(|t| {
            let (mut rng, mut sum, mut tally) = (Rng::new(t as u64), Sum::default(), Tally::default());
            for _ in 0..steps() {
                let number = rng.below(30);
                shared::step(&map, number, &mut rng, &mut sum, &mut tally);
                black_box(map.get_with(number, M::Value::number));
            }
            sum
        });
        let [added, removed] =
            [|sum: &Sum| sum.added, |sum: &Sum| sum.removed].map(|f| sums.iter().map(f).sum::<u64>());
        let left: u64 = map.numbers().map(|(_, value)| count_of(value)).sum();
        assert_eq!(added, removed + left);
        map.check_invariants();
    }
}

/// All operations, and their histories.
fn histories<M: InAnyArena + Sync>() {
    let mut sum = Checked::default();
    for mut map in maps::<M>() {
        let clock = Clock::default();
        let logs = run(|t| {
            let mut player = Player::new(&map, &clock, Watched::ALL, (t as u64) << 20);
            let (mut rng, mut phase) = (Rng::new(t as u64), Phase::Growing);
            for _ in 0..steps() {
                if rng.below(300) == 0 {
                    phase = phase.other();
                }
                let (number, other) = (rng.below(80), rng.below(80));
                match rng.below(10) {
                    0 => player.play_on_map(&mut rng, phase, number, other),
                    _ => player.play_on_key(&mut rng, phase, number),
                }
            }
            player.log
        });
        let mut history = History::new(BTreeMap::new());
        logs.into_iter().for_each(|log| history.add(log));
        sum += history.expect("stress");
        map.check_invariants();
    }
    println!("histories: {sum}");
}

/// A part: its name and what it runs.
type Part = (&'static str, fn());

/// With nodes of the usual size, three parts show that the program works. Other tests do the rest there.
const PARTS: &[Part] = &[
    ("owners_of_words", owners::<Words<u64, u64>>),
    #[cfg(small_nodes)]
    ("owners_of_text_under_wide_keys", owners::<Words<[u8; 64], String>>),
    ("counters_in_words", counters::<Words<u64, u64>>),
    #[cfg(small_nodes)]
    ("counters_in_boxes", counters::<Words<[u8; 64], Box<[u64; 3]>>>),
    #[cfg(small_nodes)]
    ("counters_in_text", counters::<Words<u64, String>>),
    #[cfg(small_nodes)]
    ("histories_of_words", histories::<Words<[u8; 64], u64>>),
    ("histories_of_text", histories::<Words<u64, String>>),
    ("histories_of_strings", histories::<SpelledMap<Shared, u64>>),
    ("histories_of_byte_values", histories::<SpelledBlobs<Shared>>),
    #[cfg(small_nodes)]
    ("counters_under_strings", counters::<SpelledMap<Shared, Box<[u64; 3]>>>),
    #[cfg(small_nodes)]
    ("owners_of_text_under_long_strings", owners::<SpelledMap<Far, String>>),
    #[cfg(small_nodes)]
    ("owners_of_byte_values_under_long_strings", owners::<SpelledBlobs<Far>>),
    #[cfg(small_nodes)]
    ("counters_in_byte_values", counters::<SpelledBlobs<Shared>>),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let mut passed = 0;
    for (name, part) in PARTS.iter().filter(|(name, _)| chosen(name)) {
        part();
        passed += 1;
        println!("test {name} ... ok");
    }
    println!("test result: ok. {passed} passed; 0 failed");
}
