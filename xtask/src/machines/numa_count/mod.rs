//! `cargo xtask numa-count` runs guests with several NUMA nodes, and counts what each operation fetches from
//! where.
//!
//! `guests` builds and boots, `results` reads, `table` prints, and `model` carries the counts over to real sockets.
//! `accept` keeps the lines of each operation for sweeps. `predicted` ranks the settings for whole workloads, `recommend`
//! makes a page of that, and `search` compares an adaptive search with the whole grid. The plugin that counts is a package of its own, `qemu-plugin`
//! beside this folder. The program in the guest is `bench numa-count`.

mod accept;
mod args;
mod guests;
mod model;
mod predicted;
mod recommend;
mod results;
mod search;
mod table;

use bench::units;
use serde::Serialize;
use xshell::Shell;

use super::qemu;
use crate::child;
use crate::stop::{Stop, print};
use crate::tree;
pub(crate) use args::Args;
use args::{Format, NOISE};
use guests::Guests;
use model::{Costs, Layout, Prediction};
use predicted::{Ranking, rankings};
use results::Row;
use search::Found;

/// All results, for programs to read.
#[derive(Serialize)]
struct Document<'a> {
    qemu: &'a str,
    keys: u64,
    /// Operations of each kind, a tenth of them for scans.
    ops: u64,
    cache_bytes: usize,
    cache_ways: usize,
    /// The model's inputs other than the rows. It takes those of the first round.
    costs: &'a Costs,
    rows: &'a [Row],
    /// The layouts that the predictions are for, in order.
    layouts: &'a [Layout],
    predictions: &'a [Prediction<'a>],
    /// The settings for each workload, fastest first.
    rankings: &'a [Ranking],
    /// What `--adaptive` found.
    searches: &'a [Found],
    failed: &'a [String],
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<(), Stop> {
    args.check().map_err(Stop::usage)?;
    child::listen()?;
    let qemu = qemu::check_host()?;
    let folder = args.out.clone().unwrap_or_else(|| tree::target().join("numa-count"));
    let sh = Shell::new()?;
    sh.create_dir(&folder)?;
    let guests = Guests::new(args, &folder)?;
    let (mut rows, mut failed, mut agreement) = (Vec::new(), Vec::new(), Vec::new());
    for (nodes, round) in
        args.nodes.iter().flat_map(|&nodes| (1..=args.rounds()).map(move |round| (nodes, round)))
    {
        let of = if args.adaptive { format!(", round {round} of {}", args.rounds()) } else { String::new() };
        eprintln!("numa-count: {nodes} nodes{of}");
        let (counted, words) = guests.count(nodes, round)?;
        if args.twice {
            eprintln!("numa-count: {nodes} nodes again");
            match compare(&counted, &guests.count(nodes, round)?.0) {
                Ok(words) => agreement.push(words),
                Err(why) => failed.push(why),
            }
        }
        rows.extend(counted);
        failed.extend(words);
    }
    // The tables show the first round.
    let shown = first_round(&rows);
    let rankings = rankings(&shown, &args.costs);
    let mut text = text(args, &qemu, &shown);
    let searches = if args.adaptive { search::search(args, &rows) } else { Vec::new() };
    if args.adaptive {
        let (found, why) = search::report(args.nodes[0], &searches);
        text.push_str(&found);
        failed.extend(why);
    }
    let command = recommend::command(std::env::args().skip(1));
    let page = args.recommend.then(|| recommend::page(args, &command, &rankings));
    if let Some(page) = &page {
        sh.write_file(folder.join("predicted.md"), page)?;
        text = page.clone();
    }
    if args.formats.contains(&Format::Table) {
        sh.write_file(folder.join("table.txt"), &text)?;
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
            predictions: &model::predictions(&shown, &args.costs),
            rankings: &rankings,
            searches: &searches,
            failed: &failed,
        };
        let json = serde_json::to_string_pretty(&document).expect("the document is plain data");
        sh.write_file(folder.join("results.json"), json + "\n")?;
    }
    print(&text)?;
    agreement.iter().try_for_each(|words| print(&format!("\n{words}\n")))?;
    match failed.len() {
        0 if args.accept => match page {
            Some(page) => print(&recommend::accept(&page)?),
            None => print(&accept::accept(&rows)?),
        },
        0 => Ok(()),
        _ => Err(Stop::failure(failed.join("\nxtask: "))),
    }
}

/// The whole report as text.
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

/// The rows of the first round.
fn first_round(rows: &[Row]) -> Vec<Row> {
    rows.iter().filter(|row| row.run.seed == 1).cloned().collect()
}

/// Compares a second count with the first. Returns a line that says how well they agree.
///
/// # Errors
///
/// A message, if a number differs by more than [`NOISE`] for each operation, or if the two have
/// different numbers of rows.
fn compare(first: &[Row], second: &[Row]) -> Result<String, String> {
    if first.len() != second.len() {
        return Err(format!("{} rows at first and {} when counted again", first.len(), second.len()));
    }
    let largest = |(a, b): &(&Row, &Row)| {
        let [a, b] = [*a, *b].map(|row| numbers(row).map(|number| number as f64 / row.counted.ops as f64));
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let pairs: Vec<(&Row, &Row)> = first.iter().zip(second).collect();
    let alike = pairs.iter().filter(|(a, b)| a == b).count();
    let worst = pairs.iter().max_by(|a, b| largest(a).total_cmp(&largest(b)));
    let Some(worst) = worst.filter(|_| alike < pairs.len()) else {
        return Ok(format!(
            "Counted twice, in guests of their own: all {alike} rows are alike to the last count."
        ));
    };
    let Row { run, operation, .. } = worst.0;
    let words = format!(
        "{alike} of {} rows are alike to the last count; {} {} {operation} differs most, by {:.5} an operation",
        pairs.len(),
        run.map,
        run.setting,
        largest(worst)
    );
    if largest(worst) > NOISE {
        Err(words)
    } else {
        Ok(format!("Counted twice, in guests of their own: {words}."))
    }
}

/// All numbers of a row that the table shows.
fn numbers(row: &Row) -> [u64; 8] {
    let all = model::total(&row.counted);
    [
        row.counted.instructions,
        all.local_misses,
        all.remote_misses,
        all.near_transfers,
        all.far_transfers,
        all.near_invalidations,
        all.far_invalidations,
        row.counted.hottest,
    ]
}

#[cfg(test)]
mod tests {
    use super::results::tests::run;
    use super::*;
    use bench::marks::{Counted, Counts};

    #[test]
    fn counts_that_differ_are_told_and_fail_where_it_matters() {
        let row = |remote_misses| {
            let mut counted = Counted { ops: 1000, ..Counted::default() };
            counted.classes[0] = Counts { remote_misses, ..Counts::default() };
            Row { run: run("bskip", "local"), operation: "get".into(), counted }
        };
        let all = |rows: [u64; 2]| rows.map(row).to_vec();
        let words = compare(&all([9, 100]), &all([9, 100])).unwrap();
        assert!(words.contains("all 2 rows are alike"), "{words}");
        let words = compare(&all([9, 100]), &all([9, 97])).unwrap();
        assert!(
            words.contains("1 of 2 rows are alike") && words.contains("by 0.00300 an operation"),
            "{words}"
        );
        let why = compare(&all([9, 100]), &all([8, 106])).unwrap_err();
        assert!(
            why.starts_with("0 of 2 rows") && why.contains("bskip local get differs most, by 0.00600"),
            "{why}"
        );
        assert!(compare(&all([1, 1]), &[]).unwrap_err().contains("2 rows at first and 0 when counted again"));
    }
}
