//! Interrupt handlers with blocks in advance: an insertion never finds a leaf full.

use bskip_core::{Reservation, StaticArena, TryInsertCause};

use super::common::{Context, report};
use super::interrupted::{self, Answer, Calls, Map};
use crate::per_cpu::PerCpu;
use crate::platform::Kernel;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;
/// Blocks in advance for each CPU.
const BLOCKS: usize = 4;

static ARENA: StaticArena<Kernel> = StaticArena::new();
static MAP: Map<Kernel> = Map::new_in(&ARENA);
/// The blocks of each CPU's handler.
static BLOCKS_OF_CPU: PerCpu<Option<Blocks>> = PerCpu::none();

type Blocks = Reservation<'static, u64, u64, &'static StaticArena<Kernel>>;

/// Handlers by `BSkipMap::handler`, with reservations.
struct Reserving;

impl Calls for Reserving {
    fn get(key: u64) -> Answer {
        MAP.handler().try_get(&key).map_or(Answer::Busy, Answer::Old)
    }

    fn insert(key: u64, value: u64) -> Answer {
        BLOCKS_OF_CPU.with(|blocks| {
            let Some(blocks) = blocks else { return Answer::Full };
            let has_block = !blocks.is_empty();
            match MAP.handler().try_insert_with(blocks, key, value) {
                Ok(old) => Answer::Old(old),
                Err(error) => {
                    assert_eq!((error.key, error.value), (key, value));
                    let is_full = error.cause == TryInsertCause::Full;
                    assert!(!(is_full && has_block), "a leaf is full, and there is a block");
                    if is_full { Answer::Full } else { Answer::Busy }
                }
            }
        })
    }

    fn remove(key: u64) -> Answer {
        MAP.handler().try_remove(&key).map_or(Answer::Busy, Answer::Old)
    }

    fn prepare() {
        BLOCKS_OF_CPU.with(|blocks| match blocks {
            Some(blocks) => blocks.refill().expect("the arena has room"),
            None => *blocks = Some(MAP.reserve(BLOCKS).expect("the arena has room")),
        });
    }
}

/// Writers and handlers share a map. Each writer keeps blocks ready for the handler of its CPU.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = interrupted::run::<Kernel, Reserving>(&MAP, context.options.calls);
    report(format_args!("{outcome}"));
}
