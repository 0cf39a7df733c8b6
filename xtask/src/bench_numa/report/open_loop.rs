//! Latency of operations that arrive by a schedule, if the sweep measured it: pictures and tables.

use bench::units::three_digits;
use maud::{Markup, html};

use super::cells::{Cell, Panel, Setting, Sweep};
use super::percentiles::{PERCENTILES, in_words};
use super::tables::number;
use super::{latency, words};

/// The section; nothing without `--open-loop`.
pub(super) fn section(sweep: &Sweep) -> Markup {
    let pictures =
        |setting: &Setting| setting.panels.iter().filter_map(latency::open_loop).collect::<Vec<_>>();
    html! {
        @if sweep.cells().filter_map(Cell::numbers).any(|of| !of.open_loop.is_empty()) {
            h2 { "Latency at a given rate" }
            p {
                "Operations arrive by a fixed schedule, at parts of the throughput that the cell has reached. The latency \
                 counts from the time of arrival. If less is done than arrives, the map could not keep up."
            }
            @for setting in &sweep.settings {
                h3 { (setting.title) }
                div.pictures { @for picture in pictures(setting) { (picture) } }
                @for panel in &setting.panels { (table(panel)) }
            }
        }
    }
}

/// What arrived, what was done, and how long it took.
fn table(panel: &Panel) -> Markup {
    let levels = panel.cells.iter().filter_map(|cell| Some((cell, cell.numbers()?)));
    let rows: Vec<_> =
        levels.flat_map(|(cell, of)| of.open_loop.iter().map(move |level| (&cell.name, level))).collect();
    html! {
        @if !rows.is_empty() {
            div.scroll tabindex="0" {
                table {
                    caption { (words::workload(&panel.workload)) ", " (words::threads(panel.threads)) }
                    thead {
                        tr {
                            th scope="col" { "map" }
                            @for heading in ["of the peak", "arrive, Mops/s", "done, Mops/s"] { th scope="col" { (heading) } }
                            @for percentile in PERCENTILES { th scope="col" { (percentile) } }
                        }
                    }
                    tbody {
                        @for (name, level) in rows {
                            tr {
                                th scope="row" { (name) }
                                td { (level.percent) " %" }
                                (number(Some(&level.offered), three_digits))
                                (number(Some(&level.achieved), three_digits))
                                @for of in &level.latency { (number(of.as_ref(), in_words)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
