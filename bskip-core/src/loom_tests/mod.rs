//! The protocol under loom: every order of threads and every value that the memory model lets a load see.
//!
//! If it matters, a test is written twice: with the writer on the main thread, and with the reader there. The
//! reason is that loom remembers only the last access of each atomic. If a storing thread has loaded first,
//! that hides the earlier loads of other threads (tokio-rs/loom#166). Each test states a least number of
//! executions, so that a model that has become useless is noticed.
//!
//! Loom cannot show load buffering: a load that sees a store which its thread has not reached yet. So no test
//! here depends on the Release in `unlock_unchanged`. For the Release in `Cell::release`, a plain variable
//! stands for the bytes of a cell, and loom finds the race.
//!
//! A build with `--cfg bskip_narrow` has the scenes of the lock only. Above the lock, nothing depends on how a
//! version lies in memory, and the other scenes would have twice as many words.

mod lock;

cfg_if! { if #[cfg(not(bskip_narrow))] {
    mod across;
    mod arena;
    mod blobs;
    mod cells;
    mod compute;
    mod first_leaf;
    mod handlers;
    mod leaf;
    mod map;
    mod numa;
    mod replica;
    mod strings;
}}
