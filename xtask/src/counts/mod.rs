//! `cargo xtask counts`: instructions that the map's operations take, against the committed figures.
//!
//! `measure` builds and counts, `table` is the committed file, `judge` compares.

mod judge;
mod measure;
mod table;

use std::ffi::OsString;
use std::fs;
use std::io;

use lexopt::prelude::*;

use crate::bench_numa::print;
use crate::cargo;
use crate::stop::Stop;
use crate::tree;
use judge::Comparison;
use measure::CPUS;
use table::Table;

/// The committed figures, relative to the root.
const FILE: &str = "bench/counts.csv";

/// What the flags said.
#[derive(Debug, Default, PartialEq)]
struct Args {
    help: bool,
    accept: bool,
}

impl Args {
    fn parse(flags: Vec<OsString>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut parser = lexopt::Parser::from_args(flags);
        while let Some(flag) = parser.next().map_err(|error| error.to_string())? {
            match flag {
                Short('h') | Long("help") => args.help = true,
                Long("accept") => args.accept = true,
                other => return Err(format!("{}; see --help", other.unexpected())),
            }
        }
        Ok(args)
    }
}

/// Runs the command with the flags after its name.
pub(crate) fn command(flags: Vec<OsString>) -> Result<(), Stop> {
    let args = Args::parse(flags).map_err(Stop::usage)?;
    if args.help {
        return print(&help());
    }
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

/// The text of `--help`, with the numbers in force.
fn help() -> String {
    let percent = format!("{:.0}", judge::TOLERANCE * 100.0);
    include_str!("help.txt").replace("{percent}", &percent).replace("{cpus}", &CPUS.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn flags_are_read() {
        assert_eq!(parse(""), Ok(Args::default()));
        assert_eq!(parse("--accept"), Ok(Args { accept: true, help: false }));
        for bad in ["--fast", "get-hit"] {
            assert!(parse(bad).unwrap_err().contains("--help"), "{bad}");
        }
    }

    #[test]
    fn the_help_has_no_gaps_left_and_fits_a_terminal() {
        let text = help();
        assert!(!text.contains('{') && text.contains("5 %") && text.contains(FILE), "{text}");
        assert!(text.lines().all(|line| line.len() <= 110));
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
