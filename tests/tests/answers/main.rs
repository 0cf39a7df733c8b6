//! Answers of one thread's calls: against `BTreeMap`, at the ends of key types and ranges, and for the defects
//! that this map or other maps once had.

mod extreme_keys;
mod fuzz_corpus;
#[cfg(feature = "sequences")]
mod model;
mod range_ends;
mod regressions;
mod review_findings;
