//! Deliberate bugs in the protocol, each of which a check must catch: a check of the checks.
//!
//! A mutant is a patch in `xtask/mutants`: a header says what is wrong and which probes catch it, a unified diff
//! with one line of context says how. `patch` reads them, `work` keeps the copy of the sources that they are applied to,
//! `probes` names the tests that catch them, `run` applies and judges, `refresh` follows changed code.

mod patch;
mod probes;
mod refresh;
mod run;
mod work;

pub(super) use patch::all;
pub(super) use refresh::command as refresh;
pub(super) use run::command;
