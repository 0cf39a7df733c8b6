//! The `xtask` binary from outside.

mod common;
mod interrupt;
mod plot;
mod sweep;
