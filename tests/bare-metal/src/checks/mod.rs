//! The checks, one a file. Each one panics if it finds a wrong answer, and else says what it did.
//!
//! `xtask/src/machines/bare_metal/said.rs` lists their names too.

mod batches;
mod bytes;
mod common;
mod full;
mod handlers;
mod interrupting;
mod known;
mod nodes;
mod pops;
mod queue;
mod ranges;
mod reservations;
mod sections;
mod whole;
mod words;

pub(crate) use common::Context;

use crate::{print, println, stack};

/// Bytes of the common arena on each node.
const BYTES: usize = 8 << 20;

/// A check: its name, and what it does.
type Check = (&'static str, fn(&mut Context));

/// All checks.
const CHECKS: &[Check] = &[
    ("machine", whole::check),
    ("words", words::check),
    ("ranges", ranges::check),
    ("pops", pops::check),
    ("batches", batches::check),
    ("bytes", bytes::check),
    ("nodes", nodes::check),
    ("full", full::check),
    ("handlers", handlers::check),
    ("reservations", reservations::check),
    ("queue", queue::check),
    ("sections", sections::check),
];

/// Runs all checks. Prints a line for each, and then how many there were.
pub(crate) fn run(mut context: Context) {
    context.memory.give(&common::ARENA, BYTES);
    for (name, check) in CHECKS {
        // The name comes first, so that a check that hangs is known.
        print!("check {name}: ");
        check(&mut context);
    }
    stack::check();
    println!("passed {}", CHECKS.len());
}
