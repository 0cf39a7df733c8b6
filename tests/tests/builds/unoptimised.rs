//! Large values on a thread's usual stack, without optimisation.
//!
//! Property: `large_values` passes in a build that is not optimised. The tests are optimised, and an
//! optimised function needs a fraction of the stack. So a user's debug build could overflow its stack
//! although the tests pass.

use std::path::Path;
use std::process::Command;

#[cfg_attr(not(thorough), ignore = "builds for long; `cargo xtask verify` runs it")]
#[test]
fn large_values_fit_the_stack() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unoptimised");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["test", "--locked", "--no-default-features", "--test", "large_values", "--target-dir"]);
    command.arg(target).current_dir(env!("CARGO_MANIFEST_DIR")).env("CARGO_PROFILE_TEST_OPT_LEVEL", "0");
    // Removes the build settings of the outer call.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(name);
    }
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
