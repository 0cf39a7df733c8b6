//! The part of the table that compares the cells with the ceilings.

use bench::ceilings::Ceilings;
use bench::units::three_digits;

use super::super::plan::{Plan, row_name};
use super::super::summary::{Numbers, Row};
use super::{Ceiling, Measured};
use crate::table::aligned;

/// Headings of the columns; the first two are left-aligned.
const COLUMNS: [&str; 8] =
    ["setting", "map", "Mops/s", "ceiling", "of it", "limit", "predicted", "p50 beyond"];

/// The lines of the section: what was measured, and a row for each cell that has a ceiling.
pub(crate) fn section(measured: &Measured, plan: &Plan, rows: &[Vec<Row>]) -> Vec<String> {
    let Some(ceilings) = &measured.ceilings else { return Vec::new() };
    let mut lines = machine(ceilings);
    let mut cells = vec![COLUMNS.map(str::to_owned).to_vec()];
    let mut without: Vec<(String, usize)> = Vec::new();
    for (group, rows) in plan.groups.iter().zip(rows) {
        for (spec, row) in group.cells.iter().zip(rows) {
            let Row::Measured(numbers) = row else { continue };
            match measured.of(spec, numbers) {
                Ok(ceiling) => cells.push(line(group.title(), row_name(spec), numbers, &ceiling)),
                Err(why) => match without.iter_mut().find(|known| known.0 == why) {
                    Some(known) => known.1 += 1,
                    None => without.push((why, 1)),
                },
            }
        }
    }
    if cells.len() > 1 {
        lines.push(String::new());
        lines.extend(aligned(&cells, 2));
    }
    for (why, count) in without {
        lines.push(format!("{count} cell{} without a ceiling: {why}", if count == 1 { "" } else { "s" }));
    }
    lines
}

/// What was measured, in a line for each pair of nodes and each number of threads.
fn machine(ceilings: &Ceilings) -> Vec<String> {
    let pairs = ceilings.pairs.iter().map(|pair| {
        format!(
            "CPU on node {}, memory on node {}, {}: dependent miss {} ns, independent misses {} M/s, written lines {} M/s",
            pair.cpu_node,
            pair.memory_node,
            pair.pages,
            three_digits(pair.dependent_ns),
            three_digits(pair.independent_mops),
            three_digits(pair.written_mops),
        )
    });
    let together = ceilings.bandwidth.iter().map(|row| {
        format!(
            "{} thread{}, pin {}, {}: reading {} GiB/s, independent misses {} M/s, written lines {} M/s",
            row.threads,
            if row.threads == 1 { "" } else { "s" },
            row.pin,
            row.pages,
            three_digits(row.gib_s),
            three_digits(row.independent_mops),
            three_digits(row.written_mops),
        )
    });
    let handover = ceilings
        .written_line_ns
        .map(|ns| format!("a written line goes to another CPU in {} ns", three_digits(ns)));
    pairs.chain(together).chain(handover).chain(ceilings.notes.iter().cloned()).collect()
}

fn line(
    setting: String,
    map: String,
    numbers: &Numbers,
    Ceiling { limit, percent, beyond_ns }: &Ceiling,
) -> Vec<String> {
    let or_dash = |words: Option<String>| words.unwrap_or_else(|| "-".into());
    vec![
        setting,
        map,
        three_digits(numbers.mops.median),
        three_digits(limit.mops),
        format!("{percent:.0} %"),
        limit.limit.to_owned(),
        or_dash(limit.predicted_ns.map(|ns| format!("{ns:.0} ns"))),
        or_dash(beyond_ns.map(|ns| format!("{ns:+.0} ns"))),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::super::machine::tests::sample;
    use super::super::super::plan::tests::plan;
    use super::super::super::run::tests::measured;
    use super::super::super::summary::rows;
    use super::super::super::summary::tests::run;
    use super::super::model::tests::ceilings;
    use super::*;

    #[test]
    fn cells_stand_beside_their_ceilings_and_the_others_say_why_not() {
        let plan =
            plan("--maps bskip-numa,congee --workloads c --threads 2 --keys 100M --repeat 1", &sample(2, 1))
                .unwrap();
        let runs = [run(&plan, 0, 1, measured(10.0)), run(&plan, 1, 1, measured(5.0))];
        let found = Measured { ceilings: Some(ceilings()), note: None };
        let lines = section(&found, &plan, &rows(&plan, &runs));
        let text = lines.join("\n");
        let row = lines.iter().find(|line| line.contains("bskip-numa local thp")).unwrap();
        assert!(row.contains("10.0") && row.contains(" % ") && row.contains("misses"), "{text}");
        assert!(text.contains("memory on node 1, thp: dependent miss 200 ns"), "{text}");
        assert!(section(&Measured::default(), &plan, &rows(&plan, &runs)).is_empty());
    }
}
