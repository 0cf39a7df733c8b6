//! What the programs in `bin` share: the map, the calls, and an entry.
#![no_std]

extern crate alloc;

#[path = "../../no-std-link/src/builtins.rs"]
mod builtins;
#[path = "../../no-std-link/src/runtime.rs"]
pub mod runtime;
pub mod stack;

use core::hint::black_box;

use bskip_core::{BSkipMap, StaticArena, StaticMemory};

/// The map of the programs.
pub type Map = BSkipMap<u64, u64, &'static StaticArena>;

static MEMORY: StaticMemory<{ 2 << 20 }> = StaticMemory::new();
static ARENA: StaticArena = StaticArena::new();
static MAP: Map = BSkipMap::new_in(&ARENA);

/// The map. The compiler cannot tell what others do with it, so it leaves out no code.
pub fn map() -> &'static Map {
    black_box(&MAP)
}

/// Gives the map memory.
pub fn start() {
    let memory = MEMORY.take();
    if memory.is_none_or(|memory| ARENA.add_region(memory).is_err()) {
        runtime::exit(1);
    }
}

/// Where the program starts: the kernel enters with the stack aligned to 16, and a function expects it as it is
/// after a call.
#[macro_export]
macro_rules! program {
    ($main:expr) => {
        core::arch::global_asm!(".globl _start", "_start:", "call {main}", "ud2", main = sym main);

        extern "C" fn main() -> ! {
            let main: fn() = $main;
            main();
            $crate::runtime::exit(0)
        }
    };
}

/// Looks a key up.
#[inline(never)]
pub fn get() {
    black_box(map().get(&black_box(7)));
}

/// Inserts a pair, without a panic if there is no memory.
#[inline(never)]
pub fn insert() {
    let _ = black_box(map().try_insert(black_box(7), black_box(1)));
}

/// Removes a pair.
#[inline(never)]
pub fn remove() {
    black_box(map().remove(&black_box(7)));
}

/// Goes through a range.
#[inline(never)]
pub fn range() {
    for pair in map().range(black_box(3)..black_box(9)) {
        black_box(pair);
    }
}
