//! Counting by perf events.
//!
//! `events` lists the events of each processor. `count` opens and reads them, and `scaled` makes counts an operation of
//! what it read. Not every kernel lets a process count; `refused` says why, and what to do.

mod count;
mod events;
mod refused;
mod scaled;

pub(crate) use count::Counting;
