//! The `xtask` binary from outside.

mod bare_metal;
mod common;
mod input;
mod interrupt;
mod plot;
mod resume;
mod sweep;
