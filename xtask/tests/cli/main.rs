//! The `xtask` binary from outside.

mod common;
mod input;
mod interrupt;
mod plot;
mod sweep;
