//! What perf events counted in each cell, if the sweep asked for it: counts an operation over the rounds.

use bench::perf::{Counters, EVENTS};
use bench::protocol::CellOutcome;
use maud::{Markup, html};

use super::cells::{Cell, Sweep};
use super::file::Run;
use super::interval::Estimate;
use super::tables::ends;
use super::words;
use crate::cli::distinct;

/// The section; nothing if no cell was counted.
pub(super) fn section(sweep: &Sweep) -> Markup {
    let counters = |run: &Run| match &run.result {
        CellOutcome::Measured(measurement) => measurement.counters.clone(),
        _ => None,
    };
    let all: Vec<(&Run, Counters)> =
        sweep.file.runs.iter().filter_map(|run| Some((run, counters(run)?))).collect();
    if all.is_empty() {
        return html! {};
    }
    let is_here = |event: &str| all.iter().any(|(_, of)| of.per_op.contains_key(event));
    let events: Vec<&str> =
        EVENTS.into_iter().map(|(event, _)| event).filter(|event| is_here(event)).collect();
    let cells: Vec<&Cell> =
        sweep.cells().filter(|cell| all.iter().any(|(run, _)| run.id == cell.id)).collect();
    let count = |cell: &Cell, event: &str| {
        let here = || all.iter().filter(|(run, _)| run.id == cell.id);
        let rounds = here().filter_map(|(_, of)| of.per_op.get(event).copied());
        let is_partial = here().any(|(_, of)| of.counted_for.contains_key(event));
        Estimate::linear(rounds).map(|of| (of, if is_partial { "~" } else { "" }))
    };
    html! {
        h2 { "Hardware counters" }
        p {
            "Counts an operation, over all threads of a cell: medians of the rounds with their 95 % intervals. ~: the \
             event was counted for a part of the time, and the count is extrapolated."
        }
        @if !events.is_empty() {
            div.scroll tabindex="0" {
                table {
                    thead {
                        tr {
                            th scope="col" { "cell" }
                            @for event in &events { th scope="col" { (event.replace('_', " ")) } }
                        }
                    }
                    tbody {
                        @for cell in cells {
                            tr {
                                th scope="row" {
                                    (cell.name) ", " (cell.id.workload) ", " (words::threads(cell.id.threads))
                                }
                                @for event in &events {
                                    @match count(cell, event) {
                                        Some((of, mark)) => {
                                            (ends(of.middle, of.interval, |number| format!("{mark}{}", digits(number))))
                                        }
                                        None => td { "–" },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        (reasons(&all))
    }
}

/// What was not counted, and why. Each reason stands once.
fn reasons(all: &[(&Run, Counters)]) -> Markup {
    let each = || all.iter().map(|(_, of)| of);
    let nothing = each().filter_map(|of| of.unavailable.clone()).map(|why| format!("Not counted: {why}"));
    let missing = each().filter(|of| of.unavailable.is_none()).flat_map(|of| &of.missing);
    let missing = missing.map(|(event, why)| format!("Not counted: {}: {why}", event.replace('_', " ")));
    let user = each().filter(|of| of.user_only).map(|_| "Only user mode was counted.".to_owned());
    html! { ul { @for line in distinct(nothing.chain(missing).chain(user)) { li { (line) } } } }
}

/// Two digits of a small number.
fn digits(count: f64) -> String {
    match count {
        count if count >= 99.5 => format!("{count:.0}"),
        count if count >= 9.95 => format!("{count:.1}"),
        count if count >= 0.1 || count == 0.0 => format!("{count:.2}"),
        count => format!("{count:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::File;
    use super::*;

    fn shown(counters: [&str; 2]) -> String {
        let run = |(index, counters): (usize, &str)| {
            format!(
                r#"{{"round": {}, "spec": {{"map": "bskip", "workload": "c", "threads": 2}},
                    "result": {{"outcome": "measured", "ops": 9, "seconds": 1, "bytes_per_key": null,
                               "bytes_source": "rss", "local_blocks": null, "remote_blocks": null, "checked": 9,
                               "notes": [], "latency": {{"samples": 0, "p50": 0, "p99": 0, "p999": 0, "max": 0}},
                               "counters": {counters}}}}}"#,
                index + 1
            )
        };
        let runs = counters.into_iter().enumerate().map(run).collect::<Vec<_>>().join(",");
        let file = format!(
            r#"{{"cells": [{{"map": "bskip", "workload": "c", "threads": 2, "status": "measured"}}], "runs": [{runs}]}}"#
        );
        section(&Sweep::new("x".into(), File::parse(&file).unwrap())).into_string()
    }

    #[test]
    fn counts_have_intervals_and_what_is_missing_has_its_reason() {
        let text = shown([
            r#"{"per_op": {"cycles": 100.0, "llc_loads": 0.5}, "missing": {"far_memory_loads": "no such event"}}"#,
            r#"{"per_op": {"cycles": 100.0, "llc_loads": 0.5}, "counted_for": {"llc_loads": 0.5}}"#,
        ]);
        for words in [
            "<th scope=\"col\">llc loads</th>",
            "bskip, c, 2 threads",
            "100<small>100–100</small>",
            "~0.50<small>~0.50–~0.50</small>",
            "Not counted: far memory loads: no such event",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        let nothing = shown([r#"{"unavailable": "the kernel refuses", "user_only": true}"#; 2]);
        assert_eq!(nothing.matches("Not counted: the kernel refuses").count(), 1, "{nothing}");
        assert!(!nothing.contains("<table"), "{nothing}");
        assert_eq!(shown(["null"; 2]), "");
    }
}
