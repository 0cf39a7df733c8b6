//! The answer of a sweep: `tuned.toml`, which a program loads by `numa_alloc::NumaConfig`.
//!
//! `verify` looks at such a file again.

mod verify;

pub(crate) use verify::{Verify, verify};
