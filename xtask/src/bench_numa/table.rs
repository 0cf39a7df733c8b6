//! The results as a table for people: a heading for each setting, a row for each cell, and reasons below.

use bench::protocol::CellSpec;
use bench::units::{self, nanoseconds, three_digits};

use super::best_peer;
use super::counters;
use super::locks;
use super::open_loop;
use super::paper;
use super::plan::{Skip, row_name};
use super::results::Results;
use super::stats::beside;
use super::summary::{Numbers, Row};
use super::tails;
use super::tuned;
use crate::table::aligned;

/// Headings of the columns; the first is left-aligned.
const COLUMNS: [&str; 12] = [
    "map",
    "Mops/s",
    "95 %",
    "ratio",
    "by round",
    "95 %",
    "p50",
    "p99",
    "p99.9",
    "B/key",
    "beyond",
    "local/remote",
];

/// The whole report, ending in a newline.
pub(crate) fn render(results: &Results<'_>) -> String {
    let caveats = &results.caveats();
    let rows = results.rows();
    let headings = || COLUMNS.map(str::to_owned).to_vec();
    let plan = results.plan;
    let groups: Vec<Vec<Vec<String>>> = (plan.groups.iter().zip(&rows))
        .map(|(group, rows)| {
            let cells = group.cells.iter().zip(rows).map(|(spec, row)| line(spec, row));
            std::iter::once(headings()).chain(cells).collect()
        })
        .collect();
    // All groups at once, so that they line up.
    let mut lines = aligned(&groups.concat(), 1).into_iter();
    let mut text = head(results);
    for (group, rows) in plan.groups.iter().zip(&groups) {
        text.push('\n');
        push_line(&mut text, &group.title());
        lines.by_ref().take(rows.len()).for_each(|line| push_line(&mut text, &format!("  {line}")));
    }
    text.push('\n');
    foot(&mut text, results, caveats);
    text
}

/// The machine, the build, the command, and what all cells have in common.
fn head(results: &Results<'_>) -> String {
    let plan = results.plan;
    let first = &plan.groups[0].cells[0];
    format!(
        "{command}\n{machine}\n{build}\n{keys} keys, {ops} operations (load: the keys), seed {seed}, {rounds}\n",
        command = results.command,
        machine = results.machine.summary(),
        build = results.build.description,
        keys = units::count(first.keys),
        ops = units::count(first.ops),
        seed = first.seed,
        rounds = match plan.repeat {
            number if plan.budget.is_some() => format!("at most {number} interleaved rounds of a setting"),
            1 => "one round".to_owned(),
            number => format!("{number} interleaved rounds"),
        },
    )
}

/// How to read the table, which cells were left out, what the numbers cannot show, and whether the sweep is
/// complete.
fn foot(text: &mut String, results: &Results<'_>, caveats: &[String]) {
    push_line(
        text,
        "Mops/s: median of the rounds. ratio: of the medians, to the setting's first row; by round: median of \
         the ratios\nwithin each round. 95 %: where the true value is with 95 % confidence, by Student's t on \
         logarithms; one\nround gives none. B/key: counted by the arena, or ~ the growth of the process; \
         beyond: what of it is\nneither key nor value.",
    );
    let rows = results.rows();
    let compared = best_peer::lines(&results.plan.groups, &rows);
    section(text, "Against the best peer of each setting (of the medians, and by round)", &compared);
    section(text, paper::HEADING, &paper::lines(results.plan, &rows));
    let found = results.adaptive().map(|found| found.lines()).unwrap_or_default();
    section(text, "Adaptive: the best settings, and which were dropped", &found);
    section(
        text,
        "Against what the memory of this machine can do (bench/docs/tuning.md)",
        &results.ceilings(),
    );
    section(text, "Threads and tails", &tails::lines(results.plan, results.runs));
    section(
        text,
        "Operations that arrive by a schedule, in parts of the peak",
        &open_loop::lines(results.plan, results.runs),
    );
    section(text, counters::HEADING, &counters::lines(results.plan, results.runs));
    section(text, locks::HEADING, &locks::lines(results.plan, results.runs));
    section(text, "Disturbed cells", &tails::disturbed(results.plan, results.runs));
    let skipped = skipped(&results.plan.skipped);
    section(text, "Skipped", &skipped);
    section(text, "What these numbers cannot show", caveats);
    section(text, "Notes", &results.notes());
    section(
        text,
        "The best settings of our maps on NumaArena (reasons in tuned.toml of --out)",
        &tuned::lines(results),
    );
    if let Some(line) = results.interrupted() {
        push_line(text, &format!("\n{line}"));
    }
    match results.failed() {
        0 => {}
        1 => push_line(text, "\n1 cell FAILED: its reason stands in its row"),
        number => push_line(text, &format!("\n{number} cells FAILED: their reasons stand in their rows")),
    }
}

/// A heading with a line for each item, or nothing if there are no items.
fn section(text: &mut String, heading: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    push_line(text, &format!("\n{heading}:"));
    for item in items {
        push_line(text, &format!("  {item}"));
    }
}

