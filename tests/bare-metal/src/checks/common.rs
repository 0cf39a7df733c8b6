//! What the checks have in common.

use core::fmt::Arguments;

use bskip_core::{BSkipMap, StaticArena};

use crate::machine::Machine;
use crate::memory::Memory;
use crate::options::Options;
use crate::platform::Kernel;
use crate::println;

/// What a check may use.
pub(crate) struct Context {
    pub(crate) options: Options,
    pub(crate) machine: Machine,
    pub(crate) memory: Memory,
}

/// The arena of the checks that need no arena of their own.
pub(super) static ARENA: StaticArena<Kernel> = StaticArena::new();

/// A static map of words.
pub(super) type Map = BSkipMap<u64, u64, &'static StaticArena<Kernel>>;

/// Ends the line of a check.
pub(super) fn report(words: Arguments<'_>) {
    println!("{words}");
}

/// Spreads numbers over all keys. Different numbers give different keys.
pub(super) fn scattered(number: u64) -> u64 {
    // Odd, so the product visits every key once.
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The one value that `key` may have in most checks.
pub(super) fn value_of(key: u64) -> u64 {
    key.rotate_left(17) ^ 0x5bd1_e995
}
