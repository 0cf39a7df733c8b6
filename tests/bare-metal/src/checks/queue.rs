//! A queue that interrupt handlers take from at both ends: each pair that was put in comes out once.

use core::sync::atomic::{AtomicU64, Ordering};

use bskip_core::StaticArena;

use super::common::{Context, Map, report, value_of};
use super::handlers::refusal;
use super::interrupting::{self, Done, Refusal, Scene};
use crate::cpu::MOST;
use crate::platform::Kernel;
use crate::random::Random;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;
/// Pairs in the queue from which on writers take instead of putting.
const ENOUGH: u64 = 2_000;
/// With this many calls of handlers, some certainly meet a lock: more than a thousand do.
const MANY: u64 = 20_000;

static ARENA: StaticArena<Kernel> = StaticArena::new();
static MAP: Map = Map::new_in(&ARENA);

/// Keys that each CPU has made. Its writer and its handler count together.
static KEYS: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];
static PUT: Pairs = Pairs::none();
static TAKEN: Pairs = Pairs::none();

/// Pairs, by how many there are and by the sums of their keys and of the squares of these, modulo 2^64. A pair that is
/// lost or there twice changes them.
struct Pairs {
    count: AtomicU64,
    keys: AtomicU64,
    squares: AtomicU64,
}

impl Pairs {
    const fn none() -> Self {
        let [count, keys, squares] = [const { AtomicU64::new(0) }; 3];
        Self { count, keys, squares }
    }

    /// Adds a pair, whose value must be that of the key.
    fn add(&self, (key, value): (u64, u64)) {
        assert_eq!(value, value_of(key));
        // Relaxed: these are sums, and `team` orders what the first CPU reads in the end.
        self.count.fetch_add(1, Ordering::Relaxed);
        self.keys.fetch_add(key, Ordering::Relaxed);
        self.squares.fetch_add(key.wrapping_mul(key), Ordering::Relaxed);
    }

    fn all(&self) -> [u64; 3] {
        [&self.count, &self.keys, &self.squares].map(|sum| sum.load(Ordering::Relaxed))
    }
}

/// A pair with a key that no other call makes. Keys rise, so new pairs come near the end.
fn new_pair(cpu: usize) -> (u64, u64) {
    let key = KEYS[cpu].fetch_add(1, Ordering::Relaxed) * MOST as u64 + cpu as u64;
    (key, value_of(key))
}

/// Writers put, and handlers take.
struct Queue;

impl Scene for Queue {
    const MUST: &'static [Done] = &[Done::PopFirst, Done::PopLast, Done::Insert];

    fn write(cpu: usize, random: &mut Random) -> u64 {
        let waiting = PUT.all()[0].saturating_sub(TAKEN.all()[0]);
        if waiting > ENOUGH || random.below(4) == 0 {
            // This also merges leaves that handlers have emptied.
            MAP.pop_first().into_iter().for_each(|pair| TAKEN.add(pair));
        } else {
            let (key, value) = new_pair(cpu);
            assert_eq!(MAP.insert(key, value), None);
            PUT.add((key, value));
        }
        1
    }

    fn handle(cpu: usize, random: &mut Random) -> Result<Done, Refusal> {
        let handler = MAP.handler();
        let (taken, done) = match random.below(4) {
            0 | 1 => (handler.try_pop_first(), Done::PopFirst),
            2 => (handler.try_pop_last(), Done::PopLast),
            _ => {
                let (key, value) = new_pair(cpu);
                let old = handler.try_insert(key, value).map_err(|error| refusal(&error, key, value))?;
                assert_eq!(old, None);
                PUT.add((key, value));
                return Ok(Done::Insert);
            }
        };
        let Some(pair) = taken.map_err(|_| Refusal::Busy)? else { return Ok(Done::Nothing) };
        TAKEN.add(pair);
        Ok(done)
    }
}

/// Writers and handlers put and take. In the end, the first CPU takes the rest.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = interrupting::run::<Queue>(context.options.calls);
    while let Some(pair) = MAP.pop_first() {
        TAKEN.add(pair);
    }
    assert_eq!(TAKEN.all(), PUT.all(), "pairs taken, and pairs put: count, sum of keys, sum of squares");
    // Writers and handlers pop the first pair from the same leaf, so handlers interrupt a writer that holds its lock.
    assert!(outcome.calls < MANY || outcome.busy > 0, "no handler met a lock: {outcome}");
    let by_handlers = outcome.count(Done::PopFirst) + outcome.count(Done::PopLast);
    report(format_args!("{outcome}; {} pairs, {by_handlers} of them taken by handlers", TAKEN.all()[0]));
}
