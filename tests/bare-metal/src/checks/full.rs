//! A full arena: all CPUs insert until there is no block left, nothing is lost, and removals make room.

use bskip_core::StaticArena;
use bskip_core::arena::AllocErrorKind;

use super::common::{Context, Map, report, scattered, value_of};
use crate::platform::Kernel;
use crate::team;

/// Bytes of the arena on each node.
const BYTES: usize = 64 << 10;
/// Keys of each CPU that certainly fit, so that every CPU takes part however late it comes.
const CERTAIN: u64 = 50;
/// The bytes of a leaf, and two lines for notes: a region with less gives no leaf.
const TOO_LITTLE: usize = 1152 + 2 * 64;
/// How often the arena is filled.
const ROUNDS: u64 = 3;

static ARENA: StaticArena<Kernel> = StaticArena::new();
static MAP: Map = Map::new_in(&ARENA);

fn key(cpu: usize, number: u64) -> u64 {
    scattered((cpu as u64) << 32 | number)
}

/// Fills the arena several times, each time with other keys. Between two times, all keys are removed but one of each
/// CPU.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let mut keys = [0; ROUNDS as usize];
    let mut blocks = 0;
    for round in 0..ROUNDS {
        let certain = team::all(&|cpu| fill(cpu, round, 0, CERTAIN));
        assert_eq!(certain.sum(), CERTAIN * team::cpus() as u64);
        let counts = team::all(&|cpu| fill(cpu, round, CERTAIN, u64::MAX >> 1));
        let is_full = ARENA.regions().all(|region| region.remaining < TOO_LITTLE);
        assert!(is_full, "room for a leaf is left: {ARENA:?}");
        assert_eq!(ARENA.capacity() - ARENA.remaining(), MAP.usage().reserved_bytes);
        blocks = MAP.usage().issued_blocks;
        keys[round as usize] = MAP.len() as u64;
        assert_eq!(MAP.len() as u64, counts.sum() + round * team::cpus() as u64);
        team::all(&|cpu| empty(cpu, round)).sum();
        assert_eq!(MAP.len() as u64, (round + 1) * team::cpus() as u64);
        assert!(MAP.usage().issued_blocks < blocks / 2, "removals give blocks back: {:?}", MAP.usage());
    }
    assert!(keys.iter().all(|&count| count > keys[0] / 2), "later rounds find less room: {keys:?}");
    report(format_args!(
        "{keys:?} keys fill {} bytes with {blocks} blocks; {} bytes are left over",
        ARENA.capacity(),
        ARENA.remaining()
    ));
}

/// Inserts keys of a CPU, which are numbered from `round << 24` on. Ends after `most` of them, or when there is no
/// memory. Returns the number of the first one that is not inserted.
fn fill(cpu: usize, round: u64, start: u64, most: u64) -> u64 {
    for number in start..start + most {
        let key = key(cpu, (round << 24) + number);
        match MAP.try_insert(key, value_of(key)) {
            Ok(old) => assert_eq!(old, None),
            Err(error) => {
                assert_eq!((error.key, error.value), (key, value_of(key)));
                assert_eq!(error.cause.kind, AllocErrorKind::OutOfMemory);
                assert_eq!(MAP.get(&key), None);
                return number;
            }
        }
    }
    start + most
}

/// Checks that everything is there, and removes it up to the first key.
fn empty(cpu: usize, round: u64) -> u64 {
    let first = round << 24;
    let mut count = 1;
    while let Some(value) = MAP.get(&key(cpu, first + count)) {
        let key = key(cpu, first + count);
        assert_eq!(value, value_of(key));
        assert_eq!(MAP.remove(&key), Some(value));
        count += 1;
    }
    for round in 0..=round {
        let key = key(cpu, round << 24);
        assert_eq!(MAP.get(&key), Some(value_of(key)));
    }
    count
}
