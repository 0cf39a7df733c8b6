//! Interrupt handlers by calls that never wait: locks may be held by the very writer that was interrupted.

use bskip_core::{StaticArena, TryInsertCause};

use super::common::{Context, report};
use super::interrupted::{self, Answer, Calls, Map};
use crate::platform::Kernel;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;

static ARENA: StaticArena<Kernel> = StaticArena::new();
static MAP: Map<Kernel> = Map::new_in(&ARENA);

/// Handlers by `BSkipMap::handler`.
struct NeverWaiting;

impl Calls for NeverWaiting {
    fn get(key: u64) -> Answer {
        MAP.handler().try_get(&key).map_or(Answer::Busy, Answer::Old)
    }

    fn insert(key: u64, value: u64) -> Answer {
        match MAP.handler().try_insert(key, value) {
            Ok(old) => Answer::Old(old),
            Err(error) => {
                assert_eq!((error.key, error.value), (key, value));
                match error.cause {
                    TryInsertCause::Full => Answer::Full,
                    _ => Answer::Busy,
                }
            }
        }
    }

    fn remove(key: u64) -> Answer {
        MAP.handler().try_remove(&key).map_or(Answer::Busy, Answer::Old)
    }
}

/// Writers and handlers share a map whose locks do not keep interrupts off.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = interrupted::run::<Kernel, NeverWaiting>(&MAP, context.options.calls);
    report(format_args!("{outcome}"));
}
