//! `cargo xtask ci`: everything that a change must pass, one step after the other, the cheap ones first.

use xshell::{Shell, cmd};

use crate::stop::Stop;
use crate::{counts, machines, sizes, tidy, tree, verify};

/// Runs all steps; stops at the first that fails.
pub(crate) fn command() -> Result<(), Stop> {
    let sh = Shell::new()?;
    sh.change_dir(tree::root());
    eprintln!("ci: tidy");
    tidy::command()?;
    cmd!(sh, "cargo fmt --all --check").run()?;
    cmd!(sh, "cargo clippy --workspace --all-targets --all-features -- -D warnings").run()?;
    cmd!(sh, "cargo doc --workspace --all-features --no-deps").env("RUSTDOCFLAGS", "-D warnings").run()?;
    // Tests of every kind, those in documentation included.
    cmd!(sh, "cargo test --workspace").run()?;
    eprintln!("ci: bskip-core alone depends on nothing");
    // It must build for machines without an operating system.
    let tree = cmd!(sh, "cargo tree -p bskip-core --no-default-features -e normal --prefix none").read()?;
    if let Some(other) = tree.lines().skip(1).find(|line| !line.trim().is_empty()) {
        return Err(Stop::failure(format!("bskip-core without features depends on {other}")));
    }
    eprintln!("ci: counts");
    counts::command(&counts::Args::default())?;
    eprintln!("ci: sizes");
    sizes::command(&sizes::Args::default())?;
    eprintln!("ci: bare-metal");
    machines::bare_metal(&machines::BareMetal::default())?;
    eprintln!("ci: numa-vm --quick");
    machines::numa_vm(&machines::NumaVm::quick())?;
    eprintln!("ci: numa-vm --tuned");
    machines::numa_vm(&machines::NumaVm::tuned())?;
    eprintln!("ci: verify");
    verify::command(&verify::Args::default())?;
    println!("ci: all passed");
    Ok(())
}
