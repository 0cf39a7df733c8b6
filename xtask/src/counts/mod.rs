//! `cargo xtask counts` compares the instructions of the map's operations with the committed figures.
//!
//! `measure` builds and counts, `table` is the committed file, and `judge` compares.

mod judge;
mod measure;
mod table;

use xshell::Shell;

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
        Shell::new()?.write_file(tree::root().join(FILE), counted.to_string())?;
        return print(&format!("\naccepted: commit {FILE}\n"));
    }
    print(&comparison.verdict()?)
}

/// The table in the repository, if there is one.
fn committed() -> Result<Option<Table>, Stop> {
    let path = tree::root().join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    Ok(Some(Shell::new()?.read_file(path)?.parse().map_err(|why| format!("{FILE}: {why}"))?))
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
    use std::fs;

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
