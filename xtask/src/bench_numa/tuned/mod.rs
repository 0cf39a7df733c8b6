//! The answer of a sweep: `tuned.toml`, which a program loads by `numa_alloc::NumaConfig`.
//!
//! `candidates` collects the settings of our placed maps, and `choose` finds the best of them for each workload.
//! `why` gives the reason in words, and `lines` says it below the table. `verify` measures the choices of a file
//! again: `again` plans that, and `verdict` judges it.

mod again;
mod args;
mod candidates;
mod choose;
mod lines;
#[cfg(test)]
mod tests;
mod verdict;
mod verify;
mod why;

pub(crate) use args::Verify;
pub(crate) use choose::answer;
pub(crate) use lines::lines;
pub(crate) use verify::verify;
