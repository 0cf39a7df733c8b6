//! What vector instructions do for a node: search in a line of (as a rule eight) sorted words, and moving
//! words. One interface, [`Isa`], one file per instruction set.
//!
//! The words may be changing under a reader, so they are read and written as atomics (`portable`) or by
//! vector instructions in `asm!` blocks, which the compiler must take as they are; a plain or intrinsic
//! vector access of racing memory would be undefined behaviour. What was read is believed only after
//! validation.
//!
//! | build | instruction set |
//! | --- | --- |
//! | x86-64, with the target feature `avx512f` or `avx` (`-C target-cpu=native`, `x86-64-v3`, `-v4`) | that one |
//! | x86-64 without, with the crate's feature `std` | the best that the processor has, found out at run time (`x86/choice.rs`) |
//! | AArch64, little-endian | NEON |
//! | all others; Miri, model checkers, small nodes | none: word by word |
//!
//! [`choose`] says which. Where it is found out at run time, choosing is a load of a static and a branch that
//! always goes the same way; it is done once for a search in a node and once for a change, not for every
//! line. All of it is inlined nevertheless, into functions that are compiled without the instruction set's
//! feature: registers that need the feature are named in the text of the `asm!` blocks, never handed over as
//! operands.

// Tools do not know `asm!`, and small nodes have lines of two words.
#[cfg(all(
    target_arch = "aarch64",
    target_endian = "little",
    target_feature = "neon",
    not(any(miri, loom, shuttle, small_nodes))
))]
#[path = "neon.rs"]
pub(crate) mod arch;
#[cfg(any(
    not(any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_endian = "little", target_feature = "neon")
    )),
    any(miri, loom, shuttle, small_nodes)
))]
pub(crate) mod arch {
    pub(crate) use super::fixed::*;

    /// See [`choose`].
    #[inline(always)]
    pub(crate) const fn fixed() -> super::portable::Portable {
        super::portable::Portable
    }
}
#[cfg(all(target_arch = "x86_64", not(any(miri, loom, shuttle, small_nodes))))]
#[path = "x86/mod.rs"]
pub(crate) mod arch;
#[allow(dead_code, unused_imports, unused_macros, reason = "the other way is to find out")]
mod fixed;
mod isa;
#[allow(dead_code, reason = "builds that promise better do without")]
pub(crate) mod portable;
mod prefetch;
#[cfg(test)]
pub(crate) mod tests;

/// `choose!(isa => expression)` is the expression, with `isa` the [`Isa`] to use.
pub(crate) use arch::choose;
/// From now on all threads use the instruction set of this name; false if the processor lacks it, or if the
/// build leaves no choice. For tests and benches.
#[cfg(any(test, feature = "internals"))]
pub(crate) use arch::force;
pub(crate) use isa::{Isa, LINE};
pub(crate) use prefetch::{prefetch, prefetch_for_later};
