//! The tables of a report: every cell with its intervals, cells without numbers, and every round.

use bench::units::three_digits;
use maud::{Markup, html};

use super::cells::{Cell, Outcome, Panel, Sweep};
use super::facts;
use super::file::Ceiling;
use super::interval::Estimate;
use super::numbers::Numbers;
use super::percentiles::{PERCENTILES, in_words};
use super::words;
use crate::cli::distinct;

/// A number and its interval, as `7.85 (7.50–8.21)`.
pub(super) fn with_interval(estimate: &Estimate) -> String {
    format!("{} ({})", three_digits(estimate.middle), ends_in_words(estimate.interval, three_digits))
}

/// The ends of an interval.
pub(super) fn ends_in_words(interval: Option<(f64, f64)>, words: impl Fn(f64) -> String) -> String {
    match interval {
        None => "one round".into(),
        Some((_, high)) if high.is_infinite() => "not bounded".into(),
        Some((low, high)) => format!("{}–{}", words(low), words(high)),
    }
}

/// A heading, and what stands below it for a cell.
type Column = (&'static str, fn(&Cell, &Numbers) -> Markup);

const SPEED: [Column; 5] = [
    ("Mops/s", |_, numbers| number(Some(&numbers.mops), three_digits)),
    ("relative", |_, numbers| number(numbers.ratio.as_ref(), three_digits)),
    ("ceiling", ceiling),
    ("lookup predicted", predicted),
    ("p50 beyond", p50_beyond),
];

const LATENCY: [Column; PERCENTILES.len()] = [
    (PERCENTILES[0], |_, numbers| percentile(numbers, 0)),
    (PERCENTILES[1], |_, numbers| percentile(numbers, 1)),
    (PERCENTILES[2], |_, numbers| percentile(numbers, 2)),
    (PERCENTILES[3], |_, numbers| percentile(numbers, 3)),
    (PERCENTILES[4], |_, numbers| percentile(numbers, 4)),
];

const MEMORY: [Column; 8] = [
    ("slowest thread, Mops/s", |_, of| number(of.threads.as_ref().map(|[slowest, _]| slowest), three_digits)),
    ("fastest thread, Mops/s", |_, of| number(of.threads.as_ref().map(|[_, fastest]| fastest), three_digits)),
    ("bytes a key", |_, of| bytes(of, of.bytes_per_key.as_ref())),
    ("beyond key and value", |_, of| bytes(of, of.bytes_beyond.as_ref())),
    ("local blocks", |_, of| number(of.crossed().as_ref().map(|[local, _]| local), whole)),
    ("remote blocks", |_, of| number(of.crossed().as_ref().map(|[_, remote]| remote), whole)),
    ("rounds", |_, of| html! { td { (of.rounds) } }),
    ("answers checked", |_, of| html! { td { (of.checked) } }),
];

/// Every cell of every setting.
pub(super) fn cells(sweep: &Sweep) -> Markup {
    html! {
        @for setting in &sweep.settings {
            h3 { (setting.title) }
            @for panel in &setting.panels {
                @let name = format!("{}, {}", words::workload(&panel.workload), words::threads(panel.threads));
                (panel_table(&name, panel, &[&SPEED[..], &LATENCY].concat(), true))
                (panel_table(&format!("{name}: threads and memory"), panel, &MEMORY, false))
            }
        }
    }
}

/// A row for each cell; for those that have no numbers only if the table `gives_reasons`.
fn panel_table(caption: &str, panel: &Panel, columns: &[Column], gives_reasons: bool) -> Markup {
    let rows = || panel.cells.iter().filter(|cell| gives_reasons || cell.numbers().is_some());
    html! {
        @if rows().next().is_some() {
            div.scroll tabindex="0" {
                table {
                    caption { (caption) }
                    thead {
                        tr { th scope="col" { "map" } @for (heading, _) in columns { th scope="col" { (heading) } } }
                    }
                    tbody { @for cell in rows() { (cell_row(cell, columns)) } }
                }
            }
        }
    }
}

fn cell_row(cell: &Cell, columns: &[Column]) -> Markup {
    html! {
        tr {
            th scope="row" { (cell.name) }
            @match &cell.outcome {
                Outcome::Measured(numbers) => { @for (_, column) in columns { (column(cell, numbers)) } }
                Outcome::Without { status, reason } => td.words colspan=(columns.len()) {
                    span.(status) { (status.replace('_', " ")) }
                    @if !reason.is_empty() { ": " (reason) }
                },
            }
        }
    }
}

fn ceiling(cell: &Cell, numbers: &Numbers) -> Markup {
    let Some(Ceiling { percent, limit, mops, .. }) = &cell.ceiling else { return html! { td { "–" } } };
    let of = |rate: f64| format!("{:.0} %", 100.0 * rate / mops);
    html! {
        td {
            (format!("{percent:.0} %"))
            small { (ends_in_words(numbers.mops.interval, of)) }
            small { (limit) }
        }
    }
}

fn predicted(cell: &Cell, _: &Numbers) -> Markup {
    let ns = cell.ceiling.as_ref().and_then(|ceiling| ceiling.predicted_ns);
    html! { td { @match ns { Some(ns) => { (in_words(ns)) small { "predicted" } }, None => "–" } } }
}

/// What the measured median has more than the prediction, or less.
fn p50_beyond(cell: &Cell, numbers: &Numbers) -> Markup {
    let predicted = cell.ceiling.as_ref().and_then(|ceiling| ceiling.predicted_ns);
    let p50 = numbers.latency.and_then(|[p50, ..]| p50);
    match p50.zip(predicted) {
        Some((p50, predicted)) => ends(p50.middle, p50.interval, |ns| format!("{:+.0} ns", ns - predicted)),
        None => html! { td { "–" } },
    }
}

fn percentile(numbers: &Numbers, index: usize) -> Markup {
    number(numbers.latency.as_ref().and_then(|of| of[index].as_ref()), in_words)
}

fn bytes(of: &Numbers, estimate: Option<&Estimate>) -> Markup {
    let mark = if of.is_counted { "" } else { "~" };
    number(estimate, |bytes| format!("{mark}{bytes:.1}"))
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}

/// A cell with a number and its interval, or a dash.
pub(super) fn number(estimate: Option<&Estimate>, words: impl Fn(f64) -> String) -> Markup {
    match estimate {
        None => html! { td { "–" } },
        Some(Estimate { middle, interval }) => ends(*middle, *interval, words),
    }
}

/// A cell with a number, and below it the ends of its interval.
pub(super) fn ends(number: f64, interval: Option<(f64, f64)>, words: impl Fn(f64) -> String) -> Markup {
    html! { td { (words(number)) small { (ends_in_words(interval, words)) } } }
}

/// The cells that have no numbers, with the reason. Cells of one status and reason share a row.
pub(super) fn without_numbers(sweep: &Sweep) -> Markup {
    let mut kinds: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for cell in sweep.cells() {
        let Outcome::Without { status, reason } = &cell.outcome else { continue };
        let name = format!("{} {}, {}", cell.name, cell.id.workload, words::threads(cell.id.threads));
        match kinds.iter_mut().find(|(of, why, _)| of == status && why == reason) {
            Some((.., names)) => names.push(name),
            None => kinds.push((status, reason, vec![name])),
        }
    }
    html! {
        @if kinds.is_empty() { p { "Every cell of the plan has numbers." } }
        @else {
            div.scroll tabindex="0" {
                table {
                    thead {
                        tr {
                            th scope="col" { "what" }
                            th.words scope="col" { "why" }
                            th.words scope="col" { "cells" }
                        }
                    }
                    tbody {
                        @for (status, reason, names) in &kinds {
                            tr {
                                td.words { span.(status) { (status.replace('_', " ")) } }
                                td.words { (reason) }
                                td.words { (names.len()) ": " (names.join("; ")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every round of every cell as it was measured, with all that the file says about it.
pub(super) fn rounds(sweep: &Sweep) -> Markup {
    let runs: Vec<_> = sweep.file.runs.iter().map(|run| (run, facts::of("", &run.written))).collect();
    let columns = distinct(runs.iter().flat_map(|(_, facts)| facts).map(|(name, _)| name.as_str()));
    html! {
        div.scroll tabindex="0" {
            table.rounds {
                thead {
                    tr {
                        th scope="col" { "cell" }
                        th scope="col" { "round" }
                        @for column in &columns { th scope="col" { (column) } }
                    }
                }
                tbody {
                    @for (run, facts) in &runs {
                        tr {
                            th scope="row" { (run.id) }
                            td { (run.round) }
                            @for column in &columns {
                                td { @for (_, value) in facts.iter().filter(|(name, _)| name == column) { (value) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
