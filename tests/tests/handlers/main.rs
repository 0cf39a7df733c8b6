//! Calls that neither wait nor allocate, and the sections around locks.

mod edges;
mod held;
mod histories;
mod model;
mod reserved;
#[cfg(unix)]
mod signals;
