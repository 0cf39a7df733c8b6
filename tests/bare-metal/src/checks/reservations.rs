//! Interrupt handlers with blocks in advance: an insertion never finds a leaf full while a block is left.

use bskip_core::{Reservation, StaticArena};

use super::common::{Context, report};
use super::handlers::refusal;
use super::interrupting::Refusal;
use super::known::{self, Calls, Map};
use crate::per_cpu::PerCpu;
use crate::platform::Kernel;

/// Bytes of the arena on each node.
const BYTES: usize = 2 << 20;
/// Blocks in advance for each CPU.
const BLOCKS: usize = 4;

static ARENA: StaticArena<Kernel> = StaticArena::new();
static MAP: Map<Kernel> = Map::new_in(&ARENA);
/// The blocks of each CPU's handler.
static RESERVATIONS: PerCpu<Option<Blocks>> = PerCpu::none();

type Blocks = Reservation<'static, u64, u64, &'static StaticArena<Kernel>>;

/// Handlers by `BSkipMap::handler`, with reservations.
struct Reserving;

impl Calls for Reserving {
    type Platform = Kernel;

    fn map() -> &'static Map<Kernel> {
        &MAP
    }

    fn insert(key: u64, value: u64) -> Result<Option<u64>, Refusal> {
        RESERVATIONS.with(|blocks| {
            let blocks = blocks.as_mut().expect("the writer has made a reservation");
            let has_block = !blocks.is_empty();
            let inserted = MAP.handler().try_insert_with(blocks, key, value);
            let inserted = inserted.map_err(|error| refusal(&error, key, value));
            assert!(!(has_block && inserted == Err(Refusal::Full)), "a leaf is full, and there is a block");
            inserted
        })
    }

    fn prepare() {
        RESERVATIONS.with(|blocks| match blocks {
            Some(blocks) => blocks.refill().expect("the arena has room"),
            None => *blocks = Some(MAP.reserve(BLOCKS).expect("the arena has room")),
        });
    }
}

/// Writers and handlers share a map. Each writer keeps blocks ready for the handler of its CPU.
pub(super) fn check(context: &mut Context) {
    context.memory.give(&ARENA, BYTES);
    let outcome = known::run::<Reserving>(context.options.calls);
    report(format_args!("{outcome}"));
}
