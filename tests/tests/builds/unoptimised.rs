//! Large values on a thread's usual stack, without optimisation.
//!
//! Property: `large_values` passes in a build that is not optimised. The tests are optimised, and an
//! optimised function needs a fraction of the stack. So a user's debug build could overflow its stack
//! although the tests pass.

use std::path::Path;

use crate::commands::{cargo, output};

#[cfg_attr(not(thorough), ignore = "builds for long; `cargo xtask verify` runs it")]
#[test]
fn large_values_fit_the_stack() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unoptimised");
    let args = ["test", "--locked", "--no-default-features", "--test", "large_values", "--target-dir"];
    let mut cargo = cargo(&args);
    cargo.arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    output(cargo.env("CARGO_PROFILE_TEST_OPT_LEVEL", "0"));
}
