//! `cargo xtask ci`: everything that a change must pass, one step after the other, the cheap ones first.

use std::process::Command;

use crate::stop::Stop;
use crate::{counts, numa_vm, tidy, tree, verify};

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
        let status = cargo(step).status().map_err(|error| Stop::failure(format!("cargo: {error}")))?;
        if !status.success() {
            return Err(Stop::failure(format!("ci: cargo {} failed", step.args.join(" "))));
        }
    }
    eprintln!("ci: bskip-core alone depends on nothing");
    core_depends_on_nothing()?;
    eprintln!("ci: counts");
    counts::command(Vec::new())?;
    eprintln!("ci: numa-vm --quick");
    numa_vm::command(vec!["--quick".into()])?;
    eprintln!("ci: verify");
    verify::command(Vec::new())?;
    println!("ci: all passed");
    Ok(())
}

fn cargo(step: &Step) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(step.args).envs(step.env).current_dir(tree::root());
    command
}

/// `bskip-core` without features is for machines without an operating system: it brings nothing along.
fn core_depends_on_nothing() -> Result<(), Stop> {
    let step = Step {
        args: &["tree", "-p", "bskip-core", "--no-default-features", "-e", "normal", "--prefix", "none"],
        env: None,
    };
    let output = cargo(&step).output().map_err(|error| Stop::failure(format!("cargo tree: {error}")))?;
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
