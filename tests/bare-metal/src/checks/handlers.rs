//! Interrupt handlers by calls that never wait: locks may be held by the very writer that was interrupted.

use bskip_core::{StaticArena, TryInsertCause, TryInsertError};

use super::common::{Context, report};
use super::interrupting::Refusal;
use super::known::{self, Calls, Map};
use crate::platform::Kernel;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;

static ARENA: StaticArena<Kernel> = StaticArena::new();
static MAP: Map<Kernel> = Map::new_in(&ARENA);

/// Handlers by `BSkipMap::handler`.
struct NeverWaiting;

impl Calls for NeverWaiting {
    type Platform = Kernel;

    fn map() -> &'static Map<Kernel> {
        &MAP
    }

    fn insert(key: u64, value: u64) -> Result<Option<u64>, Refusal> {
        MAP.handler().try_insert(key, value).map_err(|error| refusal(&error, key, value))
    }
}

/// Why a pair was not inserted. The error must give that pair back.
pub(super) fn refusal(error: &TryInsertError<u64, u64>, key: u64, value: u64) -> Refusal {
    assert_eq!((error.key, error.value), (key, value));
    if error.cause == TryInsertCause::Full { Refusal::Full } else { Refusal::Busy }
}

/// Writers and handlers share a map whose locks do not keep interrupts off.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = known::run::<NeverWaiting>(context.options.calls);
    report(format_args!("{outcome}"));
}
