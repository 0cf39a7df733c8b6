//! `cargo xtask numa-count`: what operations fetch from where on machines with several NUMA nodes, counted in guests.
//!
//! `guests` builds and boots, `results` reads, `table` prints, `model` carries the counts over to real sockets. The
//! plugin that counts is a package of its own, `xtask/qemu-plugin`; the program in the guest is `bench-numa-count`.

mod args;
mod guests;
mod model;
mod results;
mod table;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::bench_numa::units;
use crate::child;
use crate::guest;
use crate::stop::Stop;
use crate::tree;
use args::{Args, Format};
use guests::Guests;
use model::{Costs, Layout, Prediction};
use results::Row;

/// Everything, for programs.
#[derive(Serialize)]
struct Document<'a> {
    qemu: &'a str,
    keys: u64,
    /// Operations of each kind, a tenth of them for scans.
    ops: u64,
    cache_bytes: usize,
    cache_ways: usize,
    /// What the model is fed with beside the rows.
    costs: &'a Costs,
    rows: &'a [Row],
    /// What the predictions are for, in their order.
    layouts: &'a [Layout],
    predictions: &'a [Prediction<'a>],
    failed: &'a [String],
}

/// Runs the command with the flags after its name.
pub(crate) fn command(flags: Vec<OsString>) -> Result<(), Stop> {
    let args = Args::parse(flags).map_err(Stop::usage)?;
    if args.help {
        print!("{}", help());
        return Ok(());
    }
    child::listen()?;
    let qemu = guest::check_host()?;
    let folder = args.out.clone().unwrap_or_else(|| tree::target().join("numa-count"));
    fs::create_dir_all(&folder).map_err(|error| cannot_write(&folder, &error))?;
    let guests = Guests::new(&args, &folder)?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for &nodes in &args.nodes {
        eprintln!("numa-count: {nodes} nodes");
        let (counted, words) = guests.count(nodes)?;
        if args.twice {
            eprintln!("numa-count: {nodes} nodes again");
            failed.extend(differences(&counted, &guests.count(nodes)?.0));
        }
        rows.extend(counted);
        failed.extend(words);
    }
    let text = text(&args, &qemu, &rows);
    if args.formats.contains(&Format::Table) {
        write(&folder.join("table.txt"), &text)?;
    }
    if args.formats.contains(&Format::Json) {
        let document = Document {
            qemu: &qemu,
            keys: args.keys,
            ops: args.ops,
            cache_bytes: args.cache,
            cache_ways: args.ways,
            costs: &args.costs,
            rows: &rows,
            layouts: &model::layouts(&args.costs),
            predictions: &model::predictions(&rows, &args.costs),
            failed: &failed,
        };
        let json =
            serde_json::to_string_pretty(&document).map_err(|error| Stop::failure(error.to_string()))?;
        write(&folder.join("results.json"), &(json + "\n"))?;
    }
    print!("{text}");
    if args.twice && failed.is_empty() {
        println!("\nCounted twice, in guests of their own: no count differs.");
    }
    match failed.len() {
        0 => Ok(()),
        _ => Err(Stop::failure(failed.join("\nxtask: "))),
    }
}

/// All that there is to say.
fn text(args: &Args, qemu: &str, rows: &[Row]) -> String {
    format!(
        "{} keys, {} operations of each kind, a tenth of them for scans; caches of {} in sets of {}; {qemu}\n{}{}",
        units::count(args.keys),
        units::count(args.ops),
        units::bytes(args.cache as u64),
        args.ways,
        table::counts(rows),
        table::model(rows, &args.costs),
    )
}

/// What a second count has otherwise than the first.
fn differences(first: &[Row], second: &[Row]) -> Vec<String> {
    let mut words = Vec::new();
    if first.len() != second.len() {
        words.push(format!("{} rows at first and {} then", first.len(), second.len()));
    }
    for (a, b) in first.iter().zip(second).filter(|(a, b)| a != b) {
        let all = [a, b].map(|row| serde_json::to_string(&model::total(&row.counted)).unwrap_or_default());
        let [a_words, b_words] = all;
        words.push(format!(
            "{} {} {} on {} nodes differs: {a_words} and {b_words}; {} and {} instructions",
            a.run.map,
            a.run.setting,
            a.operation,
            a.run.nodes,
            a.counted.instructions,
            b.counted.instructions
        ));
    }
    words
}

fn write(path: &Path, text: &str) -> Result<(), Stop> {
    fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Stop {
    Stop::failure(format!("cannot write {}: {error}; name another folder with --out", path.display()))
}

/// The text of `--help`, with the defaults in force.
fn help() -> String {
    let args = Args::default();
    let Costs { latencies, cores, ghz, ipc } = args.costs;
    let nodes: Vec<String> = args.nodes.iter().map(usize::to_string).collect();
    let parts = [
        ("{nodes}", nodes.join(",")),
        ("{cpus}", args.cpus.to_string()),
        ("{mib}", args.mib.to_string()),
        ("{keys}", units::count(args.keys)),
        ("{ops}", units::count(args.ops)),
        ("{maps}", args.maps.join(",")),
        ("{settings}", over_lines(&args.settings)),
        ("{cache}", (args.cache >> 10).to_string()),
        ("{ways}", args.ways.to_string()),
        ("{latencies}", latencies.map(|ns| ns.to_string()).join(",")),
        ("{cores}", cores.to_string()),
        ("{ghz}", ghz.to_string()),
        ("{ipc}", ipc.to_string()),
    ];
    parts.iter().fold(include_str!("help.txt").to_owned(), |text, (gap, value)| text.replace(gap, value))
}

/// A list that is too long for one line of the help.
fn over_lines(words: &[String]) -> String {
    let lines: Vec<String> = words.chunks(5).map(|line| line.join(",")).collect();
    lines.join(&format!(",\n{:24} ", ""))
}

#[cfg(test)]
mod tests {
    use super::results::tests::run;
    use super::*;
    use bench::marks::Counted;

    #[test]
    fn the_help_has_no_gaps_left_and_fits_a_screen() {
        let text = help();
        assert!(!text.contains('{') && text.contains("[2,4]") && text.contains("135,198,47,134"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 130));
    }

    #[test]
    fn counts_that_differ_are_told() {
        let row = |instructions| Row {
            run: run("bskip", "local"),
            operation: "get".into(),
            counted: Counted { instructions, ..Counted::default() },
        };
        assert_eq!(differences(&[row(1)], &[row(1)]), Vec::<String>::new());
        let words = differences(&[row(1)], &[row(2)]);
        assert!(words[0].starts_with("bskip local get on 2 nodes differs"), "{words:?}");
        assert!(differences(&[row(1)], &[])[0].contains("1 rows at first and 0 then"));
    }
}
