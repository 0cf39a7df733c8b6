//! Interrupt handlers by the ordinary calls: locks are held only while interrupts are off, so a handler waits for
//! other CPUs alone.

use core::ops::Bound;

use bskip_core::StaticArena;

use super::common::{Context, report};
use super::interrupting::Refusal;
use super::known::{self, Calls, Map};
use crate::platform::Masking;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;

static ARENA: StaticArena<Masking> = StaticArena::new();
static MAP: Map<Masking> = Map::new_in(&ARENA);

/// Handlers by the map's own methods.
struct Waiting;

impl Calls for Waiting {
    type Platform = Masking;

    fn map() -> &'static Map<Masking> {
        &MAP
    }

    fn get(key: u64) -> Result<Option<u64>, Refusal> {
        Ok(MAP.get(&key))
    }

    fn floor(key: u64) -> Result<Option<(u64, u64)>, Refusal> {
        Ok(MAP.upper_bound(Bound::Included(&key)))
    }

    fn insert(key: u64, value: u64) -> Result<Option<u64>, Refusal> {
        Ok(MAP.insert(key, value))
    }

    fn remove(key: u64) -> Result<Option<u64>, Refusal> {
        Ok(MAP.remove(&key))
    }
}

/// Writers and handlers share a map that turns interrupts off around its locks.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = known::run::<Waiting>(context.options.calls);
    report(format_args!("{outcome}"));
}
