//! `cargo xtask verify` tries to break the map, and counts how often it tried.
//!
//! `checks` lists the checks, and `builds` says how their code is compiled. `once` runs them; `spin` and
//! `targets` run those that are no cargo tests. `counts` reads what they tried, and `report` shows it. `soak` and
//! `mutants` are the command's two other modes. `suite` makes cargo's command lines.

mod builds;
mod checks;
mod counts;
mod mutants;
mod once;
mod report;
mod soak;
mod spin;
mod suite;
mod targets;

use crate::child;
use crate::cli::known;
use crate::stop::{Stop, print};
use checks::CHECKS;
pub(crate) use counts::Counts;

/// Minutes that a soak may take.
const LONGEST: u64 = 7 * 24 * 60;

/// Break the map in every known way, soak it, or try deliberate bugs on the checks
#[derive(Clone, Debug, Default, PartialEq, clap::Parser)]
#[command(args_override_self = true, after_help = below())]
pub(crate) struct Args {
    /// Only these checks: a,b,c [default: every check, once]
    #[arg(long, value_name = "LIST", value_parser = checks_named)]
    only: Option<std::vec::Vec<String>>,
    /// Leave out long forms of what `cargo test` runs, narrow builds, and downloads
    #[arg(long, conflicts_with_all = ["only", "soak", "mutants"])]
    quick: bool,
    /// The checks, or with --mutants the mutants, and stop
    #[arg(long)]
    list: bool,
    /// The soak in release for that long: 8 threads over all operations, every key accounted
    /// for, the structure walked; every arena and promotion policy in turn
    #[arg(
        long,
        verbatim_doc_comment,
        value_name = "MINUTES",
        value_parser = clap::value_parser!(u64).range(1..=LONGEST),
        conflicts_with_all = ["only", "mutants"]
    )]
    soak: Option<u64>,
    /// Deliberate bugs, one at a time in a copy of the sources, each of which a check must catch;
    /// all patches in xtask/mutants, or these
    #[arg(long, verbatim_doc_comment, value_name = "NAME", num_args = 0.., conflicts_with = "only")]
    mutants: Option<Vec<String>>,
    /// Ask until a second tool (loom, shuttle, tests, chaos, thread-sanitizer) catches each
    /// mutant, and name those that one tool alone catches
    #[arg(long, verbatim_doc_comment, requires = "mutants")]
    every_tool: bool,
    /// Write the patches in xtask/mutants again, after a change that moved or reformatted the
    /// code around them; those whose code itself has changed are named, to be repaired by hand
    #[arg(long, verbatim_doc_comment, requires = "mutants")]
    refresh: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    if args.list {
        return match args.mutants {
            Some(_) => {
                let mutants = mutants::all().map_err(Stop::failure)?;
                mutants.iter().try_for_each(|mutant| print(&format!("{}: {}\n", mutant.name, mutant.what)))
            }
            None => print(&format!("{}\n", checks::list())),
        };
    }
    child::listen()?;
    match (&args.mutants, args.soak) {
        (Some(_), _) if args.refresh => mutants::refresh(),
        (Some(names), _) => mutants::command(names, args.every_tool),
        (None, Some(minutes)) => soak::command(minutes),
        (None, None) => once::command(&checks::chosen(args.only.as_deref(), args.quick)),
    }
}

fn checks_named(list: &str) -> Result<Vec<String>, String> {
    list.split(',').map(|name| known("check", name, CHECKS.iter().map(|check| check.name))).collect()
}

/// What stands below the flags.
fn below() -> String {
    format!(
        "\
A check that cannot run is a failure, and says what to install. What the checks print is kept in files under
target/verify and target/mutants.

Checks:
{}

Exit code: 0; 1 if a check failed or could not run, or a mutant was not caught; 2 for a bad flag; 130 after Ctrl-C.

Examples:
  cargo xtask verify
  cargo xtask verify --quick
  cargo xtask verify --only loom,spin
  cargo xtask verify --soak 30
  cargo xtask verify --mutants unlock-relaxed",
        checks::list()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn errors_are_one_line_that_says_what_to_do() {
        for (line, hint) in [
            ("--only loon", "there are "),
            ("--only", "a value is required"),
            ("--soak 0", "1..=10080"),
            ("--soak long", "--soak <MINUTES>"),
            ("--soak 99999999", "1..=10080"),
            ("nothing", "--help"),
            ("--every-tool", "--mutants"),
            ("--fast", "--help"),
            ("--soak 1 --mutants", "cannot be used with"),
            ("--quick --only loom", "cannot be used with"),
        ] {
            let error = cli::parse::<Args>(line).expect_err(line);
            assert!(error.contains(hint), "{line}: {error}");
            assert!(!error.contains('\n'), "{line}: {error}");
        }
    }
}
