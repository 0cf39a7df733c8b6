//! `cargo xtask counts` compares the instructions of the map's operations with the committed figures.
//!
//! `measure` builds and counts, `table` is the committed file, and `judge` compares.

mod judge;
mod measure;
mod table;

use std::fs;
use std::io;

use crate::cargo;
use crate::stop::{Stop, print};
use crate::tree;
use judge::Comparison;
use measure::CPUS;
use table::{FILE, Table};

/// Count the instructions of each operation under valgrind, against the committed figures
#[derive(Clone, Debug, Default, PartialEq, clap::Parser)]
#[command(after_help = below())]
pub(crate) struct Args {
    /// Write what was counted into bench/counts.csv, to be committed
    #[arg(long)]
    accept: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    let committed = committed()?;
    if committed.is_none() && !args.accept {
        return Err(Stop::failure(format!("there is no {FILE}: write it, by cargo xtask counts --accept")));
    }
    let counted = Table { compiler: cargo::compiler(), figures: measure::all()? };
    let comparison = Comparison::new(committed.unwrap_or_default(), &counted);
    print(&comparison.to_string())?;
    if args.accept {
        fs::write(tree::root().join(FILE), counted.to_string())
            .map_err(|error| Stop::failure(format!("cannot write {FILE}: {error}")))?;
        return print(&format!("\naccepted: commit {FILE}\n"));
    }
    print(&comparison.verdict().map_err(Stop::failure)?.to_string())
}

/// The table in the repository, if there is one.
fn committed() -> Result<Option<Table>, Stop> {
    match fs::read_to_string(tree::root().join(FILE)) {
        Ok(text) => text.parse().map(Some).map_err(|why| Stop::failure(format!("{FILE}: {why}"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::failure(format!("cannot read {FILE}: {error}"))),
    }
}

/// What stands below the flags.
fn below() -> String {
    format!(
        "\
A busy machine changes nothing: the same program gives the same counts. Each operation runs on 100k random keys,
compiled for {}. An operation that takes over {percent:.0} % more than its figure is a failure. One
that takes over {percent:.0} % less asks to be accepted, so that the gain is kept. Figures of another compiler are shown and
judge nothing. Instructions are not time: waiting for memory and mispredicted branches do not show. AVX-512 is not
in use, because valgrind does not know it.

Exit code: 0; 1 if an operation takes more, or has no figure, or could not be counted; 2 for a bad flag.",
        CPUS.join(" and "),
        percent = judge::TOLERANCE * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn flags_are_read() {
        assert_eq!(cli::parse(""), Ok(Args::default()));
        assert_eq!(cli::parse("--accept"), Ok(Args { accept: true }));
        for bad in ["--fast", "get-hit"] {
            assert!(cli::parse::<Args>(bad).unwrap_err().contains("--help"), "{bad}");
        }
        let help = cli::help::<Args>();
        assert!(help.contains("5 %") && help.lines().all(|line| line.len() <= 120), "{help}");
    }

    #[test]
    fn the_committed_table_is_read_and_written_alike() {
        let text = fs::read_to_string(tree::root().join(FILE)).unwrap();
        let table: Table = text.parse().unwrap();
        assert_eq!(table.to_string(), text);
        for cpu in CPUS {
            assert!(table.figures.iter().any(|figure| figure.cpu == *cpu), "{cpu}");
        }
    }
}
