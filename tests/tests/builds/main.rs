//! What the compiler says about the crates, and programs that these tests build: without std, and without
//! optimisation.

mod atomics;
mod auto_traits;
mod commands;
mod guide;
mod no_std;
mod unoptimised;
