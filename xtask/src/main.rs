//! `cargo xtask`: the project's own commands. This file only finds the command and turns its end into an
//! exit code.

mod bench_numa;
mod cargo;
mod child;
mod ci;
mod counts;
mod guest;
mod known;
mod numa_count;
mod numa_vm;
mod plot;
mod stop;
mod tidy;
mod tree;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::stop::Stop;

/// What `cargo xtask` prints without a command.
const HELP: &str = "\
The project's own commands.

Usage: cargo xtask COMMAND

  bench-numa   measure the map against its peers, over NUMA placements; --help has examples
  plot         pictures of what bench-numa has measured; --help
  counts       instructions that each operation takes, against the committed figures; --help
  numa-count   lines that each operation fetches from near and far nodes, counted in guests; --help
  verify       break the map in every known way, soak it, or try deliberate bugs on the checks; --help
  numa-vm      the tests of placement in virtual machines with several NUMA nodes; --help
  tidy         check the rules of this repository that the compiler does not know
  ci           everything a change must pass: fmt, clippy, doc, tests, tidy, counts, guests, verify
  help         this text
";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next();
    let rest: Vec<OsString> = args.collect();
    match dispatch(command.as_deref().and_then(|name| name.to_str()), rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.report(),
    }
}

/// Runs the command `name`.
fn dispatch(name: Option<&str>, rest: Vec<OsString>) -> Result<(), Stop> {
    match name {
        Some("bench-numa") => bench_numa::command(rest),
        Some("plot") => plot::command(rest),
        Some("counts") => counts::command(rest),
        Some("numa-count") => numa_count::command(rest),
        Some("verify") => verify::command(rest),
        Some("numa-vm") => numa_vm::command(rest),
        Some("tidy") => no_flags("tidy", &rest).and_then(|()| tidy::command()),
        Some("ci") => no_flags("ci", &rest).and_then(|()| ci::command()),
        Some("help" | "--help" | "-h") | None => bench_numa::print(HELP),
        Some(other) => Err(Stop::usage(format!("no command {other:?}; `cargo xtask help` lists them"))),
    }
}

/// Refuses flags on a command that has none.
fn no_flags(command: &str, rest: &[OsString]) -> Result<(), Stop> {
    match rest.first() {
        None => Ok(()),
        Some(flag) => Err(Stop::usage(format!("{command} takes no arguments, got {flag:?}"))),
    }
}
