//! The `xtask` binary from outside.

mod adaptive;
mod bare_metal;
mod baseline;
mod ceilings;
mod common;
mod document;
mod input;
mod interrupt;
mod killed;
mod plan;
mod refusals;
mod report;
mod resume;
mod sweep;
mod tuned;