/// The cells that the plan left out. Cells with the same placement and reason share a line.
pub(crate) fn skipped(skips: &[Skip]) -> Vec<String> {
    let mut kinds: Vec<(&str, &str, Vec<&str>, usize)> = Vec::new();
    for Skip { spec, reason } in skips {
        let same =
            kinds.iter_mut().find(|(placement, why, ..)| *placement == spec.placement && why == reason);
        match same {
            None => kinds.push((&spec.placement, reason, vec![&spec.map], 1)),
            Some((.., maps, cells)) => {
                *cells += 1;
                if !maps.contains(&spec.map.as_str()) {
                    maps.push(&spec.map);
                }
            }
        }
    }
    kinds
        .into_iter()
        .map(|(placement, reason, maps, cells)| {
            let plural = if cells == 1 { "" } else { "s" };
            format!("placement {placement} ({cells} cell{plural} of {}): {reason}", maps.join(", "))
        })
        .collect()
}

/// A cell for each column; or the name, and why there are no numbers.
fn line(spec: &CellSpec, row: &Row) -> Vec<String> {
    let words = |words: String| vec![row_name(spec), words];
    match row {
        Row::Measured(numbers) => cells(row_name(spec), numbers).to_vec(),
        Row::Failed { reason } => words(format!("FAILED  {reason}")),
        Row::Skipped { reason } => words(format!("skipped: {reason}")),
        Row::NotRun => words("not run".into()),
    }
}

fn cells(name: String, numbers: &Numbers) -> [String; COLUMNS.len()] {
    let or_dash = |number: Option<f64>| number.map_or_else(|| "-".into(), three_digits);
    let Numbers { mops, latency, .. } = numbers;
    let [p50, p99, p999] = [latency.p50, latency.p99, latency.p999].map(|ns| match latency.samples {
        0 => "-".to_owned(),
        _ => nanoseconds(ns),
    });
    let estimated = if numbers.bytes_source == "arena" { "" } else { "~" };
    [
        name,
        three_digits(mops.median),
        beside(numbers.interval, Some(mops.median), three_digits),
        or_dash(numbers.ratio),
        or_dash(numbers.ratio_by_round),
        beside(numbers.ratio_interval, numbers.ratio_by_round, three_digits),
        p50,
        p99,
        p999,
        numbers.bytes_per_key.map_or_else(|| "-".into(), |bytes| format!("{estimated}{bytes:.1}")),
        numbers.bytes_beyond.map_or_else(|| "-".into(), |bytes| format!("{estimated}{bytes:.1}")),
        numbers.blocks.map_or_else(|| "-".into(), |(local, remote)| format!("{local}/{remote}")),
    ]
}

/// Appends a line without blanks at its end.
fn push_line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::cell_binary::Build;
    use super::super::machine::tests::sample;
    use super::super::plan::Plan;
    use super::super::plan::tests::plan;
    use super::super::run::Run;
    use super::super::run::tests::measured;
    use super::super::summary::tests::run;
    use super::*;

    /// Renders a sweep over one setting.
    fn rendered(plan: &Plan, runs: &[Run], complete: bool) -> String {
        let build =
            Build { path: "cell".into(), description: "rustc 1".into(), hash: "1".into(), commit: None };
        let machine = sample(2, 1);
        let command = "cargo xtask bench-numa";
        let ceilings = &super::super::ceilings::Measured::default();
        render(&Results { command, machine: &machine, build: &build, plan, runs, ceilings, complete })
    }

    fn line_of<'a>(text: &'a str, start: &str) -> &'a str {
        text.lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap_or_else(|| panic!("{start} in {text}"))
    }

    #[test]
    fn rows_line_up_under_their_headings() {
        let plan =
            plan("--maps bskip-numa,crossbeam-skiplist --workloads c --repeat 2", &sample(2, 1)).unwrap();
        let runs = [
            run(&plan, 0, 1, measured(8.0)),
            run(&plan, 1, 1, measured(0.4)),
            run(&plan, 1, 2, measured(0.5)),
            run(&plan, 0, 2, measured(10.0)),
        ];
        let text = rendered(&plan, &runs, true);
        let head = line_of(&text, "map ");
        let ours = line_of(&text, "bskip-numa local thp");
        let peer = line_of(&text, "crossbeam-skiplist ");
        let width = |line: &str| line.chars().count();
        assert_eq!(width(head), width(ours));
        assert_eq!(width(head), width(peer));
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        assert_eq!(
            words(ours),
            "bskip-numa local thp 9.00 2.17..36.9 1.00 1.00 - 350 ns 1.20 us 34.0 us 26.8 10.8 12/0"
        );
        assert!(words(peer).starts_with("crossbeam-skiplist 0.45 0.11..1.85 0.05 0.05 ±0.0 %"), "{peer}");
        assert!(text.contains("c, uniform, 2 threads, pin compact"));
        assert!(text.contains("Sample CPU") && text.contains("rustc 1") && text.contains("1M keys"));
        assert!(text.lines().all(|line| line.trim_end() == line));
    }
}
