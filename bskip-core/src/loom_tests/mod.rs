//! The protocol under loom: every order of threads and every value that the memory model lets a load see.
//!
//! Each test is written twice where it matters, with the writer on the main thread and with the reader there:
//! loom remembers one last access of each atomic, and a storing thread that has loaded first hides the
//! earlier loads of others (tokio-rs/loom#166). Each states how many executions there must be at least, so
//! that a model that has lost its point is found out.
//!
//! What loom cannot show: a load that sees a store which its thread has not come to yet (load buffering). So
//! nothing here depends on the Release in `unlock_unchanged`.

mod across;
mod arena;
mod leaf;
mod lock;
mod map;
mod numa;
mod replica;
