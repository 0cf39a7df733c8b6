//! What vector instructions do for a node: they search a line of sorted words (eight, except in builds with
//! small nodes), move words, and compare them with bytes. There is one interface, [`Isa`], and one file for each instruction set.
//!
//! A writer may change the words while a reader reads them. So `portable` accesses them as atomics, and the
//! others by vector instructions in `asm!` blocks, which the compiler must not change. A plain or intrinsic
//! vector access of racing memory would be undefined behaviour. A reader trusts what it has read only after
//! validation.
//!
//! | build | instruction set |
//! | --- | --- |
//! | x86-64, with the target feature `avx512f` or `avx` (`-C target-cpu=native`, `x86-64-v3`, `-v4`) | that one |
//! | x86-64 without these, with the crate's feature `std` | the best that the processor has, found out at run time (`x86/choice.rs`) |
//! | AArch64, little-endian | NEON |
//! | all others, also x86-64 without SSE2 (`x86_64-unknown-none`); Miri, model checkers, small nodes, `--cfg bskip_narrow` | none: word by word |
//!
//! [`choose`] says which. If the set is found out at run time, a choice costs a load of a static and a branch
//! that always goes the same way. A search in a node and a change of a node choose once, not for every line.
//!
//! All of it is inlined into functions that are compiled without the instruction set's feature. That is
//! possible because the text of the `asm!` blocks names the registers that need the feature: they are never
//! operands.

// Miri and the model checkers do not support `asm!`, small nodes have lines of two words, and vector
// instructions move words of 64 bits.
#[cfg(all(
    target_arch = "aarch64",
    target_endian = "little",
    target_feature = "neon",
    not(any(miri, loom, shuttle, small_nodes, bskip_narrow))
))]
#[path = "neon.rs"]
pub(crate) mod arch;
#[cfg(any(
    not(any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_endian = "little", target_feature = "neon")
    )),
    any(miri, loom, shuttle, small_nodes, bskip_narrow)
))]
pub(crate) mod arch {
    pub(crate) use super::fixed::*;

    /// See [`choose`].
    #[inline(always)]
    pub(crate) const fn fixed() -> super::portable::Portable {
        super::portable::Portable
    }
}
#[cfg(all(
    target_arch = "x86_64",
    target_feature = "sse2",
    not(any(miri, loom, shuttle, small_nodes, bskip_narrow))
))]
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

/// `choose!(isa => expression)` evaluates `expression` with `isa` as the [`Isa`] to use.
pub(crate) use arch::choose;
/// Makes all threads use the instruction set of this name from now on. Returns false if the processor lacks
/// it, or if the build leaves no choice. For tests and benches.
#[cfg(any(test, feature = "internals"))]
pub(crate) use arch::force;
pub(crate) use isa::{Isa, LINE, SAME};
pub(crate) use prefetch::{prefetch, prefetch_for_later};
