//! Deliberate bugs in the protocol, each of which a check must catch: a check of the checks.
//!
//! A mutant is a patch in `xtask/mutants`: a header says what is wrong and which probes catch it, a unified
//! diff with one line of context says how. `patch` reads them, `work` keeps the copy of the sources that they
//! are applied to, `probes` names the tests that catch them, `run` applies and judges, `refresh` follows
//! changed code.
//!
//! Some bugs have no mutant because the types exclude them. A structural change that a hint table or a
//! replica does not learn of: only a `Reshaped` node can be changed so, and it tells its witness as it drops.
//! A block that leaks on an early return, or is released twice or under a lock: `Fresh` gives it back as it
//! drops, and `Retired` can be used once, by the commit, which ends after the locks.

mod patch;
mod probes;
mod refresh;
mod run;
mod work;

pub(super) use patch::all;
pub(super) use refresh::command as refresh;
pub(super) use run::command;
