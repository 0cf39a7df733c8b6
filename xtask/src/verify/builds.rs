//! The ways in which checks and mutants compile the workspace.
//!
//! Builds for real threads use this machine's instructions without a choice at run time: the compiler then
//! compiles each operation once, not three times. `cargo test` runs the same tests with the choice.

use super::suite::Build;

/// Nodes of the usual size.
pub(super) static PLAIN: Build = Build { dir: "native", flags: "-C target-cpu=native", is_sanitized: false };

/// Nodes of few slots: a dozen keys make splits, merges and upper levels.
pub(super) static SMALL: Build =
    Build { dir: "small", flags: "-C target-cpu=native --cfg small_nodes", is_sanitized: false };

/// Atomics and threads are loom's: every execution that the memory model allows.
pub(super) static LOOM: Build = Build { dir: "loom", flags: "--cfg loom", is_sanitized: false };

/// Atomics and threads are shuttle's: random schedules.
pub(super) static SHUTTLE: Build = Build { dir: "shuttle", flags: "--cfg shuttle", is_sanitized: false };

/// Data races between plain accesses, and between plain and atomic ones.
pub(super) static THREAD: Build = Build {
    dir: "thread-sanitizer",
    flags: "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan --cfg small_nodes -Ctarget-cpu=native",
    is_sanitized: true,
};

/// Memory used after it was freed, or out of bounds, or leaked.
pub(super) static ADDRESS: Build = Build {
    dir: "address-sanitizer",
    flags: "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer --cfg small_nodes -Ctarget-cpu=native",
    is_sanitized: true,
};
