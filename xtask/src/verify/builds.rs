//! The ways to compile the workspace for checks and mutants.
//!
//! Builds for real threads use this machine's instructions, and choose nothing at run time. So the compiler
//! compiles each operation once, not three times. `cargo test` runs the tests with the choice.
//!
//! `--cfg thorough` adds what `cargo test` leaves out: more types, larger maps, more steps.

use super::suite::Build;

/// Nodes of the usual size.
pub(super) static PLAIN: Build =
    Build { dir: "native", flags: "-C target-cpu=native --cfg thorough", is_sanitized: false };

/// Nodes of few slots, so a dozen keys make splits, merges and upper levels.
pub(super) static SMALL: Build = Build {
    dir: "small",
    flags: "-C target-cpu=native --cfg small_nodes --cfg thorough",
    is_sanitized: false,
};

/// As on a target without 64-bit atomics: narrow versions, and no vector instructions.
pub(super) static NARROW: Build = Build {
    dir: "narrow",
    flags: "-C target-cpu=native --cfg bskip_narrow --cfg thorough",
    is_sanitized: false,
};

/// The same with nodes of few slots. Every second change of a node wraps the low word of its version.
pub(super) static NARROW_SMALL: Build = Build {
    dir: "narrow-small",
    flags: "-C target-cpu=native --cfg bskip_narrow --cfg small_nodes",
    is_sanitized: false,
};

/// The narrow lock under loom.
pub(super) static NARROW_LOOM: Build =
    Build { dir: "narrow-loom", flags: "--cfg bskip_narrow --cfg loom", is_sanitized: false };

/// Atomics and threads are those of loom, which runs every execution that the memory model allows.
pub(super) static LOOM: Build = Build { dir: "loom", flags: "--cfg loom", is_sanitized: false };

/// Atomics and threads are shuttle's: random schedules.
pub(super) static SHUTTLE: Build = Build { dir: "shuttle", flags: "--cfg shuttle", is_sanitized: false };

/// Finds data races between plain accesses, and between plain and atomic ones.
pub(super) static THREAD: Build = Build {
    dir: "thread-sanitizer",
    flags: "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer --cfg tsan --cfg small_nodes -Ctarget-cpu=native",
    is_sanitized: true,
};

/// Finds accesses to memory that was freed or is out of bounds, and leaks.
pub(super) static ADDRESS: Build = Build {
    dir: "address-sanitizer",
    flags: "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer --cfg small_nodes -Ctarget-cpu=native",
    is_sanitized: true,
};
