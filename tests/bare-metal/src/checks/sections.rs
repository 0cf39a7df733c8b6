//! Interrupt handlers by the ordinary calls: locks are held only while interrupts are off, so a handler waits for
//! other CPUs alone.

use bskip_core::StaticArena;

use super::common::{Context, report};
use super::interrupted::{self, Answer, Calls, Map};
use crate::platform::Masking;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;

static ARENA: StaticArena<Masking> = StaticArena::new();
static MAP: Map<Masking> = Map::new_in(&ARENA);

/// Handlers by the map's own methods.
struct Waiting;

impl Calls for Waiting {
    fn get(key: u64) -> Answer {
        Answer::Old(MAP.get(&key))
    }

    fn insert(key: u64, value: u64) -> Answer {
        Answer::Old(MAP.insert(key, value))
    }

    fn remove(key: u64) -> Answer {
        Answer::Old(MAP.remove(&key))
    }
}

/// Writers and handlers share a map that turns interrupts off around its locks.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = interrupted::run::<Masking, Waiting>(&MAP, context.options.calls);
    assert_eq!((outcome.busy, outcome.full), (0, 0));
    report(format_args!("{outcome}"));
}
