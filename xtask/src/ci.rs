//! `cargo xtask ci`: everything that a change must pass, one step after the other, the cheap ones first.

use std::process::Command;

use crate::stop::Stop;
use crate::{cargo, counts, machines, tidy, verify};

/// A cargo command with its arguments and environment.
struct Step {
    args: &'static [&'static str],
    env: Option<(&'static str, &'static str)>,
}

/// The steps after `tidy`.
const STEPS: &[Step] = &[
    Step { args: &["fmt", "--all", "--check"], env: None },
    Step {
        args: &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
        env: None,
    },
    Step {
        args: &["doc", "--workspace", "--all-features", "--no-deps"],
        env: Some(("RUSTDOCFLAGS", "-D warnings")),
    },
    // Tests of every kind, those in documentation included.
    Step { args: &["test", "--workspace"], env: None },
];

/// Runs all steps; stops at the first that fails.
pub(crate) fn command() -> Result<(), Stop> {
    eprintln!("ci: tidy");
    tidy::command()?;
    for step in STEPS {
        eprintln!("ci: cargo {}", step.args.join(" "));
        let status = cargo_of(step).status().map_err(|error| Stop::failure(format!("cargo: {error}")))?;
        if !status.success() {
            return Err(Stop::failure(format!("ci: cargo {} failed", step.args.join(" "))));
        }
    }
    eprintln!("ci: bskip-core alone depends on nothing");
    core_depends_on_nothing()?;
    eprintln!("ci: counts");
    counts::command(&counts::Args::default())?;
    eprintln!("ci: numa-vm --quick");
    machines::numa_vm(&machines::NumaVm::quick())?;
    eprintln!("ci: verify");
    verify::command(&verify::Args::default())?;
    println!("ci: all passed");
    Ok(())
}

fn cargo_of(step: &Step) -> Command {
    let mut command = cargo::cargo();
    command.args(step.args).envs(step.env);
    command
}

/// Checks that `bskip-core` without features has no dependency, because it must build for machines without an
/// operating system.
fn core_depends_on_nothing() -> Result<(), Stop> {
    let step = Step {
        args: &["tree", "-p", "bskip-core", "--no-default-features", "-e", "normal", "--prefix", "none"],
        env: None,
    };
    let output = cargo_of(&step).output().map_err(|error| Stop::failure(format!("cargo tree: {error}")))?;
    let listing = String::from_utf8_lossy(&output.stdout);
    match (output.status.success(), listing.lines().skip(1).find(|line| !line.trim().is_empty())) {
        (true, None) => Ok(()),
        (true, Some(other)) => Err(Stop::failure(format!("bskip-core without features depends on {other}"))),
        (false, _) => Err(Stop::failure(format!(
            "cargo tree failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
    }
}
