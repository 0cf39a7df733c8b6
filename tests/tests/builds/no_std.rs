//! `bskip-core` works without std.
//!
//! Properties:
//! - without default features it has no dependencies; with `bump` it has only bumpalo;
//! - a program without std, libc and start files links with it, with and without `bump`, with and without
//!   optimisation (`no-std-link` beside this folder). It runs, gets right answers from all operations, and
//!   waits in its arena's `Platform`;
//! - that program contains nothing of std and needs no foreign symbol.
//!
//! The program makes its system calls itself, so it runs on x86-64 Linux only. The dependency tree is checked
//! everywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{cargo, output};

/// This package's folder.
fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names of the packages in the dependency tree of `bskip-core` with these features, itself included.
fn tree(features: &[&str]) -> Vec<String> {
    let args = ["tree", "-p", "bskip-core", "--no-default-features", "-e", "normal", "--prefix", "none"];
    let output = output(cargo(&args).args(features).current_dir(here()));
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn tree_without_features_is_the_crate_itself() {
    assert_eq!(tree(&[]), ["bskip-core"]);
}

#[test]
fn tree_with_bump_adds_bumpalo_only() {
    assert_eq!(tree(&["--features", "bump"]), ["bskip-core", "bumpalo"]);
}

/// Builds the program and runs it.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn build_and_run(profile: &str, features: &[&str]) {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-std-link");
    let project = here().join("no-std-link");
    let args = ["build", "--locked", "--profile", profile, "--target-dir"];
    output(cargo(&args).arg(&target).args(features).current_dir(&project));
    let folder = if profile == "dev" { "debug" } else { profile };
    let program = target.join("x86_64-unknown-linux-gnu").join(folder).join("no-std-link");

    let symbols = output(Command::new("nm").arg("--demangle").arg(&program));
    let symbols = String::from_utf8_lossy(&symbols.stdout);
    assert!(symbols.lines().any(|line| line.contains("bskip_core")), "this is not the test program");
    let foreign = |line: &&str| line.contains(" U ") || line.contains(" std::") || line.contains("<std::");
    assert_eq!(symbols.lines().find(foreign), None, "a symbol of std, or from elsewhere");

    let status = Command::new(&program).status().expect("the program starts");
    assert_eq!(status.code(), Some(0), "{profile} {features:?}: the program found a wrong answer: {status}");
}

/// This is one test, because all builds use one target folder. `cargo test` makes one of the four.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_program_without_std_links_and_runs() {
    build_and_run("release", &["--features", "bump"]);
    if cfg!(thorough) {
        build_and_run("release", &[]);
        build_and_run("dev", &[]);
        build_and_run("dev", &["--features", "bump"]);
    }
}
