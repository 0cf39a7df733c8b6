//! The program `bench`: a subcommand for each way to measure a map.

use bench::counts::Counts;
use bench::print;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::process::ExitCode;

#[cfg(feature = "cell")]
mod measure;

/// Why there is no report, with the exit code.
type Failure = (u8, String);

const AFTER_HELP: &str = "\
A subcommand that is not listed needs a feature: `stats` needs stats, `memtable` needs
peers, `ranges` needs rayon, the others cell. `cell` measures peers if the program was
built with the feature peers.

Exits with 1 if an answer is wrong, with 2 if the command line is. `ceilings` exits with 3 if
this machine lacks the pages, the memory or the CPUs, or forbids pinning.";

/// Measures ordered maps, and checks every answer.
#[derive(Parser)]
#[command(name = "bench", after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Does one operation many times, so that `cargo xtask counts` can count its instructions
    Counts(Counts),
    #[cfg(feature = "cell")]
    #[command(flatten)]
    Measure(measure::Measure),
}

impl Command {
    /// The report for standard output.
    fn run(self) -> Result<String, Failure> {
        match self {
            Self::Counts(counts) => counts.run().map_err(|why| (1, why)),
            #[cfg(feature = "cell")]
            Self::Measure(measure) => measure.run(),
        }
    }
}

fn main() -> ExitCode {
    // Otherwise a negative number would be taken for a flag, and the error would not name the flag before it.
    let command = Cli::command().mut_subcommands(|command| {
        command.mut_args(|arg| match arg.get_action().takes_values() {
            true => arg.allow_negative_numbers(true),
            false => arg,
        })
    });
    let report = match command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli.command.run(),
        Err(error) if error.use_stderr() => error.exit(),
        Err(help) => Ok(help.to_string()),
    };
    match report.and_then(|report| print(&report).map_err(|why| (1, why))) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            eprintln!("bench: {why}");
            ExitCode::from(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
