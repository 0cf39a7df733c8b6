//! `cargo xtask`: the project's own commands. This file only finds the command and turns its result into an
//! exit code.

mod bench_numa;
mod cargo;
mod child;
mod ci;
mod cli;
mod counts;
mod machines;
mod sizes;
mod stop;
mod table;
mod tidy;
mod tree;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::stop::{Stop, print};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", subcommand_value_name = "COMMAND")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    BenchNuma(Box<bench_numa::Args>),
    Counts(counts::Args),
    Sizes(sizes::Args),
    NumaCount(machines::NumaCount),
    Verify(verify::Args),
    NumaVm(machines::NumaVm),
    BareMetal(machines::BareMetal),
    /// Check the rules of this repository that the compiler does not know
    Tidy,
    /// Run everything that a change must pass: fmt, clippy, doc, tests, tidy, counts, sizes, bare metal, guests, verify
    Ci,
}

fn main() -> ExitCode {
    match cli::read::<Cli>(std::env::args_os()).and_then(|cli| cli.map_or(Ok(()), dispatch)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.report(),
    }
}

fn dispatch(cli: Cli) -> Result<(), Stop> {
    match cli.command {
        Some(Command::BenchNuma(args)) => bench_numa::command(&args),
        Some(Command::Counts(args)) => counts::command(&args),
        Some(Command::Sizes(args)) => sizes::command(&args),
        Some(Command::NumaCount(args)) => machines::numa_count(&args),
        Some(Command::Verify(args)) => verify::command(&args),
        Some(Command::NumaVm(args)) => machines::numa_vm(&args),
        Some(Command::BareMetal(args)) => machines::bare_metal(&args),
        Some(Command::Tidy) => tidy::command(),
        Some(Command::Ci) => ci::command(),
        None => print(&Cli::command().render_help().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_line_is_consistent_and_its_help_fits_a_terminal() {
        let mut cli = Cli::command();
        cli.clone().debug_assert();
        cli.get_subcommands_mut().for_each(fits);
    }

    fn fits(command: &mut clap::Command) {
        let help = command.render_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
        command.get_subcommands_mut().for_each(fits);
    }
}
