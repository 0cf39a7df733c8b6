//! `cargo xtask sizes` compares what the map takes in a small program with the table in the embedder's guide.
//!
//! `measure` builds and measures, and `table` is the part of the guide.

mod measure;
mod table;

use xshell::Shell;

use crate::cargo;
use crate::stop::{Stop, print};
use crate::table::aligned;
use crate::tree;
use table::{FILE, Figure, Table};

/// Measure code, stack and static memory of a u64 map built for size, against the guide's table
#[derive(Clone, Debug, Default, PartialEq, clap::Parser)]
#[command(after_help = "\
The programs in tests/sizes are built for size, without std, for x86-64. Code is the machine code of a program
beyond that of an empty one. Stack is the deepest byte that a call wrote, over 20k keys. A figure that is over 5 %
larger than the guide's is a failure, and so is one beyond its limit. Figures of another compiler judge only the
limits.

Exit code: 0; 1 if something is too large or cannot be measured; 2 for a bad flag.")]
pub(crate) struct Args {
    /// Write what was measured into bskip-core/docs/EMBEDDING.md, to be committed
    #[arg(long)]
    accept: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    let sh = Shell::new()?;
    let path = tree::root().join(FILE);
    let guide = sh.read_file(&path)?;
    let committed = Table::read(&guide).map_err(|why| format!("{FILE}: {why}"))?;
    let measured = Table { compiler: cargo::compiler(), figures: measure::all()? };
    print(&report(&committed, &measured))?;
    let verdict = verdict(&committed, &measured);
    if args.accept {
        too_large(&measured)?;
        sh.write_file(path, measured.written_into(&guide).map_err(|why| format!("{FILE}: {why}"))?)?;
        return print(&format!("\naccepted: commit {FILE}\n"));
    }
    print(&verdict?)
}

/// The part by which a size may differ from the committed one.
const TOLERANCE: f64 = 0.05;

const ACCEPT: &str = "cargo xtask sizes --accept";

/// Both tables, line by line.
fn report(committed: &Table, measured: &Table) -> String {
    let mut rows = vec![["what", "bytes", "committed", "limit"].map(str::to_owned).to_vec()];
    let or_dash = |bytes: Option<u64>| bytes.map_or("-".into(), |bytes| bytes.to_string());
    rows.extend(measured.figures.iter().map(|figure| {
        let Figure { what, bytes } = figure;
        vec![what.clone(), bytes.to_string(), or_dash(committed.bytes(what)), or_dash(figure.limit())]
    }));
    format!("{}\n{}\n", measured.compiler, aligned(&rows, 1).join("\n"))
}

/// # Errors
///
/// One line: what is larger than its limit.
fn too_large(measured: &Table) -> Result<(), String> {
    let over = measured.names(|figure| figure.limit().is_some_and(|limit| figure.bytes > limit));
    match over.as_str() {
        "" => Ok(()),
        over => Err(format!("larger than the guide promises: {over}")),
    }
}

/// The last lines of the report.
///
/// # Errors
///
/// One line that says what is too large, or not in the table, and what to do.
fn verdict(committed: &Table, measured: &Table) -> Result<String, String> {
    too_large(measured)?;
    if committed.compiler != measured.compiler {
        return Ok(format!(
            "\nThe guide's sizes are of {}, these of {}: only the limits are judged. Accept the sizes when the project \
             changes to it: {ACCEPT}\n",
            committed.compiler, measured.compiler
        ));
    }
    let new = measured.names(|figure| committed.bytes(&figure.what).is_none());
    if !new.is_empty() {
        return Err(format!("{FILE} has no size of {new}; accept it: {ACCEPT}"));
    }
    let gone = committed.names(|figure| measured.bytes(&figure.what).is_none());
    if !gone.is_empty() {
        return Err(format!(
            "{FILE} has a size that is not measured any more: {gone}; accept that: {ACCEPT}"
        ));
    }
    let most = |figure: &Figure, sign: f64| {
        committed.bytes(&figure.what).map_or(0.0, |bytes| bytes as f64 * (1.0 + sign * TOLERANCE))
    };
    let more = measured.names(|figure| figure.bytes as f64 > most(figure, 1.0));
    if !more.is_empty() {
        return Err(format!(
            "over 5 % larger than in {FILE}: {more}; if it is worth it, accept it: {ACCEPT}"
        ));
    }
    Ok(match measured.names(|figure| (figure.bytes as f64) < most(figure, -1.0)).as_str() {
        "" => String::new(),
        less => format!("\nOver 5 % smaller than in {FILE}: {less}; keep that: {ACCEPT}\n"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(compiler: &str, figures: &[(&str, u64)]) -> Table {
        let figures = figures.iter().map(|&(what, bytes)| Figure { what: what.into(), bytes }).collect();
        Table { compiler: compiler.into(), figures }
    }

    #[test]
    fn larger_figures_are_failures_and_smaller_ones_are_to_be_kept() {
        let committed = table("rustc 1", &[("code of `get`", 1000)]);
        let judged = |bytes| verdict(&committed, &table("rustc 1", &[("code of `get`", bytes)]));
        assert_eq!(judged(1050), Ok(String::new()));
        assert!(judged(1051).unwrap_err().contains("code of `get`"));
        assert!(judged(949).unwrap().contains("smaller"));
        assert!(
            verdict(&committed, &table("rustc 1", &[("code of `new`", 1)])).unwrap_err().contains("no size")
        );
        let two = table("rustc 1", &[("code of `get`", 1000), ("code of `old`", 1)]);
        let gone = verdict(&two, &table("rustc 1", &[("code of `get`", 1000)]));
        assert!(gone.unwrap_err().contains("not measured any more: code of `old`"));
        let other = verdict(&committed, &table("rustc 2", &[("code of `get`", 5000)]));
        assert!(other.unwrap().contains("only the limits"));
    }

    #[test]
    fn limits_hold_for_every_compiler() {
        let committed = table("rustc 1", &[]);
        for (what, limit) in
            [("code of all four", 24 << 10), ("stack of `get`", 2 << 10), ("an empty map", 256)]
        {
            let judged = |bytes| verdict(&committed, &table("rustc 2", &[(what, bytes)]));
            assert!(judged(limit).is_ok() && judged(limit + 1).unwrap_err().contains(what), "{what}");
        }
    }

    #[test]
    fn the_guide_has_a_table() {
        let guide = std::fs::read_to_string(tree::root().join(FILE)).unwrap();
        let table = Table::read(&guide).unwrap();
        assert!(too_large(&table).is_ok());
        assert_eq!(table.written_into(&guide), Ok(guide));
    }
}
