//! The program `bench`: a subcommand for each way to measure a map.

use bench::counts::Counts;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use report::{Failure, print};
use std::ffi::OsString;
use std::process::ExitCode;

#[cfg(feature = "cell")]
mod measure;
mod report;

/// Measures ordered maps, and checks every answer.
#[derive(Parser)]
#[command(name = "bench", after_help = "Exits with 1 if an answer is wrong, with 2 if the command line is.")]
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
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// The features that subcommands need.
const FEATURES: [(&str, &str); 7] = [
    ("cell", "cell"),
    ("contention", "cell"),
    ("scan", "cell"),
    ("bulk", "cell"),
    ("batch", "cell"),
    ("numa-count", "cell"),
    ("stats", "stats"),
];

impl Command {
    /// The report for standard output.
    fn run(self) -> Result<String, Failure> {
        match self {
            Self::Counts(counts) => counts.run().map_err(|why| (1, why)),
            #[cfg(feature = "cell")]
            Self::Measure(measure) => measure.run(),
            Self::Other(words) => Err((2, unknown(&words[0].to_string_lossy()))),
        }
    }
}

/// What to say about a subcommand that is not in this build.
fn unknown(name: &str) -> String {
    match FEATURES.iter().find(|(known, _)| *known == name) {
        Some((_, feature)) => format!(
            "this program was built without the feature `{feature}`, which `bench {name}` needs: build it with \
             --features {feature}"
        ),
        None => format!("there is no subcommand {name:?}; see bench --help"),
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

    #[test]
    fn a_missing_feature_is_named() {
        assert!(unknown("cell").contains("built without the feature `cell`"));
        assert!(unknown("many").contains("no subcommand \"many\""));
    }
}
