//! The tables of a report: every cell with its intervals, cells without numbers, and every round.

use bench::units::{nanoseconds, three_digits};
use maud::{Markup, html};

use super::cells::{Cell, Numbers, Outcome, PERCENTILES, Panel, Sweep};
use super::facts;
use super::file::Ceiling;
use super::interval::Estimate;
use crate::cli::distinct;
use crate::plot::words;

/// A number and its interval, as `7.85 (7.50–8.21)`.
pub(super) fn with_interval(estimate: &Estimate) -> String {
    format!("{} ({})", three_digits(estimate.middle), ends_in_words(estimate.interval, three_digits))
}

/// The ends of an interval.
pub(super) fn ends_in_words(interval: Option<(f64, f64)>, words: impl Fn(f64) -> String) -> String {
    interval.map_or_else(|| "one round".into(), |(low, high)| format!("{}–{}", words(low), words(high)))
}

/// Every cell of every setting.
pub(super) fn cells(sweep: &Sweep) -> Markup {
    html! {
        @for setting in &sweep.settings {
            h3 { (setting.title) }
            @for panel in &setting.panels { (panel_table(panel)) }
        }
    }
}

fn panel_table(panel: &Panel) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table {
                caption { (words::workload(&panel.workload)) ", " (words::threads(panel.threads)) }
                thead {
                    tr {
                        th scope="col" { "map" }
                        th scope="col" { "Mops/s" }
                        th scope="col" { "relative" }
                        th scope="col" { "ceiling" }
                        @for percentile in PERCENTILES { th scope="col" { (percentile) } }
                        th scope="col" { "bytes a key" }
                        th scope="col" { "beyond" }
                        th scope="col" { "blocks local/remote" }
                        th scope="col" { "rounds" }
                        th scope="col" { "checked" }
                    }
                }
                tbody { @for cell in &panel.cells { (cell_row(cell)) } }
            }
        }
    }
}

fn cell_row(cell: &Cell) -> Markup {
    html! {
        tr {
            th scope="row" { (cell.name) }
            @match &cell.outcome {
                Outcome::Measured(numbers) => (columns(numbers, cell.ceiling.as_ref())),
                Outcome::Without { status, reason } => td.words colspan="12" {
                    span.(status) { (status.replace('_', " ")) }
                    @if !reason.is_empty() { ": " (reason) }
                },
            }
        }
    }
}

fn columns(numbers: &Numbers, ceiling: Option<&Ceiling>) -> Markup {
    let mark = if numbers.is_counted { "" } else { "~" };
    html! {
        (number(Some(&numbers.mops), three_digits))
        (number(numbers.ratio.as_ref(), three_digits))
        @match ceiling {
            Some(Ceiling { percent, limit, mops }) => {
                @let of = |rate: f64| format!("{:.0} %", 100.0 * rate / mops);
                td {
                    (format!("{percent:.0} %"))
                    small { (ends_in_words(numbers.mops.interval, of)) }
                    small { (limit) }
                }
            }
            None => td { "–" },
        }
        @for index in 0..PERCENTILES.len() {
            (number(numbers.latency.as_ref().map(|of| &of[index]), |ns| nanoseconds(ns.round() as u64)))
        }
        (number(numbers.bytes_per_key.as_ref(), |bytes| format!("{mark}{bytes:.1}")))
        (number(numbers.bytes_beyond.as_ref(), |bytes| format!("{mark}{bytes:.1}")))
        td { @match numbers.blocks { Some((local, remote)) => (format!("{local}/{remote}")), None => "–" } }
        td { (numbers.rounds) }
        td { (numbers.checked) }
    }
}

fn number(estimate: Option<&Estimate>, words: impl Fn(f64) -> String) -> Markup {
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
