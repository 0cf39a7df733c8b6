//! Deliberate bugs in the protocol. A check must catch each one, so they check the checks.
//!
//! A mutant is a patch in `xtask/mutants`. Its header says what is wrong, and which probes catch it. A
//! unified diff with one line of context follows. `patch` reads the patches, and `work` keeps the copy of the
//! sources that they are applied to. `probes` names the tests that catch them. `run` applies and judges them,
//! and `refresh` adapts them to changed code.
//!
//! Some bugs have no mutant, because the types exclude them:
//!
//! * A structural change that a hint table or a replica does not learn of. Only a `Reshaped` node can be
//!   changed so, and it tells its witness when it drops.
//! * A block that leaks on an early return, or is released twice or under a lock. `Fresh` gives the block
//!   back when it drops. `Retired` can be used only once, by the commit, which ends after the locks.

mod patch;
mod probes;
mod refresh;
mod run;
mod work;

pub(super) use patch::all;
pub(super) use refresh::command as refresh;
pub(super) use run::command;
